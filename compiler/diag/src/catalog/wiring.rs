//! Codes 2xxx: wiring text.

use crate::{Applicability, Diagnostic, Edit, Severity, Span, nearest};

codes! {
    BP2001 "a file cannot be read";
    BP2002 "a file is not UTF-8";
    BP2003 "a file contains a control character";
    BP2004 "brackets or keys are nested too deep";
    BP2005 "a file is too large";
    BP2006 "the text is not TOML";
    BP2007 "a key has no value";
    BP2008 "a value needs quotes";
    BP2009 "a key needs quotes";
    BP2010 "a string is not closed";
    BP2011 "a bracket is not closed";
    BP2012 "a key is set twice";
    BP2013 "a table in braces cannot be extended";
    BP2020 "the file to extend cannot be read";
    BP2021 "files extend each other in a circle";
    BP2030 "unknown table";
    BP2031 "unknown key";
    BP2032 "a value has the wrong shape";
    BP2033 "a key is missing";
    BP2034 "a table below the header of another";
    BP2035 "not supported yet";
    BP2036 "a name is no longer used";
    BP2040 "a name is not usable";
    BP2041 "a name is reserved";
    BP2042 "a name is taken";
    BP2043 "a removed instance is used";
    BP2044 "not a path to a Rust type";
    BP2050 "a selector is malformed";
    BP2051 "`client` is in the wrong place";
    BP2052 "two selectors conflict";
    BP2053 "a selector matches nothing";
    BP2054 "a selector has no effect";
    BP2055 "an edge does not take a key";
    BP2056 "a key cannot be set for single methods";
    BP2060 "two processes claim a service";
    BP2061 "a process is left empty";
    BP2062 "a claim names no service";
    BP2070 "a value has the wrong type";
    BP2071 "a value has a bad unit";
    BP2072 "a value is out of bounds";
    BP2073 "a value is not one of the choices";
    BP2074 "a literal is written where a secret belongs";
    BP2075 "a reference is malformed";
    BP2076 "a reference is written where `bp` needs the value";
    BP2080 "a smoke call is malformed";
    BP2081 "an init is malformed";
    BP2082 "an init's service is used elsewhere";
}

/// Those after which a part of a wiring is unknown.
pub(super) const UNREAD: &[crate::Code] =
    &[BP2001, BP2002, BP2004, BP2005, BP2006, BP2009, BP2010, BP2011, BP2020, BP2021];

/// `path` cannot be read because of `reason`.
pub fn unreadable_file(path: &str, reason: &str) -> Diagnostic {
    Diagnostic::error(BP2001, format!("cannot read `{path}`: {reason}"))
        .help("name a wiring file, such as `wiring/local.toml`")
}

/// The bytes from `offset` on are not UTF-8; `span` is their place in the text shown.
pub fn not_utf8(span: Span, offset: usize) -> Diagnostic {
    Diagnostic::error(BP2002, "the file is not UTF-8")
        .at(span, format!("byte {offset} is not part of a character"))
        .help("save the file as UTF-8; TOML has no other encoding")
}

/// A control character, such as a NUL byte.
pub fn control_character(span: Span, c: char) -> Diagnostic {
    let what = if c == '\0' {
        "a NUL byte".to_owned()
    } else {
        format!("the control character U+{:04X}", u32::from(c))
    };
    Diagnostic::error(BP2003, format!("the file contains {what}"))
        .at(span, "here")
        .help("remove it; inside a string write `\\u0000` with its number")
}

/// Brackets, or the parts of a dotted key, nest deeper than `limit`.
pub fn nested_too_deep(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(BP2004, format!("nested deeper than {limit} levels"))
        .at(span, format!("level {} starts here", limit + 1))
        .help("no setting needs so many levels; a bracket before this place is probably not closed")
}

/// The file has `bytes`, more than `limit`.
pub fn file_too_large(path: &str, bytes: usize, limit: usize) -> Diagnostic {
    Diagnostic::error(BP2005, format!("`{path}` has {bytes} bytes, more than the limit of {limit}"))
        .help("split the wiring with `extends`, or check that this is the file you mean")
}

/// Text that is not TOML, for a reason that has no code of its own.
pub fn bad_toml(span: Span, why: &str) -> Diagnostic {
    Diagnostic::error(BP2006, "this is not TOML").at(span, why.to_owned())
}

/// A statement is written as in another language; `fix`, which can mean nothing else, replaces `span`.
pub fn not_toml_but(span: Span, why: &str, help: &str, fix: Option<&str>) -> Diagnostic {
    let diagnostic = bad_toml(span, why).help(help);
    match fix {
        Some(text) => {
            diagnostic.fix(Applicability::Sure, vec![Edit { span, text: text.to_owned() }])
        }
        None => diagnostic,
    }
}

/// `key` stands without a value.
pub fn missing_value(span: Span, key: &str) -> Diagnostic {
    Diagnostic::error(BP2007, format!("`{key}` has no value"))
        .at(span, "a value is missing here")
        .help(format!("write `{key} = \"…\"`, or remove the line"))
}

/// `text` is written without quotes.
pub fn unquoted_value(span: Span, text: &str) -> Diagnostic {
    Diagnostic::error(BP2008, format!("`{text}` needs quotes"))
        .at(span, "a string without quotes")
        .help(format!("write `\"{text}\"`"))
        .fix(Applicability::Sure, vec![Edit { span, text: format!("\"{text}\"") }])
}

/// A key or table header holds characters that need quotes; `example` is the line as it should be.
pub fn unquoted_key(span: Span, key: &str, example: &str) -> Diagnostic {
    Diagnostic::error(BP2009, format!("the key `{key}` needs quotes"))
        .at(span, "a key without quotes has only letters, digits, `_` and `-`")
        .help(format!("write `{example}`"))
}

/// The string opened at `span` is not closed; `quote` closes it.
pub fn unclosed_string(span: Span, quote: &str) -> Diagnostic {
    Diagnostic::error(BP2010, "the string is not closed").at(span, "it opens here").help(format!(
        "close it with `{quote}`{}",
        if quote.len() == 1 { " on the same line" } else { "" }
    ))
}

/// The bracket opened at `span` is not closed; `close` closes it.
pub fn unclosed_bracket(span: Span, open: &str, close: &str) -> Diagnostic {
    Diagnostic::error(BP2011, format!("`{open}` is not closed"))
        .at(span, "it opens here")
        .help(format!("close it with `{close}`"))
}

/// `key` is set again; `first` is the first place, if found.
pub fn set_twice(span: Span, key: &str, first: Option<Span>) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(BP2012, format!("`{key}` is set twice")).at(span, "set again here");
    match first {
        Some(first) => diagnostic.at(first, "first set here"),
        None => diagnostic,
    }
    .help("keep one of them")
}

/// `key` got its value in braces and is extended later; `example` is the whole table as it should be.
pub fn braces_extended(
    span: Span,
    key: &str,
    first: Option<Span>,
    example: Option<&str>,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        BP2013,
        format!("`{key} = {{ … }}` cannot be extended: a table in braces is complete"),
    )
    .at(span, "extended here");
    let diagnostic = match first {
        Some(first) => diagnostic.at(first, "complete here"),
        None => diagnostic,
    };
    match example {
        Some(example) => diagnostic.help(format!("write all in one place: `{example}`")),
        None => diagnostic.help(format!("write all settings of `{key}` inside the braces")),
    }
}

/// The file named by `extends` cannot be read.
pub fn unreadable_base(
    span: Span,
    path: &str,
    reason: &str,
    suggestion: Option<&str>,
) -> Diagnostic {
    Diagnostic::error(BP2020, format!("cannot read `{path}`: {reason}"))
        .at(span, "named here, relative to the folder of this file")
        .suggest(suggestion)
}

/// `extends` leads back to a file already in the chain; `chain` lists it from there.
pub fn extends_cycle(span: Span, chain: &[String]) -> Diagnostic {
    Diagnostic::error(BP2021, "`extends` leads back to the same file")
        .at(span, "this closes the circle")
        .note(chain.iter().map(|p| format!("`{p}`")).collect::<Vec<_>>().join(" extends "))
        .help("one file of the circle must extend nothing")
}

/// A top-level table or key that `bp` does not know.
pub fn unknown_table(
    span: Span,
    name: &str,
    suggestion: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    Diagnostic::error(BP2030, format!("unknown table `{name}`"))
        .at(span, "no part of a wiring has this name")
        .suggest(suggestion)
        .rename(span, name, known.iter().copied(), false)
        .note(format!("the tables of a wiring are {}", list(known)))
}

/// A key that its table does not have; `place` describes the table: "an edge", "`[app]`".
pub fn unknown_key(
    span: Span,
    key: &str,
    place: &str,
    suggestion: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP2031, format!("unknown key `{key}` in {place}"))
        .at(span, "not known here")
        .suggest(suggestion)
        .rename(span, key, known.iter().copied(), false);
    if known.is_empty() {
        diagnostic
    } else {
        diagnostic.note(format!("{place} takes {}", list(known)))
    }
}

/// The name of a top-level table stands inside another table, after its header.
pub fn misplaced_table(span: Span, key: &str, place: &str) -> Diagnostic {
    Diagnostic::error(BP2034, format!("unknown key `{key}` in {place}")).at(span, "this line belongs to the table header above it")
        .help(format!("start a table with a header of its own, `[{key}]`, or move the line above the first header"))
}

/// `expected` should stand here: "a table", "a string"; `found` does.
pub fn wrong_shape(
    span: Span,
    what: &str,
    expected: &str,
    found: &str,
    example: &str,
) -> Diagnostic {
    Diagnostic::error(BP2032, format!("{what} must be {expected}"))
        .at(span, format!("this is {found}"))
        .help(format!("write `{example}`"))
}

/// A required key is absent; `example` is the line to add.
pub fn missing_key(span: Span, key: &str, place: &str, example: &str) -> Diagnostic {
    Diagnostic::error(BP2033, format!("{place} lacks `{key}`"))
        .at(span, format!("`{key}` is missing here"))
        .help(format!("add `{example}`"))
}

/// Something that the wiring language has and this `bp` does not support; `instead` says what to do.
pub fn nothing_reads(span: Span, what: &str, instead: &str) -> Diagnostic {
    Diagnostic::error(BP2035, format!("this `bp` does not support {what}"))
        .at(span, "this would be ignored")
        .help(instead)
}

/// A table or a setting under the name that it had once; both names as a wiring has them, `edits` where it is renamed.
pub fn renamed(span: Span, was: &str, is: &str, edits: Vec<Edit>) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP2036, format!("`{was}` is now called `{is}`"))
        .at(span, "this is the old name")
        .help(format!("write `{is}`"));
    if edits.is_empty() { diagnostic } else { diagnostic.fix(Applicability::Sure, edits) }
}

/// A name breaks the pattern or a format that it goes into; `why` says which.
pub fn bad_name(
    span: Span,
    what: &str,
    name: &str,
    why: &str,
    suggestion: Option<&str>,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP2040, format!("{what} cannot be named `{}`", name.escape_debug()))
        .at(span, why.to_owned())
        .note("a name starts with a lower-case letter and has lower-case letters, digits, and single `_` or `-` between them, at most 40 characters in all");
    match suggestion {
        Some(name) => diagnostic.help(format!("write `{name}`")),
        None => diagnostic,
    }
}

/// A name has a meaning already: for `bp`, Rust, YAML or file systems.
pub fn reserved_name(span: Span, what: &str, name: &str, meaning: &str) -> Diagnostic {
    Diagnostic::error(BP2041, format!("{what} cannot be named `{name}`"))
        .at(span, meaning.to_owned())
        .help(format!(
            "choose another name, such as `{name}_{}`",
            what.rsplit(' ').next().unwrap_or("x")
        ))
}

/// Two things have one name, `_` and `-` being the same.
pub fn name_taken(span: Span, what: &str, name: &str, other: &str, first: Span) -> Diagnostic {
    Diagnostic::error(BP2042, format!("the name `{name}` is taken"))
        .at(span, what)
        .at(first, format!("{other} has it already"))
        .note("services, backends and processes share one set of names, in which `_` and `-` are the same; only a process may be named after its only service")
        .help("rename one of them")
}

/// `name` is used but a later file removed it.
pub fn removed_instance(span: Span, name: &str, removed: Span) -> Diagnostic {
    Diagnostic::error(BP2043, format!("`{name}` is used but removed"))
        .at(span, "used here")
        .at(removed, "removed here")
        .help("change the use, or do not remove it")
}

/// An `impl` is not a path to a Rust type.
pub fn bad_impl_path(span: Span, text: &str) -> Diagnostic {
    Diagnostic::error(BP2044, format!("`{}` is not a path to a Rust type", text.escape_debug()))
        .at(span, "expected names joined by `::`")
        .help("write the type as the workflow crate sees it: `impl = \"rates::RateServiceImpl\"`")
}

/// A selector cannot be understood.
pub fn bad_selector(span: Span, selector: &str, why: &str, example: &str) -> Diagnostic {
    Diagnostic::error(BP2050, format!("`{}` is not a selector", selector.escape_debug()))
        .at(span, why.to_owned())
        .help(format!("write `{example}`"))
}

/// `client` is called, or calls by a pattern.
pub fn client_misplaced(span: Span, why: &str, help: &str) -> Diagnostic {
    Diagnostic::error(BP2051, "`client` is in the wrong place").at(span, why.to_owned())
        .note("`client` is the outside world: it calls and is never called, and each `client -> X` publishes one service").help(help)
}

/// Two selectors of one rank set `leaf` of `target` to different values, or, with `other`, to one that the second's setting excludes; `add` is the line that would settle it.
pub fn selector_conflict(
    (leaf, other): (&str, Option<&str>),
    target: &str,
    first: (Span, &str),
    second: (Span, &str),
    add: &str,
) -> Diagnostic {
    let (message, labels) = match other {
        None => (
            format!("two selectors set `{leaf}` of `{target}` and neither is more specific"),
            ["sets another value".to_owned(), "sets one value".to_owned()],
        ),
        Some(other) => (
            format!(
                "two selectors set `{leaf}` and `{other}` of `{target}`, which exclude each other, and neither is more specific"
            ),
            [format!("sets `{leaf}`"), format!("sets `{other}`")],
        ),
    };
    let [of_first, of_second] = labels;
    let add =
        if other.is_some() { format!("`{add}`, or the other one,") } else { format!("`{add}`") };
    Diagnostic::error(BP2052, message)
        .at(second.0, format!("`{}` {of_second}", second.1))
        .at(first.0, format!("`{}` {of_first}", first.1))
        .help(format!("add {add} with the value you want"))
}

/// Nothing matches a selector.
pub fn selector_matches_nothing(span: Span, selector: &str, why: &str) -> Diagnostic {
    Diagnostic::error(BP2053, format!("`{selector}` matches nothing")).at(span, why.to_owned())
}

/// Everything that a later file's selector sets is overridden by more specific selectors; `winner` is one of them.
pub fn selector_shadowed(
    span: Span,
    selector: &str,
    winner: Span,
    winner_selector: &str,
) -> Diagnostic {
    Diagnostic::warning(BP2054, format!("`{selector}` has no effect"))
        .at(span, "everything it sets is overridden")
        .at(winner, format!("`{winner_selector}` is more specific"))
        .help(format!("set it under `{winner_selector}`, or remove the table"))
}

/// An exact selector sets a key that its edge does not take.
pub fn key_not_taken(span: Span, key: &str, target: &str, kind: &str) -> Diagnostic {
    Diagnostic::error(BP2055, format!("`{key}` does not apply to `{target}`"))
        .at(span, format!("{kind} does not take `{key}`"))
        .help("remove the line; a selector with `*` skips whatever does not take the key")
}

/// Where a key that methods share gets its one value.
#[derive(Debug, Clone, Copy)]
pub enum SharedBy<'a> {
    /// In this table, which is for all methods.
    Table(&'a str),
    /// At each method that has the key, because no table has it for all of them; this selects another one.
    Method(&'a str),
}

/// A key of whole edges is set for single methods.
pub fn key_not_per_method(
    span: Span,
    key: &str,
    selector: &str,
    shared: SharedBy<'_>,
) -> Diagnostic {
    let (label, help) = match shared {
        SharedBy::Table(table) => {
            (format!("`{selector}` names a method"), format!("set `{key}` under `{table}`"))
        }
        SharedBy::Method(first) => (
            format!("`{selector}` has another value than `{first}`"),
            format!("set the same `{key}` for both"),
        ),
    };
    Diagnostic::error(BP2056, format!("`{key}` cannot be set for single methods"))
        .at(span, label)
        .help(help)
}

/// Two processes claim a service, and neither claim is later or more exact.
pub fn claimed_twice(service: &str, first: (Span, &str), second: (Span, &str)) -> Diagnostic {
    Diagnostic::error(
        BP2060,
        format!("processes `{}` and `{}` both claim `{service}`", first.1, second.1),
    )
    .at(second.0, "claimed here")
    .at(first.0, "and here")
    .help(format!("name `{service}` itself in one of them, or take it out of the other"))
}

/// A process has no service left and disappears.
pub fn process_empty(span: Span, process: &str, why: &str) -> Diagnostic {
    Diagnostic::new(
        BP2061,
        Severity::Note,
        format!("process `{process}` disappears: it has no service left"),
    )
    .at(span, why.to_owned())
}

/// A claim matches none of the services.
pub fn unknown_claim(span: Span, text: &str, services: &[&str]) -> Diagnostic {
    const SHOWN: usize = 12;
    let (shown, more) = services.split_at(services.len().min(SHOWN));
    let more = if more.is_empty() { "" } else { ", …" };
    Diagnostic::error(BP2062, format!("there is no service `{}` to run", text.escape_debug()))
        .at(span, "matches no service")
        .suggest(nearest(text, services.iter().copied()))
        .note(format!("services: {}{more}", shown.join(", ")))
}

/// A value of the wrong type; `expected` with its article, `example` as typed.
pub fn wrong_type(
    span: Span,
    setting: &str,
    expected: &str,
    found: &str,
    example: &str,
) -> Diagnostic {
    Diagnostic::error(BP2070, format!("`{setting}` must be {expected}"))
        .at(span, format!("this is {found}"))
        .help(format!("write `{setting} = {example}`"))
}

/// A quantity without a unit that fits.
pub fn bad_unit(span: Span, setting: &str, text: &str, units: &str, example: &str) -> Diagnostic {
    Diagnostic::error(BP2071, format!("`{setting}` has a bad unit: `{}`", text.escape_debug()))
        .at(span, format!("expected a number with one of {units}"))
        .help(format!("write `{setting} = {example}`"))
}

/// A value outside its bounds; all three as the user would type them.
pub fn out_of_bounds(
    span: Span,
    setting: &str,
    value: &str,
    min: Option<&str>,
    max: Option<&str>,
) -> Diagnostic {
    let range = match (min, max) {
        (Some(min), Some(max)) => format!("between {min} and {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "a smaller number".to_owned(),
    };
    Diagnostic::error(BP2072, format!("`{setting}` is out of bounds: {value}"))
        .at(span, format!("must be {range}"))
}

/// A string that is not one of the choices.
pub fn not_a_choice(
    span: Span,
    setting: &str,
    text: &str,
    choices: &[&str],
    suggestion: Option<&str>,
) -> Diagnostic {
    Diagnostic::error(BP2073, format!("`{}` is not a choice for `{setting}`", text.escape_debug()))
        .at(span, format!("expected {}", alternatives(choices)))
        .suggest(suggestion)
        .rename(span, text, choices.iter().copied(), true)
}

/// A secret written into the wiring.
pub fn literal_secret(span: Span, setting: &str) -> Diagnostic {
    Diagnostic::error(BP2074, format!("`{setting}` is a secret and must not be written here")).at(span, "everyone who can read the wiring can read this")
        .help(format!("write `{setting} = {{ secret = \"name\" }}`, `{{ env = \"NAME\" }}` or `{{ file = \"path\" }}`"))
}

/// A reference whose name cannot be right.
pub fn bad_reference(span: Span, kind: &str, why: &str, example: &str) -> Diagnostic {
    Diagnostic::error(BP2075, format!("the `{kind}` reference is malformed"))
        .at(span, why.to_owned())
        .help(format!("write `{example}`"))
}

/// A reference to something that is known only at start-up, at a setting that decides what is built.
pub fn early_reference(span: Span, setting: &str) -> Diagnostic {
    Diagnostic::error(BP2076, format!("`{setting}` must be known when `bp` runs"))
        .at(span, "a reference is read when the system starts")
        .help("write the value itself; a file that `extends` this one may set another")
}

/// A smoke call that cannot be sent.
pub fn bad_smoke_call(span: Span, name: &str, why: &str, help: &str) -> Diagnostic {
    Diagnostic::error(BP2080, format!("smoke call `{name}` cannot be sent"))
        .at(span, why.to_owned())
        .help(help)
}

/// An init whose call cannot be made.
pub fn bad_init(span: Span, name: &str, why: &str, help: &str) -> Diagnostic {
    Diagnostic::error(BP2081, format!("init `{name}` cannot run"))
        .at(span, why.to_owned())
        .help(help)
}

/// The service that an init calls has another use, which `how` says; the init's process ends with the call, so nothing else could reach it.
pub fn init_shared(
    span: Span,
    init: &str,
    service: &str,
    how: &str,
    there: Option<Span>,
) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(BP2082, format!("`{service}` belongs to init `{init}`, and {how}"))
            .at(span, "the init calls it");
    let diagnostic = match there {
        Some(there) => diagnostic.at(there, "and here it is used"),
        None => diagnostic,
    };
    diagnostic.help(format!(
        "give the init a service of its own, which may call others; `{service}` ends when the init does"
    ))
}

/// `a`, `b` and `c`.
fn list(names: &[&str]) -> String {
    joined(names, "and")
}

fn alternatives(names: &[&str]) -> String {
    joined(names, "or")
}

fn joined(names: &[&str], word: &str) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => format!("`{one}`"),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(|n| format!("`{n}`")).collect();
            format!("{} {word} `{last}`", most.join(", "))
        }
    }
}
