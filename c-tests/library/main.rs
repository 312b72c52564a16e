//! What the shared library itself looks like: names, dynamic section, size, what it can't contain, what loading it does.

#[path = "../common/mod.rs"]
mod common;
mod contents;
mod dynamic;
mod loading;

use common::library::Library;
use common::process::Scratch;
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// The library that `make install` installs, and where its symbols are.
struct Subject {
    file: PathBuf,
    symbols: PathBuf,
    scratch: Scratch,
}

type Test = fn(&Subject) -> Result<(), String>;

const TESTS: [(&str, Test); 14] = [
    ("exports_the_known_names_and_nothing_else", dynamic::exports),
    ("exports_what_the_packaged_reference_does", dynamic::same_as_reference),
    ("default_loop_ptr_is_a_datum_of_eight_bytes", dynamic::default_loop_ptr),
    ("symbols_carry_no_version", dynamic::unversioned),
    ("soname_is_libev_so_4", dynamic::soname),
    ("is_never_unmapped", dynamic::nodelete),
    ("needs_the_c_library_only", dynamic::needed),
    ("loads_with_glibc_2_17", dynamic::glibc_floor),
    ("is_stripped_and_small", contents::size),
    ("holds_no_panic_machinery", contents::no_panic),
    ("holds_no_texts_of_std", contents::texts),
    ("runs_no_constructor_of_its_own", contents::constructors),
    ("every_import_resolves", loading::imports_resolve),
    ("preloading_runs_nothing", loading::preloading_runs_nothing),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let subject = match subject() {
        Ok(subject) => Arc::new(subject),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    eprintln!("library: {}", subject.file.display());
    let trial = |(name, test): (&str, Test)| {
        let subject = Arc::clone(&subject);
        Trial::test(name, move || test(&subject).map_err(Failed::from))
    };
    libtest_mimic::run(&arguments, TESTS.into_iter().map(trial).collect()).exit_code()
}

fn subject() -> Result<Subject, String> {
    let file = Library::under_test()?.file;
    let mut symbols = file.clone().into_os_string();
    symbols.push(".debug");
    let scratch = Scratch::new().map_err(|error| format!("no directory for temporary files: {error}"))?;
    Ok(Subject { file, symbols: symbols.into(), scratch })
}
