//! `ev_once` and `event_once`: a descriptor, a time-out or both, without a watcher of the program's.

use core::cell::Cell;
use core::ffi::{c_int, c_short, c_void};
use core::mem::offset_of;
use core::ptr;

use super::LoopPtr;
use crate::abi::{
    EV__IOFDSET, EV_READ, EV_SIGNAL, EV_TIMEOUT, EV_WRITE, ev_io, ev_loop, ev_once_cb, ev_timer, ev_watcher,
    event_callback_fn,
};
use crate::mem;
use crate::watcher::{IoPtr, TimerPtr, WatcherPtr, outer};

/// What the callback of an event of libevent's can be told.
pub const TOLD: c_int = EV_READ | EV_WRITE | EV_TIMEOUT | EV_SIGNAL;

/// Whom it calls.
#[derive(Clone, Copy)]
pub enum Callee {
    /// The callback of `ev_once`.
    Once(ev_once_cb),
    /// The callback of an event of libevent's, which is also told the descriptor.
    Event(event_callback_fn, c_int),
}

impl Callee {
    fn call(self, revents: c_int, arg: *mut c_void) {
        match self {
            // SAFETY: the program passed it for this.
            Self::Once(Some(callback)) => unsafe { callback(revents, arg) },
            // SAFETY: the program passed it for this.
            Self::Event(Some(callback), fd) => unsafe { callback(fd, (revents & TOLD) as c_short, arg) },
            Self::Once(None) | Self::Event(None, _) => {}
        }
    }
}

/// One that has not fired yet, in a chain so that destroying the loop frees it. Small enough for the allocator's fast
/// bins: what fits into the `data` of the watchers is there, the argument in `io`'s, the one before in `timer`'s.
#[repr(C)]
struct Once {
    io: ev_io,
    timer: ev_timer,
    callee: Callee,
    next: *mut Once,
}

const _: () = assert!(size_of::<Once>() <= 120);

/// The chain.
pub struct Unfired(Cell<*mut Once>);

impl Unfired {
    pub const fn new() -> Self {
        Self(Cell::new(ptr::null_mut()))
    }

    /// Whether the watcher is part of one, not the program's.
    pub fn owns(&self, w: WatcherPtr) -> bool {
        let mut here = self.0.get();
        while !here.is_null() {
            // SAFETY: the chain holds live blocks; no access, an address.
            let (io, timer) = unsafe { (&raw mut (*here).io, &raw mut (*here).timer) };
            if w.raw() == io.cast() || w.raw() == timer.cast() {
                return true;
            }
            // SAFETY: as above.
            here = unsafe { (*here).next };
        }
        false
    }

    /// Frees all, at destroy.
    pub fn release(&self) {
        let mut here = self.0.replace(ptr::null_mut());
        while !here.is_null() {
            // SAFETY: the chain holds live blocks; this one is forgotten.
            let next = unsafe { (*here).next };
            // SAFETY: as above.
            unsafe { mem::release(here) };
            here = next;
        }
    }
}

impl LoopPtr {
    /// Calls `callee` once: when `fd` is ready (unless negative) or after `timeout` seconds (unless negative).
    pub fn once(self, fd: c_int, events: c_int, timeout: f64, callee: Callee, arg: *mut c_void) {
        let timed = timeout >= 0.0;
        if fd < 0 && !timed {
            return;
        }
        let block: *mut Once = mem::allocate();
        // SAFETY: a new block of that size; all zero is a valid inactive watcher, and the end of a chain.
        let (io, timer) = unsafe {
            ptr::write_bytes(block, 0, 1);
            (&raw mut (*block).callee).write(callee);
            (*block).io.data = arg;
            (*block).next = self.once.0.get();
            (IoPtr::new(&raw mut (*block).io), TimerPtr::new(&raw mut (*block).timer))
        };
        // SAFETY: the chain holds live blocks.
        if let Some(next) = unsafe { self.once.0.get().as_mut() } {
            next.timer.data = block.cast();
        }
        self.once.0.set(block);
        io.base().set_callback(descriptor_ready);
        timer.base().set_callback(timed_out);
        if fd >= 0 {
            io.set_fd(fd);
            io.set_events(events | EV__IOFDSET);
            self.start_io(io);
        }
        if timed {
            timer.set_at(timeout);
            self.start_timer(timer);
        }
    }

    /// Frees the block and calls the program.
    ///
    /// # Safety
    /// `block` is in the loop's chain.
    unsafe fn fire(self, block: *mut Once, mut revents: c_int) {
        // SAFETY: as the caller promises; nothing else has a reference into the block.
        let (io, timer, callee, arg, before, next) = unsafe {
            let (io, timer) = (IoPtr::new(&raw mut (*block).io), TimerPtr::new(&raw mut (*block).timer));
            let before: *mut Once = (*block).timer.data.cast();
            (io, timer, (*block).callee, (*block).io.data, before, (*block).next)
        };
        // Both may have come in this iteration.
        revents |= self.pending.clear(io.base()) | self.pending.clear(timer.base());
        self.stop_io(io);
        self.stop_timer(timer);
        // SAFETY: the neighbours in the chain are live blocks.
        unsafe {
            if before.is_null() {
                self.once.0.set(next);
            } else {
                (*before).next = next;
            }
            if !next.is_null() {
                (*next).timer.data = before.cast();
            }
            mem::release(block);
        }
        // Nothing of ours is used after it.
        callee.call(revents, arg);
    }
}

unsafe extern "C-unwind" fn descriptor_ready(raw: *mut ev_loop, w: *mut ev_watcher, revents: c_int) {
    // SAFETY: LOOP; the watcher is the `io` of a block in the loop's chain.
    unsafe { LoopPtr::new(raw).fire(outer(w, offset_of!(Once, io)), revents) };
}

unsafe extern "C-unwind" fn timed_out(raw: *mut ev_loop, w: *mut ev_watcher, revents: c_int) {
    // SAFETY: LOOP; the watcher is the `timer` of a block in the loop's chain.
    unsafe { LoopPtr::new(raw).fire(outer(w, offset_of!(Once, timer)), revents) };
}
