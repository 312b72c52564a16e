//! Programs against the header: without a warning in every standard, and with the same effect as
//! with the reference's header.

use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};

use crate::compilers::{self, Compiler, Header, Language, Source};
use crate::declared;

/// The machine's compiler.
const C: [&str; 6] = ["c99", "c11", "c17", "c2x", "gnu99", "gnu17"];
const CPP: [&str; 8] = ["c++98", "c++03", "c++11", "c++14", "c++17", "c++20", "c++23", "gnu++17"];
/// Another family, of a later year.
const OTHER_C: &str = "clang-19";
const OTHER_CPP: &str = "clang++-19";

/// Uses event.h, the others use ev.h.
const EVENT: &str = "event_user.c";

const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-c"];

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for standard in C {
        trials.push(Trial::test(format!("programs::silent::{standard}"), move || {
            Ok(silent(&Compiler::of_machine(Language::C)?, standard)?)
        }));
    }
    for standard in CPP {
        trials.push(Trial::test(format!("programs::silent::{standard}"), move || {
            Ok(silent(&Compiler::of_machine(Language::Cpp)?, standard)?)
        }));
    }
    for (program, language, standard) in [(OTHER_C, Language::C, "c23"), (OTHER_CPP, Language::Cpp, "c++23")] {
        trials.push(Trial::test(format!("programs::silent::{program}::{standard}"), move || {
            match Compiler::named(program, language) {
                Some(compiler) => Ok(silent(&compiler, standard)?),
                None => {
                    eprintln!("programs::silent::{program}: skipped, {program} is not installed");
                    Ok(())
                }
            }
        }));
    }
    trials.push(Trial::test("programs::silent_with_more_warnings", silent_with_more_warnings));
    trials.push(Trial::test("programs::every_macro_is_used", every_macro_is_used));
    trials.push(Trial::test("programs::accepted_by_reference_header", accepted_by_reference));
    trials.push(Trial::test("programs::effects_of_macros", || effects(Header::Ours, &["-O0", "-O2", "-O3"])));
    trials.push(Trial::test("programs::effects_of_macros_on_reference_header", || {
        // Not optimised: there a callback written through ev_watcher may be read stale.
        if Header::Reference.is_there("programs::effects_of_macros_on_reference_header") {
            effects(Header::Reference, &["-O0"])
        } else {
            Ok(())
        }
    }));
    trials
}

fn program(name: &str) -> PathBuf {
    compilers::root().join("c-tests/headers").join(name)
}

fn programs(language: Language) -> &'static [&'static str] {
    match language {
        Language::C => &["every_macro.c", "effects.c", "user.c", EVENT],
        Language::Cpp => &["every_macro.c", "effects.c", "user.cpp", EVENT],
    }
}

fn silent(compiler: &Compiler, standard: &str) -> Result<(), String> {
    let standard = format!("-std={standard}");
    for level in ["-O0", "-O2"] {
        for name in programs(compiler.language) {
            let mut arguments = STRICT.to_vec();
            arguments.extend([standard.as_str(), level, "-o", "/dev/null"]);
            let output = compiler.file(Header::Ours, &arguments, &program(name))?;
            compilers::success(&output)?;
            if !output.stderr.is_empty() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned());
            }
        }
    }
    Ok(())
}

/// What programs like to switch on beyond the usual, the header alone.
fn silent_with_more_warnings() -> Result<(), Failed> {
    let common = ["-Wshadow", "-Wundef", "-Wconversion", "-Wcast-align", "-Wwrite-strings", "-Wpointer-arith"];
    let c = ["-std=c11", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wold-style-definition", "-Wcast-qual"];
    let cpp = ["-std=c++17", "-Woverloaded-virtual", "-Wnon-virtual-dtor", "-Wextra-semi", "-Wsuggest-override"];
    for (language, more) in [(Language::C, c), (Language::Cpp, cpp)] {
        let mut arguments = STRICT.to_vec();
        arguments.extend(common);
        arguments.extend(more);
        arguments.extend(["-O2", "-o", "/dev/null"]);
        for source in ["#include <ev.h>\n", "#include <event.h>\n"] {
            compilers::success(&Compiler::of_machine(language)?.text(Header::Ours, &arguments, source)?)?;
        }
    }
    Ok(())
}

/// The programs that stand for all macros name each of them.
fn every_macro_is_used() -> Result<(), Failed> {
    let text = std::fs::read_to_string(program("every_macro.c"))? + &std::fs::read_to_string(program(EVENT))?;
    let words: Vec<&str> = text.split(|char: char| !(char.is_alphanumeric() || char == '_')).collect();
    let missing: Vec<String> = declared::macros(Language::C, Header::OurEvent, &[])?
        .into_iter()
        .filter(|name| !words.contains(&name.split(' ').next().unwrap_or_default()))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("not used: {}", missing.join(", ")).into()) }
}

/// The programs are ones that the reference's header takes as well.
fn accepted_by_reference() -> Result<(), Failed> {
    let test = "programs::accepted_by_reference_header";
    if !Header::Reference.is_there(test) {
        return Ok(());
    }
    let with_events = Header::ReferenceEvent.is_there(test);
    for (language, standard) in [
        (Language::C, "-std=c99"),
        (Language::C, "-std=c2x"),
        (Language::Cpp, "-std=c++98"),
        (Language::Cpp, "-std=c++23"),
    ] {
        for name in programs(language) {
            let header = if *name == EVENT { Header::ReferenceEvent } else { Header::Reference };
            if header == Header::ReferenceEvent && !with_events {
                continue;
            }
            let arguments = [standard, "-w", "-c", "-o", "/dev/null"];
            let output = Compiler::of_machine(language)?.file(header, &arguments, &program(name))?;
            compilers::success(&output)?;
        }
    }
    Ok(())
}

fn effects(header: Header, levels: &[&str]) -> Result<(), Failed> {
    let mut compilers = vec![Compiler::of_machine(Language::C)?, Compiler::of_machine(Language::Cpp)?];
    compilers.extend(Compiler::named(OTHER_C, Language::C));
    compilers.extend(Compiler::named(OTHER_CPP, Language::Cpp));
    for compiler in compilers {
        for level in levels {
            let source = program("effects.c");
            compiler.run(header, &[level], Source::File(&source)).map_err(|error| {
                format!("{level}: effects.c found something wrong, the exit status is its line: {error}")
            })?;
        }
    }
    Ok(())
}
