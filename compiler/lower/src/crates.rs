//! Packages of the application whose names are those of crates that the generated program links too.

use bp_diag::Span;
use bp_diag::catalog::binding as codes;
use bp_plugin::{Declarations, Kind, PassContext, emit};
use bp_wiring::RuntimeSource;

/// Rust's standard library: generated Rust has paths into it, so no crate of a workflow may have its name.
const STANDARD: &str = "std";

/// A crate that generated programs link, and its owner.
struct LinkedCrate {
    package: String,
    /// Below the runtime's root; nothing for what is carried in the generated workspace.
    folder: Option<String>,
    owner: String,
    /// Whether it is an interface's crate too: then it is linked from where the workflow has it.
    of_interface: bool,
}

/// Reports each package that cargo would confuse with one of ours; crates that only rustc would confuse are renamed in generated Rust.
pub(crate) fn check(cx: &mut PassContext<'_>) {
    let linked = collect_linked(cx);
    let runtime: Option<Span> = cx.wiring.app.runtime.as_ref().map(|runtime| match runtime {
        RuntimeSource::Path(path) => path.span,
        RuntimeSource::Version(version) => version.span,
    });
    for krate in &cx.workflow.crates {
        let library = krate.name.as_str();
        if library == STANDARD {
            let owner = "Rust's standard library";
            cx.diagnostics.push(codes::crate_name_taken(krate.name_span, library, owner, None));
            continue;
        }
        let itself = |l: &&LinkedCrate| {
            l.of_interface || l.folder.as_ref().is_some_and(|folder| krate.dir.ends_with(folder))
        };
        let by_package = linked.iter().find(|l| l.package == krate.package);
        // Paths into the runtime's own crates are known by their first part.
        let by_library = emit::RUNTIME.iter().find_map(|(package, _)| {
            let taken = package.replace('-', "_") == library;
            linked.iter().find(|l| taken && l.package == *package)
        });
        if let Some(other) = by_package.filter(|l| !itself(l)) {
            let (span, name) = (krate.package_span, &krate.package);
            cx.diagnostics.push(codes::crate_name_taken(span, name, &other.owner, runtime));
        } else if let Some(other) = by_library.filter(|l| !itself(l)) {
            let fault = codes::crate_name_taken(krate.name_span, library, &other.owner, runtime);
            cx.diagnostics.push(fault);
        }
    }
}

fn collect_linked(cx: &PassContext<'_>) -> Vec<LinkedCrate> {
    let own = emit::RUNTIME.iter().map(|(package, folder)| LinkedCrate {
        package: (*package).to_owned(),
        folder: Some((*folder).to_owned()),
        owner: format!("a crate of the runtime, in its folder `{folder}`"),
        of_interface: false,
    });
    let plugins = cx.declarations.iter().filter_map(|plugin| {
        let runtime = plugin.runtime_crate()?;
        let folder = plugin.carried().is_none().then_some(runtime.folder);
        let owner = format!("the runtime half of the plugin `{}`", plugin.id);
        let of_interface = folder.is_none() && is_of_interface(cx.declarations, &runtime.package);
        Some(LinkedCrate { package: runtime.package, folder, owner, of_interface })
    });
    own.chain(plugins).collect()
}

/// Whether a package declares an interface: one crate may hold a trait and a store that offers it.
fn is_of_interface(declarations: &Declarations, package: &str) -> bool {
    declarations.iter().any(|plugin| {
        let Kind::Interface { path, .. } = plugin.kind else { return false };
        let carried = plugin.carried().is_some_and(|carried| carried.name == package);
        carried || path.split("::").next() == Some(package.replace('-', "_").as_str())
    })
}
