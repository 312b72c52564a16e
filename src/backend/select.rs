//! select: a bit per descriptor and direction. The sets grow as needed, beyond the size of `fd_set` too.

use core::cell::Cell;
use core::ffi::{c_int, c_short};

use libc::{POLLIN, POLLOUT};

use super::Host;
use crate::abi::{EV_READ, EV_WRITE};
use crate::mem::Arr;
use crate::sys;
use crate::sys::incarnation::incarnation;
use crate::text::text;

const BITS: usize = u64::BITS as usize;

/// What is wanted of as many descriptors as a word has bits.
#[derive(Clone, Copy)]
struct Wanted {
    read: u64,
    write: u64,
}

/// State of the backend: what is wanted, and the sets that the kernel overwrites.
pub struct Select {
    wanted: Arr<Wanted>,
    read_ready: Arr<u64>,
    write_ready: Arr<u64>,
    /// The descriptor table of the process `owner` is longer than this.
    table: Cell<c_int>,
    owner: Cell<c_int>,
}

/// The last place of the shortest table that Linux has.
const SHORTEST_TABLE: c_int = 63;

impl Select {
    pub const fn new() -> Self {
        Self {
            wanted: Arr::new(),
            read_ready: Arr::new(),
            write_ready: Arr::new(),
            table: Cell::new(SHORTEST_TABLE),
            owner: Cell::new(0),
        }
    }

    pub fn modify<H: Host>(&self, host: H, fd: c_int, new: c_int) {
        // The kernel looks at no bit above the size of the process's descriptor table and so leaves it set, as if a
        // closed descriptor up there were ready.
        if new != 0 && !self.is_in_table(fd) {
            self.want(fd, 0);
            host.kill(fd, libc::EBADF);
            return;
        }
        self.want(fd, new);
    }

    /// Before changes are told. A table never gets shorter, but a forked child's is no longer than it must be.
    pub fn begin_changes(&self) {
        let process = incarnation();
        if self.owner.replace(process) != process {
            self.table.set(SHORTEST_TABLE);
        }
    }

    /// Whether the table is as long as that.
    fn is_in_table(&self, fd: c_int) -> bool {
        if fd <= self.table.get() {
            return true;
        }
        let is_open = sys::fd::is_open(fd);
        if is_open {
            self.table.set(fd);
        }
        is_open
    }

    fn want(&self, fd: c_int, new: c_int) {
        let index = fd as usize;
        let (word, bit) = (index / BITS, 1_u64 << (index % BITS));
        self.wanted.extend_to(word.wrapping_add(1), Wanted { read: 0, write: 0 });
        self.wanted.update(word, |wanted| {
            wanted.read = wanted.read & !bit | if new & EV_READ != 0 { bit } else { 0 };
            wanted.write = wanted.write & !bit | if new & EV_WRITE != 0 { bit } else { 0 };
        });
    }

    #[inline(never)]
    pub fn wait<H: Host>(&self, host: H, seconds: f64) {
        let words = self.wanted.len();
        self.read_ready.extend_to(words, 0);
        self.write_ready.extend_to(words, 0);
        for word in 0..words {
            let Some(wanted) = self.wanted.get(word) else { break };
            self.read_ready.set(word, wanted.read);
            self.write_ready.set(word, wanted.write);
        }
        let bits = words.saturating_mul(BITS).min(host.descriptors() as usize) as c_int;
        host.release();
        // SAFETY: both sets have room for `words` words, which is at least `bits` bits.
        let result =
            unsafe { sys::time::wait_select(bits, self.read_ready.as_ptr(), self.write_ready.as_ptr(), seconds) };
        host.acquire();
        match result {
            Ok(0) => {}
            Ok(_) => self.report(host, words),
            Err(error) => super::wait_failed(host, error, text!("(libev) select")),
        }
    }

    /// From the highest descriptor down, since what is fed last is called first.
    fn report<H: Host>(&self, host: H, words: usize) {
        for word in (0..words).rev() {
            let read = self.read_ready.get(word).unwrap_or(0);
            let write = self.write_ready.get(word).unwrap_or(0);
            let mut ready = read | write;
            while ready != 0 {
                let bit = u64::BITS.wrapping_sub(1).wrapping_sub(ready.leading_zeros());
                let mask = 1_u64 << bit;
                ready &= !mask;
                let fd = word.wrapping_mul(BITS).wrapping_add(bit as usize) as c_int;
                let bit = |set: u64, bit: c_short| if set & mask != 0 { bit } else { 0 };
                super::report_polled(host, fd, c_int::from(bit(read, POLLIN) | bit(write, POLLOUT)));
            }
        }
    }

    pub fn close(&self) {
        self.wanted.release();
        self.read_ready.release();
        self.write_ready.release();
    }
}
