//! What /proc says about a running program: which libev is mapped, and which backend its loops wait in.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::{Running, Wait, until};
use crate::run::{Backend, Run};

/// The threads that have to wait in a loop.
#[derive(Clone, Copy)]
pub enum Threads {
    All,
    Any,
    Main,
}

/// The program runs on the library and backend of its run. Asked when it is idle, until it has come to rest.
pub fn served(running: &Running, run: &Run, threads: Threads) -> Result<(), String> {
    let patience = Duration::from_secs(20);
    until(patience, || {
        looked(running, &run.library.file, run.backend, threads).map_err(|why| match running.is_running() {
            true => Wait::More(running.told(&why)),
            false => Wait::Never(running.told("ended too early")),
        })
    })
}

/// The same at one look.
pub fn looked(running: &Running, library: &Path, backend: Backend, threads: Threads) -> Result<(), String> {
    let process = PathBuf::from(format!("/proc/{}", running.pid()));
    let mapped = mapped(&process)?;
    let libraries: Vec<&str> = mapped.iter().map(String::as_str).filter(|path| is_libev(path)).collect();
    if libraries != [library.to_string_lossy()] {
        return Err(format!("maps {libraries:?} instead of {}", library.display()));
    }
    let ring = mapped.iter().any(|path| path.starts_with("/[aio]"));
    let epoll = has_open(&process, "anon_inode:[eventpoll]")?;
    let uring = has_open(&process, "anon_inode:[io_uring]")?;
    let fits = match backend {
        Backend::Linuxaio => ring,
        Backend::Iouring => uring && !ring,
        Backend::Epoll => epoll && !ring && !uring,
        Backend::Poll => !epoll && !ring && !uring,
    };
    if !fits {
        let [ring, epoll, uring] = [ring, epoll, uring].map(one_or_no);
        return Err(format!("has {ring} aio ring, {epoll} epoll set and {uring} io_uring on {backend}"));
    }
    waits(&process, backend, threads)
}

fn one_or_no(one: bool) -> &'static str {
    if one { "an" } else { "no" }
}

/// Names of all mapped files, each once.
fn mapped(process: &Path) -> Result<Vec<String>, String> {
    let maps = fs::read_to_string(process.join("maps")).map_err(|e| format!("/proc maps: {e}"))?;
    let mut names: Vec<String> =
        maps.lines().filter_map(|line| line.find('/').map(|start| line[start..].to_owned())).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

fn is_libev(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with("libev.so") || name.starts_with("libev-"))
}

/// Whether a file of this kind is open.
fn has_open(process: &Path, kind: &str) -> Result<bool, String> {
    let descriptors = fs::read_dir(process.join("fd")).map_err(|e| format!("/proc fd: {e}"))?;
    Ok(descriptors
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .any(|target| target.to_string_lossy() == kind))
}

/// The system call that the threads sleep in is the backend's. Where the kernel hides it, the rest has to do.
fn waits(process: &Path, backend: Backend, threads: Threads) -> Result<(), String> {
    let tasks = fs::read_dir(process.join("task")).map_err(|e| format!("/proc task: {e}"))?;
    let main = process.file_name().unwrap_or_default();
    let calls = tasks
        .flatten()
        .filter(|task| !matches!(threads, Threads::Main) || task.file_name() == main)
        .filter_map(|task| fs::read_to_string(task.path().join("syscall")).ok());
    let (right, wrong): (Vec<String>, Vec<String>) = calls.partition(|call| is_wait(call, backend));
    match wrong.is_empty() || (matches!(threads, Threads::Any) && !right.is_empty()) {
        true => Ok(()),
        false => Err(format!("is on {backend} in system calls {wrong:?}")),
    }
}

fn is_wait(call: &str, backend: Backend) -> bool {
    let number = call.split_whitespace().next().and_then(|word| word.parse().ok());
    number.is_some_and(|number| wait_calls(backend).contains(&number))
}

fn wait_calls(backend: Backend) -> Vec<libc::c_long> {
    match backend {
        Backend::Epoll => vec![
            #[cfg(target_arch = "x86_64")]
            libc::SYS_epoll_wait,
            libc::SYS_epoll_pwait,
            libc::SYS_epoll_pwait2,
        ],
        Backend::Poll => vec![
            #[cfg(target_arch = "x86_64")]
            libc::SYS_poll,
            libc::SYS_ppoll,
        ],
        Backend::Linuxaio => vec![libc::SYS_io_getevents],
        Backend::Iouring => vec![libc::SYS_io_uring_enter],
    }
}
