//! A seeded closed-loop workload: the same requests in the same order, whatever serves them.
//!
//! A workload file names pools of values, calls with weights and templates of their arguments, and what to remember of answers.
//! Its form is shown by `examples/leaf/workload/board.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longer than any deadline, so that a system that does not answer can be told from a slow one.
const ANSWER: Duration = Duration::from_mins(1);

/// A workload file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Start of the random sequence.
    pub seed: u64,
    /// How many requests.
    pub requests: usize,
    /// The published service.
    pub entry: String,
    /// Values that `$name` draws from, and objects of which `$name.field` draws a field.
    ///
    /// All fields that one request uses from a pool come from one draw.
    pub pool: BTreeMap<String, Pool>,
    /// Values that `$name` draws from earlier answers.
    #[serde(default)]
    pub remember: BTreeMap<String, Memory>,
    /// Configurations (`BP_SET`) that must change some answer.
    #[serde(default)]
    pub faults: Vec<String>,
    /// The calls.
    pub call: Vec<CallTemplate>,
}

/// Values to draw from.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Pool {
    /// As listed.
    Listed(Vec<Value>),
    /// This many numbers, rounded to six digits.
    Stepped {
        /// The first.
        from: f64,
        /// The difference between one number and the next.
        step: f64,
        /// How many.
        count: u32,
    },
    /// This many values, in which `#` in a text stands for the number.
    Numbered {
        /// The first number.
        #[serde(default)]
        from: u32,
        /// How many.
        count: u32,
        /// A value.
        each: Value,
    },
}

impl Pool {
    fn draw(&self, random: &mut Random) -> Result<Value> {
        let below = |random: &mut Random, count: u32| -> Result<u32> {
            ensure!(count > 0, "an empty pool");
            Ok(u32::try_from(random.next() % u64::from(count))?)
        };
        match self {
            Self::Listed(values) => random.pick(values).cloned().context("an empty pool"),
            Self::Stepped { from, step, count } => {
                let value = from + f64::from(below(random, *count)?) * step;
                Ok(json!((value * 1e6).round() / 1e6))
            }
            Self::Numbered { from, count, each } => {
                Ok(number_template(each, &(from + below(random, *count)?).to_string()))
            }
        }
    }
}

fn number_template(template: &Value, number: &str) -> Value {
    match template {
        Value::String(text) => text.replace('#', number).into(),
        Value::Array(items) => items.iter().map(|item| number_template(item, number)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), number_template(value, number)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
    }
}

/// What to remember of answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// The method whose answers count.
    pub from: String,
    /// The field of the answer.
    pub field: String,
    /// What to draw before there is an answer.
    pub otherwise: Value,
}

/// One kind of call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallTemplate {
    /// The method.
    pub method: String,
    /// How often, relative to the others.
    pub weight: u32,
    /// Whether it changes something.
    #[serde(default)]
    pub write: bool,
    /// Its arguments; a text that starts with `$` is drawn.
    pub arguments: Value,
}

/// An answer in the form that is compared: status and JSON body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The method called.
    pub method: String,
    /// HTTP status.
    pub status: u16,
    /// The body, `null` if empty.
    pub body: Value,
    /// The kind of infrastructure error, if it is one.
    pub infra: Option<String>,
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, seeded, the same everywhere.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(from.len()).ok().filter(|n| *n > 0)?;
        from.get(usize::try_from(self.next() % count).ok()?)
    }
}

impl Workload {
    /// Reads a workload file.
    pub fn parse(text: &str) -> Result<Self> {
        let workload: Self = toml::from_str(text)?;
        ensure!(workload.call.iter().any(|c| c.weight > 0), "a workload needs calls");
        Ok(workload)
    }

    /// The share of requests that write, by weight.
    pub fn write_share(&self) -> f64 {
        let weight = |f: fn(&CallTemplate) -> bool| {
            self.call.iter().filter(|c| f(c)).map(|c| f64::from(c.weight)).sum::<f64>()
        };
        weight(|c| c.write) / weight(|_| true)
    }

    /// Sends the requests one after another to `http://address`, and returns every answer.
    pub fn run(&self, address: &str) -> Result<Vec<Answer>> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER))
            .build()
            .into();
        let mut random = Random(self.seed);
        let mut seen: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut answers = Vec::with_capacity(self.requests);
        for number in 0..self.requests {
            let template = self.draw(&mut random)?;
            let mut drawn = BTreeMap::new();
            let arguments = self.fill(&template.arguments, &mut random, &seen, &mut drawn)?;
            // This path exists whatever routes the wiring gives; a default path is gone where there is a route.
            let url = format!("http://{address}/bp/call/{}/{}", self.entry, template.method);
            let mut response = agent
                .post(&url)
                .send_json(&arguments)
                .with_context(|| format!("request {number}: {} {arguments}", template.method))?;
            let infra =
                response.headers().get("bp-infra").and_then(|v| v.to_str().ok()).map(str::to_owned);
            let text = response.body_mut().read_to_string()?;
            let body = if text.is_empty() {
                Value::Null
            } else {
                serde_json::from_str(&text).unwrap_or_else(|_| json!({ "text": text }))
            };
            let status = response.status().as_u16();
            if status == 200 {
                for (name, memory) in
                    self.remember.iter().filter(|(_, m)| m.from == template.method)
                {
                    if let Some(value) = body.get(&memory.field) {
                        seen.entry(name.clone()).or_default().push(value.clone());
                    }
                }
            }
            answers.push(Answer { method: template.method.clone(), status, body, infra });
        }
        Ok(answers)
    }

    fn draw(&self, random: &mut Random) -> Result<&CallTemplate> {
        let total: u64 = self.call.iter().map(|c| u64::from(c.weight)).sum();
        let mut left = random.next() % total;
        for call in &self.call {
            let weight = u64::from(call.weight);
            if left < weight {
                return Ok(call);
            }
            left -= weight;
        }
        bail!("weights do not add up")
    }

    fn fill(
        &self,
        template: &Value,
        random: &mut Random,
        seen: &BTreeMap<String, Vec<Value>>,
        drawn: &mut BTreeMap<String, Value>,
    ) -> Result<Value> {
        Ok(match template {
            Value::String(text) => match text.strip_prefix('$') {
                None => template.clone(),
                Some(path) if path.contains('.') => {
                    let (name, field) = path.split_once('.').unwrap_or_default();
                    if !drawn.contains_key(name) {
                        let pool = self.pool.get(name);
                        let pool = pool.with_context(|| format!("there is no pool `{name}`"))?;
                        drawn.insert(name.to_owned(), pool.draw(random)?);
                    }
                    let value = drawn.get(name).and_then(|value| value.get(field));
                    value.cloned().with_context(|| format!("`{name}` has no field `{field}`"))?
                }
                Some(name) => match (self.pool.get(name), self.remember.get(name)) {
                    (Some(pool), _) => pool.draw(random)?,
                    (None, Some(memory)) => random
                        .pick(seen.get(name).map_or(&[][..], Vec::as_slice))
                        .unwrap_or(&memory.otherwise)
                        .clone(),
                    (None, None) => bail!("nothing is called `${name}`"),
                },
            },
            Value::Array(items) => Value::Array(
                items.iter().map(|i| self.fill(i, random, seen, drawn)).collect::<Result<_>>()?,
            ),
            Value::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(k, v)| Ok((k.clone(), self.fill(v, random, seen, drawn)?)))
                    .collect::<Result<_>>()?,
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
        })
    }
}

/// The first difference between two runs, and any infrastructure error, in words; `None` if both gave the same answers and no such error.
pub fn compare(
    left_name: &str,
    left: &[Answer],
    right_name: &str,
    right: &[Answer],
) -> Option<String> {
    for (name, answers) in [(left_name, left), (right_name, right)] {
        if let Some((i, bad)) = answers.iter().enumerate().find(|(_, a)| a.infra.is_some()) {
            return Some(format!("{name}: request {i} ended in an infrastructure error: {bad:?}"));
        }
    }
    if left.len() != right.len() {
        return Some(format!(
            "{left_name} answered {} requests, {right_name} {}",
            left.len(),
            right.len()
        ));
    }
    let different = left.iter().zip(right).position(|(a, b)| a != b)?;
    Some(format!(
        "request {different} differs:\n  {left_name}: {:?}\n  {right_name}: {:?}",
        left.get(different),
        right.get(different)
    ))
}
