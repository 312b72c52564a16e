//! The library under test, the ways to put it under a program, and the backends to ask for.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Scratch, program};
use crate::redis;

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
}

/// One run of a program's test.
pub struct Run<'a> {
    pub subject: &'a Subject,
    pub way: Way,
    pub backend: Backend,
}

/// The library, and a directory that holds it under the name that programs ask for.
pub struct Subject {
    pub library: PathBuf,
    pub backends: Vec<Backend>,
    directory: Option<Scratch>,
}

impl Subject {
    /// What is enough to list the tests.
    pub fn unknown() -> Self {
        let backends = vec![Backend::Epoll, Backend::Poll, Backend::Linuxaio];
        Subject { library: PathBuf::new(), backends, directory: None }
    }

    /// FERROEV_LIBRARY names another library than the one built here; that one is tested on the backends it has.
    pub fn prepare() -> Result<Self, String> {
        let foreign = std::env::var_os("FERROEV_LIBRARY").map(PathBuf::from);
        let named = foreign.clone().unwrap_or_else(|| source("target/lib/libev.so.4.0.0"));
        let library =
            named.canonicalize().map_err(|e| format!("{}: {e} (`make lib` builds the library)", named.display()))?;
        let directory = Scratch::new("library")?;
        symlink(&library, directory.path().join("libev.so.4")).map_err(|e| format!("link to the library: {e}"))?;
        let mut subject = Subject { library, directory: Some(directory), ..Subject::unknown() };
        if foreign.is_some() {
            let supported = redis::supported_backends(&subject)?;
            subject.backends.retain(|&backend| supported & backend as u32 != 0);
        }
        Ok(subject)
    }

    /// The directory with `libev.so.4`, to link against or to search.
    pub fn directory(&self) -> &Path {
        self.directory.as_ref().expect("prepared").path()
    }
}

impl Run<'_> {
    /// The command of an installed program, with the library under it.
    pub fn command(&self, name: &str) -> Result<Command, String> {
        Ok(self.under(plain(program(name)?)))
    }

    /// Puts the library under a command and asks for the run's backend.
    pub fn under(&self, mut command: Command) -> Command {
        let directory = self.subject.directory();
        match self.way {
            Way::Preload => command.env("LD_PRELOAD", directory.join("libev.so.4")),
            Way::LibraryPath => command.env("LD_LIBRARY_PATH", directory),
        };
        command.env("LIBEV_FLAGS", (self.backend as u32).to_string());
        command
    }
}

/// A command that knows nothing of the library, nor of the library path that cargo sets.
pub fn plain(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in ["LD_PRELOAD", "LD_LIBRARY_PATH", "LIBEV_FLAGS"] {
        command.env_remove(name);
    }
    command
}

/// A path of the source tree.
pub fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
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
        })
    }
}
