//! Thin wrappers over system calls: arguments by value, errors as `Err(errno)`.
//!
//! The calls that block are declared `C-unwind`: a thread may be cancelled in them, and the unwinding passes through
//! our frames.

pub mod aio;
pub mod fd;
pub mod incarnation;
pub mod path;
pub mod poll;
pub mod signal;
pub mod time;

use core::ffi::{c_int, c_long};

/// The error of the last call that failed.
pub fn errno() -> c_int {
    // SAFETY: always valid for the calling thread.
    unsafe { *libc::__errno_location() }
}

/// Sets what [`errno`] returns.
pub fn set_errno(value: c_int) {
    // SAFETY: always valid for the calling thread.
    unsafe { *libc::__errno_location() = value }
}

/// The result of a call that says -1 for failure.
pub fn check(result: c_int) -> Result<c_int, c_int> {
    if result < 0 { Err(errno()) } else { Ok(result) }
}

/// As [`check`], for results of `syscall`.
pub fn check_long(result: c_long) -> Result<c_int, c_int> {
    if result < 0 { Err(errno()) } else { Ok(result as c_int) }
}

/// Runs calls that are cancellation points in the C library as if they were none: a thread must not end half-way through
/// what it does to a loop.
pub fn whole<R>(work: impl FnOnce() -> R) -> R {
    unsafe extern "C" {
        fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    }
    const DISABLED: c_int = 1;
    let mut before = 0;
    // SAFETY: KERNEL.
    unsafe { pthread_setcancelstate(DISABLED, &raw mut before) };
    let result = work();
    // SAFETY: KERNEL.
    unsafe { pthread_setcancelstate(before, core::ptr::null_mut()) };
    result
}

/// This process's id.
pub fn process_id() -> c_int {
    // SAFETY: no precondition.
    unsafe { libc::getpid() }
}
