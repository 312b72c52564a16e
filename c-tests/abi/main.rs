//! The binary interface, from three sides that must agree: the Rust types, our header, and the
//! reference's installed header. Also that our header compiles silently wherever it may be used.
//!
//! What compares with the reference needs the distribution's libev-dev and says so where it is missing.

#[allow(dead_code, reason = "the library uses the rest")]
#[path = "../../src/abi.rs"]
mod abi;
mod bindings;
mod classes;
mod compilers;
mod declared;
mod layout;
#[allow(dead_code, reason = "the manual's tests use the rest")]
mod listing;
mod macros;
mod members;
mod programs;
mod prototypes;
mod refused;

use libtest_mimic::Arguments;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = prototypes::trials();
    trials.extend(layout::trials());
    trials.extend(declared::trials());
    trials.extend(refused::trials());
    trials.extend(programs::trials());
    trials.extend(classes::trials());
    trials.extend(members::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What only one of two lists has, a line each; empty if they are the same set.
fn difference<'a>(
    left: impl Iterator<Item = &'a str>,
    right: impl Iterator<Item = &'a str>,
    left_name: &str,
    right_name: &str,
) -> String {
    use std::collections::BTreeSet;
    let left: BTreeSet<&str> = left.collect();
    let right: BTreeSet<&str> = right.collect();
    let only = |these: &BTreeSet<&str>, others: &BTreeSet<&str>, name: &str| {
        these.difference(others).map(|item| format!("only {name}: {item}\n")).collect::<String>()
    };
    only(&left, &right, left_name) + &only(&right, &left, right_name)
}
