//! Metrics of running processes against their declarations.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail, ensure};
use bp_plugin::Metric;
use libtest_mimic::Trial;

/// What one `/metrics` page says of a metric, beside its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Family {
    kind: String,
    unit: String,
    help: String,
    /// The names of the labels of its samples, in order and without `le`.
    labels: BTreeSet<Vec<String>>,
    /// The names of its samples.
    samples: BTreeSet<String>,
}

/// The metrics of a `/metrics` page, by the name of the family.
pub(crate) fn read(text: &str) -> Result<BTreeMap<String, Family>> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    // Samples follow the lines that describe their family.
    let mut current = String::new();
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(description) = line.strip_prefix("# ") {
            let mut words = description.splitn(3, ' ');
            let (Some(what), Some(name), Some(value)) = (words.next(), words.next(), words.next())
            else {
                bail!("not a description of a metric: {line}");
            };
            name.clone_into(&mut current);
            let family = families.entry(name.to_owned()).or_default();
            let field = match what {
                "TYPE" => &mut family.kind,
                "UNIT" => &mut family.unit,
                "HELP" => &mut family.help,
                _ => bail!("an unknown description of a metric: {line}"),
            };
            ensure!(field.is_empty(), "said twice: {line}");
            value.clone_into(field);
            continue;
        }
        let (series, _) = line.rsplit_once(' ').with_context(|| format!("no value: {line}"))?;
        let (name, labels) = match series.split_once('{') {
            Some((name, rest)) => (name, rest.strip_suffix('}').context("a closed brace")?),
            None => (series, ""),
        };
        let family = families.get_mut(&current).with_context(|| format!("no type: {line}"))?;
        // Values hold no quotation marks here, so every second part is a value.
        let labels = labels.split('"').step_by(2).map(|name| name.trim_matches([',', '=']));
        let labels = labels.filter(|name| !name.is_empty() && *name != "le");
        family.labels.insert(labels.map(str::to_owned).collect());
        family.samples.insert(name.to_owned());
    }
    ensure!(!families.is_empty(), "no metric:\n{text}");
    Ok(families)
}

impl Family {
    /// What a page says of a metric that is declared so.
    fn declared(metric: &Metric) -> Self {
        let name = metric.exposed_name();
        let samples = match metric.kind.word() {
            "histogram" => ["bucket", "count", "sum"].map(|part| format!("{name}_{part}")).into(),
            _ => BTreeSet::from([name]),
        };
        let labels = metric.labels.iter().map(|label| (*label).to_owned()).collect();
        Self {
            kind: metric.kind.word().to_owned(),
            unit: metric.unit.map_or("", |unit| unit.word()).to_owned(),
            help: format!("{}.", metric.meaning),
            labels: BTreeSet::from([labels]),
            samples,
        }
    }

    /// The names of its samples, of which a histogram has several.
    pub(crate) fn samples(&self) -> impl Iterator<Item = &str> {
        self.samples.iter().map(String::as_str)
    }

    /// The names of all labels.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().flatten().map(String::as_str)
    }
}

/// The pages, by process, have exactly the declared metrics: each page no others, and all of them together every one.
pub(crate) fn compare(pages: &BTreeMap<String, String>, declared: &[Metric]) -> Result<()> {
    let declared: BTreeMap<String, Family> =
        declared.iter().map(|metric| (metric.family_name(), Family::declared(metric))).collect();
    let mut missing: BTreeSet<&String> = declared.keys().collect();
    for (process, text) in pages {
        for (name, found) in read(text).with_context(|| format!("/metrics of {process}"))? {
            let Some(expected) = declared.get(&name) else {
                bail!("{process} exposes `{name}`, which nothing declares: {found:?}");
            };
            ensure!(
                found == *expected,
                "{process} exposes `{name}` otherwise than it is declared:\nexpected {expected:?}\nfound    {found:?}"
            );
            missing.remove(&name);
        }
    }
    ensure!(missing.is_empty(), "declared, but exposed by no process: {missing:?}");
    Ok(())
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![crate::trial("exposition::differences", differences)]
}

/// Every way in which a page can differ from the declarations is noticed.
fn differences() -> Result<()> {
    const CALLS: Metric = Metric::counter("calls", "Calls").labels(&["edge", "side"]);
    const TOOK: Metric = Metric::histogram("took", "Time of `f`")
        .unit(bp_contract::metric::Unit::Seconds)
        .labels(&["edge"]);
    let web = "\
# HELP calls Calls.
# TYPE calls counter
calls_total{edge=\"a->b\",side=\"client\"} 0
# EOF
";
    let cart = "\
# HELP took_seconds Time of `f`.
# TYPE took_seconds histogram
# UNIT took_seconds seconds
took_seconds_sum{edge=\"a b\"} 0.5
took_seconds_count{edge=\"a b\"} 1
took_seconds_bucket{le=\"1.0\",edge=\"a b\"} 1
took_seconds_bucket{le=\"+Inf\",edge=\"a b\"} 1
# EOF
";
    let pages = |web: &str, cart: &str| {
        BTreeMap::from([("web".to_owned(), web.to_owned()), ("cart".to_owned(), cart.to_owned())])
    };
    compare(&pages(web, cart), &[CALLS, TOOK])?;
    for (what, pages, declared) in [
        ("undeclared", pages(web, cart), &[CALLS][..]),
        ("not exposed", pages(web, web), &[CALLS, TOOK]),
        ("a page without metrics", pages(web, "# EOF\n"), &[CALLS, TOOK]),
        ("help", pages(&web.replace("Calls", "Others"), cart), &[CALLS, TOOK]),
        ("type", pages(&web.replace("counter", "gauge"), cart), &[CALLS, TOOK]),
        ("unit", pages(web, &cart.replace("s seconds\n", "s bytes\n")), &[CALLS, TOOK]),
        ("no unit", pages(web, &cart.replace("# UNIT took_seconds seconds\n", "")), &[CALLS, TOOK]),
        ("suffix", pages(&web.replace("calls_total", "calls"), cart), &[CALLS, TOOK]),
        ("a label more", pages(web, &cart.replace("edge=", "x=\"\",edge=")), &[CALLS, TOOK]),
        ("a label less", pages(&web.replace("edge=\"a->b\",", ""), cart), &[CALLS, TOOK]),
        ("a label's name", pages(&web.replace("side", "place"), cart), &[CALLS, TOOK]),
    ] {
        ensure!(compare(&pages, declared).is_err(), "{what} is not noticed");
    }
    Ok(())
}
