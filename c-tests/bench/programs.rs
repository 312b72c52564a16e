//! Compiles the scenarios and the peers' programs.

use crate::catalogue::Scenario;
use crate::common::{compile, project, target};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

fn directory() -> PathBuf {
    project().join("c-tests/bench")
}

/// Where the benchmark leaves everything.
pub fn output() -> PathBuf {
    target().join("bench")
}

/// Programs of the scenarios by name, linked against the library in `links`.
pub fn scenarios<'a>(
    wanted: impl Iterator<Item = &'a Scenario>,
    links: &Path,
) -> Result<BTreeMap<&'a str, PathBuf>, String> {
    let mut programs = BTreeMap::new();
    for scenario in wanted {
        if scenario.server || programs.contains_key(scenario.program) {
            continue;
        }
        let libraries = match scenario.needs {
            None => "",
            Some((header, libraries)) if Path::new("/usr/include").join(header).is_file() => libraries,
            Some((header, _)) => {
                eprintln!("without {}: no {header}", scenario.name);
                continue;
            }
        };
        let source = directory().join("scenarios").join(scenario.program).with_extension("c");
        let program = output().join("programs").join(scenario.program);
        let object = program.with_extension("o");
        compile::object(&source, &object, &[project().join("include"), directory()], &[])?;
        // By file name: the distribution's development link would win otherwise.
        let mut switches = vec!["-L".into(), links.into(), "-l:libev.so.4".into()];
        switches.extend(libraries.split_whitespace().map(OsString::from));
        compile::foreign_program(&object, &program, &switches)?;
        programs.insert(scenario.program, program);
    }
    Ok(programs)
}

/// A library to compare with beside the reference. Each has one program, which knows some of the scenarios.
pub struct Peer {
    pub name: &'static str,
    pub program: PathBuf,
}

/// Name, a header of its own, the libraries to link.
const PEERS: [(&str, &str, &str); 3] =
    [("libuv", "uv.h", "-luv"), ("libevent", "event2/event.h", "-levent_core -levent_pthreads"), ("bare", "", "")];

/// The peers that are there, and a word on those that aren't. scripts/bench-peers unpacks those that can't be installed.
pub fn peers() -> Result<(Vec<Peer>, Vec<String>), String> {
    let root = output().join("peers/usr");
    let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
    let unpacked = [root.join("include"), root.join("include").join(&triple)];
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (name, header, library) in PEERS {
        let installed = [PathBuf::from("/usr/include")];
        if !header.is_empty() && !unpacked.iter().chain(&installed).any(|place| place.join(header).is_file()) {
            missing.push(format!("{name}: no {header}"));
            continue;
        }
        let program = output().join("programs").join(format!("peer-{name}"));
        let object = program.with_extension("o");
        let mut headers = vec![directory()];
        headers.extend(unpacked.iter().cloned());
        compile::object(&directory().join("peers").join(name).with_extension("c"), &object, &headers, &[])?;
        let libraries = root.join("lib").join(&triple);
        let mut switches = Vec::new();
        if !library.is_empty() {
            for switch in ["-L", "-Wl,-rpath,"] {
                let mut switch = OsString::from(switch);
                switch.push(&libraries);
                switches.push(switch);
            }
        }
        switches.extend(library.split_whitespace().map(OsString::from));
        compile::foreign_program(&object, &program, &switches)?;
        found.push(Peer { name, program });
    }
    Ok((found, missing))
}
