//! [`Data`](crate::Data) for the standard library's types and the known externals.

mod collection;
mod external;
mod integer;
mod scalar;
mod time;
mod tuple;
