//! A light resolver over generated Rust: each name must have one meaning whatever the workflow is called.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};

use crate::hostile::Files;

/// The names that a file may use without a crate's path: its own items and variables, and Rust's built-in names.
const KNOWN: &[&str] = &[
    "Box",
    "Client",
    "Err",
    "INTERFACE",
    "Ok",
    "Option",
    "Result",
    "Self",
    "Server",
    "String",
    "Vec",
    "a",
    "allow",
    "app",
    "b",
    "bool",
    "call",
    "char",
    "client",
    "doc",
    "f32",
    "f64",
    "glue",
    "i128",
    "i16",
    "i32",
    "i64",
    "i8",
    "include_str",
    "instances",
    "interfaces",
    "isize",
    "made",
    "mod",
    "path",
    "rt",
    "run",
    "self",
    "service",
    "str",
    "task",
    "u128",
    "u16",
    "u32",
    "u64",
    "u8",
    "usize",
];

/// Names that a crate must not have: generated Rust means something else by them.
const SHORT: &[&str] = &[
    "Box", "Err", "Ok", "Option", "Result", "String", "Vec", "bool", "char", "core", "crate",
    "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "self", "std", "str", "super",
    "u128", "u16", "u32", "u64", "u8", "usize",
];

/// Methods that generated Rust calls, all of them of the runtime's own types.
const METHODS: &[&str] = &[
    "background",
    "backend",
    "call",
    "call_local",
    "clone",
    "constructed",
    "data",
    "idempotent",
    "implementation",
    "interface",
    "list",
    "local",
    "local_method",
    "main",
    "method",
    "optional",
    "optional_value",
    "service",
    "take",
    "take_local",
    "transport",
    "value",
    "wrapper",
];

/// Reports where generated Rust does not parse, or uses a name that the workflow could define too.
pub fn check_plain(files: &Files, output: &Files) -> Result<(), String> {
    let manifest = output.get("rust/app/Cargo.toml").ok_or("there is no manifest")?;
    let workflow = files.get("workflow/Cargo.toml").ok_or("there is no workflow")?;
    let mut crates = list_crates(manifest, &read_library(workflow)?)?;
    if let Some(short) = crates.iter().find(|name| SHORT.contains(&name.as_str())) {
        return Err(format!("a crate is called `{short}`:\n{manifest}"));
    }
    crates.insert("std".to_owned());
    let mut seen = BTreeSet::new();
    for (path, text) in output.iter().filter(|(path, _)| extension(path) == "rs") {
        let ascii = path
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_./".contains(&b));
        if !ascii || !seen.insert(path.to_lowercase()) {
            return Err(format!("a file is called `{path}`"));
        }
        let file = syn::parse_file(text).map_err(|error| format!("{path}: {error}\n{text}"))?;
        let mut check = NameCheck { crates: &crates, doubts: Vec::new() };
        check.visit_file(&file);
        if let Some(doubt) = check.doubts.first() {
            return Err(format!("{path}: {doubt}\n{text}"));
        }
        check_modules(path, &file, output)?;
    }
    Ok(())
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn parse_table(manifest: &str) -> Result<toml::Table, String> {
    manifest.parse().map_err(|error| format!("{error}\n{manifest}"))
}

/// What a package's library is called.
fn read_library(manifest: &str) -> Result<String, String> {
    let table = parse_table(manifest)?;
    let name = |key: &str| table.get(key)?.get("name")?.as_str();
    let name = name("lib").or_else(|| name("package")).ok_or("a package without a name")?;
    Ok(name.replace('-', "_"))
}

/// The Rust names of the crates in a manifest, each once; `workflow` is the name of the workflow's crate unless its key says otherwise.
fn list_crates(manifest: &str, workflow: &str) -> Result<BTreeSet<String>, String> {
    let table = parse_table(manifest)?;
    let package = table.get("package").and_then(|p| p.get("name")?.as_str());
    let dependencies = table.get("dependencies").and_then(toml::Value::as_table);
    let keys = dependencies.into_iter().flatten().map(|(key, source)| {
        let path = source.get("path").and_then(toml::Value::as_str).unwrap_or_default();
        let own = path.ends_with("/workflow") && source.get("package").is_none();
        if own { workflow } else { key.as_str() }
    });
    let mut all = BTreeSet::new();
    for name in keys.chain(package) {
        if !all.insert(name.replace('-', "_")) {
            return Err(format!("two crates are called `{name}`:\n{manifest}"));
        }
    }
    Ok(all)
}

/// Checks that each module has its file, and that no two items of a file have the same name.
fn check_modules(path: &str, file: &syn::File, output: &Files) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for item in &file.items {
        let name = match item {
            syn::Item::Mod(module) => {
                let folder = path.trim_end_matches("mod.rs").trim_end_matches("lib.rs");
                let name = module.ident.to_string();
                let beside = [format!("{folder}{name}.rs"), format!("{folder}{name}/mod.rs")];
                let given = module.attrs.iter().any(|a| a.path().is_ident("path"));
                if !given && !beside.iter().any(|file| output.contains_key(file)) {
                    return Err(format!("{path}: module `{name}` has no file"));
                }
                name
            }
            syn::Item::Fn(function) => function.sig.ident.to_string(),
            _ => continue,
        };
        if !names.insert(name.clone()) {
            return Err(format!("{path}: two items are called `{name}`"));
        }
    }
    Ok(())
}

struct NameCheck<'a> {
    crates: &'a BTreeSet<String>,
    doubts: Vec<String>,
}

impl NameCheck<'_> {
    fn first(&mut self, global: bool, name: &str) {
        let name = name.trim_start_matches("r#");
        let argument =
            name.strip_prefix('a').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        let known =
            if global { self.crates.contains(name) } else { argument || KNOWN.contains(&name) };
        if !known {
            let global = if global { "::" } else { "" };
            self.doubts.push(format!("what is `{global}{name}`?"));
        }
    }
}

impl<'ast> Visit<'ast> for NameCheck<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first() {
            self.first(path.leading_colon.is_some(), &first.ident.to_string());
        }
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let text = match &item.tree {
            syn::UseTree::Path(path) => match &*path.tree {
                syn::UseTree::Name(name) => format!("{}::{}", path.ident, name.ident),
                _ => String::new(),
            },
            _ => String::new(),
        };
        if item.leading_colon.is_none() || text != "bp_std::rt" {
            self.doubts.push(format!("what does `use {text}` bring?"));
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let method = call.method.to_string();
        if !METHODS.contains(&method.as_str()) {
            self.doubts.push(format!("whose is the method `{method}`?"));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.first(false, &pattern.ident.to_string());
        visit::visit_pat_ident(self, pattern);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(output: &Files) -> Result<(), String> {
        let workflow = "[package]\nname = \"policy\"\n".to_owned();
        super::check_plain(&Files::from([("workflow/Cargo.toml".to_owned(), workflow)]), output)
    }

    fn file(text: &str) -> Files {
        let manifest =
            "[package]\nname = \"shop-app\"\n[dependencies]\nbp-std = \"1\"\npolicy = \"1\"\n";
        Files::from([
            ("rust/app/Cargo.toml".to_owned(), manifest.to_owned()),
            ("rust/app/src/lib.rs".to_owned(), text.to_owned()),
        ])
    }

    #[test]
    fn what_generated_code_once_was_is_doubted() {
        let good = "use ::bp_std::rt;\npub fn interface() -> rt::App { ::policy::Quotes::clone(&*self.0, a0) }";
        assert_eq!(plain(&file(good)), Ok(()));
        for bad in [
            "use bp_std::rt::*;",
            "fn f() { policy::Quotes::clone() }",
            "fn f() { self.0.into(a0) }",
            "fn f(source: u8) {}",
            "fn f(a0: Item) {}",
            "fn f() -> ::other::Item {}",
            "mod läden;",
            "mod absent;",
            "fn f() {} fn f() {}",
            "fn clone( {}",
        ] {
            assert!(plain(&file(bad)).is_err(), "{bad}");
        }
        let mut two = file(good);
        two.insert(
            "rust/app/Cargo.toml".to_owned(),
            "[package]\nname = \"a-b\"\n[dependencies]\na_b = \"1\"\n".to_owned(),
        );
        assert!(plain(&two).is_err());
        two.insert(
            "rust/app/Cargo.toml".to_owned(),
            "[package]\nname = \"a\"\n[dependencies]\nString = \"1\"\n".to_owned(),
        );
        assert!(plain(&two).is_err());
    }
}
