//! Declared settings as the plan holds them.

use std::collections::BTreeMap;

use bp_contract::setting::{SettingPlan, WhenPlan};

use crate::{Setting, SettingKind};

pub(crate) fn describe_settings(
    prefix: &str,
    settings: &[Setting],
    out: &mut BTreeMap<String, SettingPlan>,
) {
    for setting in settings {
        let path = if prefix.is_empty() {
            setting.name.to_owned()
        } else {
            format!("{prefix}.{}", setting.name)
        };
        let mut plan = SettingPlan {
            kind: setting.kind.value_type(),
            tunable: setting.tunable,
            min: setting.min.map(|literal| literal.to_string()),
            max: setting.max.map(|literal| literal.to_string()),
            words: Vec::new(),
            shorthand: None,
            secret: setting.secret,
            when: setting.when.map(|when| WhenPlan {
                tag: when.tag.to_owned(),
                words: vec![when.word.to_owned()],
            }),
        };
        match setting.kind {
            SettingKind::OneOf(words) => {
                plan.words = words.iter().map(|w| (*w).to_owned()).collect();
            }
            SettingKind::Table { settings, shorthand } => {
                plan.shorthand = shorthand.map(str::to_owned);
                describe_settings(&path, settings, out);
            }
            _ => {}
        }
        // The variants that have a setting declare it alike.
        let before = out.get(&path).and_then(|same| same.when.clone());
        if let (Some(when), Some(before)) = (&mut plan.when, before) {
            when.words.splice(0..0, before.words);
        }
        out.insert(path, plan);
    }
}
