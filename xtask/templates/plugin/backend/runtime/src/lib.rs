//! The `sample` backend: caches and document stores in the process's memory, gone at its end.

mod settings;

use std::sync::Arc;

use bp_backend::memory::{CacheLimits, MemoryCache, MemoryDocuments};
use bp_backend::{Cache, DocumentStore};
use bp_runtime::{BackendPlugin, Offers, StartError};

use settings::SampleSettings;

/// The plugin.
pub fn plugin() -> impl BackendPlugin {
    Offers::new()
        .interface(|cx| async move {
            let settings: SampleSettings = cx.settings.read()?;
            let default = CacheLimits::default();
            let limits = CacheLimits { items: settings.items.unwrap_or(default.items), ..default };
            let clock = cx.surroundings.clock;
            Ok(Arc::new(MemoryCache::with_clock(limits, clock)) as Arc<dyn Cache>)
        })
        .interface(|cx| async move {
            check_unlimited(&cx.settings.read()?)?;
            Ok(Arc::new(MemoryDocuments::new()) as Arc<dyn DocumentStore>)
        })
}

/// The compile half checks this too, but not where the limit is a reference.
fn check_unlimited(settings: &SampleSettings) -> Result<(), StartError> {
    if settings.items.is_none() {
        return Ok(());
    }
    let limit = SampleSettings::ITEMS.name();
    Err(StartError::new(format!(
        "a document store forgets nothing, so it takes no `{limit}`: remove it"
    )))
}

#[cfg(test)]
mod tests;
