//! Finds the C test files, compiles each to a program, and asks it which tests it holds.

use crate::batch::{self, Outcomes};
use crate::common::library::Kind;
use crate::common::{self, compile};
use crate::trial::{self, Case, Conditions};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// The directories whose C and C++ files are tests of this form.
const DIRECTORIES: [&str; 8] = ["unit", "reent", "unwind", "linuxaio", "iouring", "cpp", "libevent", "misuse"];

/// Of these, those whose subject is a header: on the reference that `make reference` built they are compiled with its headers.
const OF_HEADERS: [&str; 2] = ["cpp", "libevent"];

/// Every test on every backend that it is for, those that must be alone at the end.
pub fn trials(conditions: &Arc<Conditions>, arguments: &Arguments) -> Vec<Trial> {
    let mut cases = Vec::new();
    let mut trials = Vec::new();
    for (area, outcome) in programs(conditions) {
        match outcome.and_then(|program| list(conditions, &area, &program)) {
            Ok(found) => cases.extend(found),
            Err(error) => trials.push(Trial::test(format!("{area}::compiles"), move || Err(Failed::from(error)))),
        }
    }
    trials.extend(repeated_names(&cases));
    cases.sort_by_key(|case| case.alone);
    let on_backends = |case: Case| {
        let case = Arc::new(case);
        case.backends(conditions).into_iter().map(move |backend| (Arc::clone(&case), backend))
    };
    let tests: Vec<(Arc<Case>, u32)> = cases.into_iter().flat_map(on_backends).collect();
    trials.extend(if conditions.valgrind { told(conditions, tests, arguments) } else { run(conditions, tests) });
    trials
}

/// A trial runs its test.
fn run(conditions: &Arc<Conditions>, tests: Vec<(Arc<Case>, u32)>) -> Vec<Trial> {
    let trial = |(case, backend): (Arc<Case>, u32)| {
        let conditions = Arc::clone(conditions);
        Trial::ignorable_test(case.name_on(backend), move || match case.not_in_reference(&conditions, backend) {
            Some(why) => Ok(Completion::ignored_with(why)),
            None => trial::run(&conditions, &case, backend),
        })
    };
    tests.into_iter().map(trial).collect()
}

/// The tests have been run in batches; a trial tells the result.
fn told(conditions: &Conditions, mut tests: Vec<(Arc<Case>, u32)>, arguments: &Arguments) -> Vec<Trial> {
    tests.retain(|(case, backend)| {
        let unknown = Trial::test(case.name_on(*backend), || Ok(()));
        !arguments.is_filtered_out(&unknown) && case.not_in_reference(conditions, *backend).is_none()
    });
    let mut outcomes = if arguments.list { Outcomes::new() } else { batch::run_all(conditions, &tests) };
    let trial = |(case, backend): (Arc<Case>, u32)| {
        let outcome = outcomes.remove(&(case.name.clone(), backend));
        let outcome = outcome.unwrap_or_else(|| Err(Failed::from("it was not run")));
        Trial::ignorable_test(case.name_on(backend), move || outcome)
    };
    tests.into_iter().map(trial).collect()
}

type Program = (String, Result<PathBuf, String>);

/// Compiles all test files, two at a time; in the order of their paths.
fn programs(conditions: &Conditions) -> Vec<Program> {
    let directory = common::project().join("c-tests");
    let is_source = |file: &PathBuf| file.extension().is_some_and(|e| e == "c" || e == "cpp");
    let sources: Vec<PathBuf> =
        DIRECTORIES.iter().flat_map(|name| compile::files_in(&directory.join(name))).filter(is_source).collect();

    let headers = [common::project().join("include"), directory.join("support")];
    let harness = common::built().join("t.o");
    let harness_done = compile::object(&directory.join("support/t.c"), &harness, &headers, &[]);

    common::in_parallel(&sources, 2, |source| {
        let outcome = harness_done.clone().and_then(|()| program(conditions, source, &headers, &harness));
        (area(source), outcome)
    })
}

fn area(source: &Path) -> String {
    source.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn program(conditions: &Conditions, source: &Path, headers: &[PathBuf], harness: &Path) -> Result<PathBuf, String> {
    let library = &conditions.library;
    let room = source.parent().and_then(Path::file_name).unwrap_or_default();
    let program = common::built().join(library.kind.name()).join(room).join(area(source));
    let object = if library.kind == Kind::Oracle && OF_HEADERS.iter().any(|name| room == *name) {
        let (own, theirs) = (common::project().join("include"), common::target().join("reference/include"));
        let headers: Vec<PathBuf> = headers.iter().map(|h| if *h == own { &theirs } else { h }).cloned().collect();
        let object = program.with_extension("o");
        // They warn.
        compile::object(source, &object, &headers, &["-DT_REFERENCE_HEADERS", "-w"])?;
        object
    } else {
        let object = common::built().join(room).join(format!("{}.o", area(source)));
        compile::object(source, &object, headers, &[])?;
        object
    };
    let objects = [object.as_path(), harness];
    compile::program(&objects, compile::is_cpp(source), &program, &library.links, library.kind.is_reference())?;
    Ok(program)
}

/// Asks a program for its tests.
fn list(conditions: &Conditions, area: &str, program: &Path) -> Result<Vec<Case>, String> {
    let output = Command::new(program)
        .arg("--list")
        .env("LD_LIBRARY_PATH", &conditions.library.links)
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(format!("--list: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let cases: Vec<Case> = text.lines().map(|line| Case::parse(area, program, line)).collect::<Result<_, String>>()?;
    if cases.is_empty() { Err("no test in it".to_owned()) } else { Ok(cases) }
}

/// A test's name stands for one behaviour in the whole suite.
fn repeated_names(cases: &[Case]) -> Option<Trial> {
    let mut names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    let repeated: Vec<String> =
        names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].to_owned()).collect();
    let failure = move || Err(Failed::from(format!("used more than once: {}", repeated.join(", "))));
    names.windows(2).any(|pair| pair[0] == pair[1]).then(|| Trial::test("suite::names_are_unique", failure))
}
