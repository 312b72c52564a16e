//! Makes system calls fail, one at a time, under a loop that has something of every kind (scenario.c), and keeps what came of it in
//! docs/FAULTS.md. Whatever fails: nothing is lost, nothing hangs, no descriptor is left over.
//!
//! FERROEV_BLESS=1 writes docs/FAULTS.md anew.

mod calls;
#[path = "../common/mod.rs"]
mod common;
mod table;

use calls::{BACKENDS, CALLS, Call, When};
use common::library::{Kind, Library};
use common::process::{self, Ended, SKIPPED, Scratch};
use common::{built, compile, in_parallel, project};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(60);
/// The scenario waits more than it works.
const AT_ONCE: usize = 4;
/// What no outcome may say.
const BAD: [&str; 3] = ["LOST", "HANGS", "LEAVES"];

/// One call that fails in one way on one backend.
#[derive(Clone, Copy)]
struct Fault {
    call: &'static Call,
    error: &'static (&'static str, i32),
    when: When,
    backend: u32,
}

impl Fault {
    fn setting(&self) -> String {
        let (skip, times) = self.when.skip_and_times();
        let (argument, value) = self.call.only_if.unwrap_or((-1, 0));
        format!("{} {} {skip} {times} {argument} {value}", self.call.number, self.error.1)
    }

    fn text(&self) -> String {
        let (call, error, when) = (self.call.name, self.error.0, self.when.text());
        format!("{call} fails with {error} ({when}) on {:x}", self.backend)
    }
}

/// Every one on each backend in turn.
fn all_faults() -> Vec<Fault> {
    let mut all = Vec::new();
    for call in CALLS {
        for error in call.errors {
            for when in When::of(call, error.1) {
                all.extend(BACKENDS.iter().map(|&(_, backend)| Fault { call, error, when: *when, backend }));
            }
        }
    }
    all
}

struct Scene {
    program: PathBuf,
    library: Library,
    scratch: Scratch,
    turn: AtomicUsize,
}

impl Scene {
    fn new() -> Result<Self, String> {
        let library = Library::under_test()?;
        let program = build(&library)?;
        let scratch = Scratch::new().map_err(|error| error.to_string())?;
        Ok(Self { program, library, scratch, turn: AtomicUsize::new(0) })
    }

    fn run(&self, fault: &Fault, with_callback: bool) -> Result<Ended, String> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let directory = self.scratch.path().join(turn.to_string());
        fs::create_dir(&directory).map_err(|error| error.to_string())?;
        let mut command = Command::new(&self.program);
        command.args(["scenario", &format!("{:x}", fault.backend)]);
        self.library.environment(&mut command, &directory);
        command.env("FAULT", fault.setting()).env("FAULT_FLAGS", format!("{:x}", fault.call.flags));
        if !with_callback {
            command.env("FAULT_DEFAULT", "1");
        }
        process::run(command, &directory.join("output"), DEADLINE).map_err(|error| error.to_string())
    }

    /// Whether a loop can be made on a backend when nothing fails.
    fn has(&self, backend: u32) -> bool {
        const NONE: &Call =
            &Call { name: "none", number: -1, only_if: None, flags: 0, by_chance: false, errors: &[("", 1)] };
        let fault = Fault { call: NONE, error: &NONE.errors[0], when: When::First, backend };
        self.run(&fault, true).is_ok_and(|seen| seen.code() == Some(0) && !seen.output.contains("no loop"))
    }

    /// What came of a fault, as the table has it; an error if that is not allowed.
    fn outcome(&self, fault: &Fault) -> Result<String, String> {
        let seen = self.run(fault, true)?;
        let line = seen.output.lines().find_map(|line| line.strip_prefix("OUTCOME struck "));
        let (Some(0), Some(line)) = (seen.code(), line) else {
            return Err(format!("{:?}\n{}", seen.status, seen.output));
        };
        let mut parts: Vec<&str> = line.split('|').filter(|part| !part.is_empty()).collect();
        if parts.first() == Some(&"0") {
            return Ok(table::NOT_MADE.to_owned());
        }
        parts.remove(0);
        // The library's own descriptor, which is open: who believes that it was closed must not close what may be another's.
        if fault.error.1 == libc::EBADF {
            parts.retain(|part| *part != "LEAVES 1 descriptors");
        }
        if parts.iter().any(|part| BAD.iter().any(|bad| part.starts_with(*bad))) {
            return Err(seen.output);
        }
        if let Some(told) = parts.iter().find_map(|part| part.strip_prefix("told ")) {
            self.check_abort(fault, told)?;
        }
        Ok(if parts.is_empty() { "nothing lost".to_owned() } else { parts.join("; ") })
    }

    /// Without a syserr callback the process says so and ends, where the callback would be told.
    fn check_abort(&self, fault: &Fault, told: &str) -> Result<(), String> {
        let seen = self.run(fault, false)?;
        let first = told.split(", ").next().unwrap_or(told);
        let aborted = seen.status.is_some_and(|status| status.signal() == Some(libc::SIGABRT));
        if aborted && seen.output.contains(first) {
            return Ok(());
        }
        // A wait without the memory for all descriptors gives one up.
        if seen.code() == Some(0) && fault.error.1 == libc::ENOMEM && !BAD.iter().any(|bad| seen.output.contains(*bad))
        {
            return Ok(());
        }
        Err(format!("no abort with \"{first}\" without a callback: {:?}\n{}", seen.status, seen.output))
    }
}

fn build(library: &Library) -> Result<PathBuf, String> {
    let (tests, program) = (project().join("c-tests"), built().join("faults/scenario"));
    let sources = [tests.join("faults/scenario.c"), tests.join("support/t.c")];
    let headers = [project().join("include"), tests.join("support")];
    compile::whole_program(&sources, &program, &headers, &library.links)?;
    Ok(program)
}

/// What came of each fault, in their order; fails if that is not allowed of some.
fn all_outcomes(scene: &Scene, faults: &[Fault]) -> Vec<String> {
    let results = in_parallel(faults, AT_ONCE, |fault| scene.outcome(fault));
    let (mut outcomes, mut failures) = (Vec::new(), Vec::new());
    for (fault, result) in faults.iter().zip(results) {
        match result {
            Ok(outcome) => outcomes.push(outcome),
            Err(why) => failures.push(format!("{}: {why}", fault.text())),
        }
    }
    assert!(failures.is_empty(), "{} of {} faults:\n{}", failures.len(), faults.len(), failures.join("\n"));
    outcomes
}

/// What README.md has for seccomp profiles names every call that was seen to be made, for its backend or for all.
fn check_profile(faults: &[Fault], outcomes: &[String]) {
    let readme = fs::read_to_string(project().join("README.md")).unwrap_or_default();
    let section =
        readme.split("### System calls").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap_or_default();
    for (fault, outcome) in faults.iter().zip(outcomes) {
        let call = fault.call.name.split(' ').next().unwrap_or_default();
        let own = BACKENDS.iter().find(|&&(_, bit)| bit == fault.backend).map_or("", |&(name, _)| name);
        let mut others =
            section.lines().filter(|line| !BACKENDS.iter().any(|(name, _)| line.starts_with(&format!("| {name} |"))));
        let named = names(section, own, call)
            || matches!(own, "linuxaio" | "iouring") && names(section, "epoll", call)
            || others.any(|line| words(line).any(|word| word == call));
        assert!(outcome == table::NOT_MADE || named, "README.md does not name {call}, which {own} makes");
    }
}

/// Whether the line of a backend names a call.
fn names(section: &str, backend: &str, call: &str) -> bool {
    section.lines().filter(|line| line.starts_with(&format!("| {backend} |"))).flat_map(words).any(|word| word == call)
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[test]
fn whatever_fails_nothing_is_lost() {
    let scene = Scene::new().unwrap_or_else(|error| panic!("{error}"));
    assert!(scene.library.kind == Kind::Ours, "the table is of our library");
    let faults = all_faults();
    if scene.run(&faults[0], true).is_ok_and(|seen| seen.code() == Some(SKIPPED)) {
        println!("the kernel does not let a process answer for it (seccomp user notification)");
        return;
    }
    let here: Vec<u32> = BACKENDS.iter().map(|&(_, bit)| bit).filter(|&bit| scene.has(bit)).collect();
    let outcomes = all_outcomes(&scene, &faults);
    check_profile(&faults, &outcomes);
    if here.len() < BACKENDS.len() {
        println!("of the backends only {here:x?} are to be had here: the table is not compared");
        return;
    }
    let written = table::write(&faults, &outcomes);
    let file = project().join("docs/FAULTS.md");
    if std::env::var_os("FERROEV_BLESS").is_some() {
        fs::write(&file, written).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        return;
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let differing = kept.lines().zip(written.lines()).find(|(kept, written)| kept != written);
    assert!(
        kept == written,
        "docs/FAULTS.md is not what is seen (FERROEV_BLESS=1 writes it), first here: {differing:?}"
    );
}
