//! The forms of an address: what `BP_ADDR_<NAME>` may say.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// Where the endpoints of a callee are learned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// `a:1,b:2`: these.
    List(Vec<String>),
    /// `dns:cart:7001`: the addresses of a name.
    Dns {
        /// What is looked up.
        name: String,
        /// The port at every address.
        port: u16,
    },
    /// `file:/run/cart.json`: what the file lists.
    File(PathBuf),
}

impl Source {
    /// Reads an address; the error says what is wrong and which forms are allowed.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let forms =
            "write host:port, several of them with commas between, dns:name:port or file:/path";
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
        let list: Vec<_> =
            text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect();
        if list.is_empty() || !list.iter().all(|one| is_endpoint(one)) {
            return Err(format!("`{text}` is not a list of host:port; {forms}"));
        }
        Ok(Self::List(list))
    }
}

/// The endpoints that a file lists: a JSON array of texts, or a line each, `#` beginning a comment.
pub(crate) fn parse_endpoints(text: &str) -> Result<Vec<String>, String> {
    let list: Vec<String> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|error| error.to_string())?
    } else {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    if let Some(wrong) = list.iter().find(|one| !is_endpoint(one)) {
        return Err(format!("`{wrong}` is not a host:port"));
    }
    let distinct: BTreeSet<String> = list.into_iter().collect();
    Ok(distinct.into_iter().collect())
}

fn is_endpoint(text: &str) -> bool {
    let host = parse_host_and_port(text).map(|(host, _)| host);
    host.is_some_and(|host| match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inside) => inside.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.contains([':', '/', '[', ']']) && !host.contains(char::is_whitespace),
    })
}

fn parse_host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse::<u16>().ok().filter(|port| *port > 0)?;
    (!host.is_empty()).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let list = |all: &[&str]| Source::List(all.iter().map(|s| (*s).to_owned()).collect());
        for (text, source) in [
            ("cart:7001", list(&["cart:7001"])),
            (" a:1, [::1]:2 ,10.0.0.1:3,", list(&["a:1", "[::1]:2", "10.0.0.1:3"])),
            ("dns:cart.shop.svc:7001", Source::Dns { name: "cart.shop.svc".into(), port: 7001 }),
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
        ] {
            let error = Source::parse(text).unwrap_err();
            assert!(error.contains("dns:name:port or file:/path"), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_is_lines_or_json() {
        let both = ["a:1".to_owned(), "b:2".to_owned()];
        assert_eq!(parse_endpoints("# carts\nb:2 # new\n\n a:1\r\n").as_deref(), Ok(&both[..]));
        assert_eq!(parse_endpoints(" [\"b:2\", \"a:1\", \"a:1\"]\n").as_deref(), Ok(&both[..]));
        assert_eq!(parse_endpoints("").as_deref(), Ok(&[][..]));
        assert_eq!(parse_endpoints("[]").as_deref(), Ok(&[][..]));
        for wrong in ["[\"a:1\"", "[1]", "a", "{\"a\": 1}", "[\"dns:a:1\"]"] {
            assert!(parse_endpoints(wrong).is_err(), "{wrong}");
        }
    }
}
