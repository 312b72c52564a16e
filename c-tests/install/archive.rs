//! The static library: what is in it, and that it links in every way in which C and C++ programs are linked.

use crate::building::PROGRAMS;
use crate::common::tool;
use crate::{Installed, TICKS, needed, source};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SIZE_LIMIT: u64 = 1_000_000;

/// Beginnings of the names of sections that a linker treats in a special way, or that other compilers' tools stumble over.
const UNWANTED_SECTIONS: [&str; 7] = [".llvm", ".group", ".init_array", ".fini_array", ".ctors", ".debug", ".tdata"];

/// Parts of the names of what Rust's runtime takes from elsewhere.
const RUST: [&str; 5] = ["_ZN", "_R", "rust_", "_Unwind_", "__tls_get_addr"];

/// Flags of a link, and whether the result does without any shared library.
const MODES: [(&[&str], bool); 7] = [
    (&[], false),
    (&["-static"], true),
    (&["-static-pie"], true),
    (&["-no-pie"], false),
    (&["-O2", "-flto"], false),
    (&["-ffunction-sections", "-Wl,--gc-sections", "-Wl,-z,now"], false),
    (&["-static", "-O2", "-flto", "-Wl,--gc-sections"], true),
];

fn archive(installed: &Installed) -> PathBuf {
    installed.libdir().join("libev.a")
}

/// A compiler that compiles `name` and links it with the archive to `program`.
pub fn linker(installed: &Installed, compiler: &str, name: &str, program: &Path) -> Command {
    let mut command = tool::command(compiler);
    command.args(["-Wall", "-Wextra", "-Werror", "-I"]).arg(installed.include());
    command.arg("-o").arg(program).arg(source(name)).arg(archive(installed));
    command
}

pub fn one_object() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let mut ar = tool::command("ar");
    ar.arg("t").arg(archive(&installed));
    let members = tool::output(ar)?;
    let size = fs::metadata(archive(&installed)).map_err(|error| error.to_string())?.len();
    if members.lines().count() == 1 && size < SIZE_LIMIT {
        return Ok(());
    }
    Err(format!("{size} bytes in\n{members}"))
}

/// The system's tools have nothing to say on standard error, and find an index.
pub fn readable() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    for (program, options) in
        [("nm", &["-s"] as &[&str]), ("ar", &["tv"]), ("objdump", &["-h"]), ("size", &[]), ("readelf", &["-a", "-W"])]
    {
        let mut command = tool::command(program);
        command.args(options).arg(archive(&installed));
        let done = command.output().map_err(|error| format!("{program}: {error}"))?;
        let complaint = String::from_utf8_lossy(&done.stderr);
        if !done.status.success() || !complaint.is_empty() || done.stdout.is_empty() {
            return Err(format!("{program}: {}\n{complaint}", done.status));
        }
        if program == "nm" && !String::from_utf8_lossy(&done.stdout).contains("ev_run in ") {
            return Err("the archive has no index".to_owned());
        }
    }
    Ok(())
}

/// The names that nm shows with these options, each with its kind of symbol.
fn symbols(file: &Path, options: &[&str]) -> Result<BTreeSet<(String, String)>, String> {
    let mut nm = tool::command("nm");
    nm.arg("-P").args(options).arg(file);
    let mut symbols = BTreeSet::new();
    for line in tool::output(nm)?.lines() {
        let mut fields = line.split_whitespace();
        if let (Some(name), Some(kind)) = (fields.next(), fields.next()) {
            symbols.insert((name.to_owned(), kind.to_owned()));
        }
    }
    if symbols.is_empty() { Err(format!("nm {options:?} shows nothing of {}", file.display())) } else { Ok(symbols) }
}

/// Function and variable alike are those that the shared library exports.
pub fn names() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let have = symbols(&archive(&installed), &["-g", "--defined-only"])?;
    let want = symbols(&installed.library, &["-D", "--defined-only"])?;
    if have == want { Ok(()) } else { Err(format!("differ: {:#?}", have.symmetric_difference(&want))) }
}

pub fn undefined() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let mut names = symbols(&archive(&installed), &["-u"])?;
    names.retain(|(name, _)| RUST.iter().any(|part| name.starts_with(part) || name.contains("rust_")));
    if names.is_empty() { Ok(()) } else { Err(format!("{names:?}")) }
}

pub fn sections() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let mut readelf = tool::command("readelf");
    readelf.args(["-S", "-W"]).arg(archive(&installed));
    let text = tool::output(readelf)?;
    let names: Vec<&str> = text.lines().filter_map(|l| l.split_once(']')?.1.split_whitespace().next()).collect();
    if !names.contains(&".text.ev_run") || !names.contains(&".note.GNU-stack") {
        return Err(format!("no section for ev_run alone, or none that says how the stack is: {names:#?}"));
    }
    let unwanted = |name: &&&str| {
        UNWANTED_SECTIONS.iter().any(|start| name.starts_with(start) || name.starts_with(&format!(".rela{start}")))
    };
    let found: Vec<_> = names.iter().filter(unwanted).collect();
    if found.is_empty() { Ok(()) } else { Err(format!("{found:#?}")) }
}

pub fn modes() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let program = installed.root().join("program");
    for (flags, alone) in MODES {
        for (compiler, name, want) in PROGRAMS {
            let mut command = linker(&installed, compiler, name, &program);
            command.args(flags);
            tool::output(command)?;
            if alone && !needed(&program)?.is_empty() {
                return Err(format!("{name} with {flags:?} needs {:?}", needed(&program)?));
            }
            installed.run_static(&program, want).map_err(|error| format!("{name} with {flags:?}: {error}"))?;
        }
    }
    Ok(())
}

/// A program that asks for the version alone gets nothing else, if it wants that.
pub fn collected() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let program = installed.root().join("program");
    let mut command = linker(&installed, "gcc", "version.c", &program);
    command.arg("-Wl,--gc-sections");
    tool::output(command)?;
    let mut names = symbols(&program, &["--defined-only"])?;
    names.retain(|(name, _)| name.starts_with("ev_"));
    let names: Vec<String> = names.into_iter().map(|(name, _)| name).collect();
    if names != ["ev_version_major", "ev_version_minor"] {
        return Err(format!("{names:?} in the program"));
    }
    installed.run_static(&program, "4.33\n")
}

/// The code does not mind where it lies: a plugin may have a loop of its own inside, and hide it.
pub fn plugin() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let plugin = installed.root().join("libticks.so");
    let mut command = linker(&installed, "gcc", "ticks.c", &plugin);
    command.args(["-shared", "-fPIC", "-Dmain=ticks_main", "-Wl,--exclude-libs,ALL", "-Wl,-z,text", "-Wl,-z,defs"]);
    tool::output(command)?;
    let mut shown = symbols(&plugin, &["-D", "--defined-only"])?;
    shown.retain(|(name, _)| name.starts_with("ev_"));
    if !shown.is_empty() {
        return Err(format!("{shown:?} can be seen from outside"));
    }

    let caller = installed.root().join("caller.c");
    let text = "int ticks_main (void);\nint main (void) { return ticks_main (); }\n";
    fs::write(&caller, text).map_err(|error| error.to_string())?;
    let program = installed.root().join("program");
    let mut command = tool::command("gcc");
    command.arg("-o").arg(&program).arg(&caller).arg(&plugin);
    tool::output(command)?;
    installed.run_static(&program, TICKS)
}
