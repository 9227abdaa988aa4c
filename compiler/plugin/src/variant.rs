//! Tables of which one setting chooses a variant.

use std::collections::BTreeMap;

use crate::{Setting, SettingKind};

/// The setting that chooses the variant of a table; `None` if the table has no variants.
pub fn variant_tag(settings: &[Setting]) -> Option<&Setting> {
    let tag = settings.iter().find_map(|setting| setting.when)?.tag;
    settings.iter().find(|setting| setting.name == tag && setting.when.is_none())
}

/// The settings of a table without the tag, for each word of its tag; a table without variants has one form without a word.
pub fn variant_forms(settings: &[Setting]) -> Vec<(Option<&'static str>, Vec<Setting>)> {
    let Some(SettingKind::OneOf(words)) = variant_tag(settings).map(|tag| tag.kind) else {
        return vec![(None, settings.to_vec())];
    };
    let form = |word: &'static str| {
        let belongs = |setting: &&Setting| setting.when.is_none_or(|when| when.word == word);
        (Some(word), settings.iter().filter(belongs).copied().collect())
    };
    words.iter().map(|word| form(word)).collect()
}

/// Notes what is wrong with the variants of a table.
pub(crate) fn check_variants(path: &str, settings: &[Setting], faults: &mut Vec<String>) {
    let mut seen: BTreeMap<&str, Setting> = BTreeMap::new();
    let tag = variant_tag(settings);
    for setting in settings {
        if let Some(when) = setting.when {
            match tag {
                Some(tag) if tag.name == when.tag => {
                    let known =
                        matches!(tag.kind, SettingKind::OneOf(words) if words.contains(&when.word));
                    if !known {
                        faults.push(format!(
                            "{path}.{}: `{}` is not a word of `{}`",
                            setting.name, when.word, when.tag
                        ));
                    }
                }
                Some(tag) => faults.push(format!(
                    "{path}: `{}` and `{}` both choose a variant",
                    tag.name, when.tag
                )),
                None => faults.push(format!("{path}: the tag `{}` is not a setting", when.tag)),
            }
        }
        let Some(first) = seen.get(setting.name) else {
            seen.insert(setting.name, *setting);
            continue;
        };
        if first.when == setting.when || first.when.is_none() || setting.when.is_none() {
            faults.push(format!("{path}.{}: declared twice", setting.name));
        } else if !is_same_at_run_time(first, setting) {
            // A run plan says once what a name takes.
            faults.push(format!(
                "{path}.{}: the variants declare it with different types, bounds or tunability",
                setting.name
            ));
        }
    }
}

/// Whether two declarations differ in nothing but their variant, documentation, example, default, and whether they are required.
fn is_same_at_run_time(left: &Setting, right: &Setting) -> bool {
    let plain = |setting: &Setting| Setting {
        when: None,
        doc: "",
        example: "",
        default: None,
        required: false,
        ..*setting
    };
    plain(left) == plain(right)
}
