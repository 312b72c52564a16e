//! Projects that are built with CMake.

use crate::building::THROWS;
use crate::common::tool;
use crate::{Installed, PREFIX, TICKS, source};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Configures a project in a fresh build directory; what CMake says.
fn configure(installed: &Installed, project: &str, found_by: &str, build: &Path) -> Result<String, String> {
    let mut cmake = tool::command("cmake");
    cmake.env_remove("CMAKE_PREFIX_PATH").env_remove("CMAKE_GENERATOR");
    cmake.arg("-S").arg(source(project)).arg("-B").arg(build).arg(found_by);
    cmake.current_dir(installed.root());
    tool::output(cmake)
}

fn prefix_path(prefix: &Path) -> String {
    format!("-DCMAKE_PREFIX_PATH={}", prefix.display())
}

/// Not searched for, so that no other one is found either.
fn package_in(libdir: &Path) -> String {
    format!("-Dlibev_DIR={}", libdir.join("cmake/libev").display())
}

/// Configures and builds; the build directory.
fn build(installed: &Installed, project: &str, found_by: &str) -> Result<PathBuf, String> {
    let directory = installed.root().join(format!("build-{project}"));
    configure(installed, project, found_by, &directory)?;
    let mut cmake = tool::command("cmake");
    cmake.arg("--build").arg(&directory).args(["--parallel", "2"]);
    tool::output(cmake)?;
    Ok(directory)
}

/// The directory below lib that the compiler calls its own, where Debian has its libraries.
fn multiarch() -> Result<String, String> {
    let mut compiler = tool::command("gcc");
    compiler.arg("-print-multiarch");
    Ok(format!("lib/{}", tool::output(compiler)?.trim()))
}

pub fn package() -> Result<(), String> {
    for libdir in ["lib".to_owned(), multiarch()?] {
        let installed = Installed::new(&libdir)?;
        let built = build(&installed, "cmake", &prefix_path(&installed.at(PREFIX)))?;
        installed.run_shared(&built.join("shared"), TICKS)?;
        installed.run_shared(&built.join("throws"), THROWS)?;
        installed.run_static(&built.join("static"), TICKS)?;
    }
    Ok(())
}

/// Neither another place nor a link on the way is a hindrance.
pub fn moved() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let elsewhere = installed.root().join("elsewhere");
    fs::rename(installed.at(PREFIX), &elsewhere).map_err(|error| error.to_string())?;
    let link = installed.root().join("lib");
    symlink("elsewhere/lib", &link).map_err(|error| error.to_string())?;
    let built = build(&installed, "cmake", &package_in(&link))?;
    // Its own library is found by the path that CMake has put into the program.
    installed.run_shared(&built.join("shared"), TICKS)?;
    installed.run_static(&built.join("static"), TICKS)
}

/// Only what is installed is offered, and what is missing is named.
pub fn incomplete() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let place = package_in(&installed.libdir());
    let remove = |path: PathBuf| fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()));

    remove(installed.libdir().join("libev.so"))?;
    let built = build(&installed, "cmake", &place)?;
    installed.run_static(&built.join("static"), TICKS)?;
    if built.join("shared").exists() {
        return Err("a program was built on the library that is not there".to_owned());
    }

    let refused = |missing: PathBuf| match configure(&installed, "cmake", &place, &installed.root().join("refused")) {
        Ok(said) => Err(format!("found without {}:\n{said}", missing.display())),
        // CMake breaks lines where it likes.
        Err(said) if said.replace(['\n', ' '], "").contains(&format!("{}doesnotexist", missing.display())) => Ok(()),
        Err(said) => Err(format!("does not name {}:\n{said}", missing.display())),
    };
    remove(installed.libdir().join("libev.a"))?;
    refused(installed.libdir().join("libev.so"))?;
    remove(installed.include().join("ev.h"))?;
    refused(installed.include().join("ev.h"))
}

pub fn versions() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let build = installed.root().join("build");
    configure(&installed, "cmake-versions", &prefix_path(&installed.at(PREFIX)), &build).map(drop)
}

pub fn module() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let built = build(&installed, "cmake-module", &prefix_path(&installed.at(PREFIX)))?;
    installed.run_shared(&built.join("ticks"), TICKS)
}
