//! Names of collections and indexes; the compiler reads this file too, so that it refuses what every store refuses.

/// Longest collection or index name in bytes; leaves room for a prefix in PostgreSQL's 63.
pub(crate) const MAX_NAME_BYTES: usize = 48;

/// Whether it can name a collection or an index; names that differ only in case are two names.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(is_in_name)
        && name.len() <= MAX_NAME_BYTES
}

fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Suggests a valid name: `my orders` → `my_orders`.
pub(crate) fn proper_name(name: &str) -> String {
    let letter = |c: char| if is_in_name(c) { c } else { '_' };
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let proper: String = name.chars().map(letter).take(MAX_NAME_BYTES).collect();
    if proper.is_empty() { "things".to_owned() } else { proper }
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAME_BYTES, is_name, proper_name};

    #[test]
    fn what_is_no_name_becomes_one() {
        for name in ["Orders", "orders", "a", "userProfiles_2", "user-profiles"] {
            assert!(is_name(name), "{name}");
            assert_eq!(proper_name(name), name);
        }
        let long = "x".repeat(MAX_NAME_BYTES + 1);
        for name in ["", "1a", "_a", "-", "a b", "a.b", "größe", "ß", "a\0", &long] {
            assert!(!is_name(name), "{name}");
            assert!(is_name(&proper_name(name)), "{name}");
        }
    }
}
