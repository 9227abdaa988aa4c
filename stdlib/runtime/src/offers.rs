//! A backend's runtime half as a list: the interfaces that it offers, and how an instance of each is opened.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::any_instance::AnyInstance;
use crate::error::StartError;
use crate::instance::InterfaceGlue;
use crate::interface::{BackendInterface, Declaration};
use crate::plugin::{BackendContext, BackendPlugin, Database};

/// The runtime half of a backend.
///
/// ```
/// use std::sync::Arc;
///
/// use bp_macros::{ServiceError, interface, service};
/// use bp_runtime::{BackendPlugin, Infra, Offers};
///
/// # fn main() {}
/// #[derive(Debug, ServiceError)]
/// #[service_error(crate = ::bp_runtime)]
/// pub enum CounterError {
///     #[infra]
///     Infra(Infra),
/// }
///
/// #[interface(crate = ::bp_runtime)]
/// pub trait Counter {
///     async fn next(&self) -> Result<u64, CounterError>;
/// }
///
/// struct Always(u64);
///
/// #[service(crate = ::bp_runtime)]
/// impl Counter for Always {
///     async fn next(&self) -> Result<u64, CounterError> {
///         Ok(self.0)
///     }
/// }
///
/// /// The plugin.
/// pub fn plugin() -> impl BackendPlugin {
///     Offers::new().interface(|cx| async move {
///         let start: u64 = cx.settings.read()?;
///         Ok(Arc::new(Always(start)) as Arc<dyn Counter>)
///     })
/// }
/// ```
///
/// An opener gets a `C`: the [`BackendContext`], or what [`Offers::with_context`] makes of it.
pub struct Offers<C = BackendContext> {
    context: Box<MakeContext<C>>,
    server: Option<Box<FindServer>>,
    system: Option<&'static str>,
    interfaces: Vec<Offer<C>>,
}

type MakeContext<C> = dyn Fn(BackendContext) -> Result<C, StartError> + Send + Sync;
type FindServer = dyn Fn(&BackendContext) -> Result<(String, u16), StartError> + Send + Sync;
type Open<C> = dyn Fn(C) -> BoxFuture<'static, Result<AnyInstance, StartError>> + Send + Sync;

/// One interface.
struct Offer<C> {
    declaration: &'static Declaration,
    glue: fn() -> InterfaceGlue,
    open: Box<Open<C>>,
}

impl<C> Offer<C> {
    fn path(&self) -> &'static str {
        self.declaration.interface.path
    }
}

impl Offers {
    /// A backend that offers nothing yet.
    pub fn new() -> Self {
        Self::with_context(Ok)
    }
}

impl Default for Offers {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Send + 'static> Offers<C> {
    /// A backend whose openers get what `make` reads out of the context, once for each instance.
    pub fn with_context(
        make: impl Fn(BackendContext) -> Result<C, StartError> + Send + Sync + 'static,
    ) -> Self {
        Self { context: Box::new(make), server: None, system: None, interfaces: Vec::new() }
    }

    /// Adds an interface, and how an instance of it is opened; the interface is the trait of the opened instance.
    ///
    /// The opener is called on the application's async runtime. It also opens instances of what the interface extends, unless that has an opener of its own. An interface that was added before is replaced.
    pub fn interface<T, O>(mut self, open: impl Fn(C) -> O + Send + Sync + 'static) -> Self
    where
        T: BackendInterface + ?Sized,
        O: Future<Output = Result<Arc<T>, StartError>> + Send + 'static,
    {
        let declaration = T::DECLARATION;
        let open: Box<Open<C>> = Box::new(move |cx| {
            let opening = open(cx);
            Box::pin(async move { opening.await.map(AnyInstance::new::<T>) })
        });
        self.interfaces.retain(|offer| !offer.declaration.is_same(declaration));
        self.interfaces.push(Offer { declaration, glue: T::glue, open });
        self
    }

    /// Sets its `db.system.name`, where OpenTelemetry knows it by another name than the plugin's id.
    pub fn system(mut self, name: &'static str) -> Self {
        self.system = Some(name);
        self
    }

    /// Says that instances are on a server, at the host and port that `find` reads out of the context; telemetry has them.
    pub fn server(
        mut self,
        find: impl Fn(&BackendContext) -> Result<(String, u16), StartError> + Send + Sync + 'static,
    ) -> Self {
        self.server = Some(Box::new(find));
        self
    }

    /// The offer of the interface, or else of the one that extends it in the fewest steps; the first of several.
    fn find_offer(&self, cx: &BackendContext) -> Result<&Offer<C>, StartError> {
        let steps = |offer: &Offer<C>| offer.declaration.count_steps(&cx.interface);
        let found = self.interfaces.iter().filter_map(|offer| Some((steps(offer)?, offer)));
        found.min_by_key(|(steps, _)| *steps).map(|(_, offer)| offer).ok_or_else(|| {
            let offered: Vec<String> =
                self.interfaces.iter().map(|offer| format!("`{}`", offer.path())).collect();
            StartError::new(format!(
                "`{}` offers no `{}` (it offers: {})",
                cx.plugin,
                cx.interface,
                offered.join(", ")
            ))
        })
    }
}

impl<C: Send + 'static> BackendPlugin for Offers<C> {
    fn database(&self, cx: &BackendContext) -> Result<Database, StartError> {
        let server = self.server.as_ref().map(|find| find(cx)).transpose()?;
        Ok(Database { system: self.system.unwrap_or(cx.plugin), server })
    }

    fn interfaces(&self) -> Vec<InterfaceGlue> {
        self.interfaces.iter().map(|offer| (offer.glue)()).collect()
    }

    fn open(&self, cx: BackendContext) -> BoxFuture<'_, Result<AnyInstance, StartError>> {
        Box::pin(async move {
            let offer = self.find_offer(&cx)?;
            let interface = cx.interface.clone();
            let opened = (offer.open)((self.context)(cx)?).await?;
            (offer.glue)().upcast(&opened, &interface).ok_or_else(|| {
                StartError::new(format!(
                    "what was opened as `{}` does not become a `{interface}`",
                    offer.path()
                ))
            })
        })
    }
}

impl<C> fmt::Debug for Offers<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.interfaces.iter().map(Offer::path)).finish()
    }
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "an interface is public")]
mod tests {
    use bp_macros::{ServiceError, interface, service};
    use serde_json::json;

    use super::*;
    use crate::error::Infra;
    use crate::settings::Settings;
    use crate::surroundings::Surroundings;

    #[derive(Debug, PartialEq, ServiceError)]
    #[service_error(crate = crate)]
    pub(crate) enum NumberError {
        #[infra]
        Infra(Infra),
    }

    #[interface(crate = crate)]
    pub trait Number {
        async fn get(&self) -> Result<u64, NumberError>;
    }

    #[interface(crate = crate)]
    pub trait Word {}

    #[interface(crate = crate)]
    pub trait Even: Number {}

    #[interface(crate = crate)]
    pub trait Named: Word + Even {}

    struct Is(u64);

    #[service(crate = crate)]
    impl Number for Is {
        async fn get(&self) -> Result<u64, NumberError> {
            Ok(self.0)
        }
    }

    impl Word for Is {}
    impl Even for Is {}
    impl Named for Is {}

    fn context(interface: &str, settings: serde_json::Value) -> BackendContext {
        BackendContext {
            name: "db".into(),
            plugin: "counting",
            interface: interface.into(),
            settings: Settings::of("backend `db`", settings),
            address: None,
            folder: "unused".into(),
            surroundings: Surroundings::default(),
        }
    }

    fn offers() -> Offers<u64> {
        Offers::with_context(|cx| cx.settings.read())
            .interface(|number| async move {
                // As a library does that starts tasks when it is made.
                tokio::runtime::Handle::try_current()
                    .map_err(|error| StartError::because("runtime", &error))?;
                Ok(Arc::new(Is(number)) as Arc<dyn Number>)
            })
            .interface(|number| async move { Ok(Arc::new(Is(number)) as Arc<dyn Word>) })
    }

    #[tokio::test]
    async fn an_instance_is_opened_by_its_interface_with_what_was_read() {
        let opened = offers().open(context("bp_runtime::Number", json!(7))).await.unwrap();
        assert_eq!(opened.get::<dyn Number>().unwrap().get().await, Ok(7));
        let opened = offers().open(context("bp_runtime::Word", json!(7))).await.unwrap();
        assert!(opened.get::<dyn Word>().is_some() && opened.get::<dyn Number>().is_none());
        let paths: Vec<_> =
            offers().interfaces().iter().map(|glue| glue.interface().path).collect();
        assert_eq!(paths, ["bp_runtime::Number", "bp_runtime::Word"]);
    }

    #[tokio::test]
    async fn what_is_not_offered_and_what_cannot_be_read_is_said() {
        let error = offers().open(context("bp_runtime::Queue", json!(7))).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`counting` offers no `bp_runtime::Queue` (it offers: `bp_runtime::Number`, `bp_runtime::Word`)"
        );
        let error = offers().open(context("bp_runtime::Word", json!("seven"))).await.unwrap_err();
        assert!(error.to_string().starts_with("backend `db`: "), "{error}");
    }

    /// Opens it, and says which opener did.
    async fn number_of(offers: Offers<u64>, interface: &str) -> Result<u64, NumberError> {
        let opened = offers.open(context(interface, json!(0))).await.unwrap();
        opened.get::<dyn Number>().unwrap().get().await
    }

    #[tokio::test]
    async fn what_extends_an_interface_is_opened_where_nothing_nearer_is_offered() {
        let far = || Offers::with_context(|cx| cx.settings.read()).interface(open_named);
        let opened = far().open(context("bp_runtime::Word", json!(0))).await.unwrap();
        assert!(opened.get::<dyn Word>().is_some() && opened.get::<dyn Named>().is_none());
        assert_eq!(number_of(far(), "bp_runtime::Number").await, Ok(1));
        let near = || far().interface(open_even);
        assert_eq!(number_of(near(), "bp_runtime::Number").await, Ok(2));
        let exact = || near().interface(open_number);
        assert_eq!(number_of(exact(), "bp_runtime::Number").await, Ok(3));
        let error = near().open(context("bp_runtime::Queue", json!(0))).await.unwrap_err();
        let expected = "`counting` offers no `bp_runtime::Queue` (it offers: `bp_runtime::Named`, `bp_runtime::Even`)";
        assert_eq!(error.to_string(), expected);
    }

    async fn open_named(number: u64) -> Result<Arc<dyn Named>, StartError> {
        Ok(Arc::new(Is(number + 1)))
    }

    async fn open_even(number: u64) -> Result<Arc<dyn Even>, StartError> {
        Ok(Arc::new(Is(number + 2)))
    }

    async fn open_number(number: u64) -> Result<Arc<dyn Number>, StartError> {
        Ok(Arc::new(Is(number + 3)))
    }

    #[test]
    fn telemetry_names_the_plugin_unless_it_says_otherwise() {
        let cx = context("bp_runtime::Word", json!(7));
        let plain = offers().database(&cx).unwrap();
        assert_eq!(plain, Database { system: "counting", server: None });
        let offers = offers().system("countingdb").server(|cx| Ok((cx.name.clone(), 1)));
        let server = Some(("db".to_owned(), 1));
        assert_eq!(offers.database(&cx).unwrap(), Database { system: "countingdb", server });
        let offers = offers.server(|_| Err(StartError::new("no address")));
        assert_eq!(offers.database(&cx).unwrap_err().to_string(), "no address");
    }
}
