//! From definitions to the model, a kind of item a file.

mod attributes;
mod implementation;
mod knob;
mod remote;
mod service;
mod spawn;
mod types;

use bp_diag::Diagnostics;

use crate::lower::Marks;
use crate::model::{CrateModel, WorkflowModel};
use crate::names::Names;

pub(crate) use remote::encoded_fields;
pub(crate) use types::named;

/// What the item readers share.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) names: &'a Names<'a>,
    pub(crate) marks: &'a Marks,
}

/// Builds the model's items from a resolved tree.
pub(crate) fn collect(names: &Names<'_>, model: &mut WorkflowModel, diagnostics: &mut Diagnostics) {
    let marks = attributes::marks(names, diagnostics);
    let context = Context { names, marks: &marks };
    model.crates = names
        .tree
        .crates
        .iter()
        .map(|c| CrateModel {
            name: c.name.clone(),
            package: c.package.clone(),
            dir: c.dir.clone(),
        })
        .collect();
    model.types = types::read(&context, diagnostics);
    model.services = service::read(&context, diagnostics);
    model.implementations = implementation::read(&context, diagnostics);
    model.knobs = knob::read(&context, diagnostics);
    spawn::check(names, diagnostics);
    remote::settle(model);
}
