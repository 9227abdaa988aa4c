//! The compile half of `smoke`: calls that show that the system works.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_contract::EXPECTED_CALL;
use bp_plugin::diag::catalog::{binding, wiring};
use bp_plugin::wiring::Item;
use bp_plugin::{CheckContext, Mode, OwnedTable, Plugin, WrittenCall, table};

use settings::{NAME, SmokeSettings};

pub(crate) static PLUGIN: Plugin = table(
    NAME,
    "Sends calls to the running system and compares what comes back.",
)
.tables(&[CALLS])
.check_entries(&[(NAME, check)])
.runtime()
.mode(Mode {
    name: NAME,
    help: "Send the wiring's smoke calls over fresh data, then stop",
    what: "smoke calls",
    table: NAME,
    example: "`[smoke.add]`, `call = \"frontend.add\"`, `arguments = { ... }`, `expect = ...`",
})
.about(include_str!("README.md"))
.needs(&["to see in seconds whether a system works"])
.declare();

const CALLS: OwnedTable = OwnedTable::top_level::<SmokeSettings>(NAME, "a smoke call")
    .ordered()
    .verbatim()
    .read_by_mode();

/// Reports a call that cannot be sent, and an answer or an error that cannot come.
fn check(cx: &mut CheckContext<'_>) {
    let Some(entry) = cx.entry else { return };
    let answer = entry.written.get(SmokeSettings::EXPECT.name());
    let error = entry.written.get(SmokeSettings::EXPECT_ERROR.name());
    let arguments = entry.written.get(SmokeSettings::ARGUMENTS.name());
    // What is missing or of another type is reported where settings are read.
    let Some(item) = entry.written.get(SmokeSettings::CALL.name()) else { return };
    if item.as_str().is_none() || arguments.is_some_and(|item| item.as_table().is_none()) {
        return;
    }
    let Some(call) = WrittenCall::read(item, arguments.and_then(Item::as_table)) else {
        let help = "call = \"frontend.list\"";
        cx.diagnostics.push(wiring::bad_smoke_call(item.span, cx.place, EXPECTED_CALL, help));
        return;
    };
    let why = "a smoke call calls a service";
    let Some(called) = entry.calls.check_call(&call, why, cx.diagnostics) else { return };
    if !called.published {
        cx.diagnostics.push(binding::smoke_unpublished(item.span, called.service));
    }
    if let Some(answer) = answer {
        entry.calls.check_answer(&called, SmokeSettings::EXPECT.name(), answer, cx.diagnostics);
    }
    if let Some(error) = error {
        entry.calls.check_error_code(&called, error, cx.diagnostics);
    }
}
