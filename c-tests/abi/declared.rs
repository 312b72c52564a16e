//! What a program finds in our header is what it finds in the reference's: names, values, types.

use std::collections::BTreeSet;

use libtest_mimic::{Failed, Trial};

use crate::bindings::Bindings;
use crate::compilers::{self, Compiler, Header, Language, Source};
use crate::{difference, macros};

/// The switches under which the two headers are compared.
const CONFIGURATIONS: [(&str, &[&str]); 18] = [
    ("default", &[]),
    ("no_compat3", &["-DEV_COMPAT3=0"]),
    ("no_prototypes", &["-DEV_PROTOTYPES=0"]),
    ("types_alone", &["-DEV_PROTOTYPES=0", "-DEV_COMPAT3=0"]),
    ("walk", &["-DEV_WALK_ENABLE=1"]),
    ("for_size", &["-Os"]),
    ("standalone", &["-DEV_STANDALONE=1"]),
    ("no_larger_interface", &["-DEV_FEATURES=0x74"]),
    ("few_features", &["-DEV_FEATURES=4", "-DEV_CHECK_ENABLE=1"]),
    ("features_restored", &["-DEV_FEATURES=0x78", "-DEV_MULTIPLICITY=1", "-DEV_MINPRI=-2", "-DEV_MAXPRI=2"]),
    ("narrow_priorities", &["-DEV_MINPRI=-1", "-DEV_MAXPRI=1"]),
    ("no_stat_no_async", &["-DEV_STAT_ENABLE=0", "-DEV_ASYNC_ENABLE=0"]),
    ("no_child_no_signal", &["-DEV_CHILD_ENABLE=0", "-DEV_SIGNAL_ENABLE=0"]),
    ("child_without_signal", &["-DEV_CHILD_ENABLE=1", "-DEV_SIGNAL_ENABLE=0"]),
    ("no_embed_no_prepare", &["-DEV_EMBED_ENABLE=0", "-DEV_PREPARE_ENABLE=0", "-DEV_IO_ENABLE=0"]),
    ("embed_without_prepare", &["-DEV_EMBED_ENABLE=1", "-DEV_PREPARE_ENABLE=0", "-DEV_IO_ENABLE=0"]),
    ("no_hooks", &["-DEV_IDLE_ENABLE=0", "-DEV_CHECK_ENABLE=0", "-DEV_FORK_ENABLE=0", "-DEV_CLEANUP_ENABLE=0"]),
    ("no_periodic_own_atomic", &["-DEV_PERIODIC_ENABLE=0", "-DEV_ATOMIC_T=int"]),
];

/// Those that event.h looks at.
const EVENT_CONFIGURATIONS: [(&str, &[&str]); 4] = [
    ("default", &[]),
    ("no_compat3", &["-DEV_COMPAT3=0"]),
    ("types_alone", &["-DEV_PROTOTYPES=0", "-DEV_COMPAT3=0"]),
    ("no_signal", &["-DEV_SIGNAL_ENABLE=0", "-DEV_CHILD_ENABLE=0"]),
];

/// A header of ours and that of the reference.
#[derive(Clone, Copy)]
struct Pair {
    ours: Header,
    reference: Header,
}

const EV: Pair = Pair { ours: Header::Ours, reference: Header::Reference };
const EVENT: Pair = Pair { ours: Header::OurEvent, reference: Header::ReferenceEvent };

/// The reference declares these noexcept. Here exceptions may pass through the first two, which
/// call the program back, and cancellation through the last, which waits.
const MAY_UNWIND: [&str; 3] = ["ev_embed_sweep", "ev_walk", "ev_sleep"];

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, switches) in CONFIGURATIONS {
        trials.push(against_reference(format!("declared::macros::{name}"), EV, move || same_macros(EV, switches)));
        trials.push(against_reference(format!("declared::items::{name}"), EV, move || same_items(EV, switches)));
    }
    for (name, switches) in EVENT_CONFIGURATIONS {
        let trial = |what| format!("declared::event_{what}::{name}");
        trials.push(against_reference(trial("macros"), EVENT, move || same_macros(EVENT, switches)));
        trials.push(against_reference(trial("items"), EVENT, move || same_items(EVENT, switches)));
    }
    trials.push(against_reference("declared::types_in_cpp17".into(), EV, || same_types(EV)));
    trials.push(against_reference("declared::event_types_in_cpp17".into(), EVENT, || same_types(EVENT)));
    trials.push(against_reference("declared::noexcept_in_cpp98_and_cpp11".into(), EV, exception_specifications));
    trials
}

fn against_reference(name: String, pair: Pair, test: impl FnOnce() -> Result<(), String> + Send + 'static) -> Trial {
    Trial::test(
        name.clone(),
        move || {
            if pair.reference.is_there(&name) { test().map_err(Failed::from) } else { Ok(()) }
        },
    )
}

/// Names and parameter counts of the macros that a header defines.
pub fn macros(language: Language, header: Header, switches: &[&str]) -> Result<BTreeSet<String>, String> {
    let own = |name: &str| ["ev", "EV", "_ev", "_EV"].iter().any(|start| name.starts_with(start));
    let defined = macros::defined(language, header, switches)?;
    let named = defined.into_iter().filter(|(name, _)| own(name)).map(|(name, parameters)| match parameters {
        Some(count) => format!("{name} with {count} parameters"),
        None => name,
    });
    Ok(named.collect())
}

fn same_macros(pair: Pair, switches: &[&str]) -> Result<(), String> {
    for language in [Language::C, Language::Cpp] {
        same_macros_in(language, pair, switches)?;
    }
    Ok(())
}

fn same_macros_in(language: Language, pair: Pair, switches: &[&str]) -> Result<(), String> {
    let ours = macros(language, pair.ours, switches)?;
    let reference = macros(language, pair.reference, switches)?;
    if reference.len() < 60 {
        return Err(format!("found only {} macros", reference.len()));
    }
    same(ours.iter().map(String::as_str), reference.iter().map(String::as_str))
}

/// Functions, types and constants, with the types of all their parts.
fn same_items(pair: Pair, switches: &[&str]) -> Result<(), String> {
    let ours = Bindings::read(pair.ours, switches)?;
    let reference = Bindings::read(pair.reference, switches)?;
    if reference.items.len() < 80 {
        return Err(format!("found only {} items", reference.items.len()));
    }
    if ours.structures != reference.structures {
        return Err(format!("ours {:?}\nreference {:?}", ours.structures, reference.structures));
    }
    same(ours.items.iter().map(|item| comparable(item)), reference.items.iter().map(|item| comparable(item)))
}

/// An item, but of libevent's functions and callback the name alone: the reference leaves some parameters without one.
/// [`same_types`] looks at their types.
fn comparable(item: &str) -> &str {
    let named = ["pub fn event_", "pub type event_callback_fn"].iter().any(|start| item.starts_with(start));
    if named { item.split(['(', '=']).next().unwrap_or(item) } else { item }
}

fn same<'a>(ours: impl Iterator<Item = &'a str>, reference: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let difference = difference(ours, reference, "in ours", "in the reference's");
    if difference.is_empty() { Ok(()) } else { Err(difference) }
}

/// Functions that the header defines itself, which bindgen passes over.
const INLINE: [&str; 9] = [
    "ev_default_destroy",
    "ev_default_fork",
    "ev_default_loop_uc_",
    "ev_is_default_loop",
    "ev_loop",
    "ev_loop_count",
    "ev_loop_depth",
    "ev_loop_verify",
    "ev_unloop",
];

/// The functions that the reference's header declares or defines.
fn functions(reference: Header, switches: &[&str]) -> Result<Vec<String>, String> {
    let reference = Bindings::read(reference, switches)?;
    let declared = reference.items.iter().filter_map(|item| item.strip_prefix("pub fn ")?.split('(').next());
    let names: Vec<String> = declared.chain(INLINE).map(str::to_string).collect();
    if names.len() < 75 {
        return Err(format!("found only {} functions", names.len()));
    }
    Ok(names)
}

/// Prints each function's C++ type, which holds whether it and its arguments are noexcept, and each member's.
fn same_types(pair: Pair) -> Result<(), String> {
    let switches = ["-DEV_WALK_ENABLE=1"];
    let names = functions(pair.reference, &switches)?;
    let members = Bindings::read(pair.reference, &switches)?.structures;
    let include = pair.ours.file();
    let mut source = format!("#include <{include}>\n#include <cstdio>\n#include <typeinfo>\nint main () {{\n");
    for name in &names {
        source += &format!("std::printf (\"{name} %s\\n\", typeid (decltype (&{name})).name ());\n");
    }
    // The union within an event has no name.
    for (structure, layout) in members.iter().filter(|(name, _)| !name.contains("__bindgen")) {
        for field in layout.fields.keys() {
            let field = field.trim_end_matches('_');
            source += &format!(
                "std::printf (\"{structure}::{field} %s\\n\", typeid (decltype (&{structure}::{field})).name ());\n"
            );
        }
    }
    source += "}\n";
    let run = |header| {
        let arguments = ["-std=c++17", switches[0], "-Wno-unused"];
        Compiler::of_machine(Language::Cpp)?.run(header, &arguments, Source::Text(&source))
    };
    // The noexcept of a function is the "Do" that follows its "P"; its arguments' come later.
    let reference: Vec<String> = run(pair.reference)?
        .lines()
        .map(|line| match line.split_once(' ') {
            Some((name, kind)) if MAY_UNWIND.contains(&name) => format!("{name} {}", kind.replacen("PDoF", "PF", 1)),
            _ => line.to_string(),
        })
        .collect();
    let ours = run(pair.ours)?;
    same(ours.lines(), reference.iter().map(String::as_str))
}

/// Older C++ has no noexcept in types: ask about calls.
fn exception_specifications() -> Result<(), String> {
    let compiler = Compiler::of_machine(Language::Cpp)?;
    for (standard, noexcept) in [("-std=c++98", false), ("-std=c++11", true)] {
        let output = compiler.text(Header::Ours, &[standard, "-E", "-P"], "#include <ev.h>\n")?;
        compilers::success(&output)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let declares = |name: &str| {
            let declaration = text.split(';').find(|part| part.contains(&format!(" {name} (")));
            declaration.map(|declaration| declaration.trim_end().ends_with("noexcept"))
        };
        for (name, expected) in
            [("ev_io_start", noexcept), ("ev_time", noexcept), ("ev_run", false), ("ev_invoke", false)]
        {
            if declares(name) != Some(expected) {
                return Err(format!("{standard}: {name} noexcept is {:?}", declares(name)));
            }
        }
    }
    Ok(())
}
