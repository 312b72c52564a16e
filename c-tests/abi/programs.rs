//! Programs against the header: without a warning in every standard, and with the same effect as
//! with the reference's header.

use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};

use crate::compilers::{self, Compiler, Header, Language, Source};
use crate::declared;

const C: [&str; 7] = ["c99", "c11", "c17", "c2x", "gnu99", "gnu17", "gnu2x"];
const CPP: [&str; 10] =
    ["c++98", "c++03", "c++11", "c++14", "c++17", "c++20", "c++23", "gnu++98", "gnu++17", "gnu++23"];
/// Uses event.h, the others use ev.h.
const EVENT: &str = "event_user.c";
/// Uses ev++.h.
const CLASSES: &str = "user_classes.cpp";

const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-c"];

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (language, standards) in [(Language::C, &C[..]), (Language::Cpp, &CPP[..])] {
        for standard in standards {
            trials.push(Trial::test(format!("programs::silent::machine::{standard}"), move || {
                Ok(silent(&Compiler::of_machine(language)?, standard)?)
            }));
            let name = format!("programs::silent::{}::{standard}", language.other());
            trials.push(Trial::test(name.clone(), move || match Compiler::other_for(&name, language) {
                Some(compiler) => Ok(silent(&compiler, standard)?),
                None => Ok(()),
            }));
        }
    }
    trials.push(Trial::test("programs::silent_with_more_warnings", silent_with_more_warnings));
    for (name, source) in TOGETHER {
        trials.push(Trial::test(format!("programs::together::{name}"), move || together(source)));
    }
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
        Language::Cpp => &["every_macro.c", "effects.c", "user.cpp", EVENT, CLASSES],
    }
}

fn silent(compiler: &Compiler, standard: &str) -> Result<(), String> {
    let optimised = !standard.starts_with("gnu");
    let standard = format!("-std={standard}");
    for name in programs(compiler.language) {
        // The classes are optimised where they are linked with more.
        let level = if optimised && *name != CLASSES { "-O2" } else { "-O0" };
        let mut arguments = STRICT.to_vec();
        arguments.extend([standard.as_str(), level, "-o", "/dev/null"]);
        let output = compiler.file(Header::Ours, &arguments, &program(name))?;
        compilers::success(&output)?;
        if !output.stderr.is_empty() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
    }
    Ok(())
}

/// Headers in one file, and names that some systems have as macros.
const TOGETHER: [(&str, &str); 6] = [
    ("classes_before_events", "#include <ev++.h>\n#include <event.h>\nint f () { return EV_READ | +ev::READ; }\n"),
    (
        "events_before_classes",
        "#include <event.h>\n#include <ev++.h>\nint f () { return EV_TIMEOUT | +ev::TIMEOUT; }\n",
    ),
    ("all_twice", "#include <ev.h>\n#include <ev++.h>\n#include <event.h>\n#include \"ev++.h\"\n#include \"ev.h\"\n"),
    ("classes_of_a_named_header", "#define EV_H <ev.h>\n#include <ev++.h>\nev::loop_ref f () { return 0; }\n"),
    (
        "letters_as_macros",
        "#include <stdexcept>\n#include <string.h>\n#include <signal.h>\n#include <sys/types.h>\n#include <sys/stat.h>\n\
         #define C 1\n#define K 1\n#define T 1\n#define W 1\n#define N 1\n#include <ev++.h>\n",
    ),
    (
        "system_names_as_macros",
        "#include <csignal>\n#include <unistd.h>\n#include <sys/stat.h>\n#define signal sysv_signal\n#define fork vfork\n\
         #define stat stat64\n#include <ev++.h>\nstruct all { ev::stat a; ev::fork b; ev::sig c; all () : a (), b (), c () { } };\n",
    ),
];

fn together(source: &str) -> Result<(), Failed> {
    let mut compilers = vec![Compiler::of_machine(Language::Cpp)?];
    compilers.extend(Compiler::other(Language::Cpp));
    for compiler in compilers {
        for standard in ["-std=c++98", "-std=c++20"] {
            let mut arguments = STRICT.to_vec();
            arguments.extend([standard, "-o", "/dev/null"]);
            compilers::success(&compiler.text(Header::Ours, &arguments, source)?)?;
        }
    }
    Ok(())
}

/// What programs like to switch on beyond the usual, the header alone.
fn silent_with_more_warnings() -> Result<(), Failed> {
    let common = [
        "-Wshadow",
        "-Wundef",
        "-Wconversion",
        "-Wcast-align",
        "-Wwrite-strings",
        "-Wpointer-arith",
        "-Wredundant-decls",
    ];
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
        if language == Language::Cpp {
            arguments.extend(["-Wold-style-cast", "-Weffc++", "-Wuseless-cast", "-Wzero-as-null-pointer-constant"]);
            let source = "#include <ev++.h>\ntemplate struct ev::base<ev_io, ev::io>;\n";
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
            // In C++98 the reference's bad_loop does not compile.
            let standard = if *name == CLASSES { standard.replace("98", "11") } else { standard.to_string() };
            let header = if *name == EVENT { Header::ReferenceEvent } else { Header::Reference };
            if header == Header::ReferenceEvent && !with_events {
                continue;
            }
            let arguments = [standard.as_str(), "-w", "-c", "-o", "/dev/null"];
            let output = Compiler::of_machine(language)?.file(header, &arguments, &program(name))?;
            compilers::success(&output)?;
        }
    }
    Ok(())
}

fn effects(header: Header, levels: &[&str]) -> Result<(), Failed> {
    let mut compilers = vec![Compiler::of_machine(Language::C)?, Compiler::of_machine(Language::Cpp)?];
    compilers.extend(Compiler::other(Language::C));
    compilers.extend(Compiler::other(Language::Cpp));
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
