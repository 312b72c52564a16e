//! The loop as its backend sees it.

use core::ffi::{CStr, c_int};

use super::LoopPtr;
use crate::backend::{Host, Note};
use crate::diag;
use crate::sys;

impl Host for LoopPtr {
    fn descriptors(self) -> c_int {
        self.fds.len()
    }

    fn wanted(self, fd: c_int) -> c_int {
        self.fds.events(fd)
    }

    fn note(self, fd: c_int) -> Note {
        self.fds.note(fd)
    }

    #[inline(always)]
    fn look(self, fd: c_int) -> (Note, c_int) {
        self.fds.look(fd)
    }

    fn is_changing(self, fd: c_int) -> bool {
        self.fds.is_changing(fd)
    }

    fn set_note(self, fd: c_int, note: Note) {
        self.fds.set_note(fd, note);
    }

    #[inline(always)]
    fn report(self, fd: c_int, revents: c_int) {
        self.report_descriptor(fd, revents);
    }

    fn kill(self, fd: c_int, error: c_int) {
        self.kill_descriptor(fd, error);
    }

    fn kill_closed(self) {
        self.kill_closed_descriptors();
    }

    fn kill_one(self) {
        self.kill_highest_descriptor();
    }

    fn rearm_all(self) {
        self.rearm_descriptors();
    }

    fn request_rebuild(self) {
        self.run.ask_rebuild();
    }

    fn lends_itself(self) -> bool {
        self.run.acquire_hook.get().is_some() || self.run.release_hook.get().is_some()
    }

    fn is_rebuild_due(self) -> bool {
        self.run.is_renewal_due()
    }

    fn is_own(self, fd: c_int) -> bool {
        self.is_own_descriptor(fd)
    }

    fn waker(self) -> c_int {
        self.lone_wake_descriptor()
    }

    #[inline]
    fn release(self) {
        if self.run.release_hook.get().is_some() {
            self.call_release_hook();
        }
    }

    #[inline]
    fn acquire(self) {
        if self.lends_itself() {
            self.call_acquire_hook();
        }
    }

    fn syserr(self, message: &CStr, error: c_int) {
        // The acquire callback may have changed it.
        sys::set_errno(error);
        diag::syserr(message);
    }
}

impl LoopPtr {
    #[cold]
    #[inline(never)]
    fn call_release_hook(self) {
        self.checks.lend();
        self.call_wait_hook(self.run.release_hook.get());
    }

    #[cold]
    #[inline(never)]
    fn call_acquire_hook(self) {
        self.call_wait_hook(self.run.acquire_hook.get());
        if self.run.release_hook.get().is_some() {
            self.checks.take_back();
        }
    }
}
