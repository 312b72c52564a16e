//! nghttpd serving files over HTTP/2 without TLS to curl and h2load.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::library::Library;
use crate::common::process::Scratch;
use crate::process::{Running, program, scratch, serve};
use crate::run::{Backend, Run, Way, plain};
use crate::witness::{self, Threads};

/// Around every buffer size in sight: empty, one byte, frames of 16 KiB, windows of 64 KiB, more than a socket holds.
const SIZES: [usize; 11] = [0, 1, 1000, 16383, 16384, 16385, 65535, 65536, 65537, 1 << 20, (5 << 20) + 3];

/// A site of random files, and a server for it.
struct Site {
    server: Running,
    port: u16,
    scratch: Scratch,
}

impl Site {
    fn open(run: &Run, arguments: &[&str]) -> Result<Self, String> {
        let scratch = scratch()?;
        let root = scratch.path().join("root");
        fs::create_dir(&root).map_err(|e| e.to_string())?;
        for size in SIZES {
            fs::write(root.join(size.to_string()), noise(size)).map_err(|e| e.to_string())?;
        }
        let (server, port) = serve(|port| {
            let mut command = run.command("nghttpd")?;
            command.args(["--no-tls", "-a", "127.0.0.1", "-d"]).arg(&root).args(arguments).arg(port.to_string());
            Running::start(command, scratch.path())
        })?;
        Ok(Site { server, port, scratch })
    }

    fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Runs curl and returns what its --write-out says.
    fn curl(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = plain(program("curl")?);
        // -q first: no configuration of the user's.
        command.args(["-q", "--silent", "--show-error", "--noproxy", "*", "--http2-prior-knowledge"]);
        command.args(["--write-out", "%{http_version} %{http_code}\\n"]).args(arguments);
        Running::start(command, self.scratch.path())?.succeed()
    }

    fn fetch(&self, size: usize, copy: &str) -> Vec<String> {
        vec![self.address(&size.to_string()), "--output".into(), copy.into()]
    }

    fn compare(&self, size: usize, copy: &str) -> Result<(), String> {
        same(&self.file(copy), &noise(size))
    }
}

pub fn files_come_back_equal(run: &Run) -> Result<(), String> {
    for workers in ["1", "3"] {
        let site = Site::open(run, &["-n", workers, "--echo-upload"])?;
        one_by_one_and_all_at_once(&site)?;
        upload(&site)?;
        let missing = site.curl(&[&site.address("none"), "--output", "none"])?;
        expect("a file that is not there", &missing, "2 404\n")?;
        witness::served(&site.server, run, Threads::All)?;
    }
    Ok(())
}

fn one_by_one_and_all_at_once(site: &Site) -> Result<(), String> {
    for size in SIZES {
        let fetch = site.fetch(size, "copy");
        let answer = site.curl(&fetch.iter().map(String::as_str).collect::<Vec<_>>())?;
        expect("one file", &answer, "2 200\n")?;
        site.compare(size, "copy")?;
    }
    let mut all = vec!["--parallel".to_owned(), "--parallel-immediate".to_owned()];
    for size in SIZES {
        all.extend(site.fetch(size, &format!("copy-{size}")));
    }
    let answers = site.curl(&all.iter().map(String::as_str).collect::<Vec<_>>())?;
    expect("all files at once", &answers, &"2 200\n".repeat(SIZES.len()))?;
    SIZES.iter().try_for_each(|&size| site.compare(size, &format!("copy-{size}")))
}

fn upload(site: &Site) -> Result<(), String> {
    let data = noise(3_000_001);
    fs::write(site.file("sent"), &data).map_err(|e| e.to_string())?;
    let answer = site.curl(&["--data-binary", "@sent", "--output", "echo", &site.address("upload")])?;
    expect("an upload", &answer, "2 200\n")?;
    same(&site.file("echo"), &data)
}

pub fn under_load(run: &Run) -> Result<(), String> {
    for workers in ["1", "3"] {
        let site = Site::open(run, &["-n", workers])?;
        witness::served(&site.server, run, Threads::All)?;
        load(&site, 20000, 1000, &["-c", "40", "-m", "10"])?;
        load(&site, 64, (5 << 20) + 3, &["-c", "8", "-m", "4"])?;
        // Connections come and go.
        load(&site, 300, 16385, &["-c", "300", "-r", "300"])?;
        witness::served(&site.server, run, Threads::All)?;
    }
    Ok(())
}

fn load(site: &Site, requests: usize, size: usize, arguments: &[&str]) -> Result<(), String> {
    let command = plain(program("h2load")?);
    let report = h2load(site, command, requests, size, arguments)?.succeed()?;
    all_succeeded(&report, requests, size)
}

fn h2load(
    site: &Site,
    mut command: std::process::Command,
    requests: usize,
    size: usize,
    arguments: &[&str],
) -> Result<Running, String> {
    command.args(["-n", &requests.to_string()]).args(arguments).arg(site.address(&size.to_string()));
    Running::start(command, site.scratch.path())
}

/// The load generator is a libev program too. The server is held meanwhile, so that its client is seen waiting.
pub fn load_generator(run: &Run) -> Result<(), String> {
    let site = Site::open(run, &[])?;
    site.server.signal(libc::SIGSTOP);
    let client = h2load(&site, run.command("h2load")?, 20000, 1000, &["-c", "20", "-m", "10"])?;
    witness::served(&client, run, Threads::Any)?;
    site.server.signal(libc::SIGCONT);
    all_succeeded(&client.succeed()?, 20000, 1000)
}

/// Every request answered with every byte.
fn all_succeeded(report: &str, requests: usize, size: usize) -> Result<(), String> {
    let n = requests;
    let counts = format!(
        "requests: {n} total, {n} started, {n} done, {n} succeeded, 0 failed, 0 errored, 0 timeout\n\
         status codes: {n} 2xx, 0 3xx, 0 4xx, 0 5xx\n"
    );
    let bytes = format!("({}) data\n", requests * size);
    match report.contains(&counts) && report.contains(&bytes) {
        true => Ok(()),
        false => Err(format!("h2load's report is not\n{counts}... {bytes}but\n{report}")),
    }
}

/// Told the wrong library or the wrong backend, the witness objects.
pub fn witness_is_no_yes_man(library: &Library) -> Result<(), String> {
    let run = Run { library, way: Way::Preload, backend: Backend::Poll };
    let site = Site::open(&run, &[])?;
    witness::served(&site.server, &run, Threads::All)?;
    for backend in [Backend::Epoll, Backend::Linuxaio, Backend::Iouring] {
        objects(witness::looked(&site.server, &library.file, backend, Threads::All), "has no aio ring")?;
    }
    objects(witness::looked(&site.server, Path::new("/libev.so.4"), run.backend, Threads::All), "maps [")?;
    site.server.signal(libc::SIGSTOP);
    load_is_refused(&site)
}

fn objects(answer: Result<(), String>, why: &str) -> Result<(), String> {
    match answer {
        Err(said) if said.starts_with(why) => Ok(()),
        other => Err(format!("the witness says {other:?}, expected \"{why}...\"")),
    }
}

fn load_is_refused(site: &Site) -> Result<(), String> {
    site.server.signal(libc::SIGCONT);
    let report = "requests: 10 total, 10 started, 10 done, 9 succeeded, 1 failed, 1 errored, 0 timeout\n";
    objects(all_succeeded(report, 10, 10), "h2load's report is not")
}

fn expect(what: &str, have: &str, want: &str) -> Result<(), String> {
    match have == want {
        true => Ok(()),
        false => Err(format!("{what}: curl says {have:?}, expected {want:?}")),
    }
}

fn same(file: &Path, data: &[u8]) -> Result<(), String> {
    let found = fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    match found == data {
        true => Ok(()),
        false => Err(format!("{}: {} bytes differ from the {} served", file.display(), found.len(), data.len())),
    }
}

/// The same bytes for the same size, without a pattern.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ size as u64;
    (0..size)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}
