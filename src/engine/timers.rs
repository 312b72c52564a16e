//! Timers: spans of monotonic time, once or again and again.

use super::{Kind, LoopPtr};
use crate::abi::EV_TIMER;
use crate::checking;
use crate::diag;
use crate::text::text;
use crate::watcher::{TimePtr, TimerPtr};

impl LoopPtr {
    #[inline(never)]
    pub fn start_timer(self, w: TimerPtr) {
        if w.base().is_active() {
            return;
        }
        if w.repeat() < 0.0 {
            diag::fail(text!("ev_timer_start"), text!("called with negative timer repeat value"));
        }
        w.set_at(w.at() + self.mono());
        self.activate(Kind::Timer, w.base(), 1);
        self.timers.push(w.at(), w.time());
    }

    #[inline(never)]
    pub fn stop_timer(self, w: TimerPtr) {
        self.pending.clear(w.base());
        if !w.base().is_active() {
            return;
        }
        if !self.timers.remove(w.time()) {
            diag::fail(
                text!("ev_timer_stop"),
                text!("the watcher is not in this loop's heap, or was changed while active"),
            );
        }
        self.timer_left(w);
    }

    /// The watcher is not in the schedule any more.
    #[inline(always)]
    fn timer_left(self, w: TimerPtr) {
        w.set_at(w.at() - self.mono());
        self.deactivate(w.base());
    }

    /// Puts off a timer, if there is nothing else to do; false if there is. A busy server does little else with timers.
    #[inline(always)]
    pub fn puts_off_timer(self, w: TimerPtr) -> bool {
        let repeat = w.repeat();
        w.base().pending() == 0 && repeat > 0.0 && self.timers.puts_off(w.time(), self.mono() + repeat)
    }

    #[inline(never)]
    pub fn again_timer(self, w: TimerPtr) {
        self.pending.clear(w.base());
        let repeat = w.repeat();
        if w.base().is_active() {
            if repeat == 0.0 {
                self.stop_timer(w);
            } else {
                if !self.timers.change(w.time(), self.mono() + repeat) {
                    diag::fail(
                        text!("ev_timer_again"),
                        text!("the watcher is not in this loop's heap, or was changed while active"),
                    );
                }
                self.note_due(Kind::Timer, w.time());
            }
        } else if repeat != 0.0 {
            w.set_at(repeat);
            self.start_timer(w);
        }
    }

    /// The loop changed the due time of an active watcher.
    pub(super) fn note_due(self, kind: Kind, w: TimePtr) {
        if checking::is_on() {
            self.note_active(kind, w.base());
        }
    }

    /// Seconds until it is due; what is stored if it is not active.
    pub fn remaining_timer(self, w: TimerPtr) -> f64 {
        if w.base().is_active() { w.at() - self.mono() } else { w.at() }
    }

    /// Queues the timers whose time has passed.
    #[inline]
    pub(super) fn expire_timers(self) {
        if !self.timers.is_empty() {
            self.expire_some_timers();
        }
    }

    #[inline(never)]
    fn expire_some_timers(self) {
        let now = self.mono();
        while let Some(due) = self.timers.first(now).filter(|due| due.at < now) {
            // SAFETY: only start_timer puts watchers there.
            let w = unsafe { TimerPtr::from_base(due.watcher.base()) };
            let repeat = w.repeat();
            if repeat == 0.0 {
                self.pending.clear(w.base());
                self.timers.remove_first();
                self.timer_left(w);
            } else {
                if repeat < 0.0 {
                    diag::fail(text!("ev_run"), text!("negative timer repeat value found while processing timers"));
                }
                // From the time it was due, but not into the past: missed periods are dropped.
                let next = due.at + repeat;
                w.set_at(if next < now { now } else { next });
                self.timers.change_first(w.at());
                self.note_due(Kind::Timer, w.time());
            }
            self.expire(w.base());
        }
        self.feed_expired(EV_TIMER);
    }

    /// Moves all timers by `seconds`.
    pub(super) fn shift_timers(self, seconds: f64) {
        self.timers.change_all(|w| w.at() + seconds);
        self.note_all_due(Kind::Timer);
    }

    /// The loop changed all due times.
    pub(super) fn note_all_due(self, kind: Kind) {
        if checking::is_on() {
            let schedule = self.schedule(kind);
            for w in (0..schedule.places()).filter_map(|place| schedule.in_place(place)) {
                self.note_active(kind, w.base());
            }
        }
    }
}
