//! The macros in a workflow whose names are those that everybody else takes for granted.

#![allow(
    non_camel_case_types,
    non_upper_case_globals,
    non_snake_case,
    dead_code,
    unused_imports,
    missing_docs,
    missing_debug_implementations,
    clippy::upper_case_acronyms,
    clippy::unused_self,
    reason = "the names are the test"
)]

/// A module with a library's name.
mod core {
    use bp_std::{Infra, ServiceError};

    #[derive(Debug, PartialEq, ServiceError)]
    pub enum Fault {
        #[status(not_found, "no {0} in {{}}")]
        Err(u8),
        #[status(aborted)]
        Ok,
        #[status(aborted, "{r}")]
        Some { r: super::String },
        #[infra]
        Infra(Infra),
    }
}
mod std {
    /// What takes each method of the prelude's traits.
    pub(super) trait Into<T>: Sized {
        fn into(self) {}
        fn into_iter(self) {}
        fn put_bare(&self, _: T) {}
        fn to_json(&self) {}
        fn pin(self) {}
        fn map_err(self, _: T) {}
        fn and_then(self, _: T) {}
        fn as_str(&self) {}
        fn write_str(&self) {}
        fn write_fmt(&self) {}
    }
    impl<T, U> Into<U> for T {}
}
mod alloc {}
mod bp_std {}

use self::core::Fault;
use self::std::Into;
use ::bp_std::service;
use ::std::sync::Arc as Shared;

use ::bp_std::Data;

#[derive(Debug, Clone, PartialEq, Data)]
pub struct Box {
    grams: u32,
}
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Option(u8, u16);
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Result(Box);
#[derive(Debug, Clone, PartialEq, Data)]
pub struct String {
    fibre: ::std::string::String,
    some: ::std::option::Option<Some>,
}
impl ::std::fmt::Display for String {
    fn fmt(&self, to: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        to.write_str(&self.fibre)
    }
}
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Vec {}
#[derive(Debug, Clone, PartialEq, Data)]
pub enum Some {
    None,
    Err(u8),
    Default { clone: bool, r#match: u8 },
    PACKED(Box, Box),
}
#[derive(Debug, Clone, Copy, PartialEq, Data)]
pub enum Ok {
    Ok,
    Err,
}
impl Ok {
    fn put_bare(self) {}
    fn put(self) {}
    fn get(self) {}
}
pub struct Send;
pub struct Sync;
pub struct Pin;
pub struct Future;
pub struct Data_;
pub trait Default {}
pub trait Clone_ {}

// What a pattern of ours would mean instead of a variable.
pub const value: u8 = 0;
pub const out: u8 = 0;
pub const at: u8 = 0;
pub const field: u8 = 0;
pub const message: u8 = 0;
pub const variant: u8 = 0;
pub const content: u8 = 0;
pub const error: u8 = 0;
pub const infra: u8 = 0;
pub const formatter: u8 = 0;
pub const other: u8 = 0;
pub const field0: u8 = 0;
pub const number0: u8 = 0;
pub const variant0: u8 = 0;
pub const store: u8 = 0;
pub const argument: u8 = 0;
pub static items: u8 = 0;
pub static members: u8 = 0;
pub static __ret: u8 = 0;

#[service]
pub trait Clone {
    async fn clone(&self, r#in: Box, option: Option) -> ::std::result::Result<Result, Fault>;
    async fn into(&self) -> ::std::result::Result<Some, Fault>;
    async fn borrowed(&self, text: &str, _: &[Ok]) -> usize;
    async fn standard(&self, text: ::std::string::String) -> ::std::string::String {
        let length = self.borrowed(&text, &[]).await;
        format!("{text}{length}")
    }
}

struct Own;

#[service]
impl Clone for Own {
    async fn clone(
        &self,
        r#in: Box,
        Option(mut a, b): Option,
    ) -> ::std::result::Result<Result, Fault> {
        a += 1;
        if r#in.grams == 0 {
            return ::std::result::Result::Err(Fault::Err(a));
        }
        ::std::result::Result::Ok(Result(Box { grams: r#in.grams + u32::from(a) + u32::from(b) }))
    }
    async fn into(&self) -> ::std::result::Result<Some, Fault> {
        ::std::result::Result::Ok(Some::PACKED(Box { grams: 1 }, Box { grams: 2 }))
    }
    async fn borrowed(&self, text: &str, mut all: &[Ok]) -> usize {
        while let [_, rest @ ..] = all {
            all = rest;
        }
        text.len() + all.len()
    }
}

/// An interface and one that extends it, whose methods and arguments are called as what the halves are made of.
#[::bp_std::interface]
pub trait Arc {
    #[idempotent]
    async fn call(&self, r#type: Box, glue: Option) -> ::std::result::Result<Result, Fault>;
    async fn send(&self, index: u8, call: u8) -> ::std::result::Result<u8, Fault>;
}
#[::bp_std::interface]
pub trait Client: self::Arc {
    async fn edge(&self) -> ::std::result::Result<Some, Fault>;
    async fn call_method(&self, client: Vec) -> ::std::result::Result<Ok, Fault>;
}

#[service]
impl Arc for Own {
    async fn call(&self, r#type: Box, glue: Option) -> ::std::result::Result<Result, Fault> {
        ::std::result::Result::Ok(Result(Box { grams: r#type.grams + u32::from(glue.0) }))
    }
    async fn send(&self, index: u8, call: u8) -> ::std::result::Result<u8, Fault> {
        if index == 0 {
            return ::std::result::Result::Err(Fault::Err(call));
        }
        ::std::result::Result::Ok(index + call)
    }
}

#[service]
impl Client for Own {
    async fn edge(&self) -> ::std::result::Result<Some, Fault> {
        ::std::result::Result::Ok(Some::None)
    }
    async fn call_method(&self, _: Vec) -> ::std::result::Result<Ok, Fault> {
        ::std::result::Result::Ok(Ok::Err)
    }
}

#[tokio::test]
async fn names_of_an_interface_are_its_own() {
    let own: Shared<dyn Client> = Shared::new(Own);
    for codec in [::std::option::Option::None, ::std::option::Option::Some(bp_data::Codec::Json)] {
        let there = bp_runtime::conformance::connect(own.clone(), codec, ::std::vec::Vec::new());
        let there = there.map_err(|failure| failure.to_string()).unwrap();
        let made = Arc::call(&*there, Box { grams: 2 }, Option(1, 3)).await;
        assert_eq!(made, ::std::result::Result::Ok(Result(Box { grams: 3 })));
        assert_eq!(there.send(1, 2).await, ::std::result::Result::Ok(3));
        assert_eq!(there.send(0, 2).await, ::std::result::Result::Err(Fault::Err(2)));
        assert_eq!(there.edge().await, ::std::result::Result::Ok(Some::None));
        assert_eq!(there.call_method(Vec {}).await, ::std::result::Result::Ok(Ok::Err));
    }
    let interface = <dyn Client as bp_runtime::BackendInterface>::glue().interface();
    let names = interface.methods.iter().map(|method| (method.name, method.arguments));
    let expected: [(&str, &[&str]); 4] = [
        ("call", &["type", "glue"]),
        ("send", &["index", "call"]),
        ("edge", &[]),
        ("call_method", &["client"]),
    ];
    assert!(names.eq(expected), "{interface:?}");
}

/// A crate on top that was told another name for its dependencies would say the same.
fn same<T: Data + PartialEq + ::std::fmt::Debug>(there: &T) {
    for codec in [bp_data::Codec::Protobuf, bp_data::Codec::Json] {
        let bytes = bp_data::encode(codec, there);
        assert_eq!(
            bp_data::decode::<T>(codec, &bytes).as_ref().ok(),
            ::std::option::Option::Some(there)
        );
    }
}

#[tokio::test]
async fn names_of_the_workflow_are_its_own() {
    let own: Shared<dyn Clone> = Shared::new(Own);
    let made = Clone::clone(&*own, Box { grams: 2 }, Option(1, 3)).await;
    assert_eq!(made, ::std::result::Result::Ok(Result(Box { grams: 7 })));
    let failed = Clone::clone(&*own, Box { grams: 0 }, Option(1, 3)).await;
    assert_eq!(failed, ::std::result::Result::Err(Fault::Err(2)));
    assert_eq!(format!("{}", Fault::Err(2)), "no 2 in {}");
    assert_eq!(Clone::borrowed(&*own, "abc", &[Ok::Ok]).await, 3);
    assert_eq!(Clone::standard(&*own, "abc".to_owned()).await, "abc3");

    same(&Box { grams: 7 });
    same(&Option(1, 2));
    same(&Result(Box { grams: 7 }));
    same(&String { fibre: "wool".to_owned(), some: ::std::option::Option::Some(Some::Err(3)) });
    same(&Vec {});
    for some in [
        Some::None,
        Some::Err(1),
        Some::Default { clone: true, r#match: 1 },
        Some::PACKED(Box { grams: 1 }, Box { grams: 2 }),
    ] {
        same(&some);
    }
    same(&Ok::Err);
    same(&Fault::Some {
        r: String { fibre: "wool".to_owned(), some: ::std::option::Option::None },
    });
}
