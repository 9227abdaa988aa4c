//! A name as a segment of a URL's path; the compile half reads this file too, so that the document and the paths cannot differ.

/// `größe` → `gr%C3%B6%C3%9Fe`, as clients send it; the names of most methods stay as they are.
pub(crate) fn encode(name: &str) -> String {
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            segment.push('%');
            for digit in [byte >> 4, byte & 15] {
                segment.extend(char::from_digit(digit.into(), 16).map(|d| d.to_ascii_uppercase()));
            }
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn only_what_a_path_cannot_hold_is_encoded() {
        assert_eq!(encode("list_v2"), "list_v2");
        assert_eq!(encode("größe"), "gr%C3%B6%C3%9Fe");
        assert_eq!(encode("高さ"), "%E9%AB%98%E3%81%95");
    }
}
