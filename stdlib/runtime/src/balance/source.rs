//! The forms of an address: what `BP_ADDR_<NAME>` may say.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::attributes::{EndpointEntry, parse_host_and_port};

/// Where the endpoints of a callee are learned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// `a:1,b:2;zone=x`: these.
    List(Vec<EndpointEntry>),
    /// `dns:cart:7001`: the addresses of a name.
    Dns {
        /// What is looked up.
        name: String,
        /// The port at every address.
        port: u16,
    },
    /// `srv:_grpc._tcp.cart`: the service records of a name.
    Srv(String),
    /// `file:/run/cart.json`: what the file lists.
    File(PathBuf),
}

impl Source {
    /// Reads an address; the error says what is wrong and which forms are allowed.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let forms = "write host:port, several of them with commas between, dns:name:port, srv:_service._proto.name or file:/path";
        let text = text.trim();
        if let Some(path) = text.strip_prefix("file:") {
            if path.is_empty() {
                return Err(format!("`{text}` does not name a file; {forms}"));
            }
            return Ok(Self::File(PathBuf::from(path)));
        }
        if let Some(rest) = text.strip_prefix("dns:") {
            let (name, port) = parse_host_and_port(rest)
                .filter(|(name, _)| !name.contains([':', ',']))
                .ok_or_else(|| format!("`{text}` does not have the form dns:name:port; {forms}"))?;
            return Ok(Self::Dns { name: name.to_owned(), port });
        }
        if let Some(name) = text.strip_prefix("srv:") {
            if !is_service_name(name) {
                return Err(format!(
                    "`{text}` does not have the form srv:_service._proto.name; {forms}"
                ));
            }
            return Ok(Self::Srv(name.to_owned()));
        }
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let list = parts.map(EndpointEntry::parse).collect::<Result<Vec<_>, _>>();
        let list = list.and_then(sort_endpoints).map_err(|error| format!("{error}; {forms}"))?;
        if list.is_empty() {
            return Err(format!("`{text}` is not a list of host:port; {forms}"));
        }
        Ok(Self::List(list))
    }
}

/// Whether a name is that of a service (RFC 2782): `_grpc._tcp.cart.shop`.
fn is_service_name(name: &str) -> bool {
    let mut labels = name.split('.');
    let mut named = || {
        let label = labels.next().and_then(|label| label.strip_prefix('_'));
        label.is_some_and(|label| !label.is_empty())
    };
    let begins = named() && named() && labels.next().is_some_and(|label| !label.is_empty());
    begins && !name.contains([':', ',', ';', '/']) && !name.contains(char::is_whitespace)
}

/// The endpoints that a file lists: a JSON array, or a line each, `#` beginning a comment.
pub(super) fn parse_endpoints(text: &str) -> Result<Vec<EndpointEntry>, String> {
    let list: Vec<EndpointEntry> = if is_json_array(text) {
        serde_json::from_str(text).map_err(|error| error.to_string())?
    } else {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        let lines = lines.filter(|line| !line.is_empty());
        lines.map(EndpointEntry::parse).collect::<Result<_, _>>()?
    };
    sort_endpoints(list)
}

/// Whether a text is a JSON array, and not a line that begins with an address of IPv6, `[::1]:80`.
fn is_json_array(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('[').map(str::trim_start);
    inside.is_some_and(|inside| inside.is_empty() || inside.starts_with(['"', '{', ']']))
}

/// Sorts endpoints by address, each once.
///
/// # Errors
/// An address is listed twice with different attributes.
pub(super) fn sort_endpoints(list: Vec<EndpointEntry>) -> Result<Vec<EndpointEntry>, String> {
    let mut known: BTreeMap<Arc<str>, EndpointEntry> = BTreeMap::new();
    for entry in list {
        if let Some(first) = known.get(&entry.address)
            && *first != entry
        {
            return Err(format!("`{first}` and `{entry}` are the same endpoint; list it once"));
        }
        known.insert(entry.address.clone(), entry);
    }
    Ok(known.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let list =
            |all: &[&str]| Source::List(all.iter().map(|s| EndpointEntry::new(*s)).collect());
        for (text, source) in [
            ("cart:7001", list(&["cart:7001"])),
            (" a:1, [::1]:2 ,10.0.0.1:3,", list(&["10.0.0.1:3", "[::1]:2", "a:1"])),
            ("dns:cart.shop.svc:7001", Source::Dns { name: "cart.shop.svc".into(), port: 7001 }),
            ("srv:_grpc._tcp.cart.shop", Source::Srv("_grpc._tcp.cart.shop".into())),
            ("file:/run/cart.json", Source::File("/run/cart.json".into())),
            ("file:cart:7", Source::File("cart:7".into())),
        ] {
            assert_eq!(Source::parse(text), Ok(source), "{text}");
        }
    }

    #[test]
    fn every_other_form_is_refused_with_the_forms_there_are() {
        for text in [
            "",
            ",",
            "cart",
            "cart:",
            ":7001",
            "cart:0",
            "cart:65536",
            "cart:x",
            "a:1,b",
            "http://cart:80",
            "dns:cart",
            "dns:53",
            "dns:a:1,b:2",
            "dns::1",
            "file:",
            "srv:cart:x",
            "::1:80",
            "a b:1",
            "[::g]:1",
            "srv:cart:80",
            "srv:",
            "srv:cart",
            "srv:_grpc._tcp",
            "srv:_grpc._tcp.",
            "srv:_._tcp.cart",
            "srv:_grpc.tcp.cart",
            "srv:_grpc._tcp.cart:80",
        ] {
            let error = Source::parse(text).unwrap_err();
            assert!(
                error.contains("dns:name:port, srv:_service._proto.name or file:/path"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_file_is_lines_or_json() {
        let both = ["a:1", "b:2"].map(EndpointEntry::new);
        assert_eq!(parse_endpoints("# carts\nb:2 # new\n\n a:1\r\n").as_deref(), Ok(&both[..]));
        assert_eq!(parse_endpoints(" [\"b:2\", \"a:1\", \"a:1\"]\n").as_deref(), Ok(&both[..]));
        assert_eq!(parse_endpoints("").as_deref(), Ok(&[][..]));
        assert_eq!(parse_endpoints("[]").as_deref(), Ok(&[][..]));
        let six = [EndpointEntry::new("[::1]:80")];
        assert_eq!(parse_endpoints("[::1]:80\n").as_deref(), Ok(&six[..]));
        for wrong in ["[\"a:1\"", "[1]", "a", "{\"a\": 1}", "[\"dns:a:1\"]", "a:1;zone", "a:1;x=1"]
        {
            assert!(parse_endpoints(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lists_and_files_have_attributes() {
        let texts =
            |list: Vec<EndpointEntry>| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let Ok(Source::List(list)) = Source::parse("b:2 ; weight=3, a:1;zone=x;version=v3") else {
            panic!("a list");
        };
        assert_eq!(texts(list), ["a:1;zone=x;version=v3", "b:2;weight=3"]);
        let lines = parse_endpoints("b:2;weight=3 # heavy\na:1\na:1\n").unwrap();
        assert_eq!(texts(lines), ["a:1", "b:2;weight=3"]);
        let json = "[\"a:1;zone=x\", { \"address\": \"b:2\", \"weight\": 3 }]";
        assert_eq!(texts(parse_endpoints(json).unwrap()), ["a:1;zone=x", "b:2;weight=3"]);
        let twice = parse_endpoints("a:1\na:1;zone=x\n").unwrap_err();
        assert_eq!(twice, "`a:1` and `a:1;zone=x` are the same endpoint; list it once");
        let unknown = Source::parse("a:1;rack=x").unwrap_err();
        assert!(unknown.contains("the keys are id, zone") && unknown.contains("write host:port"));
    }
}
