//! `LIBEV_CHECK` in the environment: whether the library looks for a program's mistakes, and what it says then.
//!
//! Asked everywhere, so it knows nothing but libc. What is looked for is in `engine::check`.

use core::ffi::{CStr, c_int, c_void};
use core::sync::atomic::{AtomicU8, Ordering};

use crate::diag::dprintf;
use crate::text::text;

const UNKNOWN: u8 = 0;
const OFF: u8 = 1;
const ON: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Whether mistakes are looked for.
#[inline]
pub fn is_on() -> bool {
    STATE.load(Ordering::Relaxed) == ON
}

/// Looks at the environment, when the process makes its first loop: what was started before could not be checked. Not in
/// programs that run with more rights than their caller (set-user-ID, set-group-ID, file capabilities).
pub fn read_environment() {
    if STATE.load(Ordering::Relaxed) == UNKNOWN {
        // SAFETY: KERNEL; the environment's answer is null or a string that nobody changes while we read it.
        let asked = unsafe {
            let text = libc::getenv(text!("LIBEV_CHECK").as_ptr());
            libc::getauxval(libc::AT_SECURE) == 0 && !text.is_null() && libc::atoi(text) != 0
        };
        STATE.store(if asked { ON } else { OFF }, Ordering::Relaxed);
    }
}

/// Tells, if mistakes are looked for, which backend a new loop is on.
#[cold]
pub fn tell_backend(raw: *const c_void, name: &CStr) {
    if is_on() {
        // SAFETY: KERNEL; the format takes an address and a string and gets them.
        unsafe { dprintf(2, text!("libev: LIBEV_CHECK: loop %p is on %s\n").as_ptr(), raw, name.as_ptr()) };
    }
}

/// Tells, if mistakes are looked for, that `what` goes another way than it could, because of this error.
#[cold]
pub fn tell(what: &CStr, error: c_int) {
    if is_on() {
        // SAFETY: KERNEL; the format takes two strings and gets them.
        unsafe { dprintf(2, text!("libev: LIBEV_CHECK: %s (%s)\n").as_ptr(), what.as_ptr(), libc::strerror(error)) };
    }
}
