//! Chains of watchers: the singly linked lists of io, signal, child and stat watchers, newest first. Know nothing of a
//! loop.

use core::cell::Cell;

use crate::abi::ev_watcher_list;
use crate::watcher::{IoPtr, ListPtr, WatcherPtr};

/// The watchers of a chain. Nothing may be stopped while it runs but the watcher that it gave last.
#[derive(Clone)]
pub struct Watchers(*mut ev_watcher_list);

impl Watchers {
    pub fn of(head: *mut ev_watcher_list) -> Self {
        Self(head)
    }
}

impl Iterator for Watchers {
    type Item = IoPtr;

    fn next(&mut self) -> Option<IoPtr> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: LIST.
        let (entry, io) = unsafe { (ListPtr::new(self.0), IoPtr::new(self.0.cast())) };
        self.0 = entry.next();
        Some(io)
    }
}

/// Whether every watcher of the chain that begins with `head` has the fields of an active one.
#[inline(never)]
pub fn is_sound(head: *mut ev_watcher_list) -> bool {
    Watchers::of(head).all(|w| w.base().is_chained())
}

/// Puts `watcher` before the chain that begins with `head`; the new head.
pub fn link(head: *mut ev_watcher_list, watcher: WatcherPtr) -> *mut ev_watcher_list {
    // SAFETY: the watchers of chains begin as a list watcher does.
    let entry = unsafe { ListPtr::from_base(watcher) };
    entry.set_next(head);
    entry.raw()
}

/// Takes `watcher` out of the chain that begins with `head`; the new head, or `None` if it was not in there.
pub fn unlink(head: *mut ev_watcher_list, watcher: WatcherPtr) -> Option<*mut ev_watcher_list> {
    let wanted: *mut ev_watcher_list = watcher.raw().cast();
    if head.is_null() {
        return None;
    }
    // SAFETY: LIST.
    let mut before = unsafe { ListPtr::new(head) };
    if head == wanted {
        return Some(before.next());
    }
    loop {
        let here = before.next();
        if here.is_null() {
            return None;
        }
        // SAFETY: LIST.
        let entry = unsafe { ListPtr::new(here) };
        if here == wanted {
            before.set_next(entry.next());
            return Some(head);
        }
        before = entry;
    }
}

/// Takes `watcher` out of the first of these chains that it is in.
pub fn unlink_from<'a>(chains: impl IntoIterator<Item = &'a Cell<*mut ev_watcher_list>>, watcher: WatcherPtr) {
    for chain in chains {
        if let Some(rest) = unlink(chain.get(), watcher) {
            chain.set(rest);
            return;
        }
    }
}
