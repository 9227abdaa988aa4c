//! Calls that tables describe, checked against the workflow.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bp_contract::parse_call;
use bp_diag::{Diagnostics, Span};
use bp_wiring::{Item, Table};
use bp_workflow::MethodModel;

static NO_ARGUMENTS: BTreeMap<String, Item> = BTreeMap::new();

/// A call as the wiring writes it: `call = "board.publish"` and `arguments`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WrittenCall<'a> {
    /// The service.
    pub service: &'a str,
    /// The method.
    pub method: &'a str,
    /// Where both are written.
    pub span: Span,
    /// The arguments, by parameter.
    pub arguments: &'a BTreeMap<String, Item>,
}

impl<'a> WrittenCall<'a> {
    /// The call in a text `service.method`; `None` if the value is anything else.
    pub fn read(call: &'a Item, arguments: Option<&'a Table>) -> Option<Self> {
        let (service, method) = parse_call(call.as_str()?)?;
        let arguments = arguments.map_or(&NO_ARGUMENTS, |table| &table.entries);
        Some(Self { service, method, span: call.span, arguments })
    }
}

/// Checks calls of services that a table describes.
///
/// What is wrong is reported where it is written.
pub trait Calls: Debug {
    /// The call, if the service exists; where it has the method, the arguments, those that are missing too, are checked against its parameters.
    ///
    /// `why` ends the message about something that is not a service: "a smoke call calls a service".
    fn check_call(
        &self,
        call: &WrittenCall<'_>,
        why: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<CheckedCall<'_>>;

    /// Checks a written answer against what the method returns, if it exists; `what` names the setting.
    fn check_answer(
        &self,
        call: &CheckedCall<'_>,
        what: &str,
        answer: &Item,
        diagnostics: &mut Diagnostics,
    );

    /// Checks that the method, if it exists, can fail with an error of this code; what is not text is reported where settings are read.
    fn check_error_code(&self, call: &CheckedCall<'_>, code: &Item, diagnostics: &mut Diagnostics);
}

/// A call whose service exists.
#[derive(Debug, Clone, Copy)]
pub struct CheckedCall<'a> {
    /// The service's name, as declared.
    pub service: &'a str,
    /// The method; `None` if the service has none of this name, which was reported.
    pub method: Option<&'a MethodModel>,
    /// Whether the outside world calls the service; also after errors, which may hide that it does.
    pub published: bool,
}

#[cfg(test)]
mod tests {
    use bp_diag::SourceMap;
    use bp_wiring::Value;

    use super::*;

    #[test]
    fn a_call_is_a_service_and_a_method() {
        let span = Span::new(SourceMap::new().add("a.toml", ""), 0, 0);
        let read = |text: &str| {
            let item = Item { value: Value::String(text.to_owned()), span, key: span };
            WrittenCall::read(&item, None).map(|c| format!("{} {}", c.service, c.method))
        };
        assert_eq!(read("cart.add").as_deref(), Some("cart add"));
        assert_eq!((read("cart"), read(".add"), read("cart.")), (None, None, None));
    }
}
