//! Tests under valgrind: one valgrind for all tests of a file on a backend, each test a fork of it, since a start takes
//! ten times as long as a test. All are run before the trials, which then only tell the results.

use crate::common::{self, process, process::Scratch};
use crate::trial::{self, Case, Conditions};
use libtest_mimic::{Completion, Failed};
use std::collections::HashMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::Instant;

/// Valgrind's exit code for errors: none that a test uses.
const VALGRIND_ERROR: i32 = 99;

/// What valgrind's log says of a leak. Leaks have no exit code: a child of a test that ends by _exit owes nobody its memory.
const LEAKS: [&str; 2] = [" are definitely lost in ", " are possibly lost in "];

/// What runs in one valgrind.
struct Batch {
    backend: u32,
    cases: Vec<Arc<Case>>,
}

type Outcome = Result<Completion, Failed>;

/// The outcomes by a test's name and its backend.
pub type Outcomes = HashMap<(String, u32), Outcome>;

/// Runs all the tests, four batches at a time, for they wait as much as they work; those that must be alone after the others, one by one.
pub fn run_all(conditions: &Conditions, tests: &[(Arc<Case>, u32)]) -> Outcomes {
    let mut outcomes = Outcomes::new();
    for (alone, threads) in [(false, 4), (true, 1)] {
        let batches = batches(tests, alone);
        outcomes.extend(common::in_parallel(&batches, threads, |batch| run(conditions, batch)).into_iter().flatten());
    }
    outcomes
}

fn batches(tests: &[(Arc<Case>, u32)], alone: bool) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for (case, backend) in tests.iter().filter(|(case, _)| case.alone == alone) {
        let mut same = batches.iter_mut().filter(|b| b.backend == *backend && b.cases[0].program == case.program);
        match same.next() {
            Some(batch) => batch.cases.push(Arc::clone(case)),
            None => batches.push(Batch { backend: *backend, cases: vec![Arc::clone(case)] }),
        }
    }
    batches
}

fn run(conditions: &Conditions, batch: &Batch) -> Vec<((String, u32), Outcome)> {
    let start = Instant::now();
    let outcomes = Scratch::new().and_then(|scratch| run_in(conditions, batch, &scratch));
    let count = batch.cases.len();
    eprintln!("valgrind: {} on {}: {count} in {} s", batch.area(), batch.backend_name(), start.elapsed().as_secs());
    let names = batch.cases.iter().map(|case| (case.name.clone(), batch.backend));
    match outcomes {
        Ok(outcomes) => names.zip(outcomes).collect(),
        Err(error) => names.map(|name| (name, Err(Failed::from(error.to_string())))).collect(),
    }
}

fn run_in(conditions: &Conditions, batch: &Batch, scratch: &Scratch) -> std::io::Result<Vec<Outcome>> {
    let directory = scratch.path();
    let mut command = Command::new("valgrind");
    command.arg("--quiet").arg(format!("--error-exitcode={VALGRIND_ERROR}"));
    // To files: valgrind says a line for every poll request of linuxaio.
    command.arg(format!("--log-file={}/log.%p", directory.display()));
    let known = common::project().join("c-tests/support/valgrind.supp");
    command.arg(format!("--suppressions={}", known.display()));
    command.args(["--leak-check=full", "--errors-for-leak-kinds=none"]).arg(batch.program());
    let seconds = conditions.deadline.as_secs().to_string();
    command.arg("--each").arg(format!("{:x}", batch.backend)).arg(seconds);
    command.args(batch.cases.iter().map(|case| &case.name));
    conditions.library.environment(&mut command, directory);
    let as_typed = format!("{command:?}");
    let patience = conditions.deadline * (batch.cases.len() as u32 + 1);
    let ended = process::run(command, &directory.join("output"), patience)?;
    let of_test = |case: &Arc<Case>| match line_of(&case.name, &ended.output) {
        Some((pid, status)) => outcome(conditions, directory, pid, status, &as_typed),
        None => Err(format!("{}\nnot run: {:?}\nas run: {as_typed}", ended.output, ended.status).into()),
    };
    Ok(batch.cases.iter().map(of_test).collect())
}

impl Batch {
    fn program(&self) -> &Path {
        &self.cases[0].program
    }

    fn area(&self) -> &str {
        &self.cases[0].area
    }

    fn backend_name(&self) -> &'static str {
        trial::backend_name(self.backend)
    }
}

/// Process number and wait status of a test, from its line "NAME PID STATUS".
fn line_of(name: &str, output: &str) -> Option<(u32, i32)> {
    let fields = output.lines().map(|line| line.split(' ').collect::<Vec<_>>()).find(|fields| fields[0] == name)?;
    Some((fields.get(1)?.parse().ok()?, fields.get(2)?.parse().ok()?))
}

fn outcome(conditions: &Conditions, place: &Path, pid: u32, status: i32, as_typed: &str) -> Outcome {
    let read = |file: String| fs::read_to_string(place.join(file)).unwrap_or_default();
    let log = read(format!("log.{pid}"));
    let output = read(format!("{pid}.out"));
    let status = ExitStatus::from_raw(status);
    let end = if status.into_raw() == -1 {
        format!("still running after {} s", conditions.deadline.as_secs())
    } else if LEAKS.iter().any(|leak| log.contains(leak)) {
        "valgrind found leaks".to_owned()
    } else if status.code() == Some(VALGRIND_ERROR) {
        "valgrind found errors".to_owned()
    } else if status.success() {
        return Ok(Completion::Completed);
    } else if status.code() == Some(process::SKIPPED) {
        return Ok(Completion::ignored_with(trial::reason(&output)));
    } else {
        status.to_string()
    };
    Err(format!("{output}\n{end}\nas run: {as_typed}\nvalgrind:\n{log}").into())
}
