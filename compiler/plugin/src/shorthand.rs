//! What `true` and `false` stand for in the place of a table.

use crate::{Setting, SettingKind};

/// Whether `true` and `false` are values of a table's shorthand, so that they stand neither for its defaults nor for its absence.
pub fn is_switch(settings: &[Setting], shorthand: Option<&str>) -> bool {
    settings
        .iter()
        .any(|setting| Some(setting.name) == shorthand && setting.kind == SettingKind::Bool)
}
