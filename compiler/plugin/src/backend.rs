//! The backend interfaces of the standard library, as far as the compiler must know them.
//!
//! The compiler never reads the standard library, so this table repeats what its traits say; a test compares both.

/// A backend's trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackendInterface {
    /// Its definition path: `bp_backend::Cache`.
    pub path: &'static str,
    /// Its methods, in order.
    pub methods: &'static [BackendMethod],
}

/// A method of a backend's trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackendMethod {
    /// Its name.
    pub name: &'static str,
    /// Whether it is safe to repeat.
    pub idempotent: bool,
}

const fn safe(name: &'static str) -> BackendMethod {
    BackendMethod { name, idempotent: true }
}

const fn once(name: &'static str) -> BackendMethod {
    BackendMethod { name, idempotent: false }
}

/// The path of the interface of caches.
pub const CACHE: &str = "bp_backend::Cache";

/// The path of the interface of document stores.
pub const DOCUMENT_STORE: &str = "bp_backend::DocumentStore";

/// Every backend interface, by path.
pub const BACKEND_INTERFACES: &[BackendInterface] = &[
    BackendInterface {
        path: CACHE,
        methods: &[
            safe("get"),
            safe("get_many"),
            safe("put"),
            safe("delete"),
            once("put_if"),
            once("increment"),
        ],
    },
    BackendInterface {
        path: DOCUMENT_STORE,
        methods: &[
            once("insert"),
            safe("put"),
            safe("get"),
            safe("get_many"),
            once("delete"),
            safe("find"),
            safe("count"),
            once("update"),
            safe("create_index"),
        ],
    },
];

/// The backend interface with a path.
pub fn backend_interface(path: &str) -> Option<&'static BackendInterface> {
    BACKEND_INTERFACES.iter().find(|i| i.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The methods of a trait in the standard library's source, each with its mark.
    fn read_trait(source: &str, name: &str) -> Vec<(String, bool)> {
        let start = source.find(&format!("pub trait {name}")).unwrap();
        let body = &source[start..];
        let body = &body[..body.find("\n}").unwrap()];
        let mut marked = false;
        let mut methods = Vec::new();
        for line in body.lines().map(str::trim) {
            if line == "#[idempotent]" {
                marked = true;
            } else if let Some(rest) = line.strip_prefix("async fn ") {
                let end = rest.find('(').unwrap();
                methods.push((rest[..end].to_owned(), std::mem::take(&mut marked)));
            }
        }
        methods
    }

    #[test]
    fn the_table_says_what_the_traits_say() {
        let sources = [
            (CACHE, include_str!("../../../stdlib/backend/src/cache.rs")),
            (DOCUMENT_STORE, include_str!("../../../stdlib/backend/src/document.rs")),
        ];
        assert_eq!(sources.len(), BACKEND_INTERFACES.len());
        for (path, source) in sources {
            let table: Vec<(String, bool)> = backend_interface(path)
                .unwrap()
                .methods
                .iter()
                .map(|m| (m.name.to_owned(), m.idempotent))
                .collect();
            assert_eq!(table, read_trait(source, path.rsplit("::").next().unwrap()), "{path}");
        }
    }
}
