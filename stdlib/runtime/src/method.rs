//! The interfaces of services and backends and their methods, as generated code describes them.

/// The trait of a service or a backend, described by generated code in a `static`.
#[derive(Debug, PartialEq, Eq)]
pub struct Interface {
    /// The Rust path, `leaf_workflow::Cart`: the key in every table.
    pub path: &'static str,
    /// The name on the wire, `leaf.Cart`.
    pub wire_name: &'static str,
    /// In declaration order; `methods[i].index == i`.
    pub methods: &'static [Method],
}

impl Interface {
    /// An interface; the methods are in order of their index.
    pub const fn new(
        path: &'static str,
        wire_name: &'static str,
        methods: &'static [Method],
    ) -> Self {
        Self { path, wire_name, methods }
    }

    /// The method named `name`.
    pub fn method(&'static self, name: &str) -> Option<&'static Method> {
        self.methods.iter().find(|method| method.name == name)
    }

    /// The method at `index`.
    pub fn method_at(&'static self, index: u16) -> Option<&'static Method> {
        self.methods.get(usize::from(index))
    }
}

/// A method of an [`Interface`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// The Rust name.
    pub name: &'static str,
    /// Its place in [`Interface::methods`].
    pub index: u16,
    /// Marked `#[idempotent]`: safe to repeat.
    pub idempotent: bool,
    /// The arguments' names, in order.
    pub arguments: &'static [&'static str],
    /// False when some type in its signature is not `Data`, so it cannot leave the process.
    pub remote: bool,
}

impl Method {
    /// A remote method that is not idempotent.
    pub const fn new(index: u16, name: &'static str, arguments: &'static [&'static str]) -> Self {
        Self { name, index, idempotent: false, arguments, remote: true }
    }

    /// Marked `#[idempotent]`.
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Some type in its signature is not `Data`.
    pub const fn local(mut self) -> Self {
        self.remote = false;
        self
    }
}
