//! Typed readers.

use std::time::Duration;

use bp_diag::Diagnostic;
use bp_wiring::{Bounds, Item, Reference, Typed};

use crate::setup::read_one;

/// The setting `x` of a service, written as `text`.
fn item(text: &str) -> Item {
    let (model, found, _) = read_one(format!(
        "app.name = \"a\"\napp.workflow = \"w\"\nservice.s = {{ impl = \"S\", x = {text} }}\n"
    ));
    assert!(found.is_empty(), "{found:?}");
    model.services["s"].settings.entries["x"].clone()
}

fn message<T: std::fmt::Debug>(result: Result<T, Diagnostic>) -> String {
    let diagnostic = result.unwrap_err();
    let label = diagnostic.labels.first().map_or("", |l| l.text.as_str());
    format!("{} | {label} | {}", diagnostic.message, diagnostic.help.join("; "))
}

#[test]
fn says_what_to_type() {
    let open = Bounds::open();
    assert_eq!(
        message(item("500").duration("timeout", &open)),
        "`timeout` must be a duration | this is an integer | write `timeout = \"500ms\"`"
    );
    assert_eq!(
        message(item("\"2 min\"").duration("timeout", &open)),
        "`timeout` has a bad unit: `2 min` | expected a number with one of `us`, `ms`, `s`, `m`, `h` | write `timeout = \"2m\"`"
    );
    assert_eq!(
        message(item("\"500\"").duration("timeout", &open)),
        "`timeout` has a bad unit: `500` | expected a number with one of `us`, `ms`, `s`, `m`, `h` | write `timeout = \"500ms\"`"
    );
    let bounds = Bounds::between(Duration::from_millis(1), Duration::from_hours(1));
    assert_eq!(
        message(item("\"2h\"").duration("timeout", &bounds)),
        "`timeout` is out of bounds: \"2h\" | must be between \"1ms\" and \"1h\" | "
    );
    assert_eq!(
        message(item("\"4mb\"").size("max_message", &Bounds::open())),
        "`max_message` has a bad unit: `4mb` | expected a number with one of `B`, `KiB`, `MiB`, `GiB`, `TiB` | write `max_message = \"4MiB\"`"
    );
    assert_eq!(
        message(item("\"10%\"").ratio("budget")),
        "`budget` must be a number from 0 to 1 | this is a string | write `budget = 0.1`"
    );
    assert_eq!(
        message(item("1.5").ratio("budget")),
        "`budget` is out of bounds: 1.5 | must be between 0 and 1 | "
    );
    assert_eq!(
        message(item("-1").count("attempts", &Bounds::open())),
        "`attempts` is out of bounds: -1 | must be at least 0 | "
    );
    assert_eq!(
        message(item("\"3\"").count("attempts", &Bounds::open())),
        "`attempts` must be a whole number | this is a string | write `attempts = 3`"
    );
    assert_eq!(
        message(item("\"true\"").boolean("tls")),
        "`tls` must be `true` or `false` | this is a string | write `tls = true`"
    );
    assert_eq!(
        message(item("3").string("path")),
        "`path` must be a string | this is an integer | write `path = \"3\"`"
    );
    assert_eq!(
        message(item("\"gradient\"").choice("algorithm", &["gradient2", "fixed"])),
        "`gradient` is not a choice for `algorithm` | expected `gradient2` or `fixed` | did you mean `gradient2`?"
    );
    assert!(
        message(item("\"hunter2\"").secret("password"))
            .starts_with("`password` is a secret and must not be written here")
    );
    assert_eq!(
        message(item("\"a\"").list("hosts").map(<[_]>::len)),
        "`hosts` must be an array | this is a string | write `hosts = [\"a\"]`"
    );
}

#[test]
fn reads_what_is_right() {
    assert_eq!(item("1").ratio("x"), Ok(Typed::Value(1.0)));
    assert_eq!(item("3").count("x", &Bounds::open()), Ok(Typed::Value(3)));
    assert_eq!(
        item("18446744073709551615").count("x", &Bounds::open()),
        Ok(Typed::Value(u64::MAX))
    );
    assert_eq!(item("true").boolean("x"), Ok(Typed::Value(true)));
    assert_eq!(item("\"a\"").choice("x", &["a"]), Ok(Typed::Value("a".to_owned())));
    let reference = Reference::Env("PASSWORD".to_owned());
    assert_eq!(item("{ env = \"PASSWORD\" }").secret("x"), Ok(reference.clone()));
    assert_eq!(
        item("{ env = \"PASSWORD\" }").duration("x", &Bounds::open()),
        Ok(Typed::Reference(reference))
    );
}
