//! What concerns the process: versions, backends, time, allocator, failing system calls.

use core::ffi::{c_int, c_uint};

use crate::abi::{EV_VERSION_MAJOR, EV_VERSION_MINOR, ev_allocator, ev_syserr_cb, ev_tstamp};
use crate::{backend, diag, engine, mem, sys};

/// The major version of the interface, 4.
#[unsafe(no_mangle)]
pub extern "C" fn ev_version_major() -> c_int {
    EV_VERSION_MAJOR
}

/// The minor version of the interface, 33.
#[unsafe(no_mangle)]
pub extern "C" fn ev_version_minor() -> c_int {
    EV_VERSION_MINOR
}

/// The backends that are built in, as `EVBACKEND_` bits. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn ev_supported_backends() -> c_uint {
    backend::SUPPORTED
}

/// The backends that a loop is made on when the program names none. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn ev_recommended_backends() -> c_uint {
    backend::RECOMMENDED
}

/// The backends of loops that can be embedded. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn ev_embeddable_backends() -> c_uint {
    backend::EMBEDDABLE
}

/// The real time now, in seconds since the epoch. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn ev_time() -> ev_tstamp {
    sys::time::realtime()
}

/// Sleeps for `delay` seconds, or until a signal comes; not at all if that is 0 or less. Thread-safe, and a
/// cancellation point.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn ev_sleep(delay: ev_tstamp) {
    sys::time::sleep(delay);
}

/// Sets the realloc-like function that all memory of loops comes from; null restores the C library's.
///
/// # Safety
/// `cb` frees when the size is 0, and lives for ever. To be set before the first loop is made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_set_allocator(cb: ev_allocator) {
    mem::set_allocator(cb);
}

/// Sets the function that is told of a failing system call, which is tried again when it returns; null restores the
/// default, which prints the message and aborts.
///
/// # Safety
/// `cb` lives for ever and does not unwind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_set_syserr_cb(cb: ev_syserr_cb) {
    diag::set_syserr(cb);
}

/// As if the process had received the signal: its watchers are called by their loop. Numbers without a watcher are
/// ignored. From any thread and from signal handlers.
#[unsafe(no_mangle)]
pub extern "C" fn ev_feed_signal(signum: c_int) {
    engine::feed_signal(signum);
}
