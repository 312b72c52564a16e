//! The library under test, chosen by FERROEV_KIND and FERROEV_LIBRARY, in a directory that linker and loader can use.

use super::sanitizer::Sanitizer;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// What `make install` installs.
    Ours,
    /// The distribution's package.
    Debian,
    /// The reference as `make reference` builds it, with every Linux backend.
    Oracle,
}

impl Kind {
    fn chosen() -> Result<Self, String> {
        match std::env::var("FERROEV_KIND").as_deref() {
            Err(_) | Ok("" | "ours") => Ok(Self::Ours),
            Ok("debian") => Ok(Self::Debian),
            Ok("oracle") => Ok(Self::Oracle),
            Ok(other) => Err(format!("FERROEV_KIND is {other}, but can be: ours, debian, oracle")),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Debian => "debian",
            Self::Oracle => "oracle",
        }
    }

    pub fn is_reference(self) -> bool {
        self != Self::Ours
    }

    /// The backends it has been built with, of those that the tests know.
    pub fn backends(self) -> u32 {
        match self {
            Self::Debian => 0x07,
            Self::Ours => 0xc7,
            // Its io_uring breaks down under load, so nothing can be learned from it.
            Self::Oracle => 0x47,
        }
    }
}

pub struct Library {
    pub kind: Kind,
    /// The file itself, no symbolic link.
    pub file: PathBuf,
    /// A directory that holds nothing but `libev.so` and `libev.so.4`, both leading to the file.
    pub links: PathBuf,
}

impl Library {
    pub fn under_test() -> Result<Self, String> {
        Self::of(Kind::chosen()?)
    }

    fn of(kind: Kind) -> Result<Self, String> {
        let named = match (std::env::var_os("FERROEV_LIBRARY"), kind) {
            (Some(path), _) => PathBuf::from(path),
            (None, Kind::Ours) => build_ours()?,
            (None, Kind::Debian) => packaged()?,
            (None, Kind::Oracle) => oracle(),
        };
        Self::at(kind, &named)
    }

    /// The distribution's, to be compared with the one under test.
    pub fn packaged() -> Result<Self, String> {
        Self::at(Kind::Debian, &packaged()?)
    }

    /// The one that `make reference` builds, to be compared with the one under test.
    pub fn built_reference() -> Result<Self, String> {
        Self::at(Kind::Oracle, &oracle())
    }

    /// Any, to be compared with the one under test.
    pub fn other(file: &Path) -> Result<Self, String> {
        Self::at(Kind::Ours, file)
    }

    /// Sets up a test program to run with the library in a directory of its own. Nothing of the caller's environment but
    /// what a program needs, and whether the library looks for mistakes: cargo, for one, sets LD_LIBRARY_PATH.
    pub fn environment(&self, command: &mut Command, own: &Path) {
        command.env_clear();
        for name in ["PATH", "HOME", "USER", "LIBEV_CHECK"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("LC_ALL", "C");
        command.env("LD_LIBRARY_PATH", &self.links);
        command.env("T_LIBRARY", &self.file);
        command.env("T_TMPDIR", own);
        if self.kind.is_reference() {
            command.env("T_REFERENCE", "1");
        }
        if let Some(sanitizer) = Sanitizer::chosen() {
            sanitizer.set(command);
        }
        command.current_dir(own);
    }

    fn at(kind: Kind, named: &Path) -> Result<Self, String> {
        let file = fs::canonicalize(named).map_err(|error| {
            let hint = if kind == Kind::Oracle { " (make reference builds it)" } else { "" };
            format!("no library at {}: {error}{hint}", named.display())
        })?;
        let links = make_links(kind, &file).map_err(|error| format!("links to {}: {error}", file.display()))?;
        Ok(Self { kind, file, links })
    }
}

/// `make lib`, for a plain `cargo test`.
fn build_ours() -> Result<PathBuf, String> {
    let status = Command::new("make")
        .args(["-s", "lib"])
        .arg(format!("TARGET={}", super::target().display()))
        .current_dir(super::project())
        .env_remove("MAKEFLAGS")
        .status()
        .map_err(|error| format!("make can't be run: {error}"))?;
    if status.success() {
        Ok(super::target().join("lib/libev.so.4.0.0"))
    } else {
        Err(format!("make lib failed: {status}"))
    }
}

fn oracle() -> PathBuf {
    super::target().join("reference/lib/libev.so.4.0.0")
}

/// The file in the distribution's package libev4.
pub fn packaged() -> Result<PathBuf, String> {
    let list = Command::new("dpkg-query")
        .args(["-L", "libev4"])
        .output()
        .map_err(|error| format!("dpkg-query can't be run: {error}"))?;
    String::from_utf8_lossy(&list.stdout)
        .lines()
        .find(|line| line.ends_with("/libev.so.4.0.0"))
        .map(PathBuf::from)
        .ok_or_else(|| "the package libev4 is not installed (scripts/install-deps installs it)".to_owned())
}

/// Tells the links of this process's threads apart.
static TURN: AtomicU32 = AtomicU32::new(0);

fn make_links(kind: Kind, file: &Path) -> std::io::Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    let directory = super::built().join(format!("links-{}-{:08x}", kind.name(), hasher.finish() as u32));
    fs::create_dir_all(&directory)?;
    for name in ["libev.so", "libev.so.4"] {
        // Renamed into place: another test or another run may be using the directory.
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let fresh = directory.join(format!(".{name}.{}.{turn}", std::process::id()));
        symlink(file, &fresh)?;
        fs::rename(&fresh, directory.join(name))?;
    }
    Ok(directory)
}
