//! What `bp check` accepts in a smoke call is what the runtime decodes: every type of the table with every kind of value.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};
use bp_build::{Application, CompileOptions};
use bp_data::Data;
use bp_data::bytes::Bytes;
use bp_data::chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use bp_data::rust_decimal::Decimal;
use bp_data::uuid::Uuid;
use bp_diag::Severity;
use bp_system::MemorySystem;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("calls::check_accepts_what_decodes", check_accepts_what_decodes)]
}

/// Values as a wiring writes them.
const VALUES: &[&str] = &[
    "0",
    "1",
    "-1",
    "127",
    "128",
    "-128",
    "255",
    "256",
    "-129",
    "32768",
    "65535",
    "65536",
    "2147483648",
    "-2147483649",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "1.0",
    "1.5",
    "-0.0",
    "nan",
    "inf",
    "-inf",
    "true",
    "false",
    "\"true\"",
    "\"\"",
    "\"1\"",
    "\"-1\"",
    "\"+1\"",
    "\" 1\"",
    "\"01\"",
    "\"256\"",
    "\"18446744073709551616\"",
    "\"340282366920938463463374607431768211455\"",
    "\"340282366920938463463374607431768211456\"",
    "\"-170141183460469231731687303715884105728\"",
    "\"1.5\"",
    "\"1.\"",
    "\"1e3\"",
    "\".5\"",
    "\"1.500\"",
    "\"NaN\"",
    "\"nan\"",
    "\"inf\"",
    "\"Infinity\"",
    "\"x\"",
    "\"é\"",
    "\"xy\"",
    "\"aGk\"",
    "\"aGk=\"",
    "\"aGVsbA==\"",
    "\"a-_b\"",
    "\"1s\"",
    "\"1.5s\"",
    "\"-1.5s\"",
    "\"1.1234567890s\"",
    "\"1.s\"",
    "\"500ms\"",
    "\"s\"",
    "\"18446744073709551616s\"",
    "2026-01-31",
    "12:00:00",
    "2026-01-31T12:00:00",
    "2026-01-31T12:00:00.5",
    "2026-01-31T12:00:00Z",
    "2026-01-31T12:00:00+01:00",
    "2026-01-31 12:00:00",
    "\"2026-01-31\"",
    "\"2026-02-30\"",
    "\"2026-1-5\"",
    "\"12:00\"",
    "\"24:00:00\"",
    "\"12:00:60\"",
    "\"2026-01-31T12:00:00\"",
    "\"2026-01-31 12:00:00\"",
    "\"2026-01-31T12:00:00Z\"",
    "\"2026-01-31T12:00:00z\"",
    "\"2026-01-31T12:00:00+01:00\"",
    "\"67e55044-10b1-426f-9247-bb680e5fe0c8\"",
    "\"67E5504410B1426F9247BB680E5FE0C8\"",
    "\"{67e55044-10b1-426f-9247-bb680e5fe0c8}\"",
    "[]",
    "[1]",
    "[1, 2]",
    "[\"a\"]",
    "[\"1\", 2]",
    "[[1, true]]",
    "[[1]]",
    "[[]]",
    "[[1, true], [2, \"false\"]]",
    "\"[1, 2]\"",
    "\"[1, 2\"",
    "\"[]\"",
    "{}",
    "{ a = 1 }",
    "{ a = \"x\" }",
    "{ some = 1 }",
    "{ some = { some = 1 } }",
    "\"{\\\"a\\\": 1}\"",
    "\"{\\\"some\\\": 1}\"",
    "\"{\"",
];

/// A type as a workflow writes it, and whether its decoder takes a value.
type Case = (&'static str, fn(Value) -> bool);

fn decodes<T: Data>(value: Value) -> bool {
    T::from_json(value).is_ok()
}

fn cases() -> Vec<Case> {
    macro_rules! cases {
        ($($ty:ty),* $(,)?) => { vec![$((stringify!($ty), decodes::<$ty> as fn(Value) -> bool)),*] };
    }
    cases![
        bool, char, u8, u16, u32, u64, u128, i8, i16, i32, i64, i128, f32, f64, String, Bytes,
        Vec<u8>, [u8; 4], [u8; 2], [u32; 2], Option<u8>, Option<Option<u8>>, Option<Vec<u8>>,
        Box<u16>, Option<Box<Option<u8>>>, Vec<u32>, Vec<bool>, VecDeque<u8>, BTreeSet<i64>,
        Vec<Vec<u32>>, BTreeMap<String, u8>, BTreeMap<u32, bool>, BTreeMap<char, Option<bool>>,
        (u8, bool), (u8,), Duration, SystemTime, NaiveDate, NaiveTime, NaiveDateTime,
        DateTime<Utc>, Uuid, Decimal,
    ]
}

const HEAD: &str = "use bp_std::{Data, Infra, ServiceError, service};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, SystemTime};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;
#[derive(Debug, ServiceError)]
pub enum Failed { #[infra] Infra(Infra) }
pub struct ShopImpl;
impl ShopImpl { pub fn new() -> Self { ShopImpl } }
#[service]
impl Shop for ShopImpl {}
";

const WIRING: &str = "[app]
name = \"shop\"
workflow = \"../workflow\"
[service]
shop = { impl = \"ShopImpl\" }
[edge.\"client -> shop\"]
rpc = \"http\"
[target]
enabled = [\"process\"]
";

const MANIFEST: &str = "[package]
name = \"shop\"
[dependencies]
bp-std = \"0.1\"
bytes = \"1\"
chrono = \"0.4\"
uuid = \"1\"
rust_decimal = \"1\"
";

/// The value as it is in the run plan.
fn json(written: &str) -> Result<Value> {
    fn of(value: &toml::Value) -> Value {
        match value {
            toml::Value::Datetime(time) => time.to_string().into(),
            toml::Value::Array(items) => items.iter().map(of).collect(),
            toml::Value::Table(table) => table
                .iter()
                .map(|(k, v)| (k.clone(), of(v)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            toml::Value::Float(n) if n.is_nan() => "NaN".into(),
            toml::Value::Float(n) if n.is_infinite() => {
                if *n > 0.0 { "Infinity" } else { "-Infinity" }.into()
            }
            toml::Value::Float(n) => (*n).into(),
            toml::Value::Integer(n) => (*n).into(),
            toml::Value::Boolean(b) => (*b).into(),
            toml::Value::String(text) => text.clone().into(),
        }
    }
    // The parser's whole numbers have a sign; the wiring's reach farther.
    if let Ok(number) = written.parse::<u64>() {
        return Ok(number.into());
    }
    let table: toml::Table = format!("value = {written}").parse()?;
    Ok(of(&table["value"]))
}

/// Whether `bp check` refuses on purpose what the runtime would take: JSON writes `nan` and `inf` as a text, which the runtime takes for a string, but in the wiring they are numbers; and the runtime ignores items beyond a tuple's last.
fn is_stricter(ty: &str, written: &str) -> bool {
    let is_odd = ["nan", "inf", "-inf"].contains(&written);
    is_odd && !ty.starts_with('f') || ty == "(u8,)" && written.contains(", 2]")
}

/// Which of the values `bp check` refuses as an answer of this type, by index.
fn refused(ty: &str) -> Result<BTreeSet<usize>> {
    let workflow = format!(
        "{HEAD}#[service]\npub trait Shop {{ async fn get(&self) -> Result<{ty}, Failed>; }}"
    );
    let mut wiring = WIRING.to_owned();
    for (value, written) in VALUES.iter().enumerate() {
        write!(wiring, "[smoke.v{value}]\ncall = \"shop.get\"\nexpect = {written}\n")?;
    }
    let system = MemorySystem::new()
        .inside("/app")
        .with_file("workflow/Cargo.toml", MANIFEST)
        .with_file("workflow/src/lib.rs", workflow)
        .with_file("wiring/local.toml", wiring.clone());
    let application = Application::find(&system, Some("wiring/local.toml"));
    let application = application.map_err(|e| anyhow::anyhow!("{}", e.message))?;
    let registry = bp_build::builtin();
    let compiled = bp_build::compile(&system, &registry, application, CompileOptions::default());
    let mut refused = BTreeSet::new();
    for diagnostic in compiled.diagnostics.iter().filter(|d| d.severity == Severity::Error) {
        ensure!(diagnostic.code.id == "BP3055", "{}: {}", diagnostic.code.id, diagnostic.message);
        let span = diagnostic.labels.first().context("a label")?.span;
        let (line, _) = compiled.sources.line_column(span);
        let above: Vec<&str> = wiring.lines().take(line).collect();
        let name = above.iter().rev().find_map(|l| l.strip_prefix("[smoke.v")?.strip_suffix(']'));
        refused.insert(name.context("a smoke call")?.parse()?);
    }
    Ok(refused)
}

fn check_accepts_what_decodes() -> Result<()> {
    let mut wrong = Vec::new();
    let (mut all, mut bad) = (0, 0);
    for (ty, decodes) in cases() {
        let refused = refused(ty)?;
        all += VALUES.len();
        bad += refused.len();
        for (value, written) in VALUES.iter().enumerate() {
            let (accepted, decoded) = (!refused.contains(&value), decodes(json(written)?));
            if accepted != decoded && !is_stricter(ty, written) {
                wrong.push(format!("{ty} = {written}: check {accepted}, runtime {decoded}"));
            }
        }
    }
    ensure!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    // Both outcomes must be common, or this would show nothing.
    ensure!(bad > all / 10 && bad < all * 19 / 20, "{bad} of {all} are refused");
    Ok(())
}
