//! Names of objects, and of keys in them, that no two things may share.

use std::collections::BTreeSet;

use bp_plugin::deploy::{References, check as check_outside, host, workloads};
use bp_plugin::{NameSource, OutputName, Plan, PlanContext};

use crate::kubernetes::labels::given;
use crate::kubernetes::settings::KubernetesSettings;

/// Reports what the manifests cannot express, and names that two objects would have.
pub(crate) fn check(cx: &mut PlanContext<'_>, settings: &KubernetesSettings) {
    let references = References::of(cx.plan);
    check_outside(cx, &references);
    for (kind, names) in name_objects(cx.plan, settings, &references) {
        cx.report_clashes(kind, names);
    }
    // A file whose path is written in two ways was reported already.
    let mut mounted = BTreeSet::new();
    let files = references.files.iter().filter(|path| mounted.insert(References::mount(path)));
    let keys = files.map(|path| OutputName::new(References::key(path), NameSource::File(path)));
    cx.report_clashes("key of a ConfigMap", keys);
    for path in references.files.iter().filter(|path| !is_key(&References::key(path))) {
        cx.complain(
            &NameSource::File(path),
            &format!("`{}` cannot be the key of a ConfigMap", path.escape_debug()),
            "give the file a path of letters, digits, `.`, `_`, `-` and `/` below the application's folder, at most 253 characters long",
        );
    }
}

/// The names of objects, by kind, for kinds in which an object may have another name than its owner.
///
/// A Service, an identity, a workload, a budget and so on for each process, init and store have the owner's host name, and host names are distinct.
pub(crate) fn name_objects<'a>(
    plan: &'a Plan,
    settings: &KubernetesSettings,
    references: &References,
) -> [(&'static str, Vec<OutputName<'a>>); 3] {
    let app = &plan.app.name;
    let own = || workloads(plan).map(|(name, of)| OutputName::new(host(name), of));
    let entries = plan.listeners.values().filter(|listener| listener.entry).map(|listener| {
        let process = &listener.process;
        OutputName::part(entry(&host(process)), "the entry of", NameSource::Process(process))
    });
    let maps = [
        ("environment", "the map of variables", true),
        ("overrides", "the map of overrides", settings.overrides),
        ("files", "the map of files", !references.files.is_empty()),
    ];
    let maps = maps.into_iter().filter(|(.., used)| *used);
    let maps =
        maps.map(|(what, words, _)| OutputName::new(given(app, what), NameSource::Own(words)));
    let denial = OutputName::new(
        given(app, DENIAL),
        NameSource::Own("the policy that denies all other calls"),
    );
    [
        ("Service", own().chain(entries).collect()),
        ("ConfigMap", own().chain(maps).collect()),
        ("NetworkPolicy", own().chain([denial]).collect()),
    ]
}

/// The name of the NetworkPolicy that denies everything else, after the application's name.
pub(crate) const DENIAL: &str = "default-deny";

/// The Service through which the outside world calls a process.
pub(crate) fn entry(host: &str) -> String {
    format!("{host}-entry")
}

/// Whether a ConfigMap takes a key: <https://kubernetes.io/docs/concepts/configuration/configmap/>.
fn is_key(key: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (1..=253).contains(&key.len()) && key.bytes().all(plain) && key != "." && !key.starts_with("..")
}
