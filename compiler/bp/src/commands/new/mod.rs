//! `bp new`: an application that runs, and the runtime that it links.

mod plugin;
mod vendor;

use bp_build::{Application, CompileOptions, compile};
use bp_diag::{Diagnostic, catalog};
use bp_plugin::Registry;
use bp_system::{EntryKind, System};
use camino::{Utf8Path, Utf8PathBuf};

use super::Context;
use crate::cli::New;
use crate::embedded;
use vendor::Vendoring;

/// Path in the new application, and text; `@NAME@` and `@CRATE@` are filled in.
const TEMPLATE: &[(&str, &str)] = &[
    (".dockerignore", include_str!("../../../template/dockerignore")),
    (".gitignore", include_str!("../../../template/gitignore")),
    ("README.md", include_str!("../../../template/README.md")),
    ("tests/greetings.rs", include_str!("../../../template/tests/greetings.rs")),
    ("wiring/local.toml", include_str!("../../../template/wiring/local.toml")),
    ("wiring/monolith.toml", include_str!("../../../template/wiring/monolith.toml")),
    ("workflow/Cargo.toml", include_str!("../../../template/workflow/Cargo.toml")),
    ("workflow/src/lib.rs", include_str!("../../../template/workflow/src/lib.rs")),
];

pub(crate) fn run(context: &Context<'_>, arguments: &New) -> Option<()> {
    if let Some(folder) = &arguments.runtime {
        let packages = vendor::interface_packages(context.registry);
        let folder = Utf8Path::new(folder);
        let vendoring = Vendoring { folder, packages: &packages, force: arguments.force };
        return context.or_report(vendor::write(context.system, vendoring));
    }
    if let Some(name) = &arguments.plugin {
        context.or_report(check_name("a plugin", name))?;
        context.or_report(plugin::create(context.system, context.registry, name))?;
        context.output.say(&format!(
            "{name}: a wrapper, an interface, a store of it, and a bp that knows them\n\nTry it:\n  cd {name} && cargo test --workspace && cargo run -- explain {name}"
        ));
        return Some(());
    }
    let name = arguments.name.as_deref()?;
    context.or_report(check_name("an application", name))?;
    let root = Utf8PathBuf::from(name);
    if let Some(example) = &arguments.example {
        context.or_report(create_example(context.system, context.registry, example, &root))?;
        context.output.say(&format!(
            "{name}: the example `{example}`\n\nTry it:\n  cd {name} && bp run --smoke"
        ));
        return Some(());
    }
    context.or_report(create_application(context.system, context.registry, name, &root))?;
    write_lock(context, &root)?;
    context.output.say(&format!(
        "{name}: a workflow, two wirings and a test\n\nTry it:\n  cd {name} && bp run --smoke"
    ));
    Some(())
}

fn create_application(
    system: &dyn System,
    registry: &Registry,
    name: &str,
    root: &Utf8Path,
) -> Result<(), Diagnostic> {
    check_free(system, root)?;
    let package = format!("{}_workflow", name.replace('-', "_"));
    for (path, text) in TEMPLATE {
        let text = text.replace("@NAME@", name).replace("@CRATE@", &package);
        write_file(system, &root.join(path), text.as_bytes())?;
    }
    let schema = bp_reference::render_schema(registry);
    write_file(system, &root.join("wiring/bp.schema.json"), schema.as_bytes())?;
    let packages = vendor::interface_packages(registry);
    if let Some(lock) = embedded::workflow_lock(&format!("{name}-workflow"), &packages) {
        write_file(system, &root.join("Cargo.lock"), lock.as_bytes())?;
    }
    let folder = root.join(bp_build::runtime::VENDOR);
    vendor::write(system, Vendoring { folder: &folder, packages: &packages, force: false })
}

/// Writes an example as an application of its own.
fn create_example(
    system: &dyn System,
    registry: &Registry,
    example: &str,
    root: &Utf8Path,
) -> Result<(), Diagnostic> {
    check_free(system, root)?;
    for (path, bytes) in embedded::example_files(example) {
        write_file(system, &root.join(path), &bytes)?;
    }
    write_file(
        system,
        &root.join(".dockerignore"),
        include_bytes!("../../../template/dockerignore"),
    )?;
    write_file(system, &root.join(".gitignore"), include_bytes!("../../../template/gitignore"))?;
    let schema = bp_reference::render_schema(registry);
    write_file(system, &root.join("wiring/bp.schema.json"), schema.as_bytes())?;
    let packages = vendor::interface_packages(registry);
    if let Some(lock) = embedded::example_lock(example, &packages) {
        write_file(system, &root.join("Cargo.lock"), lock.as_bytes())?;
    }
    let folder = root.join(bp_build::runtime::VENDOR);
    vendor::write(system, Vendoring { folder: &folder, packages: &packages, force: false })
}

fn check_free(system: &dyn System, root: &Utf8Path) -> Result<(), Diagnostic> {
    let free = match system.kind(root) {
        None => true,
        Some(EntryKind::Directory) => system.list(root).is_ok_and(|names| names.is_empty()),
        Some(EntryKind::File | EntryKind::Other) => false,
    };
    if free { Ok(()) } else { Err(catalog::target::folder_exists(root.as_str())) }
}

/// Writes the template's `wire.lock`, so that the first build changes nothing that is committed.
fn write_lock(context: &Context<'_>, root: &Utf8Path) -> Option<()> {
    let wiring = root.join("wiring/local.toml");
    let application =
        context.or_report(Application::find(context.system, Some(wiring.as_str())))?;
    let compiled =
        compile(context.system, context.registry, application, CompileOptions::default());
    context.plan_or_report(&compiled)?;
    let (path, update) = compiled.lock.as_ref()?;
    context.or_report(write_file(context.system, path, update.text.as_bytes()))
}

fn write_file(system: &dyn System, path: &Utf8Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    system
        .write(path, bytes)
        .map_err(|e| catalog::target::cannot_write(path.as_str(), &e.to_string()))
}

fn check_name(what: &str, name: &str) -> Result<(), Diagnostic> {
    let fault = |why| Err(catalog::target::bad_new_name(what, name, why));
    if name.is_empty() || name.len() > 40 {
        return fault("it is empty or longer than 40 characters");
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return fault("it does not start with a lower-case letter");
    }
    if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return fault("it contains a character other than lower-case letters, digits and `-`");
    }
    if name.ends_with('-') || name.contains("--") {
        return fault("each `-` must stand between letters or digits");
    }
    // These name services of the template, or are reserved in wirings.
    if ["greeter", "visits", "client", "default", "bp", "test"].contains(&name) {
        return fault("the name is reserved");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bp_system::MemorySystem;

    use super::*;

    #[test]
    fn names_that_break_paths_or_packages_are_refused() {
        for bad in ["", "Demo", "my shop", "../x", "a/b", "-a", "a-", "a--b", "1a", "bp", "ä"] {
            assert_eq!(check_name("an application", bad).expect_err(bad).code.id, "BP6022");
        }
        for good in ["demo", "web-shop", "a1"] {
            assert_eq!(check_name("an application", good), Ok(()));
        }
    }

    #[test]
    fn an_application_is_written_whole_and_only_into_a_free_folder() {
        let system = MemorySystem::new();
        create_application(&system, &bp_build::builtin(), "web-shop", Utf8Path::new("web-shop"))
            .expect("free");
        let files = system.snapshot();
        let text = |path: &str| String::from_utf8_lossy(&files[Utf8Path::new(path)]).into_owned();
        assert!(text("/web-shop/tests/greetings.rs").contains("use web_shop_workflow::"));
        assert!(text("/web-shop/wiring/local.toml").contains("name = \"web-shop\""));
        // The editor's hint in each wiring names the schema beside it.
        assert!(text("/web-shop/wiring/local.toml").starts_with("#:schema ./bp.schema.json\n"));
        assert!(text("/web-shop/wiring/bp.schema.json").contains("draft-07"));
        assert!(files.contains_key(Utf8Path::new("/web-shop/vendor/bp/stdlib/std/Cargo.toml")));
        assert!(files.values().all(|b| !String::from_utf8_lossy(b).contains("@NAME@")));
        let again = create_application(
            &system,
            &bp_build::builtin(),
            "web-shop",
            Utf8Path::new("web-shop"),
        )
        .expect_err("taken");
        assert_eq!(again.code.id, "BP6017");
    }
}
