//! What loading the library into a program does.

use crate::Subject;
use crate::common::tool;
use std::collections::BTreeMap;
use std::fs;

/// The calls by which the loader maps a library.
const MAPPING: [&str; 12] = [
    "access",
    "brk",
    "close",
    "faccessat2",
    "fstat",
    "mmap",
    "mprotect",
    "munmap",
    "newfstatat",
    "openat",
    "pread64",
    "read",
];

pub fn imports_resolve(subject: &Subject) -> Result<(), String> {
    let mut program = tool::command("/bin/true");
    program.env("LD_BIND_NOW", "1").env("LD_PRELOAD", &subject.file);
    let done = program.output().map_err(|error| error.to_string())?;
    if done.status.success() && done.stderr.is_empty() {
        return Ok(());
    }
    Err(format!("{}\n{}", done.status, String::from_utf8_lossy(&done.stderr)))
}

/// How often `ls` makes each system call.
fn calls(subject: &Subject, preload: bool) -> Result<BTreeMap<String, usize>, String> {
    let log = subject.scratch.path().join(if preload { "with" } else { "without" });
    let mut strace = tool::command("strace");
    strace.arg("-f").arg("-o").arg(&log);
    if preload {
        strace.arg("-E").arg(format!("LD_PRELOAD={}", subject.file.display()));
    }
    tool::output({
        strace.arg("ls").arg("/");
        strace
    })?;
    let text = fs::read_to_string(&log).map_err(|error| error.to_string())?;
    if preload && !text.contains("libev.so") {
        return Err(format!("the library was not loaded:\n{text}"));
    }
    let mut calls = BTreeMap::new();
    for line in text.lines() {
        // "PID name(arguments) = result"
        let call = line.split_once(' ').map_or(line, |(_, call)| call).trim_start();
        if let Some((name, _)) = call.split_once('(') {
            *calls.entry(name.to_owned()).or_insert(0) += 1;
        }
    }
    Ok(calls)
}

pub fn preloading_runs_nothing(subject: &Subject) -> Result<(), String> {
    let without = calls(subject, false)?;
    let with = calls(subject, true)?;
    let more: Vec<String> = with
        .iter()
        .filter(|(name, count)| *count > without.get(*name).unwrap_or(&0) && !MAPPING.contains(&name.as_str()))
        .map(|(name, count)| format!("{name}: {count} instead of {}", without.get(name).unwrap_or(&0)))
        .collect();
    if more.is_empty() { Ok(()) } else { Err(more.join("\n")) }
}
