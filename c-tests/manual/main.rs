//! The manual's pages: that they are well-formed, that they describe all there is and nothing else, and that the
//! programs in them do what the pages say.

#[allow(dead_code, reason = "the abi tests use the rest")]
#[path = "../abi/bindings.rs"]
mod bindings;
mod classes;
#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code, reason = "the abi tests use the rest")]
#[path = "../abi/compilers.rs"]
mod compilers;
mod examples;
#[allow(dead_code, reason = "the abi tests use the rest")]
#[path = "../abi/listing.rs"]
mod listing;
#[path = "../abi/macros.rs"]
mod macros;
mod names;
mod page;
mod rendering;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = examples::trials();
    trials.extend(names::trials());
    trials.extend(classes::trials());
    trials.extend(rendering::trials());
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(name: impl Into<String>, test: impl FnOnce() -> Result<(), String> + Send + 'static) -> Trial {
    Trial::test(name, move || test().map_err(Failed::from))
}

/// An error that lists `wrong`, if there is anything in it.
fn none(what: &str, wrong: &[String]) -> Result<(), String> {
    if wrong.is_empty() { Ok(()) } else { Err(format!("{what}:\n  {}", wrong.join("\n  "))) }
}
