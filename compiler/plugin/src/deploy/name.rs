//! Names that engines accept.

/// The host of a process or a store: its name with `-`, a DNS label, since names are of `a-z0-9_-` and at most 40 long.
///
/// `_` and `-` are the same in wiring, so two names never become one host.
pub fn host(name: &str) -> String {
    name.replace('_', "-")
}

/// Whether a text is a DNS label: at most 63 of `a-z0-9-`, with a letter or digit at both ends.
pub fn is_dns_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}
