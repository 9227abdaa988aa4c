//! What `[target.sample]` says.

use bp_contract::setting::{Faults, Settings, Validate};

/// Writes a text file that lists the processes.
#[derive(Debug, Settings)]
#[settings(validate)]
pub(crate) struct SampleSettings {
    /// The file's first line; by default the application's name.
    #[setting(fixed, example = "\"Processes of the shop\"")]
    pub(crate) title: Option<String>,
}

impl Validate for SampleSettings {
    fn validate(&self, faults: &mut Faults) {
        let is_one_line =
            |title: &String| !title.trim().is_empty() && !title.contains(char::is_control);
        if !self.title.as_ref().is_none_or(is_one_line) {
            faults
                .at(Self::TITLE, "it is not one line of text")
                .help("write one line without control characters, or remove `title`")
                .code("title-is-not-one-line");
        }
    }
}
