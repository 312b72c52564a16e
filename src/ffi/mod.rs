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

use core::ptr;
use core::sync::atomic::AtomicPtr;

use crate::abi::ev_loop;

/// The default loop, null while there is none. Programs read it through the header's `EV_DEFAULT_UC`.
///
/// Only written by the thread that makes or destroys the default loop.
#[unsafe(export_name = "ev_default_loop_ptr")]
pub static DEFAULT_LOOP: AtomicPtr<ev_loop> = AtomicPtr::new(ptr::null_mut());
