//! Whether a declaration's literals fit its type: decided while a plugin is compiled.

use super::{Literal, Setting, SettingKind};
use crate::units::{DURATION_UNITS, SIZE_UNITS, Unit, read_quantity};

impl Setting {
    /// Bounds it by the greatest value of its type, if there is one; a bound that was written before stays, if it is not above.
    ///
    /// # Panics
    /// Only while constants are evaluated: the written bound is more than the type holds.
    pub const fn bounded_by_type(mut self, greatest: Option<Literal>) -> Self {
        let Some(greatest) = greatest else { return self };
        let bounded = self.kind.bounded();
        match self.max {
            Some(max) => assert!(
                magnitude(bounded, max) <= magnitude(bounded, greatest),
                "the greatest value of a setting is more than its type holds"
            ),
            None => self.max = Some(greatest),
        }
        self
    }

    /// Stops the compilation of a plugin whose default or bounds are not values of the setting, whose default is out of bounds, or whose tunable setting has entries.
    ///
    /// # Panics
    /// Only while constants are evaluated.
    #[expect(clippy::panic, reason = "this is how a constant refuses to be compiled")]
    pub const fn checked(self) -> Self {
        if let Some(default) = self.default
            && !fits(&self.kind, default)
        {
            panic!("the default of a setting is not a value of its type");
        }
        let bounded = self.kind.bounded();
        if let Some(min) = self.min
            && !(fits(bounded, min) && has_order(bounded))
        {
            panic!(
                "the least value of a setting is not a value of its type, or its type has no order"
            );
        }
        if let Some(max) = self.max
            && !(fits(bounded, max) && has_order(bounded))
        {
            panic!(
                "the greatest value of a setting is not a value of its type, or its type has no order"
            );
        }
        if let Some(default) = self.default {
            if let Some(min) = self.min
                && magnitude(&self.kind, default) < magnitude(&self.kind, min)
            {
                panic!("the default of a setting is less than its least value");
            }
            if let Some(max) = self.max
                && magnitude(&self.kind, default) > magnitude(&self.kind, max)
            {
                panic!("the default of a setting is more than its greatest value");
            }
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && magnitude(bounded, min) > magnitude(bounded, max)
        {
            panic!("the least value of a setting is more than its greatest");
        }
        // `BP_SET` and `BP_CONFIG` change single values; nothing would check the names of entries.
        assert!(
            !(self.tunable && matches!(self.kind, SettingKind::Map(_) | SettingKind::PerMethod(_))),
            "a setting with entries by name or by method is not tunable"
        );
        self
    }
}

const fn fits(kind: &SettingKind, literal: Literal) -> bool {
    match (kind, literal) {
        (SettingKind::Duration, Literal::Text(text)) => quantity(text, DURATION_UNITS).is_some(),
        (SettingKind::Size, Literal::Text(text)) => quantity(text, SIZE_UNITS).is_some(),
        (SettingKind::Ratio, Literal::Float(n)) => n >= 0.0 && n <= 1.0,
        (SettingKind::Ratio, Literal::Int(n)) => n == 0 || n == 1,
        (SettingKind::Count, Literal::Int(n)) => n >= 0,
        (SettingKind::Float, Literal::Float(_) | Literal::Int(_))
        | (SettingKind::Bool, Literal::Bool(_))
        | (SettingKind::Text, Literal::Text(_)) => true,
        (SettingKind::OneOf(words), Literal::Text(text)) => is_word(words, text),
        _ => false,
    }
}

/// Whether values of the type can be compared.
const fn has_order(kind: &SettingKind) -> bool {
    matches!(
        kind,
        SettingKind::Duration
            | SettingKind::Size
            | SettingKind::Ratio
            | SettingKind::Count
            | SettingKind::Float
    )
}

/// The number behind a literal that has an order; 0 for others, which have no bounds.
#[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
pub(super) const fn magnitude(kind: &SettingKind, literal: Literal) -> f64 {
    match (kind, literal) {
        (SettingKind::Duration, Literal::Text(text)) => match quantity(text, DURATION_UNITS) {
            Some(nanos) => nanos as f64,
            None => 0.0,
        },
        (SettingKind::Size, Literal::Text(text)) => match quantity(text, SIZE_UNITS) {
            Some(bytes) => bytes as f64,
            None => 0.0,
        },
        (_, Literal::Float(n)) => n,
        (_, Literal::Int(n)) => n as f64,
        _ => 0.0,
    }
}

const fn quantity(text: &str, units: &[Unit]) -> Option<u64> {
    match read_quantity(text, units) {
        Ok(count) => Some(count),
        Err(_) => None,
    }
}

#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
const fn is_word(words: &[&str], text: &str) -> bool {
    let mut i = 0;
    while i < words.len() {
        if crate::units::is_same(words[i].as_bytes(), text.as_bytes()) {
            return true;
        }
        i += 1;
    }
    false
}
