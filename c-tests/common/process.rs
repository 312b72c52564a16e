//! Runs one program in a process group of its own, with a deadline, its output in a file; nothing of the group outlives it.

use std::fs::{self, File};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The exit status of a C test that can't be run here.
pub const SKIPPED: i32 = 77;

/// How a process ended.
pub struct Ended {
    /// None: it was still running at the deadline and has been killed.
    pub status: Option<ExitStatus>,
    /// What it wrote to standard output and standard error.
    pub output: String,
}

impl Ended {
    pub fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }
}

/// Runs `command` to its end, its output going through the file `output`.
pub fn run(mut command: Command, output: &Path, deadline: Duration) -> io::Result<Ended> {
    catch_interrupts();
    let file = File::create(output)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
    let mut child = command.spawn()?;
    let group = Group::enter(&child);
    let in_time = wait(&child, deadline);
    // Still a zombie if it ended, so that the group's number can't be another's by now.
    group.kill();
    let status = child.wait()?;
    drop(group);
    let output = String::from_utf8_lossy(&fs::read(output)?).into_owned();
    Ok(Ended { status: in_time.then_some(status), output })
}

/// Waits until the child has ended, without reaping it; false at the deadline.
fn wait(child: &Child, deadline: Duration) -> bool {
    let start = Instant::now();
    let mut pause = Duration::from_micros(500);
    loop {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        let flags = libc::WEXITED | libc::WNOWAIT | libc::WNOHANG;
        // SAFETY: all zero is a siginfo_t; waitid fills it in.
        let ended = unsafe {
            libc::waitid(libc::P_PID, child.id(), info.as_mut_ptr(), flags) == 0 && info.assume_init().si_pid() != 0
        };
        if ended {
            return true;
        }
        if start.elapsed() > deadline {
            return false;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// The process groups alive, so that an interrupted run takes them along.
static GROUPS: [AtomicI32; 64] = [const { AtomicI32::new(0) }; 64];

struct Group {
    id: i32,
    slot: Option<&'static AtomicI32>,
}

impl Group {
    fn enter(child: &Child) -> Self {
        let id = child.id() as i32;
        let free = |slot: &&AtomicI32| slot.compare_exchange(0, id, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        Self { id, slot: GROUPS.iter().find(free) }
    }

    fn kill(&self) {
        // SAFETY: no memory is involved.
        unsafe { libc::kill(-self.id, libc::SIGKILL) };
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            slot.store(0, Ordering::SeqCst);
        }
    }
}

extern "C" fn on_interrupt(signal: i32) {
    for slot in &GROUPS {
        let id = slot.load(Ordering::SeqCst);
        if id != 0 {
            // SAFETY: async-signal-safe, no memory is involved.
            unsafe { libc::kill(-id, libc::SIGKILL) };
        }
    }
    // SAFETY: async-signal-safe.
    unsafe { libc::_exit(128 + signal) };
}

fn catch_interrupts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            let handler: extern "C" fn(i32) = on_interrupt;
            // SAFETY: the handler makes async-signal-safe calls only.
            unsafe { libc::signal(signal, handler as libc::sighandler_t) };
        }
    });
}

/// A fresh directory, removed with all its content when dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ferroev-{}-{number}", std::process::id()));
        fs::create_dir(&path)?;
        // The loader and /proc name files by their real paths.
        Ok(Self(path.canonicalize()?))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if fs::remove_dir_all(&self.0).is_err() {
            // A test may have left a directory without permissions.
            let _ = Command::new("chmod").args(["-R", "u+rwX"]).arg(&self.0).status();
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
