//! One event: its watchers are started and stopped together, and both call the one callback.

use core::ffi::{CStr, c_int, c_short, c_void};
use core::mem::offset_of;
use core::ptr::NonNull;

use libc::timeval;

use super::base::loop_of;
use super::{point_of, seconds};
use crate::abi::{
    EV__IOFDSET, EV_ERROR, EV_PERSIST, EV_READ, EV_SIGNAL, EV_TIMEOUT, EV_WRITE, EVLIST_ACTIVE, EVLIST_INIT,
    EVLIST_INSERTED, EVLIST_SIGNAL, EVLIST_TIMEOUT, ev_loop, ev_watcher, event, event_base, event_callback_fn,
};
use crate::diag;
use crate::engine::{LoopPtr, TOLD};
use crate::text::text;
use crate::watcher::{IoPtr, SignalPtr, TimerPtr, WatcherPtr, members, outer};

/// The events of a descriptor.
const DESCRIPTOR: c_int = EV_READ | EV_WRITE;

/// The address of an event.
#[derive(Clone, Copy)]
pub struct EventPtr(NonNull<event>);

#[allow(dead_code, reason = "accessors come in pairs")]
impl EventPtr {
    members! {
        base / set_base => ev_base: *mut event_base,
        callback / set_callback => ev_callback: event_callback_fn,
        arg / set_arg => ev_arg: *mut c_void,
        fd / set_fd => ev_fd: c_int,
        priority / set_priority => ev_pri: c_int,
        told / set_told => ev_res: c_int,
        flags / set_flags => ev_flags: c_int,
        short_events / set_short_events => ev_events: c_short,
    }
}

impl EventPtr {
    /// # Safety
    /// EVENT.
    pub unsafe fn new(raw: *mut event) -> Self {
        // SAFETY: EVENT, so not null.
        Self(unsafe { NonNull::new_unchecked(raw) })
    }

    fn events(self) -> c_int {
        c_int::from(self.short_events())
    }

    fn io(self) -> IoPtr {
        // SAFETY: EVENT; a place within it is not null.
        unsafe { IoPtr::new(&raw mut (*self.0.as_ptr()).iosig.io) }
    }

    fn signal(self) -> SignalPtr {
        // SAFETY: EVENT; a place within it is not null.
        unsafe { SignalPtr::new(&raw mut (*self.0.as_ptr()).iosig.sig) }
    }

    /// What the descriptor's and the signal's watcher share, and their place.
    fn cause(self) -> WatcherPtr {
        self.io().base()
    }

    fn timer(self) -> TimerPtr {
        // SAFETY: EVENT; a place within it is not null.
        unsafe { TimerPtr::new(&raw mut (*self.0.as_ptr()).to) }
    }

    /// Makes it an event that is not added.
    pub fn set(self, base: *mut event_base, fd: c_int, events: c_short, callback: event_callback_fn, arg: *mut c_void) {
        self.cause().init(happened, 0);
        self.timer().base().init(timed_out, 0);
        self.set_base(base);
        self.set_callback(callback);
        self.set_arg(arg);
        self.set_fd(fd);
        self.set_priority(0);
        self.set_told(0);
        self.set_flags(EVLIST_INIT);
        self.set_short_events(events);
    }

    /// Starts what it is for; with a time-out from now on, without one ends that which it has.
    ///
    /// # Safety
    /// `timeout` is null or valid.
    pub unsafe fn add(self, timeout: *const timeval) {
        let lp = self.its_loop(text!("event_add"));
        let events = self.events();
        let idle = !self.cause().is_active();
        let mut flags = self.flags() | EVLIST_ACTIVE;
        if events & EV_SIGNAL != 0 {
            if idle {
                self.signal().set_signum(self.fd());
                lp.start_signal(self.signal());
            }
            flags |= EVLIST_SIGNAL;
        } else if events & DESCRIPTOR != 0 {
            if idle {
                self.io().set_fd(self.fd());
                self.io().set_events(events & DESCRIPTOR | EV__IOFDSET);
                lp.start_io(self.io());
            }
            flags |= EVLIST_INSERTED;
        }
        // SAFETY: as the caller promises.
        if let Some(after) = unsafe { seconds(timeout) } {
            self.timer().set_repeat(after);
            lp.again_timer(self.timer());
            flags |= EVLIST_TIMEOUT;
        } else {
            lp.stop_timer(self.timer());
            flags &= !EVLIST_TIMEOUT;
        }
        self.set_flags(flags);
    }

    /// Stops everything. A time-out that `event_active` asked for stays pending unless the event's own is armed.
    pub fn delete(self) {
        let cause = self.cause();
        if cause.is_active() || cause.pending() != 0 {
            let lp = self.its_loop(text!("event_del"));
            if self.events() & EV_SIGNAL != 0 {
                lp.stop_signal(self.signal());
            } else if self.events() & DESCRIPTOR != 0 {
                lp.stop_io(self.io());
            }
        }
        if self.timer().base().is_active() {
            self.its_loop(text!("event_del")).stop_timer(self.timer());
        }
        self.set_flags(EVLIST_INIT);
    }

    /// Has the callback told `events` at the next occasion, as if they had happened.
    pub fn activate(self, events: c_int) {
        let lp = self.its_loop(text!("event_active"));
        // The last that is fed is called first.
        for (watcher, own) in [(self.timer().base(), EV_TIMEOUT), (self.cause(), DESCRIPTOR | EV_SIGNAL)] {
            if events & own != 0 {
                lp.feed(watcher, events & own);
            }
        }
    }

    /// Which of `asked` it waits for or is about to be told; an event set with `EV_TIMEOUT` always waits for that, as the
    /// reference has it. Where it waits for a time-out, `time` (unless null) gets the time of the loop.
    ///
    /// # Safety
    /// `time` is null or valid.
    pub unsafe fn pending(self, asked: c_int, time: *mut timeval) -> c_int {
        let waits = |watcher: WatcherPtr| watcher.is_active() || watcher.pending() != 0;
        let mut found = 0;
        if waits(self.cause()) {
            let kind = if self.events() & EV_SIGNAL != 0 { EV_SIGNAL } else { DESCRIPTOR };
            found |= self.events() & kind;
        }
        if waits(self.timer().base()) || self.events() & EV_TIMEOUT != 0 {
            found |= EV_TIMEOUT;
            if !time.is_null() {
                let now = self.its_loop(text!("event_pending")).now();
                // SAFETY: as the caller promises.
                unsafe { time.write(point_of(now)) };
            }
        }
        found & asked
    }

    /// The loop of its base.
    fn its_loop(self, call: &CStr) -> LoopPtr {
        // SAFETY: EVENT.
        unsafe { loop_of(self.base(), call) }
    }

    /// Tells the program, after deleting an event that ends with this.
    fn happened(self, revents: c_int) {
        let lasting = self.events() & (EV_PERSIST | EV_SIGNAL) != 0;
        if !lasting || revents & (EV_ERROR | EV_TIMEOUT) != 0 {
            self.delete();
        }
        let told = revents & TOLD;
        self.set_told(told);
        let Some(callback) = self.callback() else {
            diag::fail(text!("event_dispatch"), text!("an event without a callback (NULL) is to be called"))
        };
        // SAFETY: the program set it for this; nothing of the event is used after it.
        unsafe { callback(self.fd(), told as c_short, self.arg()) };
    }
}

unsafe extern "C-unwind" fn happened(_: *mut ev_loop, w: *mut ev_watcher, revents: c_int) {
    // SAFETY: EVENT; the watcher is the `iosig` of an event.
    unsafe { EventPtr::new(outer(w, offset_of!(event, iosig))) }.happened(revents);
}

unsafe extern "C-unwind" fn timed_out(_: *mut ev_loop, w: *mut ev_watcher, revents: c_int) {
    // SAFETY: EVENT; the watcher is the `to` of an event.
    unsafe { EventPtr::new(outer(w, offset_of!(event, to))) }.happened(revents);
}
