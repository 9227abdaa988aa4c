//! The derive of `bp_contract::setting::Settings`, and `bp_contract::package!`; use them from there.

mod attributes;
mod fields;
mod implement;
mod package;
mod table;
mod variants;
mod words;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, parse_macro_input};

use crate::attributes::TableAttributes;

/// Derives a plugin's settings: from a struct, from an enum whose variants have settings of their own, or, from an enum without content, the words of one setting.
///
/// | `#[settings(…)]` | meaning |
/// |---|---|
/// | `shorthand = "after"` | of a struct: the setting that a bare value stands for |
/// | `tag = "algorithm"` | of an enum: the setting that chooses the variant, and the shorthand; it never changes without a rebuild |
/// | `default = "vegas"` | the variant when the wiring chooses none; without it the tag must be written |
/// | `validate` | the type implements `Validate`: it has rules across its settings |
///
/// A variant is written `Vegas(Vegas)` with the settings of another type, `Fixed { /** … */ limit: u32 }` or `Off`.
///
/// On a field, whose documentation becomes the setting's:
///
/// | `#[setting(…)]` | meaning |
/// |---|---|
/// | `default = 3`, `default = "10s"` | the value when the wiring says nothing; without it the field must be written, unless its type can be absent |
/// | `required` | must be written even though its type can be absent or empty |
/// | `range = 1..=5`, `range = "1s"..` | bounds, inclusive; of a list or a map, those of its elements |
/// | `tunable` | may change without a rebuild; not of a map or of values by method |
/// | `fixed` | `bp` needs the value, so a reference is refused |
/// | `flatten` | the settings of the field's type stand in this table |
/// | `example = "\"5s\""` | a value for the documentation, as wiring writes it |
/// | `name = "for"` | the setting's name, where Rust's is another |
/// | `renamed_from = "old"` | the name that it had once |
///
/// The type of the field says the rest: see `bp_contract::setting::SettingValue`. A field of type `Secret` is only ever a reference, and never shown.
/// A default or a bound that is not a value of that type does not compile.
///
/// Each field has a constant by which rules name it: `Breaker::WINDOW`.
#[proc_macro_derive(Settings, attributes(settings, setting))]
pub fn settings(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    expand(&item).unwrap_or_else(Error::into_compile_error).into()
}

/// The package of the crate that calls it, as a `bp_contract::Package`: its name, `Cargo.toml`, `README.md` and `build.rs` if they are there, and every file below `src`, in order of their paths.
///
/// The crate exports it, and a plugin carries it: `pub const PACKAGE: Package = package!();`.
/// Other files and folders are carried if they are named: `package!("proto", "words.txt")`.
/// `package!(crate = ::contract)` is for a crate that calls `bp-contract` by another name.
///
/// Of a folder, files whose name begins with a dot are left out.
/// A file that is not UTF-8 text, or a package inside of a folder, is an error.
///
/// Rust notices that a file changed, but not that one was added.
/// So the package has a `build.rs`, whose `main` makes cargo look at the whole folder, and at each other folder that is carried:
///
/// ```
/// println!("cargo::rerun-if-changed=src");
/// ```
#[proc_macro]
pub fn package(arguments: TokenStream) -> TokenStream {
    package::expand(arguments.into()).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(item: &DeriveInput) -> syn::Result<Tokens> {
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(&item.generics, "settings have no parameters"));
    }
    match &item.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => table::expand(item, fields),
            fields => Err(Error::new_spanned(fields, "settings are named fields")),
        },
        Data::Enum(data) => {
            let attributes = TableAttributes::read(&item.attrs)?;
            match &attributes.tag {
                Some(tag) => variants::expand(item, data, &attributes, tag),
                None => words::expand(item, data, &attributes),
            }
        }
        Data::Union(data) => {
            Err(Error::new_spanned(data.union_token, "settings are a struct or an enum"))
        }
    }
}

/// A name as a wiring writes it: `r#for` is `for`, `RoundRobin` is `round_robin`.
fn wiring_name(ident: &Ident) -> LitStr {
    let mut out = String::new();
    for c in ident.to_string().trim_start_matches("r#").chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    LitStr::new(&out, ident.span())
}

#[cfg(test)]
mod tests;
