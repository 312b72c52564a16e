//! A program that uses every member of every class of ev++.h: compiled without a warning in every
//! standard, and with either header the same calls reach the library.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Failed, Trial};

use crate::compilers::{self, Compiler, Header, Language, Program, Source};

const STANDARDS: [&str; 7] = ["c++98", "c++03", "c++11", "c++14", "c++17", "c++20", "c++23"];
const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-pedantic", "-Wshadow", "-Werror"];

/// Compiling in the reference's newer standards is enough: in C++98 its bad_loop does not compile.
const OF_REFERENCE: &str = "-std=c++11";

const OURS_ALONE: &str = "\
w.start (b)
  ev_embed_start (A, B)
w.start (a)
  ev_embed_stop (A, B, active)
  ev_embed_start (A, A)
  ev_embed_start (A, A, active)
w.set (&object)
w (ev::READ)
  ev_invoke (A, 0x1)
  constant functor (object, 0x1)
w ()
  ev_invoke (A, 0xffffffff)
  constant functor (object, 0xffffffff)
w.loop.once (1, ev::READ, .5, &waiter)
  ev_once (A, 1, 0x1, 0.5)
  constant functor (waiter, 0x101)
ev::CLEANUP = 262144
  ev_embed_stop (A, A, active)
";

pub fn trials() -> Vec<Trial> {
    let stand_in = Arc::new(StandIn { object: Program::new(), made: OnceLock::new() });
    let mut trials = Vec::new();
    for standard in STANDARDS {
        for (other, exceptions) in [(false, true), (false, false), (true, true), (true, false)] {
            let name = format!(
                "members::{}::{standard}{}",
                if other { Language::Cpp.other() } else { "machine" },
                if exceptions { "" } else { "::no_exceptions" }
            );
            let stand_in = Arc::clone(&stand_in);
            trials.push(Trial::test(name.clone(), move || {
                let compiler = match other {
                    false => Some(Compiler::of_machine(Language::Cpp)?),
                    true => Compiler::other_for(&name, Language::Cpp),
                };
                compiler.map_or(Ok(()), |compiler| same_calls(&stand_in, &compiler, standard, exceptions))
            }));
        }
    }
    let also = Arc::clone(&stand_in);
    trials.push(Trial::test("members::two_units", move || two_units(&also)));
    trials.push(Trial::test("members::no_loop_without_exceptions", move || no_loop_without_exceptions(&stand_in)));
    trials
}

fn header_program(name: &str) -> PathBuf {
    compilers::root().join("c-tests/headers").join(name)
}

/// The stand-in for the library, compiled when it is first asked for.
struct StandIn {
    object: Program,
    made: OnceLock<Result<(), String>>,
}

impl StandIn {
    /// As an argument of the link.
    fn link(&self) -> Result<String, String> {
        let path = self.object.0.to_str().ok_or("a temporary directory that is no text")?;
        let make = || {
            let arguments = ["-std=gnu11", "-fexceptions", "-Wall", "-Wextra", "-Werror", "-c", "-o", path];
            let compiler = Compiler::of_machine(Language::C)?;
            compilers::success(&compiler.file(Header::Ours, &arguments, &header_program("calls.c"))?)
        };
        self.made.get_or_init(make).clone().map(|()| format!("-Wl,{path}"))
    }
}

/// What the program prints, by its sections.
fn calls(
    stand_in: &StandIn,
    compiler: &Compiler,
    header: Header,
    arguments: &[&str],
) -> Result<BTreeMap<String, String>, String> {
    let link = stand_in.link()?;
    let mut all = arguments.to_vec();
    all.push(&link);
    let printed = compiler.run(header, &all, Source::File(&header_program("members.cpp")))?;
    let sections = printed.split("---- ").skip(1);
    let sections = sections.map(|section| section.split_once('\n').unwrap_or((section, "")));
    Ok(sections.map(|(name, text)| (name.to_string(), text.to_string())).collect())
}

/// What it prints with the reference's header; nothing where that is not installed.
fn reference(stand_in: &StandIn) -> Result<&'static BTreeMap<String, String>, String> {
    static SECTIONS: OnceLock<Result<BTreeMap<String, String>, String>> = OnceLock::new();
    let sections = SECTIONS.get_or_init(|| {
        if !Header::ReferenceClasses.is_there("members") {
            return Ok(BTreeMap::new());
        }
        let arguments = [OF_REFERENCE, "-w", "-DT_REFERENCE_HEADERS"];
        let sections = calls(stand_in, &Compiler::of_machine(Language::Cpp)?, Header::ReferenceClasses, &arguments)?;
        if sections.len() < 15 { Err(format!("only {} sections", sections.len())) } else { Ok(sections) }
    });
    sections.as_ref().map_err(Clone::clone)
}

fn same_calls(stand_in: &StandIn, compiler: &Compiler, standard: &str, exceptions: bool) -> Result<(), Failed> {
    let standard = format!("-std={standard}");
    let mut arguments = STRICT.to_vec();
    arguments.push(&standard);
    if !exceptions {
        arguments.extend(["-fno-exceptions", "-fno-rtti"]);
    }
    let mut ours = calls(stand_in, compiler, Header::OurClasses, &arguments)?;
    let cleanup = ours.remove("cleanup").map(|text| text.replace("ev_cleanup_", "ev_fork_"));
    if cleanup.as_ref() != ours.get("fork") {
        return Err(format!("cleanup: {cleanup:?}").into());
    }
    let alone = ours.remove("ours alone").unwrap_or_default();
    if alone != OURS_ALONE {
        return Err(format!("ours alone:\n{alone}").into());
    }
    let mut reference = reference(stand_in)?.clone();
    if reference.is_empty() {
        return Ok(());
    }
    if !exceptions {
        // There is nothing to be caught.
        let no_loop = ours.remove("no loop").unwrap_or_default();
        if no_loop.is_empty() || !reference.remove("no loop").unwrap_or_default().starts_with(&no_loop) {
            return Err(format!("no loop:\n{no_loop}").into());
        }
    }
    if ours.keys().ne(reference.keys()) {
        return Err(format!("sections {:?} and {:?}", ours.keys(), reference.keys()).into());
    }
    for (name, ours) in &ours {
        if *ours != reference[name] {
            return Err(format!("{name} with our header:\n{ours}\nwith the reference's:\n{}", reference[name]).into());
        }
    }
    Ok(())
}

/// Two objects with all of the header in each make one program.
fn two_units(stand_in: &StandIn) -> Result<(), Failed> {
    let other = header_program("user_classes.cpp");
    let arguments = [other.to_str().ok_or("a path that is no text")?, "-O2", "-std=c++20"];
    calls(stand_in, &Compiler::of_machine(Language::Cpp)?, Header::OurClasses, &arguments)?;
    Ok(())
}

/// Where bad_loop cannot be thrown, the program ends.
fn no_loop_without_exceptions(stand_in: &StandIn) -> Result<(), Failed> {
    let compiler = Compiler::of_machine(Language::Cpp)?;
    let link = stand_in.link()?;
    for class in ["dynamic_loop", "default_loop"] {
        let source = format!(
            "#include <ev++.h>\nextern \"C\" int calls_no_loop;\nint main (int n, char **) {{ calls_no_loop = n; ev::{class} loop; }}\n"
        );
        let ended = compiler.run(Header::OurClasses, &["-fno-exceptions", &link], Source::Text(&source));
        match ended {
            Err(error) if error.contains("SIGABRT") => {}
            other => return Err(format!("{class}: {other:?}").into()),
        }
    }
    Ok(())
}
