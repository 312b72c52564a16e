//! Programs built from the installed files with pkg-config's flags.

use crate::common::tool;
use crate::{Installed, PREFIX, TICKS, needed, source};
use std::fs;
use std::path::PathBuf;

/// What throws.cpp prints.
pub const THROWS: &str = "left 2 0\n";

/// A program in C and one in C++, and what they print.
pub const PROGRAMS: [(&str, &str, &str); 2] = [("gcc", "ticks.c", TICKS), ("g++", "throws.cpp", THROWS)];

/// pkg-config's answer about the installation.
pub fn pkg_config(installed: &Installed, options: &[&str]) -> Result<Vec<String>, String> {
    pkg_config_of(installed, "libev", options)
}

pub fn pkg_config_of(installed: &Installed, package: &str, options: &[&str]) -> Result<Vec<String>, String> {
    let mut command = tool::command("pkg-config");
    installed.show_to_pkg_config(&mut command);
    command.args(options).arg(package);
    Ok(tool::output(command)?.split_whitespace().map(str::to_owned).collect())
}

fn build(
    installed: &Installed,
    (compiler, name, _): (&str, &str, &str),
    mode: &[&str],
    options: &[&str],
) -> Result<PathBuf, String> {
    let program = installed.root().join("program");
    let mut compiler = tool::command(compiler);
    compiler.args(mode).args(["-Wall", "-Wextra", "-Werror", "-o"]).arg(&program);
    compiler.arg(source(name)).args(pkg_config(installed, options)?);
    tool::output(compiler)?;
    Ok(program)
}

pub fn version() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let version = pkg_config(&installed, &["--modversion"])?;
    if version == ["4.33"] { Ok(()) } else { Err(format!("{version:?}")) }
}

pub fn shared() -> Result<(), String> {
    for libdir in ["lib", "lib/triplet"] {
        let installed = Installed::new(libdir)?;
        for program in PROGRAMS {
            let file = build(&installed, program, &[], &["--cflags", "--libs"])?;
            installed.run_shared(&file, program.2)?;
        }
    }
    Ok(())
}

pub fn fully_static() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    for program in PROGRAMS {
        let file = build(&installed, program, &["-static"], &["--cflags", "--libs", "--static"])?;
        if !needed(&file)?.is_empty() {
            return Err(format!("needs {:?}", needed(&file)?));
        }
        installed.run(&file, program.2)?;
    }
    Ok(())
}

/// With no shared library to prefer, the archive is linked into an ordinary program.
pub fn archive_alone() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    for name in ["libev.so", "libev.so.4", "libev.so.4.0.0"] {
        fs::remove_file(installed.libdir().join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    for program in PROGRAMS {
        let file = build(&installed, program, &[], &["--cflags", "--libs", "--static"])?;
        installed.run_static(&file, program.2)?;
    }
    Ok(())
}

/// Beside libev nothing but the thread library, where that is one of its own (glibc before 2.34), and the C library, which
/// every compiler adds. So the archive is linked here without what else the compiler would add.
pub fn private_libraries() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let have = pkg_config(&installed, &["--libs", "--static"])?;
    let search = format!("-L{}", installed.at(PREFIX).join("lib").display());
    if have != [search.as_str(), "-lev", "-lpthread"] {
        return Err(format!("{have:?}"));
    }
    let program = installed.root().join("bare");
    let mut compiler = tool::command("gcc");
    compiler.arg("-nodefaultlibs").arg("-o").arg(&program).arg(source("ticks.c"));
    compiler.args(pkg_config(&installed, &["--cflags"])?).arg(installed.libdir().join("libev.a"));
    compiler.args(have.iter().filter(|flag| flag.starts_with("-l") && *flag != "-lev")).arg("-lc");
    tool::output(compiler)?;
    installed.run_static(&program, TICKS)
}
