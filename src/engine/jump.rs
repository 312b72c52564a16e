//! A timerfd that the kernel cancels when somebody sets the system's clock: periodics are then computed anew at once,
//! and the loop need not wake up to look.

use core::cell::{Cell, UnsafeCell};
use core::ffi::c_int;

use super::LoopPtr;
use crate::abi::{EV_CUSTOM, EV_ERROR, EV_MINPRI, EVFLAG_NOTIMERFD, ev_io, ev_loop, ev_watcher};
use crate::sys;
use crate::watcher::IoPtr;

/// How far ahead the timer is set, in seconds: about 17 days, when it is simply set again.
const HORIZON: f64 = 1_500_000.0;
/// The longest wait in seconds, where there is a detector: its timer ends before. The reference's, as measured.
pub const LONGEST_WAIT: f64 = HORIZON + 1.07;

/// The detector of a loop.
pub struct Detector {
    tried: Cell<bool>,
    watcher: UnsafeCell<ev_io>,
}

impl Detector {
    pub const fn new(blank: ev_io) -> Self {
        Self { tried: Cell::new(false), watcher: UnsafeCell::new(blank) }
    }
}

impl LoopPtr {
    fn jump_watcher(self) -> IoPtr {
        // SAFETY: LOOP; a place within it is not null.
        unsafe { IoPtr::new(self.jump.watcher.get()) }
    }

    /// Whether jumps are detected; else the loop must look from time to time.
    pub(super) fn detects_jumps(self) -> bool {
        self.jump_watcher().base().is_active()
    }

    /// At the first periodic. Without a timerfd the clock is read from time to time instead.
    #[inline(always)]
    pub(super) fn start_jump_detector(self) {
        if !self.jump.tried.get() {
            self.try_jump_detector();
        }
    }

    #[cold]
    #[inline(never)]
    fn try_jump_detector(self) {
        self.jump.tried.set(true);
        if self.run.has_flag(EVFLAG_NOTIMERFD) {
            return;
        }
        if let Ok(fd) = sys::time::jump_detector() {
            self.clock.refresh();
            sys::time::arm_jump_detector(fd, self.now() + HORIZON);
            self.start_internal_io(self.jump_watcher(), clock_was_set, EV_MINPRI, fd);
        }
    }

    /// After a fork: a detector of this process's own, and periodics computed anew.
    pub(super) fn renew_jump_detector(self) {
        if self.detects_jumps() {
            self.shut_jump_detector();
            self.start_jump_detector();
            self.reschedule_periodics();
            // And once more with the events of this iteration, as after any jump.
            if self.detects_jumps() {
                self.feed(self.jump_watcher().base(), EV_CUSTOM);
            }
        }
    }

    pub(super) fn shut_jump_detector(self) {
        self.close_internal_io(self.jump_watcher());
        self.jump.tried.set(false);
    }
}

/// The callback of the detector's watcher: the clock was set, or the horizon is reached.
unsafe extern "C-unwind" fn clock_was_set(raw: *mut ev_loop, _: *mut ev_watcher, revents: c_int) {
    // SAFETY: LOOP, called by it.
    let lp = unsafe { LoopPtr::new(raw) };
    if revents & EV_ERROR != 0 {
        if lp.lost_internal_io(revents) {
            lp.jump.tried.set(false);
            lp.start_jump_detector();
        } else {
            sys::fd::close(lp.jump_watcher().fd());
        }
    } else {
        let fd = lp.jump_watcher().fd();
        sys::fd::drain(fd);
        lp.clock.doubt();
        // The real time alone: timers go on counting from the last wait.
        lp.clock.refresh();
        sys::time::arm_jump_detector(fd, lp.now() + HORIZON);
    }
    lp.reschedule_periodics();
}
