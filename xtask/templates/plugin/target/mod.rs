//! The `sample` target: one text file that lists the processes.

mod listing;
mod settings;

use bp_plugin::{ArtifactContext, Feature, Plugin, PluginCode, target};

use settings::SampleSettings;

// It starts nothing, so whatever the plan asks for can be listed.
pub(crate) static PLUGIN: Plugin = target::<SampleSettings>("sample", &Feature::ALL)
    .codes(&[TITLE_IS_NOT_ONE_LINE])
    .about(include_str!("README.md"))
    .needs(&["to see in one file which processes there are"])
    .artifacts(&[(LISTING, "every process, its replicas and its instances")], write)
    .declare();

const TITLE_IS_NOT_ONE_LINE: PluginCode = PluginCode::new(
    "title-is-not-one-line",
    "a title that is not one line of text",
    include_str!("errors/title-is-not-one-line.md"),
);

const LISTING: &str = "sample/processes.txt";

fn write(cx: &mut ArtifactContext<'_>) {
    let Some(settings) = cx.target_settings::<SampleSettings>() else { return };
    let title = settings.title.as_deref().unwrap_or(&cx.plan.app.name);
    let text = listing::write_listing(cx.plan, title);
    cx.insert(LISTING, "", Ok(text));
}

#[cfg(test)]
mod tests;
