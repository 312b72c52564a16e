//! How senders and the loop agree on who has to wake whom, whatever the order they come in. Checked in every order by
//! c-tests/models, which puts other atomics in the place of these.
//!
//! A sender sets its flag, and writes only if `wanted` says that the loop may be waiting; the loop sets `wanted`, then
//! looks at the flags. These are SeqCst accesses: one of the two sees the other.

use super::atomics::{AtomicBool, AtomicI32, Ordering, fence, ordered};

pub struct Handshake {
    pub wanted: AtomicBool,
    /// Some signal was raised.
    pub signals: AtomicBool,
    /// Some async watcher was sent to.
    pub asyncs: AtomicBool,
}

impl Handshake {
    /// A sender's part. `poke` wakes a loop that waits.
    pub fn wake(&self, what: &AtomicBool, poke: impl FnOnce()) {
        // If it was set, whoever set it wakes the loop, or did.
        if !what.swap(true, Ordering::SeqCst) {
            ordered();
            if self.wanted.load(Ordering::SeqCst) {
                poke();
            }
        }
    }

    /// Before a wait: from now on senders write. True if one came too early for that.
    pub fn begin_wait(&self) -> bool {
        self.wanted.store(true, Ordering::SeqCst);
        ordered();
        self.has_news()
    }

    /// After a wait. True if there is something to look at; what comes later is seen before the next wait.
    pub fn end_wait(&self) -> bool {
        self.wanted.store(false, Ordering::Relaxed);
        self.has_news()
    }

    /// Whether a sender's news wait to be looked at.
    pub fn has_news(&self) -> bool {
        self.signals.load(Ordering::SeqCst) || self.asyncs.load(Ordering::SeqCst)
    }
}

/// Takes a flag. What its senders wrote before they set it is seen afterwards.
pub fn take(what: &AtomicBool) -> bool {
    // A swap is dear.
    what.load(Ordering::Relaxed) && what.swap(false, Ordering::SeqCst)
}

/// Whether an async watcher was sent to and not handled yet: that handling sees what was written before this call. If
/// not, [`set_sent`] is next.
pub fn is_sent(sent: &AtomicI32) -> bool {
    fence(Ordering::SeqCst);
    sent.load(Ordering::Relaxed) != 0
}

/// A sender's note on the watcher, before it wakes the loop.
pub fn set_sent(sent: &AtomicI32) {
    sent.store(1, Ordering::Release);
}

/// Takes what was sent to one async watcher. [`sent_are_taken`] comes before the callbacks, and has them see what was
/// written before any note that this overwrites.
pub fn take_sent(sent: &AtomicI32) -> bool {
    let taken = sent.load(Ordering::Acquire) != 0;
    if taken {
        sent.store(0, Ordering::Relaxed);
    }
    taken
}

/// What a sender wrote that found [`is_sent`] is seen from here on.
pub fn sent_are_taken() {
    fence(Ordering::SeqCst);
}
