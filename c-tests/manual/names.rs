//! Every name of the headers and of the library is described in a page, as it is declared, and no page describes
//! another.

use crate::bindings::Bindings;
use crate::common;
use crate::compilers::{self, Compiler, Header, Language};
use crate::page::{self, Entry, Page};
use crate::{macros, none, trial};
use libtest_mimic::Trial;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Read from the program's settings, or known to be set by programs, but defined by no header.
const SWITCHES: [&str; 4] = ["EV_API_STATIC", "EV_CONFIG_H", "EV_H", "EV_STANDALONE"];

/// ev_walk is described, too.
const WALK: &str = "-DEV_WALK_ENABLE=1";

/// What all watchers have is described once.
const COMMON: [&str; 5] = ["active", "pending", "priority", "data", "cb"];

/// Members that programs have no business with.
const INTERNAL: [(&str, &[&str]); 7] = [
    ("ev_io", &["next"]),
    ("ev_signal", &["next"]),
    ("ev_child", &["next"]),
    ("ev_stat", &["next", "timer", "wd"]),
    ("ev_embed", &["io", "prepare", "check", "timer", "periodic", "idle", "fork", "cleanup"]),
    ("ev_async", &["sent"]),
    ("event", &["iosig", "to"]),
];

/// Described in words, not member by member.
const IN_WORDS: [&str; 4] = ["ev_watcher", "ev_watcher_list", "ev_watcher_time", "ev_any_watcher"];

/// What a header offers.
struct Interface {
    functions: BTreeSet<String>,
    /// With the number of their parameters.
    macros: BTreeMap<String, Option<usize>>,
    constants: BTreeSet<String>,
    types: BTreeSet<String>,
    /// By structure.
    members: BTreeMap<String, BTreeSet<String>>,
}

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, header) in [("ev", Header::Ours), ("event_libev", Header::OurEvent)] {
        trials
            .push(trial(format!("names::all_of_{}_are_described", header.file()), move || all_described(name, header)));
        trials.push(trial(format!("names::{name}_describes_no_other"), move || no_other(name, header)));
        trials.push(trial(format!("names::{name}_describes_the_members"), move || members(name, header)));
        trials.push(trial(format!("names::{name}_has_the_prototypes"), move || prototypes(name, header)));
    }
    trials.push(trial("names::all_exports_are_described", all_exports_described));
    trials.push(trial("names::messages_are_the_librarys", messages));
    trials
}

impl Interface {
    fn of(header: Header) -> Result<Self, String> {
        let mut all = Self::whole(header)?;
        if header != Header::Ours {
            let base = Self::whole(Header::Ours)?;
            all.functions.retain(|name| !base.functions.contains(name));
            all.macros.retain(|name, _| !base.macros.contains_key(name));
            all.constants.retain(|name| !base.constants.contains(name));
            all.types.retain(|name| !base.types.contains(name));
            all.members.retain(|name, _| !base.members.contains_key(name));
        }
        if all.functions.len() < 20 {
            return Err(format!("found only {} functions in {}", all.functions.len(), header.file()));
        }
        Ok(all)
    }

    fn whole(header: Header) -> Result<Self, String> {
        let bindings = Bindings::read(header, &[WALK])?;
        let named = |item: &str| {
            let item = item.strip_prefix("pub type ").or_else(|| item.strip_prefix("pub struct "))?;
            item.split(['=', '{', '(', ' ', ';']).next().map(str::to_owned)
        };
        let mut types: BTreeSet<String> = bindings.items.iter().filter_map(|item| named(item)).collect();
        types.extend(bindings.structures.keys().cloned());
        types.retain(|name| is_own(name) && !name.contains("_bindgen_"));
        let field = |name: &String| name.trim_end_matches('_').to_owned();
        let structures = bindings.structures.iter().filter(|(name, _)| types.contains(*name));
        let members = structures.map(|(name, s)| (name.clone(), s.fields.keys().map(field).collect())).collect();
        let mut macros = macros::defined(Language::C, header, &[WALK])?;
        macros.retain(|name, _| is_own(name));
        Ok(Self {
            functions: functions(header)?,
            constants: bindings.constants.into_keys().filter(|name| !macros.contains_key(name)).collect(),
            macros,
            types,
            members,
        })
    }

    /// All but members.
    fn names(&self) -> impl Iterator<Item = &String> {
        self.functions.iter().chain(self.macros.keys()).chain(&self.constants).chain(&self.types)
    }
}

fn is_own(name: &str) -> bool {
    ["ev_", "event", "evtimer_", "signal_", "timeout_", "EV", "_EVENT"].iter().any(|begin| name.starts_with(begin))
}

/// What is declared or defined as a function: a name outside all brackets, and an opening one after it.
fn functions(header: Header) -> Result<BTreeSet<String>, String> {
    let source = format!("#include <{}>\n", header.file());
    let output = Compiler::of_machine(Language::C)?.text(header, &[WALK, "-E", "-P"], &source)?;
    compilers::success(&output)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut found = BTreeSet::new();
    let (mut depth, mut name) = (0, String::new());
    let mut ended = false;
    for char in text.chars() {
        match char {
            '(' | '{' | '[' => {
                if char == '(' && depth == 0 && is_own(&name) {
                    found.insert(name.clone());
                }
                depth += 1;
                name.clear();
            }
            ')' | '}' | ']' => depth -= 1,
            ' ' | '\n' => ended = true,
            _ if char.is_alphanumeric() || char == '_' => {
                if ended {
                    name.clear();
                }
                ended = false;
                name.push(char);
            }
            _ => name.clear(),
        }
    }
    Ok(found)
}

/// Where the name of a type may also stand: the titles of sections.
fn titles(page: &Page) -> BTreeSet<String> {
    page.entries().iter().flat_map(|entry| words(&entry.section)).collect()
}

fn words(title: &str) -> Vec<String> {
    title.split([' ', ':', ',']).map(str::to_owned).collect()
}

fn all_described(name: &str, header: Header) -> Result<(), String> {
    let page = page::named(name)?;
    let mut described: BTreeSet<String> = page.described().map(|(_, name)| name).collect();
    described.extend(titles(&page));
    let interface = Interface::of(header)?;
    let missing = interface.names().filter(|&name| !described.contains(name));
    none("no entry for", &missing.cloned().collect::<Vec<_>>())
}

/// Also names that are only mentioned.
fn no_other(name: &str, header: Header) -> Result<(), String> {
    let page = page::named(name)?;
    let mut known: BTreeSet<String> = SWITCHES.map(str::to_owned).into();
    for header in [Header::Ours, header] {
        let interface = Interface::of(header)?;
        known.extend(interface.names().cloned());
        known.extend(interface.members.into_values().flatten());
    }
    known.extend(exports());
    let mentions = page.calls().into_iter().filter(|call| ["Fn", "Dv", "Vt"].contains(&call.name.as_str()));
    let names = mentions.flat_map(|call| match call.name.as_str() {
        "Fn" => vec![call.first().to_owned()],
        _ => call.arguments.iter().flat_map(|argument| words(argument)).collect(),
    });
    let entries = page.described().filter(|(kind, _)| kind == "Fa" || kind == "Va").map(|(_, name)| name);
    let is_checked = |name: &String| is_own(name) && !name.contains("TYPE") && !name.ends_with('*');
    let unknown: Vec<String> = names.filter(is_checked).chain(entries).filter(|name| !known.contains(name)).collect();
    none("there is no", &unknown)
}

fn members(name: &str, header: Header) -> Result<(), String> {
    let page = page::named(name)?;
    let has = |structure: &str, member: &str| {
        page.entries().iter().any(|entry: &Entry| {
            words(&entry.section).iter().any(|word| word == structure)
                && entry.head.iter().any(|call| call.name == "Fa" && call.arguments.iter().any(|name| name == member))
        })
    };
    let internal: BTreeMap<&str, &[&str]> = INTERNAL.into();
    let mut missing = Vec::new();
    for (structure, fields) in Interface::of(header)?.members {
        if IN_WORDS.contains(&structure.as_str()) || !is_own(&structure) {
            continue;
        }
        let internal = internal.get(structure.as_str()).copied().unwrap_or_default();
        let public = fields.iter().map(String::as_str).filter(|f| !COMMON.contains(f) && !internal.contains(f));
        missing.extend(public.filter(|field| !has(&structure, field)).map(|field| format!("{structure}.{field}")));
    }
    none("no entry for", &missing)
}

/// Functions are declared a second time, as the page says; of macros the parameters are counted.
fn prototypes(name: &str, header: Header) -> Result<(), String> {
    let interface = Interface::of(header)?;
    let mut source = format!("#include <{}>\n", header.file());
    let mut wrong = Vec::new();
    for entry in page::named(name)?.entries() {
        let Some(function) = entry.head.iter().find(|call| call.name == "Fn") else { continue };
        let parameters = &function.arguments[1..];
        if let Some(count) = interface.macros.get(function.first()) {
            if *count != Some(parameters.len()) {
                wrong.push(format!("the macro {} has other parameters", function.first()));
            }
        } else if interface.functions.contains(function.first()) {
            match entry.head.iter().find(|call| call.name == "Ft") {
                Some(result) => {
                    let line = format!("{} {} ({});\n", result.first(), function.first(), parameters.join(", "));
                    source += &line;
                }
                None => wrong.push(format!("{} has no type", function.first())),
            }
        }
    }
    none("macros and types", &wrong)?;
    if !source.contains(");\n") {
        return Err("found no function".to_owned());
    }
    let output =
        Compiler::of_machine(Language::C)?.text(header, &[WALK, "-fsyntax-only", "-Wall", "-Werror"], &source)?;
    compilers::success(&output)
}

fn exports() -> impl Iterator<Item = String> {
    include_str!("../library/exports.txt").lines().map(str::to_owned)
}

fn all_exports_described() -> Result<(), String> {
    let described: BTreeSet<String> = page::all()?.iter().flat_map(Page::described).map(|(_, name)| name).collect();
    none("no entry for", &exports().filter(|name| !described.contains(name)).collect::<Vec<_>>())
}

/// What a page says that the library says, `libev: CALL: MISTAKE`, is a text of its source.
fn messages() -> Result<(), String> {
    let source = source_below(&common::project().join("src"))?;
    let pages = page::all()?;
    let items = pages.iter().flat_map(|page| page.text.lines()).filter_map(|line| line.strip_prefix(".It "));
    let said: Vec<&str> = items.filter_map(|item| item.trim_matches('"').strip_prefix("libev: ")).collect();
    if said.len() < 10 {
        return Err(format!("found only {} messages", said.len()));
    }
    let has = |text: &str| source.contains(&format!("text!(\"{text}\")")) || text == "...";
    let unknown = said.iter().filter(|message| {
        let (call, mistake) = message.split_once(": ").unwrap_or((message, ""));
        !(has(call) && has(mistake))
    });
    none("the library does not say", &unknown.map(|&message| message.to_owned()).collect::<Vec<_>>())
}

fn source_below(directory: &Path) -> Result<String, String> {
    let mut text = String::new();
    for entry in fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            text += &source_below(&path)?;
        } else {
            text += &fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(text)
}
