//! What is in the file: its size, its symbols before stripping, its constructors.

use crate::Subject;
use crate::common::tool;
use std::collections::HashMap;
use std::fs;

/// Half as much again as the reference, which has 66 KB.
const SIZE_LIMIT: u64 = 101_148;

/// Parts of the names of what a panic needs: one reachable panic brings all of it in.
const PANIC_MACHINERY: [&str; 5] = ["panic", "begin_unwind", "unwrap_failed", "expect_failed", "4core3fmt"];

/// What runs at loading in every C or Rust library: gcc's frame registration, and std keeping main's arguments.
const HARMLESS: [&str; 2] = ["frame_dummy", "ARGV_INIT_ARRAY"];

pub fn size(subject: &Subject) -> Result<(), String> {
    let size = fs::metadata(&subject.file).map_err(|error| error.to_string())?.len();
    if size >= SIZE_LIMIT {
        return Err(format!("{size} bytes"));
    }
    let mut nm = tool::command("nm");
    nm.arg(&subject.file);
    let symbols = tool::output(nm)?;
    if symbols.is_empty() { Ok(()) } else { Err(format!("not stripped:\n{symbols}")) }
}

/// Address and name of every symbol that the library had before it was stripped.
fn symbols(subject: &Subject) -> Result<Vec<(u64, String)>, String> {
    let mut nm = tool::command("nm");
    nm.args(["-P", "--defined-only"]).arg(&subject.symbols);
    let mut symbols = Vec::new();
    for line in tool::output(nm)?.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if let [name, _, address, ..] = fields[..] {
            let address = u64::from_str_radix(address, 16).map_err(|error| format!("{line}: {error}"))?;
            symbols.push((address, name.to_owned()));
        }
    }
    if symbols.iter().any(|(_, name)| name == "ev_run") {
        return Ok(symbols);
    }
    Err(format!("{} has {} symbols, ev_run is not among them", subject.symbols.display(), symbols.len()))
}

pub fn no_panic(subject: &Subject) -> Result<(), String> {
    let is_machinery = |name: &str| PANIC_MACHINERY.iter().any(|part| name.contains(part));
    let found: Vec<String> =
        symbols(subject)?.into_iter().map(|(_, name)| name).filter(|name| is_machinery(name)).collect();
    if found.is_empty() {
        return Ok(());
    }
    Err(format!("{} symbols of the panic machinery, such as {:#?}", found.len(), &found[..found.len().min(20)]))
}

/// Paths in std's messages. They come in with the first `c"..."` that is not a `text!("...")`.
pub fn texts(subject: &Subject) -> Result<(), String> {
    const SOURCES: &[u8] = b"/rustc/";
    let file = fs::read(&subject.file).map_err(|error| error.to_string())?;
    match file.windows(SOURCES.len()).position(|bytes| bytes == SOURCES) {
        None => Ok(()),
        Some(place) => Err(format!("a text of std's at {place:#x}; is there a literal c\"...\" in src?")),
    }
}

pub fn constructors(subject: &Subject) -> Result<(), String> {
    let (start, size) = init_array(subject)?;
    let names: HashMap<u64, String> = symbols(subject)?.into_iter().collect();
    let mut readelf = tool::command("readelf");
    readelf.args(["-r", "-W"]).arg(&subject.file);
    let mut count = 0;
    for line in tool::output(readelf)?.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [offset, _, kind, addend, ..] = fields[..] else { continue };
        let (Ok(offset), Ok(addend)) = (u64::from_str_radix(offset, 16), u64::from_str_radix(addend, 16)) else {
            continue;
        };
        if !kind.ends_with("_RELATIVE") || !(start..start + size).contains(&offset) {
            continue;
        }
        count += 1;
        let name = names.get(&addend).map_or("a function without a name", String::as_str);
        if !HARMLESS.iter().any(|part| name.contains(part)) {
            return Err(format!("runs at loading: {name}"));
        }
    }
    if count * 8 == size { Ok(()) } else { Err(format!("{count} constructors found in {size} bytes")) }
}

/// Address and size of the table of constructors.
fn init_array(subject: &Subject) -> Result<(u64, u64), String> {
    let mut readelf = tool::command("readelf");
    readelf.args(["-S", "-W"]).arg(&subject.file);
    let text = tool::output(readelf)?;
    let line = text.lines().find(|line| line.contains(" .init_array ")).ok_or("no .init_array")?;
    let fields: Vec<&str> = line.split_whitespace().skip_while(|field| *field != ".init_array").collect();
    let [_, _, address, _, size, ..] = fields[..] else { return Err(format!("not a section: {line}")) };
    let hex = |text| u64::from_str_radix(text, 16).map_err(|error| format!("{line}: {error}"));
    Ok((hex(address)?, hex(size)?))
}
