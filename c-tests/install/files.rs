//! The installed files: which, with which permissions, and that they go again.

use crate::common;
use crate::{Installed, PREFIX};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What is installed into LIBDIR.
const LIBDIR: [&str; 7] = [
    "libev.so.4.0.0",
    "libev.so.4",
    "libev.so",
    "libev.a",
    "pkgconfig/libev.pc",
    "cmake/libev/libev-config.cmake",
    "cmake/libev/libev-config-version.cmake",
];

/// Every file and link below a directory.
pub fn files_below(directory: &Path) -> Result<BTreeSet<PathBuf>, String> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))? {
        let entry = entry.map_err(|error| error.to_string())?;
        if entry.file_type().map_err(|error| error.to_string())?.is_dir() {
            files.extend(files_below(&entry.path())?);
        } else {
            files.insert(entry.path());
        }
    }
    Ok(files)
}

pub fn all_there() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let libdir = installed.libdir();
    let mut want: BTreeSet<PathBuf> = LIBDIR.map(|name| libdir.join(name)).into();
    let include = installed.include();
    for header in common::compile::files_in(&common::project().join("include")) {
        // libevent's own may be there.
        if !header.ends_with("event.h") {
            want.insert(include.join(header.file_name().unwrap_or_default()));
        }
    }
    let pages = installed.at(PREFIX).join("share/man/man3");
    for page in common::compile::files_in(&common::project().join("man")) {
        if page.extension().is_some_and(|section| section == "3") {
            want.insert(pages.join(page.file_name().unwrap_or_default()));
        }
    }
    for expected in [include.join("ev.h"), include.join("ev++.h"), pages.join("ev.3")] {
        if !want.contains(&expected) {
            return Err(format!("there is no {} to install", expected.display()));
        }
    }
    let have = files_below(installed.root())?;
    if have != want {
        return Err(format!("installed: {have:#?}\nwanted: {want:#?}"));
    }
    for link in ["libev.so.4", "libev.so"] {
        let to = fs::read_link(libdir.join(link)).map_err(|error| format!("{link}: {error}"))?;
        if to != Path::new("libev.so.4.0.0") {
            return Err(format!("{link} leads to {}", to.display()));
        }
    }
    for file in &have {
        let mode = fs::metadata(file).map_err(|error| error.to_string())?.permissions().mode() & 0o7777;
        let is_library = fs::canonicalize(file).is_ok_and(|real| real.ends_with("libev.so.4.0.0"));
        if mode != if is_library { 0o755 } else { 0o644 } {
            return Err(format!("{} has mode {mode:o}", file.display()));
        }
    }
    Ok(())
}

/// What the other tests run on is what is installed.
pub fn same_library() -> Result<(), String> {
    let installed = Installed::new("lib")?;
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let same = read(&installed.libdir().join("libev.so.4.0.0"))? == read(&installed.library)?;
    if same { Ok(()) } else { Err(format!("not {}", installed.library.display())) }
}

/// Neither the project's place nor the staging directory is told to other machines.
pub fn no_path_of_the_build() -> Result<(), String> {
    let installed = Installed::new("lib/triplet")?;
    let places = [common::project(), common::target(), installed.root()];
    for file in files_below(installed.root())? {
        let content = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        for place in places {
            let place = place.as_os_str().as_encoded_bytes();
            if content.windows(place.len()).any(|window| window == place) {
                return Err(format!("{} holds {}", file.display(), String::from_utf8_lossy(place)));
            }
        }
    }
    Ok(())
}

pub fn uninstalled() -> Result<(), String> {
    let installed = Installed::new("lib/triplet")?;
    if files_below(installed.root())?.is_empty() {
        return Err("nothing was installed".to_owned());
    }
    let foreign = installed.libdir().join("libother.so");
    fs::write(&foreign, "").map_err(|error| error.to_string())?;
    installed.make("uninstall")?;
    let left = files_below(installed.root())?;
    if left == BTreeSet::from([foreign]) { Ok(()) } else { Err(format!("{left:#?}")) }
}
