//! Backends: how the loop asks the kernel which descriptors are ready.
//!
//! A backend is told of changes (`modify`) and asked to wait (`wait`); it reports to its [`Host`] and knows nothing
//! else of the loop. The state of each is always there and a cell says which is in use, so that one can give way to
//! another in the middle of a wait.

mod epoll;
mod heat;
mod hot;
mod iouring;
mod linuxaio;
mod luck;
mod poll;
// Fuzzing: with the script in its place.
#[cfg_attr(fuzzing, path = "scripted.rs")]
mod select;

use core::cell::Cell;
use core::ffi::{CStr, c_int, c_short, c_uint};

use libc::{POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT};

use crate::abi::{
    EV_READ, EV_WRITE, EVBACKEND_EPOLL, EVBACKEND_IOURING, EVBACKEND_KQUEUE, EVBACKEND_LINUXAIO, EVBACKEND_POLL,
    EVBACKEND_PORT, EVBACKEND_SELECT,
};
use crate::diag;
use crate::mem;
use crate::text::text;

pub use heat::Heat;

/// What a backend keeps for a descriptor in the loop's table.
#[derive(Clone, Copy, Default)]
pub struct Note {
    /// Counts registrations, so that late events are known as such.
    pub generation: u32,
    /// What the kernel was asked for, as far as the backend knows.
    pub mask: u8,
    /// How steadily it was ready of late.
    pub heat: Heat,
}

/// The loop, as a backend sees it. A copied handle: a backend keeps nothing of it across a call.
pub trait Host: Copy {
    /// One more than the highest descriptor that was ever watched.
    fn descriptors(self) -> c_int;
    /// What is wanted of a descriptor: `EV_READ`, `EV_WRITE`, both or 0.
    fn wanted(self, fd: c_int) -> c_int;
    /// The backend's note on a descriptor.
    fn note(self, fd: c_int) -> Note;
    /// Both, looked up once.
    fn look(self, fd: c_int) -> (Note, c_int);
    /// Whether a change of a descriptor was not told yet.
    fn is_changing(self, fd: c_int) -> bool;
    /// Replaces the note.
    fn set_note(self, fd: c_int, note: Note);
    /// A descriptor is ready for `revents`; dropped if a change of it was not applied yet.
    fn report(self, fd: c_int, revents: c_int);
    /// The kernel does not take this descriptor, for this error: its watchers are stopped and told.
    fn kill(self, fd: c_int, error: c_int);
    /// The kernel found some descriptor closed: look for it, and kill it.
    fn kill_closed(self);
    /// The kernel has no memory for so many descriptors: give one up.
    fn kill_one(self);
    /// The kernel knows nothing any more: have every descriptor modified again, from 0, before the next wait.
    fn rearm_all(self);
    /// Something is out of step: call [`Backend::rebuild`] before the next wait.
    fn request_rebuild(self);
    /// Whether the program does something around each blocking call, such as giving other threads the loop meanwhile.
    fn lends_itself(self) -> bool;
    /// Whether a descriptor is the loop's own: such are quiet as a rule.
    fn is_own(self, fd: c_int) -> bool;
    /// The descriptor that is there to end a wait, and says nothing that the loop does not know without it; -1 if there is
    /// none, or watchers of the program's beside its own.
    fn waker(self) -> c_int;
    /// Whether [`Backend::rebuild`] will be called before the next wait.
    fn is_rebuild_due(self) -> bool;
    /// Before a blocking call.
    fn release(self);
    /// After it.
    fn acquire(self);
    /// A system call failed for good, with this error.
    fn syserr(self, message: &CStr, error: c_int);
}

/// Which backend is in use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No loop can run on this.
    None,
    Select,
    Poll,
    Epoll,
    LinuxAio,
    IoUring,
}

/// The state of all backends.
pub struct Backend {
    kind: Cell<Kind>,
    select: select::Select,
    poll: poll::Poll,
    epoll: epoll::Epoll,
    linuxaio: linuxaio::LinuxAio,
    iouring: iouring::IoUring,
    rebuilds: Cell<u32>,
}

/// Every backend that is built in, as `ev_supported_backends` says.
pub const SUPPORTED: c_uint = COMMON | EVBACKEND_LINUXAIO | EVBACKEND_IOURING;

/// What a loop is made on when the program names none.
pub const RECOMMENDED: c_uint = if cfg!(feature = "recommend-linuxaio") { COMMON | EVBACKEND_LINUXAIO } else { COMMON };

const COMMON: c_uint = EVBACKEND_SELECT | EVBACKEND_POLL | EVBACKEND_EPOLL;

/// What a loop may be made on to be embedded: backends with one descriptor that says that there is something to do.
pub const EMBEDDABLE: c_uint = EVBACKEND_EPOLL | EVBACKEND_KQUEUE | EVBACKEND_PORT | EVBACKEND_IOURING;

impl Backend {
    /// Makes the state at `place`.
    ///
    /// # Safety
    /// `place` is valid for a state that nobody uses.
    pub unsafe fn write_new(place: *mut Self) {
        // SAFETY: as the caller promises.
        unsafe {
            mem::write_in_place!(place: Backend {
                kind: Cell::new(Kind::None),
                select: select::Select::new(),
                poll: poll::Poll::new(),
                epoll: epoll::Epoll::new(),
                linuxaio: linuxaio::LinuxAio::new(),
                iouring: iouring::IoUring::new(),
                rebuilds: Cell::new(0),
            });
        }
    }

    /// Takes the first of `mask` that the kernel allows, best first. False: there is none.
    pub fn open(&self, mask: c_uint) -> bool {
        const ORDER: [(c_uint, Kind); 5] = [
            (EVBACKEND_IOURING, Kind::IoUring),
            (EVBACKEND_LINUXAIO, Kind::LinuxAio),
            (EVBACKEND_EPOLL, Kind::Epoll),
            (EVBACKEND_POLL, Kind::Poll),
            (EVBACKEND_SELECT, Kind::Select),
        ];
        for (bit, kind) in ORDER {
            if mask & bit != 0 && self.open_one(kind) {
                self.kind.set(kind);
                return true;
            }
        }
        false
    }

    fn open_one(&self, kind: Kind) -> bool {
        match kind {
            Kind::None => false,
            Kind::Select | Kind::Poll => true,
            Kind::Epoll => self.epoll.open(),
            Kind::LinuxAio => linuxaio::open(self),
            Kind::IoUring => iouring::open(self),
        }
    }

    /// The bit of the backend in use; 0 if there is none.
    pub fn bit(&self) -> c_uint {
        match self.kind.get() {
            Kind::None => 0,
            Kind::Select => EVBACKEND_SELECT,
            Kind::Poll => EVBACKEND_POLL,
            Kind::Epoll => EVBACKEND_EPOLL,
            Kind::LinuxAio => EVBACKEND_LINUXAIO,
            Kind::IoUring => EVBACKEND_IOURING,
        }
    }

    /// The name of the backend in use.
    pub fn name(&self) -> &'static CStr {
        match self.kind.get() {
            Kind::None => text!("nothing"),
            Kind::Select => text!("select"),
            Kind::Poll => text!("poll"),
            Kind::Epoll => text!("epoll"),
            Kind::LinuxAio => text!("linuxaio"),
            Kind::IoUring => text!("iouring"),
        }
    }

    /// The descriptor that becomes readable when the loop has something to do; -1 if the backend has none.
    pub fn descriptor<H: Host>(&self, host: H) -> c_int {
        match self.kind.get() {
            Kind::Epoll => self.epoll.lend_descriptor(host),
            Kind::IoUring => iouring::descriptor(self, host),
            _ => -1,
        }
    }

    /// The finest wait in seconds: no wait that should block is shorter.
    pub fn resolution(&self) -> f64 {
        match self.kind.get() {
            Kind::Select => 1e-6,
            _ => 1e-9,
        }
    }

    /// A sleep before the wait leaves at least this many seconds for the wait itself: the resolution of a wait in whole
    /// milliseconds, so that the last moments before a timer are not cut in two.
    pub fn worth_a_wait(&self) -> f64 {
        match self.kind.get() {
            Kind::Select => 1e-6,
            _ => 1e-3,
        }
    }

    /// Before a series of [`Self::modify`], also an empty one.
    pub fn begin_changes<H: Host>(&self, host: H) {
        match self.kind.get() {
            Kind::Epoll => self.epoll.begin_changes(host),
            Kind::LinuxAio => linuxaio::begin_changes(self, host),
            Kind::IoUring => iouring::begin_changes(self, host),
            Kind::Select => self.select.begin_changes(),
            Kind::None | Kind::Poll => {}
        }
    }

    /// What is wanted of `fd` changed from `old` to `new`, or `fd` may be another file now (`fresh`).
    pub fn modify<H: Host>(&self, host: H, fd: c_int, old: c_int, new: c_int, fresh: bool) {
        match self.kind.get() {
            Kind::None => {}
            Kind::Select => self.select.modify(host, fd, new),
            Kind::Poll => self.poll.modify(fd, new),
            Kind::Epoll => self.epoll.modify(host, fd, new, fresh),
            Kind::LinuxAio => linuxaio::modify(self, host, fd, old, new, fresh),
            Kind::IoUring => iouring::modify(self, host, fd, new, fresh),
        }
    }

    /// Waits for at most `seconds` and reports what is ready.
    pub fn wait<H: Host>(&self, host: H, seconds: f64) {
        match self.kind.get() {
            Kind::None => {}
            Kind::Select => self.select.wait(host, seconds),
            Kind::Poll => self.poll.wait(host, seconds),
            Kind::Epoll => self.epoll.wait(host, seconds),
            Kind::LinuxAio => linuxaio::wait(self, host, seconds),
            Kind::IoUring => iouring::wait(self, host, seconds),
        }
    }

    /// Has the kernel know all that was modified, without a wait: who waits for [`Self::descriptor`] needs that.
    pub fn flush<H: Host>(&self, host: H) {
        if self.kind.get() == Kind::IoUring {
            iouring::flush(self, host);
        }
    }

    /// Whether the process was noticed to be a forked child that shares kernel objects with its parent.
    #[inline(always)]
    pub fn is_foreign(&self) -> bool {
        match self.kind.get() {
            Kind::LinuxAio => self.linuxaio.is_foreign(),
            Kind::IoUring => self.iouring.is_foreign(),
            _ => false,
        }
    }

    /// How often it was rebuilt: its descriptor may be the same number for another file.
    pub fn rebuilds(&self) -> u32 {
        self.rebuilds.get()
    }

    /// Makes new kernel objects, after a fork or when something is out of step, and has all descriptors armed again.
    pub fn rebuild<H: Host>(&self, host: H) {
        self.rebuilds.set(self.rebuilds.get().wrapping_add(1));
        match self.kind.get() {
            Kind::None | Kind::Select | Kind::Poll => {}
            Kind::Epoll => self.epoll.rebuild(host),
            Kind::LinuxAio => linuxaio::rebuild(self, host),
            Kind::IoUring => iouring::rebuild(self, host),
        }
    }

    /// Closes kernel objects and gives all memory back. A backend that gave way to another has closed itself.
    pub fn close(&self) {
        match self.kind.replace(Kind::None) {
            Kind::None => {}
            Kind::Select => self.select.close(),
            Kind::Poll => self.poll.close(),
            Kind::Epoll => self.epoll.close(),
            Kind::LinuxAio => linuxaio::close(self),
            Kind::IoUring => iouring::close(self),
        }
    }
}

/// In turns: how often one that does not wait looks at nothing but [`Host::waker`].
const PATIENCE: u32 = 16;

/// A wait of `seconds`, which `ask` does; if the last ones found something at once, a look without a time-out first, which
/// is cheaper.
#[inline(always)]
fn ask_eagerly(glances: &luck::Luck, seconds: f64, ask: impl Fn(f64) -> Result<c_int, c_int>) -> Result<c_int, c_int> {
    if seconds > 0.0 && glances.try_it() {
        let result = ask(0.0);
        glances.came(result != Ok(0));
        if result != Ok(0) {
            return result;
        }
    }
    ask(seconds)
}

/// A wait on an array of descriptors failed.
fn wait_failed<H: Host>(host: H, error: c_int, message: &CStr) {
    match error {
        libc::EINTR => {}
        libc::EBADF => host.kill_closed(),
        libc::ENOMEM if !diag::has_syserr() => host.kill_one(),
        _ => host.syserr(message, error),
    }
}

/// Reports what poll's bits say of a descriptor; one that is not open is killed.
#[inline(never)]
fn report_polled<H: Host>(host: H, fd: c_int, bits: c_int) {
    let any = |some: c_short| bits & c_int::from(some) != 0;
    if any(POLLNVAL) {
        host.kill(fd, libc::EBADF);
    } else {
        host.report(fd, revents_of(any(POLLIN), any(POLLOUT), any(POLLERR | POLLHUP)));
    }
}

/// What poll calls `EV_READ` and `EV_WRITE`.
fn poll_bits(events: c_int) -> c_short {
    (if events & EV_READ != 0 { POLLIN } else { 0 }) | (if events & EV_WRITE != 0 { POLLOUT } else { 0 })
}

/// Error and hang-up conditions count as both readable and writable.
fn revents_of(readable: bool, writable: bool, broken: bool) -> c_int {
    (if readable || broken { EV_READ } else { 0 }) | (if writable || broken { EV_WRITE } else { 0 })
}
