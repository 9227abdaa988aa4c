//! The code of an application error; the compiler reads this file too, so that a document and an answer cannot differ.

/// `NoSuchItem` → `no_such_item`, `IOError` → `io_error`.
pub(crate) fn error_code(variant: &str) -> String {
    let chars: Vec<char> = variant.chars().collect();
    let mut snake = String::new();
    for (index, char) in chars.iter().enumerate() {
        let previous = index.checked_sub(1).and_then(|index| chars.get(index));
        let starts = char.is_uppercase()
            && previous.is_some_and(|previous| {
                let next_is_lower = chars.get(index + 1).is_some_and(|next| next.is_lowercase());
                *previous != '_' && (!previous.is_uppercase() || next_is_lower)
            });
        if starts {
            snake.push('_');
        }
        snake.extend(char.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::error_code;

    #[test]
    fn codes_are_snake_case() {
        let cases = [
            ("NoSuchItem", "no_such_item"),
            ("IOError", "io_error"),
            ("Http2Failed", "http2_failed"),
            ("A", "a"),
            ("Already_Snake", "already_snake"),
            ("ABTest", "ab_test"),
        ];
        for (name, code) in cases {
            assert_eq!(error_code(name), code);
        }
    }
}
