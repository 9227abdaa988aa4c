//! The signals that ask `bp` to end, seen by every [`SignalWatch`] that exists when they come.
//!
//! Without one, the system's default action applies: `bp` ends at once, like any program.
//! With several, each sees each signal, and first ends what it waits for.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::{flag, low_level};

const ALL: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// The signal that stopped a build; 0 if none did.
static CUT_SHORT: AtomicI32 = AtomicI32::new(0);

/// Counts the watches of this process.
#[derive(Debug)]
struct Waiters {
    count: Mutex<usize>,
    /// Whether there is none, so that the default action applies.
    unwatched: Arc<AtomicBool>,
}

impl Waiters {
    fn of_this_process() -> io::Result<&'static Self> {
        static WAITERS: OnceLock<Waiters> = OnceLock::new();
        if let Some(waiters) = WAITERS.get() {
            return Ok(waiters);
        }
        let unwatched = Arc::new(AtomicBool::new(true));
        for signal in ALL {
            // The crate never gives a signal back to the system once it has taken it.
            flag::register_conditional_default(signal, Arc::clone(&unwatched))?;
        }
        Ok(WAITERS.get_or_init(|| Self { count: Mutex::new(0), unwatched }))
    }

    fn update_count(&self, by: impl FnOnce(usize) -> usize) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = by(*count);
        self.unwatched.store(*count == 0, Ordering::SeqCst);
    }
}

/// Sees the signals that come as long as it lives.
pub(crate) struct SignalWatch {
    signals: Signals,
    waiters: &'static Waiters,
}

impl SignalWatch {
    /// Starts watching.
    ///
    /// # Errors
    /// The system's refusal.
    pub(crate) fn new() -> io::Result<Self> {
        let waiters = Waiters::of_this_process()?;
        let signals = Signals::new(ALL)?;
        waiters.update_count(|count| count + 1);
        Ok(Self { signals, waiters })
    }

    /// A signal that came since the last call.
    pub(crate) fn pending(&mut self) -> Option<i32> {
        self.signals.pending().next()
    }
}

impl Drop for SignalWatch {
    fn drop(&mut self) {
        self.waiters.update_count(|count| count.saturating_sub(1));
    }
}

/// Notes that this signal stopped what the user asked for.
pub(crate) fn mark_cut_short(signal: i32) {
    CUT_SHORT.store(signal, Ordering::SeqCst);
}

/// Notes that the signal was handled as the user expects, so that `bp` need not end by it.
pub(crate) fn mark_answered() {
    CUT_SHORT.store(0, Ordering::SeqCst);
}

/// Whether a signal stopped what the user asked for.
pub(crate) fn is_cut_short() -> bool {
    CUT_SHORT.load(Ordering::SeqCst) != 0
}

/// Ends `bp` by the signal that stopped it, if one did, so that its parent learns of it; a shell reports 128 plus the signal's number.
pub(crate) fn end_if_cut_short() {
    if is_cut_short() {
        let _ = low_level::emulate_default_handler(CUT_SHORT.load(Ordering::SeqCst));
    }
}

/// `SIGTERM`.
pub(crate) fn signal_name(signal: i32) -> &'static str {
    low_level::signal_name(signal).unwrap_or("a signal")
}
