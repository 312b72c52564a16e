//! The interface of libevent 1. A call without a base is about the current one, which `event_init` sets.

use core::ffi::{CStr, c_char, c_int, c_short, c_void};

use libc::timeval;

use super::DEFAULT_LOOP;
use crate::abi::{event, event_base, event_callback_fn};
use crate::libevent::EventPtr;
use crate::libevent::base::{self, current, loop_of};
use crate::text::text;

/// What both functions that ask for the method answer.
const METHOD: &CStr = text!("libev");

/// The version, "4.33".
#[unsafe(no_mangle)]
pub extern "C" fn event_get_version() -> *const c_char {
    text!("4.33").as_ptr()
}

/// The name of this library, whatever the backend.
#[unsafe(no_mangle)]
pub extern "C" fn event_get_method() -> *const c_char {
    METHOD.as_ptr()
}

/// The name of this library, whatever the base.
///
/// # Safety
/// None: the base is not looked at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_method(_base: *const event_base) -> *const c_char {
    METHOD.as_ptr()
}

/// Makes a base the current one and returns it: the default loop at first, then a new one each time. Null if no backend
/// works.
///
/// # Safety
/// THREAD: no other thread makes or destroys the default loop, or uses the current base, at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_init() -> *mut c_void {
    base::init(&DEFAULT_LOOP).cast()
}

/// A new base, which does not become the current one. Null if no backend works. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn event_base_new() -> *mut event_base {
    base::new()
}

/// Destroys a base as `ev_loop_destroy` does, unless it is the default loop; null does nothing.
///
/// # Safety
/// LOOP or null, THREAD. The base is gone afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn event_base_free(base: *mut event_base) {
    if !base.is_null() {
        // SAFETY: handed on to the caller.
        unsafe { base::free(base) };
    }
}

/// Runs until nothing is active or `event_loopexit`: 1 if nothing is active any more, else 0.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn event_dispatch() -> c_int {
    // SAFETY: handed on to the caller.
    base::run(unsafe { loop_of(current(), text!("event_dispatch")) }, 0)
}

/// As `event_dispatch`; with `EVLOOP_NONBLOCK` or `EVLOOP_ONCE` one iteration.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn event_loop(flags: c_int) -> c_int {
    // SAFETY: handed on to the caller.
    base::run(unsafe { loop_of(current(), text!("event_loop")) }, flags)
}

/// As `event_dispatch`, for a base.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn event_base_dispatch(base: *mut event_base) -> c_int {
    // SAFETY: handed on to the caller.
    base::run(unsafe { loop_of(base, text!("event_dispatch")) }, 0)
}

/// As `event_loop`, for a base.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn event_base_loop(base: *mut event_base, flags: c_int) -> c_int {
    // SAFETY: handed on to the caller.
    base::run(unsafe { loop_of(base, text!("event_loop")) }, flags)
}

/// Has the innermost run return after a time, at once if that is null or negative. Returns 0.
///
/// # Safety
/// LOOP, THREAD; `tv` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_loopexit(tv: *mut timeval) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe { base::exit(loop_of(current(), text!("event_loopexit")), tv) };
    0
}

/// As `event_loopexit`, for a base.
///
/// # Safety
/// LOOP, THREAD; `tv` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_loopexit(base: *mut event_base, tv: *mut timeval) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe { base::exit(loop_of(base, text!("event_loopexit")), tv) };
    0
}

/// Calls `cb` once, when `fd` is ready for `events` or after a time (unless that is null or negative). Returns 0.
///
/// # Safety
/// LOOP, THREAD; `tv` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_once(
    fd: c_int,
    events: c_short,
    cb: event_callback_fn,
    arg: *mut c_void,
    tv: *mut timeval,
) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe { base::once(loop_of(current(), text!("event_once")), fd, events, cb, arg, tv) };
    0
}

/// As `event_once`, for a base.
///
/// # Safety
/// LOOP, THREAD; `tv` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_once(
    base: *mut event_base,
    fd: c_int,
    events: c_short,
    cb: event_callback_fn,
    arg: *mut c_void,
    tv: *mut timeval,
) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe { base::once(loop_of(base, text!("event_once")), fd, events, cb, arg, tv) };
    0
}

/// Makes an event of the current base that is not added: for a descriptor (`EV_READ`, `EV_WRITE`), a signal
/// (`EV_SIGNAL`) or a time-out alone. With `EV_PERSIST` it is not deleted before its callback.
///
/// # Safety
/// EVENT; it is neither added nor active.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_set(
    ev: *mut event,
    fd: c_int,
    events: c_short,
    cb: event_callback_fn,
    arg: *mut c_void,
) {
    // SAFETY: handed on to the caller.
    unsafe { EventPtr::new(ev) }.set(current(), fd, events, cb, arg);
}

/// Makes it an event of another base. Returns 0.
///
/// # Safety
/// EVENT; it is neither added nor active.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_set(base: *mut event_base, ev: *mut event) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe { EventPtr::new(ev) }.set_base(base);
    0
}

/// Adds an event, or one that is added once more: with a time-out from now on, or (null) without one. Returns 0.
///
/// # Safety
/// EVENT, THREAD; `tv` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_add(ev: *mut event, tv: *mut timeval) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe { EventPtr::new(ev).add(tv) };
    0
}

/// Deletes an event; one that is not added stays as it is. Returns 0.
///
/// # Safety
/// EVENT, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_del(ev: *mut event) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe { EventPtr::new(ev) }.delete();
    0
}

/// Has the event's callback called with `res`, added or not; twice if that holds `EV_TIMEOUT` and more.
///
/// # Safety
/// EVENT, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_active(ev: *mut event, res: c_int, _ncalls: c_short) {
    // SAFETY: handed on to the caller.
    unsafe { EventPtr::new(ev) }.activate(res);
}

/// Which of `events` the event waits for; `tv` (unless null) gets the loop's time if it waits for a time-out.
///
/// # Safety
/// EVENT, THREAD; `tv` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_pending(ev: *mut event, events: c_short, tv: *mut timeval) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe { EventPtr::new(ev).pending(c_int::from(events), tv) }
}

/// The event's callback.
///
/// # Safety
/// EVENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_callback(ev: *const event) -> event_callback_fn {
    // SAFETY: handed on to the caller.
    unsafe { EventPtr::new(ev.cast_mut()) }.callback()
}

/// Keeps the number in the event, without effect. Returns 0.
///
/// # Safety
/// EVENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_priority_set(ev: *mut event, pri: c_int) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe { EventPtr::new(ev) }.set_priority(pri);
    0
}

/// Accepts any number of priorities, without effect. Returns 0.
#[unsafe(no_mangle)]
pub extern "C" fn event_priority_init(_npri: c_int) -> c_int {
    0
}

/// As `event_priority_init`, for a base.
///
/// # Safety
/// None: the base is not looked at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_priority_init(_base: *mut event_base, _npri: c_int) -> c_int {
    0
}
