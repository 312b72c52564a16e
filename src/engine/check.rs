//! What `LIBEV_CHECK` looks for: watchers that were changed, overwritten or freed while active, calls with the wrong
//! loop, and calls from the wrong thread. A watcher is looked at when it is passed to a call; all of them before and
//! after each wait and after each callback. What is found is reported, and the process ended.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicI32, Ordering};

use super::LoopPtr;
use super::hooks::Hook;
use super::ledger::{Change, Entry, Form, Kind, Ledger};
use super::registry;
use super::schedule::Schedule;
use crate::abi::{ev_loop, ev_watcher};
use crate::checking;
use crate::diag::dprintf;
use crate::sys;
use crate::text::text;
use crate::watcher::{TimePtr, WatcherPtr};

const STDERR: c_int = 2;

/// What is kept for the checks of one loop.
pub struct State {
    ledger: Ledger,
    /// The thread inside `ev_run`, 0 if there is none. Other threads read it.
    runner: AtomicI32,
    /// How often it lets others use the loop: between the release and the acquire callback, and while the program's own
    /// function calls what is pending.
    lent: AtomicI32,
}

impl State {
    pub const fn new() -> Self {
        Self { ledger: Ledger::new(), runner: AtomicI32::new(0), lent: AtomicI32::new(0) }
    }

    pub fn release(&self) {
        self.ledger.release();
    }

    /// From here on other threads may use the loop.
    pub fn lend(&self) {
        if checking::is_on() {
            self.lent.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The reverse.
    pub fn take_back(&self) {
        if checking::is_on() {
            self.lent.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// What a call is about to do with a watcher.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Start,
    Stop,
    Again,
    Other,
}

/// When something was noticed.
#[derive(Clone, Copy)]
pub enum Moment {
    /// In `ev_KIND_ACT`.
    Call(Kind, Act),
    /// In a function of this name.
    Function(*const c_char),
    /// After a callback.
    Callback(usize),
}

/// Looks at the loop that a call of the function `name` was given.
#[cold]
#[inline(never)]
pub fn check_function(raw: *mut ev_loop, name: *const c_char) {
    if let Some(mistake) = wrong_loop(raw) {
        fail(Moment::Function(name), mistake, None, Detail::None);
    }
}

/// Looks at the loop and the watcher that a call was given; hands both back.
#[cold]
#[inline(never)]
pub fn check_call(raw: *mut ev_loop, w: *mut ev_watcher, kind: Kind, act: Act) -> (*mut ev_loop, *mut ev_watcher) {
    // SAFETY: WATCHER.
    let watcher = unsafe { WatcherPtr::new(w) };
    match wrong_loop(raw) {
        // SAFETY: LOOP, found alive.
        None => check_given(unsafe { LoopPtr::new(raw) }, watcher, kind, act),
        // What destructors do: nothing is to be stopped.
        Some(_) if act == Act::Stop && is_orphan(watcher, kind) => {}
        Some(mistake) => fail(Moment::Call(kind, act), mistake, Some(&Entry::of(kind, watcher)), Detail::None),
    }
    (raw, w)
}

/// What is wrong with a loop that a call was given.
fn wrong_loop(raw: *mut ev_loop) -> Option<&'static CStr> {
    if !registry::is_alive(raw) {
        return Some(text!("there is no such loop: it was destroyed, or never made"));
    }
    // SAFETY: LOOP: it was just found alive.
    let checks = unsafe { &LoopPtr::new(raw).0.as_ref().checks };
    let own = sys::thread_id();
    // A thread that left by pthread_exit, or was not copied by a fork, is soon seen to be none.
    let foreign = || {
        let runner = checks.runner.load(Ordering::SeqCst);
        runner != 0 && runner != own && checks.lent.load(Ordering::SeqCst) == 0 && sys::is_own_thread(runner)
    };
    let stays = || {
        // SAFETY: no precondition. It can't be cancelled, as a sleep could.
        unsafe { libc::sched_yield() };
        foreign()
    };
    (foreign() && (0..10_000).all(|_| stays()))
        .then_some(text!("called from another thread than the one that runs the loop"))
}

/// Whether a watcher is neither active nor pending, or a signal watcher whose loop is gone.
fn is_orphan(w: WatcherPtr, kind: Kind) -> bool {
    w.pending() == 0 && !w.is_active() || kind == Kind::Signal && !super::signal::is_watched(w)
}

/// Looks at the watcher that a call was given.
fn check_given(lp: LoopPtr, w: WatcherPtr, kind: Kind, act: Act) {
    let moment = Moment::Call(kind, act);
    let now = Entry::of(kind, w);
    let mistake = match lp.checks.ledger.find(w) {
        Some(entry) if entry.kind == kind => return lp.check_watcher(&entry, moment),
        Some(_) => text!("the watcher is active as one of another type"),
        None if w.is_active() && !is_orphan(w, kind) => {
            text!("the watcher says that it is active, but not in this loop: in another one, or it was not initialised")
        }
        None if act == Act::Start && w.pending() != 0 && !lp.pending.holds(w) => {
            text!(
                "the watcher says that it is pending, but not in this loop: in another one, or it was not initialised"
            )
        }
        None if act == Act::Start && kind == Kind::Signal && super::signal::is_of_another(w, lp) => {
            text!("the signal is watched in another loop")
        }
        None => return,
    };
    fail(moment, mistake, Some(&now), Detail::None)
}

impl LoopPtr {
    /// A watcher became active.
    #[cold]
    #[inline(never)]
    pub(super) fn note_active(self, kind: Kind, w: WatcherPtr) {
        self.checks.ledger.enter(Entry::of(kind, w));
    }

    /// A watcher was stopped.
    #[cold]
    #[inline(never)]
    pub(super) fn note_inactive(self, w: WatcherPtr) {
        self.checks.ledger.forget(w);
    }

    /// `ev_run` begins in this thread; what to hand to [`LoopPtr::leave_run`].
    #[cold]
    pub(super) fn enter_run(self) -> c_int {
        self.checks.runner.swap(sys::thread_id(), Ordering::SeqCst)
    }

    /// It ends.
    #[cold]
    pub(super) fn leave_run(self, outer: c_int) {
        self.checks.runner.store(outer, Ordering::SeqCst);
    }

    /// Looks at every active watcher, and at what holds them.
    #[cold]
    #[inline(never)]
    pub(super) fn check_all(self, moment: Moment) {
        self.check_watchers(moment);
        self.verify_structures();
    }

    /// Looks at every active watcher.
    #[cold]
    #[inline(never)]
    pub(super) fn check_watchers(self, moment: Moment) {
        for place in 0..self.checks.ledger.places() {
            if let Some(entry) = self.checks.ledger.at(place) {
                self.check_watcher(&entry, moment);
            }
        }
    }

    /// Compares a watcher with what is known of it.
    #[inline(never)]
    fn check_watcher(self, entry: &Entry, moment: Moment) {
        let w = entry.watcher();
        let now = Entry::of(entry.kind, w);
        let mut mistake = text!("an active watcher was changed");
        let detail = if !self.is_in_place(entry.kind, w) || w.pending() != 0 && !self.pending.holds(w) {
            mistake = text!("an active watcher was freed, overwritten or initialised again");
            Detail::State(w.active(), w.pending())
        } else if let Some(change) = entry.change(&now) {
            Detail::Member(change)
        } else {
            if entry.callback != now.callback {
                // This one may change.
                self.checks.ledger.enter(now);
            }
            return;
        };
        fail(moment, mistake, Some(entry), detail);
    }

    /// Whether `active` is what the loop wrote there.
    fn is_in_place(self, kind: Kind, w: WatcherPtr) -> bool {
        let list = match kind {
            Kind::Timer | Kind::Periodic => {
                // SAFETY: it is of one of these types.
                return self.schedule(kind).holds(unsafe { TimePtr::from_base(w) });
            }
            Kind::Idle => self.hooks.idle(w.level()),
            Kind::Prepare => Some(self.hooks.list(Hook::Prepare)),
            Kind::Check => Some(self.hooks.list(Hook::Check)),
            Kind::Fork => Some(self.hooks.list(Hook::Fork)),
            Kind::Cleanup => Some(self.hooks.list(Hook::Cleanup)),
            Kind::Async => Some(self.asyncs()),
            _ => return w.active() == 1,
        };
        list.is_some_and(|list| list.holds(w))
    }

    /// When the timers or periodics are due.
    pub(super) fn schedule(&self, kind: Kind) -> &Schedule {
        if kind == Kind::Timer { &self.timers } else { &self.periodics }
    }
}

/// What is wrong with a watcher.
enum Detail {
    None,
    /// What its `active` and `pending` say.
    State(c_int, c_int),
    Member(Change),
}

/// Reports a mistake and ends the process.
#[cold]
#[inline(never)]
fn fail(moment: Moment, mistake: &CStr, entry: Option<&Entry>, detail: Detail) -> ! {
    // SAFETY: KERNEL; each format gets what it takes.
    unsafe {
        dprintf(STDERR, text!("libev: LIBEV_CHECK: ").as_ptr());
        match moment {
            Moment::Call(kind, act) => {
                let act = match act {
                    Act::Start => text!("_start"),
                    Act::Stop => text!("_stop"),
                    Act::Again => text!("_again"),
                    Act::Other => text!(""),
                };
                dprintf(STDERR, text!("ev_%s%s").as_ptr(), kind.name(), act.as_ptr());
            }
            Moment::Function(name) => {
                dprintf(STDERR, text!("%s").as_ptr(), name);
            }
            Moment::Callback(address) => {
                dprintf(STDERR, text!("after the callback ").as_ptr());
                sys::symbol::print_function(STDERR, address);
            }
        }
        dprintf(STDERR, text!(": %s\n").as_ptr(), mistake.as_ptr());
        match detail {
            Detail::None => 0,
            Detail::State(active, pending) => {
                dprintf(STDERR, text!("libev:   active is %d, pending is %d\n").as_ptr(), active, pending)
            }
            Detail::Member(Change { member, was, is }) => {
                let time = |bits: i64| f64::from_bits(bits as u64);
                match member.form {
                    Form::Address => {
                        dprintf(STDERR, text!("libev:   %s was %#llx, is %#llx\n").as_ptr(), member.name, was, is)
                    }
                    Form::Time => {
                        let (was, is) = (time(was), time(is));
                        dprintf(STDERR, text!("libev:   %s was %.6f, is %.6f\n").as_ptr(), member.name, was, is)
                    }
                    _ => dprintf(STDERR, text!("libev:   %s was %lld, is %lld\n").as_ptr(), member.name, was, is),
                }
            }
        };
        if let Some(entry) = entry {
            describe(entry);
        }
        libc::abort()
    }
}

/// What is known of a watcher.
fn describe(entry: &Entry) {
    // SAFETY: KERNEL; each format gets what it takes.
    unsafe {
        dprintf(STDERR, text!("libev:   watcher %p: %s").as_ptr(), entry.watcher().raw(), entry.kind.name());
        for (member, value) in entry.members() {
            let format = if member.form == Form::Address { text!(", %s %#llx") } else { text!(", %s %lld") };
            dprintf(STDERR, format.as_ptr(), member.name, value);
        }
        dprintf(STDERR, text!(", callback ").as_ptr());
        sys::symbol::print_function(STDERR, entry.callback);
        dprintf(STDERR, text!("\n").as_ptr());
    }
}
