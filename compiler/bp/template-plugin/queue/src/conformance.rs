//! The suite that every store of queues must pass; a store's tests call [`check_queue`].

use std::sync::Arc;

use bp_runtime::conformance::{
    StoreFactory, Verdict, cases, expect_equal, run_cases, run_cases_through_client,
};

use crate::Queue;

type Factory = Arc<dyn StoreFactory<dyn Queue>>;

cases! { const CASES: dyn Queue = [
    a_new_queue_is_empty,
    items_come_in_their_order,
    an_item_is_taken_once,
    items_are_any_bytes,
    the_depth_follows,
    queues_are_apart,
] }

/// Runs every case on the store itself, and through the interface's client as services call it.
///
/// # Panics
/// A case failed; the message lists all that did, and why.
pub async fn check_queue(stores: Arc<dyn StoreFactory<dyn Queue>>) {
    run_cases(CASES, stores.clone()).await;
    run_cases_through_client(CASES, stores).await;
}

async fn a_new_queue_is_empty(stores: Factory) -> Verdict {
    let queue = stores.fresh().await?;
    expect_equal("depth", &queue.depth().await?, &0)?;
    expect_equal("pop", &queue.pop().await?, &None)
}

async fn items_come_in_their_order(stores: Factory) -> Verdict {
    let queue = stores.fresh().await?;
    for item in ["b", "a", "c", "a"] {
        queue.push(item.into()).await?;
    }
    for item in ["b", "a", "c", "a"] {
        expect_equal("pop", &queue.pop().await?, &Some(item.into()))?;
    }
    Ok(())
}

async fn an_item_is_taken_once(stores: Factory) -> Verdict {
    let queue = stores.fresh().await?;
    queue.push("a".into()).await?;
    expect_equal("first pop", &queue.pop().await?, &Some("a".into()))?;
    expect_equal("second pop", &queue.pop().await?, &None)
}

async fn items_are_any_bytes(stores: Factory) -> Verdict {
    let queue = stores.fresh().await?;
    let all: Vec<u8> = (0..=u8::MAX).collect();
    queue.push(all.clone().into()).await?;
    queue.push("".into()).await?;
    expect_equal("every byte", &queue.pop().await?, &Some(all.into()))?;
    expect_equal("no byte", &queue.pop().await?, &Some("".into()))
}

async fn the_depth_follows(stores: Factory) -> Verdict {
    let queue = stores.fresh().await?;
    queue.push("a".into()).await?;
    queue.push("b".into()).await?;
    expect_equal("depth after two pushes", &queue.depth().await?, &2)?;
    queue.pop().await?;
    expect_equal("depth after a pop", &queue.depth().await?, &1)
}

async fn queues_are_apart(stores: Factory) -> Verdict {
    let (one, other) = (stores.fresh().await?, stores.fresh().await?);
    one.push("a".into()).await?;
    expect_equal("depth of the other", &other.depth().await?, &0)
}
