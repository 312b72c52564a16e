//! One run of a program: the library under test, the way to put it under the program, and the backend to ask for.

use std::ffi::OsStr;
use std::fmt;
use std::process::Command;

use crate::common::library::Library;
use crate::process::program;

/// How a program comes to load the library instead of the distribution's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Preload,
    LibraryPath,
}

/// The backends that programs are run on; the value is LIBEV_FLAGS'.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    Poll = 2,
    Epoll = 4,
    Linuxaio = 64,
    Iouring = 128,
}

/// One run of a program's test.
pub struct Run<'a> {
    pub library: &'a Library,
    pub way: Way,
    pub backend: Backend,
}

impl Backend {
    /// Those that the library has and the machine allows.
    pub fn of(library: &Library) -> impl Iterator<Item = Self> {
        let bits = library.kind.backends();
        [Self::Epoll, Self::Poll, Self::Linuxaio, Self::Iouring]
            .into_iter()
            .filter(move |&backend| bits & backend as u32 != 0 && (backend != Self::Iouring || has_io_uring()))
    }
}

impl Run<'_> {
    /// The command of an installed program, with the library under it.
    pub fn command(&self, name: &str) -> Result<Command, String> {
        Ok(self.under(plain(program(name)?)))
    }

    /// Puts the library under a command and asks for the run's backend.
    pub fn under(&self, mut command: Command) -> Command {
        let links = &self.library.links;
        match self.way {
            Way::Preload => command.env("LD_PRELOAD", links.join("libev.so.4")),
            Way::LibraryPath => command.env("LD_LIBRARY_PATH", links),
        };
        command.env("LIBEV_FLAGS", (self.backend as u32).to_string());
        command
    }
}

/// Whether the kernel has io_uring and nobody forbids it.
fn has_io_uring() -> bool {
    // Room for struct io_uring_params, all zero: no flags.
    let mut parameters = [0_u64; 15];
    // SAFETY: the kernel writes no more than the structure.
    let ring = unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr()) };
    if ring >= 0 {
        // SAFETY: it is ours.
        unsafe { libc::close(ring as libc::c_int) };
    }
    ring >= 0
}

/// A command that knows nothing of the library, nor of the library path that cargo sets.
pub fn plain(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in ["LD_PRELOAD", "LD_LIBRARY_PATH", "LIBEV_FLAGS"] {
        command.env_remove(name);
    }
    command
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Preload => "preload",
            Way::LibraryPath => "library_path",
        })
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Backend::Poll => "poll",
            Backend::Epoll => "epoll",
            Backend::Linuxaio => "linuxaio",
            Backend::Iouring => "iouring",
        })
    }
}
