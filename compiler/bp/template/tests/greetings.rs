//! What visitors rely on, whatever the wiring.

use std::sync::Arc;

use @CRATE@::{GreetError, Greeter};
use bp_std::bp_test;

#[bp_test]
async fn visits_are_counted(greeter: Arc<dyn Greeter>) {
    let first = greeter.greet("bob".to_owned()).await.unwrap();
    let second = greeter.greet("bob".to_owned()).await.unwrap();
    assert_eq!(first.text, "Hello, bob!");
    assert_eq!(second.visits, first.visits + 1);
}

#[bp_test]
async fn nobody_is_not_greeted(greeter: Arc<dyn Greeter>) {
    assert_eq!(greeter.greet(String::new()).await, Err(GreetError::NoName));
}
