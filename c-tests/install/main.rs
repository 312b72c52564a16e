//! `make install` and `make uninstall`, and programs built from what was installed, in the ways that C programs are built.

mod archive;
mod autoconf;
mod building;
mod cmake;
#[path = "../common/mod.rs"]
mod common;
mod files;
mod libevent;
mod meson;
mod rust;

use common::library::Library;
use common::process::{self, Scratch};
use common::tool;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Where packages go that belong to nobody else: nothing searches it by itself.
const PREFIX: &str = "/opt/ferroev";

/// What ticks.c prints.
const TICKS: &str = "4.33 3\n";

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

    fn include(&self) -> PathBuf {
        self.at(PREFIX).join("include")
    }

    /// Makes pkg-config see this installation and no other.
    fn show_to_pkg_config(&self, command: &mut Command) {
        command.env("PKG_CONFIG_LIBDIR", self.libdir().join("pkgconfig"));
        command.env("PKG_CONFIG_SYSROOT_DIR", self.root());
        command.env_remove("PKG_CONFIG_PATH");
    }

    /// Runs a program, its shared library being the installed one. It has to print `want`.
    fn run(&self, program: &Path, want: &str) -> Result<(), String> {
        let mut command = Command::new(program);
        command.env_clear().env("LD_LIBRARY_PATH", self.libdir());
        let ended = process::run(command, &self.root().join("output"), Duration::from_secs(60))
            .map_err(|error| error.to_string())?;
        if ended.code() == Some(0) && ended.output == want {
            return Ok(());
        }
        Err(format!("{}: status {:?}, output:\n{}", program.display(), ended.status, ended.output))
    }

    /// The same for a program that is expected to load the shared library.
    fn run_shared(&self, program: &Path, want: &str) -> Result<(), String> {
        if !needed(program)?.contains(&"libev.so.4".to_owned()) {
            return Err(format!("{} needs {:?}", program.display(), needed(program)?));
        }
        self.run(program, want)
    }

    /// The same for a program that has to do without the shared library.
    fn run_static(&self, program: &Path, want: &str) -> Result<(), String> {
        if needed(program)?.iter().any(|name| name.starts_with("libev.")) {
            return Err(format!("{} needs {:?}", program.display(), needed(program)?));
        }
        self.run(program, want)
    }
}

/// A file beside this one.
fn source(name: &str) -> PathBuf {
    common::project().join("c-tests/install").join(name)
}

/// Copies files from beside this one into one directory, for tools that write where they read.
fn copy(installed: &Installed, names: &[&str]) -> Result<PathBuf, String> {
    let directory = installed.root().join("project");
    fs::create_dir(&directory).map_err(|error| error.to_string())?;
    for name in names {
        let from = source(name);
        let to = directory.join(from.file_name().unwrap_or_default());
        fs::copy(&from, to).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(directory)
}

/// The libraries that a program needs at run time.
fn needed(program: &Path) -> Result<Vec<String>, String> {
    let mut readelf = tool::command("readelf");
    readelf.args(["-d", "-W"]).arg(program);
    let text = tool::output(readelf)?;
    let names = text.lines().filter(|line| line.contains("(NEEDED)")).filter_map(|line| line.split(['[', ']']).nth(1));
    Ok(names.map(str::to_owned).collect())
}

/// A test, and the tools without which it can't be run.
struct Test {
    name: &'static str,
    tools: &'static [&'static str],
    run: fn() -> Result<(), String>,
}

impl Test {
    fn run(&self) -> Result<Completion, Failed> {
        if let Some(tool) = self.tools.iter().find(|tool| !tool::is_there(tool)) {
            return Ok(Completion::ignored_with(format!("{tool} is not installed")));
        }
        (self.run)().map(|()| Completion::Completed).map_err(Failed::from)
    }
}

const fn test(name: &'static str, run: fn() -> Result<(), String>) -> Test {
    Test { name, tools: &[], run }
}

const fn test_with(tools: &'static [&'static str], name: &'static str, run: fn() -> Result<(), String>) -> Test {
    Test { name, tools, run }
}

const AUTOCONF: &[&str] = &["autoreconf", "aclocal", "pkg-config"];
const CMAKE: &[&str] = &["cmake"];
const MESON: &[&str] = &["meson", "ninja", "pkg-config"];
const MESON_CMAKE: &[&str] = &["meson", "ninja", "cmake"];

static TESTS: &[Test] = &[
    test_with(AUTOCONF, "autoconf_finds_it", autoconf::configured),
    test("installs_each_file_with_its_permissions", files::all_there),
    test("installs_the_tested_library", files::same_library),
    test("installs_no_path_of_the_build", files::no_path_of_the_build),
    test("uninstall_leaves_no_file", files::uninstalled),
    test("libevent_header_comes_on_request_and_goes", libevent::added_and_removed),
    test("libevent_program_builds_and_runs", libevent::program),
    test("libevent_pkg_config_says_4_33", libevent::version),
    test("pkg_config_says_4_33", building::version),
    test("a_program_builds_and_runs_shared", building::shared),
    test("a_program_builds_and_runs_static", building::fully_static),
    test("a_program_builds_on_the_archive_alone", building::archive_alone),
    test("pkg_config_names_what_the_archive_needs", building::private_libraries),
    test("archive_is_one_small_object", archive::one_object),
    test("archive_is_read_without_complaint", archive::readable),
    test("archive_shows_the_abi_alone", archive::names),
    test("archive_asks_for_nothing_of_rust", archive::undefined),
    test("archive_has_no_bitcode_group_or_constructor", archive::sections),
    test("archive_links_in_every_mode", archive::modes),
    test("archive_is_collected_by_sections", archive::collected),
    test("archive_goes_into_a_shared_object", archive::plugin),
    test("archive_serves_rust_programs", rust::programs),
    test("archive_lives_beside_another_rust_library", rust::beside_another),
    test_with(CMAKE, "cmake_finds_the_package", cmake::package),
    test_with(CMAKE, "cmake_package_follows_the_tree", cmake::moved),
    test_with(CMAKE, "cmake_package_without_a_library", cmake::incomplete),
    test_with(CMAKE, "cmake_package_knows_its_version", cmake::versions),
    test_with(CMAKE, "cmake_module_finds_it", cmake::module),
    test_with(MESON, "meson_finds_it_by_pkg_config", meson::pkg_config),
    test_with(MESON_CMAKE, "meson_finds_it_by_cmake", meson::cmake),
    test_with(MESON, "meson_finds_the_bare_library", meson::library),
];

fn main() {
    let arguments = Arguments::from_args();
    let trial = |test: &'static Test| Trial::ignorable_test(test.name, move || test.run());
    libtest_mimic::run(&arguments, TESTS.iter().map(trial).collect()).exit();
}
