//! Bases: loops, and the current one, which the calls without a base are about.

use core::ffi::{CStr, c_int, c_short, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use libc::timeval;

use super::seconds;
use crate::abi::{EV_READ, EV_SIGNAL, EV_WRITE, EVBREAK_ONE, EVFLAG_AUTO, ev_loop, event_base, event_callback_fn};
use crate::diag;
use crate::engine::{self, Callee, LoopPtr};
use crate::text::text;

/// What `event_init` made last. Only touched by the thread that uses the calls without a base.
static CURRENT: AtomicPtr<event_base> = AtomicPtr::new(ptr::null_mut());

/// The current base, null before `event_init`.
pub fn current() -> *mut event_base {
    CURRENT.load(Ordering::Relaxed)
}

/// Makes a base the current one and returns it, null if there is none: at first the default loop, kept in `slot`, then
/// a new loop each time.
pub fn init(slot: &'static AtomicPtr<ev_loop>) -> *mut event_base {
    let made =
        if current().is_null() { engine::default_loop(EVFLAG_AUTO, slot) } else { engine::new_loop(EVFLAG_AUTO) };
    let base = raw(made);
    CURRENT.store(base, Ordering::Relaxed);
    base
}

/// A base that is not made the current one; null if there is none.
pub fn new() -> *mut event_base {
    raw(engine::new_loop(EVFLAG_AUTO))
}

fn raw(made: Option<LoopPtr>) -> *mut event_base {
    made.map_or(ptr::null_mut(), |lp| lp.raw().cast())
}

/// The loop behind a base that a call cannot do without.
///
/// # Safety
/// LOOP or null.
pub unsafe fn loop_of(base: *mut event_base, call: &CStr) -> LoopPtr {
    if base.is_null() {
        diag::fail(call, text!("there is no base: event_init comes first"));
    }
    // SAFETY: LOOP, as the caller promises.
    unsafe { LoopPtr::new(base.cast()) }
}

/// Runs the loop; 1 if nothing is active any more, else 0.
pub fn run(lp: LoopPtr, flags: c_int) -> c_int {
    c_int::from(lp.run(flags) == 0)
}

/// Destroys the loop unless it is the default one.
///
/// # Safety
/// LOOP.
pub unsafe fn free(base: *mut event_base) {
    // SAFETY: LOOP, as the caller promises.
    let lp = unsafe { LoopPtr::new(base.cast()) };
    if !lp.is_default() {
        lp.destroy();
    }
}

/// Has the innermost run return after a time, at once for null or a negative one.
///
/// # Safety
/// `after` is null or valid.
pub unsafe fn exit(lp: LoopPtr, after: *const timeval) {
    unsafe extern "C-unwind" fn leave(_: c_int, arg: *mut c_void) {
        // SAFETY: LOOP; the loop calls this and passes itself.
        unsafe { LoopPtr::new(arg.cast()) }.break_run(EVBREAK_ONE);
    }
    // SAFETY: as the caller promises.
    let after = unsafe { seconds(after) }.unwrap_or(0.0);
    lp.once(-1, 0, after.max(0.0), Callee::Once(Some(leave)), lp.raw().cast());
}

/// Calls back once, when the descriptor is ready for `events` or after a time; null or a negative one for no time-out.
///
/// # Safety
/// `timeout` is null or valid.
pub unsafe fn once(
    lp: LoopPtr,
    fd: c_int,
    events: c_short,
    callback: event_callback_fn,
    arg: *mut c_void,
    timeout: *const timeval,
) {
    let events = c_int::from(events);
    let descriptor = events & (EV_READ | EV_WRITE);
    // A signal's number is no descriptor to wait for.
    let watched = if descriptor == 0 && events & EV_SIGNAL != 0 { -1 } else { fd };
    // SAFETY: as the caller promises.
    let after = unsafe { seconds(timeout) }.unwrap_or(-1.0);
    lp.once(watched, descriptor, after, Callee::Event(callback, fd), arg);
}
