//! The dynamic section and the dynamic symbols.

use crate::Subject;
use crate::common::tool;
use std::collections::BTreeSet;
use std::path::Path;

/// The reference's names, and ev_walk.
const EXPORTS: &str = include_str!("exports.txt");

/// The highest version of glibc's symbols that the reference needs.
const GLIBC_FLOOR: (u32, u32) = (2, 17);

struct Symbol {
    kind: String,
    size: u64,
    name: String,
}

/// The defined dynamic symbols, as nm shows them.
fn defined(file: &Path) -> Result<Vec<Symbol>, String> {
    let mut nm = tool::command("nm");
    nm.args(["-D", "--defined-only", "-P"]).arg(file);
    let mut symbols = Vec::new();
    for line in tool::output(nm)?.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (&[name, kind, _, size] | &[name, kind, _, size, ..]) = fields.as_slice() else {
            return Err(format!("not a line of nm: {line}"));
        };
        let size = u64::from_str_radix(size, 16).map_err(|error| format!("{line}: {error}"))?;
        symbols.push(Symbol { kind: kind.to_owned(), size, name: name.to_owned() });
    }
    if symbols.is_empty() { Err(format!("{} defines nothing", file.display())) } else { Ok(symbols) }
}

fn names(file: &Path) -> Result<BTreeSet<String>, String> {
    Ok(defined(file)?.into_iter().map(|symbol| symbol.name).collect())
}

fn same(have: &BTreeSet<String>, want: &BTreeSet<String>) -> Result<(), String> {
    let missing: Vec<_> = want.difference(have).collect();
    let extra: Vec<_> = have.difference(want).collect();
    if missing.is_empty() && extra.is_empty() {
        return Ok(());
    }
    Err(format!("missing: {missing:?}\nbeyond what is wanted: {extra:?}"))
}

fn wanted() -> BTreeSet<String> {
    EXPORTS.lines().map(str::to_owned).collect()
}

pub fn exports(subject: &Subject) -> Result<(), String> {
    same(&names(&subject.file)?, &wanted())
}

/// Each symbol with what a program relies on: that it is a function, or the size of a datum, which the linker copies.
fn offers(file: &Path) -> Result<BTreeSet<String>, String> {
    let offer = |Symbol { kind, size, name }: Symbol| match kind.as_str() {
        "T" => format!("{name}: function"),
        "B" | "D" => format!("{name}: {size} bytes of data"),
        _ => format!("{name}: {kind}"),
    };
    Ok(defined(file)?.into_iter().map(offer).collect())
}

pub fn same_as_reference(subject: &Subject) -> Result<(), String> {
    let mut want = offers(&crate::common::library::packaged()?)?;
    want.insert("ev_walk: function".to_owned());
    same(&offers(&subject.file)?, &want)
}

pub fn default_loop_ptr(subject: &Subject) -> Result<(), String> {
    let symbols = defined(&subject.file)?;
    let functions: Vec<&str> =
        symbols.iter().filter(|symbol| symbol.kind == "T").map(|symbol| symbol.name.as_str()).collect();
    if functions.len() + 1 != symbols.len() {
        return Err(format!("{} names, of them {} functions", symbols.len(), functions.len()));
    }
    match symbols.iter().find(|symbol| symbol.name == "ev_default_loop_ptr") {
        Some(Symbol { kind, size: 8, .. }) if kind == "B" || kind == "D" => Ok(()),
        Some(Symbol { kind, size, .. }) => Err(format!("kind {kind}, {size} bytes")),
        None => Err("not there".to_owned()),
    }
}

pub fn unversioned(subject: &Subject) -> Result<(), String> {
    let versioned: Vec<String> = names(&subject.file)?.into_iter().filter(|name| name.contains('@')).collect();
    if versioned.is_empty() { Ok(()) } else { Err(format!("{versioned:?}")) }
}

/// The entries of the dynamic section of one kind, each as readelf's text.
fn entries(file: &Path, kind: &str) -> Result<Vec<String>, String> {
    let mut readelf = tool::command("readelf");
    readelf.args(["-d", "-W"]).arg(file);
    let kind = format!("({kind})");
    let text = tool::output(readelf)?;
    let lines = text.lines().filter_map(|line| Some(line.split_once(kind.as_str())?.1.trim().to_owned()));
    Ok(lines.collect())
}

/// What stands in brackets: a library's name.
fn bracketed(text: &str) -> &str {
    text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or(text, |(name, _)| name)
}

pub fn soname(subject: &Subject) -> Result<(), String> {
    let found = entries(&subject.file, "SONAME")?;
    let names: Vec<&str> = found.iter().map(|text| bracketed(text)).collect();
    if names == ["libev.so.4"] { Ok(()) } else { Err(format!("{found:?}")) }
}

pub fn nodelete(subject: &Subject) -> Result<(), String> {
    let found = entries(&subject.file, "FLAGS_1")?;
    if found.iter().any(|flags| flags.contains("NODELETE")) { Ok(()) } else { Err(format!("{found:?}")) }
}

pub fn needed(subject: &Subject) -> Result<(), String> {
    let found = entries(&subject.file, "NEEDED")?;
    let is_system = |name: &str| ["libc.so.6", "libgcc_s.so.1"].contains(&name) || name.starts_with("ld-linux");
    let paths = [entries(&subject.file, "RPATH")?, entries(&subject.file, "RUNPATH")?].concat();
    if found.iter().all(|text| is_system(bracketed(text))) && paths.is_empty() {
        return Ok(());
    }
    Err(format!("needs {found:?}, search paths {paths:?}"))
}

pub fn glibc_floor(subject: &Subject) -> Result<(), String> {
    let mut objdump = tool::command("objdump");
    objdump.arg("-T").arg(&subject.file);
    let text = tool::output(objdump)?;
    let imports: Vec<&str> = text.lines().filter(|line| line.contains("*UND*")).collect();
    if imports.is_empty() {
        return Err(format!("no import found in:\n{text}"));
    }
    let above: Vec<&str> = imports.into_iter().filter(|line| version(line).is_some_and(|v| v > GLIBC_FLOOR)).collect();
    if above.is_empty() { Ok(()) } else { Err(above.join("\n")) }
}

/// The glibc version in a line of objdump; one that can't be read counts as too high.
fn version(line: &str) -> Option<(u32, u32)> {
    let text: String = line.split_once("GLIBC_")?.1.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let mut numbers = text.split('.').map(|number| number.parse().unwrap_or(u32::MAX));
    Some((numbers.next().unwrap_or(u32::MAX), numbers.next().unwrap_or(0)))
}
