//! JSON text for PostgreSQL, whose `numeric` keeps digits but does not tell integers from floats.

use std::fmt::Write as _;

use bp_backend::Json;

/// From here on no float equals an `i64`, so its digits need not be exact.
const BEYOND_INTEGERS: f64 = 9_223_372_036_854_775_808.0;

/// JSON text whose JSONB compares as the interface defines, and reads back as the same value.
///
/// A whole float is written with a fraction and all its digits: `1e16` would come back as an integer,
/// and its shortest digits (2⁶⁰ is `1.152921504606847e18`) are another number than itself, next to which integers would sort wrongly.
pub(crate) fn text(value: &Json) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Json, out: &mut String) {
    match value {
        Json::Float(number) if number.fract() == 0.0 && number.abs() < BEYOND_INTEGERS => {
            let _ = write!(out, "{number:.1}");
        }
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                comma(index, out);
                write(item, out);
            }
            out.push(']');
        }
        Json::Object(fields) => {
            out.push('{');
            for (index, (name, field)) in fields.iter().enumerate() {
                comma(index, out);
                write(&Json::String(name.clone()), out);
                out.push(':');
                write(field, out);
            }
            out.push('}');
        }
        scalar => {
            let _ = write!(out, "{scalar}");
        }
    }
}

fn comma(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_keep_their_value_and_their_kind() {
        for (number, expected) in [
            (1.0, "1.0"),
            (0.0, "0.0"),
            (-2.5, "-2.5"),
            (1e16, "10000000000000000.0"),
            (1_152_921_504_606_846_976.0, "1152921504606846976.0"),
            (1e300, "1e+300"),
        ] {
            let written = text(&Json::Float(number));
            assert_eq!(written, expected);
            assert_eq!(Json::parse(written.as_bytes()).unwrap(), Json::Float(number));
        }
        let mixed = Json::object([("a\"", Json::from(vec![Json::Int(1), Json::Null]))]);
        assert_eq!(text(&mixed), r#"{"a\"":[1,null]}"#);
    }
}
