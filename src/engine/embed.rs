//! Embed watchers: another loop's backend descriptor is watched in this one.

use core::ffi::c_int;
use core::mem::offset_of;

use super::{Kind, LoopPtr};
use crate::abi::{EV__IOFDSET, EV_EMBED, EV_MINPRI, EV_READ, EVRUN_NOWAIT, ev_embed, ev_loop, ev_watcher};
use crate::backend;
use crate::diag;
use crate::engine::hooks::Hook;
use crate::text::text;
use crate::watcher::{EmbedPtr, WatcherPtr, outer};

/// How often an embedded loop is run before a wait because its callbacks make changes. After that the changes alone reach
/// its backend, and the wait sees what comes of them.
const TURNS: u32 = 16;

impl LoopPtr {
    pub fn start_embed(self, w: EmbedPtr) {
        if w.base().is_active() {
            return;
        }
        // SAFETY: the program set it to a live loop.
        let other = unsafe { Self::new(w.other()) };
        if other.backend.bit() & backend::EMBEDDABLE == 0 {
            diag::fail(text!("ev_embed_start"), text!("the backend of the loop to be embedded is not embeddable"));
        }
        let priority = w.base().priority();
        w.io().base().init(other_is_ready, priority);
        self.watch_other(w);
        w.prepare().base().init(flush_other, EV_MINPRI);
        self.start_hook(Hook::Prepare, w.prepare().base());
        w.fork().base().init(other_forked, 0);
        self.start_hook(Hook::Fork, w.fork().base());
        self.activate_apart(Kind::Embed, w.base(), 1);
    }

    /// Watches the descriptor of the other loop's backend as it is now.
    fn watch_other(self, w: EmbedPtr) {
        // SAFETY: the program keeps the embedded loop while the watcher is active.
        let other = unsafe { Self::new(w.other()) };
        w.set_rebuilds(other.backend.rebuilds());
        w.io().set_fd(other.backend.descriptor(other));
        w.io().set_events(EV_READ | EV__IOFDSET);
        self.start_io(w.io());
    }

    /// Does so again if it is another one.
    fn follow_other(self, w: EmbedPtr) {
        // SAFETY: the program keeps the embedded loop while the watcher is active.
        let other = unsafe { Self::new(w.other()) };
        if w.io().base().is_active() && w.rebuilds() != other.backend.rebuilds() {
            self.stop_io(w.io());
            self.watch_other(w);
        }
    }

    pub fn stop_embed(self, w: EmbedPtr) {
        self.pending.clear(w.base());
        if !w.base().is_active() {
            return;
        }
        self.stop_io(w.io());
        self.stop_hook(Hook::Prepare, w.prepare().base());
        self.stop_hook(Hook::Fork, w.fork().base());
        self.deactivate_apart(w.base());
    }

    /// Whether `inner` is still in a list; by address, since it may be gone.
    fn is_listed_hook(self, hook: Hook, inner: *mut ev_watcher) -> bool {
        let list = self.hooks.list(hook);
        (0..list.len()).any(|place| list.get(place).is_some_and(|w| w.raw() == inner))
    }

    /// One iteration of the embedded loop, without waiting.
    pub fn sweep_embed(self, w: EmbedPtr) {
        // SAFETY: the program set it to a live loop.
        unsafe { Self::new(w.other()) }.run(EVRUN_NOWAIT);
    }
}

/// Whether an io watcher is the one within an embed watcher.
pub fn is_inner_io(w: WatcherPtr) -> bool {
    w.calls(other_is_ready)
}

/// Whether a prepare or fork watcher is one within an embed watcher.
pub fn is_inner_hook(w: WatcherPtr) -> bool {
    w.calls(flush_other) || w.calls(other_forked)
}

/// The embedded loop has something to do.
unsafe extern "C-unwind" fn other_is_ready(raw: *mut ev_loop, inner: *mut ev_watcher, _: c_int) {
    // SAFETY: LOOP; the watcher is the `io` of an active embed watcher.
    let (lp, w) = unsafe { (LoopPtr::new(raw), EmbedPtr::new(outer(inner, offset_of!(ev_embed, io)))) };
    if w.base().has_callback() {
        lp.feed(w.base(), EV_EMBED);
    } else {
        lp.sweep_embed(w);
    }
}

/// Before every wait: changes in the embedded loop must reach its backend, or nothing wakes this one.
unsafe extern "C-unwind" fn flush_other(raw: *mut ev_loop, inner: *mut ev_watcher, _: c_int) {
    // SAFETY: LOOP; the watcher is the `prepare` of an active embed watcher.
    let (lp, w) = unsafe { (LoopPtr::new(raw), EmbedPtr::new(outer(inner, offset_of!(ev_embed, prepare)))) };
    // SAFETY: the program keeps the embedded loop while the watcher is active.
    let other = unsafe { LoopPtr::new(w.other()) };
    let (mut life, mut other_life) = (lp.life(), other.life());
    for _ in 0..TURNS {
        if !other.fds.has_changes() {
            break;
        }
        other.apply_changes();
        other.run(EVRUN_NOWAIT);
        // A callback of the embedded loop may have ended either loop.
        if !other.survived(&mut other_life) || !lp.survived(&mut life) {
            return;
        }
    }
    other.apply_changes();
    other.backend.flush(other);
    // Or stopped (and freed) the watcher.
    if lp.is_listed_hook(Hook::Prepare, inner) {
        lp.follow_other(w);
    }
}

/// In the child after a fork.
unsafe extern "C-unwind" fn other_forked(raw: *mut ev_loop, inner: *mut ev_watcher, _: c_int) {
    // SAFETY: LOOP; the watcher is the `fork` of an active embed watcher.
    let (lp, w) = unsafe { (LoopPtr::new(raw), EmbedPtr::new(outer(inner, offset_of!(ev_embed, fork)))) };
    // SAFETY: the program keeps the embedded loop while the watcher is active.
    let other = unsafe { LoopPtr::new(w.other()) };
    let (mut life, mut other_life) = (lp.life(), other.life());
    other.request_fork();
    other.run(EVRUN_NOWAIT);
    if other.survived(&mut other_life) && lp.survived(&mut life) && lp.is_listed_hook(Hook::Fork, inner) {
        // As new: behind the watchers that were started meanwhile.
        lp.stop_embed(w);
        lp.start_embed(w);
    }
}
