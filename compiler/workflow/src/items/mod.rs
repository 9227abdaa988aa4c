//! Reads definitions into the model; each kind of item has its file.

mod attributes;
mod implementation;
mod interface;
mod knob;
mod remote;
mod service;
mod spawn;
mod types;

use std::collections::BTreeSet;

use bp_diag::Diagnostics;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::model::{CrateModel, WorkflowModel};
use crate::names::Names;
use crate::resolve_type::MarkedDefinitions;
use crate::tree::Extern;

pub(crate) use remote::encoded_fields;
pub(crate) use types::visit_named;

/// What the item readers share.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) names: &'a Names<'a>,
    pub(crate) marks: &'a MarkedDefinitions,
    /// Whether several threads, whose stacks are deep enough, take part.
    pub(crate) parallel: bool,
}

impl Context<'_> {
    /// Reads many items; models and diagnostics keep the order of the items.
    fn read_each<'i, I: Sync, M: Send>(
        &self,
        items: &'i [I],
        diagnostics: &mut Diagnostics,
        read: impl Fn(&'i I, &mut Diagnostics) -> Option<M> + Sync,
    ) -> Vec<M> {
        let one = |item: &'i I| {
            let mut own = Diagnostics::new();
            let model = read(item, &mut own);
            (model, own)
        };
        let all: Vec<_> = if self.parallel {
            items.par_iter().map(one).collect()
        } else {
            items.iter().map(one).collect()
        };
        let mut models = Vec::with_capacity(all.len());
        for (model, own) in all {
            diagnostics.append(own);
            models.extend(model);
        }
        models
    }
}

/// Builds the model's items from a resolved tree; `offered` are the interfaces that backends are known to offer.
pub(crate) fn collect(
    names: &Names<'_>,
    offered: &BTreeSet<&str>,
    parallel: bool,
    model: &mut WorkflowModel,
    diagnostics: &mut Diagnostics,
) {
    let marks = attributes::find_marked(names, offered, diagnostics);
    let context = Context { names, marks: &marks, parallel };
    model.crates = names
        .tree
        .crates
        .iter()
        .map(|c| CrateModel {
            name: c.name.clone(),
            package: c.package.clone(),
            dir: c.dir.clone(),
            package_span: c.package_span,
            name_span: c.name_span,
            root: c.file.clone().unwrap_or_default(),
            features: c.features.clone(),
            sees: c
                .externs
                .iter()
                .filter_map(|(name, target)| match target {
                    Extern::Read(id) => Some((name.clone(), names.tree.krate(*id)?.dir.clone())),
                    _ => None,
                })
                .collect(),
        })
        .collect();
    model.types = types::read(&context, diagnostics);
    model.services = service::read(&context, diagnostics);
    model.interfaces = interface::read(&context, diagnostics);
    model.implementations = implementation::read(&context, diagnostics);
    model.knobs = knob::read(&context, diagnostics);
    spawn::check(names, diagnostics);
    remote::propagate_local_reasons(model);
}
