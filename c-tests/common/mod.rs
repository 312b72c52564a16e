//! What the test programs in Rust share: which library is under test, compiling C against it, running a process.
#![allow(dead_code, reason = "each test program uses a part")]

pub mod compile;
pub mod library;
pub mod process;
pub mod sanitizer;
pub mod tool;

use std::path::{Path, PathBuf};

/// The project's directory.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Cargo's target directory.
pub fn target() -> &'static Path {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().unwrap_or(tmp)
}

/// Where compiled test programs go.
pub fn built() -> PathBuf {
    match sanitizer::Sanitizer::chosen() {
        None => target().join("c-tests"),
        Some(sanitizer) => target().join(format!("c-tests-{}", sanitizer.name())),
    }
}
