//! A page as its source: what it has entries for, which names it mentions, its displays.

use crate::common;
use std::fs;
use std::path::PathBuf;

/// Stands before the display of an example's text; the name of the file follows.
pub const EXAMPLE: &str = ".\\\" example: ";
/// Stands behind it.
pub const END: &str = ".\\\" end";
/// Stands before the display of what an example prints.
pub const PRINTS: &str = ".\\\" prints: ";

/// The macros that are looked at; another in the middle of a line ends their arguments.
const MACROS: [&str; 16] =
    ["Bl", "Dv", "Em", "Ev", "Fa", "Fn", "Ft", "In", "It", "No", "Ns", "Pq", "Ql", "Ta", "Va", "Vt"];

pub struct Page {
    /// Without the section: `ev`.
    pub name: String,
    pub path: PathBuf,
    pub text: String,
}

/// A macro and its arguments, quotes and escapes removed.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: String,
    pub arguments: Vec<String>,
}

impl Call {
    pub fn first(&self) -> &str {
        self.arguments.first().map_or("", String::as_str)
    }
}

/// What an item of a tagged list, or a subsection, is about.
#[derive(Debug)]
pub struct Entry {
    /// The title of the section or subsection around it.
    pub section: String,
    pub head: Vec<Call>,
}

/// The pages of the manual.
pub fn all() -> Result<Vec<Page>, String> {
    let directory = common::project().join("man");
    let sources = common::compile::files_in(&directory).into_iter().filter(|f| f.extension().is_some_and(|e| e == "3"));
    let pages: Vec<Page> = sources.map(Page::read).collect::<Result<_, _>>()?;
    if pages.is_empty() { Err(format!("no page in {}", directory.display())) } else { Ok(pages) }
}

pub fn named(name: &str) -> Result<Page, String> {
    all()?.into_iter().find(|page| page.name == name).ok_or_else(|| format!("no page {name}"))
}

impl Page {
    fn read(path: PathBuf) -> Result<Self, String> {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, path, text })
    }

    /// All macros of the page, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.text.lines().flat_map(calls).collect()
    }

    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut section = String::new();
        let mut lists = Vec::new();
        for line in self.text.lines() {
            if let Some(title) = line.strip_prefix(".Sh ").or_else(|| line.strip_prefix(".Ss ")) {
                section = title.to_owned();
                entries.push(Entry { section: section.clone(), head: vec![] });
            } else if let Some(list) = line.strip_prefix(".Bl ") {
                lists.push(list.starts_with("-tag"));
            } else if line == ".El" {
                lists.pop();
            } else if line.starts_with(".It ") && lists.last() == Some(&true) {
                entries.push(Entry { section: section.clone(), head: calls(line) });
            }
        }
        entries
    }

    /// The names that the page describes, with the macros that mark them.
    pub fn described(&self) -> impl Iterator<Item = (String, String)> {
        let heads = self.entries().into_iter().flat_map(|entry| entry.head);
        heads.flat_map(|call| {
            let names: Vec<String> = match call.name.as_str() {
                "Fn" => vec![call.first().to_owned()],
                "Dv" | "Va" | "Fa" => call.arguments.iter().filter(|name| name.as_str() != ",").cloned().collect(),
                "Vt" => call.arguments.iter().filter_map(|t| t.split(' ').next_back()).map(str::to_owned).collect(),
                _ => vec![],
            };
            names.into_iter().map(move |name| (call.name.clone(), name))
        })
    }

    /// The text of the display that follows the line `mark`.
    pub fn display(&self, mark: &str) -> Option<String> {
        let mut lines = self.text.lines().skip_while(|&line| line != mark).skip(1);
        let begins = lines.next()?;
        let content: Vec<&str> = lines.take_while(|&line| line != ".Ed").collect();
        begins.starts_with(".Bd -literal").then(|| plain(&content))
    }

    /// The page with each example's display made from its file.
    pub fn filled(&self) -> Result<String, String> {
        let mut filled = String::new();
        let mut inside = false;
        for line in self.text.lines() {
            if let Some(file) = line.strip_prefix(EXAMPLE) {
                let path = examples().join(file);
                let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                filled += &format!("{line}\n{}", display(&text));
                inside = true;
            } else if line == END {
                inside = false;
            }
            if !inside {
                filled += line;
                filled.push('\n');
            }
        }
        if inside { Err(format!("{}: an example has no end", self.name)) } else { Ok(filled) }
    }

    /// The files that the page shows.
    pub fn examples(&self) -> Vec<String> {
        self.text.lines().filter_map(|line| line.strip_prefix(EXAMPLE)).map(str::to_owned).collect()
    }
}

pub fn examples() -> PathBuf {
    common::project().join("man/examples")
}

/// A text as a display.
fn display(text: &str) -> String {
    let mut display = String::from(".Bd -literal -offset 2n\n");
    for line in text.lines() {
        if line.starts_with(['.', '\'']) {
            display += "\\&";
        }
        for char in line.chars() {
            match char {
                '\\' => display += "\\e",
                '-' => display += "\\-",
                '\'' => display += "\\(aq",
                '`' => display += "\\(ga",
                '^' => display += "\\(ha",
                '~' => display += "\\(ti",
                other => display.push(other),
            }
        }
        display.push('\n');
    }
    display + ".Ed\n"
}

/// A display's lines as text.
fn plain(lines: &[&str]) -> String {
    lines.iter().map(|line| unescaped(line) + "\n").collect()
}

fn unescaped(line: &str) -> String {
    [
        ("\\&", ""),
        ("\\-", "-"),
        ("\\(aq", "'"),
        ("\\(ga", "`"),
        ("\\(ha", "^"),
        ("\\(ti", "~"),
        ("\\ ", " "),
        ("\\e", "\\"),
    ]
    .iter()
    .fold(line.to_owned(), |text, (escape, char)| text.replace(escape, char))
}

/// The macros of one line.
fn calls(line: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let Some(line) = line.strip_prefix('.') else { return calls };
    for (place, (word, quoted)) in words(line).into_iter().enumerate() {
        if place == 0 || !quoted && MACROS.contains(&word.as_str()) {
            calls.push(Call { name: word, arguments: vec![] });
        } else if let Some(call) = calls.last_mut() {
            call.arguments.push(word);
        }
    }
    calls
}

/// A line's words, and whether they stood in quotes.
fn words(line: &str) -> Vec<(String, bool)> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (word, quoted, after) = match rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some((word, after)) => (word, true, after),
            None => {
                let end = rest.match_indices(' ').find(|&(at, _)| !rest[..at].ends_with('\\'));
                let end = end.map_or(rest.len(), |(at, _)| at);
                (&rest[..end], false, &rest[end..])
            }
        };
        words.push((unescaped(word), quoted));
        rest = after.trim_start();
    }
    words
}
