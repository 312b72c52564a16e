//! FERROEV_SANITIZER = address | thread: test programs are compiled by it, and run with the library built by it
//! (scripts/build-sanitized), which leaves the runtime to the program.

use std::process::Command;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sanitizer {
    Address,
    Thread,
}

impl Sanitizer {
    /// The one that this run is for.
    pub fn chosen() -> Option<Self> {
        match std::env::var("FERROEV_SANITIZER").as_deref() {
            Ok("address") => Some(Self::Address),
            Ok("thread") => Some(Self::Thread),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Thread => "thread",
        }
    }

    /// Options of the runtime.
    pub fn set(self, command: &mut Command) {
        let project = super::project().display();
        match self {
            // Leaks are valgrind's part: what looks for them needs ptrace, which tests that filter system calls forbid. A
            // program may ask for more memory than there is, and an alternate stack may be the test's own.
            Self::Address => command.env(
                "ASAN_OPTIONS",
                "detect_leaks=0:allocator_may_return_null=1:use_sigaltstack=0:detect_stack_use_after_return=0",
            ),
            // A signal's handler is called when the program next makes a call that the runtime knows of; errno is kept
            // by ours.
            Self::Thread => command.env(
                "TSAN_OPTIONS",
                format!("exitcode=66:die_after_fork=0:suppressions={project}/c-tests/support/tsan.supp"),
            ),
        };
    }
}
