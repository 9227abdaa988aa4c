//! Builds the model from the files' trees, each section by its own rules.

use bp_diag::{Diagnostics, Span};

use camino::Utf8Path;

use crate::builder::Builder;
use crate::layers::Chain;
use crate::{Grammar, WiringFile, WiringModel};
use crate::{app, entries, inits, instances, names, patch, rules, target};

/// Builds the model of a chain.
pub(crate) fn build(
    chain: &Chain,
    grammar: &Grammar,
    here: &Utf8Path,
    out: &mut Diagnostics,
) -> WiringModel {
    let mut model = WiringModel { broken: chain.broken, ..WiringModel::default() };
    for layer in &chain.layers {
        model.files.push(WiringFile { path: layer.path.clone(), file: layer.file });
    }
    let Some(main) = chain.layers.last() else { return model };
    main.path.file_stem().unwrap_or_default().clone_into(&mut model.name);
    let mut builder = Builder {
        layers: &chain.layers,
        grammar,
        here,
        out,
        changes: Vec::new(),
        broken: chain.broken,
    };
    names::check_file(
        "a wiring file",
        &model.name,
        Span::start_of(main.file),
        &grammar.reserved,
        builder.out,
    );
    builder.check_tables();
    model.app = app::read(&mut builder);
    instances::read(&mut builder, &mut model);
    model.edges = rules::read_edges(&mut builder);
    model.servers = rules::read_servers(&mut builder);
    model.inits = inits::read(&mut builder, &model);
    model.processes = rules::read_processes(&mut builder, &model);
    model.target = target::read(&mut builder);
    model.patches = patch::read(&mut builder);
    model.tables = entries::read(&mut builder);
    model.changes = builder.changes;
    model
}
