//! The documentation: the schema and the plugins' pages match the code, and every example in them is accepted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use bp_diag::Severity;
use bp_plugin::{Declaration, Kind};
use bp_reference::SHAPE_CODES;
use golden_tests::annotate::strip;
use golden_tests::archive::{Archive, Part};
use jsonschema::Validator;
use libtest_mimic::Trial;

use crate::{blessing, bp, cases, first_difference, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("docs::schema", schema),
        trial("docs::plugins", plugins),
        trial("docs::schema_of_every_wiring", check_every_wiring),
        trial("docs::schema_of_every_case", check_every_case),
        trial("docs::plugin_examples", plugin_examples),
    ]
}

/// Compares a committed file with the text that the code generates, or writes it.
fn check_committed(path: &Path, text: &str) -> Result<()> {
    let path = bp::root().join(path);
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    if found == text {
        return Ok(());
    }
    if blessing() {
        std::fs::create_dir_all(path.parent().context("a folder")?)?;
        return Ok(std::fs::write(path, text)?);
    }
    let difference = first_difference(&found, text);
    anyhow::bail!("{} is out of date, `cargo xtask docs` writes it: {difference}", path.display())
}

fn schema() -> Result<()> {
    check_committed(
        Path::new("docs/bp.schema.json"),
        &bp_reference::render_schema(&bp_build::builtin()),
    )
}

fn plugins() -> Result<()> {
    let registry = bp_build::builtin();
    let folder = Path::new("docs/plugins");
    let mut pages = BTreeSet::from(["README.md".to_owned()]);
    check_committed(&folder.join("README.md"), &bp_reference::render_index(&registry))?;
    for plugin in registry.iter() {
        let name = format!("{}.md", plugin.id);
        check_committed(&folder.join(&name), &bp_reference::render_page(&registry, plugin))?;
        pages.insert(name);
        let id = plugin.id;
        ensure!(!plugin.needs.is_empty(), "{id} does not say what it is needed for: `needs`");
        ensure!(
            plugin.about.starts_with(&format!("# {id}\n")),
            "{id} has no page: `about(include_str!(\"README.md\"))`"
        );
    }
    for entry in std::fs::read_dir(bp::root().join(folder))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        ensure!(pages.contains(&name), "docs/plugins/{name} describes no plugin");
    }
    Ok(())
}

fn validator() -> Result<Validator> {
    let schema = bp_reference::build_schema(&bp_build::builtin());
    jsonschema::meta::validate(&schema).map_err(|e| anyhow::anyhow!("no schema: {e}"))?;
    Ok(jsonschema::validator_for(&schema)?)
}

/// What the schema says about a wiring's text; `None` if it is not TOML.
fn verdict(validator: &Validator, text: &str) -> Option<Vec<String>> {
    let table: toml::Table = text.parse().ok()?;
    let json = serde_json::to_value(table).ok()?;
    Some(validator.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect())
}

/// Every wiring file of the repository except the cases, with the schema's hint in its first line.
fn check_every_wiring() -> Result<()> {
    let validator = validator()?;
    let mut files = Vec::new();
    for folder in ["examples", "golden-tests/apps", "compiler/bp/template"] {
        wirings(&bp::root().join(folder), &mut files)?;
    }
    ensure!(files.len() >= 10, "few wirings were found: {files:?}");
    for path in files {
        let text = std::fs::read_to_string(&path)?.replace("@NAME@", "demo");
        let hint = text.lines().next().and_then(|l| l.strip_prefix("#:schema "));
        let hint = hint.with_context(|| format!("{}: no `#:schema …`", path.display()))?;
        let schema = path.parent().context("a folder")?.join(hint);
        // `bp new` writes the schema beside the template's wirings.
        ensure!(
            path.starts_with(bp::root().join("compiler/bp/template")) || schema.is_file(),
            "{}: there is no `{hint}`",
            path.display()
        );
        let faults = verdict(&validator, &text).context("TOML")?;
        ensure!(faults.is_empty(), "{}: {faults:#?}", path.display());
    }
    Ok(())
}

fn wirings(folder: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !["build", ".bp", "target", "vendor"].iter().any(|n| path.ends_with(n))
        {
            wirings(&path, out)?;
        } else if path.extension().is_some_and(|e| e == "toml")
            && path.parent().is_some_and(|p| p.ends_with("wiring"))
        {
            out.push(path);
        }
    }
    Ok(())
}

/// The schema refuses every wiring file with a fault of shape that `bp` finds, and accepts every file in which `bp` finds no fault.
fn check_every_case() -> Result<()> {
    let validator = validator()?;
    let (mut refused, mut accepted) = (BTreeSet::new(), 0);
    let mut wrong = Vec::new();
    for path in cases::paths() {
        let case = strip(&Archive::parse(&std::fs::read_to_string(&path)?));
        let (diagnostics, sources, _) = cases::compile(&case);
        // Without a workflow, settings are not read.
        let whole = case.parts.iter().any(|p| p.path.starts_with("workflow/"));
        for (_, source) in sources.iter() {
            let Some(part) = case.part(&source.path).filter(|p| p.path.starts_with("wiring/"))
            else {
                continue;
            };
            let text = String::from_utf8_lossy(&part.bytes()).into_owned();
            let Some(faults) = verdict(&validator, text.trim_start_matches('\u{feff}')) else {
                continue;
            };
            let here = |d: &&bp_diag::Diagnostic| {
                d.severity == Severity::Error
                    && d.primary_span().is_some_and(|s| sources.path(s.file) == source.path)
            };
            let found: BTreeSet<&str> =
                diagnostics.iter().filter(here).map(|d| d.code.id.name).collect();
            let shape: BTreeSet<&str> =
                found.iter().copied().filter(|id| SHAPE_CODES.contains(id)).collect();
            let name = format!("{}: {}", path.display(), source.path);
            if !shape.is_empty() {
                if faults.is_empty() {
                    wrong.push(format!("{name}: accepted with {shape:?}"));
                }
                // A code counts as covered only where it is the only fault, so that nothing else can be the reason.
                if shape.len() == 1 {
                    refused.extend(shape);
                }
            } else if found.is_empty() && whole {
                accepted += 1;
                if !faults.is_empty() {
                    wrong.push(format!("{name}: refused with {faults:#?}"));
                }
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    ensure!(accepted >= 20, "only {accepted} files are accepted");
    let covered = faults_of_shape(&validator)?;
    for code in SHAPE_CODES {
        ensure!(
            refused.contains(*code) || covered.contains(*code),
            "no case shows that the schema refuses {code}"
        );
    }
    Ok(())
}

/// Wirings with one fault of shape each, for codes that the cases show only together with others.
fn faults_of_shape(validator: &Validator) -> Result<BTreeSet<&'static str>> {
    let lines: &[(&str, &str)] = &[
        ("BP2030", "sevice.x = \"X\""),
        ("BP2031", "edge.\"*\".retries = 3"),
        ("BP2032", "service.cart = 3"),
        ("BP2034", "edge.\"*\".process.front.services = [\"front\"]"),
        ("BP2040", "service.Cart = \"CartImpl\""),
        ("BP2041", "service.match = \"CartImpl\""),
        ("BP2044", "service.front = \"front-impl\""),
        ("BP2050", "edge.\"a -> \".timeout = \"1s\""),
        ("BP2050", "process.\"*\".services = [\"front\"]"),
        ("BP2050", "server.\"a -> b\".metrics = true"),
        ("BP2051", "edge.\"front -> client\".timeout = \"1s\""),
        ("BP2051", "edge.\"client -> *\".timeout = \"1s\""),
        ("BP2051", "edge.\"client -> front.l*\".timeout = \"1s\""),
        ("BP2070", "edge.\"*\".timeout = 500"),
        ("BP2070", "process.\"*\".drain = false"),
        ("BP2071", "edge.\"*\".timeout = \"2 min\""),
        ("BP2072", "edge.\"*\".timeout = \"2h\""),
        ("BP2072", "edge.\"*\".timeout = \"0s\""),
        ("BP2072", "edge.\"*\".timeout = \"900us\""),
        ("BP2072", "backend.cart_cache.max_bytes = \"63KiB\""),
        ("BP2072", "edge.\"*\".retry.attempts = 6"),
        ("BP2073", "edge.\"*\".retry.backoff.jitter = \"half\""),
        ("BP2074", "backend.cart_cache.password = \"hunter2\""),
        ("BP2075", "service.front.page_size = { env = \"A-B\" }"),
        ("BP2076", "process.\"*\".replicas = { env = \"REPLICAS\" }"),
        ("BP2080", "smoke.cart = { call = \"cart\" }"),
        ("BP3003", "backend.cart_cache.kind = \"memry\""),
        ("BP3013", "edge.\"*\".rpc = \"grcp\""),
        ("BP4001", "smoke.cart = { call = \"cart.list\", expect = 1, expect_error = \"x\" }"),
        ("BP3017", "target.enabled = [\"proces\"]"),
    ];
    let shop = shop()?;
    for (code, line) in lines {
        let text = format!("extends = \"local.toml\"\n{line}\n");
        let faults = verdict(validator, &text).with_context(|| format!("TOML: {line}"))?;
        ensure!(!faults.is_empty(), "the schema accepts `{line}`");
        let found = run_check(&shop, &text);
        ensure!(
            found.iter().any(|d| d.contains(code)),
            "`bp` does not say {code} of `{line}`: {found:#?}"
        );
    }
    Ok(lines.iter().map(|(code, _)| *code).collect())
}

/// The application in which the examples are checked.
fn shop() -> Result<Archive> {
    Ok(Archive::parse(&std::fs::read_to_string(bp::root().join("golden-tests/docs/shop.txt"))?))
}

/// The errors of a wiring in the shop's folder.
fn run_check(shop: &Archive, wiring: &str) -> Vec<String> {
    let mut case = shop.clone();
    case.prose.push_str("\nwiring: example\n");
    let path = "wiring/example.toml".to_owned();
    case.parts.push(Part { path, escaped: false, text: wiring.to_owned() });
    let (diagnostics, sources, _) = cases::compile(&case);
    let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error);
    errors.map(|d| bp_diag::render::render_short(d, &sources)).collect()
}

/// Every wiring that a plugin's page shows is accepted in the shop, by `bp` and by the schema.
fn plugin_examples() -> Result<()> {
    let shop = shop()?;
    let validator = validator()?;
    let nothing = run_check(&shop, "extends = \"local.toml\"\n");
    ensure!(nothing.is_empty(), "the shop itself has faults: {nothing:#?}");
    for plugin in bp_build::builtin().iter() {
        let examples = examples(plugin);
        // A wiring does not name an interface, but its page may show a backend that offers it.
        let is_named = !matches!(plugin.kind, Kind::Interface { .. });
        ensure!(!is_named || !examples.is_empty(), "the page of {} shows no wiring", plugin.id);
        for example in examples {
            let text = format!("extends = \"local.toml\"\n{example}");
            let faults = run_check(&shop, &text);
            ensure!(faults.is_empty(), "the page of {}: {faults:#?}\n{example}", plugin.id);
            let faults = verdict(&validator, &text).context("TOML")?;
            ensure!(faults.is_empty(), "the page of {}: {faults:#?}\n{example}", plugin.id);
        }
    }
    Ok(())
}

/// The blocks of TOML on a plugin's page.
fn examples(plugin: &Declaration) -> Vec<String> {
    let blocks = plugin.about.split("```toml\n").skip(1);
    blocks.filter_map(|b| Some(b.split_once("```")?.0.to_owned())).collect()
}
