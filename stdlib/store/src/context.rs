//! What an instance on a server is opened with, whatever it offers.

use bp_runtime::{BackendContext, Live, Offers, Settings, StartError};

use crate::address::find_address;
use crate::{ConcurrencyLimit, Connect, Limits, Pool, StoreAddress};

/// An instance to open on a server, with the settings that all such backends have.
#[derive(Debug)]
pub struct StoreContext {
    /// The instance's name, `cart_db`.
    pub name: String,
    /// Where its server listens.
    pub address: StoreAddress,
    /// How long a call may take.
    pub limits: Live<Limits>,
    /// All its settings.
    pub settings: Settings,
}

impl StoreContext {
    fn of(cx: BackendContext, port: u16) -> Result<Self, StartError> {
        Ok(Self {
            address: find_address(&cx, port)?,
            limits: cx.settings.live()?,
            name: cx.name,
            settings: cx.settings,
        })
    }

    /// A pool of connections to the server.
    ///
    /// # Errors
    /// A pool without connections.
    pub fn build_pool<C: Connect>(&self, connect: C) -> Result<Pool<C>, StartError> {
        Pool::new(connect, self.address.clone(), self.limits.clone())
    }

    /// A limit on the calls at once, for a library with a pool of its own.
    ///
    /// # Errors
    /// A pool without connections.
    pub fn build_concurrency_limit(&self) -> Result<ConcurrencyLimit, StartError> {
        ConcurrencyLimit::new(self.address.clone(), self.limits.clone())
    }
}

/// The runtime half of a backend whose instances are on a server; `port` is where such a server listens unless the wiring or the environment says otherwise.
///
/// ```text
/// bp_store::offers(PORT).interface(|cx| async move {
///     Ok(Arc::new(RedisCache::new(&cx, &cx.settings.read()?)?) as Arc<dyn Cache>)
/// })
/// ```
pub fn offers(port: u16) -> Offers<StoreContext> {
    Offers::with_context(move |cx| StoreContext::of(cx, port)).server(move |cx| {
        let StoreAddress { host, port } = find_address(cx, port)?;
        Ok((host, port))
    })
}

#[cfg(test)]
mod tests {
    use bp_runtime::{BackendPlugin as _, Database, Surroundings};
    use serde_json::{Value, json};

    use super::*;

    fn context(address: Option<&str>, settings: Value) -> BackendContext {
        BackendContext {
            name: "db".into(),
            plugin: "somedb",
            interface: "t::T".into(),
            settings: Settings::of("backend `db`", settings),
            address: address.map(str::to_owned),
            folder: "unused".into(),
            surroundings: Surroundings::default(),
        }
    }

    fn settings(address: Option<&str>) -> Value {
        let mut settings =
            json!({ "pool": 4, "timeout": "1s", "wait": "2s", "connect_timeout": "3s" });
        if let Some(address) = address {
            settings["address"] = address.into();
        }
        settings
    }

    #[test]
    fn the_environment_wins_over_the_wiring_and_both_over_this_machine() {
        for (environment, wiring, expected) in [
            (Some("a:1"), Some("b:2"), "a:1"),
            (None, Some("b:2"), "b:2"),
            (None, None, "127.0.0.1:99"),
        ] {
            let cx = context(environment, settings(wiring));
            let Database { system, server } = offers(99).database(&cx).unwrap();
            let (host, port) = server.unwrap();
            assert_eq!((system, format!("{host}:{port}").as_str()), ("somedb", expected));
            let store = StoreContext::of(cx, 99).unwrap();
            assert_eq!(store.address.to_string(), expected);
            assert_eq!((store.name.as_str(), store.limits.get().pool), ("db", 4));
            assert_eq!(store.limits.get().connect_timeout.as_secs(), 3);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = StoreContext::of(context(Some("a:1,b:2"), settings(None)), 99).unwrap_err();
        let expected =
            "the environment's address `a:1,b:2`: expected the address of one server, `host:port`";
        assert_eq!(error.to_string(), expected);
        let wrong = json!({ "timeout": "soon" });
        let error = StoreContext::of(context(None, wrong), 99).unwrap_err();
        assert!(error.to_string().contains("timeout"), "{error}");
        let none = StoreContext::of(context(None, json!({ "pool": "many" })), 99).unwrap_err();
        assert!(none.to_string().starts_with("backend `db`: "), "{none}");
    }
}
