//! `ev_walk`: every active watcher of the types asked for.

use core::ffi::c_int;
use core::mem::offset_of;

use super::chain::Watchers;
use super::hooks::Hook;
use super::pending::LEVELS;
use super::{LoopPtr, embed};
use crate::abi::{
    EV_ASYNC, EV_CHECK, EV_CHILD, EV_CLEANUP, EV_EMBED, EV_FORK, EV_IDLE, EV_IO, EV_PERIODIC, EV_PREPARE, EV_SIGNAL,
    EV_STAT, EV_TIMER, ev_embed, ev_walk_cb,
};
use crate::mem::{Arr, Indexed};
use crate::watcher::{WatcherPtr, outer};

/// A watcher that was found, its type, and by which call.
#[derive(Clone, Copy)]
struct Found {
    kind: c_int,
    watcher: WatcherPtr,
    call: usize,
}

/// No call: its walk has ended, or was left.
const NOBODY: usize = 0;

/// What a call looks for.
#[derive(Clone, Copy)]
struct Asked {
    types: c_int,
    /// The address of its stack frame, which no other call in progress has.
    call: usize,
}

/// What the walks in progress have found. Entries keep their places, since walks on several stacks may go on in any order.
pub struct Walks(Arr<Found>);

impl Walks {
    pub const fn new() -> Self {
        Self(Arr::new())
    }

    pub fn release(&self) {
        self.0.release();
    }

    /// Drops what a call found.
    #[inline(never)]
    fn forget(&self, call: usize) {
        for index in 0..self.0.len() {
            self.0.update(index, |found| {
                if found.call == call {
                    found.call = NOBODY;
                }
            });
        }
        while self.0.len().checked_sub(1).and_then(|last| self.0.get(last)).is_some_and(|found| found.call == NOBODY) {
            self.0.pop();
        }
    }
}

impl LoopPtr {
    /// Calls `callback` with each active watcher of `types`. It may stop the watcher that it is given.
    pub fn walk(self, types: c_int, callback: ev_walk_cb) {
        let Some(callback) = callback else { return };
        let here = 0_u8;
        let call = &raw const here as usize;
        // Of one that was left by exception or longjmp, and had its frame here.
        self.walks.forget(call);
        let first = self.walks.0.len();
        self.find_all(Asked { types, call });
        let end = self.walks.0.len();
        let mut life = self.life();
        for index in first..end {
            let Some(found) = self.walks.0.get(index) else { break };
            // An earlier call may have stopped it.
            if found.call == call && found.watcher.is_active() {
                // SAFETY: the program passed it for this.
                unsafe { callback(self.raw(), found.kind, found.watcher.raw().cast()) };
                if !self.survived(&mut life) {
                    return;
                }
            }
        }
        self.walks.forget(call);
    }

    // Walks are rare: one copy of this and of what uses it is enough.
    #[inline(never)]
    fn found(self, asked: Asked, kind: c_int, watcher: WatcherPtr) {
        if asked.types & kind != 0 && !self.is_internal(watcher) {
            self.walks.0.push(Found { kind, watcher, call: asked.call });
        }
    }

    /// Whether the watcher is a part of the loop, or of an unfired `ev_once`.
    fn is_internal(self, w: WatcherPtr) -> bool {
        self.is_part_of_loop(w) || self.once.owns(w)
    }

    fn find_all(self, asked: Asked) {
        for fd in 0..self.fds.len() {
            for w in Watchers::of(self.fds.head(fd)) {
                if embed::is_inner_io(w.base()) {
                    // SAFETY: it is the `io` of an active embed watcher.
                    let whole = unsafe { WatcherPtr::new(outer(w.base().raw(), offset_of!(ev_embed, io))) };
                    self.found(asked, EV_EMBED, whole);
                } else {
                    self.found(asked, EV_IO, w.base());
                }
            }
        }
        for (schedule, kind) in [(&self.timers, EV_TIMER), (&self.periodics, EV_PERIODIC)] {
            for w in (0..schedule.places()).filter_map(|place| schedule.in_place(place)) {
                if !super::stat::is_inner_timer(w.base()) {
                    self.found(asked, kind, w.base());
                }
            }
        }
        for level in 0..LEVELS {
            if let Some(list) = self.hooks.idle(level) {
                self.find_listed(asked, EV_IDLE, list);
            }
        }
        self.find_listed(asked, EV_PREPARE, self.hooks.list(Hook::Prepare));
        self.find_listed(asked, EV_CHECK, self.hooks.list(Hook::Check));
        self.find_listed(asked, EV_FORK, self.hooks.list(Hook::Fork));
        self.find_listed(asked, EV_CLEANUP, self.hooks.list(Hook::Cleanup));
        self.find_listed(asked, EV_ASYNC, self.asyncs());
        for chain in self.signal_chains() {
            self.find_chained(asked, EV_SIGNAL, chain);
        }
        for head in self.child_chains() {
            self.find_chained(asked, EV_CHILD, Watchers::of(head));
        }
        for head in self.path_chains() {
            self.find_chained(asked, EV_STAT, Watchers::of(head));
        }
    }

    #[inline(never)]
    fn find_listed(self, asked: Asked, kind: c_int, list: &Indexed<WatcherPtr>) {
        for place in 0..list.len() {
            if let Some(w) = list.get(place).filter(|&w| !embed::is_inner_hook(w)) {
                self.found(asked, kind, w);
            }
        }
    }

    fn find_chained(self, asked: Asked, kind: c_int, chain: Watchers) {
        for w in chain {
            self.found(asked, kind, w.base());
        }
    }
}
