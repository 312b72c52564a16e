//! A redis server driven by a C program of ours through hiredis' libev adapter, which is libev's client as it comes with hiredis.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use crate::common::library::Library;
use crate::common::process::Scratch;
use crate::common::project;
use crate::process::{Running, program, scratch, serve};
use crate::run::{Run, plain};
use crate::witness::{self, Threads};

const ROUNDS: usize = 3000;
const UNIX: usize = 4;
const TCP: usize = 4;

/// Compiled against our header and against the distribution's, run on the library either way.
pub fn pipelined(run: &Run) -> Result<(), String> {
    let scratch = scratch()?;
    let (_server, port) = server(&scratch)?;
    for headers in [Headers::Ours, Headers::Distribution] {
        let mut command = run.under(plain(compile(run.library, headers, &scratch)?));
        command.arg(ROUNDS.to_string());
        command.args(vec!["redis.socket".to_owned(); UNIX]).args(vec![format!("127.0.0.1:{port}"); TCP]);
        let mut driver = Running::start_with_input(command, scratch.path())?;
        let report = driver.line("stored")?;
        witness::served(&driver, run, Threads::All)?;
        driver.finish_input();
        driver.succeed()?;
        let n = ROUNDS * (UNIX + TCP);
        let (begin, end) = (
            format!("stored {n} compared {n} bytes "),
            format!(" disconnected {} backend {}", UNIX + TCP, run.backend as u32),
        );
        if !report.starts_with(&begin) || !report.ends_with(&end) {
            return Err(format!("{report}\nis not\n{begin}...{end}"));
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Headers {
    Ours,
    Distribution,
}

fn compile(library: &Library, headers: Headers, scratch: &Scratch) -> Result<PathBuf, String> {
    let driver = scratch.path().join(format!("hiredis_load.{headers:?}"));
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = plain(compiler);
    command.args(["-std=gnu11", "-O1", "-Wall", "-Wextra"]);
    if headers == Headers::Ours {
        command.arg("-Werror").arg("-I").arg(project().join("include"));
    }
    command.arg(project().join("c-tests/programs/hiredis_load.c")).arg("-o").arg(&driver);
    // By file name: the distribution's development link would win otherwise.
    command.arg("-L").arg(&library.links).args(["-l:libev.so.4", "-lhiredis"]);
    Running::start(command, scratch.path())?.succeed()?;
    Ok(driver)
}

/// A plain peer on a socket of both kinds, which keeps nothing.
fn server(scratch: &Scratch) -> Result<(Running, u16), String> {
    serve(|port| {
        let mut command = plain(redis_server()?);
        command.arg0("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--unixsocket", "redis.socket"]);
        command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        Running::start(command, scratch.path())
    })
}

/// Without the package redis-server, which starts a daemon, it is in redis-tools under a second name; it goes by its argv[0].
fn redis_server() -> Result<PathBuf, String> {
    program("redis-server").or_else(|_| program("redis-check-rdb"))
}
