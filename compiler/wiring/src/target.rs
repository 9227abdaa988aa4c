//! Reads `[target]`.

use bp_diag::Spanned;
use bp_diag::catalog::wiring as codes;

use crate::TargetModel;
use crate::builder::{Builder, NO_KEYS};

/// Reads `[target]`.
pub(crate) fn read(builder: &mut Builder<'_>) -> TargetModel {
    let Some((mut settings, _)) = builder.merge_section("target", &NO_KEYS) else {
        return TargetModel::default();
    };
    let mut enabled: Vec<Spanned<String>> = Vec::new();
    if let Some(item) = settings.entries.remove("enabled") {
        for (text, item) in builder.read_strings(&item, "`enabled`", "enabled = [\"process\"]") {
            match enabled.iter().find(|e| e.value == text) {
                Some(first) => {
                    builder.out.push(codes::set_twice(item.span, text, Some(first.span)));
                }
                None => enabled.push(Spanned::new(text.to_owned(), item.span)),
            }
        }
    }
    TargetModel { enabled, settings }
}
