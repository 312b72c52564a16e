//! Counts what an event costs whatever the machine does beside: system calls (strace) and instructions (callgrind). The same
//! work is run once and twice as long, and the difference counted, so that set-up and end don't.

use crate::common::process::Scratch;
use crate::common::tool;
use crate::rounds::{Contestant, Length, Outcome, Task};
use crate::statistics::Sample;
use std::fs;
use std::path::Path;

const TURNS: [u32; 2] = [2, 4];

/// calls, failing and instructions an event; what can't be counted is missing. Err: a run failed.
pub fn count(contestant: &Contestant, task: Task, scratch: &Scratch) -> Result<Sample, String> {
    let mut sample = Sample::new();
    if tool::is_there("strace") {
        let [calls, failing] = per_event(contestant, task, scratch, &["strace", "-f", "-c", "-o", "counts"], calls)?;
        sample.extend([("calls".to_owned(), calls), ("failing".to_owned(), failing)]);
    }
    // Threads run one after the other there, and wait for one another without end.
    if tool::is_there("valgrind") {
        let words = ["valgrind", "--tool=callgrind", "--log-file=counts", "--callgrind-out-file=callgrind"];
        let [instructions, _] = per_event(contestant, task, scratch, &words, instructions)?;
        sample.insert("instructions".to_owned(), instructions);
    }
    Ok(sample)
}

fn per_event(
    contestant: &Contestant,
    task: Task,
    scratch: &Scratch,
    tool: &[&str],
    read: fn(&str) -> Option<[f64; 2]>,
) -> Result<[f64; 2], String> {
    let mut runs = Vec::new();
    for turns in TURNS {
        let task = Task { length: Length::Turns(turns), ..task };
        let events = match contestant.run(task, tool, scratch) {
            Outcome::Measured(sample) => sample.get("events").copied().unwrap_or_default(),
            Outcome::Skipped(why) | Outcome::Failed(why) => return Err(format!("below {}: {why}", tool[0])),
        };
        let counts = contents(&scratch.path().join("counts"));
        let counts = read(&counts).ok_or_else(|| format!("{} counted nothing: {counts}", tool[0]))?;
        runs.push((events, counts));
    }
    let [(events, counts), (more_events, more_counts)] = runs[..] else { return Err("no runs".to_owned()) };
    if more_events <= events {
        return Err("twice the turns are not more events".to_owned());
    }
    let each = |i: usize| ((more_counts[i] - counts[i]) / (more_events - events)).max(0.0);
    Ok([each(0), each(1)])
}

fn contents(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// strace's last line: % time, seconds, usecs/call, calls, errors if there are any, "total".
fn calls(table: &str) -> Option<[f64; 2]> {
    let line = table.lines().rev().find(|line| line.ends_with("total"))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let errors = if words.len() > 5 { words[4].parse().ok()? } else { 0.0 };
    Some([words.get(3)?.parse().ok()?, errors])
}

fn instructions(log: &str) -> Option<[f64; 2]> {
    let line = log.lines().find(|line| line.contains("Collected"))?;
    Some([line.rsplit(' ').next()?.parse().ok()?, 0.0])
}
