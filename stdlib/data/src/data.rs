//! The trait of values that may cross a process boundary.

use serde_json::Value;

use crate::error::DecodeError;
use crate::json_shape;
use crate::reader::{Field, Message};
use crate::writer::{FieldPosition, WireType, Writer};

/// A value that encodes itself to protobuf and JSON, where its type is defined.
///
/// Derive it; the crate's documentation has the table that every implementation follows.
/// The functions about lists define how `Vec<Self>` is encoded, so that a list of `u8` can be bytes.
pub trait Data: Sized + Send + Sync + 'static {
    /// How items are encoded in a packed list; `None` where the type is not a protobuf scalar.
    const PACKED: Option<WireType> = None;
    /// Whether a value may be `null` in JSON, so that an `Option` around it must say `{"some": …}`.
    const NULLABLE: bool = false;
    /// Whether a map with such keys is a JSON object.
    const TEXT: bool = false;

    /// Writes the value as field `at.number`.
    fn put(&self, at: FieldPosition, out: &mut Writer);

    /// Writes the value as an item of a packed list; only called if [`Data::PACKED`] says so.
    fn put_bare(&self, _out: &mut Writer) {}

    /// Reads the value from a field's occurrences.
    fn get(field: Field<'_>) -> Result<Self, DecodeError>;

    /// The value in JSON.
    fn to_json(&self) -> Value;

    /// Reads the value from JSON.
    fn from_json(value: Value) -> Result<Self, DecodeError>;

    /// The value of a missing field: 0, "", none, no items; an error where the type has no empty value, such as an enum.
    fn empty() -> Result<Self, DecodeError> {
        Self::get(Field::absent())
    }

    /// [`Data::put`] of a list.
    fn put_list(items: &[Self], at: FieldPosition, out: &mut Writer) {
        out.write_nested(at, |out, number| out.write_repeated(number, items.iter()));
    }

    /// [`Data::get`] of a list.
    fn get_list(field: Field<'_>) -> Result<Vec<Self>, DecodeError> {
        field.read_nested(|field| {
            let mut items = Vec::with_capacity(field.occurrences().min(64));
            field.read_repeated(|item| items.push(item))?;
            Ok(items)
        })
    }

    /// [`Data::to_json`] of a list.
    fn list_to_json(items: &[Self]) -> Value {
        items.iter().map(Self::to_json).collect()
    }

    /// [`Data::from_json`] of a list.
    fn list_from_json(value: Value) -> Result<Vec<Self>, DecodeError> {
        let items = json_shape::take_array(value, "an array")?.into_iter().enumerate();
        let item = |(index, item)| Self::from_json(item).map_err(|error| error.at_index(index));
        items.map(item).collect()
    }
}

impl Writer {
    /// A repeated field, packed where the item's type allows it.
    pub fn write_repeated<'a, T: Data>(
        &mut self,
        number: u32,
        items: impl ExactSizeIterator<Item = &'a T>,
    ) {
        if T::PACKED.is_none() {
            for item in items {
                item.put(FieldPosition::item(number), self);
            }
        } else if items.len() > 0 {
            self.write_message(number, |out| {
                for item in items {
                    item.put_bare(out);
                }
            });
        }
    }
}

impl Message<'_> {
    /// Decodes one field; `name` goes into errors.
    #[inline]
    pub fn get<T: Data>(&self, number: u32, name: &'static str) -> Result<T, DecodeError> {
        T::get(self.field(number)).map_err(|error| error.at(name))
    }
}

impl Field<'_> {
    /// Decodes a repeated field, packed or not, handing each item to `keep`.
    pub fn read_repeated<T: Data>(self, mut keep: impl FnMut(T)) -> Result<(), DecodeError> {
        let mut index = 0;
        self.visit_items(T::PACKED, |item| {
            keep(T::get(item).map_err(|error| error.at_index(index))?);
            index += 1;
            Ok(())
        })
    }
}
