//! What is known of an endpoint besides its address: where it is, which version it runs, how much it can take.
//!
//! In a list and on a line of a file, attributes follow the address: `10.0.0.1:7001;zone=a;weight=2;version=v3`.
//! In JSON, an endpoint is such a text or an object: `{ "address": "10.0.0.1:7001", "zone": "a", "weight": 2 }`.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

/// Everything that an address says of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointEntry {
    /// The endpoint's `host:port`.
    pub address: Arc<str>,
    /// What else is known of it.
    pub attributes: Attributes,
}

/// What is known of an endpoint besides its address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Attributes {
    /// A name that stays the same when the endpoint moves to another address.
    pub id: Option<Arc<str>>,
    /// The zone that it runs in, a part of the region.
    pub zone: Option<Arc<str>>,
    /// The region that it runs in.
    pub region: Option<Arc<str>>,
    /// The shard of the callee's data that it holds.
    pub shard: Option<Arc<str>>,
    /// The version of the program that it runs.
    pub version: Option<Arc<str>>,
    /// Its share of the calls, relative to the other endpoints.
    pub weight: Weight,
    /// Calls go to the endpoints with the lowest number, and to the next number only when none of those can be reached.
    pub priority: u16,
}

/// The share of calls that an endpoint takes, relative to the others: at least 1, which is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Weight(NonZeroU32);

impl Weight {
    /// The largest weight; it is that of the records of DNS, so that the sum of many weights cannot overflow.
    pub const MAX: u32 = 65_535;

    /// A weight; `None` when it is not in `1..=65535`.
    pub const fn new(weight: u32) -> Option<Self> {
        match NonZeroU32::new(weight) {
            Some(weight) if weight.get() <= Self::MAX => Some(Self(weight)),
            _ => None,
        }
    }

    /// The weight as a number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl Default for Weight {
    /// One.
    fn default() -> Self {
        Self(NonZeroU32::MIN)
    }
}

/// The keys that an entry may have after its address.
const KEYS: [&str; 7] = ["id", "zone", "region", "shard", "version", "weight", "priority"];
/// The key of the address in JSON.
const ADDRESS: &str = "address";

impl EndpointEntry {
    /// An endpoint of which only the address is known.
    pub fn new(address: impl Into<Arc<str>>) -> Self {
        Self { address: address.into(), attributes: Attributes::default() }
    }

    /// Reads the text form, `host:port;key=value;…`; the error says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(';').map(str::trim);
        let address = parts.next().unwrap_or_default();
        let mut reader = EntryReader::default();
        for part in parts.filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(|| {
                format!("`{text}`: expected `key=value` after `;`, found `{part}`")
            })?;
            reader.set(key.trim(), value.trim()).map_err(|error| format!("`{text}`: {error}"))?;
        }
        reader.finish(address)
    }
}

impl fmt::Display for EndpointEntry {
    /// The text form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)?;
        let Attributes { id, zone, region, shard, version, weight, priority } = &self.attributes;
        let texts = [id, zone, region, shard, version];
        for (key, value) in KEYS.iter().zip(texts) {
            if let Some(value) = value {
                write!(f, ";{key}={value}")?;
            }
        }
        if *weight != Weight::default() {
            write!(f, ";weight={}", weight.get())?;
        }
        if *priority != 0 {
            write!(f, ";priority={priority}")?;
        }
        Ok(())
    }
}

/// Reads the keys of one entry, from a text or from JSON.
#[derive(Default)]
struct EntryReader {
    attributes: Attributes,
    seen: Vec<&'static str>,
}

impl EntryReader {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let Some(known) = KEYS.into_iter().find(|known| *known == key) else {
            return Err(format!("unknown key `{key}`; the keys are {}", KEYS.join(", ")));
        };
        if self.seen.contains(&known) {
            return Err(format!(
                "`{key}` is given twice; each of {} is given once",
                KEYS.join(", ")
            ));
        }
        self.seen.push(known);
        let allowed = |c: char| !c.is_whitespace() && !c.is_control() && !",;=#".contains(c);
        if value.is_empty() || !value.chars().all(allowed) {
            return Err(format!(
                "`{key}`: expected a text without spaces, `,`, `;`, `=` and `#`, found `{value}`"
            ));
        }
        let text = || Some(Arc::from(value));
        let attributes = &mut self.attributes;
        match known {
            "id" => attributes.id = text(),
            "zone" => attributes.zone = text(),
            "region" => attributes.region = text(),
            "shard" => attributes.shard = text(),
            "version" => attributes.version = text(),
            "weight" => {
                attributes.weight = value.parse().ok().and_then(Weight::new).ok_or_else(|| {
                    format!("`weight`: expected a whole number from 1 to 65535, found `{value}`")
                })?;
            }
            _ => {
                attributes.priority = value.parse().map_err(|_| {
                    format!("`priority`: expected a whole number from 0 to 65535, found `{value}`")
                })?;
            }
        }
        Ok(())
    }

    fn finish(self, address: &str) -> Result<EndpointEntry, String> {
        if !is_address(address) {
            return Err(format!("`{address}` is not a host:port"));
        }
        Ok(EndpointEntry { address: address.into(), attributes: self.attributes })
    }
}

impl<'de> Deserialize<'de> for EndpointEntry {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entry;

        impl<'de> Visitor<'de> for Entry {
            type Value = EndpointEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text `host:port` or an object with the key `address`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<EndpointEntry, E> {
                EndpointEntry::parse(text).map_err(E::custom)
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<EndpointEntry, M::Error> {
                let (mut reader, mut address) = (EntryReader::default(), None);
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    let text = match value {
                        Value::String(text) => text,
                        Value::Number(number) => number.to_string(),
                        other => {
                            return Err(M::Error::custom(format!(
                                "`{key}`: expected a text or a number, found `{other}`"
                            )));
                        }
                    };
                    if key != ADDRESS {
                        reader.set(&key, &text).map_err(M::Error::custom)?;
                    } else if address.replace(text).is_some() {
                        return Err(M::Error::duplicate_field(ADDRESS));
                    }
                }
                let address = address.ok_or_else(|| M::Error::missing_field(ADDRESS))?;
                reader.finish(&address).map_err(M::Error::custom)
            }
        }

        from.deserialize_any(Entry)
    }
}

/// Whether a text is a `host:port`; an IPv6 address stands in brackets.
fn is_address(text: &str) -> bool {
    let host = parse_host_and_port(text).map(|(host, _)| host);
    host.is_some_and(|host| match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inside) => inside.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.contains([':', '/', '[', ']']) && !host.contains(char::is_whitespace),
    })
}

/// The parts of a `host:port`, neither of them empty or zero.
pub(super) fn parse_host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse::<u16>().ok().filter(|port| *port > 0)?;
    (!host.is_empty()).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_and_written_back() {
        let text = "10.0.0.1:7001;id=i-1;zone=a;region=eu;shard=1;version=v3;weight=2;priority=1";
        let entry = EndpointEntry::parse(text).unwrap();
        assert_eq!(entry.to_string(), text);
        let Attributes { zone, weight, priority, .. } = &entry.attributes;
        assert_eq!((zone.as_deref(), weight.get(), *priority), (Some("a"), 2, 1));
        let bare = EndpointEntry::parse(" [::1]:80 ; zone = a ;").unwrap();
        assert_eq!(bare.to_string(), "[::1]:80;zone=a");
        assert_eq!(EndpointEntry::parse("cart:1"), Ok(EndpointEntry::new("cart:1")));
    }

    #[test]
    fn json_has_the_same_keys() {
        let json = r#"{ "zone": "a", "address": "cart:1", "weight": 2, "shard": 1 }"#;
        let entry: EndpointEntry = serde_json::from_str(json).unwrap();
        assert_eq!(entry.to_string(), "cart:1;zone=a;shard=1;weight=2");
        let entry: EndpointEntry = serde_json::from_str("\"cart:1;zone=a\"").unwrap();
        assert_eq!(entry.to_string(), "cart:1;zone=a");
    }

    #[test]
    fn a_wrong_entry_says_what_is_allowed() {
        for (text, part) in [
            ("cart", "not a host:port"),
            ("cart:1;zone", "expected `key=value`"),
            ("cart:1;rack=1", "the keys are id, zone, region, shard, version, weight, priority"),
            ("cart:1;zone=a;zone=a", "given twice"),
            ("cart:1;zone=", "expected a text"),
            ("cart:1;zone=a b", "expected a text"),
            ("cart:1;weight=0", "from 1 to 65535"),
            ("cart:1;weight=65536", "from 1 to 65535"),
            ("cart:1;weight=1.5", "from 1 to 65535"),
            ("cart:1;priority=-1", "from 0 to 65535"),
        ] {
            let error = EndpointEntry::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        for (json, part) in [
            ("{\"zone\": \"a\"}", "missing field `address`"),
            ("{\"address\": \"a:1\", \"address\": \"a:1\"}", "duplicate field `address`"),
            ("{\"address\": \"a:1\", \"zone\": \"a\", \"zone\": \"b\"}", "given twice"),
            ("{\"address\": \"a:1\", \"rack\": 1}", "the keys are"),
            ("{\"address\": \"a:1\", \"zone\": [1]}", "expected a text or a number"),
            ("{\"address\": \"a:1\", \"weight\": -1}", "from 1 to 65535"),
            ("1", "a text `host:port` or an object"),
        ] {
            let error = serde_json::from_str::<EndpointEntry>(json).unwrap_err().to_string();
            assert!(error.contains(part), "{json}: {error}");
        }
    }
}
