//! Runs the C program with random programs and compares what comes of them.

use crate::common::library::Library;
use crate::common::process::{self, Ended, Scratch};
use crate::common::{built, compile, project};
use crate::{Backend, shrink};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// Programs of one process.
const CHUNK: u64 = 2_000;
/// A process that is not done by then hangs.
const DEADLINE: Duration = Duration::from_secs(120);
/// A single program takes less than a millisecond.
const SINGLE_DEADLINE: Duration = Duration::from_secs(5);
/// The exit status where the backend is not to be had.
const NO_BACKEND: i32 = 4;

pub struct Fuzzer {
    backend: Backend,
    program: PathBuf,
    scratch: Scratch,
}

impl Fuzzer {
    pub fn new(backend: Backend) -> Result<Self, String> {
        static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let scratch = Scratch::new().map_err(|error| format!("no scratch directory: {error}"))?;
        Ok(Self { backend, program: PROGRAM.get_or_init(program).clone()?, scratch })
    }

    fn run(&self, library: &Library, arguments: &[String], deadline: Duration) -> Result<Ended, String> {
        let mut command = Command::new(&self.program);
        library.environment(&mut command, self.scratch.path());
        command.arg(format!("{:x}", self.backend.bit)).args(arguments);
        // One at a time of each library in a thread.
        let name = format!("{}-{:?}", library.kind.name(), thread::current().id());
        process::run(command, &self.scratch.path().join(name), deadline).map_err(|error| format!("{error}"))
    }

    /// The lines of a range of programs, a seed and a hash each.
    fn hashes(&self, library: &Library, first: u64, count: u64) -> Result<Ended, String> {
        self.run(library, &[first.to_string(), count.to_string()], DEADLINE)
    }

    /// Programs from `first` on have the same traces on both libraries.
    pub fn compare(&self, a: &Library, b: &Library, first: u64, count: u64, shown: bool) -> Result<(), String> {
        let start = Instant::now();
        let mut done = 0;
        while done < count {
            let (from, size) = (first + done, CHUNK.min(count - done));
            let (of_b, of_a) = thread::scope(|scope| {
                let of_a = scope.spawn(|| self.hashes(a, from, size));
                (self.hashes(b, from, size), of_a.join().expect("a thread that panics"))
            });
            let (of_a, of_b) = (of_a?, of_b?);
            let differs = of_a.output.lines().zip(of_b.output.lines()).position(|(a, b)| a != b);
            let complete = |ended: &Ended| ended.code() == Some(0) && ended.output.lines().count() as u64 == size;
            if differs.is_some() || !complete(&of_a) || !complete(&of_b) {
                let shorter = of_a.output.lines().count().min(of_b.output.lines().count());
                return Err(self.explain(a, b, from + differs.unwrap_or(shorter) as u64));
            }
            done += size;
            if shown && (done % (CHUNK * 10) == 0 || done == count) {
                let rate = done as f64 / start.elapsed().as_secs_f64();
                println!("{}: {done} of {count} programs, {rate:.0} a second", self.backend.name);
            }
        }
        Ok(())
    }

    /// Its trace without the ops of some numbers, and how it ended.
    fn trace(&self, library: &Library, seed: u64, dropped: &[usize]) -> String {
        match self.run(library, &self.of_one(seed, "text", dropped), SINGLE_DEADLINE) {
            Ok(Ended { status: None, output }) => output + "it hangs\n",
            Ok(Ended { status: Some(status), output }) if !status.success() => format!("{output}{status}\n"),
            Ok(ended) => ended.output,
            Err(error) => error,
        }
    }

    fn of_one(&self, seed: u64, what: &str, dropped: &[usize]) -> Vec<String> {
        [seed.to_string(), what.to_owned()].into_iter().chain(dropped.iter().map(usize::to_string)).collect()
    }

    fn list(&self, library: &Library, seed: u64, dropped: &[usize]) -> String {
        self.run(library, &self.of_one(seed, "list", dropped), SINGLE_DEADLINE).map_or_else(|e| e, |ended| ended.output)
    }

    /// The least program from a seed of which `shows` holds, as the numbers dropped, and its text.
    fn shrink(&self, library: &Library, seed: u64, shows: impl Fn(&[usize]) -> bool) -> (Vec<usize>, String) {
        let all = self.list(library, seed, &[]).lines().filter(|line| line.contains(": ")).count();
        let dropped = |kept: &[usize]| {
            let kept: BTreeSet<usize> = kept.iter().copied().collect();
            (0..all).filter(|number| !kept.contains(number)).collect::<Vec<usize>>()
        };
        let least = dropped(&shrink::least(all, |kept| shows(&dropped(kept))));
        let text = self.list(library, seed, &least);
        (least, text)
    }

    /// The least program whose trace is not `fine`.
    pub fn shrink_until(&self, library: &Library, seed: u64, fine: impl Fn(&str) -> bool) -> (Vec<usize>, String) {
        self.shrink(library, seed, |dropped| !fine(&self.trace(library, seed, dropped)))
    }

    /// What differs in the program of a seed, made as small as it can be.
    fn explain(&self, a: &Library, b: &Library, seed: u64) -> String {
        let differs = |dropped: &[usize]| self.trace(a, seed, dropped) != self.trace(b, seed, dropped);
        if !differs(&[]) {
            return format!("seed {seed} on {} differs, but not alone", self.backend.name);
        }
        let (least, list) = self.shrink(b, seed, differs);
        let (of_a, of_b) = (self.trace(a, seed, &least), self.trace(b, seed, &least));
        let (of_a, of_b): (Vec<&str>, Vec<&str>) = (of_a.lines().collect(), of_b.lines().collect());
        let same = of_a.iter().zip(&of_b).take_while(|(a, b)| a == b).count();
        let part = |lines: &[&str]| lines[same.saturating_sub(8)..lines.len().min(same + 4)].join("\n");
        format!(
            "seed {seed} on {}; its ops:\n{list}\nseen on {}:\n{}\nseen on {}:\n{}",
            self.backend.name,
            a.kind.name(),
            part(&of_a),
            b.kind.name(),
            part(&of_b)
        )
    }

    /// Programs of which the callbacks do nothing, compared with poll within the C program.
    pub fn run_calmly(&self, library: &Library, mode: &str, first: u64, count: u64) -> Result<(), String> {
        let mut done = 0;
        while done < count {
            let size = CHUNK.min(count - done);
            let arguments = [(first + done).to_string(), size.to_string(), mode.to_owned()];
            let ended = self.run(library, &arguments, DEADLINE)?;
            match ended.code() {
                Some(0) => done += size,
                Some(NO_BACKEND) => {
                    println!("{} is not to be had here", self.backend.name);
                    return Ok(());
                }
                _ => {
                    return Err(format!(
                        "{} {mode}, from {}: {:?}\n{}",
                        self.backend.name,
                        first + done,
                        ended.status,
                        ended.output
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Compiled once for all libraries.
fn program() -> Result<PathBuf, String> {
    let sources: Vec<PathBuf> = compile::files_in(&project().join("c-tests/differential"))
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "c"))
        .collect();
    let program = built().join("differential/fuzz");
    compile::whole_program(&sources, &program, &[project().join("include")], &Library::under_test()?.links)?;
    Ok(program)
}
