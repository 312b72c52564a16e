//! Programs built from the installed files with pkg-config's flags.

use crate::common::{self, process, tool};
use crate::{Installed, PREFIX};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What ticks.c prints.
const TICKS: &str = "4.33 3\n";

/// pkg-config's answer about the installation.
fn pkg_config(installed: &Installed, options: &[&str]) -> Result<Vec<String>, String> {
    let mut command = tool::command("pkg-config");
    command.env("PKG_CONFIG_LIBDIR", installed.libdir().join("pkgconfig"));
    command.env("PKG_CONFIG_SYSROOT_DIR", installed.root());
    command.env_remove("PKG_CONFIG_PATH");
    command.args(options).arg("libev");
    Ok(tool::output(command)?.split_whitespace().map(str::to_owned).collect())
}

fn build(installed: &Installed, mode: &[&str], options: &[&str]) -> Result<PathBuf, String> {
    let program = installed.root().join("ticks");
    let mut compiler = tool::command("gcc");
    compiler.args(mode).arg("-Wall").arg("-Werror").arg("-o").arg(&program);
    compiler.arg(common::project().join("c-tests/install/ticks.c")).args(pkg_config(installed, options)?);
    tool::output(compiler)?;
    Ok(program)
}

fn run(installed: &Installed, mut program: Command) -> Result<(), String> {
    program.env_clear();
    run_as_is(installed, program)
}

fn run_as_is(installed: &Installed, program: Command) -> Result<(), String> {
    let ended = process::run(program, &installed.root().join("output"), Duration::from_secs(60))
        .map_err(|error| error.to_string())?;
    if ended.code() == Some(0) && ended.output == TICKS {
        return Ok(());
    }
    Err(format!("status {:?}, output:\n{}", ended.status, ended.output))
}

/// The libraries that a program needs at run time.
fn needed(program: &Path) -> Result<Vec<String>, String> {
    let mut readelf = tool::command("readelf");
    readelf.args(["-d", "-W"]).arg(program);
    let text = tool::output(readelf)?;
    let names = text.lines().filter(|line| line.contains("(NEEDED)")).filter_map(|line| line.split(['[', ']']).nth(1));
    Ok(names.map(str::to_owned).collect())
}

pub fn version() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let version = pkg_config(&installed, &["--modversion"])?;
    if version == ["4.33"] { Ok(()) } else { Err(format!("{version:?}")) }
}

pub fn shared() -> Result<(), String> {
    for libdir in ["lib", "lib/triplet"] {
        let installed = Installed::new(libdir)?;
        let program = build(&installed, &[], &["--cflags", "--libs"])?;
        if !needed(&program)?.contains(&"libev.so.4".to_owned()) {
            return Err(format!("needs {:?}", needed(&program)?));
        }
        let mut command = Command::new(&program);
        command.env_clear().env("LD_LIBRARY_PATH", installed.libdir());
        run_as_is(&installed, command)?;
    }
    Ok(())
}

pub fn fully_static() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let program = build(&installed, &["-static"], &["--cflags", "--libs", "--static"])?;
    if !needed(&program)?.is_empty() {
        return Err(format!("needs {:?}", needed(&program)?));
    }
    run(&installed, Command::new(program))
}

/// With no shared library to prefer, the archive is linked into an ordinary program.
pub fn archive_alone() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    for name in ["libev.so", "libev.so.4", "libev.so.4.0.0"] {
        fs::remove_file(installed.libdir().join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    let program = build(&installed, &[], &["--cflags", "--libs", "--static"])?;
    if needed(&program)?.contains(&"libev.so.4".to_owned()) {
        return Err(format!("needs {:?}", needed(&program)?));
    }
    run(&installed, Command::new(program))
}

/// Libs.private is what rustc says, without the two that the compiler driver adds in the kind that fits.
pub fn private_libraries() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let directory = common::built().join("native-static-libs");
    let mut cargo = tool::command(env!("CARGO"));
    cargo.current_dir(common::project()).arg("rustc").args(["--locked", "--lib", "--crate-type", "staticlib"]);
    cargo.arg("--target-dir").arg(directory).args(["--", "--print", "native-static-libs"]);
    let done = cargo.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&done.stderr);
    let (_, list) = said.split_once("native-static-libs: ").ok_or_else(|| format!("rustc does not say: {said}"))?;
    let mut want: BTreeSet<&str> = list.lines().next().unwrap_or_default().split_whitespace().collect();
    want.remove("-lgcc_s");
    want.remove("-lc");
    want.insert("-lev");
    let have = pkg_config(&installed, &["--libs", "--static"])?;
    let have: BTreeSet<&str> = have.iter().map(String::as_str).filter(|flag| flag.starts_with("-l")).collect();
    let search = pkg_config(&installed, &["--libs-only-L"])?;
    let place = format!("-L{}", installed.at(PREFIX).join("lib").display());
    if have == want && search == [place] { Ok(()) } else { Err(format!("{have:?} {search:?}, but rustc: {want:?}")) }
}
