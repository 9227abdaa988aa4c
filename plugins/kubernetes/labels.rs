//! Names, labels and annotations of every object.

use bp_plugin::deploy::host;
use serde_json::{Value, json};

/// What the objects of one application have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) app: &'a str,
    pub(crate) wiring: &'a str,
}

/// A process, an init or a store, as its objects name it.
#[derive(Debug, Clone)]
pub(crate) struct Named<'a> {
    pub(crate) app: &'a str,
    wiring: &'a str,
    /// The name of its objects and of its DNS entry.
    pub(crate) host: String,
    /// The plan's key: `process:front`, `init:seed`, `rate_db`.
    pub(crate) key: String,
    component: &'static str,
}

impl<'a> Names<'a> {
    pub(crate) fn process(&self, name: &str) -> Named<'a> {
        self.named(name, format!("process:{name}"), "process")
    }

    pub(crate) fn init(&self, name: &str) -> Named<'a> {
        self.named(name, format!("init:{name}"), "init")
    }

    pub(crate) fn store(&self, name: &str) -> Named<'a> {
        self.named(name, name.to_owned(), "store")
    }

    fn named(&self, name: &str, key: String, component: &'static str) -> Named<'a> {
        Named { app: self.app, wiring: self.wiring, host: host(name), key, component }
    }

    /// What every pod of the application carries.
    pub(crate) fn everyone(&self) -> Value {
        json!({ PART_OF: self.app })
    }
}

/// An object that the cluster's owner makes: `hotel-secrets`.
pub(crate) fn given(app: &str, what: &str) -> String {
    format!("{}-{what}", host(app))
}

const NAME: &str = "app.kubernetes.io/name";
const PART_OF: &str = "app.kubernetes.io/part-of";

impl Named<'_> {
    /// The labels that only its pods have; they must never change, because workloads refuse another selector.
    pub(crate) fn selector(&self) -> Value {
        json!({ NAME: self.host, PART_OF: self.app })
    }

    /// The selector of another process or store of the application, by host.
    pub(crate) fn peer(&self, host: &str) -> Value {
        json!({ NAME: host, PART_OF: self.app })
    }

    pub(crate) fn labels(&self) -> Value {
        json!({
            NAME: self.host,
            PART_OF: self.app,
            "app.kubernetes.io/component": self.component,
            "app.kubernetes.io/managed-by": "bp",
        })
    }

    /// The metadata of its object named `name`.
    pub(crate) fn metadata_as(&self, name: &str) -> Value {
        json!({
            "name": name,
            "labels": self.labels(),
            "annotations": { "bp.key": self.key, "bp.wiring": self.wiring },
        })
    }

    /// The metadata of its objects.
    pub(crate) fn metadata(&self) -> Value {
        self.metadata_as(&self.host)
    }
}
