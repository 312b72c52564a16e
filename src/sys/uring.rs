//! The kernel's io_uring: its structures, its two calls, and the rings that it shares with user space.
//!
//! Entries go into one ring and are handed over by a call; completions come out of the other without any.
//!
//! MAPPED: the rings are mapped, laid out as io_uring_setup said, until the handle is closed or forgotten. Of each ring
//! one end is written by us alone, the other by the kernel.

use core::ffi::{c_int, c_long};
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use libc::timespec;

use super::cancel::cancellable;
use super::time::span;
use super::{check_long, fd};

/// Places for entries, and for completions: more of those are kept by the kernel until there is room.
const ENTRIES: u32 = 64;
const COMPLETIONS: u32 = 256;

const SETUP_CQSIZE: u32 = 1 << 3;
const SETUP_CLAMP: u32 = 1 << 4;
/// Since Linux 5.18.
const SETUP_SUBMIT_ALL: u32 = 1 << 7;
/// Since Linux 5.19.
const SETUP_COOP_TASKRUN: u32 = 1 << 8;
const SETUP_TASKRUN_FLAG: u32 = 1 << 9;
/// Since Linux 6.0 and 6.1.
const SETUP_SINGLE_ISSUER: u32 = 1 << 12;
const SETUP_DEFER_TASKRUN: u32 = 1 << 13;

/// From best to plain. A kernel that does not know a flag says EINVAL.
const SETUPS: [u32; 3] = [
    SETUP_SUBMIT_ALL | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN | SETUP_TASKRUN_FLAG,
    SETUP_SUBMIT_ALL | SETUP_COOP_TASKRUN | SETUP_TASKRUN_FLAG,
    0,
];

/// For [`Ring::setup`]: completions are made when the loop asks, and disturb nothing else that its thread does. No other
/// thread may enter, and who polls the ring's descriptor is not woken.
pub const BEST: usize = 0;
/// ... are made whenever the thread is in the kernel, so that the ring's descriptor can be polled.
pub const POLLED: usize = 1;
/// ... and if need be it is interrupted for them: several threads may enter in turn.
pub const SHARED: usize = 2;

const FEATURE_SINGLE_MMAP: u32 = 1 << 0;
const FEATURE_NODROP: u32 = 1 << 1;
/// Since Linux 5.11.
const FEATURE_EXT_ARG: u32 = 1 << 8;
const NEEDED: u32 = FEATURE_SINGLE_MMAP | FEATURE_NODROP | FEATURE_EXT_ARG;
/// Since Linux 5.17.
const FEATURE_CQE_SKIP: u32 = 1 << 11;
/// Since Linux 6.15.
const FEATURE_NO_IOWAIT: u32 = 1 << 17;

const ENTER_GETEVENTS: u32 = 1 << 0;
const ENTER_EXT_ARG: u32 = 1 << 3;
const ENTER_NO_IOWAIT: u32 = 1 << 7;

/// Work that makes completions waits for the next call.
const SQ_TASKRUN: u32 = 1 << 2;
/// The kernel keeps completions that had no room.
const SQ_CQ_OVERFLOW: u32 = 1 << 1;

const MAP_RINGS: i64 = 0;
const MAP_ENTRIES: i64 = 0x1000_0000;

const OPCODE_POLL_ADD: u8 = 6;
const OPCODE_ASYNC_CANCEL: u8 = 14;
/// A completion only if it failed.
const ENTRY_CQE_SKIP_SUCCESS: u8 = 1 << 6;
/// Whatever there is; since Linux 5.19.
const CANCEL_ALL_OF_ANY: u32 = 1 << 0 | 1 << 2;

/// An entry, as the kernel lays it out.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Entry {
    opcode: u8,
    flags: u8,
    priority: u16,
    fd: c_int,
    offset: u64,
    address: u64,
    length: u32,
    options: u32,
    data: u64,
    rest: [u64; 3],
}

const _: () = assert!(size_of::<Entry>() == 64);

impl Entry {
    const fn new(opcode: u8, fd: c_int, options: u32, data: u64) -> Self {
        let (flags, priority, offset, address, length, rest) = (0, 0, 0, 0, 0, [0; 3]);
        Self { opcode, flags, priority, fd, offset, address, length, options, data, rest }
    }

    /// To tell once when `fd` is ready for `events` (poll's bits), at once if it is now.
    pub const fn poll(fd: c_int, events: u16, data: u64) -> Self {
        // The halves are swapped where the bytes are.
        let events = if cfg!(target_endian = "big") { (events as u32) << 16 } else { events as u32 };
        Self::new(OPCODE_POLL_ADD, fd, events, data)
    }

    /// To end the poll of `target`; if the kernel can, it tells only of a failure.
    pub const fn cancel(ring: &Ring, target: u64, data: u64) -> Self {
        let flags = if ring.tells_failures_only() { ENTRY_CQE_SKIP_SUCCESS } else { 0 };
        Self { address: target, flags, ..Self::new(OPCODE_ASYNC_CANCEL, -1, 0, data) }
    }

    /// To end all.
    const fn cancel_all() -> Self {
        Self::new(OPCODE_ASYNC_CANCEL, -1, CANCEL_ALL_OF_ANY, 0)
    }
}

/// A completion.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Completion {
    /// The entry's data.
    pub data: u64,
    /// Poll's bits, or a negative error.
    pub result: c_int,
    flags: u32,
}

/// Where things are in the rings' mapping: of entries, and of completions.
#[repr(C)]
#[derive(Default)]
struct Offsets {
    head: u32,
    tail: u32,
    ring_mask: u32,
    ring_entries: u32,
    /// Of completions the count of lost ones.
    flags: u32,
    /// Of completions their array.
    dropped: u32,
    /// Of completions the flags.
    array: u32,
    reserved: u32,
    user_address: u64,
}

/// What io_uring_setup is asked and answers.
#[repr(C)]
#[derive(Default)]
struct Parameters {
    entries: u32,
    completions: u32,
    flags: u32,
    thread_cpu: u32,
    thread_idle: u32,
    features: u32,
    wq_fd: u32,
    reserved: [u32; 3],
    of_entries: Offsets,
    of_completions: Offsets,
}

const _: () = assert!(size_of::<Parameters>() == 120);

/// What a wait is given with `ENTER_EXT_ARG`.
#[repr(C)]
struct WaitArgument {
    mask: u64,
    mask_size: u32,
    least_micros: u32,
    timeout: u64,
}

impl WaitArgument {
    fn new(timeout: &timespec) -> Self {
        Self { mask: 0, mask_size: 0, least_micros: 0, timeout: ptr::from_ref(timeout).expose_provenance() as u64 }
    }
}

/// Both rings. The handle is a copy; `close` and `forget` end what it stands for.
#[derive(Clone, Copy)]
pub struct Ring {
    fd: c_int,
    features: u32,
    rings: *mut u8,
    mapped: usize,
    entries: *mut Entry,
    count: u32,
    head: *const AtomicU32,
    tail: *const AtomicU32,
    flags: *const AtomicU32,
    completions: *const Completion,
    completion_mask: u32,
    completion_head: *const AtomicU32,
    completion_tail: *const AtomicU32,
}

impl Ring {
    /// A ring of this kind, or a plainer one if the kernel has none.
    pub fn setup(kind: usize) -> Result<Self, c_int> {
        let mut result = Err(libc::EINVAL);
        for flags in SETUPS.iter().skip(kind) {
            result = Self::setup_with(*flags);
            if !matches!(result, Err(libc::EINVAL)) {
                break;
            }
        }
        result
    }

    #[inline(never)]
    fn setup_with(flags: u32) -> Result<Self, c_int> {
        let flags = flags | SETUP_CQSIZE | SETUP_CLAMP;
        let mut asked = Parameters { flags, completions: COMPLETIONS, ..Parameters::default() };
        // SAFETY: KERNEL.
        let fd = check_long(unsafe { libc::syscall(libc::SYS_io_uring_setup, ENTRIES as c_long, &raw mut asked) })?;
        let result = if asked.features & NEEDED == NEEDED { Self::map(fd, &asked) } else { Err(libc::EOPNOTSUPP) };
        if result.is_err() {
            fd::close(fd);
        }
        result
    }

    fn map(fd: c_int, told: &Parameters) -> Result<Self, c_int> {
        let (of_entries, of_completions) = (&told.of_entries, &told.of_completions);
        let array = of_entries.array as usize;
        let all_completions = of_completions.dropped as usize;
        let end = array.wrapping_add((told.entries as usize).wrapping_mul(size_of::<u32>()));
        let other_end = all_completions.wrapping_add((told.completions as usize).wrapping_mul(size_of::<Completion>()));
        let mapped = end.max(other_end);
        let rings = map(fd, MAP_RINGS, mapped)?;
        let entries = map(fd, MAP_ENTRIES, entry_bytes(told.entries)).inspect_err(|_| unmap(rings, mapped))?;
        let at = |offset: u32| rings.wrapping_add(offset as usize).cast_const();
        for index in 0..told.entries {
            // SAFETY: MAPPED; the array has that many elements. Entry i is always the one at i.
            unsafe { (*rings.add(array).cast::<AtomicU32>().add(index as usize)).store(index, Ordering::Relaxed) };
        }
        Ok(Self {
            fd,
            features: told.features,
            rings,
            mapped,
            entries: entries.cast(),
            count: told.entries,
            head: at(of_entries.head).cast(),
            tail: at(of_entries.tail).cast(),
            flags: at(of_entries.flags).cast(),
            completions: at(of_completions.dropped).cast(),
            completion_mask: told.completions.wrapping_sub(1),
            completion_head: at(of_completions.head).cast(),
            completion_tail: at(of_completions.tail).cast(),
        })
    }

    pub fn descriptor(&self) -> c_int {
        self.fd
    }

    /// Whether a cancellation that succeeds makes no completion.
    pub const fn tells_failures_only(&self) -> bool {
        self.features & FEATURE_CQE_SKIP != 0
    }

    /// Ends the ring and its polls, of which there are `armed`: now, while closing alone leaves them to a worker.
    pub fn close(&self, armed: u32) {
        if armed != 0 && self.push(Entry::cancel_all()) {
            // A failure leaves it to the worker.
            let _ = self.enter(armed);
        }
        fd::close(self.fd);
        self.forget();
    }

    /// Leaves the descriptor as it is, since it is closed or another file already.
    pub fn forget(&self) {
        unmap(self.rings, self.mapped);
        unmap(self.entries.cast(), entry_bytes(self.count));
    }

    /// How many entries wait for a call.
    pub fn queued(&self) -> u32 {
        // SAFETY: MAPPED.
        unsafe { (*self.tail).load(Ordering::Relaxed).wrapping_sub((*self.head).load(Ordering::Acquire)) }
    }

    /// Appends an entry; false if there is no room.
    pub fn push(&self, entry: Entry) -> bool {
        if self.queued() >= self.count {
            return false;
        }
        // SAFETY: MAPPED; the count is a power of 2, and the place is not the kernel's.
        unsafe {
            let tail = (*self.tail).load(Ordering::Relaxed);
            self.entries.add((tail & self.count.wrapping_sub(1)) as usize).write(entry);
            (*self.tail).store(tail.wrapping_add(1), Ordering::Release);
        }
        true
    }

    /// Whether the kernel has something to do for us that takes a call.
    pub fn asks_for_a_call(&self) -> bool {
        // SAFETY: MAPPED.
        unsafe { (*self.flags).load(Ordering::Acquire) & (SQ_TASKRUN | SQ_CQ_OVERFLOW) != 0 }
    }

    /// Whether a completion is there.
    pub fn has_completion(&self) -> bool {
        // SAFETY: MAPPED.
        unsafe { (*self.completion_head).load(Ordering::Relaxed) != (*self.completion_tail).load(Ordering::Acquire) }
    }

    /// Takes a completion.
    pub fn take(&self) -> Option<Completion> {
        if !self.has_completion() {
            return None;
        }
        // SAFETY: MAPPED.
        unsafe {
            let head = (*self.completion_head).load(Ordering::Relaxed);
            let completion = self.completions.add((head & self.completion_mask) as usize).read();
            // The kernel may use the place again from here on.
            (*self.completion_head).store(head.wrapping_add(1), Ordering::Release);
            Some(completion)
        }
    }

    /// Hands all entries over.
    pub fn submit(&self) -> Result<(), c_int> {
        check_long(self.call(0, 0, ptr::null())).map(|_| ())
    }

    /// Hands all entries over and lets the kernel work for us, to make `least` completions if it can at once.
    pub fn enter(&self, least: u32) -> Result<(), c_int> {
        let now = span(0.0);
        check_long(self.call(least, ENTER_GETEVENTS | ENTER_EXT_ARG, &WaitArgument::new(&now))).map(|_| ())
    }

    /// Hands all entries over and waits for `least` completions, at most for `seconds`.
    #[inline(never)]
    pub fn wait(&self, least: u32, seconds: f64) -> Result<(), c_int> {
        let timeout = span(seconds);
        // An idle loop would show as waiting for a disk.
        let iowait = if self.features & FEATURE_NO_IOWAIT != 0 { ENTER_NO_IOWAIT } else { 0 };
        let argument = WaitArgument::new(&timeout);
        cancellable(|| self.call(least, ENTER_GETEVENTS | ENTER_EXT_ARG | iowait, &raw const argument)).map(|_| ())
    }

    #[inline(never)]
    fn call(&self, least: u32, flags: u32, argument: *const WaitArgument) -> c_long {
        // SAFETY: KERNEL; entries hold no pointers. Without `ENTER_EXT_ARG` there is no argument.
        unsafe {
            libc::syscall(
                libc::SYS_io_uring_enter,
                self.fd as c_long,
                self.queued() as c_long,
                least as c_long,
                flags as c_long,
                argument,
                if argument.is_null() { 0 } else { size_of::<WaitArgument>() },
            )
        }
    }
}

fn entry_bytes(count: u32) -> usize {
    (count as usize).wrapping_mul(size_of::<Entry>())
}

#[inline(never)]
fn map(fd: c_int, what: i64, bytes: usize) -> Result<*mut u8, c_int> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_POPULATE);
    // SAFETY: KERNEL; a new mapping.
    let base = unsafe { libc::mmap(ptr::null_mut(), bytes, protection, flags, fd, what) };
    if base == libc::MAP_FAILED { Err(super::errno()) } else { Ok(base.cast()) }
}

fn unmap(base: *mut u8, bytes: usize) {
    // SAFETY: from `map`, and not used any more.
    unsafe { libc::munmap(base.cast(), bytes) };
}
