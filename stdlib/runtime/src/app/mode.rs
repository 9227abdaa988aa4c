//! A plugin's mode: the program works on the running system, from outside, and ends.

use std::process::ExitCode;

use super::App;
use super::outside::OutsideCaller;
use super::tables::collect_tables;
use crate::console::complain;
use crate::environment::Environment;
use crate::error::StartError;
use crate::plan::{TablePlan, TableReader};
use crate::table_plugin::{Mode, ModeContext};

/// Runs the mode that the plugin `id` adds. 1 when it cannot even begin.
pub(super) async fn run(app: App, environment: Environment, id: &str, mode: Mode) -> ExitCode {
    match prepare(app, environment, id) {
        Ok(context) => mode.run(context).await,
        Err(error) => complain(&error.to_string(), 1),
    }
}

fn prepare(app: App, environment: Environment, id: &str) -> Result<ModeContext, StartError> {
    let outside = OutsideCaller::new(app, environment)?;
    // References in what processes read need not have a meaning on this machine.
    let wanted = |table: &TablePlan| table.plugin == id && table.reader == TableReader::Mode;
    let tables = collect_tables(&outside.state, wanted)?;
    Ok(ModeContext { tables, outside: Box::new(outside) })
}
