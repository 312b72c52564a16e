//! `ev_verify`: every structure of the loop against every watcher in it.

use core::ffi::CStr;

use super::LoopPtr;
use super::check::Moment;
use crate::checking;
use crate::diag;
use crate::text::text;

impl LoopPtr {
    /// Ends the process with a message if something is inconsistent: a watcher was changed or freed while active.
    pub fn verify(self) {
        if checking::is_on() {
            // Says more.
            self.check_watchers(Moment::Function(text!("ev_verify").as_ptr()));
        }
        self.verify_structures();
    }

    pub(super) fn verify_structures(self) {
        let checks: [(bool, &CStr); 9] = [
            (self.fds.verify(), text!("io watchers or their descriptors were changed while active")),
            (self.timers.verify(), text!("a timer was changed while active")),
            (self.periodics.verify(), text!("a periodic was changed while active")),
            (self.pending.verify(), text!("the pending state of a watcher was changed")),
            (self.hooks.verify(), text!("a prepare, check, idle, fork or cleanup watcher was changed while active")),
            (self.verify_asyncs(), text!("an async watcher was changed while active")),
            (self.verify_signals(), text!("a signal watcher was changed while active")),
            (self.verify_children(), text!("a child watcher was changed while active")),
            (self.verify_paths(), text!("a stat watcher was changed while active")),
        ];
        for (sound, message) in checks {
            if !sound {
                diag::fail(text!("ev_verify"), message);
            }
        }
    }
}
