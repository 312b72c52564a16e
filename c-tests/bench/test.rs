//! Every program of the benchmark does its work on the library under test, at a small size and for a few turns: none fails, and none
//! loses an event. No time is looked at.

#[allow(dead_code, reason = "the benchmark uses the rest")]
mod catalogue;
#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code, reason = "the benchmark uses the rest")]
mod programs;
#[allow(dead_code, reason = "the benchmark uses the rest")]
mod rounds;
#[allow(dead_code, reason = "the benchmark uses the rest")]
mod statistics;

use catalogue::{BACKENDS, Backend, SCENARIOS, Scenario};
use common::library::Library;
use common::process::Scratch;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use rounds::{Contestant, Length, Outcome, Task};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match trials() {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn trials() -> Result<Vec<Trial>, String> {
    let library = Arc::new(Library::under_test()?);
    let programs = programs::scenarios(SCENARIOS.iter(), &library.links)?;
    let mut trials = Vec::new();
    for scenario in SCENARIOS {
        let Some(program) = programs.get(scenario.program) else { continue };
        for backend in BACKENDS.iter().take(if scenario.on_backends { BACKENDS.len() } else { 1 }) {
            let (library, program) = (Arc::clone(&library), program.clone());
            let name = format!("{}::{}", scenario.name, backend.name);
            trials.push(Trial::ignorable_test(name, move || work(scenario, backend, &library, program)));
        }
    }
    let (peers, _) = programs::peers()?;
    for scenario in SCENARIOS.iter().filter(|scenario| scenario.peers) {
        for peer in &peers {
            let (name, program) = (format!("{}::{}", scenario.name, peer.name), peer.program.clone());
            trials.push(Trial::ignorable_test(name, move || complete(scenario, 0, None, program)));
        }
    }
    Ok(trials)
}

fn work(
    scenario: &'static Scenario,
    backend: &Backend,
    library: &Library,
    program: PathBuf,
) -> Result<Completion, Failed> {
    complete(scenario, backend.flag, Some(library), program)
}

fn complete(
    scenario: &'static Scenario,
    backend: u32,
    library: Option<&Library>,
    program: PathBuf,
) -> Result<Completion, Failed> {
    let contestant = Contestant { name: "", program, library };
    let task = Task { scenario, size: scenario.small, backend, length: Length::Turns(2) };
    match contestant.run(task, &[], &Scratch::new()?) {
        Outcome::Measured(_) => Ok(Completion::Completed),
        Outcome::Skipped(why) => Ok(Completion::ignored_with(why)),
        Outcome::Failed(why) => Err(why.into()),
    }
}
