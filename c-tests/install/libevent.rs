//! event.h: installed on request only, beside libevent's own, and found by pkg-config.

use crate::building::pkg_config_of;
use crate::common::tool;
use crate::files::files_below;
use crate::{Installed, source};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// What event.c prints.
const TICKS: &str = "4.33 libev 3\n";

/// A stranger by the same name.
const FOREIGN: &str = "#error \"not this one\"\n";

/// An installation beside libevent's header.
fn beside_libevent() -> Result<Installed, String> {
    let installed = Installed::new("lib")?;
    fs::write(installed.include().join("event.h"), FOREIGN).map_err(|error| error.to_string())?;
    Ok(installed)
}

fn foreign_is_left(installed: &Installed) -> Result<(), String> {
    match fs::read_to_string(installed.include().join("event.h")) {
        Ok(text) if text == FOREIGN => Ok(()),
        other => Err(format!("libevent's event.h was touched: {other:?}")),
    }
}

/// Two files are added, whatever else is there, and both go again.
pub fn added_and_removed() -> Result<(), String> {
    let installed = beside_libevent()?;
    let before = files_below(installed.root())?;
    installed.make("install-libevent")?;
    let after = files_below(installed.root())?;
    let added: BTreeSet<_> = after.difference(&before).cloned().collect();
    let want =
        [installed.include().join("libev-libevent/event.h"), installed.libdir().join("pkgconfig/libev-libevent.pc")];
    if added != BTreeSet::from(want) || !before.is_subset(&after) {
        return Err(format!("added: {added:#?}"));
    }
    for file in added {
        let mode = fs::metadata(&file).map_err(|error| error.to_string())?.permissions().mode() & 0o7777;
        if mode != 0o644 {
            return Err(format!("{} has mode {mode:o}", file.display()));
        }
    }
    foreign_is_left(&installed)?;
    installed.make("uninstall")?;
    foreign_is_left(&installed)?;
    let left = files_below(installed.root())?;
    if left.len() != 1 || installed.include().join("libev-libevent").exists() {
        return Err(format!("left: {left:#?}"));
    }
    Ok(())
}

/// In C and in C++, though libevent's header is in the directory of ev.h.
pub fn program() -> Result<(), String> {
    let installed = beside_libevent()?;
    installed.make("install-libevent")?;
    for language in ["c", "c++"] {
        for (mode, options) in
            [(&[][..], &["--cflags", "--libs"][..]), (&["-static"], &["--cflags", "--libs", "--static"])]
        {
            let program = installed.root().join("program");
            let mut compiler = tool::command(if language == "c" { "gcc" } else { "g++" });
            compiler.args(mode).args(["-Wall", "-Wextra", "-Werror", "-x", language]).arg(source("event.c"));
            compiler.args(["-x", "none", "-o"]).arg(&program);
            compiler.args(pkg_config_of(&installed, "libev-libevent", options)?);
            tool::output(compiler)?;
            if mode.is_empty() {
                installed.run_shared(&program, TICKS)?;
            } else {
                installed.run_static(&program, TICKS)?;
            }
        }
    }
    Ok(())
}

pub fn version() -> Result<(), String> {
    let installed = Installed::new("lib/triplet")?;
    installed.make("install-libevent")?;
    let version = pkg_config_of(&installed, "libev-libevent", &["--modversion"])?;
    if version == ["4.33"] { Ok(()) } else { Err(format!("{version:?}")) }
}
