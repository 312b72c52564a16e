//! Runs a program and reads what it measured; runs several in turn, so that all have the same machine.

use crate::catalogue::Scenario;
use crate::common::library::Library;
use crate::common::process::{self, SKIPPED, Scratch};
use crate::statistics::Sample;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Someone who does a scenario: a library, or a peer's program.
pub struct Contestant<'a> {
    pub name: &'static str,
    pub program: PathBuf,
    pub library: Option<&'a Library>,
}

/// What a program is to do.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    pub scenario: &'a Scenario,
    pub size: u64,
    pub backend: u32,
    pub length: Length,
}

#[derive(Clone, Copy)]
pub enum Length {
    Milliseconds(u64),
    /// The same work in every run.
    Turns(u32),
}

pub enum Outcome {
    Measured(Sample),
    /// It can't be measured here, and why.
    Skipped(String),
    Failed(String),
}

/// No run takes longer, unless it hangs.
const DEADLINE: Duration = Duration::from_secs(120);

impl Contestant<'_> {
    /// Runs the program once, below `tool` if that is not empty.
    pub fn run(&self, task: Task, tool: &[&str], scratch: &Scratch) -> Outcome {
        let mut words = tool.iter();
        let mut command = match words.next() {
            None => Command::new(&self.program),
            Some(tool) => {
                let mut command = Command::new(tool);
                command.args(words).arg(&self.program);
                command
            }
        };
        match self.library {
            Some(library) => library.environment(&mut command, scratch.path()),
            None => {
                command.env_clear().env("LC_ALL", "C").current_dir(scratch.path());
                if let Some(path) = std::env::var_os("PATH") {
                    command.env("PATH", path);
                }
            }
        }
        command.env_remove("LIBEV_CHECK");
        // A peer has one program for all.
        let variant = if self.library.is_some() { task.scenario.variant } else { task.scenario.name };
        command.arg(format!("variant={variant}"));
        command.arg(format!("size={}", task.size)).arg(format!("backend={}", task.backend));
        command.arg(match task.length {
            Length::Milliseconds(ms) => format!("ms={ms}"),
            Length::Turns(turns) => format!("turns={turns}"),
        });
        outcome(command, &scratch.path().join("output"))
    }
}

fn outcome(command: Command, output: &Path) -> Outcome {
    let ended = match process::run(command, output, DEADLINE) {
        Ok(ended) => ended,
        Err(error) => return Outcome::Failed(format!("it can't be run: {error}")),
    };
    let said = ended.output.trim();
    match ended.code() {
        Some(0) => {
            parse(said).map_or_else(|| Outcome::Failed(format!("it printed no result: {said}")), Outcome::Measured)
        }
        Some(SKIPPED) => Outcome::Skipped(said.to_owned()),
        _ => {
            let how = ended.status.map_or_else(|| "it hung".to_owned(), |status| status.to_string());
            Outcome::Failed(format!("{how}: {said}"))
        }
    }
}

/// The line of key=value pairs. What is in nanoseconds for all events becomes so for each.
fn parse(said: &str) -> Option<Sample> {
    let line = said.lines().find(|line| line.starts_with("events="))?;
    let mut sample = Sample::new();
    for pair in line.split_whitespace() {
        let (key, value) = pair.split_once('=')?;
        sample.insert(key.to_owned(), value.parse().ok()?);
    }
    let events = *sample.get("events")?;
    if events <= 0.0 {
        return None;
    }
    for key in ["wall_ns", "cpu_ns", "user_ns"] {
        if let Some(value) = sample.get_mut(key) {
            *value /= events;
        }
    }
    Some(sample)
}
