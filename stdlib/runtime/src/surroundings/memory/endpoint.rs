//! A port of a host in memory: who listens there, and what is wrong with the way to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;

use super::super::stream::ByteStream;
use crate::sync::lock;

/// What happens on the way to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Bytes pass.
    Open,
    /// Connections are refused; those that are open go on.
    Refused,
    /// Nothing passes and nobody answers, as if a cable were cut.
    Paused,
}

/// A port and the connections to it.
pub(super) struct MemoryEndpoint {
    way: watch::Sender<Way>,
    /// Where connections arrive while somebody listens.
    arrivals: Mutex<Option<Arrivals>>,
    links: Mutex<Vec<Weak<Link>>>,
}

/// A port that is taken.
pub(super) struct Arrivals {
    /// Whether only its own host reaches it.
    pub(super) local: bool,
    /// `None` until it listens.
    pub(super) sender: Option<Sender<ByteStream>>,
}

impl Default for MemoryEndpoint {
    fn default() -> Self {
        let (way, _) = watch::channel(Way::Open);
        Self { way, arrivals: Mutex::default(), links: Mutex::default() }
    }
}

impl MemoryEndpoint {
    /// Takes the port; false when it is taken.
    pub(super) fn take(&self, local: bool) -> bool {
        let mut arrivals = lock(&self.arrivals);
        let free = arrivals.is_none();
        if free {
            *arrivals = Some(Arrivals { local, sender: None });
        }
        free
    }

    pub(super) fn is_taken(&self) -> bool {
        lock(&self.arrivals).is_some()
    }

    /// Begins to accept connections at a port that is taken.
    pub(super) fn listen(&self, sender: Sender<ByteStream>) {
        if let Some(arrivals) = lock(&self.arrivals).as_mut() {
            arrivals.sender = Some(sender);
        }
    }

    /// Gives the port back.
    pub(super) fn free(&self) {
        *lock(&self.arrivals) = None;
    }

    /// Where a connection from this host, or from another, arrives; `None` when it is refused.
    pub(super) fn arrive(&self, from_own_host: bool) -> Option<Sender<ByteStream>> {
        let arrivals = lock(&self.arrivals);
        let arrivals = arrivals.as_ref().filter(|arrivals| from_own_host || !arrivals.local)?;
        arrivals.sender.clone()
    }

    /// Changes what happens on the way here.
    pub(super) fn set_way(&self, way: Way) {
        self.way.send_replace(way);
        self.for_links(|link| {
            link.paused.store(way == Way::Paused, Ordering::Release);
            link.wake();
        });
    }

    /// Waits while nobody answers; whether connections are accepted.
    pub(super) async fn is_open(&self) -> bool {
        let mut way = self.way.subscribe();
        // The sender lives as long as this.
        way.wait_for(|way| *way != Way::Paused).await.is_ok_and(|way| *way == Way::Open)
    }

    /// Adds a connection.
    pub(super) fn link(&self) -> Arc<Link> {
        let link = Arc::<Link>::default();
        let mut links = lock(&self.links);
        // Whoever changes the way looks at the links afterwards.
        link.paused.store(*self.way.borrow() == Way::Paused, Ordering::Release);
        links.retain(|link| link.strong_count() > 0);
        links.push(Arc::downgrade(&link));
        link
    }

    /// Breaks every open connection.
    pub(super) fn cut(&self) {
        self.for_links(|link| {
            link.cut.store(true, Ordering::Release);
            link.wake();
        });
    }

    fn for_links(&self, act: impl Fn(&Link)) {
        lock(&self.links).iter().filter_map(Weak::upgrade).for_each(|link| act(&link));
    }
}

/// What both ends of a connection share.
#[derive(Default)]
pub(super) struct Link {
    paused: AtomicBool,
    cut: AtomicBool,
    /// Those who read and write at the client's end, then at the server's.
    waiting: [AtomicWaker; 4],
}

/// What a link says to who wants to read or write.
pub(super) enum Passage {
    Free,
    Cut,
}

impl Link {
    /// Whether bytes pass now; the task at `place` is woken when that changes.
    pub(super) fn poll_passage(&self, place: usize, cx: &Context<'_>) -> Poll<Passage> {
        if let Some(waker) = self.waiting.get(place) {
            waker.register(cx.waker());
        }
        if self.cut.load(Ordering::Acquire) {
            Poll::Ready(Passage::Cut)
        } else if self.paused.load(Ordering::Acquire) {
            Poll::Pending
        } else {
            Poll::Ready(Passage::Free)
        }
    }

    fn wake(&self) {
        self.waiting.iter().for_each(AtomicWaker::wake);
    }
}
