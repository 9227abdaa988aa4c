//! What declared meanings of settings must fit.

use std::collections::BTreeSet;

use bp_contract::setting::SettingType;
use bp_plan::Meaning;

use crate::Declaration;

/// Notes meanings whose path is not a setting, or a setting of another type, and meanings that two settings have.
pub(crate) fn check_meanings(plugin: &Declaration, faults: &mut Vec<String>) {
    let id = plugin.id;
    let settings = plugin.plan().settings;
    let mut known = BTreeSet::new();
    for (meaning, path) in plugin.means {
        if !known.insert(*meaning) {
            faults.push(format!("{id}: two settings mean {meaning:?}"));
        }
        match settings.get(*path) {
            None => {
                faults.push(format!("{id}: `{path}`, which means {meaning:?}, is not a setting"));
            }
            Some(setting) if setting.kind != type_of(*meaning) => {
                faults.push(format!(
                    "{id}.{path}: it means {meaning:?}, so it must be a {:?}",
                    type_of(*meaning)
                ));
            }
            Some(_) => {}
        }
    }
}

/// The type of a setting that means this.
const fn type_of(meaning: Meaning) -> SettingType {
    match meaning {
        Meaning::Attempts => SettingType::Count,
        Meaning::Deadline => SettingType::Duration,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bp_contract::setting::Settings;

    use crate::{ClientSlot, Meaning, Plugin, Registry, wrapper};

    /// Waits, and sends again.
    #[derive(Settings)]
    struct Patient {
        /// How often.
        #[setting(default = 2)]
        copies: u32,
        /// How it waits.
        wait: Wait,
    }

    #[derive(Settings)]
    struct Wait {
        /// How long.
        #[setting(default = "1s")]
        most: Duration,
    }

    #[test]
    fn a_meaning_is_of_a_setting_of_its_type() {
        static SOUND: Plugin = wrapper::<Patient>("sound")
            .client(ClientSlot::Cap)
            .means(&[(Meaning::Attempts, Patient::COPIES.name()), (Meaning::Deadline, "wait.most")])
            .declare();
        static FAULTY: Plugin = wrapper::<Patient>("faulty")
            .client(ClientSlot::Cap)
            .means(&[
                (Meaning::Attempts, "wait.most"),
                (Meaning::Deadline, "most"),
                (Meaning::Attempts, "copies"),
            ])
            .declare();
        assert_eq!(
            Registry::new([&SOUND, &FAULTY]).faults(),
            [
                "faulty.wait.most: it means Attempts, so it must be a Count",
                "faulty: `most`, which means Deadline, is not a setting",
                "faulty: two settings mean Attempts",
            ]
        );
    }
}
