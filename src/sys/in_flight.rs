//! Counts those who are inside something that others wait for: senders and signal handlers that may be using a loop. Only
//! those of this process, since a child has none of the threads that were inside when it was forked.

use core::ffi::c_int;
use core::sync::atomic::{AtomicU64, Ordering};

use super::incarnation::incarnation;
use super::time;

/// The incarnation of the process in the upper half, how many are inside in the lower.
pub struct InFlight(AtomicU64);

fn word(process: c_int, count: u32) -> u64 {
    u64::from(process as u32) << 32 | u64::from(count)
}

impl InFlight {
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// How many of process `own` a word says to be inside.
    fn count(word: u64, own: c_int) -> u32 {
        if (word >> 32) as u32 == own as u32 { word as u32 } else { 0 }
    }

    fn change(&self, change: fn(u32) -> u32) {
        let own = incarnation();
        let mut before = self.0.load(Ordering::SeqCst);
        loop {
            let after = word(own, change(Self::count(before, own)));
            match self.0.compare_exchange_weak(before, after, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return,
                Err(now) => before = now,
            }
        }
    }

    pub fn enter(&self) {
        self.change(|count| count.wrapping_add(1));
    }

    /// One who entered leaves, who may have entered before a fork.
    pub fn leave(&self) {
        self.change(|count| count.saturating_sub(1));
    }

    /// Waits until nobody is inside. They need a few microseconds; one in a thread that is not let run for seconds is not
    /// waited for.
    pub fn wait_for_none(&self) {
        const BRIEF: u32 = 1000;
        const ALL: u32 = 3000;
        let own = incarnation();
        for round in 0..ALL {
            if Self::count(self.0.load(Ordering::SeqCst), own) == 0 {
                return;
            }
            time::pause(if round < BRIEF { 20e-6 } else { 1e-3 });
        }
    }
}
