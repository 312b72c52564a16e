//! io_uring: one-shot polls handed over by the very call that waits, completions read from a shared ring without any.
//!
//! An armed poll holds its file open, so that a descriptor that is no longer wanted is cancelled by the next call, before
//! its wait. Every poll has a generation; a completion of an older one is late and ignored.
//!
//! A one-shot poll that is ready at once costs three times what poll(2) takes to find that out. So poll has the
//! descriptors that are ready all the time: see `hot`. What io_uring can't poll lives in an epoll set, which it polls in
//! turn.

use core::cell::Cell;
use core::ffi::c_int;

use libc::POLLNVAL;

use super::epoll::pack;
use super::hot::{self, Hot};
use super::{Backend, Host, Kind, Note, poll_bits};
use crate::abi::EV_READ;
use crate::checking;
use crate::mem::Arr;
use crate::sys;
use crate::sys::incarnation::incarnation;
use crate::sys::uring::{self, Completion, Entry, Ring};
use crate::text::text;

/// In the data of a cancellation.
const NO_DESCRIPTOR: c_int = -1;
/// So many threads have a ring of the best kind made anew for them; the next one gets a ring for all.
const HANDOVERS: u8 = 4;

/// Where a descriptor is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nowhere: nothing is wanted of it, or poll has it.
    Idle,
    /// To be handed over before the next wait.
    Queued,
    /// With the kernel.
    Armed,
    /// In the epoll set.
    Epoll,
}

/// What belongs to one descriptor.
#[derive(Clone, Copy)]
struct Slot {
    generation: u32,
    place: Place,
    /// It is in the queue, though it may not be queued any more.
    listed: bool,
    /// What is wanted.
    events: u8,
}

const IDLE: Slot = Slot { generation: 0, place: Place::Idle, listed: false, events: 0 };

/// State of the backend.
pub struct IoUring {
    ring: Cell<Option<Ring>>,
    /// Which kind of ring is asked for.
    kind: Cell<usize>,
    handovers: Cell<u8>,
    /// The process that the ring belongs to.
    owner: Cell<c_int>,
    slots: Arr<Slot>,
    /// Descriptors to hand over.
    queue: Arr<c_int>,
    /// The data of polls to be cancelled.
    cancels: Arr<u64>,
    /// Descriptors that are ready all the time.
    hot: Hot,
    armed: Cell<u32>,
    /// How many completions are under way that say nothing.
    late: Cell<u32>,
}

impl IoUring {
    pub const fn new() -> Self {
        Self {
            ring: Cell::new(None),
            kind: Cell::new(uring::BEST),
            handovers: Cell::new(0),
            owner: Cell::new(0),
            slots: Arr::new(),
            queue: Arr::new(),
            cancels: Arr::new(),
            hot: Hot::new(1, false),
            armed: Cell::new(0),
            late: Cell::new(0),
        }
    }

    /// Whether the process is a forked child of the one that made the ring, which is the parent's.
    pub fn is_foreign(&self) -> bool {
        self.ring.get().is_some() && self.owner.get() != incarnation()
    }

    fn slot(&self, fd: c_int) -> Slot {
        self.slots.get(fd as usize).unwrap_or(IDLE)
    }

    fn change(&self, fd: c_int, change: impl FnOnce(&mut Slot)) {
        self.slots.update(fd as usize, change);
    }

    /// Has a descriptor handed over before the next wait.
    #[inline(never)]
    fn enqueue(&self, fd: c_int) {
        let listed = self.slot(fd).listed;
        self.change(fd, |slot| {
            slot.place = Place::Queued;
            slot.listed = true;
        });
        if !listed {
            self.queue.push(fd);
        }
    }

    /// Counts completions that say nothing but end a wait.
    fn expect_late(&self, count: u32) {
        self.late.set(self.late.get().wrapping_add(count));
    }

    fn one_was_late(&self) {
        self.late.set(self.late.get().saturating_sub(1));
    }

    fn setup(&self) -> Result<(), c_int> {
        self.ring.set(Some(Ring::setup(self.kind.get())?));
        self.owner.set(incarnation());
        Ok(())
    }

    fn drop_ring(&self) {
        let foreign = self.is_foreign();
        if let Some(ring) = self.ring.take() {
            ring.close(if foreign { 0 } else { self.armed.get() });
        }
        self.armed.set(0);
        self.late.set(0);
        self.cancels.truncate(0);
    }
}

pub fn open(b: &Backend) -> bool {
    match b.iouring.setup() {
        Ok(()) => true,
        Err(error) => {
            checking::tell(text!("no iouring: io_uring_setup failed"), error);
            false
        }
    }
}

/// The ring's, which must be of a kind that wakes who polls it.
pub fn descriptor<H: Host>(b: &Backend, host: H) -> c_int {
    let u = &b.iouring;
    u.hot.close();
    u.hot.empty(host);
    take_back(u);
    if u.kind.get() == uring::BEST {
        u.kind.set(uring::POLLED);
        if !replace_ring(b, host) {
            return b.epoll.lend_descriptor(host);
        }
    }
    u.ring.get().map_or(-1, |ring| ring.descriptor())
}

pub fn modify<H: Host>(b: &Backend, host: H, fd: c_int, new: c_int, fresh: bool) {
    let u = &b.iouring;
    let note = host.note(fd);
    if note.mask & hot::MEMBER != 0 {
        u.hot.modified(fd, note, new, fresh);
        return;
    }
    u.slots.extend_to((fd as usize).wrapping_add(1), IDLE);
    let slot = u.slot(fd);
    match slot.place {
        Place::Epoll => b.epoll.remove(host, fd),
        Place::Armed => {
            u.cancels.push(pack(fd, slot.generation));
            u.armed.set(u.armed.get().wrapping_sub(1));
        }
        Place::Idle | Place::Queued => {}
    }
    u.change(fd, |slot| {
        slot.place = Place::Idle;
        slot.events = new as u8;
    });
    if new == 0 {
        return;
    }
    // The epoll set's note, if it was there, is cleared by now.
    if u.hot.wants(host, fd, note) {
        u.hot.admit(host, fd, host.note(fd), fresh);
    } else {
        u.enqueue(fd);
    }
}

/// Before changes are told: between release and acquire other threads may change what is asked for.
pub fn begin_changes<H: Host>(b: &Backend, host: H) {
    let u = &b.iouring;
    if !u.hot.is_empty() && host.lends_itself() {
        u.hot.empty(host);
        take_back(u);
    }
}

/// Members that left are handed over before the next wait.
#[inline(never)]
fn take_back(u: &IoUring) {
    while let Some((fd, wanted)) = u.hot.next_leaver() {
        u.change(fd, |slot| slot.events = wanted as u8);
        u.enqueue(fd);
    }
}

/// Descriptors that are steady are not handed over but asked for by poll.
#[inline(never)]
fn heat_up_steady<H: Host>(b: &Backend, host: H) {
    let u = &b.iouring;
    u.hot.admit_queued(host, &u.queue, |fd| {
        if u.slot(fd).place != Place::Queued || fd == b.epoll.descriptor() {
            return false;
        }
        u.change(fd, |slot| slot.place = Place::Idle);
        true
    });
}

/// This descriptor alone is polled by epoll from now on, until it is modified again.
#[cold]
#[inline(never)]
fn move_to_epoll<H: Host>(b: &Backend, host: H, fd: c_int, error: c_int) {
    let u = &b.iouring;
    if b.epoll.descriptor() < 0 {
        if !b.epoll.open() {
            return host.kill(fd, error);
        }
        watch_set(b);
    }
    u.change(fd, |slot| slot.place = Place::Epoll);
    b.epoll.register(host, fd, host.wanted(fd));
}

/// Has the epoll set polled.
fn watch_set(b: &Backend) {
    let (u, set) = (&b.iouring, b.epoll.descriptor());
    u.slots.extend_to((set as usize).wrapping_add(1), IDLE);
    u.change(set, |slot| slot.events = EV_READ as u8);
    u.enqueue(set);
}

/// Appends an entry. Where there is no room the kernel is called, and if `handle`, what it completed meanwhile is handled.
#[inline(never)]
fn put<H: Host>(b: &Backend, host: H, ring: &Ring, entry: Entry, handle: bool) -> Result<bool, c_int> {
    let mut any = false;
    while !ring.push(entry) {
        sys::uninterrupted(|| ring.submit())?;
        if handle {
            any |= drain(b, host, ring);
        }
    }
    Ok(any)
}

#[inline(never)]
fn arm<H: Host>(b: &Backend, host: H, ring: &Ring, fd: c_int, handle: bool) -> Result<bool, c_int> {
    let u = &b.iouring;
    let slot = u.slot(fd);
    let generation = slot.generation.wrapping_add(1);
    let any = put(b, host, ring, Entry::poll(fd, poll_bits(slot.events.into()) as u16, pack(fd, generation)), handle)?;
    u.change(fd, |slot| {
        slot.generation = generation;
        slot.place = Place::Armed;
    });
    u.armed.set(u.armed.get().wrapping_add(1));
    Ok(any)
}

/// Makes entries of all that is queued. Whether anything was reported, if `handle`.
#[inline(never)]
fn hand_over<H: Host>(b: &Backend, host: H, ring: &Ring, handle: bool) -> Result<bool, c_int> {
    let u = &b.iouring;
    let mut any = false;
    while let Some(data) = u.cancels.get(u.cancels.len().wrapping_sub(1)) {
        any |= put(b, host, ring, Entry::cancel(ring, data, pack(NO_DESCRIPTOR, 0)), handle)?;
        u.cancels.pop();
        // Its own completion, and that of the poll that ends.
        u.expect_late(if ring.tells_failures_only() { 1 } else { 2 });
    }
    let count = u.queue.len();
    // What is added meanwhile is for the next turn. After a failure the next turn begins at the start again.
    for index in 0..count {
        let Some(fd) = u.queue.get(index) else { continue };
        u.change(fd, |slot| slot.listed = false);
        if u.slot(fd).place == Place::Queued {
            any |= arm(b, host, ring, fd, handle)?;
        }
    }
    for index in count..u.queue.len() {
        u.queue.set(index.wrapping_sub(count), u.queue.get(index).unwrap_or(NO_DESCRIPTOR));
    }
    u.queue.truncate(u.queue.len().wrapping_sub(count));
    Ok(any)
}

/// What poll's bits say of a descriptor.
fn tell<H: Host>(b: &Backend, host: H, fd: c_int, bits: c_int) {
    if fd != b.epoll.descriptor() {
        super::report_polled(host, fd, bits);
    } else if bits & c_int::from(POLLNVAL) != 0 {
        host.request_rebuild();
    } else {
        b.epoll.wait_quietly(host);
    }
}

/// Handles all completions; whether there was one that says anything.
#[inline(never)]
fn drain<H: Host>(b: &Backend, host: H, ring: &Ring) -> bool {
    let mut any = false;
    while let Some(completion) = ring.take() {
        any |= complete(b, host, ring, completion);
    }
    any
}

/// One completion. True unless it is late.
fn complete<H: Host>(b: &Backend, host: H, ring: &Ring, completion: Completion) -> bool {
    let u = &b.iouring;
    let fd = completion.data as u32 as c_int;
    if fd == NO_DESCRIPTOR {
        if !ring.tells_failures_only() {
            u.one_was_late();
        }
        return false;
    }
    let slot = u.slot(fd);
    if slot.place != Place::Armed || pack(fd, slot.generation) != completion.data {
        u.one_was_late();
        return false;
    }
    u.armed.set(u.armed.get().wrapping_sub(1));
    let note = host.note(fd);
    host.set_note(fd, Note { heat: note.heat.ready(u.hot.turn()), ..note });
    // One-shot: to be armed again before the next wait, unless a callback changes that.
    u.enqueue(fd);
    match completion.result.wrapping_neg() {
        ..=0 => tell(b, host, fd, completion.result),
        libc::EBADF => tell(b, host, fd, c_int::from(POLLNVAL)),
        // The thread that armed it has ended.
        libc::ECANCELED => return false,
        error => move_to_epoll(b, host, fd, error),
    }
    true
}

#[inline(never)]
pub fn wait<H: Host>(b: &Backend, host: H, seconds: f64) {
    let u = &b.iouring;
    heat_up_steady(b, host);
    u.hot.begin_turn();
    let ready = !u.hot.is_empty() && ask_hot(u, host);
    let always_ready = b.epoll.has_always_ready();
    let seconds = if always_ready || ready { 0.0 } else { seconds };
    while let Some(ring) = u.ring.get() {
        let Err(error) = turn(b, host, &ring, seconds) else { break };
        if !failed(b, host, error) {
            return;
        }
    }
    if always_ready {
        b.epoll.wait_quietly(host);
    }
}

/// Whether the wait must not block.
#[inline(never)]
fn ask_hot<H: Host>(u: &IoUring, host: H) -> bool {
    let ready = u.hot.ask(host);
    take_back(u);
    u.hot.report_all(host);
    ready
}

fn turn<H: Host>(b: &Backend, host: H, ring: &Ring, seconds: f64) -> Result<(), c_int> {
    let u = &b.iouring;
    let handed = hand_over(b, host, ring, true);
    let wait = handed == Ok(false) && seconds > 0.0 && !ring.has_completion();
    let mut result = handed.map(|_| ());
    if wait {
        // Those that say nothing must not end it.
        let least = u.late.get().wrapping_add(1);
        host.release();
        result = ring.wait(least, seconds);
        host.acquire();
    } else if result.is_ok() && (ring.queued() != 0 || ring.asks_for_a_call()) {
        result = ring.enter(0);
    }
    if let Err(libc::EINTR | libc::ETIME) = result {
        result = Ok(());
    }
    if let Ok(()) | Err(libc::EAGAIN | libc::EBUSY) = result {
        let nothing = !ring.has_completion();
        drain(b, host, ring);
        if wait && nothing {
            // All that were under way have come, or will end one wait too early.
            u.late.set(0);
        }
    }
    result
}

/// Hands over what changed, without a wait: the loop's descriptor is about to be waited for.
pub fn flush<H: Host>(b: &Backend, host: H) {
    let u = &b.iouring;
    if let Some(ring) = u.ring.get() {
        let result = match hand_over(b, host, &ring, false) {
            Ok(_) if ring.queued() != 0 => sys::uninterrupted(|| ring.submit()),
            other => other.map(|_| ()),
        };
        if let Err(error) = result {
            failed(b, host, error);
        }
    }
}

/// A new ring in this process, where all that was with the old one is queued. False: epoll has taken over.
#[inline(never)]
fn replace_ring<H: Host>(b: &Backend, host: H) -> bool {
    let u = &b.iouring;
    u.drop_ring();
    for fd in 0..u.slots.len() as c_int {
        if u.slot(fd).place == Place::Armed {
            u.enqueue(fd);
        }
    }
    match u.setup() {
        Ok(()) => true,
        Err(error) => {
            give_up(b, host, error);
            false
        }
    }
}

/// What comes of a call that failed. True: it is to be made again now.
#[cold]
#[inline(never)]
fn failed<H: Host>(b: &Backend, host: H, error: c_int) -> bool {
    let u = &b.iouring;
    match error {
        // Without memory for entries or completions it is tried again in the next iteration.
        libc::EAGAIN | libc::EBUSY => {}
        // Another thread than before runs the loop, which the best kind of ring does not allow.
        libc::EEXIST if u.kind.get() == uring::BEST => {
            u.handovers.set(u.handovers.get().wrapping_add(1));
            if u.handovers.get() > HANDOVERS {
                u.kind.set(uring::SHARED);
            }
            return replace_ring(b, host);
        }
        // Closed by the program, and perhaps another file by now.
        libc::EBADF | libc::EOPNOTSUPP => {
            if let Some(ring) = u.ring.take() {
                ring.forget();
            }
            host.request_rebuild();
        }
        // Forbidden meanwhile.
        libc::ENOSYS | libc::EPERM | libc::EACCES => give_up(b, host, error),
        _ => host.syserr(text!("(libev) iouring io_uring_enter"), error),
    }
    false
}

/// epoll takes over for good.
#[cold]
#[inline(never)]
fn give_up<H: Host>(b: &Backend, host: H, error: c_int) {
    checking::tell(text!("iouring gives way to epoll"), error);
    b.iouring.hot.forget(host);
    release(&b.iouring);
    b.rebuilds.set(b.rebuilds.get().wrapping_add(1));
    b.kind.set(Kind::Epoll);
    b.epoll.rebuild(host);
}

/// A new ring, and all descriptors anew.
#[inline(never)]
pub fn rebuild<H: Host>(b: &Backend, host: H) {
    let u = &b.iouring;
    u.slots.truncate(0);
    u.queue.truncate(0);
    u.hot.forget(host);
    if !replace_ring(b, host) {
        return;
    }
    if b.epoll.descriptor() < 0 {
        host.rearm_all();
    } else {
        b.epoll.rebuild(host);
        watch_set(b);
    }
}

/// And the epoll set, if there is one.
pub fn close(b: &Backend) {
    release(&b.iouring);
    if b.epoll.descriptor() >= 0 {
        b.epoll.close();
    }
}

fn release(u: &IoUring) {
    u.drop_ring();
    u.slots.release();
    u.queue.release();
    u.cancels.release();
    u.hot.release();
}
