//! Child watchers, of the default loop alone: SIGCHLD, then one child reaped per round.

use core::cell::{Cell, UnsafeCell};
use core::ffi::c_int;
use core::ptr;

use super::chain::{Watchers, is_sound, link, unlink_from};
use super::{Kind, LoopPtr};
use crate::abi::{EV_CHILD, EV_MAXPRI, EV_SIGNAL, ev_loop, ev_signal, ev_watcher, ev_watcher_list};
use crate::diag;
use crate::sys;
use crate::text::text;
use crate::watcher::{ChildPtr, SignalPtr, WatcherPtr};

/// Chains that watchers are spread over by pid. 16: watchers of any child (pid 0) are in the first.
const CHAINS: usize = 16;
/// In the watcher's flags: it is told of stops and continuations too.
const TRACE: c_int = 1;

/// The watchers, and the loop's own watcher of SIGCHLD.
pub struct Children {
    /// `LIST`s of child watchers, newest first.
    chains: [Cell<*mut ev_watcher_list>; CHAINS],
    watcher: UnsafeCell<ev_signal>,
}

impl Children {
    pub const fn new(blank: ev_signal) -> Self {
        Self { chains: [const { Cell::new(ptr::null_mut()) }; CHAINS], watcher: UnsafeCell::new(blank) }
    }

    fn chain(&self, pid: c_int) -> Option<&Cell<*mut ev_watcher_list>> {
        self.chains.get(pid as usize % CHAINS)
    }
}

/// The child watchers of a chain.
fn watchers(head: *mut ev_watcher_list) -> impl Iterator<Item = ChildPtr> {
    // SAFETY: only start_child puts watchers into these chains.
    Watchers::of(head).map(|w| unsafe { ChildPtr::from_base(w.base()) })
}

impl LoopPtr {
    fn sigchld_watcher(self) -> SignalPtr {
        // SAFETY: LOOP; a place within it is not null.
        unsafe { SignalPtr::new(self.children.watcher.get()) }
    }

    /// When the default loop is made.
    pub(super) fn watch_sigchld(self) {
        let w = self.sigchld_watcher();
        w.base().init(child_exited, EV_MAXPRI);
        w.set_signum(libc::SIGCHLD);
        self.start_signal(w);
        self.unreference();
    }

    /// When the default loop is destroyed.
    pub(super) fn unwatch_sigchld(self) {
        if self.sigchld_watcher().base().is_active() {
            self.reference();
            self.stop_signal(self.sigchld_watcher());
        }
    }

    pub fn start_child(self, w: ChildPtr) {
        if !self.is_default() {
            diag::fail(text!("ev_child_start"), text!("child watchers are only supported in the default loop"));
        }
        if w.base().is_active() {
            return;
        }
        if let Some(chain) = self.children.chain(w.pid()) {
            self.activate_apart(Kind::Child, w.base(), 1);
            chain.set(link(chain.get(), w.base()));
        }
    }

    pub fn stop_child(self, w: ChildPtr) {
        self.pending.clear(w.base());
        if !w.base().is_active() {
            return;
        }
        // The pid's own chain first, then the others, should the program have changed the pid.
        let own = self.children.chain(w.pid());
        unlink_from(own.into_iter().chain(&self.children.chains), w.base());
        self.deactivate_apart(w.base());
    }

    /// Queues the watchers in the chain of `chain_pid` that want to know of the child.
    fn feed_children(self, chain_pid: c_int, pid: c_int, status: c_int) {
        let traced = libc::WIFSTOPPED(status) || libc::WIFCONTINUED(status);
        let Some(chain) = self.children.chain(chain_pid) else { return };
        for w in watchers(chain.get()) {
            if (w.pid() == pid || w.pid() == 0) && (!traced || w.flags() & TRACE != 0) {
                self.raise_priority(w.base());
                w.set_rpid(pid);
                w.set_rstatus(status);
                self.feed(w.base(), EV_CHILD);
            }
        }
    }

    /// Child events have the highest priority, whatever the program set; what was pending moves along.
    fn raise_priority(self, w: WatcherPtr) {
        if w.priority() != EV_MAXPRI {
            let revents = self.pending.clear(w);
            w.set_priority(EV_MAXPRI);
            if revents != 0 {
                self.feed(w, revents);
            }
        }
    }

    /// The heads of the chains.
    pub(super) fn child_chains(self) -> impl Iterator<Item = *mut ev_watcher_list> {
        (0..CHAINS as c_int).filter_map(move |pid| self.children.chain(pid).map(Cell::get))
    }

    pub(super) fn verify_children(self) -> bool {
        self.child_chains().all(is_sound)
    }
}

/// The callback of the SIGCHLD watcher: reaps one child, and queues itself again below that child's watchers, since
/// signals do not count and more children may be waiting.
unsafe extern "C-unwind" fn child_exited(raw: *mut ev_loop, w: *mut ev_watcher, _: c_int) {
    // SAFETY: LOOP and WATCHER, called by the loop.
    let (lp, own) = unsafe { (LoopPtr::new(raw), WatcherPtr::new(w)) };
    let Some((pid, status)) = sys::signal::reap() else { return };
    lp.feed(own, EV_SIGNAL);
    lp.feed_children(pid, pid, status);
    // Watchers of any child are fed later, hence called first.
    lp.feed_children(0, pid, status);
}
