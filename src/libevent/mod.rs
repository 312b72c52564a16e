//! Events of libevent 1: the watchers of an event's own, driven through what every program can do with a loop.
//!
//! `event` is what is done with one event, `base` what is done with a loop, which is called a base here. Only the
//! exports use this; the engine knows nothing of it but the kind of callback that `event_once` takes.

pub mod base;
mod event;

pub use event::EventPtr;

use libc::timeval;

/// What a time-out of zero counts as: a timer takes zero for none.
const SHORTEST: f64 = 1e-6;

/// A time-out in seconds; `None` for null.
///
/// # Safety
/// `time` is null or valid.
unsafe fn seconds(time: *const timeval) -> Option<f64> {
    if time.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    let time = unsafe { time.read() };
    let seconds = time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    Some(if seconds == 0.0 { SHORTEST } else { seconds })
}

/// A point in time, given in seconds since the epoch.
fn point_of(time: f64) -> timeval {
    let whole = time as i64;
    timeval { tv_sec: whole, tv_usec: ((time - whole as f64) * 1e6) as i64 }
}
