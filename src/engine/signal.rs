//! Signals: one table for the process, a handler that only marks and wakes, or a signalfd per loop.

use core::cell::{Cell, UnsafeCell};
use core::ffi::c_int;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use super::chain::{Watchers, link, unlink};
use super::{Kind, Loop, LoopPtr};
use crate::abi::{EV_ERROR, EV_MAXPRI, EV_SIGNAL, EVFLAG_NOSIGMASK, ev_io, ev_loop, ev_watcher, ev_watcher_list};
use crate::diag;
use crate::sys;
use crate::sys::in_flight::InFlight;
use crate::sys::signal::COUNT;
use crate::text::text;
use crate::watcher::{IoPtr, SignalPtr, WatcherPtr};

/// What the process knows of one signal.
struct Slot {
    /// The loop whose watchers are in the chain.
    owner: AtomicPtr<Loop>,
    /// `LIST` of signal watchers, newest first; the owner's.
    head: AtomicPtr<ev_watcher_list>,
}

static TABLE: [Slot; COUNT] =
    [const { Slot { owner: AtomicPtr::new(ptr::null_mut()), head: AtomicPtr::new(ptr::null_mut()) } }; COUNT];

/// The signals that were raised and that no loop has looked at yet, as bits.
static RAISED: AtomicU64 = AtomicU64::new(0);

/// Handlers that may be using a loop's address.
static IN_FLIGHT: InFlight = InFlight::new();

/// The slot of a legal signal number.
fn slot(signum: c_int) -> Option<&'static Slot> {
    if signum < 1 { None } else { TABLE.get(signum as usize) }
}

/// Whether the loop uses a signalfd.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Handler,
    /// At the first signal watcher.
    SignalFdWanted,
    SignalFd,
}

/// How a loop receives its signals.
pub struct Channel {
    way: Cell<Way>,
    /// The signals that the signalfd is for, as bits.
    bits: Cell<u64>,
    /// Whether the loop was ever in the table.
    known: Cell<bool>,
    watcher: UnsafeCell<ev_io>,
}

impl Channel {
    pub const fn new(blank: ev_io) -> Self {
        Self {
            way: Cell::new(Way::Handler),
            bits: Cell::new(0),
            known: Cell::new(false),
            watcher: UnsafeCell::new(blank),
        }
    }

    pub fn want_signalfd(&self) {
        self.way.set(Way::SignalFdWanted);
    }
}

/// Marks a signal as raised and wakes the loop that watches it. From any thread and from signal handlers.
pub fn feed_signal(signum: c_int) {
    let Some(slot) = slot(signum) else { return };
    IN_FLIGHT.enter();
    let owner = slot.owner.load(Ordering::SeqCst);
    if !owner.is_null() {
        RAISED.fetch_or(sys::signal::bit(signum), Ordering::SeqCst);
        // SAFETY: a loop takes itself out of the table and waits for those in flight before it goes.
        unsafe { (*owner).wake.signal_raised() };
    }
    IN_FLIGHT.leave();
}

/// Whether the signal of a signal watcher is watched by a loop other than `lp`.
pub fn is_of_another(w: WatcherPtr, lp: LoopPtr) -> bool {
    // SAFETY: it is of that type.
    let signum = unsafe { SignalPtr::from_base(w) }.signum();
    slot(signum).is_some_and(|slot| {
        let owner = slot.owner.load(Ordering::SeqCst);
        !owner.is_null() && owner != lp.0.as_ptr()
    })
}

/// Whether a watcher is in the chain of some signal.
pub fn is_watched(w: WatcherPtr) -> bool {
    TABLE.iter().any(|slot| Watchers::of(slot.head.load(Ordering::Relaxed)).any(|other| other.base() == w))
}

/// What the kernel calls.
extern "C" fn handler(signum: c_int) {
    feed_signal(signum);
}

impl LoopPtr {
    fn signalfd_watcher(self) -> IoPtr {
        // SAFETY: LOOP; a place within it is not null.
        unsafe { IoPtr::new(self.signals.watcher.get()) }
    }

    pub fn start_signal(self, w: SignalPtr) {
        if w.base().is_active() {
            return;
        }
        let signum = w.signum();
        let Some(slot) = slot(signum) else {
            diag::fail_with(text!("ev_signal_start"), text!("called with illegal signal number"), signum)
        };
        let owner = slot.owner.load(Ordering::SeqCst);
        if !owner.is_null() && owner != self.0.as_ptr() {
            diag::fail_with(
                text!("ev_signal_start"),
                text!("a signal must not be attached to two different loops"),
                signum,
            );
        }
        // Also with a signalfd: ev_feed_signal comes this way.
        self.open_wake();
        // What was raised before the last watcher stopped is not lost if one starts again.
        self.signals.known.set(true);
        slot.owner.store(self.0.as_ptr(), Ordering::SeqCst);
        self.open_signalfd();

        let head = slot.head.load(Ordering::Relaxed);
        self.activate_apart(Kind::Signal, w.base(), 1);
        slot.head.store(link(head, w.base()), Ordering::Relaxed);

        let bit = sys::signal::bit(signum);
        if self.signals.way.get() == Way::SignalFd {
            if self.signals.bits.get() & bit == 0 {
                self.signals.bits.set(self.signals.bits.get() | bit);
                sys::signal::block(bit);
                self.tell_signalfd();
            }
        } else if head.is_null() {
            self.use_wake();
            sys::signal::install(signum, handler);
            if self.run.has_flag(EVFLAG_NOSIGMASK) {
                sys::signal::unblock(bit);
            }
        }
    }

    pub fn stop_signal(self, w: SignalPtr) {
        if !w.base().is_active() {
            self.pending.clear(w.base());
            return;
        }
        // Its own signal first, then the others, should the program have changed the number.
        let own = slot(w.signum()).map(|slot| (w.signum(), slot));
        let all = own.into_iter().chain((0..).zip(&TABLE));
        let mut ours = all.filter(|(_, slot)| slot.owner.load(Ordering::SeqCst) == self.0.as_ptr());
        let linked = ours.find_map(|(signum, slot)| {
            let rest = unlink(slot.head.load(Ordering::Relaxed), w.base())?;
            Some((signum, slot, rest))
        });
        let Some((signum, slot, rest)) = linked else {
            // Its loop is gone: the address that we were given is of no use.
            w.base().set_pending(0);
            w.base().set_active(0);
            return;
        };
        self.pending.clear(w.base());
        slot.head.store(rest, Ordering::Relaxed);
        self.deactivate_apart(w.base());
        if rest.is_null() {
            self.forget_signal(signum, slot);
        }
    }

    /// The last watcher of a signal is gone.
    fn forget_signal(self, signum: c_int, slot: &Slot) {
        slot.owner.store(ptr::null_mut(), Ordering::SeqCst);
        let bit = sys::signal::bit(signum);
        if self.signals.bits.get() & bit != 0 {
            self.signals.bits.set(self.signals.bits.get() & !bit);
            self.tell_signalfd();
            sys::signal::unblock(bit);
        } else {
            sys::signal::restore_default(signum);
        }
    }

    fn open_signalfd(self) {
        if self.signals.way.get() != Way::SignalFdWanted {
            return;
        }
        match sys::signal::open_signalfd(0) {
            Ok(fd) => {
                self.signals.way.set(Way::SignalFd);
                self.start_internal_io(self.signalfd_watcher(), signalfd_ready, EV_MAXPRI, fd);
            }
            Err(_) => self.signals.way.set(Way::Handler),
        }
    }

    fn tell_signalfd(self) {
        // It exists, so that this can't fail but for a descriptor that the program closed; signalfd_ready sees to that.
        let _ = sys::signal::change_signalfd(self.signalfd_watcher().fd(), self.signals.bits.get());
    }

    /// The signalfd was lost: a new one, for the same signals, if the program closed it; handlers if the kernel does not
    /// poll it.
    fn replace_signalfd(self, closed: bool) {
        if !closed {
            sys::fd::close(self.signalfd_watcher().fd());
            self.signals.way.set(Way::Handler);
            let bits = self.signals.bits.replace(0);
            for signum in (1..COUNT as c_int).filter(|&signum| bits & sys::signal::bit(signum) != 0) {
                sys::signal::install(signum, handler);
            }
            sys::signal::unblock(bits);
            return;
        }
        self.signals.way.set(Way::SignalFdWanted);
        self.open_signalfd();
        if self.signals.way.get() == Way::SignalFd {
            self.tell_signalfd();
        }
    }

    /// A signal for this loop alone; others are ignored.
    pub fn feed_signal_event(self, signum: c_int) {
        let Some(slot) = slot(signum) else { return };
        if slot.owner.load(Ordering::SeqCst) != self.0.as_ptr() {
            return;
        }
        RAISED.fetch_and(!sys::signal::bit(signum), Ordering::SeqCst);
        for w in Watchers::of(slot.head.load(Ordering::Relaxed)) {
            self.feed(w.base(), EV_SIGNAL);
        }
    }

    /// Queues the watchers of all signals raised, the highest first: the lowest is called first.
    pub(super) fn feed_raised_signals(self) {
        let mut left = RAISED.load(Ordering::SeqCst);
        while left != 0 {
            let signum = u64::BITS.wrapping_sub(left.leading_zeros()) as c_int;
            left &= !sys::signal::bit(signum);
            self.feed_signal_event(signum);
        }
    }

    /// The active signal watchers of this loop, a chain for each signal.
    pub(super) fn signal_chains(self) -> impl Iterator<Item = Watchers> {
        TABLE
            .iter()
            .filter(move |slot| slot.owner.load(Ordering::SeqCst) == self.0.as_ptr())
            .map(|slot| Watchers::of(slot.head.load(Ordering::Relaxed)))
    }

    /// At destroy: the signals are free for other loops. Handlers and masks stay.
    pub(super) fn shut_signals(self) {
        if !self.signals.known.get() {
            return;
        }
        for (signum, slot) in (0..).zip(&TABLE) {
            if slot.owner.load(Ordering::SeqCst) == self.0.as_ptr() {
                slot.owner.store(ptr::null_mut(), Ordering::SeqCst);
                slot.head.store(ptr::null_mut(), Ordering::Relaxed);
                RAISED.fetch_and(!sys::signal::bit(signum), Ordering::SeqCst);
            }
        }
        // Also of signals that it watched before: a handler may have read its address then.
        IN_FLIGHT.wait_for_none();
        if self.signals.way.get() == Way::SignalFd {
            self.close_internal_io(self.signalfd_watcher());
            self.signals.way.set(Way::Handler);
        }
    }

    pub(super) fn verify_signals(self) -> bool {
        self.signal_chains().all(|mut chain| chain.all(|w| w.base().is_chained()))
    }
}

/// The callback of the signalfd's watcher.
unsafe extern "C-unwind" fn signalfd_ready(raw: *mut ev_loop, _: *mut ev_watcher, revents: c_int) {
    // SAFETY: LOOP, called by it.
    let lp = unsafe { LoopPtr::new(raw) };
    if revents & EV_ERROR != 0 {
        let closed = lp.lost_internal_io(revents);
        lp.replace_signalfd(closed);
        return;
    }
    while let Some(signum) = sys::signal::read_signalfd(lp.signalfd_watcher().fd()) {
        lp.feed_signal_event(signum);
    }
}
