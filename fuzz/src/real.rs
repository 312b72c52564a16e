//! The library, on the scripted kernel.

use core::ffi::{c_char, c_int};
use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr;

use ferroev_core::fuzzing::{
    EV__IOFDSET, EVBACKEND_SELECT, EVFLAG_NOENV, EVFLAG_NOTIMERFD, Kernel, ev_io, ev_loop, ev_periodic, ev_timer,
    ev_tstamp, ev_watcher, set_kernel,
};

use crate::api::*;
use crate::model::choose;
use crate::program::{Action, CHECKS, Chooser, IOS, PERIODICS, PREPARES, TIMERS, WATCHERS};
use crate::system::{Event, Look, LoopLook, Session, System, about_to_wait, called, play};

/// Room for any watcher in use.
#[repr(C)]
#[derive(Clone, Copy)]
union Watcher {
    base: ev_watcher,
    io: ev_io,
    timer: ev_timer,
    periodic: ev_periodic,
}

pub struct Real<'a> {
    session: Session<'a>,
    raw: Cell<*mut ev_loop>,
    watchers: Box<[UnsafeCell<Watcher>]>,
}

thread_local! {
    /// Whose callbacks and kernel calls these are; cleared before it goes.
    static CURRENT: Cell<*const Real<'static>> = const { Cell::new(ptr::null()) };
}

fn current<T>(act: impl FnOnce(&Real<'_>) -> T) -> T {
    let real = CURRENT.get();
    assert!(!real.is_null(), "the library called back outside a program");
    // SAFETY: set by `play` for as long as it lends `self`.
    act(unsafe { &*real })
}

static KERNEL: Kernel = Kernel {
    monotonic: || current(|real| real.session.kernel.borrow().monotonic),
    realtime: || current(|real| real.session.kernel.borrow().realtime()),
    sleep: |seconds| current(|real| real.session.sleep(seconds)),
    is_open: |fd| current(|real| real.session.kernel.borrow().is_open(fd)),
    modify: |fd, events| current(|real| real.session.modify(fd, events)),
    wait: |seconds| current(|real| real.session.wait(seconds)),
    said: || current(|real| real.session.kernel.borrow_mut().said.pop_front()),
};

unsafe extern "C-unwind" fn callback(_: *mut ev_loop, w: *mut ev_watcher, revents: c_int) {
    // SAFETY: one of ours.
    let id = unsafe { (*w).data } as usize;
    current(|real| called(real, id, revents));
}

unsafe extern "C" fn before_wait(_: *mut ev_loop) {
    current(|real| about_to_wait(real));
}

unsafe extern "C" fn failed(_: *const c_char) {
    current(|real| real.session.note(Event::Syserr));
}

unsafe extern "C" fn in_a_second(_: *mut ev_periodic, now: ev_tstamp) -> ev_tstamp {
    choose(Chooser::InASecond, now)
}

unsafe extern "C" fn next_ten(_: *mut ev_periodic, now: ev_tstamp) -> ev_tstamp {
    choose(Chooser::NextTen, now)
}

unsafe extern "C" fn at_once(_: *mut ev_periodic, now: ev_tstamp) -> ev_tstamp {
    choose(Chooser::AtOnce, now)
}

impl<'a> Real<'a> {
    pub fn new(session: Session<'a>) -> Self {
        // SAFETY: all zero is a valid inactive watcher of each kind.
        let blank: Watcher = unsafe { MaybeUninit::zeroed().assume_init() };
        let watchers = (0..WATCHERS).map(|_| UnsafeCell::new(blank)).collect();
        let real = Self { session, raw: Cell::new(ptr::null_mut()), watchers };
        for id in 0..WATCHERS {
            // SAFETY: nobody else has it yet; `base` is what every watcher begins with.
            unsafe {
                let base = real.at::<ev_watcher>(id);
                (*base).cb = Some(callback);
                (*base).data = id as *mut _;
                if IOS.contains(&id) {
                    (*real.at::<ev_io>(id)).events = 1 | EV__IOFDSET;
                }
            }
        }
        real
    }

    fn at<W>(&self, id: usize) -> *mut W {
        self.watchers[id].get().cast()
    }

    pub fn into_trace(self) -> Vec<Event> {
        self.session.trace.into_inner()
    }

    /// The whole program, on a loop of its own.
    pub fn play(&self) {
        set_kernel(&KERNEL);
        CURRENT.set(ptr::from_ref(self).cast());
        // SAFETY: the watchers outlive the loop.
        unsafe {
            ev_set_syserr_cb(Some(failed));
            let raw = ev_loop_new(EVBACKEND_SELECT | EVFLAG_NOENV | EVFLAG_NOTIMERFD);
            assert!(!raw.is_null(), "no loop");
            self.raw.set(raw);
            ev_set_loop_release_cb(raw, Some(before_wait), None);
        }
        play(self);
        CURRENT.set(ptr::null());
    }

    fn start(&self, id: usize) {
        let raw = self.raw.get();
        // SAFETY: each id has one kind for ever.
        unsafe {
            match id {
                _ if TIMERS.contains(&id) => ev_timer_start(raw, self.at(id)),
                _ if PERIODICS.contains(&id) => ev_periodic_start(raw, self.at(id)),
                _ if IOS.contains(&id) => ev_io_start(raw, self.at(id)),
                _ if PREPARES.contains(&id) => ev_prepare_start(raw, self.at(id)),
                _ if CHECKS.contains(&id) => ev_check_start(raw, self.at(id)),
                _ => ev_idle_start(raw, self.at(id)),
            }
        }
    }

    fn stop(&self, id: usize) {
        let raw = self.raw.get();
        // SAFETY: as in start.
        unsafe {
            match id {
                _ if TIMERS.contains(&id) => ev_timer_stop(raw, self.at(id)),
                _ if PERIODICS.contains(&id) => ev_periodic_stop(raw, self.at(id)),
                _ if IOS.contains(&id) => ev_io_stop(raw, self.at(id)),
                _ if PREPARES.contains(&id) => ev_prepare_stop(raw, self.at(id)),
                _ if CHECKS.contains(&id) => ev_check_stop(raw, self.at(id)),
                _ => ev_idle_stop(raw, self.at(id)),
            }
        }
    }

    /// Writes to members of a watcher, as the header's macros do.
    fn set(&self, action: &Action) {
        // SAFETY: as in start.
        unsafe {
            match *action {
                Action::Priority(id, priority) => (*self.at::<ev_watcher>(id)).priority = priority,
                Action::SetTimer(id, after, repeat) => {
                    let w = self.at::<ev_timer>(id);
                    (*w).at = after;
                    (*w).repeat = repeat;
                }
                Action::SetRepeat(id, repeat) => (*self.at::<ev_timer>(id)).repeat = repeat,
                Action::SetPeriodic(id, offset, interval, chooser) => {
                    let w = self.at::<ev_periodic>(id);
                    (*w).offset = offset;
                    (*w).interval = interval;
                    (*w).reschedule_cb = match chooser {
                        Chooser::None => None,
                        Chooser::InASecond => Some(in_a_second),
                        Chooser::NextTen => Some(next_ten),
                        Chooser::AtOnce => Some(at_once),
                    };
                }
                Action::SetIo(id, fd, events) => {
                    let w = self.at::<ev_io>(id);
                    (*w).fd = fd;
                    (*w).events = events | EV__IOFDSET;
                }
                Action::ModifyIo(id, events) => {
                    let w = self.at::<ev_io>(id);
                    (*w).events = (*w).events & EV__IOFDSET | events;
                }
                _ => unreachable!("{action:?}"),
            }
        }
    }
}

impl System for Real<'_> {
    fn session(&self) -> &Session<'_> {
        &self.session
    }

    fn look(&self, id: usize) -> Look {
        // SAFETY: as in start; one that is not of a kind is not looked at as such.
        unsafe {
            let base = *self.at::<ev_watcher>(id);
            let mut look = Look {
                active: base.active != 0,
                pending: base.pending != 0,
                priority: base.priority,
                ..Look::default()
            };
            if TIMERS.contains(&id) {
                look.at = (*self.at::<ev_timer>(id)).at.to_bits();
                look.repeat = (*self.at::<ev_timer>(id)).repeat.to_bits();
            } else if PERIODICS.contains(&id) {
                look.at = (*self.at::<ev_periodic>(id)).at.to_bits();
            } else if IOS.contains(&id) {
                look.fd = (*self.at::<ev_io>(id)).fd;
                look.events = (*self.at::<ev_io>(id)).events;
            }
            look
        }
    }

    fn look_at_loop(&self) -> LoopLook {
        let raw = self.raw.get();
        // SAFETY: the loop is alive until finish.
        unsafe {
            ev_verify(raw);
            LoopLook {
                now: ev_now(raw).to_bits(),
                pending: ev_pending_count(raw),
                iteration: ev_iteration(raw),
                depth: ev_depth(raw),
            }
        }
    }

    fn act(&self, action: &Action) {
        let raw = self.raw.get();
        let session = &self.session;
        // SAFETY: the loop is alive until finish, and the watchers longer.
        unsafe {
            match *action {
                Action::Start(id) => self.start(id),
                Action::Stop(id) => self.stop(id),
                Action::Feed(id, revents) => ev_feed_event(raw, self.at(id), revents),
                Action::Clear(id) => session.note(Event::Result(ev_clear_pending(raw, self.at(id)).into())),
                Action::Invoke(id, revents) => {
                    session.invoke();
                    ev_invoke(raw, self.at(id), revents);
                }
                Action::TimerAgain(id) => ev_timer_again(raw, self.at(id)),
                Action::Remaining(id) => session.note(Event::Time(ev_timer_remaining(raw, self.at(id)).to_bits())),
                Action::PeriodicAgain(id) => ev_periodic_again(raw, self.at(id)),
                Action::FeedDescriptor(fd, revents) => ev_feed_fd_event(raw, fd, revents),
                Action::UpdateTime => ev_now_update(raw),
                Action::Suspend => ev_suspend(raw),
                Action::Resume => ev_resume(raw),
                Action::CollectIo(seconds) => ev_set_io_collect_interval(raw, seconds),
                Action::CollectTimeouts(seconds) => ev_set_timeout_collect_interval(raw, seconds),
                Action::Run(flags) => session.note(Event::Result(ev_run(raw, flags).into())),
                Action::InvokePending => ev_invoke_pending(raw),
                Action::Break(how) => ev_break(raw, how),
                Action::Reference => ev_ref(raw),
                Action::Unreference => ev_unref(raw),
                _ => self.set(action),
            }
        }
    }

    fn finish(&self) {
        // SAFETY: nobody uses it after this.
        unsafe { ev_loop_destroy(self.raw.replace(ptr::null_mut())) };
    }
}
