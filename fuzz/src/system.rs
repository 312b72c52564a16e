//! What the library and the model have in common: the trace, and what a callback does.

use std::cell::{Cell, RefCell};

use ferroev_core::fuzzing::{EVBREAK_ALL, ev_tstamp};

use crate::kernel::Kernel;
use crate::program::{Action, Program, WAITS};

/// One watcher as a program sees it. Times are compared by their bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    pub active: bool,
    pub pending: bool,
    pub priority: i32,
    pub at: u64,
    pub repeat: u64,
    pub fd: i32,
    pub events: i32,
}

/// The loop as a program sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopLook {
    pub now: u64,
    pub pending: u32,
    pub iteration: u32,
    pub depth: u32,
}

/// What a program, and the kernel, could tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A callback; `invoked` by hand rather than from the queue.
    Called {
        id: usize,
        revents: i32,
        invoked: bool,
        watcher: Look,
        of_loop: LoopLook,
    },
    Returned {
        id: usize,
    },
    /// What a call returned.
    Result(i64),
    Time(u64),
    Looks(Vec<Look>, LoopLook),
    /// The backend was told.
    Modified(i32, i32),
    Waited(u64),
    Slept(u64),
    Syserr,
}

/// The run of a program on one side.
pub struct Session<'a> {
    pub program: &'a Program,
    pub kernel: RefCell<Kernel>,
    pub trace: RefCell<Vec<Event>>,
    next: Cell<usize>,
    waits: Cell<usize>,
    invoking: Cell<bool>,
}

impl<'a> Session<'a> {
    pub fn new(program: &'a Program) -> Self {
        Self {
            program,
            kernel: RefCell::new(Kernel::new()),
            trace: RefCell::default(),
            next: Cell::new(0),
            waits: Cell::new(0),
            invoking: Cell::new(false),
        }
    }

    pub fn note(&self, event: Event) {
        self.trace.borrow_mut().push(event);
    }

    pub fn next_action(&self) -> Option<&'a Action> {
        let action = self.program.actions.get(self.next.get())?;
        self.next.set(self.next.get() + 1);
        Some(action)
    }

    /// The next callback is called by hand.
    pub fn invoke(&self) {
        self.invoking.set(true);
    }

    pub fn modify(&self, fd: i32, events: i32) -> i32 {
        self.note(Event::Modified(fd, events));
        self.kernel.borrow().modify(fd, events)
    }

    pub fn wait(&self, seconds: ev_tstamp) {
        self.note(Event::Waited(seconds.to_bits()));
        self.kernel.borrow_mut().wait(self.program, seconds);
    }

    pub fn sleep(&self, seconds: ev_tstamp) {
        self.note(Event::Slept(seconds.to_bits()));
        self.kernel.borrow_mut().monotonic += seconds;
    }
}

/// The library or the model.
pub trait System {
    fn session(&self) -> &Session<'_>;
    fn look(&self, id: usize) -> Look;
    fn look_at_loop(&self) -> LoopLook;
    /// Does something that is legal.
    fn act(&self, action: &Action);
    fn finish(&self);
}

/// Whether a program may do that now.
fn is_legal(system: &dyn System, action: &Action) -> bool {
    match *action {
        Action::Priority(id, _) => !system.look(id).active && !system.look(id).pending,
        Action::SetTimer(id, ..) | Action::SetIo(id, ..) | Action::ModifyIo(id, _) => !system.look(id).active,
        _ => true,
    }
}

/// Does one action that concerns the kernel, or has the system do it.
fn perform(system: &dyn System, action: &Action) {
    if !is_legal(system, action) {
        return;
    }
    let kernel = &system.session().kernel;
    match *action {
        Action::Return => {}
        Action::Open(fd, open) => kernel.borrow_mut().set_open(fd, open),
        Action::Refuse(fd, error) => kernel.borrow_mut().refuse(fd, error),
        Action::Advance(seconds) => kernel.borrow_mut().monotonic += seconds,
        Action::JumpClock(seconds) => kernel.borrow_mut().difference += seconds,
        _ => system.act(action),
    }
}

/// What every callback does: up to three things.
pub fn called(system: &dyn System, id: usize, revents: i32) {
    let session = system.session();
    let invoked = session.invoking.replace(false);
    session.note(Event::Called { id, revents, invoked, watcher: system.look(id), of_loop: system.look_at_loop() });
    for _ in 0..3 {
        match session.next_action() {
            None | Some(Action::Return) => break,
            Some(action) => perform(system, action),
        }
    }
    session.note(Event::Returned { id });
}

/// What the release callback does, just before a wait; once the program had its share of them, it ends all runs.
pub fn about_to_wait(system: &dyn System) {
    let session = system.session();
    session.waits.set(session.waits.get() + 1);
    if session.waits.get() > WAITS {
        return system.act(&Action::Break(EVBREAK_ALL));
    }
    let next = session.kernel.borrow().next_wait(session.program);
    for action in next.iter().flat_map(|wait| &wait.before) {
        perform(system, action);
    }
}

/// The whole program.
pub fn play(system: &dyn System) {
    let session = system.session();
    while let Some(action) = session.next_action() {
        perform(system, action);
        let looks = (0..crate::program::WATCHERS).map(|id| system.look(id)).collect();
        session.note(Event::Looks(looks, system.look_at_loop()));
    }
    system.finish();
}
