//! The compilers that the headers are tested with, and whose header.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The project's directory.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Which header is included, and whose.
#[derive(Clone, Copy, PartialEq)]
pub enum Header {
    Ours,
    /// Of the reference, as the distribution installs it.
    Reference,
    /// event.h, which includes ev.h.
    OurEvent,
    /// Of the reference as `make reference` builds it: what the distribution installs by that name may be libevent's.
    ReferenceEvent,
    /// ev++.h, which includes ev.h.
    OurClasses,
    ReferenceClasses,
}

impl Header {
    pub fn directory(self) -> PathBuf {
        match self {
            Self::Ours | Self::OurEvent | Self::OurClasses => root().join("include"),
            Self::Reference | Self::ReferenceClasses => PathBuf::from("/usr/include"),
            Self::ReferenceEvent => {
                let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap_or(root());
                target.join("reference/include")
            }
        }
    }

    pub fn file(self) -> &'static str {
        match self {
            Self::Ours | Self::Reference => "ev.h",
            Self::OurEvent | Self::ReferenceEvent => "event.h",
            Self::OurClasses | Self::ReferenceClasses => "ev++.h",
        }
    }

    /// Whether it is there for `test`; says so where it is not.
    pub fn is_there(self, test: &str) -> bool {
        let there = self.directory().join(self.file()).exists();
        if !there {
            let how = if self == Self::ReferenceEvent { "make reference builds it" } else { "it is in libev-dev" };
            eprintln!("{test}: skipped, the reference's {} is not there ({how})", self.file());
        }
        there
    }
}

#[derive(Clone, Copy, PartialEq)]
pub enum Language {
    C,
    Cpp,
}

impl Language {
    fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Cpp => "c++",
        }
    }

    /// The compiler that [`Compiler::other`] is.
    pub fn other(self) -> &'static str {
        match self {
            Self::C => "clang-19",
            Self::Cpp => "clang++-19",
        }
    }
}

/// A compiler and the language it is to take its input for.
#[derive(Clone)]
pub struct Compiler {
    program: PathBuf,
    pub language: Language,
}

impl Compiler {
    /// The one that builds C or C++ on this machine.
    pub fn of_machine(language: Language) -> Result<Self, String> {
        let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let tool = cc::Build::new()
            .cargo_metadata(false)
            .cpp(language == Language::Cpp)
            .target(&triple)
            .host(&triple)
            .opt_level(0)
            .try_get_compiler()
            .map_err(|error| format!("no compiler: {error}"))?;
        Ok(Self { program: tool.path().to_owned(), language })
    }

    /// One of another family and a later year, if it is installed.
    pub fn other(language: Language) -> Option<Self> {
        let program = language.other();
        let status = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success()).then(|| Self { program: program.into(), language })
    }

    /// The same for `test`; says so where it is not.
    pub fn other_for(test: &str, language: Language) -> Option<Self> {
        let other = Self::other(language);
        if other.is_none() {
            eprintln!("{test}: skipped, {} is not installed", language.other());
        }
        other
    }

    fn command(&self, header: Header, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.env("LC_ALL", "C").args(["-x", self.language.name(), "-I"]).arg(header.directory()).args(arguments);
        command
    }

    /// Runs it on a file. What it says, if it succeeds.
    pub fn file(&self, header: Header, arguments: &[&str], source: &Path) -> Result<Output, String> {
        let mut command = self.command(header, arguments);
        command.arg(source);
        command.output().map_err(|error| format!("{command:?}: {error}"))
    }

    /// Runs it on a text, given through a pipe.
    pub fn text(&self, header: Header, arguments: &[&str], source: &str) -> Result<Output, String> {
        let mut command = self.command(header, arguments);
        command.arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut run = || {
            let mut child = command.spawn()?;
            if let Some(mut pipe) = child.stdin.take() {
                pipe.write_all(source.as_bytes())?;
            }
            child.wait_with_output()
        };
        run().map_err(|error| format!("{}: {error}", self.program.display()))
    }

    /// Compiles and links a text or a file, runs it, and gives what it prints; an exit status is an error.
    pub fn run(&self, header: Header, arguments: &[&str], source: Source) -> Result<String, String> {
        let program = Program::new();
        let path = program.0.to_str().ok_or("a temporary directory that is no text")?;
        let arguments: Vec<&str> = arguments.iter().copied().chain(["-o", path]).collect();
        let compiled = match source {
            Source::Text(text) => self.text(header, &arguments, text)?,
            Source::File(file) => self.file(header, &arguments, file)?,
        };
        success(&compiled)?;
        let output = Command::new(&program.0).output().map_err(|error| format!("{path}: {error}"))?;
        success(&output)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

pub enum Source<'a> {
    Text(&'a str),
    File(&'a Path),
}

/// What a process said, unless it was successful.
pub fn success(output: &Output) -> Result<(), String> {
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// A compiled program or object, deleted in the end.
pub struct Program(pub PathBuf);

impl Program {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("ferroev-abi-{}-{number}", std::process::id())))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
