//! Wrappers' runtime halves in their usual form: one function that makes the wrapper, on one side or on both.

use std::sync::Arc;

use crate::chain::Wrapper;
use crate::error::StartError;
use crate::plugin::{Side, WrapperContext, WrapperPlugin};

/// A plugin whose wrapper is on the caller's side, made by `make` for each edge:
///
/// ```
/// # use bp_runtime::*;
/// # #[derive(serde::Deserialize)]
/// # struct PauseSettings;
/// # struct Pause { settings: Live<PauseSettings> }
/// # impl Wrapper for Pause {
/// #     fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> { next.run(call) }
/// # }
/// /// The plugin.
/// pub fn plugin() -> impl WrapperPlugin {
///     client_wrapper(|cx| Ok(Pause { settings: cx.settings.live()? }))
/// }
/// ```
pub fn client_wrapper<W: Wrapper + 'static>(
    make: impl Fn(&WrapperContext) -> Result<W, StartError> + Send + Sync + 'static,
) -> impl WrapperPlugin + 'static {
    OneWrapper { sides: &[Side::Client], make }
}

/// As [`client_wrapper`], in front of each instance that a listener serves.
pub fn server_wrapper<W: Wrapper + 'static>(
    make: impl Fn(&WrapperContext) -> Result<W, StartError> + Send + Sync + 'static,
) -> impl WrapperPlugin + 'static {
    OneWrapper { sides: &[Side::Server], make }
}

/// As [`client_wrapper`] and [`server_wrapper`] together; the context says which side it is.
pub fn two_sided_wrapper<W: Wrapper + 'static>(
    make: impl Fn(&WrapperContext) -> Result<W, StartError> + Send + Sync + 'static,
) -> impl WrapperPlugin + 'static {
    OneWrapper { sides: &[Side::Client, Side::Server], make }
}

/// The same wrapper wherever the plugin has one.
struct OneWrapper<F> {
    sides: &'static [Side],
    make: F,
}

impl<F, W> OneWrapper<F>
where
    F: Fn(&WrapperContext) -> Result<W, StartError>,
    W: Wrapper + 'static,
{
    fn make_on(
        &self,
        side: Side,
        cx: &WrapperContext,
    ) -> Result<Option<Arc<dyn Wrapper>>, StartError> {
        if !self.sides.contains(&side) {
            return Ok(None);
        }
        Ok(Some(Arc::new((self.make)(cx)?)))
    }
}

impl<F, W> WrapperPlugin for OneWrapper<F>
where
    F: Fn(&WrapperContext) -> Result<W, StartError> + Send + Sync,
    W: Wrapper + 'static,
{
    fn client(&self, cx: &WrapperContext) -> Result<Option<Arc<dyn Wrapper>>, StartError> {
        self.make_on(Side::Client, cx)
    }

    fn server(&self, cx: &WrapperContext) -> Result<Option<Arc<dyn Wrapper>>, StartError> {
        self.make_on(Side::Server, cx)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::call::{Call, Edge, Reply};
    use crate::chain::Next;
    use crate::error::Infra;
    use crate::method::Interface;
    use crate::plugin::{Surroundings, System};
    use crate::settings::Settings;

    static INTERFACE: Interface = Interface::new("t::T", "t.T", &[]);

    struct Pass;

    impl Wrapper for Pass {
        fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
            next.run(call)
        }
    }

    fn make(cx: &WrapperContext) -> Result<Pass, StartError> {
        cx.settings.read::<u32>().map(|_| Pass)
    }

    /// Whether the plugin has a wrapper on the caller's side, and on the callee's.
    fn ask(
        plugin: &dyn WrapperPlugin,
        settings: serde_json::Value,
    ) -> Result<(bool, bool), StartError> {
        let edge = Edge {
            key: "a->b".to_owned(),
            caller: "a".to_owned(),
            callee: "b".to_owned(),
            cyclic: false,
            remote: true,
            server: false,
        };
        let mut cx = WrapperContext {
            edge: Arc::new(edge),
            side: Side::Client,
            interface: &INTERFACE,
            system: System::default(),
            settings: Settings::of("edge a->b: pass", settings),
            shared: crate::shared_state::SharedState::default(),
            surroundings: Surroundings::default(),
        };
        let client = plugin.client(&cx)?.is_some();
        cx.side = Side::Server;
        Ok((client, plugin.server(&cx)?.is_some()))
    }

    #[test]
    fn each_form_has_its_wrapper_on_its_sides() {
        let one = serde_json::json!(1);
        assert_eq!(ask(&client_wrapper(make), one.clone()), Ok((true, false)));
        assert_eq!(ask(&server_wrapper(make), one.clone()), Ok((false, true)));
        assert_eq!(ask(&two_sided_wrapper(make), one), Ok((true, true)));
    }

    #[test]
    fn settings_that_cannot_be_read_are_an_error() {
        let error = ask(&client_wrapper(make), serde_json::json!("x")).unwrap_err();
        assert!(error.to_string().contains("a->b"), "{error}");
    }
}
