//! The Cargo workspace of an application: one binary, and one test binary for each test file, for every wiring.

mod app;
mod cargo;
mod crates;
mod instances;
mod interface;
mod names;
mod packages;
mod tests_dir;

#[cfg(test)]
mod fixpoint;

use std::collections::BTreeMap;

use bp_diag::Diagnostics;
use bp_plan::Plan;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use self::crates::CrateNames;
use crate::carried::PackageSource;
use crate::{Artifacts, Origin};

pub use packages::app_package;

/// What the emitter needs beside the plan, from files that the build read.
#[derive(Debug, Clone, Default)]
pub struct RustInput {
    /// From the generated workspace's app member to the application's root, `../../../..`.
    pub to_root: String,
    /// From the application's root to the runtime's, `vendor/bp`; `None` when the runtime is a published version.
    pub runtime: Option<String>,
    /// File stems of the application's `tests/*.rs`, sorted.
    pub tests: Vec<String>,
    /// Packages that plugins carry and that are written beside the app: the files of each by path.
    ///
    /// They are the runtime halves that the runtime does not hold, and what those depend on.
    pub carried: BTreeMap<String, BTreeMap<String, String>>,
    /// Where the application has packages that carried ones may depend on; a folder is relative to the application's root.
    pub packages: BTreeMap<String, PackageSource>,
    /// The text of the application's `Cargo.lock`, if it has one.
    pub lock: Option<String>,
    /// The plugin that these files are attributed to, by id.
    pub origin: String,
}

/// The Rust half of the output, below `rust/`; `run_plan` is the text that [`crate::run_plan`] made of the plan.
pub fn emit_rust(plan: &Plan, run_plan: &str, input: &RustInput) -> (Artifacts, Diagnostics) {
    let mut out = Artifacts::new();
    let mut faults = Diagnostics::new();
    let origin = |key: &str| Origin::new(input.origin.clone(), key);
    let mut add = |path: String, text: String, key: &str| {
        if let Err(fault) = out.insert(path, text, origin(key)) {
            faults.push(fault);
        }
    };
    let modules = names::name_interface_modules(plan);
    let crates = CrateNames::new(plan);
    // A file depends on its interface alone, so the files are made in parallel and collected in order.
    let interfaces: Vec<_> = modules
        .iter()
        .filter_map(|(path, module)| Some((*path, module, plan.interfaces.get(*path)?)))
        .collect();
    let texts: Vec<String> =
        interfaces.par_iter().map(|(_, _, i)| interface::emit(i, &crates)).collect();
    for ((path, module, _), text) in interfaces.iter().zip(texts) {
        add(format!("rust/app/src/interfaces/{module}.rs"), text, path);
    }
    add("rust/app/src/interfaces/mod.rs".into(), interface::emit_index(&modules), "");
    add("rust/app/src/instances.rs".into(), instances::emit(plan, &crates), "");
    add("rust/app/src/lib.rs".into(), app::emit_lib(plan, &modules, &crates), "");
    add("rust/app/src/main.rs".into(), app::emit_main(plan), "");
    add("rust/app/plan.json".into(), run_plan.to_owned(), "");
    for test in &input.tests {
        add(format!("rust/app/tests/{test}.rs"), tests_dir::emit(plan, input, test), "");
    }
    add("rust/Cargo.toml".into(), cargo::emit_workspace_manifest(), "");
    add("rust/app/Cargo.toml".into(), cargo::emit_member_manifest(plan, input, &crates), "");
    for (package, files) in &input.carried {
        for (path, text) in files {
            let text = match path.as_str() {
                "Cargo.toml" => cargo::rewrite_manifest(text, input),
                _ => text.clone(),
            };
            add(format!("rust/{package}/{path}"), text, package);
        }
    }
    if let Some(lock) =
        input.lock.as_deref().and_then(|text| cargo::emit_lock(plan, input, &crates, text))
        && let Err(fault) = out.insert_shared("rust/Cargo.lock", lock, origin(""))
    {
        faults.push(fault);
    }
    (out, faults)
}
