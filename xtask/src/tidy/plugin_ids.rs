//! What the compiler and the runtime do never depends on a plugin's id, nor what a plugin does on another's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::plugin_list;
use crate::source_files::{is_test, list_files, relative_name};

/// A text in one file that equals a plugin's id and means something else.
struct Exception {
    file: &'static str,
    text: &'static str,
    reason: &'static str,
}

const fn except(file: &'static str, text: &'static str, reason: &'static str) -> Exception {
    Exception { file, text, reason }
}

const TABLE: &str = "the wiring's table of processes";
const ELEMENT: &str = "a process of the plan, as a kind of element";
const FEATURE: &str = "a feature, as the word in `lossy`";
const LANGUAGE: &str = "the macro `knob!` of workflows";
const FIELD: &str = "the name of a process, as a field";

/// What is not an id although it is written like one. A line that nothing needs is a fault.
const EXCEPTIONS: &[Exception] = &[
    except("compiler/bp/src/commands/image.rs", "docker", "the program that speaks to the engine"),
    except("compiler/bp/src/commands/watch.rs", "process", FIELD),
    except("compiler/views/src/facts.rs", "process", ELEMENT),
    except("compiler/views/src/graph/mod.rs", "process", ELEMENT),
    except("compiler/ir/src/kind.rs", "process", ELEMENT),
    except("compiler/plugin/src/feature.rs", "autoscale", FEATURE),
    except("compiler/plugin/src/own_settings.rs", "autoscale", FEATURE),
    except("compiler/plugin/src/own_settings.rs", "memory", "what a container may use"),
    except("compiler/plugin/src/registry_faults.rs", "process", TABLE),
    except("compiler/reference/src/schema.rs", "process", TABLE),
    except("compiler/wiring/src/core_tables.rs", "process", TABLE),
    except("compiler/wiring/src/claims.rs", "process", TABLE),
    except("compiler/wiring/src/rules.rs", "process", TABLE),
    except("compiler/workflow/src/items/knob.rs", "knob", LANGUAGE),
    except("compiler/workflow/src/source/guard.rs", "knob", LANGUAGE),
    except("compiler/workflow/src/source/read_items.rs", "knob", LANGUAGE),
    except("plugins/kubernetes/budget.rs", "metrics", "a field of an autoscaler"),
    except("plugins/kubernetes/labels.rs", "process", "a component, as a label"),
    except("plugins/kubernetes/pod.rs", "memory", "what a container may use"),
    except("plugins/kubernetes/service.rs", "http", "a protocol, as Kubernetes calls it"),
    except("stdlib/runtime/src/app/running.rs", "process", FIELD),
    except("stdlib/runtime/src/logs.rs", "process", FIELD),
    except("stdlib/runtime/src/logs.rs", "trace", "the number of a trace, as a field"),
];

/// Names of slots, which wrappers of any id take.
const SLOTS: &str = "compiler/ir/src/slot.rs";

pub(crate) fn check(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    // Nothing chooses an interface by its id: workflows, backends and plans name the path of its trait.
    // So a text that equals such an id, `cache`, can only mean something else.
    let ids: BTreeSet<String> = plugin_list::chosen_ids(root)?.into_iter().collect();
    let mut files = Vec::new();
    for folder in ["compiler", "stdlib", "plugins"] {
        for path in list_files(&root.join(folder), "rs")? {
            files.push((relative_name(root, &path), std::fs::read_to_string(&path)?));
        }
    }
    check_files(&ids, &files, EXCEPTIONS, faults)
}

/// Notes ids in the code of files, by path from the root, and exceptions that match nothing.
fn check_files(
    ids: &BTreeSet<String>,
    files: &[(String, String)],
    exceptions: &[Exception],
    faults: &mut Vec<String>,
) -> Result<()> {
    let mut read = BTreeMap::new();
    for (name, text) in files.iter().filter(|(name, _)| !is_test(name) && name != SLOTS) {
        let mut code = Code::default();
        let tokens = text.parse().map_err(|fault| anyhow::anyhow!("{fault}")).context(name.clone());
        code.collect(tokens?);
        read.insert(name.as_str(), code);
    }
    let tests: Vec<String> = read.iter().flat_map(|(name, code)| code.test_modules(name)).collect();
    let is_test_module = |name: &str| {
        tests.iter().any(|at| name == format!("{at}.rs") || name.starts_with(&format!("{at}/")))
    };
    let mut needed = BTreeSet::new();
    for (name, code) in read.iter().filter(|(name, _)| !is_test_module(name)) {
        for (line, text) in code.texts.iter().filter(|(_, text)| names_plugin(ids, name, text)) {
            match exceptions.iter().position(|e| e.file == *name && e.text == text) {
                Some(at) => {
                    needed.insert(at);
                }
                None => faults.push(format!(
                    "{name}:{line} says \"{text}\", which names a plugin; read a fact that the plugin declares, or give a reason in xtask/src/tidy/plugin_ids.rs"
                )),
            }
        }
    }
    for (at, Exception { file, text, reason }) in exceptions.iter().enumerate() {
        if !needed.contains(&at) {
            faults.push(format!(
                "{file} does not say \"{text}\" ({reason}); remove the exception in xtask/src/tidy/plugin_ids.rs"
            ));
        }
    }
    Ok(())
}

/// Whether a text is an id, or a path in the folder that a target of that id writes.
///
/// A plugin's own folder may say its own.
fn names_plugin(ids: &BTreeSet<String>, file: &str, text: &str) -> bool {
    let first = text.split('/').next().unwrap_or_default();
    ids.contains(first) && !file.starts_with(&format!("plugins/{first}/"))
}

/// What a file says outside comments and tests.
#[derive(Debug, Default)]
struct Code {
    /// Its texts, by line.
    texts: Vec<(usize, String)>,
    /// The modules that are compiled for tests alone, by name.
    test_modules: Vec<String>,
}

impl Code {
    fn collect(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        let mut testing = false;
        let mut module = false;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(mark) if mark.as_char() == '#' => {
                    // An inner attribute has a `!`.
                    tokens
                        .next_if(|next| matches!(next, TokenTree::Punct(m) if m.as_char() == '!'));
                    let Some(TokenTree::Group(attribute)) = tokens.next() else { continue };
                    let inner = attribute.stream();
                    if inner.to_string().replace(' ', "") == "cfg(test)" {
                        testing = true;
                    } else if !is_doc(&inner) && !testing {
                        self.collect(inner);
                    }
                }
                // What is only compiled for tests ends with its body, its semicolon or its comma.
                TokenTree::Punct(mark) if testing && matches!(mark.as_char(), ';' | ',') => {
                    testing = false;
                }
                TokenTree::Group(group) if testing => {
                    testing = group.delimiter() != Delimiter::Brace;
                }
                TokenTree::Ident(word) if testing => {
                    if module {
                        self.test_modules.push(word.to_string());
                    }
                    module = word == "mod";
                }
                TokenTree::Group(group) => self.collect(group.stream()),
                TokenTree::Literal(literal) if !testing => {
                    let line = literal.span().start().line;
                    self.texts.extend(read_text(&literal.to_string()).map(|text| (line, text)));
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// Where the test modules of a file are, by path from the root and without `.rs`.
    fn test_modules(&self, name: &str) -> Vec<String> {
        let path = name.strip_suffix(".rs").unwrap_or(name);
        let own = ["/mod", "/lib", "/main"].iter().find_map(|end| path.strip_suffix(end));
        self.test_modules.iter().map(|module| format!("{}/{module}", own.unwrap_or(path))).collect()
    }
}

/// Whether an attribute is documentation.
fn is_doc(attribute: &TokenStream) -> bool {
    let first = attribute.clone().into_iter().next();
    matches!(first, Some(TokenTree::Ident(word)) if word == "doc")
}

/// The text of a literal, as it is written; ids have nothing that is escaped.
fn read_text(literal: &str) -> Option<String> {
    let quoted = literal.strip_prefix('r').map_or(literal, |raw| raw.trim_matches('#'));
    Some(quoted.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_faults(files: &[(&str, &str)], exceptions: &[Exception]) -> Vec<String> {
        let ids = ["grpc", "retry"].map(str::to_owned).into();
        let files: Vec<(String, String)> =
            files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let mut faults = Vec::new();
        check_files(&ids, &files, exceptions, &mut faults).unwrap();
        faults
    }

    const FOUND: &str = "which names a plugin; read a fact that the plugin declares, or give a reason in xtask/src/tidy/plugin_ids.rs";

    #[test]
    fn code_that_says_an_id_is_found() {
        for code in [
            "fn f(id: &str) -> bool { id == \"grpc\" }",
            "fn f(id: &str) -> bool { matches!(id, \"http\" | \"grpc\") }",
            "const ID: &str = r#\"grpc\"#;",
            "#[serde(rename = \"grpc\")] struct A;",
            "fn f() -> V { json!({ \"kind\": [\"grpc\"] }) }",
            "#[cfg(test)] fn t() { \"retry\" } fn f() -> &str { \"grpc\" }",
            "#[cfg(test)] mod t; const A: &str = \"grpc\";",
            "struct A { #[cfg(test)] a: u8, #[serde(rename = \"grpc\")] b: u8 }",
            "#![doc = \"retry\"] #[cfg(not(test))] const A: &str = \"grpc\";",
        ] {
            let faults = list_faults(&[("compiler/a/src/b.rs", code)], &[]);
            assert_eq!(faults, [format!("compiler/a/src/b.rs:1 says \"grpc\", {FOUND}")], "{code}");
        }
        let path = [("compiler/a/src/b.rs", "const A: &str = \"grpc/app.proto\";")];
        let at = "compiler/a/src/b.rs:1 says \"grpc/app.proto\"";
        assert_eq!(list_faults(&path, &[]), [format!("{at}, {FOUND}")]);
        let lines = "// \"grpc\"\n/// \"grpc\"\nconst A: &str =\n    \"grpc\";\n";
        let faults = list_faults(&[("stdlib/a/src/lib.rs", lines)], &[]);
        assert_eq!(faults, [format!("stdlib/a/src/lib.rs:4 says \"grpc\", {FOUND}")]);
    }

    #[test]
    fn comments_tests_slots_and_other_texts_are_left_alone() {
        let tested = "#[cfg(test)]\npub(crate) mod testing;\npub mod real;";
        for (name, code) in [
            ("compiler/a/src/b.rs", "/* \"grpc\" */ //! grpc\n/// grpc\nfn f() {} // \"grpc\""),
            ("compiler/a/src/b.rs", "#[doc = \"grpc\"] fn f() -> &[u8] { b\"grpc\" }"),
            ("compiler/a/src/b.rs", "const A: &str = \"a grpc\"; const B: &str = \"grpc.x\";"),
            ("compiler/a/src/b.rs", "#[cfg(test)]\nmod tests { fn f() { g(\"grpc\") } }"),
            ("compiler/a/src/b.rs", "#[cfg(test)]\n#[test] fn f(a: [u8; 2]) { g(\"grpc\") }"),
            ("compiler/a/src/b.rs", "#[cfg(test)]\nconst A: [&str; 1] = [\"grpc\"];"),
            ("compiler/a/src/testing.rs", "const A: &str = \"grpc\";"),
            ("compiler/a/src/testing/deep.rs", "const A: &str = \"grpc\";"),
            ("compiler/a/tests/it/main.rs", "const A: &str = \"grpc\";"),
            (SLOTS, "const A: &str = \"retry\";"),
        ] {
            let files = [("compiler/a/src/lib.rs", tested), (name, code)];
            assert_eq!(list_faults(&files, &[]), Vec::<String>::new(), "{name}: {code}");
        }
        // The module beside it is not a test's.
        let files = [
            ("compiler/a/src/lib.rs", tested),
            ("compiler/a/src/real.rs", "const A: &str = \"grpc\";"),
        ];
        assert_eq!(list_faults(&files, &[]).len(), 1);
    }

    #[test]
    fn an_exception_is_for_one_text_of_one_file_and_is_needed() {
        let files = [("compiler/a/src/b.rs", "fn f() -> [&str; 2] { [\"grpc\", \"retry\"] }")];
        let slot = || except("compiler/a/src/b.rs", "retry", "a slot");
        let faults = list_faults(&files, &[slot()]);
        assert_eq!(faults, [format!("compiler/a/src/b.rs:1 says \"grpc\", {FOUND}")]);
        let protocol = || except("compiler/a/src/b.rs", "grpc", "a protocol");
        assert_eq!(list_faults(&files, &[slot(), protocol()]), Vec::<String>::new());
        let other = except("compiler/a/src/c.rs", "grpc", "a protocol");
        assert_eq!(
            list_faults(&files, &[slot(), protocol(), other]),
            [
                "compiler/a/src/c.rs does not say \"grpc\" (a protocol); remove the exception in xtask/src/tidy/plugin_ids.rs"
            ]
        );
    }
}
