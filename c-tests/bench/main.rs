//! `make bench`: what each scenario costs on the library and on the reference, the same program on both in turn. BENCHMARKS.md says
//! more. Settings are variables: BENCH_ONLY (a regular expression on scenario/size/backend), BENCH_BACKENDS, BENCH_ROUNDS, BENCH_MS,
//! BENCH_DEEP=1 (also counts system calls and instructions), BENCH_REFERENCE (another library's file to compare with). Nothing is asserted about time; a program that fails fails the run.

#[allow(dead_code, reason = "the test uses the rest")]
mod catalogue;
#[allow(dead_code, reason = "the tests of programs use the rest")]
#[path = "../programs/process.rs"]
mod child;
#[path = "../common/mod.rs"]
mod common;
mod contest;
mod counted;
mod goals;
mod place;
mod plot;
mod programs;
mod report;
mod rounds;
mod servers;
mod settings;
mod statistics;

use contest::Contest;
use report::Report;
use settings::Settings;
use std::process::ExitCode;
use std::time::Instant;
use std::{fs, io};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// False: something failed.
fn run() -> Result<bool, String> {
    let settings = Settings::from_environment()?;
    let places = place::all(&settings.only, &settings.backends);
    let contest = Contest::new(&settings, &places)?;
    forget_plots();
    let mut report = Report { setting: setting(&settings), cells: Vec::new() };
    let (begun, mut good) = (Instant::now(), true);
    for (done, place) in places.iter().enumerate() {
        let left = time_left(begun, done, places.len());
        let say = |what: &str| eprintln!("[{}/{}{left}] {}: {what}", done + 1, places.len(), place.name());
        let (cell, passed) = contest.measure(place, &say);
        good &= passed;
        report.cells.push(cell);
        // After each: an interrupted run leaves what it has.
        write(&report).map_err(|error| format!("{}: {error}", programs::output().display()))?;
    }
    if settings.only.is_match("library-size/1/any") {
        report.cells.push(contest.library_size());
        write(&report).map_err(|error| format!("{}: {error}", programs::output().display()))?;
    }
    println!("{}", report.table());
    eprintln!("{}: table.md, results.json and the plots; {:.0?}", programs::output().display(), begun.elapsed());
    if !good {
        eprintln!("FAILED: see the remarks in the table");
    }
    Ok(good)
}

fn time_left(begun: Instant, done: usize, all: usize) -> String {
    match done {
        0 => String::new(),
        _ => format!(", {:.0} s to go", begun.elapsed().as_secs_f64() / done as f64 * (all - done) as f64),
    }
}

/// What the figures depend on.
fn setting(settings: &Settings) -> Vec<(&'static str, String)> {
    let content = |file: &str| fs::read_to_string(file).unwrap_or_default().trim().to_owned();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    vec![
        ("kernel", content("/proc/sys/kernel/osrelease")),
        ("processors", processors.to_string()),
        ("load at the start", content("/proc/loadavg")),
        ("rounds", settings.rounds.to_string()),
        ("a run", format!("{} ms", settings.milliseconds)),
    ]
}

/// Those of an earlier run, which may have been of other scenarios.
fn forget_plots() {
    let plots = common::compile::files_in(&programs::output());
    for plot in plots.iter().filter(|file| file.extension().is_some_and(|extension| extension == "svg")) {
        let _ = fs::remove_file(plot);
    }
}

fn write(report: &Report) -> io::Result<()> {
    let directory = programs::output();
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("results.json"), report.json())?;
    fs::write(directory.join("table.md"), report.table())?;
    for (scenario, svg) in plot::plots(&report.cells) {
        fs::write(directory.join(format!("{scenario}.svg")), svg)?;
    }
    Ok(())
}
