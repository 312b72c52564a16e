//! poll: an array of the watched descriptors, and where in it each one is.

use core::cell::Cell;
use core::ffi::c_int;

use libc::pollfd;

use super::luck::Luck;
use super::{Host, PATIENCE};
use crate::mem::Arr;
use crate::sys;
use crate::text::text;

/// State of the backend.
pub struct Poll {
    fds: Arr<pollfd>,
    /// For each descriptor its place in `fds` plus one, 0 if it is not there.
    places: Arr<u32>,
    /// For asking without a time-out, which is cheaper, before a wait.
    glances: Luck,
    turn: Cell<u32>,
}

impl Poll {
    pub const fn new() -> Self {
        Self { fds: Arr::new(), places: Arr::new(), glances: Luck::new(), turn: Cell::new(0) }
    }

    pub fn modify(&self, fd: c_int, new: c_int) {
        let index = fd as usize;
        self.places.extend_to(index.wrapping_add(1), 0);
        let place = (self.places.get(index).unwrap_or(0) as usize).checked_sub(1);
        let events = super::poll_bits(new);
        match (place, new) {
            (None, 0) => {}
            (None, _) => {
                self.fds.push(pollfd { fd, events, revents: 0 });
                self.places.set(index, self.fds.len() as u32);
            }
            (Some(place), 0) => {
                self.places.set(index, 0);
                self.fds.swap_remove(place);
                if let Some(moved) = self.fds.get(place) {
                    self.places.set(moved.fd as usize, place.wrapping_add(1) as u32);
                }
            }
            (Some(place), _) => self.fds.update(place, |entry| entry.events = events),
        }
    }

    /// Whether a turn that does not wait must look: seldom if all there is is there to end a wait.
    fn must_look<H: Host>(&self, host: H) -> bool {
        self.fds.len() > usize::from(host.waker() >= 0) || self.turn.get() % PATIENCE == 0 || host.lends_itself()
    }

    #[inline(never)]
    pub fn wait<H: Host>(&self, host: H, seconds: f64) {
        self.turn.set(self.turn.get().wrapping_add(1));
        if seconds <= 0.0 && !self.must_look(host) {
            return;
        }
        host.release();
        let result = super::ask_eagerly(&self.glances, seconds, |seconds| {
            // SAFETY: the array holds that many elements; the kernel is done with them when the call returns.
            unsafe { sys::poll::wait_poll(self.fds.as_ptr(), self.fds.len(), seconds) }
        });
        host.acquire();
        match result {
            Ok(ready) => self.report(host, ready),
            Err(error) => super::wait_failed(host, error, text!("(libev) poll")),
        }
    }

    fn report<H: Host>(&self, host: H, ready: c_int) {
        let mut left = ready;
        for place in 0..self.fds.len() {
            if left <= 0 {
                return;
            }
            let Some(pollfd { fd, revents, .. }) = self.fds.get(place) else { return };
            if revents == 0 {
                continue;
            }
            left = left.wrapping_sub(1);
            super::report_polled(host, fd, revents.into());
        }
    }

    pub fn close(&self) {
        self.fds.release();
        self.places.release();
    }
}
