//! Programs of the distribution, nobody's recompiled, run on the library: nghttpd and h2load, hiredis and redis, gevent, multiwatch.
//! Each runs under LD_PRELOAD and with the library swapped on the library path, on epoll, poll and linuxaio, and /proc has to
//! show the library and the backend. The packages they come from are listed in packages.txt.

mod gevent;
mod multiwatch;
mod process;
mod redis;
mod subject;
mod web;
mod witness;

use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use subject::{Run, Subject, Way};

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

fn main() {
    let arguments = Arguments::from_args();
    if arguments.list {
        libtest_mimic::run(&arguments, trials(&Arc::new(Subject::unknown()))).exit();
    }
    match Subject::prepare() {
        Ok(subject) => {
            eprintln!("library: {}", subject.library.display());
            let subject = Arc::new(subject);
            let conclusion = libtest_mimic::run(&arguments, trials(&subject));
            // exit runs no destructors; the last owner removes the directory.
            drop(subject);
            conclusion.exit();
        }
        Err(why) => {
            eprintln!("programs: {why}");
            std::process::exit(1);
        }
    }
}

fn trials(subject: &Arc<Subject>) -> Vec<Trial> {
    let mut trials =
        vec![trial(subject, "witness_tells_libraries_and_backends_apart".into(), web::witness_is_no_yes_man)];
    for (name, test) in PROGRAMS {
        for way in [Way::Preload, Way::LibraryPath] {
            for &backend in &subject.backends {
                let name = format!("{name}::{way}::{backend}");
                trials.push(trial(subject, name, move |subject| test(&Run { subject, way, backend })));
            }
        }
    }
    trials
}

fn trial(
    subject: &Arc<Subject>,
    name: String,
    test: impl FnOnce(&Subject) -> Result<(), String> + Send + 'static,
) -> Trial {
    let subject = Arc::clone(subject);
    Trial::test(name, move || test(&subject).map_err(Failed::from))
}
