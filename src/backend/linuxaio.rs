//! linuxaio: one-shot polls handed to the kernel's aio in one call per iteration, completions read from a shared ring
//! without any. What aio can't poll lives in an epoll set, which aio polls in turn.
//!
//! An armed request is known to the kernel by its address and holds its file open, so requests never move and a
//! descriptor that is no longer wanted is cancelled before the next wait. Every change makes a new generation; a
//! completion of an older one is late and ignored.
//!
//! REQUEST: chunks of requests are initialised, never move, and are freed when the kernel has none of them any more.
//!
//! A context that became too small is not destroyed at once, which would stop the loop for tens of milliseconds: its
//! requests are cancelled, and it is kept aside, empty, until the loop ends.

use core::cell::Cell;
use core::ffi::c_int;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use super::epoll::pack;
use super::hot::{self, Hot};
use super::{Backend, Host, Kind, Note, poll_bits};
use crate::abi::EV_READ;
use crate::checking;
use crate::diag;
use crate::mem;
use crate::mem::Arr;
use crate::sys;
use crate::sys::aio::{Context, Event, Iocb};
use crate::sys::incarnation::incarnation;
use crate::text::text;

/// Contexts are made for 15 requests at first, and then for twice as many and one more: with the ring's header such a
/// number fills whole fractions of a page. The kernel rounds up to at least a page (127 places).
const FIRST_SIZE: u32 = 15;
/// Requests per chunk: about a page.
const CHUNK: usize = 64;
/// Completions taken by one wait; the rest is read from the ring.
const BATCH: usize = 64;

/// Set once the kernel was seen to poll by aio, which it goes on doing.
static POLLS: AtomicBool = AtomicBool::new(false);

/// Where a descriptor is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nowhere: nothing is wanted of it.
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
struct Request {
    iocb: Iocb,
    generation: u32,
    place: Place,
    /// It is in the list of requests to be handed over, though it may not be queued any more.
    listed: bool,
    /// It must not be polled by aio.
    signalfd: bool,
    /// Whether it must not is to be found out: it may be another file than before.
    fresh: bool,
}

const IDLE: Request = Request {
    iocb: Iocb::poll(-1, 0, 0),
    generation: 0,
    place: Place::Idle,
    listed: false,
    signalfd: false,
    fresh: true,
};

/// The address of a descriptor's request. It does not move while the loop lives.
#[derive(Clone, Copy)]
struct RequestPtr(*mut Request);

impl RequestPtr {
    fn get(self) -> Request {
        // SAFETY: REQUEST.
        unsafe { self.0.read() }
    }

    fn change(self, change: impl FnOnce(&mut Request)) {
        // SAFETY: REQUEST; nobody else has a reference, and the kernel only compares the address.
        change(unsafe { &mut *self.0 });
    }

    fn iocb(self) -> *mut Iocb {
        // SAFETY: REQUEST; a place within it, no access.
        unsafe { &raw mut (*self.0).iocb }
    }
}

/// State of the backend.
pub struct LinuxAio {
    context: Cell<Option<Context>>,
    size: Cell<u32>,
    /// Empty contexts, to be destroyed at the end.
    retired: Arr<Context>,
    /// The process that the contexts belong to.
    owner: Cell<c_int>,
    /// Requests by descriptor: chunks that never move, null until needed.
    chunks: Arr<*mut Request>,
    /// Descriptors to hand over.
    queue: Arr<c_int>,
    /// The requests of one call.
    batch: Arr<*mut Iocb>,
    /// Where a wait writes.
    events: Arr<Event>,
    /// How many descriptors want something.
    wanted: Cell<u32>,
    /// Descriptors that are ready all the time, which are idle here.
    hot: Hot,
}

impl LinuxAio {
    pub const fn new() -> Self {
        Self {
            context: Cell::new(None),
            size: Cell::new(FIRST_SIZE),
            retired: Arr::new(),
            owner: Cell::new(0),
            chunks: Arr::new(),
            queue: Arr::new(),
            batch: Arr::new(),
            events: Arr::new(),
            wanted: Cell::new(0),
            // One costs more by aio than by poll.
            hot: Hot::new(1, false),
        }
    }

    /// Whether the process is a forked child of the one that made the contexts: they are the parent's, ring included.
    pub fn is_foreign(&self) -> bool {
        self.context.get().is_some() && self.owner.get() != incarnation()
    }

    /// The request of a descriptor, made if need be.
    fn request(&self, fd: c_int) -> RequestPtr {
        let (chunk, index) = (fd as usize / CHUNK, fd as usize % CHUNK);
        self.chunks.extend_to(chunk.wrapping_add(1), ptr::null_mut());
        let mut base = self.chunks.get(chunk).unwrap_or(ptr::null_mut());
        if base.is_null() {
            base = mem::allocate::<[Request; CHUNK]>().cast();
            for index in 0..CHUNK {
                // SAFETY: a new block for CHUNK requests.
                unsafe { base.add(index).write(IDLE) };
            }
            self.chunks.set(chunk, base);
        }
        // SAFETY: index < CHUNK.
        RequestPtr(unsafe { base.add(index) })
    }

    /// The request of a descriptor that has one.
    fn known(&self, fd: c_int) -> Option<RequestPtr> {
        let base = self.chunks.get(fd as usize / CHUNK).filter(|base| !base.is_null())?;
        // SAFETY: the index is below CHUNK.
        Some(RequestPtr(unsafe { base.add(fd as usize % CHUNK) }))
    }

    /// All requests that there are.
    fn for_each(&self, mut work: impl FnMut(RequestPtr)) {
        for chunk in 0..self.chunks.len() {
            if let Some(base) = self.chunks.get(chunk).filter(|base| !base.is_null()) {
                for index in 0..CHUNK {
                    // SAFETY: index < CHUNK.
                    work(RequestPtr(unsafe { base.add(index) }));
                }
            }
        }
    }

    /// Has a descriptor handed over before the next wait, for these events, as a new generation.
    fn enqueue(&self, request: RequestPtr, fd: c_int, events: u16) {
        let listed = request.get().listed;
        request.change(|request| {
            request.generation = request.generation.wrapping_add(1);
            request.iocb = Iocb::poll(fd, events, pack(fd, request.generation));
            request.place = Place::Queued;
            request.listed = true;
        });
        if !listed {
            self.queue.push(fd);
        }
    }

    /// Takes a descriptor away from the kernel, which lets its file go at once or, in a worker thread, soon after.
    fn withdraw(&self, request: RequestPtr) {
        if request.get().place == Place::Armed {
            if let Some(context) = self.context.get() {
                // SAFETY: REQUEST.
                unsafe { context.cancel(request.iocb()) };
            }
        }
        request.change(|request| {
            request.generation = request.generation.wrapping_add(1);
            request.place = Place::Idle;
        });
    }

    /// Makes a context of `size`, in this process.
    fn setup(&self, size: u32) -> Result<(), c_int> {
        let context = Context::setup(size)?;
        self.context.set(Some(context));
        self.size.set(size);
        self.owner.set(incarnation());
        Ok(())
    }

    /// Destroys all contexts, or forgets them if they are the parent's.
    fn drop_contexts(&self) {
        let foreign = self.is_foreign();
        let all = self.context.take().into_iter().chain(core::iter::from_fn(|| self.retired.pop()));
        for context in all {
            if foreign {
                context.forget();
            } else {
                context.destroy();
            }
        }
    }
}

/// Makes the context and the epoll set; false where the kernel has none or refuses polls by aio.
pub fn open(b: &Backend) -> bool {
    if !b.epoll.open() {
        return false;
    }
    match b.linuxaio.setup(FIRST_SIZE) {
        Err(error) => checking::tell(text!("no linuxaio: io_setup failed"), error),
        Ok(()) if can_poll(b) => return true,
        Ok(()) => checking::tell(text!("no linuxaio: io_submit takes no poll"), sys::errno()),
    }
    close(b);
    false
}

/// Has the epoll set polled, which is one more request of the next wait.
fn watch_set(b: &Backend) -> RequestPtr {
    let (aio, set) = (&b.linuxaio, b.epoll.descriptor());
    let request = aio.request(set);
    aio.enqueue(request, set, poll_bits(EV_READ) as u16);
    request
}

/// Whether this kernel's aio polls at all (4.19): for the first loop the epoll set's own poll is tried at once.
fn can_poll(b: &Backend) -> bool {
    let aio = &b.linuxaio;
    let request = watch_set(b);
    if POLLS.load(Ordering::Relaxed) {
        return true;
    }
    aio.queue.truncate(0);
    let mut iocb = request.iocb();
    let taken = aio.context.get().is_some_and(|context| {
        // SAFETY: REQUEST.
        sys::uninterrupted(|| unsafe { context.submit(&raw mut iocb, 1) }) == Ok(1)
    });
    request.change(|request| {
        request.listed = false;
        request.place = if taken { Place::Armed } else { Place::Idle };
    });
    POLLS.store(taken, Ordering::Relaxed);
    taken
}

pub fn modify<H: Host>(b: &Backend, host: H, fd: c_int, old: c_int, new: c_int, fresh: bool) {
    let aio = &b.linuxaio;
    aio.wanted.set(aio.wanted.get().wrapping_add(u32::from(new != 0)).wrapping_sub(u32::from(old != 0)));
    let request = aio.request(fd);
    if fresh {
        request.change(|request| request.fresh = true);
    }
    let note = host.note(fd);
    if note.mask & hot::MEMBER != 0 {
        aio.hot.modified(fd, note, new, fresh);
        return;
    }
    if request.get().place == Place::Epoll {
        b.epoll.remove(host, fd);
    }
    aio.withdraw(request);
    if new == 0 {
        return;
    }
    if aio.hot.wants(host, fd, note) {
        aio.hot.admit(host, fd, note, fresh);
    } else {
        arm(b, host, fd, new);
    }
}

/// Has the kernel report `events` of a descriptor that is idle. False if it refuses and the watchers were told.
fn arm<H: Host>(b: &Backend, host: H, fd: c_int, events: c_int) -> bool {
    let request = b.linuxaio.request(fd);
    if request.get().fresh {
        let signalfd = fd != host.waker() && sys::fd::may_be_signalfd(fd);
        request.change(|request| (request.signalfd, request.fresh) = (signalfd, false));
    }
    if request.get().signalfd {
        // Its wake-up carries no events, so the kernel would look in a worker thread, which has other signals.
        return move_to_epoll(b, host, request, fd, events);
    }
    b.linuxaio.enqueue(request, fd, poll_bits(events) as u16);
    true
}

/// Before changes are told: between release and acquire other threads may change what is asked for.
pub fn begin_changes<H: Host>(b: &Backend, host: H) {
    let hot = &b.linuxaio.hot;
    if !hot.is_empty() && host.lends_itself() {
        hot.empty(host);
        take_back(b, host);
    }
}

/// Descriptors that are steady are not handed over but asked for by poll.
#[inline(never)]
fn heat_up_steady<H: Host>(b: &Backend, host: H) {
    let aio = &b.linuxaio;
    aio.hot.admit_queued(host, &aio.queue, |fd| {
        let queued = aio.known(fd).filter(|request| request.get().place == Place::Queued);
        let Some(request) = queued.filter(|_| fd != b.epoll.descriptor()) else { return false };
        request.change(|request| request.place = Place::Idle);
        true
    });
}

/// Whether the wait must not block.
#[inline(never)]
fn ask_hot<H: Host>(b: &Backend, host: H) -> bool {
    let hot = &b.linuxaio.hot;
    let ready = hot.ask(host);
    let refused = take_back(b, host);
    hot.report_all(host);
    ready || refused
}

/// Members that left. Whether the kernel refused one and its watchers were told.
#[inline(never)]
fn take_back<H: Host>(b: &Backend, host: H) -> bool {
    let mut refused = false;
    while let Some((fd, wanted)) = b.linuxaio.hot.next_leaver() {
        refused |= !arm(b, host, fd, wanted);
    }
    refused
}

/// This descriptor alone is polled by epoll from now on, until it is modified again. False if epoll refuses it too.
fn move_to_epoll<H: Host>(b: &Backend, host: H, request: RequestPtr, fd: c_int, events: c_int) -> bool {
    request.change(|request| request.place = Place::Epoll);
    b.epoll.register(host, fd, events)
}

/// How handing over ended.
#[derive(PartialEq, Eq)]
enum Outcome {
    Done,
    /// Something is to be handled first: the wait must not block.
    Urgent,
    /// epoll has taken over.
    GivenUp,
}

/// Hands over all that is queued, in one call unless the kernel stops at one.
fn submit<H: Host>(b: &Backend, host: H) -> Outcome {
    let aio = &b.linuxaio;
    let mut outcome = Outcome::Done;
    let mut drained = false;
    fill_batch(aio);
    let mut at = 0;
    while at < aio.batch.len() {
        let Some(context) = aio.context.get() else { return give_up(b, host) };
        let left = aio.batch.len().wrapping_sub(at);
        // SAFETY: REQUEST; the batch holds `left` pointers from there on.
        match unsafe { context.submit(aio.batch.as_ptr().add(at), left) } {
            Ok(0) | Err(libc::EINTR) => {}
            Ok(taken) => {
                for index in at..at.wrapping_add(taken) {
                    if let Some(request) = in_batch(aio, index) {
                        request.change(|request| request.place = Place::Armed);
                    }
                }
                at = at.wrapping_add(taken);
            }
            Err(error @ (libc::EINVAL | libc::EBADF)) => {
                if let Some(request) = in_batch(aio, at) {
                    if refuse(b, host, request, error) {
                        outcome = Outcome::Urgent;
                    }
                }
                at = at.wrapping_add(1);
            }
            Err(libc::EAGAIN) if !drained && context.has_ring() && !context.ring_is_empty() => {
                // Completions that nobody read yet take up places.
                drained = true;
                outcome = Outcome::Urgent;
                drain(b, host, context);
            }
            Err(libc::EAGAIN) => {
                drained = false;
                if !grow(b, host, context) {
                    return give_up(b, host);
                }
                fill_batch(aio);
                at = 0;
                outcome = Outcome::Urgent;
            }
            // Forbidden meanwhile.
            Err(libc::ENOSYS | libc::EPERM) => return give_up(b, host),
            Err(error) => {
                host.syserr(text!("(libev) linuxaio io_submit"), error);
                requeue_from(aio, at);
                return Outcome::Urgent;
            }
        }
    }
    outcome
}

/// Collects what is still queued. New entries may come into the queue from here on.
fn fill_batch(aio: &LinuxAio) {
    aio.batch.truncate(0);
    for index in 0..aio.queue.len() {
        let Some(request) = aio.queue.get(index).and_then(|fd| aio.known(fd)) else { continue };
        request.change(|request| request.listed = false);
        if request.get().place == Place::Queued {
            aio.batch.push(request.iocb());
        }
    }
    aio.queue.truncate(0);
}

/// The request of an entry of the batch: the iocb is its first member.
fn in_batch(aio: &LinuxAio, index: usize) -> Option<RequestPtr> {
    aio.batch.get(index).map(|iocb| RequestPtr(iocb.cast::<u8>().wrapping_sub(IOCB_OFFSET).cast()))
}

const IOCB_OFFSET: usize = core::mem::offset_of!(Request, iocb);

/// Tries the rest of the batch again in the next iteration.
fn requeue_from(aio: &LinuxAio, at: usize) {
    for index in at..aio.batch.len() {
        if let Some(request) = in_batch(aio, index) {
            let iocb = request.get().iocb;
            aio.enqueue(request, iocb.descriptor(), iocb.events());
        }
    }
}

/// The kernel does not take this one: aio can't poll it (EINVAL), or it is closed (EBADF). True if watchers were told.
fn refuse<H: Host>(b: &Backend, host: H, request: RequestPtr, error: c_int) -> bool {
    let fd = request.get().iocb.descriptor();
    request.change(|request| request.place = Place::Idle);
    if fd == b.epoll.descriptor() {
        // Closed under us by the program: all must be made anew.
        host.request_rebuild();
        return true;
    }
    if error == libc::EINVAL {
        return !move_to_epoll(b, host, request, fd, host.wanted(fd)) || b.epoll.has_always_ready();
    }
    host.kill(fd, error);
    true
}

/// A larger context: of the next size that holds all descriptors, in one step. False if the system has no more.
fn grow<H: Host>(b: &Backend, host: H, old: Context) -> bool {
    let aio = &b.linuxaio;
    if old.has_ring() {
        drain(b, host, old);
    }
    // One more for the epoll set.
    let needed = aio.wanted.get().saturating_add(1);
    let mut size = aio.size.get();
    loop {
        size = size.saturating_mul(2).saturating_add(1);
        if size >= needed {
            break;
        }
    }
    // Back from the old context, whose late completions nobody will read.
    aio.for_each(|request| {
        let Request { place, iocb, .. } = request.get();
        if matches!(place, Place::Armed | Place::Queued) {
            aio.withdraw(request);
            aio.enqueue(request, iocb.descriptor(), iocb.events());
        }
    });
    if aio.setup(size).is_ok() {
        aio.retired.push(old);
        return true;
    }
    // At the machine's limit: what the old contexts hold must be given back first, slow as that is.
    aio.drop_contexts();
    aio.setup(size).is_ok()
}

/// epoll takes over for good.
fn give_up<H: Host>(b: &Backend, host: H) -> Outcome {
    checking::tell(text!("linuxaio gives way to epoll: no larger context"), sys::errno());
    let aio = &b.linuxaio;
    aio.drop_contexts();
    aio.hot.forget(host);
    release(aio);
    b.kind.set(Kind::Epoll);
    host.rearm_all();
    Outcome::GivenUp
}

/// Handles all that the ring holds; whether there was anything.
fn drain<H: Host>(b: &Backend, host: H, context: Context) -> bool {
    let mut any = false;
    context.drain_ring(|event| any |= complete(b, host, event));
    any
}

/// One completion. True unless it is late.
fn complete<H: Host>(b: &Backend, host: H, event: Event) -> bool {
    let aio = &b.linuxaio;
    let fd = event.data as u32 as c_int;
    let Some(request) = aio.known(fd) else { return false };
    let Request { generation, place, iocb, .. } = request.get();
    if place != Place::Armed || pack(fd, generation) != event.data {
        return false;
    }
    // One-shot: to be armed again before the next wait, unless a callback changes that.
    aio.enqueue(request, fd, iocb.events());
    if fd == b.epoll.descriptor() {
        b.epoll.wait_quietly(host);
        return true;
    }
    let note = host.note(fd);
    host.set_note(fd, Note { heat: note.heat.ready(aio.hot.turn()), ..note });
    let bits = if event.result < 0 { c_int::from(libc::POLLNVAL) } else { event.result as c_int };
    super::report_polled(host, fd, bits);
    true
}

#[inline(never)]
pub fn wait<H: Host>(b: &Backend, host: H, seconds: f64) {
    let aio = &b.linuxaio;
    heat_up_steady(b, host);
    aio.hot.begin_turn();
    let ready = !aio.hot.is_empty() && ask_hot(b, host);
    let seconds = match submit(b, host) {
        Outcome::Done if ready => 0.0,
        Outcome::Done => seconds,
        Outcome::Urgent => 0.0,
        // Of the new backend nothing is armed yet: it waits in the next iteration.
        Outcome::GivenUp => return,
    };
    let always_ready = b.epoll.has_always_ready();
    if let Some(context) = aio.context.get() {
        collect(b, host, context, if always_ready { 0.0 } else { seconds });
    }
    if always_ready {
        b.epoll.wait_quietly(host);
    }
}

/// Completions: from the ring if it holds any, else by a call that may wait.
fn collect<H: Host>(b: &Backend, host: H, context: Context, seconds: f64) {
    let ring = context.has_ring();
    // What a thread got that was then cancelled in the wait.
    let left = take_filled(b, host) != 0;
    if ring && (drain(b, host, context) || left || seconds <= 0.0) {
        return;
    }
    let mut seconds = if left { 0.0 } else { seconds };
    loop {
        b.linuxaio.events.extend_to(BATCH, Event::NONE);
        let events = b.linuxaio.events.as_ptr();
        let least = usize::from(seconds > 0.0);
        host.release();
        // SAFETY: room for BATCH events, used by nothing else until they are handled.
        let result = unsafe { context.wait(least, events, BATCH, seconds) };
        host.acquire();
        match result {
            Ok(_) | Err(libc::EINTR) => {}
            Err(error) => {
                host.syserr(text!("(libev) linuxaio io_getevents"), error);
                return;
            }
        }
        let count = take_filled(b, host);
        if ring {
            drain(b, host, context);
            return;
        }
        if count < BATCH {
            return;
        }
        // Without a ring what is left is asked for, not waited for.
        seconds = 0.0;
    }
}

/// Handles what the kernel wrote to the batch of events; how many. All others are empty always.
fn take_filled<H: Host>(b: &Backend, host: H) -> usize {
    for index in 0..BATCH {
        let event = b.linuxaio.events.get(index).unwrap_or(Event::NONE);
        if !event.is_filled() {
            return index;
        }
        b.linuxaio.events.set(index, Event::NONE);
        complete(b, host, event);
    }
    BATCH
}

/// After a fork in the child a new context; otherwise all requests anew in the same one.
pub fn rebuild<H: Host>(b: &Backend, host: H) {
    let aio = &b.linuxaio;
    if aio.is_foreign() {
        aio.drop_contexts();
        while let Err(error) = aio.setup(FIRST_SIZE) {
            if !diag::has_syserr() {
                give_up(b, host);
                b.epoll.rebuild(host);
                return;
            }
            host.syserr(text!("(libev) linuxaio io_setup"), error);
        }
        aio.for_each(|request| request.change(|request| request.place = Place::Idle));
    }
    aio.hot.forget(host);
    aio.for_each(|request| aio.withdraw(request));
    // rearm_all has them modified again from 0.
    aio.wanted.set(0);
    b.epoll.rebuild(host);
    watch_set(b);
}

/// Gives memory back.
fn release(aio: &LinuxAio) {
    while let Some(chunk) = aio.chunks.pop() {
        // SAFETY: from allocate in `request`, or null; no request is with the kernel any more.
        unsafe { mem::release(chunk) };
    }
    aio.chunks.release();
    aio.queue.release();
    aio.batch.release();
    aio.events.release();
    aio.retired.release();
    aio.hot.release();
}

/// And the epoll set.
pub fn close(b: &Backend) {
    b.linuxaio.drop_contexts();
    release(&b.linuxaio);
    b.epoll.close();
}
