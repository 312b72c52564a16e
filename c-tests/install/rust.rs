//! The static library where Rust's runtime is there already: each compiler's own has to get along with what the archive has of it.

use crate::archive::linker;
use crate::common::tool;
use crate::{Installed, source};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What caught.rs and beside.c print.
const CAUGHT: &str = "caught 1\n";

/// The compiler that made the library, and every other one on the search path.
fn compilers() -> Result<Vec<PathBuf>, String> {
    let own = Path::new(env!("CARGO")).with_file_name("rustc");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).map(|directory| directory.join("rustc"));
    let mut seen = HashSet::new();
    let mut compilers = Vec::new();
    for rustc in std::iter::once(own).chain(others).filter(|rustc| rustc.exists()) {
        let mut command = tool::command(&rustc.to_string_lossy());
        command.arg("-vV");
        // A name that leads to no compiler, as rustup leaves them, is nobody's mistake here.
        if tool::output(command).is_ok_and(|version| seen.insert(version)) {
            compilers.push(rustc);
        }
    }
    if compilers.is_empty() { Err("no rustc".to_owned()) } else { Ok(compilers) }
}

fn compile(rustc: &Path, options: &[&str], output: &Path, search: &Path) -> Result<(), String> {
    let mut command = tool::command(&rustc.to_string_lossy());
    command.args(["--edition=2024", "-D", "warnings"]).args(options).arg("-o").arg(output);
    command.arg("-L").arg(format!("native={}", search.display())).arg(source("caught.rs"));
    tool::output(command).map(drop)
}

pub fn programs() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let program = installed.root().join("program");
    for rustc in compilers()? {
        for options in [&[] as &[&str], &["-C", "target-feature=+crt-static"]] {
            let options = [&["-l", "static=ev"], options].concat();
            compile(&rustc, &options, &program, &installed.libdir())?;
            installed.run_static(&program, CAUGHT).map_err(|error| format!("{rustc:?} {options:?}: {error}"))?;
        }
    }
    Ok(())
}

/// A C program may link both; the order does not matter.
pub fn beside_another() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let program = installed.root().join("program");
    let other = installed.root().join("libcaught.a");
    for rustc in compilers()? {
        compile(
            &rustc,
            &["--crate-type=staticlib", "--cfg", "library", "--check-cfg", "cfg(library)"],
            &other,
            &installed.libdir(),
        )?;
        for mode in ["-static", "-pie"] {
            let mut command = linker(&installed, "gcc", "beside.c", &program);
            command.arg(mode).arg(&other).arg(installed.libdir().join("libev.a")).args(["-lpthread", "-ldl", "-lm"]);
            tool::output(command)?;
            installed.run_static(&program, CAUGHT).map_err(|error| format!("{rustc:?} {mode}: {error}"))?;
        }
    }
    Ok(())
}
