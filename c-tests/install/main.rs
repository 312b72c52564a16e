//! `make install` and `make uninstall`, and a C program built from what was installed with nothing but pkg-config's flags.

mod building;
#[path = "../common/mod.rs"]
mod common;
mod files;

use common::library::Library;
use common::process::Scratch;
use common::tool;
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};

/// Where packages go that belong to nobody else: nothing searches it by itself.
const PREFIX: &str = "/opt/ferroev";

/// One installation, below a directory that stands for the root of another machine.
struct Installed {
    scratch: Scratch,
    library: PathBuf,
    libdir: String,
}

impl Installed {
    /// Installs with `LIBDIR` = PREFIX/`libdir`.
    fn new(libdir: &str) -> Result<Self, String> {
        let library = Library::under_test()?.file;
        let scratch = Scratch::new().map_err(|error| error.to_string())?;
        let installed = Self { scratch, library, libdir: format!("{PREFIX}/{libdir}") };
        installed.make("install")?;
        Ok(installed)
    }

    fn make(&self, goal: &str) -> Result<(), String> {
        let mut make = tool::command("make");
        make.current_dir(common::project()).args(["-s", goal]);
        make.arg(format!("TARGET={}", common::target().display()));
        make.arg(format!("DESTDIR={}", self.root().display()));
        make.arg(format!("PREFIX={PREFIX}")).arg(format!("LIBDIR={}", self.libdir));
        tool::output(make).map(drop)
    }

    fn root(&self) -> &Path {
        self.scratch.path()
    }

    /// The place of an installed path.
    fn at(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    fn libdir(&self) -> PathBuf {
        self.at(&self.libdir)
    }
}

type Test = fn() -> Result<(), String>;

const TESTS: [(&str, Test); 8] = [
    ("installs_each_file_with_its_permissions", files::all_there),
    ("installs_the_tested_library", files::same_library),
    ("uninstall_leaves_no_file", files::uninstalled),
    ("pkg_config_says_4_33", building::version),
    ("a_program_builds_and_runs_shared", building::shared),
    ("a_program_builds_and_runs_static", building::fully_static),
    ("a_program_builds_on_the_archive_alone", building::archive_alone),
    ("pkg_config_names_what_the_archive_needs", building::private_libraries),
];

fn main() {
    let arguments = Arguments::from_args();
    let trial = |(name, test): (&str, Test)| Trial::test(name, move || test().map_err(Failed::from));
    libtest_mimic::run(&arguments, TESTS.into_iter().map(trial).collect()).exit();
}
