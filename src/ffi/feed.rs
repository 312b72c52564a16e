//! Events without a cause: making watchers pending by hand.

use core::ffi::{c_int, c_void};

use super::enter_loop;
use crate::abi::{ev_loop, ev_watcher};
use crate::checking;
use crate::engine::{LoopPtr, check_function};
use crate::text::text;
use crate::watcher::WatcherPtr;

/// Makes a watcher, active or not, pending with `revents`, or adds them to what is pending.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_feed_event(loop_: *mut ev_loop, w: *mut c_void, revents: c_int) {
    // SAFETY: handed on to the caller.
    let (lp, w) = unsafe { (LoopPtr::new(loop_), WatcherPtr::new(w.cast::<ev_watcher>())) };
    if checking::is_on() {
        // Apart, so that nothing need be kept across a call that is seldom made.
        return feed_checked(lp, w, revents);
    }
    lp.feed_inline(w, revents);
}

#[cold]
#[inline(never)]
fn feed_checked(lp: LoopPtr, w: WatcherPtr, revents: c_int) {
    check_function(lp.raw(), text!("ev_feed_event").as_ptr());
    lp.feed(w, revents);
}

/// As if the descriptor were ready for `revents`. One without watchers is ignored.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_feed_fd_event(loop_: *mut ev_loop, fd: c_int, revents: c_int) {
    // SAFETY: handed on to the caller.
    unsafe { enter_loop(loop_, text!("ev_feed_fd_event")) }.feed_fd_event(fd, revents);
}

/// As if the signal had come, for this loop alone. One that it does not watch is ignored.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_feed_signal_event(loop_: *mut ev_loop, signum: c_int) {
    // SAFETY: handed on to the caller.
    unsafe { enter_loop(loop_, text!("ev_feed_signal_event")) }.feed_signal_event(signum);
}

/// Ends a watcher's pending state; returns the event bits that it had, 0 if it was not pending.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_clear_pending(loop_: *mut ev_loop, w: *mut c_void) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe { enter_loop(loop_, text!("ev_clear_pending")).clear_pending(WatcherPtr::new(w.cast::<ev_watcher>())) }
}
