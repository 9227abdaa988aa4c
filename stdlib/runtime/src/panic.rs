//! Panics of code that the application or a plugin brings, caught and put into words.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The outcome of `work`; the text of its panic, if it panics.
///
/// What `work` was about to change may be half changed after a panic; the caller must put it back or not look at it.
pub(crate) fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panic_text(&*panic).to_owned())
}

/// The message of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}
