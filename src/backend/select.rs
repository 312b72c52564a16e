//! select: a bit per descriptor and direction. The sets grow as needed, beyond the size of `fd_set` too.

use core::ffi::{c_int, c_short};

use libc::{POLLIN, POLLOUT};

use super::Host;
use crate::abi::{EV_READ, EV_WRITE};
use crate::mem::Arr;
use crate::sys;
use crate::text::text;

const BITS: usize = u64::BITS as usize;

/// State of the backend: the sets that are wanted, and those that the kernel overwrites.
pub struct Select {
    read: Arr<u64>,
    write: Arr<u64>,
    read_ready: Arr<u64>,
    write_ready: Arr<u64>,
}

impl Select {
    pub const fn new() -> Self {
        Self { read: Arr::new(), write: Arr::new(), read_ready: Arr::new(), write_ready: Arr::new() }
    }

    pub fn modify<H: Host>(&self, host: H, fd: c_int, new: c_int) {
        // The kernel looks at no bit above the size of the process's descriptor table and so leaves it set, as if a
        // closed descriptor up there were ready.
        if new != 0 && !sys::fd::is_open(fd) {
            self.want(fd, 0);
            host.kill(fd, libc::EBADF);
            return;
        }
        self.want(fd, new);
    }

    fn want(&self, fd: c_int, new: c_int) {
        let index = fd as usize;
        let (word, bit) = (index / BITS, 1_u64 << (index % BITS));
        for (set, event) in [(&self.read, EV_READ), (&self.write, EV_WRITE)] {
            set.extend_to(word.wrapping_add(1), 0);
            set.update(word, |bits| if new & event != 0 { *bits |= bit } else { *bits &= !bit });
        }
    }

    #[inline(never)]
    pub fn wait<H: Host>(&self, host: H, seconds: f64) {
        let words = self.read.len();
        for (wanted, ready) in [(&self.read, &self.read_ready), (&self.write, &self.write_ready)] {
            ready.extend_to(words, 0);
            for word in 0..words {
                ready.set(word, wanted.get(word).unwrap_or(0));
            }
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
        for set in [&self.read, &self.write, &self.read_ready, &self.write_ready] {
            set.release();
        }
    }
}
