//! The handshake of senders and loop (src/engine/handshake.rs, the very file), with loom's atomics, which try every order in which
//! threads can run and every value that a load may see. loom takes SeqCst accesses for weaker than they are, but not fences.

/// In place of the standard library's.
mod atomics {
    pub use loom::sync::atomic::{AtomicBool, AtomicI32, Ordering, fence};

    /// What SeqCst accesses on both sides do by themselves elsewhere.
    pub fn ordered() {
        fence(Ordering::SeqCst);
    }
}
#[allow(dead_code, reason = "the models use a part")]
#[path = "../../src/engine/handshake.rs"]
mod handshake;

use atomics::{AtomicBool, AtomicI32, Ordering};
use handshake::Handshake;
use loom::sync::Arc;
use loom::thread;

/// More take minutes.
const PREEMPTIONS: usize = 2;

/// A loop, its eventfd, one async watcher, and what its senders wrote before they sent.
struct World {
    handshake: Handshake,
    eventfd: AtomicI32,
    sent: AtomicI32,
    raised: AtomicI32,
    data: [AtomicI32; 2],
}

impl World {
    fn new() -> Arc<Self> {
        let flag = || AtomicBool::new(false);
        let number = || AtomicI32::new(0);
        Arc::new(Self {
            handshake: Handshake { wanted: flag(), signals: flag(), asyncs: flag() },
            eventfd: number(),
            sent: number(),
            raised: number(),
            data: [number(), number()],
        })
    }

    fn poke(&self) {
        self.eventfd.fetch_add(1, Ordering::SeqCst);
    }

    fn send(&self) -> bool {
        self.send_as(0)
    }

    /// ev_async_send, after something was written for the callback. False: it was sent to already.
    fn send_as(&self, sender: usize) -> bool {
        self.data[sender].store(1, Ordering::Relaxed);
        if handshake::is_sent(&self.sent) {
            return false;
        }
        handshake::set_sent(&self.sent);
        self.handshake.wake(&self.handshake.asyncs, || self.poke());
        true
    }

    /// What a signal handler does.
    fn raise(&self) {
        self.raised.store(1, Ordering::Relaxed);
        self.handshake.wake(&self.handshake.signals, || self.poke());
    }

    /// The internal watcher's callback; what the async watcher's callback then sees, if it is called.
    fn look(&self) -> Option<[i32; 2]> {
        if handshake::take(&self.handshake.signals) {
            self.raised.swap(0, Ordering::SeqCst);
        }
        if handshake::take(&self.handshake.asyncs) {
            let taken = handshake::take_sent(&self.sent);
            handshake::sent_are_taken();
            return taken.then(|| self.data.each_ref().map(|data| data.load(Ordering::Relaxed)));
        }
        None
    }

    /// One iteration. True: the kernel would block in its wait now, and nothing wakes it up so far.
    fn iterate(&self) -> bool {
        let news = self.handshake.begin_wait();
        let woken = self.eventfd.swap(0, Ordering::SeqCst) != 0;
        if !news && !woken {
            return true;
        }
        if self.handshake.end_wait() || woken {
            self.look();
        }
        false
    }

    /// Once every sender is done: a loop that waits is woken if there is something to look at.
    fn check_nothing_lost(&self, waits: bool) {
        let news = self.sent.load(Ordering::SeqCst) != 0 || self.raised.load(Ordering::SeqCst) != 0;
        let woken = self.eventfd.load(Ordering::SeqCst) != 0;
        let seen = woken || (!waits && self.handshake.has_news());
        assert!(!news || seen, "a wake-up is lost");
    }
}

/// Senders against the loop's iterations. With several of them only so many switches of threads against their will are tried.
fn against_the_loop(iterations: usize, senders: Vec<fn(&World)>) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = if senders.len() > 1 { Some(PREEMPTIONS) } else { None };
    builder.check(move || {
        let world = World::new();
        let running: Vec<_> = senders
            .iter()
            .map(|&sender| {
                let world = world.clone();
                thread::spawn(move || sender(&world))
            })
            .collect();
        let waits = (0..iterations).any(|_| world.iterate());
        running.into_iter().for_each(|thread| thread.join().expect("a sender"));
        world.check_nothing_lost(waits);
    });
}

#[test]
fn a_send_wakes_the_loop() {
    against_the_loop(
        3,
        vec![|world| {
            world.send();
        }],
    );
}

#[test]
fn a_send_and_a_signal_wake_the_loop() {
    against_the_loop(
        2,
        vec![
            |world| {
                world.send();
            },
            World::raise,
        ],
    );
}

#[test]
fn two_sends_wake_the_loop() {
    fn send(world: &World) {
        world.send();
    }
    against_the_loop(2, vec![send, send]);
}

/// No write while the loop does not wait, and one at most for a wait.
#[test]
fn no_write_is_needless() {
    loom::model(|| {
        let world = World::new();
        world.send();
        world.raise();
        assert_eq!(world.eventfd.load(Ordering::SeqCst), 0, "nobody waits");
        assert!(world.handshake.begin_wait(), "seen before the wait");
    });
    loom::model(|| {
        let world = World::new();
        assert!(!world.handshake.begin_wait());
        let other = world.clone();
        let thread = thread::spawn(move || other.send());
        world.send();
        thread.join().expect("a sender");
        assert_eq!(world.eventfd.load(Ordering::SeqCst), 1, "one write for both");
    });
}

/// A send that finds the watcher sent to already leaves the rest to the callback, which sees what was written before.
#[test]
fn the_callback_sees_what_a_merged_send_wrote() {
    loom::model(|| {
        let world = World::new();
        world.sent.store(1, Ordering::SeqCst);
        world.handshake.asyncs.store(true, Ordering::SeqCst);
        let other = world.clone();
        let thread = thread::spawn(move || other.send());
        let seen = world.look();
        let sent = thread.join().expect("a sender");
        assert!(sent || seen.is_some_and(|[first, _]| first == 1), "what a merged send wrote is not seen");
    });
}

/// Two senders that both find the watcher not sent to: what each wrote is seen by some callback, also if one note overwrites the other.
#[test]
fn the_callbacks_see_what_each_sender_wrote() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS + 1);
    builder.check(|| {
        let world = World::new();
        let running: Vec<_> = (0..2)
            .map(|sender| {
                let world = world.clone();
                thread::spawn(move || world.send_as(sender))
            })
            .collect();
        let early = world.look();
        for thread in running {
            thread.join().expect("a sender");
        }
        let seen = early.into_iter().chain(world.look());
        let [first, second] = seen.fold([0; 2], |sum, one| [sum[0] | one[0], sum[1] | one[1]]);
        assert!(first == 1 && second == 1, "what a sender wrote is not seen");
    });
}
