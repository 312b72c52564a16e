//! A loop's beginning and end, and the default loop.

use core::cell::{Cell, UnsafeCell};
use core::ffi::{c_int, c_uint};
use core::mem::MaybeUninit;
use core::ptr;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::hooks::Hook;
use super::{
    Loop, LoopPtr, check, child, clock, fds, hooks, jump, once, pending, registry, run, schedule, signal, stat, wake,
    walk,
};
use crate::abi::{
    EV_CLEANUP, EVBACKEND_MASK, EVFLAG_FORKCHECK, EVFLAG_NOENV, EVFLAG_NOSIGMASK, EVFLAG_SIGNALFD, ev_io, ev_loop,
    ev_signal,
};
use crate::backend::{self, Backend};
use crate::checking;
use crate::mem;
use crate::text::text;

/// The default loop does not move: programs keep its address beyond its destruction.
struct DefaultStorage(UnsafeCell<MaybeUninit<Loop>>);

// SAFETY: handed out as a LoopPtr alone, under the same promises as any loop.
unsafe impl Sync for DefaultStorage {}

static DEFAULT_STORAGE: DefaultStorage = DefaultStorage(UnsafeCell::new(MaybeUninit::uninit()));

/// The flags that the program passed, or those of the environment in their place.
fn effective_flags(asked: c_uint) -> c_uint {
    /// Read from the program's own flags always.
    const KEPT: c_uint = EVFLAG_FORKCHECK | EVFLAG_NOSIGMASK;
    let mut flags = asked;
    if asked & EVFLAG_NOENV == 0 {
        // SAFETY: KERNEL; the result is null or a string that nobody changes while we read it.
        unsafe {
            let text = libc::getenv(text!("LIBEV_FLAGS").as_ptr());
            if !text.is_null() && libc::getuid() == libc::geteuid() && libc::getgid() == libc::getegid() {
                flags = libc::atoi(text) as c_uint & !KEPT | asked & KEPT;
            }
        }
    }
    if flags & EVBACKEND_MASK == 0 {
        flags |= backend::RECOMMENDED;
    }
    flags
}

/// Makes a loop at `place`; false if no backend works.
///
/// # Safety
/// `place` is valid for a loop that nobody uses.
unsafe fn build(place: *mut Loop, asked: c_uint) -> bool {
    checking::read_environment();
    let flags = effective_flags(asked);
    // SAFETY: as the caller promises; all zero is a valid inactive watcher.
    let lp = unsafe {
        let blank_io: ev_io = MaybeUninit::zeroed().assume_init();
        let blank_signal: ev_signal = MaybeUninit::zeroed().assume_init();
        mem::write_in_place!(place: Loop {
            wake: wake::Wake::new(blank_io),
            pending: pending::Queues::new(),
            fds: fds::Table::new(),
            clock: clock::Clock::new(),
            run: run::State::new(flags),
            timers: schedule::Schedule::new(),
            periodics: schedule::Schedule::new(),
            hooks: hooks::Hooks::new(),
            signals: signal::Channel::new(blank_io),
            children: child::Children::new(blank_signal),
            paths: stat::Paths::new(blank_io),
            jump: jump::Detector::new(blank_io),
            once: once::Unfired::new(),
            walks: walk::Walks::new(),
            registered: registry::Entry::new(),
            checks: check::State::new(),
            default_slot: Cell::new(None),
            ; backend: Backend::write_new
        });
        LoopPtr(NonNull::new_unchecked(place))
    };
    if !lp.backend.open(flags & EVBACKEND_MASK) {
        return false;
    }
    checking::tell_backend(place.cast(), lp.backend.name());
    lp.clock.start();
    if flags & EVFLAG_FORKCHECK != 0 {
        lp.run.note_process();
    }
    if flags & EVFLAG_SIGNALFD != 0 {
        lp.signals.want_signalfd();
    }
    lp.register();
    true
}

/// A new loop; `None` if no backend works.
#[inline(never)]
pub fn new_loop(flags: c_uint) -> Option<LoopPtr> {
    let place: *mut Loop = mem::allocate();
    // SAFETY: a new block of that size.
    if unsafe { build(place, flags) } {
        return NonNull::new(place).map(LoopPtr);
    }
    // SAFETY: from allocate, and not used any more.
    unsafe { mem::release(place) };
    None
}

/// The default loop, made at the first call and kept in `slot`, which programs read; `None` if no backend works.
#[inline(never)]
pub fn default_loop(flags: c_uint, slot: &'static AtomicPtr<ev_loop>) -> Option<LoopPtr> {
    let known = slot.load(Ordering::Relaxed);
    if !known.is_null() {
        // SAFETY: the slot is null unless the loop lives.
        return Some(unsafe { LoopPtr::new(known) });
    }
    let place: *mut Loop = DEFAULT_STORAGE.0.get().cast();
    // SAFETY: static storage; nobody uses it while the slot is null.
    if !unsafe { build(place, flags) } {
        return None;
    }
    let lp = NonNull::new(place).map(LoopPtr)?;
    lp.default_slot.set(Some(slot));
    slot.store(lp.raw(), Ordering::Relaxed);
    lp.watch_sigchld();
    Some(lp)
}

impl LoopPtr {
    pub fn is_default(self) -> bool {
        self.default_slot.get().is_some()
    }

    pub fn backend(self) -> c_uint {
        self.backend.bit()
    }

    pub fn pending_count(self) -> c_uint {
        self.pending.count() as c_uint
    }

    /// Ends the pending state of a watcher; the events that it held.
    pub fn clear_pending(self, w: crate::watcher::WatcherPtr) -> c_int {
        self.pending.clear(w)
    }

    /// Runs the cleanup watchers, lets go of all kernel objects and all memory.
    pub fn destroy(self) {
        let cleanups = self.hooks.list(Hook::Cleanup);
        if !cleanups.is_empty() {
            self.feed_hooks(Hook::Cleanup, EV_CLEANUP);
            if !self.invoke_through_hook() {
                // A cleanup callback destroyed it.
                return;
            }
        }
        let slot = self.default_slot.get();
        if slot.is_some() {
            self.unwatch_sigchld();
        }
        self.shut_signals();
        self.shut_wake();
        self.shut_paths();
        self.shut_jump_detector();
        self.unregister();
        self.backend.close();
        self.fds.release();
        self.timers.release();
        self.periodics.release();
        self.hooks.release();
        self.pending.release();
        self.once.release();
        self.checks.release();
        self.walks.release();
        match slot {
            Some(slot) => slot.store(ptr::null_mut(), Ordering::Relaxed),
            // SAFETY: from allocate in new_loop, and not used any more.
            None => unsafe { mem::release(self.0.as_ptr()) },
        }
    }
}
