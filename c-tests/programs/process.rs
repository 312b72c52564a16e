//! Processes that end with their owner, with their output in files and a deadline for everything; ports to use.

use std::collections::HashSet;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::common::process::Scratch;

/// For what takes a second or two: far beyond any load of the machine, so that only a hang meets it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running program. Its group of processes is killed when the owner lets go, also in a panic, and when the test dies.
pub struct Running {
    child: Child,
    reaped: bool,
    name: String,
    output: PathBuf,
    errors: PathBuf,
}

/// What a program that ended left behind.
pub struct Ended {
    pub status: ExitStatus,
    pub output: String,
    pub errors: String,
}

impl Running {
    /// Starts it in `directory`, where its output goes to files.
    pub fn start(mut command: Command, directory: &Path) -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let output = directory.join(format!("{number}.{name}.output"));
        let errors = directory.join(format!("{number}.{name}.errors"));
        let create = |path| File::create(path).map_err(|e| format!("{name}: {e}"));
        command.current_dir(directory).process_group(0);
        command.stdout(create(&output)?).stderr(create(&errors)?);
        // SAFETY: prctl is a system call that touches no memory of ours.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        let child = command.spawn().map_err(|e| format!("{name}: {e}"))?;
        Ok(Running { child, reaped: false, name, output, errors })
    }

    /// Starts it with a standard input that is held open until `finish_input`.
    pub fn start_with_input(mut command: Command, directory: &Path) -> Result<Self, String> {
        command.stdin(Stdio::piped());
        Self::start(command, directory)
    }

    pub fn pid(&self) -> libc::pid_t {
        self.child.id() as libc::pid_t
    }

    pub fn finish_input(&mut self) {
        drop::<Option<ChildStdin>>(self.child.stdin.take());
    }

    /// Also true of a program that is stopped.
    pub fn is_running(&self) -> bool {
        self.status().is_none()
    }

    /// The exit code or the signal, once it ended. The zombie stays, so that its number is nobody else's.
    fn status(&self) -> Option<String> {
        // SAFETY: waitid fills in the structure it is given; all zeros is a valid one.
        let (code, value) = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            libc::waitid(libc::P_PID, self.child.id(), &mut info, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT);
            (info.si_code, info.si_status())
        };
        match code {
            0 => None,
            libc::CLD_EXITED => Some(format!("exit {value}")),
            _ => Some(format!("signal {value}")),
        }
    }

    pub fn signal(&self, signal: i32) {
        // SAFETY: a system call on a child that has not been waited for.
        unsafe { libc::kill(self.pid(), signal) };
    }

    pub fn output(&self) -> String {
        text(&self.output)
    }

    /// Waits until a whole line that begins with `beginning` was printed.
    pub fn line(&self, beginning: &str) -> Result<String, String> {
        until(PATIENCE, || {
            // Asked first: what an ended program printed is all there.
            let running = self.is_running();
            let output = self.output();
            match output.split_inclusive('\n').find(|l| l.starts_with(beginning) && l.ends_with('\n')) {
                Some(line) => Ok(line.trim_end().to_owned()),
                None if running => Err(Wait::More(format!("{}: no line \"{beginning}\"", self.name))),
                None => Err(Wait::Never(self.told("ended too early"))),
            }
        })
    }

    /// Waits for the end.
    pub fn end(mut self) -> Result<Ended, String> {
        until(PATIENCE, || match self.is_running() {
            true => Err(Wait::More(self.told("does not end"))),
            false => Ok(()),
        })?;
        let status = self.reap().map_err(|e| format!("{}: {e}", self.name))?;
        Ok(Ended { status, output: self.output(), errors: text(&self.errors) })
    }

    /// Waits for the end, which has to be a good one, and returns the standard output.
    pub fn succeed(self) -> Result<String, String> {
        let name = self.name.clone();
        let ended = self.end()?;
        match ended.status.success() {
            true => Ok(ended.output),
            false => Err(format!("{name}: {}\n{}{}", ended.status, ended.output, ended.errors)),
        }
    }

    /// A complaint with all that the program said.
    pub fn told(&self, what: &str) -> String {
        let status = self.status().map_or(String::new(), |status| format!(" ({status})"));
        format!("{} {what}{status}\n{}{}", self.name, self.output(), text(&self.errors))
    }

    fn reap(&mut self) -> std::io::Result<ExitStatus> {
        self.child.stdin.take();
        // SAFETY: a system call; until `wait` below the group's number can't be another's.
        unsafe { libc::kill(-self.pid(), libc::SIGKILL) };
        self.reaped = true;
        self.child.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = self.reap();
        }
    }
}

/// Why `until` has no answer yet.
pub enum Wait {
    More(String),
    Never(String),
}

/// Asks again and again until there is an answer, or none can come, or the time is up.
pub fn until<T>(patience: Duration, mut ask: impl FnMut() -> Result<T, Wait>) -> Result<T, String> {
    let deadline = Instant::now() + patience;
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(Wait::Never(why)) => return Err(why),
            Err(Wait::More(why)) if Instant::now() > deadline => return Err(format!("after {patience:?}: {why}")),
            Err(Wait::More(_)) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// Starts a server on a port that was free a moment ago; if another took it meanwhile, on another.
pub fn serve(start: impl Fn(u16) -> Result<Running, String>) -> Result<(Running, u16), String> {
    let mut why = String::new();
    for _ in 0..5 {
        let port = free_port()?;
        let server = start(port)?;
        let listening = until(PATIENCE, || match TcpStream::connect(("127.0.0.1", port)) {
            _ if !server.is_running() => Err(Wait::Never(server.told("ended at start"))),
            Ok(_) => Ok(()),
            Err(e) => Err(Wait::More(server.told(&e.to_string()))),
        });
        match listening {
            Ok(()) => return Ok((server, port)),
            Err(e) => why = e,
        }
    }
    Err(why)
}

/// A directory of a test's own.
pub fn scratch() -> Result<Scratch, String> {
    Scratch::new().map_err(|e| format!("no temporary directory: {e}"))
}

/// Never the same one twice, since the tests run side by side.
fn free_port() -> Result<u16, String> {
    static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| e.to_string())?;
        let port = listener.local_addr().map_err(|e| e.to_string())?.port();
        let mut given = GIVEN.lock().unwrap_or_else(|e| e.into_inner());
        if given.get_or_insert_default().insert(port) {
            return Ok(port);
        }
    }
}

/// Where an installed program is.
pub fn program(name: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(system)
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| format!("{name} is not installed (c-tests/programs/packages.txt lists the packages)"))
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
