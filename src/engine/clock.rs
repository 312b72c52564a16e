//! The loop's idea of the time: monotonic for timers, real for `ev_now` and periodics.

use core::cell::Cell;

use super::LoopPtr;
use crate::sys::time;

/// The real time is read at most this often, in seconds, and interpolated between.
const REREAD: f64 = 0.5;
/// A difference from the interpolation of this and more, in seconds, is a jump of the system's clock.
const JUMP: f64 = 1.0;
/// How often a jump is looked at again before it is believed: the process may have been preempted between two reads.
const DOUBTS: u32 = 4;

/// The times of one loop.
pub struct Clock {
    /// Real time, seconds since the epoch.
    pub now: Cell<f64>,
    /// Monotonic time in seconds.
    pub mono: Cell<f64>,
    /// When the real time was read last, monotonic.
    read_at: Cell<f64>,
    /// Real less monotonic.
    difference: Cell<f64>,
}

impl Clock {
    pub const fn new() -> Self {
        Self { now: Cell::new(0.0), mono: Cell::new(0.0), read_at: Cell::new(0.0), difference: Cell::new(0.0) }
    }

    /// The first reading.
    pub fn start(&self) {
        let (mono, now) = time::both();
        self.mono.set(mono);
        self.now.set(now);
        self.read_at.set(self.mono.get());
        self.difference.set(self.now.get() - self.mono.get());
    }

    /// Reads the real time alone: what is about to be computed from it must not be up to a moment old.
    pub fn refresh(&self) {
        self.now.set(time::realtime());
    }

    /// Makes the next update read the real time.
    pub fn doubt(&self) {
        self.read_at.set(f64::NEG_INFINITY);
    }

    /// Reads the clocks; true when the real one jumped.
    fn read(&self) -> bool {
        self.mono.set(time::monotonic());
        if self.mono.get() - self.read_at.get() < REREAD {
            self.now.set(self.difference.get() + self.mono.get());
            return false;
        }
        let before = self.difference.get();
        self.now.set(time::realtime());
        for _ in 0..DOUBTS {
            let difference = self.now.get() - self.mono.get();
            self.difference.set(difference);
            self.read_at.set(self.mono.get());
            if (difference - before).abs() < JUMP {
                return false;
            }
            self.now.set(time::realtime_apart());
            self.mono.set(time::monotonic());
        }
        self.read_at.set(self.mono.get());
        true
    }
}

impl LoopPtr {
    /// Reads the clocks, and computes periodics anew if the real time jumped.
    pub fn update_time(self) {
        if self.clock.read() {
            self.reschedule_periodics();
        }
    }

    /// Real time as of the last update.
    pub fn now(self) -> f64 {
        self.clock.now.get()
    }

    /// Monotonic time as of the last update.
    pub(super) fn mono(self) -> f64 {
        self.clock.mono.get()
    }

    /// The program is about to be held up on purpose.
    pub fn suspend(self) {
        self.update_time();
    }

    /// Timers do not count the time since the last update.
    pub fn resume(self) {
        let before = self.mono();
        self.update_time();
        self.shift_timers(self.mono() - before);
        self.reschedule_periodics();
    }
}
