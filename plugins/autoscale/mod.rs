//! The compile half of `autoscale`: more replicas of a process under load.

#[cfg(test)]
mod tests;

use bp_contract::setting::{Ratio, Settings};
use bp_plugin::plan::Replicas;
use bp_plugin::{CheckContext, Feature, FillContext, OwnedTable, Plugin, TablePlace, table};

/// The plugin and its key.
const NAME: &str = "autoscale";

pub(crate) static PLUGIN: Plugin = table(NAME, "Adds replicas of a process under load.")
    .tables(&[KEY])
    .check_entries(&[(NAME, check)])
    .fill(fill)
    .about(include_str!("README.md"))
    .needs(&["more replicas while there is more to do"])
    .declare();

const KEY: OwnedTable =
    OwnedTable::key::<AutoscaleSettings>(TablePlace::Process, NAME, "autoscaling")
        .feature(Feature::Autoscale);

/// How many replicas run under load, if the target can scale; at least `replicas`.
#[derive(Debug, Settings)]
#[settings(shorthand = "max")]
struct AutoscaleSettings {
    /// The greatest number of replicas.
    #[setting(range = 1..=1000, fixed, example = "10")]
    max: u32,
    /// Share of the granted CPU above which replicas are added.
    #[setting(default = 0.7, range = 0.01..=1.0, fixed, example = "0.7")]
    cpu: Ratio,
}

/// Reports a range that is empty.
fn check(cx: &mut CheckContext<'_>) {
    let (Some(scale), Some(replicas)) = (cx.read::<AutoscaleSettings>(), cx.neighbours.replicas)
    else {
        return;
    };
    if scale.max < replicas {
        cx.complain(
            AutoscaleSettings::MAX.name(),
            format!("`max` is {}, but `replicas` is {replicas}", scale.max),
            "raise `max` or lower `replicas`",
        );
    }
}

/// Lets the replicas of each process that has the key vary.
fn fill(cx: &mut FillContext<'_>) {
    for (process, scale) in cx.entries::<AutoscaleSettings>(NAME) {
        if let Some(process) = cx.plan.processes.get_mut(&process) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a ratio")]
            let cpu_percent = (scale.cpu.get() * 100.0).round() as u32;
            let least = process.replicas.least();
            process.replicas = Replicas::Between { least, most: scale.max, cpu_percent };
        }
    }
}
