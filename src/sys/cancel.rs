//! Where a thread may be cancelled: in the wait, and nowhere else.

use core::ffi::c_int;
use core::ptr;

use super::check_long;

unsafe extern "C-unwind" {
    fn pthread_setcanceltype(kind: c_int, before: *mut c_int) -> c_int;
}

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
}

/// Runs a system call that has no wrapper in the C library as a cancellation point, as the wrappers of its kind are.
pub fn cancellable(call: impl FnOnce() -> i64) -> Result<c_int, c_int> {
    const ASYNCHRONOUS: c_int = 1;
    let mut before = 0;
    // SAFETY: KERNEL.
    unsafe { pthread_setcanceltype(ASYNCHRONOUS, &raw mut before) };
    let result = check_long(call());
    // SAFETY: KERNEL.
    unsafe { pthread_setcanceltype(before, ptr::null_mut()) };
    result
}

/// Runs calls that are cancellation points in the C library as if they were none: a thread must not end half-way through
/// what it does to a loop.
pub fn whole<R>(work: impl FnOnce() -> R) -> R {
    const DISABLED: c_int = 1;
    let mut before = 0;
    // SAFETY: KERNEL.
    unsafe { pthread_setcancelstate(DISABLED, &raw mut before) };
    let result = work();
    // SAFETY: KERNEL.
    unsafe { pthread_setcancelstate(before, ptr::null_mut()) };
    result
}
