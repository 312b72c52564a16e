//! The example programs: shown in a page as they are, compiled without a warning, and printing what the page says on
//! every backend, here and on the reference.

use crate::common::library::{self, Kind, Library};
use crate::common::process::{self, Scratch};
use crate::common::{self, compile};
use crate::{none, page, trial};
use libtest_mimic::Trial;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Set to fill the pages instead of failing.
const BLESS: &str = "FERROEV_BLESS";

const DEADLINE: Duration = Duration::from_secs(60);

/// Longer lines do not fit into a terminal's 80 columns, displayed.
const WIDTH: usize = 72;

/// What the reference can't do, and on which backends: it exports no ev_walk; on linuxaio it keeps memory for ever.
const OURS_ALONE: [(&str, u32); 2] = [("walk.c", u32::MAX), ("allocator.c", 0x40)];

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("examples::displays_are_current", displays_are_current),
        trial("examples::each_is_shown_once", each_is_shown_once),
        trial("examples::fit_a_terminal", fit_a_terminal),
    ];
    for file in compile::files_in(&page::examples()) {
        trials.push(trial(format!("examples::{}", name(&file)), move || prints_what_the_page_says(&file)));
    }
    trials
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn displays_are_current() -> Result<(), String> {
    for page in page::all()? {
        let filled = page.filled()?;
        if filled == page.text {
            continue;
        }
        if std::env::var_os(BLESS).is_none() {
            return Err(format!("{} does not show the files of man/examples: run `make man`", page.path.display()));
        }
        std::fs::write(&page.path, filled).map_err(|error| format!("{}: {error}", page.path.display()))?;
    }
    Ok(())
}

fn each_is_shown_once() -> Result<(), String> {
    let mut shown: Vec<String> = page::all()?.iter().flat_map(page::Page::examples).collect();
    shown.sort();
    let mut files: Vec<String> = compile::files_in(&page::examples()).iter().map(|file| name(file)).collect();
    files.sort();
    if files.len() < 12 {
        return Err(format!("only {} examples", files.len()));
    }
    if shown == files { Ok(()) } else { Err(format!("shown: {shown:?}\nthere are: {files:?}")) }
}

fn fit_a_terminal() -> Result<(), String> {
    let mut long = Vec::new();
    for file in compile::files_in(&page::examples()) {
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
        let lines = text.lines().enumerate().filter(|(_, line)| line.len() > WIDTH || line.contains('\t'));
        long.extend(lines.map(|(number, line)| format!("{}:{}: {line}", name(&file), number + 1)));
    }
    none("too long, or with a tab", &long)
}

fn prints_what_the_page_says(file: &Path) -> Result<(), String> {
    let library = Library::under_test()?;
    let example = Example::of(file, &library)?;
    example.runs(&library.links, library.kind)?;
    if library.kind == Kind::Ours {
        match library::packaged() {
            Ok(file) => example.runs(file.parent().unwrap_or(Path::new("/")), Kind::Debian)?,
            Err(_) => eprintln!("{}: not compared, libev4 is not installed", example.name),
        }
    }
    Ok(())
}

struct Example {
    name: String,
    program: PathBuf,
    /// What a page says that it prints.
    expected: String,
}

impl Example {
    /// Compiles it.
    fn of(file: &Path, library: &Library) -> Result<Self, String> {
        let name = name(file);
        let mark = format!("{}{name}", page::PRINTS);
        let expected = page::all()?.iter().find_map(|page| page.display(&mark)).ok_or("no page says what it prints")?;
        let program = common::built().join("manual").join(library.kind.name()).join(name.replace('.', "-"));
        let object = program.with_extension("o");
        compile::object(file, &object, &[common::project().join("include")], &[])?;
        compile::program(&[&object], compile::is_cpp(file), &program, &library.links, library.kind.is_reference())?;
        Ok(Self { name, program, expected })
    }

    /// Runs it on each backend of the library in a directory.
    fn runs(&self, library: &Path, kind: Kind) -> Result<(), String> {
        let ours_alone = OURS_ALONE.iter().find(|(name, _)| *name == self.name).map_or(0, |(_, backends)| *backends);
        let backends = kind.backends() & if kind.is_reference() { !ours_alone } else { u32::MAX };
        for backend in (0..u32::BITS).map(|bit| 1 << bit).filter(|bit| backends & bit != 0) {
            let scratch = Scratch::new().map_err(|error| error.to_string())?;
            let mut command = Command::new(&self.program);
            command.env("LD_LIBRARY_PATH", library).env("LIBEV_FLAGS", backend.to_string());
            command.env("TZ", "UTC").env_remove("LD_PRELOAD");
            let ended = process::run(command, &scratch.path().join("output"), DEADLINE).map_err(|e| e.to_string())?;
            if ended.code() != Some(0) || ended.output != self.expected {
                let (status, output, expected) = (ended.status, ended.output, &self.expected);
                let kind = kind.name();
                return Err(format!("{kind}, backend {backend}: {status:?}\n{output}instead of:\n{expected}"));
            }
        }
        Ok(())
    }
}
