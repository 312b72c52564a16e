//! multiwatch, which keeps a number of children running: child and signal watchers on the default loop.

use crate::process::{PATIENCE, Running, Wait, scratch, until};
use crate::run::Run;
use crate::witness::{self, Threads};

pub fn restarts_children(run: &Run) -> Result<(), String> {
    let scratch = scratch()?;
    let mut command = run.command("multiwatch")?;
    command.args(["--forks=3", "--retry=9", "--", "/bin/sh", "-c", "echo child $$; exec sleep 100"]);
    let program = Running::start(command, scratch.path())?;

    let mut seen = children(&program, 3)?;
    witness::served(&program, run, Threads::Main)?;
    // The three first, then one that was itself a replacement.
    for round in 0..4 {
        let victim = seen[round];
        // SAFETY: a system call; the number came from the child, and its parent has not been told of its end.
        unsafe { libc::kill(victim, libc::SIGKILL) };
        seen = children(&program, seen.len() + 1)?;
    }
    witness::served(&program, run, Threads::Main)?;

    program.signal(libc::SIGTERM);
    let ended = program.end()?;
    match seen.iter().find(|&&child| is_running(child)) {
        Some(child) => Err(format!("ended ({}) before its child {child}\n{}", ended.status, ended.errors)),
        None => Ok(()),
    }
}

/// Waits until so many children have told their numbers, in order of start.
fn children(program: &Running, count: usize) -> Result<Vec<libc::pid_t>, String> {
    until(PATIENCE, || {
        // Asked first: what an ended program printed is all there.
        let running = program.is_running();
        let output = program.output();
        let told =
            output.split_inclusive('\n').filter_map(|l| l.strip_suffix('\n')?.strip_prefix("child ")?.parse().ok());
        let seen: Vec<libc::pid_t> = told.collect();
        match seen.len() == count {
            true => Ok(seen),
            false if !running => Err(Wait::Never(program.told("ended too early"))),
            false => Err(Wait::More(program.told(&format!("has not started {count} children")))),
        }
    })
}

/// The sleeping program itself: the number may be another's by now.
fn is_running(child: libc::pid_t) -> bool {
    std::fs::read_to_string(format!("/proc/{child}/comm")).is_ok_and(|name| name.trim() == "sleep")
}
