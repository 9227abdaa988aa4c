//! Tuples: a message with fields from 1, an array in JSON.

use serde_json::Value;

use crate::error::DecodeError;
use crate::reader::Field;
use crate::writer::{FieldPosition, Writer};
use crate::{Data, json};

macro_rules! tuple {
    ($($name:ident $index:tt $number:literal),*) => {
        impl<$($name: Data),*> Data for ($($name,)*) {
            fn put(&self, at: FieldPosition, out: &mut Writer) {
                out.write_message(at.number, |out| {
                    $( self.$index.put(FieldPosition::field($number), out); )*
                });
            }

            fn get(field: Field<'_>) -> Result<Self, DecodeError> {
                let message = field.read_message()?;
                Ok(($( message.get::<$name>($number, stringify!($index))?, )*))
            }

            fn to_json(&self) -> Value {
                Value::Array(vec![$( self.$index.to_json() ),*])
            }

            fn from_json(value: Value) -> Result<Self, DecodeError> {
                let mut items = json::take_array(value, "an array")?.into_iter();
                Ok(($( json::take_next::<$name>(&mut items, $index)?, )*))
            }
        }
    };
}

tuple!(A 0 1);
tuple!(A 0 1, B 1 2);
tuple!(A 0 1, B 1 2, C 2 3);
tuple!(A 0 1, B 1 2, C 2 3, D 3 4);
tuple!(A 0 1, B 1 2, C 2 3, D 3 4, E 4 5);
tuple!(A 0 1, B 1 2, C 2 3, D 3 4, E 4 5, F 5 6);
tuple!(A 0 1, B 1 2, C 2 3, D 3 4, E 4 5, F 5 6, G 6 7);
tuple!(A 0 1, B 1 2, C 2 3, D 3 4, E 4 5, F 5 6, G 6 7, H 7 8);
tuple!(A 0 1, B 1 2, C 2 3, D 3 4, E 4 5, F 5 6, G 6 7, H 7 8, I 8 9);
tuple!(A 0 1, B 1 2, C 2 3, D 3 4, E 4 5, F 5 6, G 6 7, H 7 8, I 8 9, J 9 10);
tuple!(A 0 1, B 1 2, C 2 3, D 3 4, E 4 5, F 5 6, G 6 7, H 7 8, I 8 9, J 9 10, K 10 11);
tuple!(A 0 1, B 1 2, C 2 3, D 3 4, E 4 5, F 5 6, G 6 7, H 7 8, I 8 9, J 9 10, K 10 11, L 11 12);
