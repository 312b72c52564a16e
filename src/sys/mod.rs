//! Thin wrappers over system calls: arguments by value, errors as `Err(errno)`.
//!
//! The calls that block are declared `C-unwind`: a thread may be cancelled in them, and the unwinding passes through
//! our frames.

pub mod aio;
pub mod cancel;
pub mod fd;
pub mod in_flight;
pub mod incarnation;
pub mod path;
pub mod poll;
pub mod signal;
pub mod symbol;
pub mod time;
pub mod uring;

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

/// A call that a signal may interrupt, until it is not.
pub fn uninterrupted<T>(mut call: impl FnMut() -> Result<T, c_int>) -> Result<T, c_int> {
    loop {
        match call() {
            Err(libc::EINTR) => {}
            result => return result,
        }
    }
}

/// This thread's id.
pub fn thread_id() -> c_int {
    // SAFETY: no precondition. By number: the C library's wrapper needs glibc 2.30.
    unsafe { libc::syscall(libc::SYS_gettid) as c_int }
}

/// Whether a thread of this process has this id.
pub fn is_own_thread(id: c_int) -> bool {
    // SAFETY: no precondition; signal 0 is none.
    unsafe { libc::syscall(libc::SYS_tgkill, c_long::from(process_id()), c_long::from(id), 0 as c_long) == 0 }
}

/// This process's id.
pub fn process_id() -> c_int {
    // SAFETY: no precondition.
    unsafe { libc::getpid() }
}
