//! The interfaces of the services in use, a module each.

pub mod back;
pub mod front;
