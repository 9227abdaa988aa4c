//! What `true` and `false` stand for in the place of a table.

use crate::{Literal, Setting, SettingKind, variant_tag};

/// Whether `true` and `false` are values of a table's shorthand, so that they stand neither for its defaults nor for its absence.
pub fn is_switch(settings: &[Setting], shorthand: Option<&str>) -> bool {
    settings
        .iter()
        .any(|setting| Some(setting.name) == shorthand && setting.kind == SettingKind::Bool)
}

/// Whether a table may be left at its defaults, so that `true` can stand for it: no setting that then belongs to it is required.
pub fn has_defaults(settings: &[Setting]) -> bool {
    let word = match variant_tag(settings).map(|tag| tag.default) {
        Some(Some(Literal::Text(word))) => Some(word),
        _ => None,
    };
    let belongs = |setting: &&Setting| setting.when.is_none_or(|when| Some(when.word) == word);
    settings.iter().filter(belongs).all(|setting| match setting.kind {
        _ if setting.required => false,
        SettingKind::Table { settings, .. } => setting.optional || has_defaults(settings),
        _ => true,
    })
}
