//! One test on one backend: its process, environment, and what its end means.

use crate::common::library::Library;
use crate::common::process::{self, Ended, SKIPPED, Scratch};
use crate::common::sanitizer::Sanitizer;
use libtest_mimic::{Completion, Failed};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// In the order of preference for a test that needs one backend only.
const BACKENDS: [(u32, &str); 5] =
    [(0x04, "epoll"), (0x02, "poll"), (0x01, "select"), (0x40, "linuxaio"), (0x80, "iouring")];

const UNDER_VALGRIND: u32 = 0x44;

/// What holds for every test of a run.
pub struct Conditions {
    pub library: Library,
    pub valgrind: bool,
    pub deadline: Duration,
    /// Written by a test that must be alone, read by the others.
    machine: RwLock<()>,
}

impl Conditions {
    pub fn new(library: Library) -> Self {
        let valgrind = std::env::var_os("FERROEV_VALGRIND").is_some_and(|value| value == "1");
        let seconds = std::env::var("FERROEV_TEST_TIMEOUT").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
        let slow = valgrind || Sanitizer::chosen().is_some();
        let deadline = Duration::from_secs(if slow { seconds * 4 } else { seconds });
        Self { library, valgrind, deadline, machine: RwLock::new(()) }
    }

    fn backends(&self) -> u32 {
        self.library.kind.backends() & if self.valgrind { UNDER_VALGRIND } else { u32::MAX }
    }
}

/// One test as its program lists it.
pub struct Case {
    pub name: String,
    pub area: String,
    pub program: PathBuf,
    pub alone: bool,
    backends: u32,
    once: bool,
    no_valgrind: bool,
    ours_only_on: u32,
    why: String,
}

impl Case {
    pub fn parse(area: &str, program: &Path, line: &str) -> Result<Self, String> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, backends, once, alone, no_valgrind, ours_only_on, why] = fields[..] else {
            return Err(format!("not a line of the list of tests: {line}"));
        };
        let mask = |text| u32::from_str_radix(text, 16).map_err(|error| format!("{line}: {error}"));
        Ok(Self {
            name: name.to_owned(),
            area: area.to_owned(),
            program: program.to_owned(),
            alone: alone == "1",
            backends: mask(backends)?,
            once: once == "1",
            no_valgrind: no_valgrind == "1",
            ours_only_on: mask(ours_only_on)?,
            why: why.to_owned(),
        })
    }

    /// The backends it runs on, of those that the library has.
    pub fn backends(&self, conditions: &Conditions) -> Vec<u32> {
        if conditions.valgrind && self.no_valgrind {
            return Vec::new();
        }
        let mask = self.backends & conditions.backends();
        let wanted = BACKENDS.iter().map(|(bit, _)| *bit).filter(|bit| mask & bit != 0);
        wanted.take(if self.once { 1 } else { BACKENDS.len() }).collect()
    }

    pub fn name_on(&self, backend: u32) -> String {
        format!("{}::{}::{}", self.area, self.name, backend_name(backend))
    }

    /// Why the library under test can't pass it there.
    pub fn not_in_reference(&self, conditions: &Conditions, backend: u32) -> Option<String> {
        let misses = conditions.library.kind.is_reference() && self.ours_only_on & backend != 0;
        misses.then(|| format!("not in the reference: {}", self.why))
    }
}

pub fn backend_name(backend: u32) -> &'static str {
    BACKENDS.iter().find(|(bit, _)| *bit == backend).map_or("unknown", |(_, name)| name)
}

pub fn run(conditions: &Conditions, case: &Case, backend: u32) -> Result<Completion, Failed> {
    let (_alone, _beside);
    if case.alone {
        _alone = conditions.machine.write().unwrap_or_else(PoisonError::into_inner);
    } else {
        _beside = conditions.machine.read().unwrap_or_else(PoisonError::into_inner);
    }

    let scratch = Scratch::new()?;
    let own = scratch.path().join("own");
    fs::create_dir(&own)?;
    let mut command = Command::new(&case.program);
    command.arg(&case.name).arg(format!("{backend:x}"));
    conditions.library.environment(&mut command, &own);
    let as_typed = format!("{command:?}");
    let ended = process::run(command, &scratch.path().join("output"), conditions.deadline)?;
    match ended.code() {
        Some(0) => Ok(Completion::Completed),
        Some(SKIPPED) => Ok(Completion::ignored_with(reason(&ended.output))),
        _ => Err(failure(conditions, &ended, &as_typed)),
    }
}

/// The last line that t_skip printed.
pub fn reason(output: &str) -> String {
    let line = output.lines().rev().find_map(|line| line.strip_prefix("skipped: "));
    line.unwrap_or("no reason given").to_owned()
}

fn failure(conditions: &Conditions, ended: &Ended, as_typed: &str) -> Failed {
    let end = match ended.status {
        Some(status) => status.to_string(),
        None => format!("still running after {} s", conditions.deadline.as_secs()),
    };
    format!("{}\n{end}\nas run: {as_typed}", ended.output.trim_end()).into()
}
