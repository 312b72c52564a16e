//! Timers: spans of monotonic time, once or again and again.

use super::{Kind, LoopPtr};
use crate::abi::EV_TIMER;
use crate::diag;
use crate::watcher::{TimerPtr, WatcherPtr};

/// # Safety
/// The watcher is in the heap of timers.
unsafe fn timer(watcher: WatcherPtr) -> TimerPtr {
    // SAFETY: only timer_start puts watchers there.
    unsafe { TimerPtr::from_base(watcher) }
}

impl LoopPtr {
    pub fn start_timer(self, w: TimerPtr) {
        if w.base().is_active() {
            return;
        }
        if w.repeat() < 0.0 {
            diag::fail(c"ev_timer_start", c"called with negative timer repeat value");
        }
        w.set_at(w.at() + self.mono());
        self.activate(Kind::Timer, w.base(), 1);
        self.timers.push(w.at(), w.base());
    }

    pub fn stop_timer(self, w: TimerPtr) {
        self.pending.clear(w.base());
        if !w.base().is_active() {
            return;
        }
        if !self.timers.remove(w.base()) {
            diag::fail(c"ev_timer_stop", c"the watcher is not in this loop's heap, or was changed while active");
        }
        w.set_at(w.at() - self.mono());
        self.deactivate(w.base());
    }

    pub fn again_timer(self, w: TimerPtr) {
        self.pending.clear(w.base());
        let repeat = w.repeat();
        if w.base().is_active() {
            if repeat == 0.0 {
                self.stop_timer(w);
            } else {
                w.set_at(self.mono() + repeat);
                self.change_timer(w);
            }
        } else if repeat != 0.0 {
            w.set_at(repeat);
            self.start_timer(w);
        }
    }

    fn change_timer(self, w: TimerPtr) {
        if !self.timers.holds(w.base()) {
            diag::fail(c"ev_timer_again", c"the watcher is not in this loop's heap, or was changed while active");
        }
        self.timers.change((w.base().active() as usize).wrapping_sub(1), w.at());
    }

    /// Seconds until it is due; what is stored if it is not active.
    pub fn remaining_timer(self, w: TimerPtr) -> f64 {
        if w.base().is_active() { w.at() - self.mono() } else { w.at() }
    }

    /// Queues the timers whose time has passed.
    pub(super) fn expire_timers(self) {
        let now = self.mono();
        while let Some(due) = self.timers.first().filter(|due| due.at < now) {
            // SAFETY: from the heap.
            let w = unsafe { timer(due.watcher) };
            let repeat = w.repeat();
            if repeat == 0.0 {
                self.stop_timer(w);
            } else {
                if repeat < 0.0 {
                    diag::fail(c"ev_run", c"negative timer repeat value found while processing timers");
                }
                // From the time it was due, but not into the past: missed periods are dropped.
                let next = due.at + repeat;
                w.set_at(if next < now { now } else { next });
                self.timers.change(0, w.at());
            }
            self.expire(w.base());
        }
        self.feed_expired(EV_TIMER);
    }

    /// Moves all timers by `seconds`.
    pub(super) fn shift_timers(self, seconds: f64) {
        self.timers.change_all(|due| {
            // SAFETY: from the heap.
            let w = unsafe { timer(due.watcher) };
            w.set_at(w.at() + seconds);
            w.at()
        });
    }

    pub(super) fn verify_timers(self) -> bool {
        // SAFETY: from the heap.
        self.timers.verify(&|watcher| unsafe { timer(watcher) }.at())
    }
}
