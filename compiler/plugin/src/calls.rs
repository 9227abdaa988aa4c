//! Calls that tables describe, checked against the workflow.

use std::fmt::Debug;

use bp_diag::Diagnostics;
use bp_wiring::{Item, Table};
use bp_workflow::MethodModel;

/// Checks calls of services that a table describes, such as `call = "board.publish"` with `arguments`.
///
/// What is wrong is reported where it is written.
pub trait Calls: Debug {
    /// The called method, if the service exists and has it; `call` is "service.method". Checks the arguments, those that are missing too, against its parameters.
    ///
    /// `why` ends the message about something that is not a service: "a smoke call calls a service".
    fn check_call(
        &self,
        call: &Item,
        arguments: Option<&Table>,
        why: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<CheckedCall<'_>>;

    /// Checks a written answer against what the method returns; `what` names the setting.
    fn check_answer(
        &self,
        call: &CheckedCall<'_>,
        what: &str,
        answer: &Item,
        diagnostics: &mut Diagnostics,
    );

    /// Checks that the method can fail with an error of this code.
    fn check_error_code(&self, call: &CheckedCall<'_>, code: &Item, diagnostics: &mut Diagnostics);
}

/// A call whose service and method exist.
#[derive(Debug, Clone, Copy)]
pub struct CheckedCall<'a> {
    /// The service's name, as declared.
    pub service: &'a str,
    /// The method.
    pub method: &'a MethodModel,
    /// Whether the outside world calls the service.
    pub published: bool,
}
