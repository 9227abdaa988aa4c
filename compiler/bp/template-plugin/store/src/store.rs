//! What a running system does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use @QUEUE@::{Queue, QueueError};
use bp_macros::service;
use bp_runtime::{BackendPlugin, Offers};
use bytes::Bytes;

use crate::MemorySettings;

/// The plugin: how an instance of each interface that it offers is opened.
pub fn plugin() -> impl BackendPlugin {
    Offers::new().interface(|cx| async move {
        let settings: MemorySettings = cx.settings.read()?;
        let queue = MemoryQueue { most: settings.items, items: Mutex::default() };
        Ok(Arc::new(queue) as Arc<dyn Queue>)
    })
}

struct MemoryQueue {
    most: usize,
    items: Mutex<VecDeque<Bytes>>,
}

impl MemoryQueue {
    /// No call leaves the items half changed, so a panic elsewhere does not matter.
    fn items(&self) -> MutexGuard<'_, VecDeque<Bytes>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[service(crate = ::bp_runtime)]
impl Queue for MemoryQueue {
    async fn push(&self, item: Bytes) -> Result<(), QueueError> {
        let mut items = self.items();
        if items.len() >= self.most {
            return Err(QueueError::Full);
        }
        items.push_back(item);
        Ok(())
    }

    async fn pop(&self) -> Result<Option<Bytes>, QueueError> {
        Ok(self.items().pop_front())
    }

    async fn depth(&self) -> Result<u64, QueueError> {
        Ok(self.items().len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use @QUEUE@::conformance::check_queue;
    use bp_runtime::conformance::{Failure, StoreFactory};
    use bp_runtime::{BackendContext, Settings, Surroundings};
    use serde_json::{Value, json};

    use super::*;

    /// A queue as a process opens it, with what the wiring says.
    async fn open(settings: Value) -> Result<Arc<dyn Queue>, Failure> {
        let cx = BackendContext {
            name: "jobs".into(),
            plugin: "@NAME@-memory",
            interface: "@QUEUE@::Queue".into(),
            settings: Settings::of("backend `jobs`", settings),
            address: None,
            folder: "unused".into(),
            surroundings: Surroundings::default(),
        };
        let opened = plugin().open(cx).await.map_err(|e| Failure::new(e.to_string()))?;
        opened.get::<dyn Queue>().ok_or_else(|| Failure::new("it offers no queue"))
    }

    struct Queues;

    #[service(crate = ::bp_runtime)]
    impl StoreFactory<dyn Queue> for Queues {
        async fn fresh(&self) -> Result<Arc<dyn Queue>, Failure> {
            open(json!({})).await
        }
    }

    #[tokio::test]
    async fn it_is_a_queue() {
        check_queue(Arc::new(Queues)).await;
    }

    #[tokio::test]
    async fn it_keeps_as_many_items_as_the_wiring_says() {
        let queue = open(json!({ "items": 1 })).await.unwrap();
        queue.push("a".into()).await.unwrap();
        assert_eq!(queue.push("b".into()).await, Err(QueueError::Full));
        assert_eq!(queue.pop().await, Ok(Some("a".into())));
        queue.push("b".into()).await.unwrap();
    }
}
