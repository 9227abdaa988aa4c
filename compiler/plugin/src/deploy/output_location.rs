//! Where the output folder is, for paths in artifacts.

/// The output folder and the application's root, seen from each other.
///
/// It never holds an absolute path of this machine, so that two checkouts give the same output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputLocation {
    /// The path from the output folder to the application's root: `../..`.
    pub to_root: String,
    /// The path from the application's root to the output folder, `build/compose`; `None` when it is not below the root.
    pub from_root: Option<String>,
    /// The names of the application's folder and of those above it, nearest first.
    pub above: Vec<String>,
}

impl OutputLocation {
    /// The names of the application's folder and of those above it, up to `levels`, as a path from there; empty for 0.
    pub fn below(&self, levels: usize) -> Option<String> {
        let names = self.above.get(..levels)?;
        Some(names.iter().rev().map(String::as_str).collect::<Vec<_>>().join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_down_again_is_by_name() {
        let above = ["leaf", "examples", "bp"].map(str::to_owned).to_vec();
        let place = OutputLocation { above, ..OutputLocation::default() };
        assert_eq!(place.below(2).as_deref(), Some("examples/leaf"));
        assert_eq!(place.below(0).as_deref(), Some(""));
        assert_eq!(place.below(4), None);
    }
}
