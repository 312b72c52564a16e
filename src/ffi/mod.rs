//! The exported functions, and nothing else: each hands on to the engine. The only place with `no_mangle`.
//!
//! What a function says under "Safety" is what its caller promises, by the names of the invariants in the crate's
//! description. Functions that can reach a callback are `C-unwind`: it may leave by exception, longjmp or cancellation.

mod feed;
mod global;
mod libevent;
mod looplife;
mod running;
mod watchers;

use core::ffi::CStr;
use core::ptr;
use core::sync::atomic::AtomicPtr;

use crate::abi::ev_loop;
use crate::checking;
use crate::engine::{Act, Kind, LoopPtr, check_call, check_function};

/// The loop that a call of `ev_KIND_ACT` was given, looked at together with the watcher under `LIBEV_CHECK`.
///
/// # Safety
/// LOOP, WATCHER.
#[inline(always)]
unsafe fn enter<W>(mut loop_: *mut ev_loop, mut w: *mut W, kind: Kind, act: Act) -> (LoopPtr, *mut W) {
    if checking::is_on() {
        // Handed back, so that nothing need be saved across a call that is seldom made.
        let given = check_call(loop_, w.cast(), kind, act);
        (loop_, w) = (given.0, given.1.cast());
    }
    // SAFETY: LOOP.
    (unsafe { LoopPtr::new(loop_) }, w)
}

/// The loop that a call of the function `name` was given, looked at under `LIBEV_CHECK`.
///
/// # Safety
/// LOOP.
#[inline(always)]
unsafe fn enter_loop(loop_: *mut ev_loop, name: &'static CStr) -> LoopPtr {
    if checking::is_on() {
        check_function(loop_, name.as_ptr());
    }
    // SAFETY: LOOP.
    unsafe { LoopPtr::new(loop_) }
}

/// The default loop, null while there is none. Programs read it through the header's `EV_DEFAULT_UC`.
///
/// Only written by the thread that makes or destroys the default loop.
#[unsafe(export_name = "ev_default_loop_ptr")]
pub static DEFAULT_LOOP: AtomicPtr<ev_loop> = AtomicPtr::new(ptr::null_mut());
