//! How senders and the loop agree on who has to wake whom, whatever the order they come in. Checked in every order by
//! c-tests/models, which puts other atomics in the place of these.
//!
//! A sender sets what it has to say, then `skipped`, and writes only if `wanted` says that the loop may be waiting; the
//! loop sets `wanted`, then looks at `skipped`. With a fence between on both sides one of the two sees the other.

use super::atomics::{AtomicBool, AtomicI32, Ordering, fence};

pub struct Handshake {
    pub wanted: AtomicBool,
    pub skipped: AtomicBool,
    /// Some signal was raised.
    pub signals: AtomicBool,
    /// Some async watcher was sent to.
    pub asyncs: AtomicBool,
}

impl Handshake {
    /// A sender's part. `poke` wakes a loop that waits; false: there is no way to.
    pub fn wake(&self, what: &AtomicBool, poke: impl FnOnce() -> bool) {
        if what.swap(true, Ordering::SeqCst) {
            // Whoever set it wakes the loop, or did.
            return;
        }
        self.skipped.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if !self.wanted.load(Ordering::SeqCst) {
            return;
        }
        self.skipped.store(false, Ordering::SeqCst);
        if !poke() {
            self.skipped.store(true, Ordering::SeqCst);
        }
    }

    /// Before a wait: from now on senders write. True if one came too early for that.
    pub fn begin_wait(&self) -> bool {
        self.wanted.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        self.skipped.load(Ordering::Relaxed)
    }

    /// After a wait. True if a sender did not write; one that comes later is seen before the next wait.
    pub fn end_wait(&self) -> bool {
        self.wanted.store(false, Ordering::Relaxed);
        self.skipped.load(Ordering::Relaxed)
    }

    /// The loop is about to look at all there is.
    pub fn begin_look(&self) {
        self.skipped.store(false, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Whether a sender's news wait to be looked at.
    pub fn has_news(&self) -> bool {
        self.signals.load(Ordering::SeqCst) || self.asyncs.load(Ordering::SeqCst)
    }
}

/// Whether an async watcher was sent to and not handled yet: that handling sees what was written before this call.
pub fn is_sent(sent: &AtomicI32) -> bool {
    fence(Ordering::SeqCst);
    sent.load(Ordering::Relaxed) != 0
}

/// Takes what was sent to one async watcher. [`sent_are_taken`] comes before the callbacks.
pub fn take_sent(sent: &AtomicI32) -> bool {
    sent.load(Ordering::Relaxed) != 0 && sent.swap(0, Ordering::SeqCst) != 0
}

/// What a sender wrote that found [`is_sent`] is seen from here on.
pub fn sent_are_taken() {
    fence(Ordering::SeqCst);
}
