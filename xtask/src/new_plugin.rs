//! `cargo xtask new KIND NAME`: a plugin that works, from the templates in `xtask/templates/plugin`.
//!
//! A template is the folder of a plugin named `sample`, whose types are named `Sample…`; both words stand for the name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::bless::{bless_cases, write_docs};
use crate::plugin_list;
use crate::step::{root, run_in};

/// The name of the plugins in the templates.
const SAMPLE: &str = "sample";
/// The slot of the wrapper in the templates.
const SAMPLE_SLOT: &str = "ClientSlot::Attempt";

/// Words that a module or a crate cannot be named by.
const KEYWORDS: &[&str] = &[
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "continue",
    "core", "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen",
    "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
    "pub", "ref", "return", "self", "static", "std", "struct", "super", "test", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];
/// Words that a wiring has at places where it names plugins or their tables, and others of `bp`'s own; `bp new --plugin` refuses them too.
const TAKEN: &str = include_str!("../../compiler/bp/src/commands/new/taken_words.txt");

/// A plugin to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewPlugin {
    /// The name of a folder of templates.
    kind: String,
    id: String,
    /// The variant of `ClientSlot` that a wrapper takes.
    slot: Option<String>,
}

impl NewPlugin {
    /// Checks what was asked for: the kind, the name, and, for a wrapper, the slot; without one it takes the innermost that is free.
    pub(crate) fn check(root: &Path, kind: &str, id: &str, slot: Option<&str>) -> Result<Self> {
        let kinds = list_kinds()?;
        ensure!(kinds.contains(kind), "there is no kind `{kind}`; there are {}", join(&kinds));
        check_name(root, id)?;
        let slot = if kind == "wrapper" {
            Some(find_slot(root, slot)?)
        } else {
            ensure!(slot.is_none(), "only a wrapper has a slot, not a {kind}");
            None
        };
        Ok(Self { kind: kind.to_owned(), id: id.to_owned(), slot })
    }

    /// Its folder, below the repository.
    pub(crate) fn folder(&self) -> PathBuf {
        Path::new("plugins").join(&self.id)
    }

    /// The package of its runtime half, or of an interface's trait; `None` for a target.
    pub(crate) fn runtime_package(&self) -> Option<String> {
        match self.kind.as_str() {
            "target" => None,
            "interface" => Some(format!("bp-{}", self.id)),
            _ => Some(format!("bp-rt-{}", self.id)),
        }
    }

    /// What a message of its case must contain: a code of its own, or for an interface, which has none, its trait.
    pub(crate) fn shown_by_case(&self) -> String {
        match self.kind.as_str() {
            "interface" => format!("`{}`", capitalize(&self.id)),
            _ => format!("error[{}/", self.id),
        }
    }

    /// Writes the plugin's folder and the list of plugins.
    pub(crate) fn write(&self, root: &Path) -> Result<()> {
        let template = templates().join(&self.kind);
        let folder = root.join(self.folder());
        let mut sources = Vec::new();
        for file in list_below(&template)? {
            let text = std::fs::read_to_string(template.join(&file))
                .with_context(|| format!("the template {}", file.display()))?;
            let path = folder.join(&file);
            std::fs::create_dir_all(path.parent().unwrap_or(&folder))?;
            std::fs::write(&path, self.fill_in(&text))?;
            if path.extension().is_some_and(|end| end == "rs") {
                sources.push(path);
            }
        }
        // Where a line breaks depends on how long the name is.
        let mut format = Command::new("rustfmt");
        run_in("format the plugin", format.args(["--edition", "2024"]).args(&sources), root)?;
        plugin_list::write(root)
    }

    fn fill_in(&self, template: &str) -> String {
        let mut text =
            template.replace(SAMPLE, &self.id).replace(&capitalize(SAMPLE), &capitalize(&self.id));
        if let Some(slot) = &self.slot {
            text = text.replace(SAMPLE_SLOT, &format!("ClientSlot::{slot}"));
        }
        text
    }
}

/// Makes a plugin in this repository: `wrapper NAME [--slot SLOT]`, `transport NAME`, `backend NAME`, `target NAME`, `table NAME`, `interface NAME`.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let (kind, id, slot) = match *arguments {
        [kind, id] => (kind, id, None),
        [kind, id, "--slot", slot] => (kind, id, Some(slot)),
        _ => bail!(
            "expected a kind and a name, as in `cargo xtask new wrapper brake`; the kinds are {}",
            join(&list_kinds()?)
        ),
    };
    let root = root();
    let plugin = NewPlugin::check(&root, kind, id, slot)?;
    plugin.write(&root)?;
    write_docs()?;
    // The compiler's words are not in the templates, where nothing would notice that they changed.
    bless_cases(id)?;
    let folder = plugin.folder();
    println!("\n{} works as it is, with a page, a case and tests:", folder.display());
    for file in list_below(&root.join(&folder))? {
        println!("  {}", folder.join(file).display());
    }
    if let Some(slot) = &plugin.slot {
        println!(
            "It is in the slot `ClientSlot::{slot}`; `compiler/ir/src/slot.rs` says what slots are for."
        );
    }
    println!(
        "Make it yours, then run `cargo xtask bless`, `cargo xtask docs` and `cargo xtask ci`."
    );
    Ok(())
}

fn templates() -> PathBuf {
    root().join("xtask/templates/plugin")
}

/// The kinds that have templates.
fn list_kinds() -> Result<BTreeSet<String>> {
    let folders = std::fs::read_dir(templates())?;
    folders.map(|folder| Ok(folder?.file_name().to_string_lossy().into_owned())).collect()
}

/// The files below a folder, by path from it, sorted.
pub(crate) fn list_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(folder.join(&next))? {
            let entry = entry?;
            let path = next.join(entry.file_name());
            if entry.file_type()?.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Refuses a name that cannot be a module, a crate and a word of wirings, or that something else has.
fn check_name(root: &Path, id: &str) -> Result<()> {
    let first_is_letter = id.starts_with(|c: char| c.is_ascii_lowercase());
    let rest_fits = id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    ensure!(
        first_is_letter && rest_fits,
        "`{id}` is not a plugin's name: use lower-case letters and digits, and begin with a letter"
    );
    ensure!(!KEYWORDS.contains(&id), "`{id}` is a word of Rust; choose another name");
    ensure!(
        TAKEN.lines().all(|word| word != id),
        "`{id}` has a meaning in `bp` already; choose another name"
    );
    ensure!(
        !root.join("plugins").join(id).exists(),
        "plugins/{id} exists already; choose another name"
    );
    let lock = std::fs::read_to_string(root.join("Cargo.lock"))?;
    for package in [id.to_owned(), format!("bp-{id}"), format!("bp-rt-{id}")] {
        ensure!(
            !lock.contains(&format!("\nname = \"{package}\"\n")),
            "`{package}` is a crate that is in use; choose another name"
        );
    }
    Ok(())
}

/// The slot that is asked for, by its word in `compiler/ir/src/slot.rs`, or the innermost one that no plugin has.
fn find_slot(root: &Path, wanted: Option<&str>) -> Result<String> {
    let source = std::fs::read_to_string(root.join("compiler/ir/src/slot.rs"))?;
    let ids = plugin_list::ids(root)?;
    let files = ids.iter().map(|id| root.join("plugins").join(id).join("mod.rs"));
    let declarations: Vec<String> =
        files.map(std::fs::read_to_string).collect::<std::io::Result<_>>()?;
    choose_slot(&list_client_slots(&source), &declarations, wanted)
}

/// A slot that is asked for may have a plugin already, since wirings can use one or the other; two wrappers of one call cannot be in one slot.
fn choose_slot(
    slots: &[(String, String)],
    declarations: &[String],
    wanted: Option<&str>,
) -> Result<String> {
    let is_free = |variant: &str| {
        let taken = format!("ClientSlot::{variant})");
        !declarations.iter().any(|declaration| declaration.contains(&taken))
    };
    let words: BTreeSet<String> = slots.iter().map(|(_, word)| word.clone()).collect();
    let chosen = match wanted {
        Some(wanted) => slots.iter().find(|(_, word)| word == wanted),
        None => slots.iter().rfind(|(variant, _)| is_free(variant)),
    };
    let (variant, _) = chosen.with_context(|| match wanted {
        Some(wanted) => format!("there is no slot `{wanted}`; there are {}", join(&words)),
        None => format!("every slot has a plugin; name one with `--slot`: {}", join(&words)),
    })?;
    Ok(variant.clone())
}

/// The slots at callers as `Attempt` and `attempt`, outermost first, without the one that carries the call.
fn list_client_slots(source: &str) -> Vec<(String, String)> {
    let slots = source.split("    ClientSlot {\n").nth(1).unwrap_or_default();
    let slots = slots.split("    }\n").next().unwrap_or_default();
    let lines = slots.lines().filter_map(|line| line.trim().strip_suffix("\","));
    let pairs = lines.filter_map(|line| line.split_once(" = \""));
    pairs
        .filter(|(variant, _)| *variant != "Transport")
        .map(|(variant, word)| (variant.to_owned(), word.to_owned()))
        .collect()
}

fn capitalize(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn join(words: &BTreeSet<String>) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use syn::{Item, UseTree};

    use super::*;
    use crate::tidy::plugins::check_sources;

    #[test]
    fn names_that_something_else_has_or_that_cannot_be_modules_are_refused() {
        for (name, reason) in [
            ("", "is not a plugin's name"),
            ("Brake", "is not a plugin's name"),
            ("hand-brake", "is not a plugin's name"),
            ("hand_brake", "is not a plugin's name"),
            ("2fast", "is not a plugin's name"),
            ("../brake", "is not a plugin's name"),
            ("match", "is a word of Rust"),
            ("rpc", "has a meaning"),
            ("timeout", "plugins/timeout exists"),
            ("serde", "`serde` is a crate"),
            ("plan", "`bp-plan` is a crate"),
        ] {
            let error = check_name(&root(), name).unwrap_err().to_string();
            assert!(error.contains(reason), "{name}: {error}");
        }
        check_name(&root(), "brake2").unwrap();
    }

    #[test]
    fn a_wrapper_takes_the_slot_that_is_named_or_the_innermost_free_one() {
        let slots = list_client_slots(include_str!("../../compiler/ir/src/slot.rs"));
        let has = |variant: &str, word: &str| slots.contains(&(variant.into(), word.into()));
        assert!(has("Trace", "trace") && has("Attempt", "attempt"), "{slots:?}");
        assert!(!has("Transport", "transport") && !has("Limit", "limit"), "{slots:?}");
        let slots = [("Retry", "retry"), ("Cap", "cap"), ("Attempt", "attempt")];
        let slots = slots.map(|(variant, word)| (variant.to_owned(), word.to_owned()));
        let declarations = [".client(ClientSlot::Attempt)".to_owned()];
        let choose = |declarations: &[String], wanted| choose_slot(&slots, declarations, wanted);
        assert_eq!(choose(&declarations, None).unwrap(), "Cap");
        assert_eq!(choose(&declarations, Some("attempt")).unwrap(), "Attempt");
        let unknown = choose(&declarations, Some("hedge")).unwrap_err().to_string();
        assert!(unknown.contains("no slot `hedge`") && unknown.contains("`cap`"), "{unknown}");
        let all = ["Retry", "Cap", "Attempt"].map(|slot| format!(".client(ClientSlot::{slot})"));
        assert!(choose(&all, None).unwrap_err().to_string().contains("`--slot`"));
    }

    #[test]
    fn kinds_have_templates_and_only_wrappers_have_slots() {
        let check = |kind, slot| NewPlugin::check(&root(), kind, "brake2", slot);
        assert_eq!(check("wrapper", Some("cap")).unwrap().slot.as_deref(), Some("Cap"));
        assert_eq!(check("backend", None).unwrap().slot, None);
        assert!(check("backend", Some("cap")).is_err());
        let unknown = check("wraper", None).unwrap_err().to_string();
        assert!(unknown.contains("`wrapper`"), "{unknown}");
    }

    #[test]
    fn templates_are_formatted_and_nothing_of_the_sample_stays() -> Result<()> {
        for kind in list_kinds()? {
            let slot = (kind == "wrapper").then(|| "Fallback".to_owned());
            let plugin = NewPlugin { kind: kind.clone(), id: "brake2".to_owned(), slot };
            let folder = templates().join(&kind);
            for file in list_below(&folder)? {
                let path = folder.join(&file);
                let text = plugin.fill_in(&std::fs::read_to_string(&path)?);
                assert!(!text.to_lowercase().contains(SAMPLE), "{}: {text}", path.display());
                assert!(!text.contains(SAMPLE_SLOT), "{}", path.display());
                if path.extension().is_some_and(|end| end == "rs") {
                    // From its input, because a file's modules may be elsewhere in the repository.
                    let mut check = Command::new("rustfmt");
                    check.args(["--check", "--edition", "2024"]).current_dir(root());
                    let checked = check.stdin(std::fs::File::open(&path)?).output()?;
                    let difference = String::from_utf8_lossy(&checked.stdout);
                    assert!(checked.status.success(), "{}: {difference}", path.display());
                }
            }
        }
        Ok(())
    }

    /// Names of imports, modules and builders in the templates, and words of their settings.
    const WORDS: &str = "backend call client counter dialer edge endpoint frame infra items listing live longest metric \
        name next outcome place reply server settings slow target title transport value wait wrapper";

    #[test]
    fn a_name_that_templates_use_themselves_meets_nothing_in_them() -> Result<()> {
        for kind in list_kinds()? {
            let template = templates().join(&kind);
            let files = list_below(&template)?;
            for id in WORDS.split(' ') {
                let plugin = NewPlugin { kind: kind.clone(), id: id.to_owned(), slot: None };
                let mut sources = Vec::new();
                for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "rs"))
                {
                    let text = plugin.fill_in(&std::fs::read_to_string(template.join(file))?);
                    sources.push((plugin.folder().join(file).display().to_string(), text));
                }
                for (name, text) in &sources {
                    let text = match name.strip_suffix("tests.rs") {
                        // What its module has is in it too.
                        Some(folder) if text.contains("use super::*;") => {
                            let of = |file| [folder, file].concat();
                            let parents = [of("lib.rs"), of("mod.rs")];
                            let (_, parent) =
                                sources.iter().find(|(n, _)| parents.contains(n)).unwrap();
                            [text.as_str(), parent].concat()
                        }
                        _ => text.clone(),
                    };
                    assert_eq!(list_twice(&text), Vec::<String>::new(), "{kind} {id}: {name}");
                }
                let mut faults = Vec::new();
                check_sources(id, &sources, &mut faults);
                assert_eq!(faults, Vec::<String>::new(), "{kind} {id}");
            }
        }
        Ok(())
    }

    #[test]
    fn types_and_imports_of_one_name_are_found() {
        let text = "use a::{b::Call, Next as Later};\nuse c::Call as _;\nstruct Call;\nstruct Next;\nfn call() {}\n";
        assert_eq!(list_twice(text), ["Call"]);
        assert_eq!(list_twice("use a::Next;\nuse b::{Own as Next};\nenum Own {}\n"), ["Next"]);
    }

    /// The names of imports and types that a source has more than once.
    fn list_twice(text: &str) -> Vec<String> {
        let mut names = Vec::new();
        // A file's own comment must come first, so it cannot be in the middle of two files.
        let text: String =
            text.lines().filter(|l| !l.starts_with("//!")).flat_map(|l| [l, "\n"]).collect();
        for item in syn::parse_file(&text).unwrap().items {
            match item {
                Item::Use(import) => list_imports(&import.tree, &mut names),
                Item::Struct(item) => names.push(item.ident.to_string()),
                Item::Enum(item) => names.push(item.ident.to_string()),
                Item::Trait(item) => names.push(item.ident.to_string()),
                Item::Type(item) => names.push(item.ident.to_string()),
                _ => {}
            }
        }
        names.sort();
        let twice = names.chunk_by(|a, b| a == b).filter(|same| same.len() > 1);
        twice.filter_map(|same| same.first().cloned()).collect()
    }

    fn list_imports(tree: &UseTree, names: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => list_imports(&path.tree, names),
            UseTree::Group(group) => group.items.iter().for_each(|tree| list_imports(tree, names)),
            UseTree::Name(name) => names.push(name.ident.to_string()),
            UseTree::Rename(name) if name.rename != "_" => names.push(name.rename.to_string()),
            UseTree::Rename(_) | UseTree::Glob(_) => {}
        }
    }
}
