//! An interface as the one file says that declares its trait, without the rest of its crate.

use crate::model::{InterfaceMethod, InterfaceModel};
use crate::pool;
use crate::runtime_path::is_runtime_path;
use crate::source::{
    Body, Function, Import, Item, Mark, Member, Outline, Pattern, TraitItem, UsePath, outline,
};

/// How many imports one name may go through, so that those which name each other end.
const MAX_IMPORTS: usize = 8;

/// The only supertraits that are not interfaces: every client has them.
const MARKERS: [&str; 2] = ["Send", "Sync"];

/// Other traits that Rust itself has in scope, as far as one may stand above a trait.
const PRELUDE_TRAITS: [&str; 12] = [
    "Clone",
    "Copy",
    "Default",
    "Drop",
    "Eq",
    "Fn",
    "FnMut",
    "FnOnce",
    "Ord",
    "PartialEq",
    "Sized",
    "Unpin",
];

/// The crate of the runtime that declares its interfaces; the others re-export them.
const RUNTIME_CRATE: &str = "bp_backend";

/// Reads the trait `name` from the text of the Rust file of crate `krate` that declares it.
///
/// Supertraits are resolved by the `use`s of the file: what comes from the crate itself has the crate's path, whatever module it is in, because an interface is public at the root of its crate.
///
/// # Errors
/// In words, when the text has no such trait, when the trait is not marked, or when it extends something that is not an interface.
pub fn read_interface(text: &str, krate: &str, name: &str) -> Result<InterfaceModel, String> {
    let read = || {
        let outline = outline(text);
        // Otherwise the parser keeps the text for as long as the thread lives.
        proc_macro2::extra::invalidate_current_thread_spans();
        outline
    };
    // The parser needs the stack of the reader's own threads.
    let outline = match pool() {
        Some(pool) => pool.install(read),
        None => read(),
    };
    let Some(item) = find_trait(&outline, name) else {
        return Err(format!("its source does not declare a trait `{name}`"));
    };
    if !is_marked(item) {
        return Err(format!("the trait `{name}` is not marked `#[interface]`"));
    }
    let file = InterfaceFile { krate, outline: &outline };
    let mut extends = Vec::new();
    for supertrait in &item.supertraits {
        extends.extend(file.resolve(&supertrait.path)?);
    }
    Ok(InterfaceModel {
        path: format!("{krate}::{name}"),
        extends,
        methods: item.members.iter().filter_map(read_method).collect(),
        docs: item.docs.clone(),
        span: None,
    })
}

/// Whether a path, written in full, is that of `Send` or of `Sync`.
pub(crate) fn is_marker<S: AsRef<str>>(segments: &[S]) -> bool {
    match segments {
        [krate, module, name] => {
            matches!(krate.as_ref(), "std" | "core")
                && module.as_ref() == "marker"
                && MARKERS.contains(&name.as_ref())
        }
        _ => false,
    }
}

fn is_marked(item: &TraitItem) -> bool {
    let is_mark = |mark: &Mark| mark.path.segments.last().is_some_and(|last| last == "interface");
    item.marks.iter().any(is_mark)
}

fn find_trait<'o>(outline: &'o Outline, name: &str) -> Option<&'o TraitItem> {
    outline.items.iter().find_map(|item| match item {
        Item::Definition(definition) if definition.name == name => match &definition.body {
            Body::Trait(item) => Some(&**item),
            _ => None,
        },
        _ => None,
    })
}

/// A method; what else a trait may hold is refused by the macro that marks it.
fn read_method(member: &Member) -> Option<InterfaceMethod> {
    let Member::Function(function) = member else { return None };
    let Function { name, idempotent, arguments, docs, .. } = &**function;
    let arguments = arguments.iter().filter_map(|argument| match &argument.pattern {
        Pattern::Name(name) => Some(name.clone()),
        Pattern::Other(_) => None,
    });
    Some(InterfaceMethod {
        name: name.clone(),
        idempotent: *idempotent,
        arguments: arguments.collect(),
        docs: docs.clone(),
    })
}

/// The names of a file.
struct InterfaceFile<'a> {
    krate: &'a str,
    outline: &'a Outline,
}

impl InterfaceFile<'_> {
    /// The path of the interface that a supertrait names; `None` for `Send` and `Sync`.
    ///
    /// # Errors
    /// In words, when the supertrait is something else, or when the file does not say what it is.
    fn resolve(&self, path: &UsePath) -> Result<Option<String>, String> {
        let written = path.segments.join("::");
        let path = self.expand(path);
        let (Some(first), Some(last)) = (path.segments.first(), path.segments.last()) else {
            return Ok(None);
        };
        let not_interface = || Err(format!("it extends `{written}`, which is not an interface"));
        if path.global || path.segments.len() > 1 {
            let own = !path.global && self.declares(first);
            let krate = if own { "crate" } else { first };
            return match self.of_crate(krate, last) {
                Some(interface) => Ok(Some(interface)),
                None if is_marker(&path.segments) => Ok(None),
                None => not_interface(),
            };
        }
        if self.declares(first) {
            let marked = find_trait(self.outline, first).is_some_and(is_marked);
            return if marked { Ok(self.of_crate("crate", last)) } else { not_interface() };
        }
        if MARKERS.contains(&first.as_str()) {
            return Ok(None);
        }
        match self.find_by_globs(last).as_slice() {
            [only] => Ok(Some(only.clone())),
            [] if PRELUDE_TRAITS.contains(&first.as_str()) || self.has_globs() => not_interface(),
            [] => Err(format!(
                "it extends `{written}`, which its source neither declares nor imports"
            )),
            several => Err(format!(
                "it extends `{written}`, which may be `{}`: import it by its name",
                several.join("` or `")
            )),
        }
    }

    /// An interface by the crate that it is of, under the name that the file gives the crate; `None` for Rust's own crates, which have none.
    fn of_crate(&self, krate: &str, name: &str) -> Option<String> {
        match krate {
            "std" | "core" | "alloc" => None,
            "crate" | "self" | "super" => Some(format!("{}::{name}", self.krate)),
            _ if is_runtime_path(krate) => Some(format!("{RUNTIME_CRATE}::{name}")),
            _ => Some(format!("{krate}::{name}")),
        }
    }

    /// A path with the imported name that it begins with written out.
    fn expand(&self, path: &UsePath) -> UsePath {
        let mut path = path.clone();
        for _ in 0..MAX_IMPORTS {
            let Some(first) = path.segments.first().filter(|_| !path.global) else { break };
            let Some(target) = self.find_import(first) else { break };
            let rest = path.segments.iter().skip(1);
            let segments = target.segments.iter().chain(rest).cloned().collect();
            let expanded = UsePath { global: target.global, segments };
            // `use acme_base;` imports the crate under its own name.
            if expanded == path {
                break;
            }
            path = expanded;
        }
        path
    }

    fn find_import(&self, wanted: &str) -> Option<&UsePath> {
        self.imports().find_map(|import| match import {
            Import::Name(name, path) if name == wanted => Some(path),
            _ => None,
        })
    }

    /// The interfaces of this name that the file's globs can give, each once; those of the own crate come first, because the file says what is in it.
    fn find_by_globs(&self, name: &str) -> Vec<String> {
        let mut others: Vec<String> = Vec::new();
        for path in self.globs() {
            let Some(first) = path.segments.first() else { continue };
            let own = matches!(first.as_str(), "crate" | "self" | "super") || self.declares(first);
            if own && !path.global {
                return self.of_crate("crate", name).into_iter().collect();
            }
            others.extend(self.of_crate(first, name).filter(|path| !others.contains(path)));
        }
        others
    }

    fn has_globs(&self) -> bool {
        self.globs().next().is_some()
    }

    fn globs(&self) -> impl Iterator<Item = UsePath> {
        self.imports().filter_map(|import| match import {
            Import::Glob(path) => Some(self.expand(path)),
            Import::Name(..) => None,
        })
    }

    fn imports(&self) -> impl Iterator<Item = &Import> {
        self.outline.items.iter().flat_map(|item| match item {
            Item::Use(_, imports, _) => &**imports,
            _ => &[],
        })
    }

    /// Whether the file itself declares a trait or a module of this name.
    fn declares(&self, name: &str) -> bool {
        self.outline.items.iter().any(|item| match item {
            Item::Definition(definition) => definition.name == name,
            Item::Module(module) => module.name == name,
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "
        use core::marker;
        use std::fmt::Debug as _;
        use bp_macros::interface;
        use bp_std::{Cache, DocumentStore as Store};
        use crate::base::{self, Base};
        use acme_log as log;

        pub trait Plain { fn f(&self); }

        /// Hands items over.
        ///
        /// At least once.
        #[interface]
        pub trait Queue: Send + Sync + 'static {
            /// Adds an item.
            #[idempotent]
            async fn push(&self, item: String, key: u64) -> Result<(), E>;
            async fn r#pop(&self) -> Result<Option<String>, E>;
        }
        #[interface(crate = ::bp_runtime)]
        pub trait Wide: Cache + Store + Base + base::Other + Queue + log::Log + ::acme_log::deep::Tail + std::marker::Send + marker::Sync {}
    ";

    #[test]
    fn a_trait_is_read_from_its_file_alone() {
        let queue = read_interface(SOURCE, "acme_queue", "Queue").unwrap();
        assert_eq!(queue.path, "acme_queue::Queue");
        assert_eq!(queue.docs, ["Hands items over.", "", "At least once."]);
        assert_eq!(queue.extends, Vec::<String>::new());
        let methods: Vec<_> = queue
            .methods
            .iter()
            .map(|m| (m.name.as_str(), m.idempotent, m.arguments.join(" "), m.docs.join(" ")))
            .collect();
        assert_eq!(
            methods,
            [
                ("push", true, "item key".to_owned(), "Adds an item.".to_owned()),
                ("pop", false, String::new(), String::new()),
            ]
        );
    }

    #[test]
    fn supertraits_are_resolved_by_the_uses_of_the_file() {
        let wide = read_interface(SOURCE, "acme_queue", "Wide").unwrap();
        assert_eq!(
            wide.extends,
            [
                "bp_backend::Cache",
                "bp_backend::DocumentStore",
                "acme_queue::Base",
                "acme_queue::Other",
                "acme_queue::Queue",
                "acme_log::Log",
                "acme_log::Tail",
            ]
        );
        let through = |head: &str| {
            let text = format!("{head}\n#[interface]\npub trait T: Base {{}}");
            read_interface(&text, "acme", "T").unwrap().extends
        };
        assert_eq!(through("use super::*;"), ["acme::Base"]);
        assert_eq!(through("use std::fmt::*; use bp_std::*;"), ["bp_backend::Base"]);
        assert_eq!(through("use bp_std::*; use crate::base::*;"), ["acme::Base"]);
        assert_eq!(through("use bp_std::*; use bp_runtime::*;"), ["bp_backend::Base"]);
        assert_eq!(through("#[interface] pub trait Base {}"), ["acme::Base"]);
        assert_eq!(through("use bp_std::*;"), ["bp_backend::Base"]);
        assert_eq!(through("use acme_base; use acme_base::Base;"), ["acme_base::Base"]);
    }

    #[test]
    fn a_supertrait_that_is_no_interface_or_may_be_several_is_a_fault() {
        let fault = |head: &str, above: &str| {
            let text = format!("{head}\n#[interface]\npub trait T: {above} {{}}");
            read_interface(&text, "acme", "T").unwrap_err()
        };
        let not = |above: &str| format!("it extends `{above}`, which is not an interface");
        assert_eq!(fault("", "std::marker::Unpin"), not("std::marker::Unpin"));
        assert_eq!(fault("", "::core::fmt::Debug"), not("core::fmt::Debug"));
        assert_eq!(fault("use std::fmt::Debug;", "Debug"), not("Debug"));
        assert_eq!(fault("use std::fmt::*;", "Debug"), not("Debug"));
        assert_eq!(fault("", "Sized"), not("Sized"));
        assert_eq!(fault("pub trait Base {}", "Base"), not("Base"));
        // A trait of the file's own that is called like a marker is none.
        assert_eq!(fault("pub trait Send {}", "Send"), not("Send"));
        let unknown = "it extends `Base`, which its source neither declares nor imports";
        assert_eq!(fault("", "Base"), unknown);
        assert_eq!(fault("use Base as Base;", "Base"), unknown);
        assert_eq!(
            fault("use bp_std::*; use acme_log::*;", "Base"),
            "it extends `Base`, which may be `bp_backend::Base` or `acme_log::Base`: import it by its name"
        );
    }

    #[test]
    fn what_is_not_there_is_said() {
        let fault = |text: &str, name: &str| read_interface(text, "acme", name).unwrap_err();
        assert_eq!(fault(SOURCE, "Stack"), "its source does not declare a trait `Stack`");
        assert_eq!(fault(SOURCE, "Plain"), "the trait `Plain` is not marked `#[interface]`");
        assert_eq!(fault("}", "Queue"), "its source does not declare a trait `Queue`");
    }
}
