//! What ev++.h declares is what the reference's declares: every name, type, default, base and
//! access, as clang sees them. Bodies are not looked at.

use std::collections::BTreeSet;

use libtest_mimic::{Failed, Trial};

use crate::compilers::{self, Compiler, Header, Language};
use crate::{declared, difference, listing};

/// The standards and switches under which the two are compared. The reference's std::exception
/// needs C++11; what bad_loop is shows in the programs.
const CONFIGURATIONS: [(&str, &[&str]); 10] = [
    ("cpp98", &["-std=c++98"]),
    ("cpp17", &["-std=c++17"]),
    ("no_compat3", &["-DEV_COMPAT3=0"]),
    ("no_larger_interface", &["-DEV_FEATURES=0x74"]),
    ("few_watchers", &["-DEV_FEATURES=0x6c", "-DEV_SIGNAL_ENABLE=1"]),
    ("no_stat_no_async", &["-DEV_STAT_ENABLE=0", "-DEV_ASYNC_ENABLE=0"]),
    ("no_child_no_periodic", &["-DEV_CHILD_ENABLE=0", "-DEV_PERIODIC_ENABLE=0"]),
    ("no_embed_no_prepare", &["-DEV_EMBED_ENABLE=0", "-DEV_PREPARE_ENABLE=0"]),
    ("no_idle_no_check_no_fork", &["-DEV_IDLE_ENABLE=0", "-DEV_CHECK_ENABLE=0", "-DEV_FORK_ENABLE=0"]),
    ("embed_without_prepare", &["-DEV_EMBED_ENABLE=1", "-DEV_PREPARE_ENABLE=0"]),
];

/// Under these the reference's does not compile.
const OURS_ALONE: [(&str, &[&str]); 2] =
    [("no_child_no_signal", &["-DEV_CHILD_ENABLE=0", "-DEV_SIGNAL_ENABLE=0"]), ("no_watchers", &["-DEV_FEATURES=4"])];

/// Only in ours.
fn is_ours_alone(item: &str) -> bool {
    item.starts_with("enumerator CLEANUP ")
        || item.starts_with("struct cleanup ")
        || item.starts_with("cleanup::")
        || item.contains("::functor_thunk ")
}

/// Noexcept in the reference's; here a thread may be cancelled in it, as in ev_sleep.
const MAY_UNWIND: &str = "delay void (tstamp)";

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, switches) in CONFIGURATIONS {
        trials.push(Trial::test(format!("classes::declared::{name}"), move || same_declarations(switches)));
    }
    for (name, switches) in CONFIGURATIONS.into_iter().chain(OURS_ALONE) {
        trials.push(Trial::test(format!("classes::silent::{name}"), move || silent(switches)));
    }
    trials.push(Trial::test("classes::refused", refused));
    trials.push(Trial::test("classes::macros", same_macros));
    trials.push(Trial::test("classes::only_in_ours", only_in_ours));
    trials
}

fn same_declarations(switches: &'static [&str]) -> Result<(), Failed> {
    let (Some(clang), true) = (clang("classes::declared"), Header::ReferenceClasses.is_there("classes::declared"))
    else {
        return Ok(());
    };
    let ours = items(&clang, Header::OurClasses, switches)?;
    let reference = items(&clang, Header::ReferenceClasses, switches)?;
    if reference.len() < 120 {
        return Err(format!("found only {} items", reference.len()).into());
    }
    let ours = ours.iter().filter(|item| !is_ours_alone(item)).map(String::as_str);
    let reference: Vec<String> = reference
        .iter()
        .map(|item| if item.starts_with(MAY_UNWIND) { item.replace(" noexcept", "") } else { item.clone() })
        .collect();
    let difference = difference(ours, reference.iter().map(String::as_str), "in ours", "in the reference's");
    if difference.is_empty() { Ok(()) } else { Err(difference.into()) }
}

/// Compiles with the class template filled in.
fn silent(switches: &[&str]) -> Result<(), Failed> {
    let mut arguments = vec!["-Wall", "-Wextra", "-pedantic", "-Werror", "-c", "-o", "/dev/null"];
    arguments.extend(switches);
    let source = "#include <ev++.h>\ntemplate struct ev::base<ev_timer, ev::timer>;\n";
    let output = Compiler::of_machine(Language::Cpp)?.text(Header::OurClasses, &arguments, source)?;
    Ok(compilers::success(&output)?)
}

/// Where the header cannot work, it says so.
fn refused() -> Result<(), Failed> {
    for (language, switches, word) in
        [(Language::C, "-DEV_COMPAT3=1", "C++"), (Language::Cpp, "-DEV_PROTOTYPES=0", "EV_PROTOTYPES")]
    {
        let arguments = [switches, "-fsyntax-only"];
        let output = Compiler::of_machine(language)?.text(Header::OurClasses, &arguments, "#include <ev++.h>\n")?;
        let said = String::from_utf8_lossy(&output.stderr);
        let advice = said.lines().any(|line| line.contains("#error") && line.contains(word));
        if output.status.success() || !advice {
            return Err(format!("no advice about {word}:\n{said}").into());
        }
    }
    Ok(())
}

fn clang(test: &str) -> Option<Compiler> {
    Compiler::other_for(test, Language::Cpp)
}

fn same_macros() -> Result<(), Failed> {
    if !Header::ReferenceClasses.is_there("classes::macros") {
        return Ok(());
    }
    for switches in [["-DEV_COMPAT3=1"], ["-DEV_COMPAT3=0"]] {
        let ours = declared::macros(Language::Cpp, Header::OurClasses, &switches)?;
        let reference = declared::macros(Language::Cpp, Header::ReferenceClasses, &switches)?;
        let names = |macros: &BTreeSet<String>| macros.contains("EV_USE_STDEXCEPT");
        if !names(&ours) || ours != reference {
            let (ours, reference) = (ours.iter().map(String::as_str), reference.iter().map(String::as_str));
            return Err(difference(ours, reference, "in ours", "in the reference's").into());
        }
    }
    Ok(())
}

/// The additions are there, and are what the other classes have.
fn only_in_ours() -> Result<(), Failed> {
    let Some(clang) = clang("classes::only_in_ours") else { return Ok(()) };
    let items = items(&clang, Header::OurClasses, &["-std=c++17"])?;
    let members = |class: &str| -> BTreeSet<String> {
        let prefix = format!("{class}::");
        let c_name = format!("ev_{class}");
        let own = items.iter().filter_map(|item| item.strip_prefix(&prefix));
        own.map(|item| item.replace(&c_name, "ev_*").replace(class, "*")).collect()
    };
    let (cleanup, fork) = (members("cleanup"), members("fork"));
    if fork.len() < 8 || cleanup != fork {
        return Err(format!("cleanup has {cleanup:?}, fork {fork:?}").into());
    }
    let alone = items.iter().filter(|item| is_ours_alone(item)).count();
    if alone != cleanup.len() + 4 { Err(format!("{alone} items are ours alone").into()) } else { Ok(()) }
}

/// The declarations in namespace ev, a line each.
fn items(clang: &Compiler, header: Header, switches: &[&str]) -> Result<BTreeSet<String>, String> {
    Ok(listing::declarations(clang, header, switches)?.into_iter().map(|declared| declared.text).collect())
}
