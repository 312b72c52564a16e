//! `ev_run`: the iteration, and what steers it.

use core::cell::Cell;
use core::ffi::{c_int, c_uint, c_void};

use super::LoopPtr;
use super::check::Moment;
use super::hooks::Hook;
use super::jump;
use crate::abi::{
    EV_CHECK, EV_FORK, EV_PREPARE, EVBREAK_CANCEL, EVBREAK_ONE, EVRUN_NOWAIT, EVRUN_ONCE, ev_loop_callback,
    ev_loop_hook,
};
use crate::backend::Host;
use crate::checking;
use crate::diag;
use crate::sys;
use crate::text::text;

/// The longest wait in seconds, so that a jump of the clock is noticed.
const LONGEST_WAIT: f64 = 59.743;

/// What the kernel's side of the loop needs before the next wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Renewal {
    Nothing,
    /// The backend is out of step.
    Backend,
    /// The process forked: everything that is shared with the parent.
    Everything,
}

/// What steers the iterations of one loop.
pub struct State {
    flags: Cell<c_uint>,
    /// Active watchers and references of the program.
    active: Cell<c_int>,
    depth: Cell<c_uint>,
    iteration: Cell<c_uint>,
    /// An `EVBREAK_` value.
    breaking: Cell<c_int>,
    renewal: Cell<Renewal>,
    process: Cell<c_int>,
    io_collect: Cell<f64>,
    timeout_collect: Cell<f64>,
    userdata: Cell<*mut c_void>,
    pub invoke_hook: Cell<ev_loop_callback>,
    pub release_hook: Cell<ev_loop_hook>,
    pub acquire_hook: Cell<ev_loop_hook>,
    in_wait_hook: Cell<bool>,
}

impl State {
    pub const fn new(flags: c_uint) -> Self {
        Self {
            flags: Cell::new(flags),
            active: Cell::new(0),
            depth: Cell::new(0),
            iteration: Cell::new(0),
            breaking: Cell::new(EVBREAK_CANCEL),
            renewal: Cell::new(Renewal::Nothing),
            process: Cell::new(0),
            io_collect: Cell::new(0.0),
            timeout_collect: Cell::new(0.0),
            userdata: Cell::new(core::ptr::null_mut()),
            invoke_hook: Cell::new(None),
            release_hook: Cell::new(None),
            acquire_hook: Cell::new(None),
            in_wait_hook: Cell::new(false),
        }
    }

    pub fn has_flag(&self, flag: c_uint) -> bool {
        self.flags.get() & flag != 0
    }

    /// Remembers the process, to notice a fork by.
    pub fn note_process(&self) {
        self.process.set(sys::process_id());
    }

    /// Whether something is made anew before the next wait.
    pub fn is_renewal_due(&self) -> bool {
        self.renewal.get() != Renewal::Nothing
    }

    /// A backend is out of step.
    pub fn ask_rebuild(&self) {
        if self.renewal.get() == Renewal::Nothing {
            self.renewal.set(Renewal::Backend);
        }
    }
}

impl LoopPtr {
    pub fn reference(self) {
        self.run.active.set(self.run.active.get().wrapping_add(1));
    }

    pub fn unreference(self) {
        self.run.active.set(self.run.active.get().wrapping_sub(1));
    }

    pub fn depth(self) -> c_uint {
        self.run.depth.get()
    }

    pub fn iteration(self) -> c_uint {
        self.run.iteration.get()
    }

    pub fn set_io_collect(self, seconds: f64) {
        self.run.io_collect.set(seconds);
    }

    pub fn set_timeout_collect(self, seconds: f64) {
        self.run.timeout_collect.set(seconds);
    }

    pub fn userdata(self) -> *mut c_void {
        self.run.userdata.get()
    }

    pub fn set_userdata(self, data: *mut c_void) {
        self.run.userdata.set(data);
    }

    /// What is called in place of invoking pending watchers.
    pub fn set_invoke_hook(self, hook: ev_loop_callback) {
        self.run.invoke_hook.set(hook);
    }

    /// What is called before and after a blocking system call.
    pub fn set_wait_hooks(self, release: ev_loop_hook, acquire: ev_loop_hook) {
        self.run.release_hook.set(release);
        self.run.acquire_hook.set(acquire);
    }

    pub(super) fn call_wait_hook(self, hook: ev_loop_hook) {
        if let Some(hook) = hook {
            self.run.in_wait_hook.set(true);
            // SAFETY: the program set it for this.
            unsafe { hook(self.raw()) };
            self.run.in_wait_hook.set(false);
        }
    }

    /// Leaves one run or all of them, or takes that back.
    pub fn break_run(self, how: c_int) {
        self.run.breaking.set(how);
    }

    /// The process forked: at the next iteration everything shared with the parent is made anew.
    pub fn request_fork(self) {
        self.run.renewal.set(Renewal::Everything);
    }

    /// Runs iterations until nothing is active, a break, or as the flags say. The number of active watchers.
    pub fn run(self, flags: c_int) -> c_int {
        if self.run.in_wait_hook.get() {
            diag::fail(text!("ev_run"), text!("called from a release or acquire callback of the same loop"));
        }
        let outer = if checking::is_on() { self.enter_run() } else { 0 };
        self.run.depth.set(self.run.depth.get().wrapping_add(1));
        self.run.breaking.set(EVBREAK_CANCEL);
        if !self.invoke_through_hook() {
            return 0;
        }
        loop {
            if !self.iterate(flags) {
                return 0;
            }
            let goes_on = self.run.active.get() != 0
                && self.run.breaking.get() == EVBREAK_CANCEL
                && flags & (EVRUN_ONCE | EVRUN_NOWAIT) == 0;
            if !goes_on {
                break;
            }
        }
        if self.run.breaking.get() == EVBREAK_ONE {
            self.run.breaking.set(EVBREAK_CANCEL);
        }
        self.run.depth.set(self.run.depth.get().wrapping_sub(1));
        if checking::is_on() {
            self.leave_run(outer);
        }
        self.run.active.get()
    }

    /// One iteration. False: a callback destroyed the loop.
    fn iterate(self, flags: c_int) -> bool {
        if !self.before_wait() {
            return false;
        }
        if self.run.breaking.get() != EVBREAK_CANCEL {
            return true;
        }
        self.renew();
        self.apply_changes();
        self.wait(flags);
        self.expire_timers();
        self.expire_periodics();
        self.feed_idle();
        self.feed_hooks(Hook::Check, EV_CHECK);
        self.invoke_through_hook()
    }

    /// Fork and prepare watchers. False: a callback destroyed the loop.
    fn before_wait(self) -> bool {
        if checking::is_on() {
            self.check_all(Moment::Function(text!("ev_run").as_ptr()));
        }
        if self.run.has_flag(crate::abi::EVFLAG_FORKCHECK) {
            self.check_process();
        }
        if self.backend.is_foreign() {
            self.request_fork();
        }
        if self.run.renewal.get() == Renewal::Everything && !self.invoke_hooks(Hook::Fork, EV_FORK) {
            return false;
        }
        self.invoke_hooks(Hook::Prepare, EV_PREPARE)
    }

    #[cold]
    #[inline(never)]
    fn check_process(self) {
        if sys::process_id() != self.run.process.get() {
            self.run.note_process();
            self.request_fork();
        }
    }

    /// Calls all watchers of a kind. False: a callback destroyed the loop.
    #[inline(always)]
    fn invoke_hooks(self, hook: Hook, revents: c_int) -> bool {
        self.hooks.list(hook).is_empty() || self.invoke_some_hooks(hook, revents)
    }

    #[inline(never)]
    fn invoke_some_hooks(self, hook: Hook, revents: c_int) -> bool {
        self.feed_hooks(hook, revents);
        self.invoke_through_hook()
    }

    /// A forked child that shares kernel objects with its parent would disturb it by going on.
    pub(super) fn notice_fork(self) {
        if self.backend.is_foreign() {
            self.request_fork();
            self.renew();
        }
    }

    /// Makes anew what a fork or a backend out of step asked for.
    #[inline]
    fn renew(self) {
        if self.run.renewal.get() != Renewal::Nothing {
            self.renew_some();
        }
    }

    #[cold]
    #[inline(never)]
    fn renew_some(self) {
        let renewal = self.run.renewal.replace(Renewal::Nothing);
        self.backend.rebuild(self);
        if renewal == Renewal::Everything {
            self.renew_paths();
            self.renew_jump_detector();
            self.renew_wake();
        }
    }

    /// Waits for the backend, for as long as nothing else is due, and reads the clocks after it.
    fn wait(self, flags: c_int) {
        let before = self.mono();
        if self.needs_time(flags) {
            self.update_time();
        }
        let must_not_block = flags & EVRUN_NOWAIT != 0
            || self.run.active.get() == 0
            || self.hooks.any_idle()
            || self.fds.take_urgent()
            // From here on a sender writes to wake us; one that came before is seen here.
            || self.wake.begin_wait();
        let seconds = if must_not_block { 0.0 } else { self.collect(self.time_to_wait(), before) };
        self.run.iteration.set(self.run.iteration.get().wrapping_add(1));
        self.backend.wait(self, seconds);
        if checking::is_on() {
            self.check_all(Moment::Function(text!("ev_run, after the wait").as_ptr()));
        }
        self.fds.take_urgent();
        self.catch_news();
        self.update_time();
    }

    /// Whether how long to wait depends on what time it is, or on a jump of the clock that nobody noticed yet, or other
    /// threads may start timers during the wait. Else the time is read after the wait alone.
    fn needs_time(self, flags: c_int) -> bool {
        let wait_is_limited = !self.timers.is_empty() || self.run.io_collect.get() > 0.0;
        wait_is_limited && flags & EVRUN_NOWAIT == 0 || !self.periodics.is_empty() || self.lends_itself()
    }

    /// Seconds until something is due.
    fn time_to_wait(self) -> f64 {
        let mut due = if self.detects_jumps() { jump::LONGEST_WAIT } else { LONGEST_WAIT };
        if let Some(first) = self.timers.first(self.mono()) {
            due = due.min(first.at - self.mono());
        }
        if let Some(first) = self.periodics.first(self.now()) {
            due = due.min(first.at - self.now());
        }
        let due = due.max(self.run.timeout_collect.get());
        // What is due already needs no waiting at all.
        if due > 0.0 { due.max(self.backend.resolution()) } else { 0.0 }
    }

    /// Sleeps to let more I/O come together, but not past the time to wait; what is left of that.
    fn collect(self, seconds: f64, before: f64) -> f64 {
        let interval = self.run.io_collect.get();
        if interval <= 0.0 {
            return seconds;
        }
        let rest = interval - (self.mono() - before);
        let nap = rest.min(seconds - self.backend.worth_a_wait());
        if nap > 0.0 {
            sys::time::sleep(nap);
            (seconds - nap).max(0.0)
        } else {
            seconds
        }
    }
}
