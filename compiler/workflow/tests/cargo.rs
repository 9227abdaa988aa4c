//! The reader against cargo and rustc: which packages a library sees under which names, and which files a crate consists of.

#![expect(clippy::disallowed_methods, reason = "the other side of the comparison is a program")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "what fails here fails a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use bp_diag::{SourceMap, render};
use bp_system::RealSystem;
use bp_workflow::WorkflowModel;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

/// A tree of files: the workflow is in `w`, and the packages `a`, `b` and `c` are there with a library each unless the form says otherwise.
struct Form {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// `[package]` of the workflow.
const W: &str = "[package]\nname = \"w\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

const fn form(name: &'static str, files: &'static [(&'static str, &'static str)]) -> Form {
    Form { name, files }
}

/// Where a text begins with `+`, the rest follows [`W`].
const FORMS: &[Form] = &[
    form("plain", &[("w/Cargo.toml", "+[dependencies]\na = { path = \"../a\" }\n")]),
    form(
        "mark",
        &[(
            "w/Cargo.toml",
            "\u{feff}[package]\r\nname = \"w\"\r\nedition = \"2024\"\r\n[dependencies]\r\na = { path = \"../a\" }\r\n",
        )],
    ),
    form("table", &[("w/Cargo.toml", "+[dependencies.a]\npath = \"../a\"\n")]),
    form(
        "dotted",
        &[("w/Cargo.toml", "+[dependencies]\na.path = \"../a\"\nb.path = '../c/../b'\n")],
    ),
    form(
        "dotted_root",
        &[(
            "w/Cargo.toml",
            "dependencies.a.path = \"../a\"\npackage.name = \"w\"\npackage.edition = \"2021\"\n",
        )],
    ),
    form(
        "renamed",
        &[("w/Cargo.toml", "+[dependencies]\nx = { package = \"a\", path = \"../a\" }\n")],
    ),
    form(
        "dashes",
        &[
            (
                "w/Cargo.toml",
                "+[dependencies]\na-b = { path = \"../a\" }\nx-y = { package = \"c\", path = \"../c\" }\n",
            ),
            ("a/Cargo.toml", "[package]\nname = \"a-b\"\nedition = \"2024\"\n"),
        ],
    ),
    form(
        "library_name",
        &[
            (
                "w/Cargo.toml",
                "+[lib]\nname = \"flow\"\n[dependencies]\na = { path = \"../a\" }\nx = { package = \"b\", path = \"../b\" }\n",
            ),
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\nedition = \"2024\"\n[lib]\nname = \"alpha\"\npath = \"code/start.rs\"\n",
            ),
            ("a/code/start.rs", ""),
            (
                "b/Cargo.toml",
                "[package]\nname = \"b\"\nedition = \"2024\"\n[lib]\nname = \"beta\"\n",
            ),
        ],
    ),
    form(
        "renamed_to_itself",
        &[
            ("w/Cargo.toml", "+[dependencies]\na = { package = \"a\", path = \"../a\" }\n"),
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\nedition = \"2024\"\n[lib]\nname = \"alpha\"\n",
            ),
        ],
    ),
    form(
        "own_workspace",
        &[(
            "w/Cargo.toml",
            "[workspace]\n[workspace.package]\nedition = \"2024\"\nversion = \"1.2.3\"\n[workspace.dependencies]\na = { path = \"../a\" }\n[package]\nname = \"w\"\nversion.workspace = true\nedition.workspace = true\n[dependencies]\na.workspace = true\n",
        )],
    ),
    form(
        "workspace_above",
        &[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"w\", \"a\"]\nexclude = [\"app\"]\n[workspace.dependencies]\nx = { package = \"a\", path = \"a\" }\n",
            ),
            ("w/Cargo.toml", "+[dependencies]\nx = { workspace = true }\n"),
        ],
    ),
    form(
        "workspace_far_above",
        &[
            (
                "Cargo.toml",
                "\u{feff}[workspace]\nexclude = [\"app\"]\n[workspace.dependencies.a]\npath = \"./a\"\n",
            ),
            ("w/Cargo.toml", "+[dependencies]\ndeep = { path = \"deep/er\" }\n"),
            (
                "w/deep/er/Cargo.toml",
                "[package]\nname = \"deep\"\nedition = \"2024\"\n[dependencies]\na.workspace = true\n",
            ),
            ("w/deep/er/src/lib.rs", ""),
        ],
    ),
    form(
        "workspace_named",
        &[
            (
                "root/Cargo.toml",
                "[workspace]\nmembers = [\"../w\"]\n[workspace.dependencies]\na = { path = \"../a\" }\n",
            ),
            ("w/Cargo.toml", "+workspace = \"../root\"\n[dependencies]\na.workspace = true\n"),
        ],
    ),
    form(
        "workspace_excludes",
        &[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"q/r\"]\nexclude = [\"app\", \"a\", \"b\", \"w\"]\n[workspace.dependencies]\na = { path = \"a\" }\n",
            ),
            (
                "q/Cargo.toml",
                "[workspace]\nexclude = [\"r\"]\n[workspace.dependencies]\na = { path = \"../b\", package = \"b\" }\n",
            ),
            ("w/Cargo.toml", "+[dependencies]\nr = { path = \"../q/r\" }\n"),
            (
                "q/r/Cargo.toml",
                "[package]\nname = \"r\"\nedition = \"2024\"\n[dependencies]\na.workspace = true\n",
            ),
            ("q/r/src/lib.rs", ""),
        ],
    ),
    form(
        "workspace_member_excluded",
        &[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"w\"]\nexclude = [\"w\", \"app\"]\n[workspace.dependencies]\na = { path = \"a\" }\n",
            ),
            ("w/Cargo.toml", "+[dependencies]\na.workspace = true\n"),
        ],
    ),
    form(
        "inherited_features",
        &[
            (
                "w/Cargo.toml",
                "[workspace]\n[workspace.dependencies]\na = { path = \"../a\", features = [\"one\"], default-features = false }\nb = { path = \"../b\", default-features = false }\nc = { path = \"../c\" }\n[package]\nname = \"w\"\nedition = \"2021\"\n[dependencies]\na = { workspace = true, features = [\"two\"] }\nb = { workspace = true, default-features = true }\nc = { workspace = true, default-features = false }\n",
            ),
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\nedition = \"2024\"\n[features]\ndefault = [\"zero\"]\nzero = []\none = []\ntwo = [\"three\"]\nthree = []\n",
            ),
            (
                "b/Cargo.toml",
                "[package]\nname = \"b\"\nedition = \"2024\"\n[features]\ndefault = [\"zero\"]\nzero = []\n",
            ),
            (
                "c/Cargo.toml",
                "[package]\nname = \"c\"\nedition = \"2024\"\n[features]\ndefault = [\"zero\"]\nzero = []\n",
            ),
        ],
    ),
    form(
        "old_spelling",
        &[
            (
                "w/Cargo.toml",
                "[package]\nname = \"w\"\nedition = \"2021\"\n[dependencies]\na = { path = \"../a\", default_features = false }\n[dev_dependencies]\nb = { path = \"../b\" }\n[build_dependencies]\nc = { path = \"../c\" }\n",
            ),
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\nedition = \"2024\"\n[features]\ndefault = [\"zero\"]\nzero = []\n",
            ),
        ],
    ),
    form(
        "tests_and_build",
        &[
            (
                "w/Cargo.toml",
                "+build = \"build.rs\"\n[dependencies]\na = { path = \"../a\" }\n[dev-dependencies]\nb = { path = \"../b\" }\n[build-dependencies]\nc = { path = \"../c\" }\n",
            ),
            ("w/build.rs", "fn main() {}"),
        ],
    ),
    form(
        "targets",
        &[(
            "w/Cargo.toml",
            "+[target.'cfg(unix)'.dependencies]\na = { path = \"../a\" }\n[target.'cfg(windows)'.dependencies]\nb = { path = \"../b\" }\n[target.'cfg(not(unix))'.dependencies]\nc = { path = \"../c\" }\n[target.'cfg(unix)'.dev-dependencies]\nb = { path = \"../b\" }\n",
        )],
    ),
    form(
        "targets_inside",
        &[(
            "w/Cargo.toml",
            "+[target.\"cfg(any(windows, all(target_os = \\\"linux\\\", not(target_family = \\\"wasm\\\"))))\".dependencies]\na = { path = \"../a\" }\n[target.x86_64-pc-windows-msvc.dependencies]\nb = { path = \"../b\" }\n[target.'cfg(target_pointer_width = \"64\")'.dependencies.c]\npath = \"../c\"\n",
        )],
    ),
    form(
        "targets_inherit",
        &[(
            "w/Cargo.toml",
            "+[workspace]\n[workspace.dependencies]\na = { path = \"../a\" }\n[target.'cfg(unix)'.dependencies]\na.workspace = true\n",
        )],
    ),
    form(
        "optional_off",
        &[(
            "w/Cargo.toml",
            "+[dependencies]\na = { path = \"../a\", optional = true }\nb = { path = \"../b\" }\n",
        )],
    ),
    form(
        "optional_implied",
        &[(
            "w/Cargo.toml",
            "+[dependencies]\na = { path = \"../a\", optional = true }\n[features]\ndefault = [\"a\"]\n",
        )],
    ),
    form(
        "optional_named",
        &[(
            "w/Cargo.toml",
            "+[dependencies]\na = { path = \"../a\", optional = true }\nb = { path = \"../b\", optional = true }\n[features]\ndefault = [\"on\"]\non = [\"dep:a\"]\noff = [\"dep:b\"]\n",
        )],
    ),
    form(
        "optional_by_feature",
        &[
            (
                "w/Cargo.toml",
                "+[dependencies]\na = { path = \"../a\", optional = true }\nb = { path = \"../b\", optional = true }\nc = { path = \"../c\", optional = true }\n[features]\ndefault = [\"a/one\", \"b?/one\", \"later\"]\nlater = [\"dep:c\", \"c?/one\"]\n",
            ),
            ("a/Cargo.toml", "[package]\nname = \"a\"\nedition = \"2024\"\n[features]\none = []\n"),
            ("b/Cargo.toml", "[package]\nname = \"b\"\nedition = \"2024\"\n[features]\none = []\n"),
            ("c/Cargo.toml", "[package]\nname = \"c\"\nedition = \"2024\"\n[features]\none = []\n"),
        ],
    ),
    form(
        "optional_by_another",
        &[
            (
                "w/Cargo.toml",
                "+[dependencies]\na = { path = \"../a\" }\nb = { path = \"../b\", default-features = false, features = [\"extra\"] }\n",
            ),
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\nedition = \"2024\"\n[dependencies]\nb = { path = \"../b\" }\n",
            ),
            (
                "b/Cargo.toml",
                "[package]\nname = \"b\"\nedition = \"2024\"\n[dependencies]\nc = { path = \"../c\", optional = true }\n[features]\ndefault = [\"usual\"]\nusual = []\nextra = [\"c\"]\n",
            ),
        ],
    ),
    form(
        "renamed_feature",
        &[
            (
                "w/Cargo.toml",
                "+[dependencies]\nx-y = { package = \"a\", path = \"../a\", optional = true }\n[features]\ndefault = [\"x-y/one\"]\n",
            ),
            ("a/Cargo.toml", "[package]\nname = \"a\"\nedition = \"2024\"\n[features]\none = []\n"),
        ],
    ),
    form(
        "shared",
        &[
            (
                "w/Cargo.toml",
                "+[workspace]\n[workspace.dependencies]\nb = { path = \"../b\" }\n[dependencies]\na = { path = \"../a\" }\nb.workspace = true\n",
            ),
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\nedition = \"2024\"\n[dependencies]\nb = { path = \"../c/../b\" }\nc = { path = \"../c/\" }\n",
            ),
        ],
    ),
    form(
        "old_edition",
        &[
            ("w/Cargo.toml", "+[dependencies]\na = { path = \"../a\" }\n"),
            (
                "a/Cargo.toml",
                "[project]\nname = \"a\"\nversion = \"0.1.0\"\n[lib]\nname = \"odd\"\n",
            ),
            ("a/src/odd.rs", ""),
            ("a/src/lib.rs", "-"),
        ],
    ),
    form(
        "no_auto_library",
        &[(
            "w/Cargo.toml",
            "+autolib = false\n[lib]\npath = \"src/lib.rs\"\n[dependencies]\na = { path = \"../a\" }\n",
        )],
    ),
    form(
        "a_macro_crate",
        &[
            ("w/Cargo.toml", "+[dependencies]\na = { path = \"../a\" }\nb = { path = \"../b\" }\n"),
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\nedition = \"2024\"\n[lib]\nproc-macro = true\n[dependencies]\nc = { path = \"../c\" }\n",
            ),
        ],
    ),
];

/// One library: its name in Rust, its root, its features, and what it sees.
type Seen = BTreeMap<String, (String, String, BTreeSet<String>, BTreeMap<String, String>)>;

fn write(root: &Utf8Path, form: &Form) {
    let put = |path: &str, text: &str| {
        let at = root.join(path);
        std::fs::create_dir_all(at.parent().expect("a folder")).expect("a folder");
        std::fs::write(at, text).expect("a file");
    };
    for name in ["a", "b", "c"] {
        let text = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
        put(&format!("{name}/Cargo.toml"), &text);
        put(&format!("{name}/src/lib.rs"), "");
    }
    put("w/src/lib.rs", "");
    put("app/src/lib.rs", "");
    put(
        "app/Cargo.toml",
        "[package]\nname = \"app\"\nedition = \"2024\"\n[dependencies]\nw = { path = \"../w\" }\n[workspace]\n",
    );
    for (path, text) in form.files {
        let text = match text.strip_prefix('+') {
            Some(rest) => format!("{W}{rest}"),
            None => (*text).to_owned(),
        };
        if text == "-" {
            std::fs::remove_file(root.join(path)).expect("a file to remove");
        } else {
            put(path, &text);
        }
    }
}

fn temporary(name: &str) -> Utf8PathBuf {
    let root = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if root.exists() {
        std::fs::remove_dir_all(&root).expect("an old folder to remove");
    }
    std::fs::create_dir_all(&root).expect("a folder");
    root
}

fn read(dir: &Utf8Path) -> (WorkflowModel, SourceMap, String) {
    let mut sources = SourceMap::new();
    let (model, diagnostics) =
        bp_workflow::read(&RealSystem::new(), &mut sources, dir, &BTreeSet::new());
    let mut said = String::new();
    for diagnostic in diagnostics.sorted() {
        let _ = writeln!(said, "{}", render::render_short(&diagnostic, &sources));
    }
    (model, sources, said)
}

/// What `bp` says that the workflow's library is linked with.
fn by_us(root: &Utf8Path) -> Result<Seen, String> {
    let (model, _, said) = read(&root.join("w"));
    if !said.is_empty() {
        return Err(said);
    }
    let below = |path: &Utf8Path| path.strip_prefix(root).unwrap_or(path).to_string();
    Ok(model
        .crates
        .iter()
        .map(|c| {
            let sees = c.sees.iter().map(|(name, dir)| (name.clone(), below(dir))).collect();
            (below(&c.dir), (c.name.clone(), below(&c.root), c.features.clone(), sees))
        })
        .collect())
}

/// What cargo says, asked for a package that depends on the workflow as generated ones do.
fn by_cargo(root: &Utf8Path) -> Result<Seen, String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root.join("app"))
        .output()
        .map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let all: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let below = |path: &str| path.strip_prefix(&format!("{root}/")).unwrap_or(path).to_owned();
    // By id: the folder, the library's name and root; a macro crate is not a library here.
    let mut packages = BTreeMap::new();
    let mut first = None;
    for package in all["packages"].as_array().into_iter().flatten() {
        let targets = package["targets"].as_array();
        let library = targets.into_iter().flatten().find(|t| t["kind"][0] == "lib");
        let Some(library) = library else { continue };
        let manifest = below(&text(&package["manifest_path"]));
        let dir = manifest.trim_end_matches("/Cargo.toml").to_owned();
        if dir == "w" {
            first = Some(text(&package["id"]));
        }
        let name = text(&library["name"]).replace('-', "_");
        packages.insert(text(&package["id"]), (dir, name, below(&text(&library["src_path"]))));
    }
    let nodes: BTreeMap<String, &Value> = all["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|node| (text(&node["id"]), node))
        .collect();
    let built = built(root)?;
    let mut seen = Seen::new();
    let mut waiting = Vec::from_iter(first);
    while let Some(id) = waiting.pop() {
        let (dir, name, source) = packages[&id].clone();
        let node = nodes[&id];
        let mut sees = BTreeMap::new();
        for dependency in node["deps"].as_array().into_iter().flatten() {
            let kinds = dependency["dep_kinds"].as_array();
            let linked = kinds.into_iter().flatten().any(|k| k["kind"].is_null());
            let to = text(&dependency["pkg"]);
            if let (true, Some((dir, ..))) = (linked, packages.get(&to))
                && built.contains_key(dir)
            {
                sees.insert(text(&dependency["name"]), dir.clone());
                if !seen.contains_key(dir) {
                    waiting.push(to);
                }
            }
        }
        let features = built.get(&dir).cloned().unwrap_or_default();
        seen.insert(dir, (name, source, features, sees));
    }
    Ok(seen)
}

/// What cargo builds for the application: packages by folder, with their features.
///
/// Its other answer is of what a lock holds, which is more: features that turn nothing on, such as `b?/one`, count there.
fn built(root: &Utf8Path) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--no-dedupe"])
        .args(["--target", "x86_64-unknown-linux-gnu", "--format", "{f}|{p}"])
        .current_dir(root.join("app"))
        .output()
        .map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter_map(|line| {
        let (features, package) = line.split_once('|')?;
        let (_, dir) = package.split_once(&format!("({root}/"))?;
        let features = features.split(',').filter(|f| !f.is_empty()).map(str::to_owned).collect();
        Some((dir.split(')').next()?.to_owned(), features))
    });
    Ok(lines.collect())
}

/// An empty feature `default` is on or not as one likes.
fn without_default(mut seen: Seen) -> Seen {
    for (.., features, _) in seen.values_mut() {
        features.remove("default");
    }
    seen
}

#[test]
fn a_library_sees_the_packages_that_cargo_links() {
    let root = temporary("forms");
    let mut views = BTreeMap::new();
    let mut wrong = String::new();
    for form in FORMS {
        let at = root.join(form.name);
        write(&at, form);
        let (ours, cargos) = (by_us(&at), by_cargo(&at));
        match (ours, cargos) {
            (Ok(ours), Ok(cargos)) => {
                let (ours, cargos) = (without_default(ours), without_default(cargos));
                if ours != cargos {
                    let _ = writeln!(wrong, "{}:\n  bp    {ours:?}\n  cargo {cargos:?}", form.name);
                }
                views.insert(format!("{cargos:?}"), form.name);
            }
            (ours, cargos) => {
                let _ = writeln!(wrong, "{}: bp {ours:?}, cargo {cargos:?}", form.name);
            }
        }
    }
    assert_eq!(wrong, "");
    // The control: forms differ in what cargo sees, so a reader that sees the same everywhere is caught.
    assert!(views.len() > FORMS.len() / 2, "{} views of {} forms", views.len(), FORMS.len());
    write(&root.join("control"), &FORMS[0]);
    let right = by_us(&root.join("control")).expect("a view");
    write(
        &root.join("control"),
        &form("control", &[("w/Cargo.toml", "+[dev-dependencies]\na = { path = \"../a\" }\n")]),
    );
    assert_ne!(Ok(right), by_cargo(&root.join("control")), "the comparison notices nothing");
}

/// Every form of a module, in one crate.
const MODULES: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        "[package]\nname = \"w\"\nedition = \"2024\"\n[features]\ndefault = [\"on\"]\non = []\noff = []\n[lib]\npath = \"code/entry.rs\"\n",
    ),
    (
        "code/entry.rs",
        "\u{feff}//! Modules.\r\nextern crate self as me;\n#[rustfmt::skip]\npub mod plain;\npub mod folder;\npub mod r#type;\npub mod inline { #[path = \"elsewhere.rs\"] pub mod there; pub mod usual; pub mod r#fn { pub mod deep; } }\n#[path = \"moved\"] pub mod renamed { #[path = \"leaf.rs\"] pub mod leaf; pub mod x; }\n#[path = \"../outside.rs\"] pub mod outside;\n#[path = \"other/mod.rs\"] pub mod other;\n#[cfg_attr(unix, path = \"unix/imp.rs\")]\n#[cfg_attr(windows, path = \"windows/imp.rs\")]\npub mod imp;\n#[cfg_attr(all(unix, feature = \"on\"), allow(dead_code), cfg_attr(not(windows), path = \"nested.rs\"))]\npub mod nested;\n#[cfg_attr(windows, path = \"never.rs\")]\npub mod not_moved;\n#[cfg(unix)] pub mod a;\n#[cfg(not(unix))] #[path = \"a_other.rs\"] pub mod a;\n#[cfg(feature = \"on\")] pub mod on;\n#[cfg(feature = \"off\")] pub mod off;\n#[cfg(all())] pub mod always;\n#[cfg(any())] pub mod never;\n#[cfg(test)] mod tests;\n#[cfg(not(test))] pub mod not_tests;\n#[cfg_attr(unix, cfg(feature = \"off\"))] pub mod gone;\n#[cfg_attr(windows, cfg(feature = \"off\"))] pub mod stays;\n#[cfg(target_os = \"linux\")] pub mod linux;\n#[cfg(any(target_os = \"macos\", target_os = \"windows\"))] pub mod elsewhere;\n#[path = \"first.rs\"] #[cfg_attr(unix, path = \"second.rs\")] pub mod twice;\nmod inner { #![path = \"below\"] pub mod z; }\npub mod odd;\n#[cfg(windows)] pub mod shut { pub mod gone; }\n",
    ),
    (
        "code/plain.rs",
        "pub mod child; #[path = \"beside.rs\"] pub mod beside; pub mod deeper { #[path = \"up.rs\"] pub mod up; pub mod down; }",
    ),
    ("code/plain/child.rs", ""),
    ("code/beside.rs", "pub mod own;"),
    ("code/own.rs", ""),
    ("code/plain/deeper/up.rs", "pub mod next;"),
    ("code/plain/deeper/next.rs", ""),
    ("code/plain/deeper/down.rs", ""),
    ("code/folder/mod.rs", "pub mod child; #[path = \"beside.rs\"] pub mod beside;"),
    ("code/folder/child.rs", "pub mod leaf;"),
    ("code/folder/child/leaf.rs", ""),
    ("code/folder/beside.rs", ""),
    ("code/type.rs", "pub mod r#struct;"),
    ("code/type/struct.rs", ""),
    ("code/inline/elsewhere.rs", ""),
    ("code/inline/usual.rs", ""),
    ("code/inline/fn/deep.rs", ""),
    ("code/moved/leaf.rs", ""),
    ("code/moved/x/mod.rs", ""),
    ("outside.rs", "pub mod more;"),
    ("more.rs", ""),
    ("code/other/mod.rs", "pub mod more;"),
    ("code/other/more.rs", ""),
    ("code/unix/imp.rs", ""),
    ("code/nested.rs", ""),
    ("code/not_moved.rs", ""),
    ("code/a.rs", ""),
    ("code/on.rs", ""),
    ("code/always.rs", ""),
    ("code/not_tests.rs", ""),
    ("code/stays.rs", ""),
    ("code/linux.rs", "#![cfg(unix)]\npub mod within;"),
    ("code/linux/within.rs", "#![cfg(feature = \"off\")]\npub mod nothing;"),
    ("code/first.rs", ""),
    ("code/second.rs", ""),
    ("code/below/z.rs", ""),
    ("code/odd.rs", "#![cfg_attr(unix, allow(dead_code))]\npub mod end;"),
    ("code/odd/end.rs", ""),
    // What no rule leads to.
    ("code/imp.rs", ""),
    ("code/off.rs", ""),
    ("code/never.rs", ""),
    ("code/windows/imp.rs", ""),
    ("code/gone.rs", ""),
    ("code/a_other.rs", ""),
    ("code/shut/gone.rs", ""),
];

#[test]
fn a_crate_consists_of_the_files_that_rustc_reads() {
    let root = temporary("modules");
    for (path, text) in MODULES {
        let at = root.join(path);
        std::fs::create_dir_all(at.parent().expect("a folder")).expect("a folder");
        std::fs::write(at, text).expect("a file");
    }
    let (_, sources, said) = read(&root);
    assert_eq!(said, "");
    let ours: BTreeSet<String> = sources
        .iter()
        .filter(|(_, s)| Path::new(s.path.as_str()).extension().is_some_and(|e| e == "rs"))
        .map(|(_, s)| {
            Utf8Path::new(&s.path).file_name().map(|_| s.path.clone()).unwrap_or_default()
        })
        .map(|path| relative(&root, &path))
        .collect();
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc)
        .args(["--crate-type", "lib", "--edition", "2024", "--emit", "dep-info=files.d"])
        .args(["--cfg", "feature=\"on\"", "--cap-lints", "allow", "code/entry.rs"])
        .current_dir(&root)
        .output()
        .expect("rustc");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(root.join("files.d")).expect("dep-info");
    let rustcs: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_suffix(':'))
        .map(|path| relative(&root, path))
        .collect();
    assert_eq!(ours, rustcs);
    // The control: some files are there, and neither reads them.
    let there = MODULES.len() - 1;
    assert!(rustcs.len() > 30 && rustcs.len() + 7 < there, "{} of {there}", rustcs.len());
}

/// A path below a folder, detours resolved.
fn relative(root: &Utf8Path, path: &str) -> String {
    let path = std::fs::canonicalize(root.join(path)).expect("a file");
    let root = std::fs::canonicalize(root).expect("a folder");
    path.strip_prefix(&root).expect("a file below").display().to_string()
}
