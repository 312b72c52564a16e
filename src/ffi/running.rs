//! Running a loop, and every function that calls the program back.

use core::ffi::{c_int, c_uint, c_void};

use super::enter_loop;
use crate::abi::{ev_embed, ev_loop, ev_once_cb, ev_tstamp, ev_walk_cb, ev_watcher};
use crate::engine::{Callee, LoopPtr};
use crate::text::text;
use crate::watcher::{EmbedPtr, WatcherPtr};

/// Runs the loop until nothing is active or `ev_break`; with `EVRUN_NOWAIT` or `EVRUN_ONCE` one iteration. Returns the
/// number of active watchers.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn ev_run(loop_: *mut ev_loop, flags: c_int) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe { enter_loop(loop_, text!("ev_run")) }.run(flags)
}

/// Has the innermost run (`EVBREAK_ONE`) or all of them return; `EVBREAK_CANCEL` takes that back.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_break(loop_: *mut ev_loop, how: c_int) {
    // SAFETY: handed on to the caller.
    unsafe { enter_loop(loop_, text!("ev_break")) }.break_run(how);
}

/// Calls every pending watcher.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn ev_invoke_pending(loop_: *mut ev_loop) {
    // SAFETY: handed on to the caller.
    unsafe { enter_loop(loop_, text!("ev_invoke_pending")) }.invoke_pending();
}

/// How many events are pending, those of stopped watchers and of internal ones included.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_pending_count(loop_: *mut ev_loop) -> c_uint {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.pending_count()
}

/// Calls a watcher's callback now. Its pending state stays.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn ev_invoke(loop_: *mut ev_loop, w: *mut c_void, revents: c_int) {
    // SAFETY: handed on to the caller.
    unsafe { WatcherPtr::new(w.cast::<ev_watcher>()) }.call(loop_, revents);
}

/// Calls `cb` once, when `fd` is ready for `events` (unless it is negative) or after `timeout` seconds (unless that is
/// negative); with what happened, as event bits.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_once(
    loop_: *mut ev_loop,
    fd: c_int,
    events: c_int,
    timeout: ev_tstamp,
    cb: ev_once_cb,
    arg: *mut c_void,
) {
    // SAFETY: handed on to the caller.
    unsafe { enter_loop(loop_, text!("ev_once")) }.once(fd, events, timeout, Callee::Once(cb), arg);
}

/// Calls `cb` with every active watcher of `types` (event bits). It may stop the watcher that it is given.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn ev_walk(loop_: *mut ev_loop, types: c_int, cb: ev_walk_cb) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.walk(types, cb);
}

/// Runs one iteration of the embedded loop, without waiting.
///
/// # Safety
/// LOOP, WATCHER, THREAD; the embedded loop too.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn ev_embed_sweep(loop_: *mut ev_loop, w: *mut ev_embed) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_).sweep_embed(EmbedPtr::new(w)) }
}
