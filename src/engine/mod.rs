//! The loop: its state, a file for each part of it, and the handle that everything is done through.
//!
//! `LoopPtr` is a copy of the address. A method that can reach a callback takes the handle by value and keeps no
//! reference across the call; when the callback may have destroyed the loop, it asks the registry before it goes on.

mod chain;
mod check;
mod child;
mod clock;
mod embed;
mod fds;
mod handshake;
mod heap;
mod hooks;
mod host;
mod jump;
mod ledger;
mod life;
mod once;
mod pending;
mod periodics;
mod registry;
mod run;
mod schedule;
mod signal;
mod sort;
mod stat;
mod timers;
mod verify;
mod wake;
mod walk;

/// What `handshake` is made of; its model has other ones here.
mod atomics {
    pub use core::sync::atomic::{AtomicBool, AtomicI32, Ordering, fence};

    /// Between two SeqCst accesses, which are ordered as they are; the model's are not, and need a fence.
    #[inline(always)]
    pub fn ordered() {}
}

pub use check::{Act, check_call, check_function};
pub use hooks::Hook;
pub use ledger::Kind;
pub use life::{default_loop, new_loop};
pub use once::{Callee, TOLD};
pub use signal::feed_signal;
pub use wake::send as send_async;

use core::cell::Cell;
use core::ffi::c_int;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::AtomicPtr;

use crate::abi::ev_loop;
use crate::backend::Backend;
use crate::checking;
use crate::watcher::WatcherPtr;

/// A loop. Only `wake` is touched by other threads and signal handlers. Every member is made of cells: the program
/// comes back in from callbacks.
pub struct Loop {
    wake: wake::Wake,
    pending: pending::Queues,
    fds: fds::Table,
    clock: clock::Clock,
    run: run::State,
    timers: schedule::Schedule,
    periodics: schedule::Schedule,
    hooks: hooks::Hooks,
    backend: Backend,
    signals: signal::Channel,
    children: child::Children,
    paths: stat::Paths,
    jump: jump::Detector,
    once: once::Unfired,
    walks: walk::Walks,
    registered: registry::Entry,
    checks: check::State,
    /// Where programs read the address of the default loop; of no other loop.
    default_slot: Cell<Option<&'static AtomicPtr<ev_loop>>>,
}

/// The address of a live loop.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LoopPtr(NonNull<Loop>);

impl LoopPtr {
    /// # Safety
    /// LOOP.
    #[inline]
    pub unsafe fn new(raw: *mut ev_loop) -> Self {
        // SAFETY: LOOP, so not null.
        Self(unsafe { NonNull::new_unchecked(raw.cast()) })
    }

    /// The address as C knows it.
    #[inline]
    pub fn raw(self) -> *mut ev_loop {
        self.0.as_ptr().cast()
    }

    /// Counts a watcher as active. `mark` is not 0.
    #[inline]
    fn activate(self, kind: Kind, watcher: WatcherPtr, mark: c_int) {
        watcher.clamp_priority();
        watcher.set_active(mark);
        self.reference();
        if checking::is_on() {
            self.note_active(kind, watcher);
        }
    }

    /// The same, as a call: for the kinds that start seldom.
    #[inline(never)]
    fn activate_apart(self, kind: Kind, watcher: WatcherPtr, mark: c_int) {
        self.activate(kind, watcher, mark);
    }

    /// The reverse.
    #[inline]
    fn deactivate(self, watcher: WatcherPtr) {
        self.unreference();
        watcher.set_active(0);
        if checking::is_on() {
            self.note_inactive(watcher);
        }
    }

    /// The same, as a call.
    #[inline(never)]
    fn deactivate_apart(self, watcher: WatcherPtr) {
        self.deactivate(watcher);
    }
}

impl Deref for LoopPtr {
    type Target = Loop;

    /// A reference for one operation on one part; never kept across a callback.
    #[inline]
    fn deref(&self) -> &Loop {
        // SAFETY: LOOP.
        unsafe { self.0.as_ref() }
    }
}
