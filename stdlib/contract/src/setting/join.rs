//! Tables of settings put together while a plugin is compiled.

use super::{Literal, Setting, SettingKind};
use crate::units::is_same;

/// How many settings several groups have in all.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
pub const fn count_settings(groups: &[&[Setting]]) -> usize {
    let (mut count, mut i) = (0, 0);
    while i < groups.len() {
        count += groups[i].len();
        i += 1;
    }
    count
}

/// The settings of several groups, in order.
///
/// # Panics
/// Only while constants are evaluated: two of them that can stand in one table have one name.
#[expect(
    clippy::indexing_slicing,
    reason = "a constant has no iterators; the indices are in range"
)]
pub const fn join_settings<const N: usize>(groups: &[&[Setting]]) -> [Setting; N] {
    let mut all = [Setting::new("", SettingKind::Any, ""); N];
    let (mut next, mut i) = (0, 0);
    while i < groups.len() {
        let mut j = 0;
        while j < groups[i].len() {
            all[next] = groups[i][j];
            next += 1;
            j += 1;
        }
        i += 1;
    }
    let mut i = 0;
    while i < N {
        let mut j = 0;
        while j < i {
            assert!(
                !is_same(all[i].name.as_bytes(), all[j].name.as_bytes())
                    || are_apart(&all[i], &all[j]),
                "two settings of a table have one name"
            );
            j += 1;
        }
        i += 1;
    }
    all
}

/// Whether two settings belong to different variants, so that they never stand in one table.
const fn are_apart(left: &Setting, right: &Setting) -> bool {
    match (left.when, right.when) {
        (Some(left), Some(right)) => {
            is_same(left.tag.as_bytes(), right.tag.as_bytes())
                && !is_same(left.word.as_bytes(), right.word.as_bytes())
        }
        _ => false,
    }
}

/// The settings of a group, as those of a variant.
///
/// # Panics
/// Only while constants are evaluated: the group has variants itself.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
pub const fn of_variant<const N: usize>(
    settings: &[Setting],
    tag: &'static str,
    word: &'static str,
) -> [Setting; N] {
    let mut all = [Setting::new("", SettingKind::Any, ""); N];
    let mut i = 0;
    while i < N {
        assert!(settings[i].when.is_none(), "a variant cannot have variants in the same table");
        all[i] = settings[i].when(tag, word);
        i += 1;
    }
    all
}

/// The shorthand of a table.
///
/// # Panics
/// Only while constants are evaluated: the table has no such setting in every variant, or in that which a table has that chooses none.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
pub const fn shorthand_of(settings: &[Setting], name: &'static str) -> Option<&'static str> {
    let mut i = 0;
    while i < settings.len() {
        if is_same(settings[i].name.as_bytes(), name.as_bytes()) && is_usual(settings, &settings[i])
        {
            return Some(name);
        }
        i += 1;
    }
    #[expect(clippy::panic, reason = "this is how a constant refuses to be compiled")]
    {
        panic!("the shorthand is not a setting of the table")
    }
}

/// Whether a setting stands in a table that chooses no variant.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
const fn is_usual(settings: &[Setting], setting: &Setting) -> bool {
    let Some(variant) = setting.when else { return true };
    let mut i = 0;
    while i < settings.len() {
        if is_same(settings[i].name.as_bytes(), variant.tag.as_bytes())
            && let Some(Literal::Text(word)) = settings[i].default
        {
            return is_same(word.as_bytes(), variant.word.as_bytes());
        }
        i += 1;
    }
    false
}
