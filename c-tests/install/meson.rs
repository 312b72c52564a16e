//! Projects that are built with Meson and Ninja.

use crate::common::tool;
use crate::{Installed, PREFIX, TICKS, copy};
use std::path::PathBuf;

/// Builds the project with `libev` found in one of its ways; the build directory.
fn build(installed: &Installed, how: &str) -> Result<PathBuf, String> {
    let project = copy(installed, &["meson/meson.build", "meson/meson_options.txt", "ticks.c"])?;
    let directory = installed.root().join("build");
    let mut meson = tool::command("meson");
    installed.show_to_pkg_config(&mut meson);
    meson.arg("setup").arg(format!("-Dhow={how}"));
    meson.arg(format!("-Dcmake_prefix_path={}", installed.at(PREFIX).display()));
    meson.arg(format!("-Dheaders={}", installed.include().display()));
    meson.arg(format!("-Dlibraries={}", installed.libdir().display()));
    meson.arg(&directory).arg(&project);
    tool::output(meson)?;
    let mut ninja = tool::command("ninja");
    ninja.args(["-j", "2", "-C"]).arg(&directory);
    tool::output(ninja)?;
    Ok(directory)
}

pub fn pkg_config() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let built = build(&installed, "pkg-config")?;
    installed.run_shared(&built.join("shared"), TICKS)?;
    installed.run_static(&built.join("static"), TICKS)
}

pub fn cmake() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let built = build(&installed, "cmake")?;
    installed.run_shared(&built.join("shared"), TICKS)?;
    installed.run_static(&built.join("static"), TICKS)
}

/// Neither pkg-config nor CMake, the library's name alone.
pub fn library() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let built = build(&installed, "library")?;
    installed.run_shared(&built.join("shared"), TICKS)
}
