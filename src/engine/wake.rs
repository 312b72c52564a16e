//! Waking the loop from other threads and from signal handlers, and the async watchers.
//!
//! `Wake` is the only part of a loop that they touch: atomics, and a descriptor to write to. See `handshake` for who writes.

use core::cell::{Cell, UnsafeCell};
use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use super::handshake::{self, Handshake};
use super::hooks::all_in_place;
use super::{Kind, Loop, LoopPtr};
use crate::abi::{EV_ASYNC, EV_CUSTOM, EV_ERROR, EV_MAXPRI, EV_READ, ev_io, ev_loop, ev_watcher};
use crate::diag;
use crate::mem::Indexed;
use crate::sys;
use crate::sys::in_flight::InFlight;
use crate::text::text;
use crate::watcher::{AsyncPtr, IoPtr, WatcherPtr};

/// A cache line on either side keeps senders from slowing the loop down; the allocator promises 16 bytes only.
#[repr(C)]
pub struct Wake {
    _before: [u64; 8],
    /// Where to write; -1 until somebody may have something to say.
    write_end: AtomicI32,
    /// Senders that are not done with this structure yet.
    in_flight: InFlight,
    handshake: Handshake,
    _after: [u64; 8],
    /// The loop's own, watches the read end.
    watcher: UnsafeCell<ev_io>,
    list: Indexed<WatcherPtr>,
    /// Whether more than ev_feed_signal beside a signalfd may come this way.
    in_use: Cell<bool>,
}

impl Wake {
    pub const fn new(blank: ev_io) -> Self {
        Self {
            _before: [0; 8],
            write_end: AtomicI32::new(-1),
            in_flight: InFlight::new(),
            handshake: Handshake {
                wanted: AtomicBool::new(false),
                signals: AtomicBool::new(false),
                asyncs: AtomicBool::new(false),
            },
            _after: [0; 8],
            watcher: UnsafeCell::new(blank),
            list: Indexed::new(),
            in_use: Cell::new(false),
        }
    }

    /// A signal was raised; from a signal handler or another thread.
    pub fn signal_raised(&self) {
        self.wake(&self.handshake.signals);
    }

    fn wake(&self, what: &AtomicBool) {
        self.handshake.wake(what, || {
            let end = self.write_end.load(Ordering::SeqCst);
            // Without one nobody waits yet, and the flag is seen before the first wait.
            if end >= 0 {
                let errno = sys::errno();
                sys::fd::poke(end);
                sys::set_errno(errno);
            }
        });
    }

    /// Before a wait: from now on senders write. True if one came too early for that.
    pub fn begin_wait(&self) -> bool {
        // Before the first start of a watcher that needs it nobody sends.
        self.write_end.load(Ordering::Relaxed) >= 0 && self.handshake.begin_wait()
    }
}

/// An eventfd, or a pipe where there is none: (read end, write end).
fn new_channel() -> (c_int, c_int) {
    loop {
        if let Ok(fd) = sys::fd::eventfd() {
            return (fd, fd);
        }
        if let Ok(ends) = sys::fd::pipe() {
            return ends;
        }
        diag::syserr(text!("(libev) error creating signal/async pipe"));
    }
}

impl LoopPtr {
    fn wake_watcher(self) -> IoPtr {
        // SAFETY: LOOP; a place within it is not null.
        unsafe { IoPtr::new(self.wake.watcher.get()) }
    }

    /// Opens the channel that wakes the loop, at the first watcher that needs it.
    pub(super) fn open_wake(self) {
        if !self.wake_watcher().base().is_active() {
            let (read, write) = new_channel();
            self.wake.write_end.store(write, Ordering::SeqCst);
            self.start_internal_io(self.wake_watcher(), wake_ready, EV_MAXPRI, read);
        }
    }

    /// Events of the channel are to be expected from now on.
    pub(super) fn use_wake(self) {
        self.open_wake();
        self.wake.in_use.set(true);
    }

    /// After a fork the channel is shared with the parent: a new one under the same numbers, so that no sender of this
    /// process is ever without, and a look at what may have come by the old.
    pub(super) fn renew_wake(self) {
        if !self.wake_watcher().base().is_active() {
            return;
        }
        let old_read = self.wake_watcher().fd();
        let old_write = self.wake.write_end.load(Ordering::SeqCst);
        let (read, write) = new_channel();
        if read == write && old_read != old_write {
            sys::fd::rename(read, old_write);
        } else if old_read == old_write && read != write {
            self.wake.write_end.store(write, Ordering::SeqCst);
        } else if read != write {
            sys::fd::replace(write, old_write);
        }
        sys::fd::replace(read, old_read);
        let news = self.wake.handshake.has_news();
        if news || self.wake.in_use.get() {
            self.feed(self.wake_watcher().base(), EV_CUSTOM);
        }
        if news {
            self.fds.hurry();
        }
    }

    /// The channel was lost: another one, in one step for senders.
    fn reopen_wake(self, closed: bool) {
        let old_read = self.wake_watcher().fd();
        let (read, write) = new_channel();
        let old_write = self.wake.write_end.swap(write, Ordering::SeqCst);
        if old_write != old_read || !closed {
            sys::fd::close(old_write);
        }
        if !closed && old_read != old_write {
            sys::fd::close(old_read);
        }
        self.start_internal_io(self.wake_watcher(), wake_ready, EV_MAXPRI, read);
    }

    /// At destroy.
    pub(super) fn shut_wake(self) {
        let write = self.wake.write_end.swap(-1, Ordering::SeqCst);
        if write >= 0 {
            self.wake.in_flight.wait_for_none();
            let read = self.wake_watcher().fd();
            self.close_internal_io(self.wake_watcher());
            if write != read {
                sys::fd::close(write);
            }
        }
        self.wake.list.release();
    }

    /// After a wait: has the wake-ups handled that came without a write, before it, or unseen by the backend.
    pub(super) fn catch_news(self) {
        if self.wake.write_end.load(Ordering::Relaxed) >= 0 {
            let watcher = self.wake_watcher().base();
            if self.wake.handshake.end_wait() && watcher.pending() == 0 {
                self.feed(watcher, EV_CUSTOM);
            }
        }
    }

    /// The descriptor of the channel that we watch: what it says is seen without it, too, but for waking us. -1 if there is
    /// none, or another watcher of it.
    pub(super) fn lone_wake_descriptor(self) -> c_int {
        let watcher = self.wake_watcher();
        let fd = watcher.fd();
        let is_lone = watcher.base().is_active() && self.fds.is_only_watcher(fd, watcher);
        if is_lone { fd } else { -1 }
    }

    pub(super) fn verify_asyncs(self) -> bool {
        all_in_place(&self.wake.list)
    }

    /// The async watchers.
    pub(super) fn asyncs(&self) -> &Indexed<WatcherPtr> {
        &self.wake.list
    }

    pub fn start_async(self, w: AsyncPtr) {
        if w.base().is_active() {
            return;
        }
        w.sent().store(0, Ordering::SeqCst);
        self.use_wake();
        self.enlist(Kind::Async, &self.wake.list, w.base());
    }

    pub fn stop_async(self, w: AsyncPtr) {
        self.pending.clear(w.base());
        if w.base().is_active() {
            self.delist(&self.wake.list, w.base(), text!("ev_async_stop"));
        }
    }

    /// Queues every async watcher that was sent to, those started last first: they are called in order of start.
    fn feed_asyncs(self) {
        for place in (0..self.wake.list.len()).rev() {
            if let Some(base) = self.wake.list.get(place) {
                // SAFETY: only start_async puts watchers there.
                let w = unsafe { AsyncPtr::from_base(base) };
                if handshake::take_sent(w.sent()) {
                    self.feed(base, EV_ASYNC);
                }
            }
        }
        handshake::sent_are_taken();
    }
}

/// Wakes the loop for an async watcher. From any thread, and from signal handlers.
///
/// # Safety
/// LOOP and WATCHER until the watcher's callback has run for this call: only then may the loop go.
pub unsafe fn send(raw: *mut ev_loop, w: AsyncPtr) {
    if handshake::is_sent(w.sent()) && w.is_active_for_sender() {
        return;
    }
    // SAFETY: LOOP; the wake-up part is made of atomics, and stays until the sender has left.
    let wake = unsafe { &(*raw.cast::<Loop>()).wake };
    wake.in_flight.enter();
    // Before the first start there is nobody to wake: the send is ignored.
    if wake.write_end.load(Ordering::SeqCst) >= 0 {
        handshake::set_sent(w.sent());
        wake.wake(&wake.handshake.asyncs);
    }
    wake.in_flight.leave();
}

/// The callback of the internal watcher: looks for raised signals and sent asyncs.
unsafe extern "C-unwind" fn wake_ready(raw: *mut ev_loop, _: *mut ev_watcher, revents: c_int) {
    // SAFETY: LOOP, called by it.
    let lp = unsafe { LoopPtr::new(raw) };
    if revents & EV_ERROR != 0 {
        let closed = lp.lost_internal_io(revents);
        lp.reopen_wake(closed);
    } else if revents & EV_READ != 0 {
        sys::fd::drain(lp.wake_watcher().fd());
    }
    if handshake::take(&lp.wake.handshake.signals) {
        lp.feed_raised_signals();
    }
    if handshake::take(&lp.wake.handshake.asyncs) {
        lp.feed_asyncs();
    }
}
