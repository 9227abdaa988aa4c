//! What derived code and transports need for JSON.

use std::cell::Cell;

use serde_json::{Map, Value};

use crate::Data;
use crate::error::DecodeError;
pub use crate::json_shape::*;

/// Takes one member out of an object; a missing one is the type's empty value.
pub fn take_member<T: Data>(
    members: &mut Map<String, Value>,
    name: &'static str,
) -> Result<T, DecodeError> {
    let value = members.swap_remove(name).map_or_else(T::empty, T::from_json);
    value.map_err(|error| error.at(name))
}

/// Takes the next item of a tuple; a missing one is the type's empty value.
pub fn take_next<T: Data>(
    items: &mut std::vec::IntoIter<Value>,
    index: usize,
) -> Result<T, DecodeError> {
    let value = items.next().map_or_else(T::empty, T::from_json);
    value.map_err(|error| error.at_index(index))
}

/// The value in JSON in a canonical form: equal values have the same form, so a decimal number loses its trailing zeros.
pub fn to_canonical<T: Data>(value: &T) -> Value {
    /// Restores the value, after a panic too.
    struct RestoreOnDrop(bool);
    impl Drop for RestoreOnDrop {
        fn drop(&mut self) {
            CANONICAL.set(self.0);
        }
    }
    let _before = RestoreOnDrop(CANONICAL.replace(true));
    value.to_json()
}

/// Whether this is inside a call of [`to_canonical`].
pub(crate) fn is_canonical() -> bool {
    CANONICAL.get()
}

thread_local! {
    /// Whether equal values are to be written in the same form.
    static CANONICAL: Cell<bool> = const { Cell::new(false) };
    /// Whether integers of 64 bits are written as numbers.
    static NUMBERS: Cell<bool> = const { Cell::new(false) };
}

/// The value in JSON with integers of 64 bits as numbers where `i64` holds them, for stores that compare and add them.
///
/// [`Data::from_json`] takes either form.
pub fn to_json_with_numbers<T: Data>(value: &T) -> Value {
    /// Restores the value, after a panic too.
    struct RestoreOnDrop(bool);
    impl Drop for RestoreOnDrop {
        fn drop(&mut self) {
            NUMBERS.set(self.0);
        }
    }
    let _before = RestoreOnDrop(NUMBERS.replace(true));
    value.to_json()
}

/// An integer of 64 bits: a string, or a number inside [`to_json_with_numbers`].
pub(crate) fn wide_integer_to_json(value: i128) -> Value {
    match i64::try_from(value) {
        Ok(number) if NUMBERS.get() => number.into(),
        _ => Value::String(value.to_string()),
    }
}
