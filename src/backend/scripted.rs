//! In fuzzing builds, what stands in for select: everything that a backend can report, as the script has it.

use core::ffi::c_int;

use super::Host;
use crate::fuzzing::{Said, kernel};
use crate::text::text;

/// Under select's name. The script keeps all state.
pub struct Select;

impl Select {
    pub const fn new() -> Self {
        Self
    }

    pub fn begin_changes(&self) {}

    pub fn modify<H: Host>(&self, host: H, fd: c_int, new: c_int) {
        let error = (kernel().modify)(fd, new);
        if error != 0 {
            host.kill(fd, error);
        }
    }

    pub fn wait<H: Host>(&self, host: H, seconds: f64) {
        host.release();
        (kernel().wait)(seconds);
        host.acquire();
        while let Some(said) = (kernel().said)() {
            match said {
                Said::Ready(fd, revents) => host.report(fd, revents),
                Said::Refused(fd, error) => host.kill(fd, error),
                Said::SomeClosed => host.kill_closed(),
                Said::TooMany => host.kill_one(),
                Said::Forgotten => host.rearm_all(),
                Said::Failed(error) => host.syserr(text!("(libev) scripted"), error),
            }
        }
    }

    pub fn close(&self) {}
}
