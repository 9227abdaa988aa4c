//! Facets: data of any type that passes and plugins attach to nodes and edges.
//!
//! Kinds are closed so that the verifier and the targets are exhaustive; facets are open so that a plugin needs no new kind.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

/// Data attached to a node or an edge, found again by its type.
pub trait Facet: Any + fmt::Debug + Send + Sync {
    /// Its name in dumps, unique among facets.
    fn name(&self) -> &'static str;

    /// Its content in dumps.
    fn dump(&self) -> serde_json::Value;
}

/// The facets of one node or edge: at most one of a type.
#[derive(Debug, Clone, Default)]
pub struct Facets {
    /// By name; a list, because there are many nodes and few facets on each.
    by_name: Vec<(&'static str, TypeId, Arc<dyn Facet>)>,
}

impl Facets {
    /// Attaches a facet; replaces the one of the same type.
    pub fn set<F: Facet>(&mut self, facet: F) {
        let name = facet.name();
        let new = (name, TypeId::of::<F>(), Arc::new(facet) as Arc<dyn Facet>);
        match self.by_name.binary_search_by_key(&name, |(name, ..)| name) {
            Ok(at) => {
                if let Some(slot) = self.by_name.get_mut(at) {
                    *slot = new;
                }
            }
            Err(at) => self.by_name.insert(at, new),
        }
    }

    /// The facet of a type.
    pub fn get<F: Facet>(&self) -> Option<&F> {
        let wanted = TypeId::of::<F>();
        let (.., facet) = self.by_name.iter().find(|(_, id, _)| *id == wanted)?;
        let any: &dyn Any = facet.as_ref();
        any.downcast_ref()
    }

    /// Takes the facet of a type away.
    pub fn remove<F: Facet>(&mut self) {
        let unwanted = TypeId::of::<F>();
        self.by_name.retain(|(_, id, _)| *id != unwanted);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Every facet, by name.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Facet> {
        self.by_name.iter().map(|(.., facet)| facet.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Color(&'static str);

    impl Facet for Color {
        fn name(&self) -> &'static str {
            "color"
        }
        fn dump(&self) -> serde_json::Value {
            self.0.into()
        }
    }

    #[derive(Debug, PartialEq)]
    struct Weight(u32);

    impl Facet for Weight {
        fn name(&self) -> &'static str {
            "weight"
        }
        fn dump(&self) -> serde_json::Value {
            self.0.into()
        }
    }

    #[test]
    fn a_facet_is_found_by_its_type() {
        let mut facets = Facets::default();
        facets.set(Color("red"));
        facets.set(Weight(3));
        facets.set(Color("blue"));
        assert_eq!(facets.get::<Color>(), Some(&Color("blue")));
        assert_eq!(facets.get::<Weight>(), Some(&Weight(3)));
        facets.remove::<Color>();
        assert_eq!(facets.get::<Color>(), None);
        assert_eq!(facets.iter().map(Facet::name).collect::<Vec<_>>(), ["weight"]);
    }
}
