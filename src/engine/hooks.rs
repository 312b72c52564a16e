//! The watchers that are lists and nothing else: prepare, check, fork, cleanup, and idle with a list per priority.

use core::cell::Cell;
use core::ffi::{CStr, c_int};

use super::pending::LEVELS;
use super::{Kind, LoopPtr};
use crate::abi::EV_IDLE;
use crate::diag;
use crate::mem::Indexed;
use crate::text::text;
use crate::watcher::WatcherPtr;

/// Which list.
#[derive(Clone, Copy)]
pub enum Hook {
    Prepare,
    Check,
    Fork,
    Cleanup,
}

impl Hook {
    /// The type of its watchers.
    pub fn kind(self) -> Kind {
        match self {
            Self::Prepare => Kind::Prepare,
            Self::Check => Kind::Check,
            Self::Fork => Kind::Fork,
            Self::Cleanup => Kind::Cleanup,
        }
    }
}

/// The lists.
pub struct Hooks {
    prepare: Indexed<WatcherPtr>,
    check: Indexed<WatcherPtr>,
    fork: Indexed<WatcherPtr>,
    cleanup: Indexed<WatcherPtr>,
    idle: [Indexed<WatcherPtr>; LEVELS],
    /// How many are in them.
    idlers: Cell<usize>,
}

impl Hooks {
    pub const fn new() -> Self {
        Self {
            prepare: Indexed::new(),
            check: Indexed::new(),
            fork: Indexed::new(),
            cleanup: Indexed::new(),
            idle: [const { Indexed::new() }; LEVELS],
            idlers: Cell::new(0),
        }
    }

    pub fn list(&self, hook: Hook) -> &Indexed<WatcherPtr> {
        match hook {
            Hook::Prepare => &self.prepare,
            Hook::Check => &self.check,
            Hook::Fork => &self.fork,
            Hook::Cleanup => &self.cleanup,
        }
    }

    /// The idle watchers of one level.
    pub fn idle(&self, level: usize) -> Option<&Indexed<WatcherPtr>> {
        self.idle.get(level)
    }

    #[inline(always)]
    pub fn any_idle(&self) -> bool {
        self.idlers.get() != 0
    }

    pub fn release(&self) {
        for list in [&self.prepare, &self.check, &self.fork, &self.cleanup] {
            list.release();
        }
        for list in &self.idle {
            list.release();
        }
        self.idlers.set(0);
    }

    /// Every watcher is active at its place, with a legal priority; idle ones in the list of theirs.
    pub fn verify(&self) -> bool {
        let of_level = |level, list: &Indexed<WatcherPtr>| {
            (0..list.len()).all(|place| list.get(place).is_some_and(|w| w.level() == level))
        };
        [&self.prepare, &self.check, &self.fork, &self.cleanup].into_iter().all(all_in_place)
            && self.idle.iter().enumerate().all(|(level, list)| all_in_place(list) && of_level(level, list))
    }
}

/// Whether every watcher of a list is active at its place, with a legal priority.
#[inline(never)]
pub fn all_in_place(list: &Indexed<WatcherPtr>) -> bool {
    (0..list.len()).all(|place| {
        list.get(place).is_some_and(|w| w.active() as usize == place.wrapping_add(1) && w.has_legal_priority())
    })
}

impl LoopPtr {
    pub fn start_hook(self, hook: Hook, w: WatcherPtr) {
        if w.is_active() {
            return;
        }
        self.enlist(hook.kind(), self.hooks.list(hook), w);
        if let Hook::Cleanup = hook {
            // Does not keep the loop alive.
            self.unreference();
        }
    }

    pub fn stop_hook(self, hook: Hook, w: WatcherPtr) {
        self.pending.clear(w);
        if !w.is_active() {
            return;
        }
        if let Hook::Cleanup = hook {
            self.reference();
        }
        let call = match hook {
            Hook::Prepare => text!("ev_prepare_stop"),
            Hook::Check => text!("ev_check_stop"),
            Hook::Fork => text!("ev_fork_stop"),
            Hook::Cleanup => text!("ev_cleanup_stop"),
        };
        self.delist(self.hooks.list(hook), w, call);
    }

    pub fn start_idle(self, w: WatcherPtr) {
        if w.is_active() {
            return;
        }
        if let Some(list) = self.hooks.idle(w.level()) {
            self.enlist(Kind::Idle, list, w);
            self.hooks.idlers.set(self.hooks.idlers.get().wrapping_add(1));
        }
    }

    pub fn stop_idle(self, w: WatcherPtr) {
        self.pending.clear(w);
        if !w.is_active() {
            return;
        }
        if let Some(list) = self.hooks.idle(w.level()) {
            self.delist(list, w, text!("ev_idle_stop"));
            self.hooks.idlers.set(self.hooks.idlers.get().wrapping_sub(1));
        }
    }

    /// Appends the watcher to a list and counts it as active.
    pub(super) fn enlist(self, kind: Kind, list: &Indexed<WatcherPtr>, w: WatcherPtr) {
        let place = list.push(w);
        self.activate_apart(kind, w, (place as c_int).wrapping_add(1));
    }

    /// Takes the watcher out of a list; the last one moves into the hole.
    pub(super) fn delist(self, list: &Indexed<WatcherPtr>, w: WatcherPtr, call: &CStr) {
        if !list.remove(w) {
            diag::fail(call, text!("the watcher is not in this loop's list, or was changed while active"));
        }
        self.deactivate_apart(w);
    }

    /// Queues all watchers of a list, in list order: the last one is called first.
    #[inline(always)]
    pub(super) fn feed_hooks(self, hook: Hook, revents: c_int) {
        let list = self.hooks.list(hook);
        if !list.is_empty() {
            self.feed_list(list, revents);
        }
    }

    #[inline(never)]
    fn feed_list(self, list: &Indexed<WatcherPtr>, revents: c_int) {
        for place in 0..list.len() {
            if let Some(w) = list.get(place) {
                self.feed_inline(w, revents);
            }
        }
    }

    /// Queues the idle watchers of the highest priority that has any, unless something of that priority or above is
    /// pending.
    #[inline(always)]
    pub(super) fn feed_idle(self) {
        if self.hooks.any_idle() {
            self.feed_any_idle();
        }
    }

    #[inline(never)]
    fn feed_any_idle(self) {
        for level in (0..LEVELS).rev() {
            let Some(list) = self.hooks.idle(level) else { continue };
            if self.pending.any_from(level) {
                return;
            }
            if !list.is_empty() {
                self.feed_list(list, EV_IDLE);
                return;
            }
        }
    }
}
