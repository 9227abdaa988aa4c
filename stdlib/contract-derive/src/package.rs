//! `package!()`: the files of the crate that calls it.

use std::collections::BTreeSet;
use std::path::Path as FilePath;
use std::{env, fs};

use proc_macro2::{Span, TokenStream as Tokens};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Error, LitStr, Path, Token};

/// What is carried of a package if it is there, besides everything below [`SOURCES`].
const FILES: [&str; 3] = ["Cargo.toml", "README.md", "build.rs"];
const SOURCES: &str = "src";

/// What stands in `package!(…)`.
#[derive(Default)]
struct Arguments {
    /// `bp-contract`, where it is not called so.
    krate: Option<Path>,
    /// Files and folders besides [`FILES`] and [`SOURCES`].
    more: Vec<LitStr>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut read = Self::default();
        while !input.is_empty() {
            if input.peek(Token![crate]) {
                let word: Token![crate] = input.parse()?;
                input.parse::<Token![=]>()?;
                if read.krate.replace(input.parse()?).is_some() {
                    return Err(Error::new_spanned(word, "`crate` is given twice"));
                }
            } else if input.peek(LitStr) {
                read.more.push(input.parse()?);
            } else {
                return Err(input.error(
                    "expected the path of a file or a folder of the package, or `crate = …`",
                ));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(read)
    }
}

pub(crate) fn expand(arguments: Tokens) -> syn::Result<Tokens> {
    let Arguments { krate, more } = syn::parse2(arguments)?;
    let here = |why: String| Error::new(Span::call_site(), why);
    let folder = env::var_os("CARGO_MANIFEST_DIR")
        .ok_or_else(|| here("expected cargo, which says where the package is".to_owned()))?;
    let folder = FilePath::new(&folder);
    let mut paths = list_files(folder).map_err(here)?;
    for path in &more {
        add(folder, &path.value(), &mut paths).map_err(|why| Error::new_spanned(path, why))?;
    }
    let krate = krate.map_or_else(|| quote!(::bp_contract), |krate| quote!(#krate));
    // The compiler knows that what it includes changed; the paths are those of whoever compiles it.
    Ok(quote! {
        #krate::Package {
            name: ::core::env!("CARGO_PKG_NAME"),
            files: &[#((
                #paths,
                ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #paths)),
            )),*],
        }
    })
}

/// The files of a package by path below its folder, sorted; or what keeps one of them from being carried.
fn list_files(folder: &FilePath) -> Result<BTreeSet<String>, String> {
    let own = FILES.iter().filter(|name| folder.join(name).is_file());
    let mut paths: BTreeSet<String> = own.map(|name| (*name).to_owned()).collect();
    collect(folder, SOURCES, &mut paths)?;
    Ok(paths)
}

/// Adds a file, or the files below a folder.
fn add(package: &FilePath, path: &str, paths: &mut BTreeSet<String>) -> Result<(), String> {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    if !path.split('/').all(is_plain) || path.contains('\\') {
        return Err(format!(
            "`{path}` is not a path below the package's folder, with `/` between its parts"
        ));
    }
    if package.join(path).is_dir() {
        collect(package, path, paths)
    } else {
        check_text(package, path)?;
        paths.insert(path.to_owned());
        Ok(())
    }
}

fn check_text(package: &FilePath, path: &str) -> Result<(), String> {
    let bytes = fs::read(package.join(path)).map_err(|e| format!("`{path}`: {e}"))?;
    match std::str::from_utf8(&bytes) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("`{path}` is not UTF-8 text, and a package carries nothing else")),
    }
}

fn collect(package: &FilePath, folder: &str, paths: &mut BTreeSet<String>) -> Result<(), String> {
    let entries = fs::read_dir(package.join(folder)).map_err(|e| format!("`{folder}`: {e}"))?;
    for entry in entries {
        let entry = entry.map_err(|e| format!("`{folder}`: {e}"))?;
        let name = entry.file_name();
        let name =
            name.to_str().ok_or_else(|| format!("`{folder}/{}` is not UTF-8", name.display()))?;
        let path = format!("{folder}/{name}");
        // What editors and systems leave behind.
        if name.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            collect(package, &path, paths)?;
            continue;
        }
        if name == "Cargo.toml" {
            return Err(format!(
                "`{folder}` is a package of its own, which cargo leaves out of this one"
            ));
        }
        check_text(package, &path)?;
        paths.insert(path);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_with(files: &[(&str, &[u8])], more: &[&str]) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let mut paths = list_files(folder.path())?;
        for path in more {
            add(folder.path(), path, &mut paths)?;
        }
        Ok(paths.into_iter().collect())
    }

    fn list(files: &[(&str, &[u8])]) -> Result<Vec<String>, String> {
        list_with(files, &[])
    }

    const NOTHING: &[u8] = b"";

    #[test]
    fn a_package_has_its_manifest_its_build_script_and_its_sources() {
        let found = list(&[
            ("src/z.rs", NOTHING),
            ("src/lib.rs", NOTHING),
            ("src/a/words.txt", "é".as_bytes()),
            ("src/.lib.rs.swp", b"\xff"),
            ("Cargo.toml", NOTHING),
            ("README.md", NOTHING),
            ("build.rs", NOTHING),
            ("Cargo.lock", NOTHING),
            ("tests/all.rs", NOTHING),
        ]);
        let expected =
            ["Cargo.toml", "README.md", "build.rs", "src/a/words.txt", "src/lib.rs", "src/z.rs"];
        assert_eq!(found.unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_carried_is_named() {
        let fault = |files| list(files).unwrap_err();
        assert!(
            fault(&[("src/logo.png", b"\xff")]).starts_with("`src/logo.png` is not UTF-8 text")
        );
        let nested = fault(&[("src/inner/Cargo.toml", NOTHING)]);
        assert!(nested.starts_with("`src/inner` is a package of its own"), "{nested}");
        assert!(fault(&[("Cargo.toml", NOTHING)]).starts_with("`src`: "));
    }

    #[test]
    fn other_files_and_folders_are_carried_if_they_are_named() {
        let files = [
            ("src/lib.rs", NOTHING),
            ("proto/a/queue.proto", NOTHING),
            ("proto/.swp", NOTHING),
            ("words.txt", NOTHING),
            ("logo.png", b"\xff".as_slice()),
        ];
        let found = list_with(&files, &["words.txt", "proto", "src/lib.rs"]).unwrap();
        assert_eq!(found, ["proto/a/queue.proto", "src/lib.rs", "words.txt"]);
        for path in ["../words.txt", "/words.txt", "", "proto/", "proto/./a", "proto\\a"] {
            let fault = list_with(&files, &[path]).unwrap_err();
            assert!(fault.contains("is not a path below"), "{fault}");
        }
        assert!(list_with(&files, &["lost"]).unwrap_err().starts_with("`lost`: "));
        assert!(list_with(&files, &["logo.png"]).unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn arguments_are_paths_and_the_crate_that_has_packages() {
        let read = |tokens| syn::parse2::<Arguments>(tokens);
        let arguments = read(quote!(crate = ::contract, "README.md", "proto",)).unwrap();
        assert_eq!(arguments.more.len(), 2);
        let made = expand(quote!(crate = ::contract)).unwrap().to_string();
        assert!(made.starts_with(":: contract :: Package"), "{made}");
        assert!(expand(quote!()).unwrap().to_string().starts_with(":: bp_contract :: Package"));
        for wrong in [quote!(1), quote!("a" "b"), quote!(crate = a, crate = b), quote!(crate)] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
