//! Clocks, sleeping, and spans of time as the kernel takes them.

use core::ffi::c_int;
use core::ptr;

use libc::{clockid_t, timespec};

use super::cancel::whole;
use super::check;

unsafe extern "C-unwind" {
    fn select(
        nfds: c_int,
        read: *mut libc::fd_set,
        write: *mut libc::fd_set,
        except: *mut libc::fd_set,
        timeout: *mut libc::timeval,
    ) -> c_int;
    fn nanosleep(span: *const timespec, left: *mut timespec) -> c_int;
}

/// Longer spans are cut to this many seconds: every kernel takes it, and no timer needs more before the loop looks
/// again.
const LONGEST: f64 = 1e8;

#[cfg(fuzzing)]
fn clock(id: clockid_t) -> f64 {
    let kernel = crate::fuzzing::kernel();
    if id == libc::CLOCK_REALTIME { (kernel.realtime)() } else { (kernel.monotonic)() }
}

#[cfg(not(fuzzing))]
fn clock(id: clockid_t) -> f64 {
    let mut now = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: KERNEL; filled by the call. It can't fail for the two clocks in use.
    unsafe { libc::clock_gettime(id, &raw mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

/// Both clocks at about one time, monotonic and real: by calls, for where it is read once.
pub fn both() -> (f64, f64) {
    (clock_apart(libc::CLOCK_MONOTONIC), clock_apart(libc::CLOCK_REALTIME))
}

#[inline(never)]
fn clock_apart(id: clockid_t) -> f64 {
    clock(id)
}

/// [`realtime`], as a call.
pub fn realtime_apart() -> f64 {
    clock_apart(libc::CLOCK_REALTIME)
}

/// Seconds since the epoch, as the system's clock has it.
pub fn realtime() -> f64 {
    clock(libc::CLOCK_REALTIME)
}

/// Seconds on the clock that never jumps.
pub fn monotonic() -> f64 {
    clock(libc::CLOCK_MONOTONIC)
}

/// A span as the kernel takes it, rounded up, so that a wait never ends early. Negative or not a number is zero.
#[inline(always)]
pub fn span(seconds: f64) -> timespec {
    if seconds > 0.0 { span_above_zero(seconds) } else { timespec { tv_sec: 0, tv_nsec: 0 } }
}

#[inline(never)]
fn span_above_zero(seconds: f64) -> timespec {
    let seconds = seconds.min(LONGEST);
    let whole = seconds as i64;
    // Up by one nanosecond: the conversion cuts.
    let nanos = (((seconds - whole as f64) * 1e9) as i64).wrapping_add(1);
    if nanos >= 1_000_000_000 {
        timespec { tv_sec: whole.wrapping_add(1), tv_nsec: 0 }
    } else {
        timespec { tv_sec: whole, tv_nsec: nanos }
    }
}

/// A span in microseconds for select, rounded up.
pub fn span_micros(seconds: f64) -> libc::timeval {
    let fine = span(seconds);
    let micros = fine.tv_nsec.wrapping_add(999) / 1000;
    if micros >= 1_000_000 {
        libc::timeval { tv_sec: fine.tv_sec.wrapping_add(1), tv_usec: 0 }
    } else {
        libc::timeval { tv_sec: fine.tv_sec, tv_usec: micros }
    }
}

/// A span in milliseconds for the calls that take an int, rounded up: rounding down would spin.
pub fn span_millis(seconds: f64) -> c_int {
    let millis = if seconds > 0.0 { seconds * 1e3 } else { 0.0 };
    if millis >= f64::from(c_int::MAX) {
        return c_int::MAX;
    }
    let whole = millis as c_int;
    if f64::from(whole) < millis { whole.wrapping_add(1) } else { whole }
}

/// Sleeps; a signal ends it early. Zero or less returns at once.
pub fn sleep(seconds: f64) {
    if seconds > 0.0 {
        #[cfg(fuzzing)]
        return (crate::fuzzing::kernel().sleep)(seconds);
        #[cfg(not(fuzzing))]
        sleep_really(seconds);
    }
}

#[cfg(not(fuzzing))]
fn sleep_really(seconds: f64) {
    let span = span(seconds);
    // SAFETY: KERNEL.
    unsafe { nanosleep(&raw const span, ptr::null_mut()) };
}

/// Sleeps, but not as a cancellation point.
pub fn pause(seconds: f64) {
    whole(|| sleep(seconds));
}

/// select(2) on bit sets of any size.
///
/// # Safety
/// The sets have room for `nfds` bits.
pub unsafe fn wait_select(nfds: c_int, read: *mut u64, write: *mut u64, seconds: f64) -> Result<c_int, c_int> {
    let mut timeout = span_micros(seconds);
    // SAFETY: as the caller promises; the kernel looks at nfds bits only.
    check(unsafe { select(nfds, read.cast(), write.cast(), ptr::null_mut(), &raw mut timeout) })
}

/// A timerfd on the system's clock that becomes readable when somebody sets that clock.
pub fn jump_detector() -> Result<c_int, c_int> {
    // SAFETY: no pointers.
    check(unsafe { libc::timerfd_create(libc::CLOCK_REALTIME, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC) })
}

/// Arms the detector until `at`, absolute.
pub fn arm_jump_detector(fd: c_int, at: f64) {
    let zero = timespec { tv_sec: 0, tv_nsec: 0 };
    let when = libc::itimerspec { it_interval: zero, it_value: timespec { tv_sec: at as i64, tv_nsec: 0 } };
    /// Not in every version of the libc crate.
    const CANCEL_ON_SET: c_int = 2;
    // SAFETY: KERNEL. A failure leaves the periodic re-reading of the clock.
    unsafe { libc::timerfd_settime(fd, libc::TFD_TIMER_ABSTIME | CANCEL_ON_SET, &raw const when, ptr::null_mut()) };
}
