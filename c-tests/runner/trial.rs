//! One test on one backend: its process, environment, and what its end means.

use crate::common::library::Library;
use crate::common::process::{self, Ended, Scratch};
use libtest_mimic::{Completion, Failed, Trial};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// In the order of preference for a test that needs one backend only.
const BACKENDS: [(u32, &str); 4] = [(0x04, "epoll"), (0x02, "poll"), (0x01, "select"), (0x40, "linuxaio")];

const UNDER_VALGRIND: u32 = 0x44;

const SKIPPED: i32 = 77;

/// Valgrind's exit code for errors and leaks: none that a test uses.
const VALGRIND_ERROR: i32 = 99;

/// What holds for every test of a run.
pub struct Conditions {
    pub library: Library,
    valgrind: bool,
    deadline: Duration,
    /// Written by a test that must be alone, read by the others.
    machine: RwLock<()>,
}

impl Conditions {
    pub fn new(library: Library) -> Self {
        let valgrind = std::env::var_os("FERROEV_VALGRIND").is_some_and(|value| value == "1");
        let seconds = std::env::var("FERROEV_TEST_TIMEOUT").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
        let deadline = Duration::from_secs(if valgrind { seconds * 4 } else { seconds });
        Self { library, valgrind, deadline, machine: RwLock::new(()) }
    }

    fn backends(&self) -> u32 {
        self.library.kind.backends() & if self.valgrind { UNDER_VALGRIND } else { u32::MAX }
    }
}

/// One test as its program lists it.
pub struct Case {
    pub name: String,
    area: String,
    program: PathBuf,
    backends: u32,
    once: bool,
    pub alone: bool,
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
            backends: mask(backends)?,
            once: once == "1",
            alone: alone == "1",
            no_valgrind: no_valgrind == "1",
            ours_only_on: mask(ours_only_on)?,
            why: why.to_owned(),
        })
    }

    fn name_on(&self, backend: &str) -> String {
        format!("{}::{}::{backend}", self.area, self.name)
    }
}

/// Adds a trial for each backend that the test and the library have.
pub fn on_each_backend(conditions: &Arc<Conditions>, case: Arc<Case>, trials: &mut Vec<Trial>) {
    if conditions.valgrind && case.no_valgrind {
        return;
    }
    let backends = BACKENDS.iter().filter(|(bit, _)| case.backends & conditions.backends() & bit != 0);
    for &(bit, backend) in backends.take(if case.once { 1 } else { BACKENDS.len() }) {
        let conditions = Arc::clone(conditions);
        let case = Arc::clone(&case);
        let name = case.name_on(backend);
        trials.push(Trial::ignorable_test(name, move || run(&conditions, &case, bit)));
    }
}

fn run(conditions: &Conditions, case: &Case, backend: u32) -> Result<Completion, Failed> {
    if conditions.library.kind.is_reference() && case.ours_only_on & backend != 0 {
        return Ok(Completion::ignored_with(format!("not in the reference: {}", case.why)));
    }
    let (_alone, _beside);
    if case.alone {
        _alone = conditions.machine.write().unwrap_or_else(PoisonError::into_inner);
    } else {
        _beside = conditions.machine.read().unwrap_or_else(PoisonError::into_inner);
    }

    let scratch = Scratch::new()?;
    let own = scratch.path().join("own");
    fs::create_dir(&own)?;
    let log = scratch.path().join("valgrind");
    let mut command = command(conditions, case, &log);
    command.arg(&case.name).arg(format!("{backend:x}"));
    environment(&mut command, conditions, &own);
    let as_typed = format!("{command:?}");
    let ended = process::run(command, &scratch.path().join("output"), conditions.deadline)?;
    match ended.code() {
        Some(0) => Ok(Completion::Completed),
        Some(SKIPPED) => Ok(Completion::ignored_with(reason(&ended.output))),
        _ => Err(failure(conditions, &ended, &log, &as_typed)),
    }
}

fn command(conditions: &Conditions, case: &Case, log: &Path) -> Command {
    if !conditions.valgrind {
        return Command::new(&case.program);
    }
    let mut command = Command::new("valgrind");
    // To a file: valgrind says a line for every poll request of linuxaio.
    let mut log_file = OsString::from("--log-file=");
    log_file.push(log);
    command.arg("--quiet").arg(log_file).arg(format!("--error-exitcode={VALGRIND_ERROR}"));
    command.args(["--leak-check=full", "--errors-for-leak-kinds=definite,possible", "--child-silent-after-fork=yes"]);
    command.arg(&case.program);
    command
}

/// Nothing of the caller's environment but what a program needs: cargo, for one, sets LD_LIBRARY_PATH.
fn environment(command: &mut Command, conditions: &Conditions, own: &Path) {
    command.env_clear();
    for name in ["PATH", "HOME", "USER"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("LC_ALL", "C");
    command.env("LD_LIBRARY_PATH", &conditions.library.links);
    command.env("T_LIBRARY", &conditions.library.file);
    command.env("T_TMPDIR", own);
    if conditions.library.kind.is_reference() {
        command.env("T_REFERENCE", "1");
    }
    command.current_dir(own);
}

/// The last line that t_skip printed.
fn reason(output: &str) -> String {
    let line = output.lines().rev().find_map(|line| line.strip_prefix("skipped: "));
    line.unwrap_or("no reason given").to_owned()
}

fn failure(conditions: &Conditions, ended: &Ended, log: &Path, as_typed: &str) -> Failed {
    let end = match ended.status {
        Some(_) if ended.code() == Some(VALGRIND_ERROR) => "valgrind found errors".to_owned(),
        Some(status) => status.to_string(),
        None => format!("still running after {} s", conditions.deadline.as_secs()),
    };
    let mut text = format!("{}\n{end}\nas run: {as_typed}", ended.output.trim_end());
    if let Ok(log) = fs::read_to_string(log) {
        text.push_str("\nvalgrind:\n");
        text.push_str(log.trim_end());
    }
    text.into()
}
