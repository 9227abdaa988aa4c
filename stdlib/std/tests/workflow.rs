//! Workflow code as users write it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_data::{Codec, decode, encode};
use bp_std::{Data, Infra, InfraKind, ServiceError, Status, service};

/// A cart.
#[service]
pub trait Cart {
    /// What is in it.
    #[idempotent]
    async fn list(&self, user: String) -> Result<Vec<Item>, CartError>;
    /// Puts something in.
    async fn add(&self, user: String, item: Item) -> Result<(), CartError>;
}

/// A thing in a cart.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Item {
    sku: String,
    quantity: u32,
}

/// Why a cart fails.
#[derive(Debug, PartialEq, ServiceError)]
pub enum CartError {
    /// Unnamed field, message.
    #[status(not_found, "no item {0:?} in {{cart}}")]
    NoSuchItem(String),
    /// Named fields, one of them shown twice.
    #[status(resource_exhausted, "{limit} is the limit, {limit:>3}!")]
    TooMany {
        /// How many there may be.
        limit: u32,
        /// How many there would be.
        wanted: u32,
    },
    /// No message.
    #[status(failed_precondition)]
    CartIsLocked,
    /// The call did not get through.
    #[infra]
    Infra(Infra),
}

struct CartImpl(BTreeMap<String, Vec<Item>>);

#[service]
impl Cart for CartImpl {
    #[idempotent]
    async fn list(&self, user: String) -> Result<Vec<Item>, CartError> {
        self.0.get(&user).cloned().ok_or(CartError::NoSuchItem(user))
    }

    async fn add(&self, _user: String, item: Item) -> Result<(), CartError> {
        Err(CartError::TooMany { limit: 1, wanted: item.quantity })
    }
}

#[tokio::test]
async fn a_service_is_a_shared_object() {
    let item = Item { sku: "tea".to_owned(), quantity: 2 };
    let cart = CartImpl(BTreeMap::from([("ada".to_owned(), vec![item.clone()])]));
    let cart: Arc<dyn Cart> = Arc::new(cart);
    let shared = Arc::clone(&cart);
    let listed = tokio::spawn(async move { shared.list("ada".to_owned()).await });
    assert_eq!(listed.await.unwrap(), Ok(vec![item.clone()]));
    let refused = cart.add("ada".to_owned(), item).await;
    assert_eq!(refused, Err(CartError::TooMany { limit: 1, wanted: 2 }));
}

#[test]
fn an_error_says_what_transports_need() {
    let missing = CartError::NoSuchItem("tea".to_owned());
    assert_eq!(missing.to_string(), "no item \"tea\" in {cart}");
    assert_eq!((missing.status(), missing.code()), (Status::NotFound, "no_such_item"));
    let many = CartError::TooMany { limit: 5, wanted: 6 };
    assert_eq!(many.to_string(), "5 is the limit,   5!");
    assert_eq!((many.status(), many.code()), (Status::ResourceExhausted, "too_many"));
    assert_eq!(CartError::CartIsLocked.to_string(), "cart is locked");
    assert!(many.infra().is_none());
    assert_eq!(CartError::CartIsLocked.into_infra(), Err(CartError::CartIsLocked));

    let lost = CartError::from(Infra::unavailable("gone"));
    assert_eq!(lost.infra().map(|infra| infra.kind), Some(InfraKind::Unavailable));
    assert_eq!((lost.status(), lost.code()), (Status::Unavailable, "unavailable"));
    assert_eq!(lost.into_infra(), Ok(Infra::unavailable("gone")));
}

#[test]
fn an_error_crosses_a_process() {
    let errors = [
        CartError::NoSuchItem(String::new()),
        CartError::TooMany { limit: 0, wanted: 6 },
        CartError::CartIsLocked,
    ];
    for error in errors {
        for codec in [Codec::Protobuf, Codec::Json] {
            assert_eq!(decode::<CartError>(codec, &encode(codec, &error)).as_ref(), Ok(&error));
        }
    }
    let lost = encode(Codec::Protobuf, &CartError::Infra(Infra::unavailable("gone")));
    assert!(decode::<CartError>(Codec::Protobuf, &lost).is_err(), "transports carry it themselves");
}
