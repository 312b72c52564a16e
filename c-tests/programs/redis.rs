//! A redis server driven by a C program of ours through hiredis' libev adapter, which is libev's client as it comes with hiredis.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use crate::process::{Running, Scratch, program, serve};
use crate::subject::{Run, Subject, plain, source};
use crate::witness::{self, Threads};

const ROUNDS: usize = 3000;
const UNIX: usize = 4;
const TCP: usize = 4;

/// Compiled against our header and against the distribution's, run on the library either way.
pub fn pipelined(run: &Run) -> Result<(), String> {
    let scratch = Scratch::new("redis")?;
    let (_server, port) = server(&scratch)?;
    for headers in [Headers::Ours, Headers::Distribution] {
        let mut command = run.under(plain(compile(run.subject, headers, &scratch)?));
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

/// What `ev_supported_backends` of the library says.
pub fn supported_backends(subject: &Subject) -> Result<u32, String> {
    let scratch = Scratch::new("supported")?;
    let mut command = plain(compile(subject, Headers::Distribution, &scratch)?);
    command.arg("--supported").env("LD_LIBRARY_PATH", subject.directory());
    let said = Running::start(command, scratch.path())?.succeed()?;
    said.trim().parse().map_err(|e| format!("{said}: {e}"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Headers {
    Ours,
    Distribution,
}

fn compile(subject: &Subject, headers: Headers, scratch: &Scratch) -> Result<PathBuf, String> {
    let (name, include) = match headers {
        Headers::Ours if source("include/ev.h").is_file() => ("hiredis_load.ours", Some(source("include"))),
        Headers::Ours => return Err("include/ev.h is missing".into()),
        Headers::Distribution => ("hiredis_load.distribution", None),
    };
    let driver = scratch.path().join(name);
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = plain(compiler);
    command.args(["-std=gnu11", "-O1", "-Wall", "-Wextra"]);
    if let Some(include) = include {
        command.arg("-Werror").arg("-I").arg(include);
    }
    command.arg(source("c-tests/programs/hiredis_load.c")).arg("-o").arg(&driver);
    // By file name: the distribution's development link would win otherwise.
    command.arg("-L").arg(subject.directory()).args(["-l:libev.so.4", "-lhiredis"]);
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
