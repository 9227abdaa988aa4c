//! `package!()`: the files of the crate that calls it.

use std::path::Path;
use std::{env, fs};

use proc_macro2::{Span, TokenStream as Tokens};
use quote::quote;
use syn::Error;

/// What cargo builds a package from, besides everything below [`SOURCES`].
const FILES: [&str; 2] = ["Cargo.toml", "build.rs"];
const SOURCES: &str = "src";

pub(crate) fn expand(arguments: &Tokens) -> syn::Result<Tokens> {
    if !arguments.is_empty() {
        return Err(Error::new_spanned(arguments, "`package!()` takes no arguments"));
    }
    let here = |why: String| Error::new(Span::call_site(), why);
    let folder = env::var_os("CARGO_MANIFEST_DIR")
        .ok_or_else(|| here("expected cargo, which says where the package is".to_owned()))?;
    let paths = list_files(Path::new(&folder)).map_err(here)?;
    // The compiler knows that what it includes changed; the paths are those of whoever compiles it.
    Ok(quote! {
        ::bp_contract::Package {
            name: ::core::env!("CARGO_PKG_NAME"),
            files: &[#((
                #paths,
                ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #paths)),
            )),*],
        }
    })
}

/// The files of a package by path below its folder, sorted; or what keeps one of them from being carried.
fn list_files(folder: &Path) -> Result<Vec<String>, String> {
    let own = FILES.iter().filter(|name| folder.join(name).is_file());
    let mut paths: Vec<String> = own.map(|name| (*name).to_owned()).collect();
    collect(folder, SOURCES, &mut paths)?;
    paths.sort();
    Ok(paths)
}

fn collect(package: &Path, folder: &str, paths: &mut Vec<String>) -> Result<(), String> {
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
        let bytes = fs::read(entry.path()).map_err(|e| format!("`{path}`: {e}"))?;
        if std::str::from_utf8(&bytes).is_err() {
            return Err(format!("`{path}` is not UTF-8 text, and a package carries nothing else"));
        }
        paths.push(path);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(files: &[(&str, &[u8])]) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        list_files(folder.path())
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
            ("build.rs", NOTHING),
            ("Cargo.lock", NOTHING),
            ("tests/all.rs", NOTHING),
        ]);
        let expected = ["Cargo.toml", "build.rs", "src/a/words.txt", "src/lib.rs", "src/z.rs"];
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
    fn it_takes_no_arguments() {
        let fault = expand(&quote!("x")).unwrap_err();
        assert_eq!(fault.to_string(), "`package!()` takes no arguments");
    }
}
