//! What is described of ev++.h: each class with its own members, and nothing else, as clang sees the header.

use crate::compilers::{Compiler, Header, Language};
use crate::listing;
use crate::page::{self, Call, Entry};
use crate::{none, trial};
use libtest_mimic::Trial;
use std::collections::BTreeSet;

/// The namespace's own members have no class.
type Member = (String, String);

/// What every watcher class has and the section of its base describes.
const OF_EACH: [&str; 2] = ["start", "stop"];

pub fn trials() -> Vec<Trial> {
    vec![trial("classes::all_members_are_described", all_described), trial("classes::no_other_is_described", no_other)]
}

/// The public members of the namespace's classes, and what is in it besides.
fn declared() -> Result<BTreeSet<Member>, String> {
    const KINDS: [&str; 7] =
        ["CXXRecordDecl", "CXXMethodDecl", "FunctionDecl", "FieldDecl", "EnumDecl", "EnumConstantDecl", "TypedefDecl"];
    let clang = Compiler::other(Language::Cpp).ok_or_else(|| format!("no {}", Language::Cpp.other()))?;
    let all = listing::declarations(&clang, Header::OurClasses, &["-std=c++17"])?;
    let public = all.into_iter().filter(|d| KINDS.contains(&d.kind.as_str()) && !d.is_private);
    let members: BTreeSet<Member> = public.filter(|d| !d.name.ends_with("_thunk")).map(|d| (d.class, d.name)).collect();
    let classes: BTreeSet<&String> = members.iter().map(|(class, _)| class).collect();
    if classes.len() < 15 || members.len() < 120 {
        return Err(format!("found only {} members of {} classes", members.len(), classes.len()));
    }
    Ok(members)
}

/// The classes that a section's title names.
fn classes(title: &str) -> Vec<&str> {
    title
        .split([' ', ':', ','])
        .collect::<Vec<_>>()
        .windows(3)
        .filter(|w| w[0] == "ev" && w[1].is_empty())
        .map(|w| w[2])
        .collect()
}

fn described_by(entry: &Entry) -> impl Iterator<Item = &str> {
    let names = |call: &'_ Call| ["Fn", "Va", "Vt", "Dv"].contains(&call.name.as_str());
    entry.head.iter().filter(move |call| names(call)).flat_map(|call| {
        let all = if call.name == "Fn" { &call.arguments[..1] } else { &call.arguments[..] };
        all.iter().map(|name| name.split('<').next().unwrap_or_default())
    })
}

fn all_described() -> Result<(), String> {
    let entries = page::named("ev++")?.entries();
    let has = |class: &str, name: &str| {
        entries.iter().any(|entry| {
            let of = classes(&entry.section);
            (of.contains(&class) || class.is_empty() || OF_EACH.contains(&name) && of.contains(&"base"))
                && described_by(entry).any(|described| described == name)
        })
    };
    let titled: BTreeSet<&str> = entries.iter().flat_map(|entry| classes(&entry.section)).collect();
    let missing = declared()?.into_iter().filter(|(class, name)| {
        // Comparisons, and what is part of a guard or an exception, are described in words.
        let in_words = ["freeze_guard", "bad_loop"].contains(&class.as_str())
            || name.starts_with("operator=")
            || name.starts_with("operator!");
        let in_a_title = class.is_empty() && titled.contains(name.as_str());
        !(in_words || in_a_title || has(class, name))
    });
    none("no entry for", &missing.map(|(class, name)| format!("{class}::{name}")).collect::<Vec<_>>())
}

fn no_other() -> Result<(), String> {
    let declared = declared()?;
    let is_there = |class: &str, name: &str| declared.contains(&(class.to_owned(), name.to_owned()));
    let mut unknown = Vec::new();
    for entry in page::named("ev++")?.entries() {
        let of = classes(&entry.section);
        for name in described_by(&entry) {
            let placeholder = name.contains("TYPE") || name == "," || name.starts_with("EV_");
            let known = is_there("", name)
                || of.iter().any(|class| is_there(class, name))
                || of.contains(&"base") && OF_EACH.contains(&name);
            if !placeholder && !known {
                unknown.push(format!("{} in {}", name, entry.section));
            }
        }
    }
    none("there is no", &unknown)
}
