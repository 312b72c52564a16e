//! Periodics: points of real time, absolute, on a grid, or chosen by the program.

use super::{Kind, LoopPtr};
use crate::abi::EV_PERIODIC;
use crate::diag;
use crate::text::text;
use crate::watcher::{PeriodicPtr, TimePtr};

/// The grid is searched in steps of at least this many seconds, where the arithmetic is exact enough.
const LEAST_STEP: f64 = 1.0 / 8192.0;

/// A watcher of the schedule of periodics.
fn periodic(w: TimePtr) -> PeriodicPtr {
    // SAFETY: only start_periodic puts watchers there.
    unsafe { PeriodicPtr::from_base(w.base()) }
}

/// The largest whole number not above `x`; core has no floor. From 2^52 on every double is whole.
fn floor(x: f64) -> f64 {
    const WHOLE_FROM: f64 = 4_503_599_627_370_496.0;
    if !(-WHOLE_FROM..WHOLE_FROM).contains(&x) {
        return x;
    }
    let cut = x as i64 as f64;
    if cut > x { cut - 1.0 } else { cut }
}

/// The first point of the grid `offset + n * interval` after `now`.
#[inline(never)]
fn next_on_grid(offset: f64, interval: f64, now: f64) -> f64 {
    let step = if interval > LEAST_STEP { interval } else { LEAST_STEP };
    let mut at = offset + step * floor((now - offset) / step);
    while at <= now {
        let next = at + interval;
        if next == at {
            // Too fine for a double at this magnitude: as often as the loop turns.
            return now;
        }
        at = next;
    }
    at
}

impl LoopPtr {
    pub fn start_periodic(self, w: PeriodicPtr) {
        if w.base().is_active() {
            return;
        }
        self.start_jump_detector();
        if w.reschedule().is_none() && w.interval() < 0.0 {
            diag::fail(text!("ev_periodic_start"), text!("called with negative interval value"));
        }
        self.compute_periodic(w);
        self.activate(Kind::Periodic, w.base(), 1);
        self.periodics.push(w.at(), w.time());
    }

    pub fn stop_periodic(self, w: PeriodicPtr) {
        self.pending.clear(w.base());
        if !w.base().is_active() {
            return;
        }
        if !self.periodics.remove(w.time()) {
            diag::fail(
                text!("ev_periodic_stop"),
                text!("the watcher is not in this loop's heap, or was changed while active"),
            );
        }
        self.deactivate(w.base());
    }

    /// Computes the due time anew.
    pub fn again_periodic(self, w: PeriodicPtr) {
        self.stop_periodic(w);
        self.start_periodic(w);
    }

    /// Writes the next due time, asked of the program, on the grid, or absolute.
    #[inline(always)]
    fn compute_periodic(self, w: PeriodicPtr) {
        let at = match w.reschedule() {
            // SAFETY: the program set it for this; it may not call back into the loop.
            Some(callback) => unsafe { callback(w.raw(), self.now()) },
            None if w.interval() == 0.0 => w.offset(),
            None => next_on_grid(w.offset(), w.interval(), self.now()),
        };
        w.set_at(at);
    }

    /// Queues the periodics whose time has passed; several missed points are one event.
    #[inline]
    pub(super) fn expire_periodics(self) {
        if !self.periodics.is_empty() {
            self.expire_some_periodics();
        }
    }

    #[inline(never)]
    fn expire_some_periodics(self) {
        while let Some(due) = self.periodics.first(self.now()).filter(|due| due.at < self.now()) {
            let w = periodic(due.watcher);
            if w.reschedule().is_some() || w.interval() != 0.0 {
                self.compute_periodic(w);
                if w.at() < self.now() {
                    diag::fail(text!("ev_periodic reschedule callback"), text!("returned time in the past"));
                }
                // Callbacks must not stop it, but may.
                if !self.periodics.change(w.time(), w.at()) {
                    continue;
                }
                self.note_due(Kind::Periodic, w.time());
            } else {
                self.pending.clear(w.base());
                self.periodics.remove_first();
                self.deactivate_apart(w.base());
            }
            self.expire(w.base());
        }
        self.feed_expired(EV_PERIODIC);
    }

    /// After a jump of the clock: the grid and the program are asked again, absolute times stay.
    pub(super) fn reschedule_periodics(self) {
        self.periodics.change_all(|w| {
            let w = periodic(w);
            if w.reschedule().is_some() || w.interval() != 0.0 {
                self.compute_periodic(w);
            }
            w.at()
        });
        self.note_all_due(Kind::Periodic);
    }
}

#[cfg(test)]
mod tests {
    use super::{floor, next_on_grid};

    #[test]
    fn floor_goes_down() {
        assert_eq!(floor(-0.5), -1.0);
        assert_eq!(floor(2.0), 2.0);
        assert_eq!(floor(-3.0), -3.0);
        assert_eq!(floor(1e300), 1e300);
    }

    #[test]
    fn the_grid_point_is_after_now() {
        assert_eq!(next_on_grid(0.0, 10.0, 20.0), 30.0);
        assert_eq!(next_on_grid(3.0, 10.0, 20.0), 23.0);
        assert_eq!(next_on_grid(100.0, 10.0, 20.0), 30.0);
        assert_eq!(next_on_grid(0.0, 1e-12, 1.7e9), 1.7e9);
    }
}
