//! Secrets, which Compose knows by keys of a few characters, and reads from files.

use std::collections::{BTreeMap, BTreeSet};

/// A key for every secret: the name with `.` for `/`, and a number behind where two would be one.
pub(crate) fn keys<'a>(names: &BTreeSet<&'a str>) -> BTreeMap<&'a str, String> {
    let mut taken = BTreeSet::new();
    names
        .iter()
        .map(|name| {
            let plain = name.replace('/', ".");
            let mut key = plain.clone();
            let mut number = 1;
            while !taken.insert(key.clone()) {
                number += 1;
                key = format!("{plain}-{number}");
            }
            (*name, key)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_never_become_one_key() {
        let names = BTreeSet::from(["a.b", "a/b", "a.b-2"]);
        let keys: BTreeSet<String> = keys(&names).into_values().collect();
        assert_eq!(keys.len(), 3);
    }
}
