//! The kernel's aio: its structures, its five calls, and the completion ring that it shares with user space.
//!
//! RING: a context's id is the address of its ring, which is mapped until the context is destroyed or forgotten.

use core::ffi::{c_int, c_long, c_ulong};
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use libc::timespec;

use super::cancel::cancellable;
use super::check_long;
use super::time::span;

/// `IOCB_CMD_POLL`, since Linux 4.19.
const OPCODE_POLL: u16 = 5;
/// The ring's mark, by which its layout is known.
const RING_MAGIC: u32 = 0xa10a_10a1;
const PAGE: usize = 4096;

/// A request, as the kernel lays it out. It is known to the kernel by its address until it completes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Iocb {
    data: u64,
    key: u32,
    rw_flags: u32,
    opcode: u16,
    priority: i16,
    fd: u32,
    buf: u64,
    bytes: u64,
    offset: i64,
    reserved: u64,
    flags: u32,
    result_fd: u32,
}

const _: () = assert!(size_of::<Iocb>() == 64);

impl Iocb {
    /// A request to tell once when `fd` is ready for `events` (poll's bits).
    pub const fn poll(fd: c_int, events: u16, data: u64) -> Self {
        Self {
            data,
            key: 0,
            rw_flags: 0,
            opcode: OPCODE_POLL,
            priority: 0,
            fd: fd as u32,
            buf: events as u64,
            bytes: 0,
            offset: 0,
            reserved: 0,
            flags: 0,
            result_fd: 0,
        }
    }

    /// The descriptor.
    pub fn descriptor(&self) -> c_int {
        self.fd as c_int
    }

    /// Poll's bits.
    pub fn events(&self) -> u16 {
        self.buf as u16
    }
}

/// A completion.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Event {
    /// The request's data.
    pub data: u64,
    object: u64,
    /// Poll's bits, or a negative error.
    pub result: i64,
    result2: i64,
}

const _: () = assert!(size_of::<Event>() == 32);

impl Event {
    /// For arrays that the kernel fills.
    pub const NONE: Self = Self { data: 0, object: 0, result: 0, result2: 0 };

    /// Whether the kernel filled it: with the address of the request.
    pub fn is_filled(&self) -> bool {
        self.object != 0
    }
}

/// What stands at a context's address.
#[repr(C)]
struct Ring {
    id: u32,
    nr: u32,
    head: AtomicU32,
    tail: AtomicU32,
    magic: u32,
    compat_features: u32,
    incompat_features: u32,
    header_length: u32,
}

/// A context: requests go in, completions come out. The handle is a copy; `destroy` ends what it stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Context {
    id: c_ulong,
    /// Length of the ring's mapping in bytes.
    mapped: usize,
}

impl Context {
    /// A context for `requests` at least.
    pub fn setup(requests: u32) -> Result<Self, c_int> {
        let mut id: c_ulong = 0;
        // SAFETY: KERNEL.
        check_long(unsafe { libc::syscall(libc::SYS_io_setup, requests as c_ulong, &raw mut id) })?;
        let mut context = Self { id, mapped: 0 };
        // SAFETY: RING.
        let places = unsafe { (*context.ring()).nr } as usize;
        let bytes = size_of::<Ring>().wrapping_add(places.wrapping_mul(size_of::<Event>()));
        context.mapped = bytes.next_multiple_of(PAGE);
        Ok(context)
    }

    /// Ends all requests and the context. Takes tens of milliseconds.
    pub fn destroy(self) {
        // SAFETY: no pointers.
        unsafe { libc::syscall(libc::SYS_io_destroy, self.id) };
    }

    /// In a forked child: the context is the parent's, and only the mapping of its ring was inherited. It must not be
    /// read, since the parent may have ended it.
    pub fn forget(self) {
        // SAFETY: RING; nothing else uses the mapping.
        unsafe { libc::munmap(self.ring().cast(), self.mapped) };
    }

    /// Hands over up to `count` requests; how many were taken. An error is about the first one.
    ///
    /// # Safety
    /// `requests` holds `count` pointers to requests that stay where they are until they complete or are cancelled.
    pub unsafe fn submit(self, requests: *mut *mut Iocb, count: usize) -> Result<usize, c_int> {
        // SAFETY: as the caller promises.
        check_long(unsafe { libc::syscall(libc::SYS_io_submit, self.id, count as c_long, requests) })
            .map(|taken| taken as usize)
    }

    /// Takes a request back. Whether it was still there does not matter to us: its completion is known as late.
    ///
    /// # Safety
    /// `request` is valid.
    pub unsafe fn cancel(self, request: *mut Iocb) {
        let mut event = Event::NONE;
        // SAFETY: as the caller promises.
        unsafe { libc::syscall(libc::SYS_io_cancel, self.id, request, &raw mut event) };
    }

    /// Waits for at most `seconds` until there are `least` completions; how many were written to `events`.
    ///
    /// # Safety
    /// `events` has room for `room` elements.
    pub unsafe fn wait(self, least: usize, events: *mut Event, room: usize, seconds: f64) -> Result<usize, c_int> {
        let timeout: timespec = span(seconds);
        cancellable(|| {
            // SAFETY: as the caller promises.
            unsafe {
                libc::syscall(
                    libc::SYS_io_getevents,
                    self.id,
                    least as c_long,
                    room as c_long,
                    events,
                    &raw const timeout,
                )
            }
        })
        .map(|count| count as usize)
    }

    fn ring(self) -> *mut Ring {
        ptr::with_exposed_provenance_mut(self.id as usize)
    }

    /// Whether completions can be read from the ring without a call.
    pub fn has_ring(self) -> bool {
        let ring = self.ring();
        // SAFETY: RING.
        unsafe {
            (*ring).magic == RING_MAGIC
                && (*ring).incompat_features == 0
                && (*ring).header_length as usize == size_of::<Ring>()
        }
    }

    /// Whether the ring holds nothing.
    pub fn ring_is_empty(self) -> bool {
        let ring = self.ring();
        // SAFETY: RING, and its layout was checked.
        unsafe { (*ring).head.load(Ordering::Relaxed) == (*ring).tail.load(Ordering::Acquire) }
    }

    /// Takes what the ring holds now, one by one.
    pub fn drain_ring(self, mut handle: impl FnMut(Event)) {
        let ring = self.ring();
        // SAFETY: RING, and its layout was checked; the kernel keeps head and tail below nr.
        unsafe {
            let events: *const Event = ring.add(1).cast();
            let nr = (*ring).nr;
            let tail = (*ring).tail.load(Ordering::Acquire);
            let mut head = (*ring).head.load(Ordering::Relaxed);
            while head != tail {
                handle(events.add(head as usize).read());
                head = head.wrapping_add(1);
                if head >= nr {
                    head = 0;
                }
            }
            // The kernel may use the places again from here on.
            (*ring).head.store(head, Ordering::Release);
        }
    }
}
