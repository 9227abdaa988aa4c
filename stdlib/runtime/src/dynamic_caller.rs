//! Calls by the names of instances and methods, with JSON instead of types.

use std::fmt;

use bp_data::DecodeError;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::error::{Infra, StartError};
use crate::instance::Outcome;

/// Calls instances of a system by names, without the types of their interfaces, as a [`Mode`](crate::Mode) does.
pub trait DynamicCaller: fmt::Debug + Send + Sync {
    /// Calls a method by names, with a JSON object of its arguments; `null` stands for no arguments.
    ///
    /// # Errors
    /// No call could be made: there is no such instance or method, or nothing outside can reach it.
    /// The inner error is a call that got no answer.
    fn call<'a>(
        &'a self,
        instance: &'a str,
        method: &'a str,
        arguments: &'a Value,
    ) -> BoxFuture<'a, Result<Result<Outcome, Infra>, StartError>>;

    /// An answer of a method in its canonical form: equal answers have the same form, however they are written.
    ///
    /// `None` when there is no such instance or method.
    ///
    /// # Errors
    /// It does not fit the method's answer.
    fn canonicalize(
        &self,
        instance: &str,
        method: &str,
        answer: Value,
    ) -> Option<Result<Value, DecodeError>>;
}
