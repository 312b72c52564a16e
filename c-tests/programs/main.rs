//! Programs of the distribution, nobody's recompiled, run on the library: nghttpd and h2load, hiredis and redis, gevent, multiwatch.
//! Each runs under LD_PRELOAD and with the library swapped on the library path, on epoll, poll and linuxaio, and /proc has to
//! show the library and the backend. The packages they come from are listed in packages.txt.

#[path = "../common/mod.rs"]
mod common;
mod gevent;
mod multiwatch;
mod process;
mod redis;
mod run;
mod web;
mod witness;

use std::process::ExitCode;
use std::sync::Arc;

use common::library::Library;
use libtest_mimic::{Arguments, Failed, Trial};
use run::{Backend, Run, Way};

/// A program's test: gets its run, says what is wrong.
type Test = fn(&Run) -> Result<(), String>;

const PROGRAMS: [(&str, Test); 6] = [
    ("nghttpd_files_come_back_equal", web::files_come_back_equal),
    ("nghttpd_under_load", web::under_load),
    ("h2load_on_the_library", web::load_generator),
    ("hiredis_pipelined", redis::pipelined),
    ("gevent_switches_stacks_in_callbacks", gevent::works),
    ("multiwatch_restarts_its_children", multiwatch::restarts_children),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let library = match Library::under_test() {
        Ok(library) => Arc::new(library),
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    eprintln!("library under test ({}): {}", library.kind.name(), library.file.display());
    libtest_mimic::run(&arguments, trials(&library)).exit_code()
}

fn trials(library: &Arc<Library>) -> Vec<Trial> {
    let mut trials =
        vec![trial(library, "witness_tells_libraries_and_backends_apart".into(), web::witness_is_no_yes_man)];
    for (name, test) in PROGRAMS {
        for way in [Way::Preload, Way::LibraryPath] {
            for backend in Backend::of(library) {
                let name = format!("{name}::{way}::{backend}");
                trials.push(trial(library, name, move |library| test(&Run { library, way, backend })));
            }
        }
    }
    trials
}

fn trial(
    library: &Arc<Library>,
    name: String,
    test: impl FnOnce(&Library) -> Result<(), String> + Send + 'static,
) -> Trial {
    let library = Arc::clone(library);
    Trial::test(name, move || test(&library).map_err(Failed::from))
}
