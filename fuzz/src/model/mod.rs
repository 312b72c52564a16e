//! What the library should do, in the plainest Rust: no heap, no chain, no index that a watcher carries.

mod descriptors;
mod pending;
mod timers;

use std::cell::{Cell, RefCell};

use ferroev_core::fuzzing::{
    EV__IOFDSET, EV_CHECK, EV_IDLE, EV_PERIODIC, EV_PREPARE, EV_READ, EV_TIMER, EVBREAK_CANCEL, EVBREAK_ONE,
    EVRUN_NOWAIT, EVRUN_ONCE,
};

use crate::program::{Action, CHECKS, Chooser, IDLES, IOS, PERIODICS, PREPARES, TIMERS, WATCHERS};
use crate::system::{Event, Look, LoopLook, Session, System, about_to_wait, called};
pub use timers::choose;

#[derive(Clone)]
struct Watcher {
    active: bool,
    priority: i32,
    at: f64,
    repeat: f64,
    offset: f64,
    interval: f64,
    chooser: Chooser,
    fd: i32,
    events: i32,
}

pub struct Model<'a> {
    session: Session<'a>,
    /// What the library did: only looked at where the order is open.
    seen: &'a [Event],
    /// Where the trace first met such a place.
    tied: Cell<Option<usize>>,
    watchers: RefCell<Vec<Watcher>>,
    pending: RefCell<pending::Pending>,
    clock: RefCell<timers::Clock>,
    table: RefCell<descriptors::Table>,
    /// Active prepare, check and idle watchers, each kind in list order.
    lists: RefCell<Vec<usize>>,
    active: Cell<i32>,
    depth: Cell<u32>,
    iteration: Cell<u32>,
    breaking: Cell<i32>,
    io_collect: Cell<f64>,
    timeout_collect: Cell<f64>,
}

impl<'a> Model<'a> {
    pub fn new(session: Session<'a>, seen: &'a [Event]) -> Self {
        let blank = Watcher {
            active: false,
            priority: 0,
            at: 0.0,
            repeat: 0.0,
            offset: 0.0,
            interval: 0.0,
            chooser: Chooser::None,
            fd: 0,
            events: 0,
        };
        let mut watchers = vec![blank; WATCHERS];
        watchers[IOS].iter_mut().for_each(|w| w.events = EV_READ | EV__IOFDSET);
        let model = Self {
            session,
            seen,
            tied: Cell::new(None),
            watchers: RefCell::new(watchers),
            pending: RefCell::default(),
            clock: RefCell::default(),
            table: RefCell::new(descriptors::Table::new()),
            lists: RefCell::default(),
            active: Cell::new(0),
            depth: Cell::new(0),
            iteration: Cell::new(0),
            breaking: Cell::new(EVBREAK_CANCEL),
            io_collect: Cell::new(0.0),
            timeout_collect: Cell::new(0.0),
        };
        model.start_clock();
        model
    }

    /// And from where on the library was free in what it did.
    pub fn into_trace(self) -> (Vec<Event>, Option<usize>) {
        (self.session.trace.into_inner(), self.tied.get())
    }

    fn note_tie(&self) {
        if self.tied.get().is_none() {
            self.tied.set(Some(self.session.trace.borrow().len()));
        }
    }

    /// How far from here the library called that watcher from its queue.
    fn next_call_seen(&self, id: usize) -> usize {
        let here = self.session.trace.borrow().len();
        let is_it = |event: &Event| matches!(event, Event::Called { id: other, invoked: false, .. } if *other == id);
        self.seen.iter().skip(here).position(is_it).unwrap_or(usize::MAX)
    }

    fn now(&self) -> f64 {
        self.clock.borrow().now
    }

    fn mono(&self) -> f64 {
        self.clock.borrow().mono
    }

    fn call(&self, id: usize, revents: i32) {
        called(self, id, revents);
    }

    fn start(&self, id: usize) {
        if self.watchers.borrow()[id].active {
            return;
        }
        if TIMERS.contains(&id) {
            let mono = self.mono();
            self.watchers.borrow_mut()[id].at += mono;
        } else if PERIODICS.contains(&id) {
            self.compute_periodic(id);
        } else if IOS.contains(&id) {
            self.start_io(id);
        } else {
            self.lists.borrow_mut().push(id);
        }
        let w = &mut self.watchers.borrow_mut()[id];
        w.priority = w.priority.clamp(-2, 2);
        w.active = true;
        self.active.set(self.active.get() + 1);
    }

    fn stop(&self, id: usize) {
        self.pending.borrow_mut().clear(id);
        if !self.watchers.borrow()[id].active {
            return;
        }
        if TIMERS.contains(&id) {
            let mono = self.mono();
            self.watchers.borrow_mut()[id].at -= mono;
        } else if IOS.contains(&id) {
            self.stop_io(id);
        } else if !PERIODICS.contains(&id) {
            self.unlist(id);
        }
        self.watchers.borrow_mut()[id].active = false;
        self.active.set(self.active.get() - 1);
    }

    /// Which list a hook or idle watcher is in.
    fn list_of(&self, id: usize) -> (usize, i32) {
        let priority = if IDLES.contains(&id) { self.watchers.borrow()[id].priority } else { 0 };
        ([PREPARES, CHECKS, IDLES].iter().position(|kind| kind.contains(&id)).expect("a listed kind"), priority)
    }

    fn members(&self, list: (usize, i32)) -> Vec<usize> {
        self.lists.borrow().iter().copied().filter(|&id| self.list_of(id) == list).collect()
    }

    /// The last of the list takes the place.
    fn unlist(&self, id: usize) {
        let last = *self.members(self.list_of(id)).last().expect("it is listed");
        let mut lists = self.lists.borrow_mut();
        lists.retain(|&other| other != last || last == id);
        let place = lists.iter().position(|&other| other == id).expect("it is listed");
        if last == id {
            lists.remove(place);
        } else {
            lists[place] = last;
        }
    }

    fn feed_list(&self, list: (usize, i32), event: i32) {
        for id in self.members(list) {
            self.feed(id, event);
        }
    }

    fn feed_idle(&self) {
        for priority in (-2..=2).rev() {
            if self.pending.borrow().any_from(pending::level(priority)) {
                return;
            }
            if !self.members((2, priority)).is_empty() {
                return self.feed_list((2, priority), EV_IDLE);
            }
        }
    }

    fn run(&self, flags: i32) -> i32 {
        self.depth.set(self.depth.get() + 1);
        self.breaking.set(EVBREAK_CANCEL);
        self.invoke_pending();
        loop {
            self.iterate(flags);
            let once = flags & (EVRUN_ONCE | EVRUN_NOWAIT) != 0;
            if self.active.get() == 0 || self.breaking.get() != EVBREAK_CANCEL || once {
                break;
            }
        }
        if self.breaking.get() == EVBREAK_ONE {
            self.breaking.set(EVBREAK_CANCEL);
        }
        self.depth.set(self.depth.get() - 1);
        self.active.get()
    }

    fn iterate(&self, flags: i32) {
        self.feed_list((0, 0), EV_PREPARE);
        if !self.members((0, 0)).is_empty() {
            self.invoke_pending();
        }
        if self.breaking.get() != EVBREAK_CANCEL {
            return;
        }
        self.apply_changes();
        self.wait(flags);
        self.expire_timers(EV_TIMER);
        self.expire_periodics(EV_PERIODIC);
        self.feed_idle();
        self.feed_list((1, 0), EV_CHECK);
        self.invoke_pending();
    }

    fn wait(&self, flags: i32) {
        let before = self.mono();
        self.update_time();
        let any_idle = self.lists.borrow().iter().any(|id| IDLES.contains(id));
        let at_once = flags & EVRUN_NOWAIT != 0 || any_idle || self.active.get() == 0 || self.table.borrow().urgent;
        let seconds = if at_once { 0.0 } else { self.nap(self.time_to_wait(), before) };
        self.iteration.set(self.iteration.get() + 1);
        about_to_wait(self);
        self.session.wait(seconds);
        let said: Vec<_> = self.session.kernel.borrow_mut().said.drain(..).collect();
        said.into_iter().for_each(|said| self.heed(said));
        self.table.borrow_mut().urgent = false;
        self.update_time();
    }

    fn time_to_wait(&self) -> f64 {
        let mut least = 59.743_f64;
        if let Some(at) = self.first_due(TIMERS) {
            least = least.min(at - self.mono());
        }
        if let Some(at) = self.first_due(PERIODICS) {
            least = least.min(at - self.now());
        }
        least = least.max(self.timeout_collect.get());
        // The backend counts in microseconds.
        if least > 0.0 { least.max(1e-6) } else { 0.0 }
    }

    /// Sleeps for the rest of the collect interval, but not past the time to wait. What is left of that.
    fn nap(&self, seconds: f64, before: f64) -> f64 {
        let rest = self.io_collect.get() - (self.mono() - before);
        let nap = rest.min(seconds - 1e-6);
        if self.io_collect.get() <= 0.0 || nap <= 0.0 {
            return seconds;
        }
        self.session.sleep(nap);
        (seconds - nap).max(0.0)
    }

    /// Writes to members of a watcher.
    fn set(&self, action: &Action) {
        let mut watchers = self.watchers.borrow_mut();
        match *action {
            Action::Priority(id, priority) => watchers[id].priority = priority,
            Action::SetTimer(id, at, repeat) => (watchers[id].at, watchers[id].repeat) = (at, repeat),
            Action::SetRepeat(id, repeat) => watchers[id].repeat = repeat,
            Action::SetPeriodic(id, offset, interval, chooser) => {
                let w = &mut watchers[id];
                (w.offset, w.interval, w.chooser) = (offset, interval, chooser);
            }
            Action::SetIo(id, fd, events) => (watchers[id].fd, watchers[id].events) = (fd, events | EV__IOFDSET),
            Action::ModifyIo(id, events) => watchers[id].events = watchers[id].events & EV__IOFDSET | events,
            _ => unreachable!("{action:?}"),
        }
    }
}

impl System for Model<'_> {
    fn session(&self) -> &Session<'_> {
        &self.session
    }

    fn look(&self, id: usize) -> Look {
        let w = &self.watchers.borrow()[id];
        Look {
            active: w.active,
            pending: self.pending.borrow().holds(id),
            priority: w.priority,
            at: w.at.to_bits(),
            repeat: w.repeat.to_bits(),
            fd: w.fd,
            events: w.events,
        }
    }

    fn look_at_loop(&self) -> LoopLook {
        LoopLook {
            now: self.now().to_bits(),
            pending: self.pending.borrow().count(),
            iteration: self.iteration.get(),
            depth: self.depth.get(),
        }
    }

    fn act(&self, action: &Action) {
        match *action {
            Action::Start(id) => self.start(id),
            Action::Stop(id) => self.stop(id),
            Action::Feed(id, revents) => self.feed(id, revents),
            Action::Clear(id) => {
                let revents = self.pending.borrow_mut().clear(id);
                self.session.note(Event::Result(revents.into()));
            }
            Action::Invoke(id, revents) => {
                self.session.invoke();
                self.call(id, revents);
            }
            Action::TimerAgain(id) => self.again_timer(id),
            Action::Remaining(id) => self.session.note(Event::Time(self.remaining(id).to_bits())),
            Action::PeriodicAgain(id) => {
                self.stop(id);
                self.start(id);
            }
            Action::FeedDescriptor(fd, revents) => self.feed_descriptor(fd, revents),
            Action::UpdateTime | Action::Suspend => self.update_time(),
            Action::Resume => self.resume(),
            Action::CollectIo(seconds) => self.io_collect.set(seconds),
            Action::CollectTimeouts(seconds) => self.timeout_collect.set(seconds),
            Action::Run(flags) => {
                let active = self.run(flags);
                self.session.note(Event::Result(active.into()));
            }
            Action::InvokePending => self.invoke_pending(),
            Action::Break(how) => self.breaking.set(how),
            Action::Reference => self.active.set(self.active.get() + 1),
            Action::Unreference => self.active.set(self.active.get() - 1),
            _ => self.set(action),
        }
    }

    fn finish(&self) {}
}
