//! The derive of `bp_contract::setting::Settings`; use it from there.

mod attributes;
mod table;
mod words;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, parse_macro_input};

/// Derives a plugin's settings from a struct, or the words of a setting from an enum without content.
///
/// On the struct: `#[settings(shorthand = "after")]` names the setting that a bare value stands for.
///
/// On a field, whose documentation becomes the setting's:
///
/// | `#[setting(…)]` | meaning |
/// |---|---|
/// | `default = 3`, `default = "10s"` | the value when the wiring says nothing; without it the field must be written, unless its type can be absent |
/// | `range = 1..=5`, `range = "1s"..` | bounds, inclusive |
/// | `tunable` | may change without a rebuild |
/// | `fixed` | `bp` needs the value, so a reference is refused |
/// | `secret` | is only ever a reference, and never shown |
/// | `example = "\"5s\""` | a value for the documentation, as wiring writes it |
/// | `name = "for"` | the setting's name, where Rust's is another |
/// | `renamed_from = "old"` | the name that it had once |
///
/// The type of the field says the rest: see `bp_contract::setting::SettingValue`.
/// A default or a bound that is not a value of that type does not compile.
#[proc_macro_derive(Settings, attributes(settings, setting))]
pub fn settings(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    expand(&item).unwrap_or_else(Error::into_compile_error).into()
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
        Data::Enum(data) => words::expand(item, data),
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
