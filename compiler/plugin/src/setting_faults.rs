//! What is wrong with declared settings, for tests.

use crate::read::literal_value;
use crate::variant::check_variants;
use crate::{Setting, SettingKind};

/// Notes what is wrong with declared settings.
pub(crate) fn check_declarations(
    path: &str,
    settings: &[Setting],
    shorthand: Option<&str>,
    faults: &mut Vec<String>,
) {
    if let Some(name) = shorthand.filter(|name| !settings.iter().any(|s| s.name == *name)) {
        faults.push(format!("{path}: the shorthand `{name}` is not a setting"));
    }
    check_variants(path, settings, faults);
    for setting in settings {
        let path = format!("{path}.{}", setting.name);
        let (kind, bounded) = (&setting.kind, setting.kind.bounded());
        let literals = [(kind, setting.default), (bounded, setting.min), (bounded, setting.max)];
        for (kind, literal) in literals {
            let Some(literal) = literal else { continue };
            if literal_value(kind, literal).is_none() {
                faults.push(format!("{path}: expected {}, found {literal:?}", kind.expected()));
            }
        }
        if let Some(other) = setting.excludes.filter(|o| !settings.iter().any(|s| s.name == *o)) {
            faults.push(format!("{path}: `{other}`, which it excludes, is not a setting"));
        }
        if setting.excludes.is_some() && setting.tunable {
            faults.push(format!(
                "{path}: what may change while it runs cannot exclude another setting"
            ));
        }
        if setting.pattern.is_some() && setting.kind != SettingKind::Text {
            faults.push(format!("{path}: only a text can match a pattern"));
        }
        if setting.doc.is_empty() {
            faults.push(format!("{path}: no documentation"));
        }
        if let Some(old) =
            setting.renamed_from.filter(|old| settings.iter().any(|s| s.name == *old))
        {
            faults.push(format!("{path}: `{old}`, its old name, is a setting"));
        }
        if let SettingKind::Table { settings, shorthand } = setting.kind {
            check_declarations(&path, settings, shorthand, faults);
        }
    }
}

/// Notes settings that may be references, although only the compiler reads them.
pub(crate) fn check_fixed(path: &str, settings: &[Setting], faults: &mut Vec<String>) {
    for setting in settings {
        let path = format!("{path}.{}", setting.name);
        match setting.kind {
            SettingKind::Table { settings, .. } => check_fixed(&path, settings, faults),
            _ if setting.fixed => {}
            _ => faults.push(format!(
                "{path}: only a running process reads references, so it must be `fixed`"
            )),
        }
    }
}

/// Notes patterns of settings that nothing checks: `bp` gives them to editors and does not match them itself.
pub(crate) fn check_patterns(path: &str, settings: &[Setting], faults: &mut Vec<String>) {
    for setting in settings {
        let path = format!("{path}.{}", setting.name);
        if setting.pattern.is_some() {
            faults.push(format!("{path}: no rule and no check refuses what breaks its pattern"));
        }
        if let SettingKind::Table { settings, .. } = setting.kind {
            check_patterns(&path, settings, faults);
        }
    }
}

pub(crate) fn check_no_exclusions(path: &str, settings: &[Setting], faults: &mut Vec<String>) {
    for setting in settings {
        let path = format!("{path}.{}", setting.name);
        if setting.excludes.is_some() {
            faults.push(format!(
                "{path}: only wrappers, tables and keys can have settings that exclude others"
            ));
        }
        if let SettingKind::Table { settings, .. } = setting.kind {
            check_no_exclusions(&path, settings, faults);
        }
    }
}
