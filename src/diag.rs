//! What the library says: misuse that ends the process, and system calls that fail.
//!
//! Called from everywhere; calls nothing but libc and the program's syserr callback. Messages are put together by
//! libc's `dprintf`, so that no formatting machinery (and with it no panic) is linked in.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::abi::ev_syserr_cb;
use crate::text::text;

unsafe extern "C" {
    /// The C library's; its variadic arguments are what `format` says.
    pub fn dprintf(fd: c_int, format: *const c_char, ...) -> c_int;
}

const STDERR: c_int = 2;

static SYSERR: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Ends the process with "libev: CALL: MISTAKE". For mistakes of the program that would corrupt the loop.
#[cold]
pub fn fail(call: &CStr, mistake: &CStr) -> ! {
    // SAFETY: KERNEL; the format takes two strings and gets two.
    unsafe {
        dprintf(STDERR, text!("libev: %s: %s\n").as_ptr(), call.as_ptr(), mistake.as_ptr());
        libc::abort()
    }
}

/// As [`fail`], with the number that was wrong.
#[cold]
pub fn fail_with(call: &CStr, mistake: &CStr, number: c_int) -> ! {
    // SAFETY: KERNEL; the format takes two strings and an int and gets them.
    unsafe {
        dprintf(STDERR, text!("libev: %s: %s (%d)\n").as_ptr(), call.as_ptr(), mistake.as_ptr(), number);
        libc::abort()
    }
}

/// Ends the process because the allocator had no memory.
#[cold]
pub fn out_of_memory(bytes: usize) -> ! {
    // SAFETY: KERNEL; the format takes a size and gets one.
    unsafe {
        dprintf(STDERR, text!("(libev) cannot allocate %zu bytes, aborting.\n").as_ptr(), bytes);
        libc::abort()
    }
}

/// Sets the callback for failing system calls; `None` restores the default (print and abort).
pub fn set_syserr(callback: ev_syserr_cb) {
    let raw = match callback {
        Some(function) => function as *mut (),
        None => core::ptr::null_mut(),
    };
    SYSERR.store(raw, Ordering::Release);
}

/// Whether the program handles failing system calls itself.
pub fn has_syserr() -> bool {
    !SYSERR.load(Ordering::Acquire).is_null()
}

/// Reports a system call that failed (`errno` tells why). Returns when the program's callback did: the caller goes on
/// or tries again.
#[cold]
pub fn syserr(message: &CStr) {
    let raw = SYSERR.load(Ordering::Acquire);
    // SAFETY: the word is null or was made of such a function in set_syserr; Option's null is None.
    let callback: ev_syserr_cb = unsafe { core::mem::transmute(raw) };
    match callback {
        // SAFETY: the program set it for this; the message is a constant.
        Some(function) => unsafe { function(message.as_ptr()) },
        // SAFETY: KERNEL.
        None => unsafe {
            libc::perror(message.as_ptr());
            libc::abort()
        },
    }
}
