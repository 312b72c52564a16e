//! poll and epoll.

use core::ffi::{c_int, c_long};
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use libc::{epoll_event, pollfd, timespec};

use super::cancel::cancellable;
use super::check;
use super::time::{span, span_millis};
use crate::checking;
use crate::text::text;

unsafe extern "C-unwind" {
    fn poll(fds: *mut pollfd, count: libc::nfds_t, timeout: c_int) -> c_int;
    fn ppoll(fds: *mut pollfd, count: libc::nfds_t, timeout: *const timespec, mask: *const libc::sigset_t) -> c_int;
    fn epoll_wait(fd: c_int, events: *mut epoll_event, room: c_int, timeout: c_int) -> c_int;
}

/// Waits of this many seconds and more end to the millisecond: such a call costs less.
const COARSE_FROM: f64 = 30.0;

/// Waits on `count` descriptors for at most `seconds`.
///
/// # Safety
/// `fds` holds `count` elements.
pub unsafe fn wait_poll(fds: *mut pollfd, count: usize, seconds: f64) -> Result<c_int, c_int> {
    if seconds > 0.0 && seconds < COARSE_FROM {
        // SAFETY: as the caller promises.
        return unsafe { wait_poll_finely(fds, count, seconds) };
    }
    // The older call costs less.
    // SAFETY: as the caller promises.
    check(unsafe { poll(fds, count as libc::nfds_t, span_millis(seconds)) })
}

/// The same in nanoseconds.
///
/// # Safety
/// As [`wait_poll`].
#[inline(never)]
unsafe fn wait_poll_finely(fds: *mut pollfd, count: usize, seconds: f64) -> Result<c_int, c_int> {
    let timeout = span(seconds);
    // SAFETY: as the caller promises.
    check(unsafe { ppoll(fds, count as libc::nfds_t, &raw const timeout, ptr::null()) })
}

/// A new epoll set.
pub fn epoll_create() -> Result<c_int, c_int> {
    // SAFETY: no pointers.
    check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })
}

/// epoll_ctl(2).
#[inline(always)]
pub fn epoll_control(set: c_int, operation: c_int, fd: c_int, events: u32, data: u64) -> Result<(), c_int> {
    let mut event = epoll_event { events, u64: data };
    // SAFETY: KERNEL.
    check(unsafe { libc::epoll_ctl(set, operation, fd, &raw mut event) }).map(|_| ())
}

/// Set once the kernel (before 5.11) or a sandbox refuses the call with nanoseconds.
static COARSE: AtomicBool = AtomicBool::new(false);

/// Waits for at most `seconds`: in nanoseconds where the kernel can, else in milliseconds rounded up.
///
/// # Safety
/// `events` has room for `room` elements, which is more than 0.
#[inline(always)]
pub unsafe fn wait_epoll(set: c_int, events: *mut epoll_event, room: usize, seconds: f64) -> Result<c_int, c_int> {
    if seconds > 0.0 && seconds < COARSE_FROM && !COARSE.load(Ordering::Relaxed) {
        let timeout = span(seconds);
        let no_mask: *const libc::sigset_t = ptr::null();
        // SAFETY: as the caller promises; by number, since the C library's wrapper needs glibc 2.35.
        let result = cancellable(|| unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                c_long::from(set),
                events,
                room as c_long,
                &raw const timeout,
                no_mask,
                0 as c_long,
            )
        });
        match result {
            Err(error @ (libc::ENOSYS | libc::EPERM)) => {
                COARSE.store(true, Ordering::Relaxed);
                checking::tell(text!("epoll waits in milliseconds: epoll_pwait2 failed"), error);
            }
            other => return other,
        }
    }
    // SAFETY: as the caller promises.
    check(unsafe { epoll_wait(set, events, room as c_int, span_millis(seconds)) })
}
