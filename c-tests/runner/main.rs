//! Compiles the C tests and runs each on every backend of the library under test, in a process of its own.
//!
//! Which library: FERROEV_KIND = ours (default) | debian | oracle, FERROEV_LIBRARY = its file.
//! FERROEV_VALGRIND=1 runs them under valgrind, on epoll and linuxaio. FERROEV_TEST_TIMEOUT: seconds a test may take.
//! LIBEV_CHECK=1 is passed on to them: it must report none.
//! Tests are named area::name::backend, where area is the file's name.

mod batch;
#[path = "../common/mod.rs"]
mod common;
mod suite;
mod trial;

use common::library::Library;
use libtest_mimic::Arguments;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Two at a time whatever the machine: tests wait more than they work, and measure time.
    arguments.test_threads.get_or_insert(2);
    let library = match Library::under_test() {
        Ok(library) => library,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    eprintln!("library under test ({}): {}", library.kind.name(), library.file.display());
    let conditions = Arc::new(trial::Conditions::new(library));
    let trials = suite::trials(&conditions, &arguments);
    libtest_mimic::run(&arguments, trials).exit_code()
}
