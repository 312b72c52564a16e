//! A project with a configure script.

use crate::common::tool;
use crate::{Installed, TICKS, copy};
use std::fs;

/// Lines that the checks have to leave in config.h.
const FOUND: [&str; 6] = [
    "#define HAVE_EV_H 1",
    "#define HAVE_LIBEV 1",
    "#define HAVE_EV_RUN 1",
    "#define HAVE_EV_WALK 1",
    "#define HAVE_EV_ASYNC 1",
    "#define HAVE_DECL_EV_NOW_UPDATE 1",
];

pub fn configured() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let directory = copy(&installed, &["autoconf/configure.ac", "autoconf/Makefile.in", "ticks.c"])?;
    let mut autoreconf = tool::command("autoreconf");
    autoreconf.current_dir(&directory);
    tool::output(autoreconf)?;

    let mut configure = tool::command("./configure");
    configure.current_dir(&directory).arg("--quiet");
    configure.env("CPPFLAGS", format!("-I{}", installed.include().display()));
    configure.env("LDFLAGS", format!("-L{}", installed.libdir().display()));
    installed.show_to_pkg_config(&mut configure);
    tool::output(configure)?;
    let config = fs::read_to_string(directory.join("config.h")).map_err(|error| error.to_string())?;
    let missing: Vec<_> = FOUND.iter().filter(|line| !config.lines().any(|have| have == **line)).collect();
    if !missing.is_empty() || config.contains("define HAVE_EV_NO_SUCH_FUNCTION") {
        return Err(format!("config.h has not {missing:#?}:\n{config}"));
    }

    let mut make = tool::command("make");
    make.arg("-s").current_dir(&directory);
    tool::output(make)?;
    installed.run_shared(&directory.join("by-check"), TICKS)?;
    installed.run_shared(&directory.join("by-pkg-config"), TICKS)
}
