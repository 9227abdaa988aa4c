//! `Option`, lists, arrays, sets and maps.
//!
//! Hashed sets and maps are written in the order of their encoded keys, so that equal values give equal bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hash};

use serde_json::{Map, Value};

use crate::error::DecodeError;
use crate::reader::Field;
use crate::writer::{FieldPosition, Writer};
use crate::{Data, json};

impl<T: Data> Data for Option<T> {
    const NULLABLE: bool = true;

    #[inline]
    fn put(&self, at: FieldPosition, out: &mut Writer) {
        out.write_nested(at, |out, number| {
            if let Some(value) = self {
                value.put(FieldPosition::item(number), out);
            }
        });
    }

    #[inline]
    fn get(field: Field<'_>) -> Result<Self, DecodeError> {
        field.read_nested(
            |field| {
                if field.is_absent() { Ok(None) } else { T::get(field.item()).map(Some) }
            },
        )
    }

    fn to_json(&self) -> Value {
        match self {
            None => Value::Null,
            Some(value) if T::NULLABLE => json::build_tagged("some", value.to_json()),
            Some(value) => value.to_json(),
        }
    }

    fn from_json(value: Value) -> Result<Self, DecodeError> {
        if value.is_null() {
            return Ok(None);
        }
        if !T::NULLABLE {
            return T::from_json(value).map(Some);
        }
        let mut members = json::take_object(value, "null or {\"some\": …}")?;
        match members.swap_remove("some") {
            Some(value) => T::from_json(value).map(Some).map_err(|error| error.at("some")),
            None => Err(DecodeError::expected("null or {\"some\": …}", "another object")),
        }
    }

    fn empty() -> Result<Self, DecodeError> {
        Ok(None)
    }
}

impl<T: Data> Data for Vec<T> {
    #[inline]
    fn put(&self, at: FieldPosition, out: &mut Writer) {
        T::put_list(self, at, out);
    }

    #[inline]
    fn get(field: Field<'_>) -> Result<Self, DecodeError> {
        T::get_list(field)
    }

    fn to_json(&self) -> Value {
        T::list_to_json(self)
    }

    fn from_json(value: Value) -> Result<Self, DecodeError> {
        T::list_from_json(value)
    }

    fn empty() -> Result<Self, DecodeError> {
        Ok(Self::new())
    }
}

/// An array is a list whose length both sides know; a missing one holds empty values.
impl<T: Data, const N: usize> Data for [T; N] {
    fn put(&self, at: FieldPosition, out: &mut Writer) {
        T::put_list(self, at, out);
    }

    fn get(field: Field<'_>) -> Result<Self, DecodeError> {
        into_array(T::get_list(field)?)
    }

    fn to_json(&self) -> Value {
        T::list_to_json(self)
    }

    fn from_json(value: Value) -> Result<Self, DecodeError> {
        into_array(T::list_from_json(value)?)
    }
}

fn into_array<T: Data, const N: usize>(items: Vec<T>) -> Result<[T; N], DecodeError> {
    let items = match items.len() {
        0 => std::iter::repeat_with(T::empty).take(N).collect::<Result<Vec<T>, _>>()?,
        _ => items,
    };
    items.try_into().map_err(|items: Vec<T>| {
        DecodeError::expected(format!("{N} items"), format!("{}", items.len()))
    })
}

/// Sets and queues, which are lists on the wire and can be collected from their items.
macro_rules! list {
    ([$($generics:tt)*] $list:ty, $item:ident, $keep:ident, $in_order:expr) => {
        impl<$($generics)*> Data for $list {
            fn put(&self, at: FieldPosition, out: &mut Writer) {
                out.write_nested(at, |out, number| out.write_repeated(number, $in_order(self)));
            }

            fn get(field: Field<'_>) -> Result<Self, DecodeError> {
                field.read_nested(|field| {
                    let mut items = Self::default();
                    field.read_repeated(|item| {
                        items.$keep(item);
                    })?;
                    Ok(items)
                })
            }

            fn to_json(&self) -> Value {
                $in_order(self).map(Data::to_json).collect()
            }

            fn from_json(value: Value) -> Result<Self, DecodeError> {
                let items = json::take_array(value, "an array")?.into_iter().enumerate();
                let item = |(index, item)| {
                    $item::from_json(item).map_err(|error| error.at_index(index))
                };
                items.map(item).collect()
            }

            fn empty() -> Result<Self, DecodeError> {
                Ok(Self::default())
            }
        }
    };
}

list!([T: Data] VecDeque<T>, T, push_back, VecDeque::iter);
list!([T: Data + Ord] BTreeSet<T>, T, insert, BTreeSet::iter);
list!([T: Data + Eq + Hash, S: BuildHasher + Default + Send + Sync + 'static] HashSet<T, S>, T, insert, sort_set);

/// How a value is encoded: an order for hashed collections.
fn encode_item<T: Data>(value: &T) -> Vec<u8> {
    let mut out = Writer::default();
    value.put(FieldPosition::item(1), &mut out);
    out.into_bytes()
}

fn sort_set<T: Data, S>(set: &HashSet<T, S>) -> std::vec::IntoIter<&T> {
    let mut items: Vec<&T> = set.iter().collect();
    items.sort_by_cached_key(|item| encode_item(*item));
    items.into_iter()
}

fn sort_map<K: Data, V, S>(map: &HashMap<K, V, S>) -> std::vec::IntoIter<(&K, &V)> {
    let mut entries: Vec<(&K, &V)> = map.iter().collect();
    entries.sort_by_cached_key(|(key, _)| encode_item(*key));
    entries.into_iter()
}

/// A map's entry as it is read. Both fields stand for one value, so that optional and repeated ones have a wrapper.
struct MapEntry<K, V>(K, V);

impl<K: Data, V: Data> Data for MapEntry<K, V> {
    fn put(&self, at: FieldPosition, out: &mut Writer) {
        put_entry((&self.0, &self.1), at.number, out);
    }

    fn get(field: Field<'_>) -> Result<Self, DecodeError> {
        let message = field.read_message()?;
        let key = K::get(message.field(1).item()).map_err(|error| error.at("key"))?;
        let value = V::get(message.field(2).item()).map_err(|error| error.at("value"))?;
        Ok(Self(key, value))
    }

    fn to_json(&self) -> Value {
        entry_to_json((&self.0, &self.1))
    }

    fn from_json(value: Value) -> Result<Self, DecodeError> {
        let items = json::take_array(value, "a pair of key and value")?;
        let [key, value] = <[Value; 2]>::try_from(items).map_err(|items| {
            DecodeError::expected("a pair of key and value", format!("{} items", items.len()))
        })?;
        let key = K::from_json(key).map_err(|error| error.at("key"))?;
        let value = V::from_json(value).map_err(|error| error.at("value"))?;
        Ok(Self(key, value))
    }
}

fn put_entry<K: Data, V: Data>((key, value): (&K, &V), number: u32, out: &mut Writer) {
    out.write_message(number, |out| {
        key.put(FieldPosition::item(1), out);
        value.put(FieldPosition::item(2), out);
    });
}

fn entry_to_json<K: Data, V: Data>((key, value): (&K, &V)) -> Value {
    Value::Array(vec![key.to_json(), value.to_json()])
}

fn map_to_json<'a, K: Data, V: Data>(entries: impl Iterator<Item = (&'a K, &'a V)>) -> Value {
    if !K::TEXT {
        return entries.map(entry_to_json).collect();
    }
    let member = |(key, value): (&K, &V)| match key.to_json() {
        Value::String(name) => Some((name, value.to_json())),
        _ => None,
    };
    Value::Object(entries.filter_map(member).collect::<Map<_, _>>())
}

fn map_from_json<K: Data, V: Data, M: FromIterator<(K, V)>>(
    value: Value,
) -> Result<M, DecodeError> {
    if !K::TEXT {
        let entries = MapEntry::<K, V>::list_from_json(value)?;
        return Ok(entries.into_iter().map(|MapEntry(key, value)| (key, value)).collect());
    }
    let members = json::take_object(value, "an object")?.into_iter();
    let entry = |(name, value): (String, Value)| {
        let value = V::from_json(value).map_err(|error| error.at(name.clone()))?;
        Ok((K::from_json(Value::String(name))?, value))
    };
    members.map(entry).collect()
}

macro_rules! map {
    ([$($generics:tt)*] $map:ty, $in_order:expr) => {
        impl<$($generics)*> Data for $map {
            fn put(&self, at: FieldPosition, out: &mut Writer) {
                out.write_nested(at, |out, number| {
                    for entry in $in_order(self) {
                        put_entry(entry, number, out);
                    }
                });
            }

            fn get(field: Field<'_>) -> Result<Self, DecodeError> {
                field.read_nested(|field| {
                    let mut map = Self::default();
                    field.read_repeated(|MapEntry(key, value)| {
                        map.insert(key, value);
                    })?;
                    Ok(map)
                })
            }

            fn to_json(&self) -> Value {
                map_to_json($in_order(self))
            }

            fn from_json(value: Value) -> Result<Self, DecodeError> {
                map_from_json(value)
            }

            fn empty() -> Result<Self, DecodeError> {
                Ok(Self::default())
            }
        }
    };
}

map!([K: Data + Ord, V: Data] BTreeMap<K, V>, BTreeMap::iter);
map!([K: Data + Eq + Hash, V: Data, S: BuildHasher + Default + Send + Sync + 'static] HashMap<K, V, S>, sort_map);
