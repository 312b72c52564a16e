//! Python's gevent on the distribution's build of its libev module: greenlets switch stacks inside libev's callbacks.

use crate::common::project;
use crate::process::{Running, scratch};
use crate::run::{Backend, Run, plain};
use crate::witness::{self, Threads};

pub fn works(run: &Run) -> Result<(), String> {
    let scratch = scratch()?;
    // The distribution's python has the distribution's gevent.
    let mut command = run.under(plain("/usr/bin/python3"));
    command.arg(project().join("c-tests/programs/gevent_work.py"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    // gevent makes its loop with EVFLAG_NOENV and takes the backend from here.
    command.env("GEVENT_LOOP", "libev-cext").env("GEVENT_BACKEND", name(run.backend));
    let mut program = Running::start_with_input(command, scratch.path())?;
    let report = program.line("parts")?;
    witness::served(&program, run, Threads::Main)?;
    program.finish_input();
    program.succeed()?;
    let expected = format!("parts 7 backend {}", run.backend as u32);
    if report != expected { Err(format!("{report} is not {expected}")) } else { Ok(()) }
}

fn name(backend: Backend) -> &'static str {
    match backend {
        Backend::Poll => "poll",
        Backend::Epoll => "epoll",
        Backend::Linuxaio => "linux_aio",
        Backend::Iouring => "linux_iouring",
    }
}
