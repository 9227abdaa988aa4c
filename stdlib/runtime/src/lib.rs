//! The runtime that workflow and generated code link: context, errors, the call chain, the application's life.
//!
//! A call passes a chain of [`Wrapper`]s and ends in an [`Endpoint`]: the callee in the same process, or a transport's client.
//! On the other side of a transport a [`Server`] runs the callee's own chain and ends in a generated [`Dispatch`].
//! Application errors are a [`Reply`] with a [`Class`]; infrastructure failures are the `Err` side, an [`Infra`].
//!
//! A plugin implements one of [`WrapperPlugin`], [`TransportPlugin`], [`BackendPlugin`] and [`TablePlugin`].

mod alarm;
mod any_instance;
mod app;
mod arguments;
pub mod balance;
mod builder;
mod call;
mod callee;
mod chain;
mod client;
mod clock;
mod config;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod connection_permits;
mod console;
mod context;
mod difference;
mod drain;
mod dynamic_caller;
mod environment;
mod error;
mod guards;
pub mod headers;
mod instance;
mod interface;
pub mod knob;
mod limit;
pub mod listen;
mod literal;
mod logs;
mod method;
mod metrics;
mod offers;
mod panic;
mod plan;
mod plugin;
pub mod policy;
mod random;
mod reply_metadata;
mod server;
mod settings;
mod shared_state;
mod spawn;
pub mod surroundings;
mod sync;
mod table_plugin;
mod tasks;
mod trace_context;
mod tuple;
mod wrapper_plugin;

pub use any_instance::AnyInstance;
pub use app::{App, Hosting, Running, Stopped};
pub use arguments::{Arguments, Encoded};
pub use balance::Balance;
pub use bp_contract::Secret;
pub use bp_contract::units;
pub use bp_data::{ArgumentTuple, Codec, Data, DecodeError};
pub use builder::{BackgroundOutcome, Builder, Building, Built, Constructor};
pub use call::{Call, Class, Edge, Reply};
pub use chain::{Dispatch, Dispatched, Endpoint, Next, Wrapper};
pub use client::Client;
pub use clock::{Clock, Instant, ManualClock, RealClock};
pub use connection_permits::{ConnectionPermit, ConnectionPermits};
pub use context::{Context, Criticality, TriedEndpoints};
pub use difference::find_json_differences;
pub use drain::Drain;
pub use dynamic_caller::DynamicCaller;
pub use environment::Environment;
pub use error::{Infra, InfraKind, InitError, Processed, ServiceError, StartError, Status};
pub use futures_util::future::BoxFuture;
pub use guards::Guards;
pub use instance::{InterfaceGlue, Outcome};
pub use interface::BackendInterface;
pub use knob::Knob;
pub use limit::MessageLimit;
pub use literal::Literal;
pub use method::{Interface, Method};
pub use metrics::{LabelValue, MetricFamily, Metrics};
pub use offers::Offers;
pub use plugin::{
    BackendContext, BackendPlugin, ConnectContext, Database, Dialer, ServeContext, Side, System,
    TransportPlugin, WrapperContext, WrapperPlugin,
};
pub use prometheus_client;
pub use random::{RealRng, Rng, SeededRng};
pub use reply_metadata::{Load, ReplyMetadata, RetryAfter, Shed};
pub use server::{Served, Server};
pub use settings::{Live, Settings};
pub use shared_state::SharedState;
pub use spawn::{shielded, spawn};
pub use surroundings::{ByteStream, Listener, Surroundings};
pub use table_plugin::{Mode, ModeContext, TableContext, TableEntry, TablePlugin};
pub use trace_context::TraceContext;
pub use wrapper_plugin::{client_wrapper, server_wrapper, two_sided_wrapper};

/// What derived code names; no part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::config::read_plan;
    pub use crate::{Infra, ServiceError, Status};

    /// What `#[interface]` expands to.
    pub mod interface {
        pub use crate::interface::{
            BackendInterface, Declaration, Origin, OwnMethods, count_bytes, count_methods,
            first_own, join_methods, join_text, name_of, read_text, wire_name_of,
        };
        pub use crate::{Call, Client, Dispatched, Infra, Interface, InterfaceGlue, Method, Reply};
    }

    /// What `#[bp_test]` expands to.
    pub mod test {
        pub use crate::app::test::{TestInstances, run, run_in};
    }

    pub use bp_data::__private::*;
}
