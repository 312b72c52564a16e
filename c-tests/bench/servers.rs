//! A program of the distribution as a server under load: nghttpd, h2load drawing a small page over a hundred connections. An event is a
//! request; the CPU time is the server's.

use crate::child::{Running, program, serve};
use crate::common::library::Library;
use crate::common::process::Scratch;
use crate::common::tool;
use crate::rounds::{Length, Outcome, Task};
use crate::statistics::Sample;
use std::fs;
use std::path::Path;
use std::time::Instant;

pub fn nghttpd(library: &Library, task: Task) -> Outcome {
    let (Ok(server), Ok(load)) = (program("nghttpd"), program("h2load")) else {
        return Outcome::Skipped("nghttpd and h2load are not installed".to_owned());
    };
    match measured(library, task, &server, &load) {
        Ok(sample) => Outcome::Measured(sample),
        // It ends at once where there is no such loop.
        Err(why) if task.backend > 4 && why.contains("ended at start") => {
            Outcome::Skipped("nghttpd does not start on the backend".to_owned())
        }
        Err(why) => Outcome::Failed(why),
    }
}

fn measured(library: &Library, task: Task, server: &Path, load: &Path) -> Result<Sample, String> {
    let scratch = Scratch::new().map_err(|error| error.to_string())?;
    let site = scratch.path().join("site");
    fs::create_dir(&site).map_err(|error| error.to_string())?;
    // Small, so that the loop's work counts.
    fs::write(site.join("page"), "ten bytes\n".repeat(100)).map_err(|error| error.to_string())?;
    let (server, port) = serve(|port| {
        let mut command = tool::command(&server.to_string_lossy());
        library.environment(&mut command, scratch.path());
        if task.backend != 0 {
            command.env("LIBEV_FLAGS", task.backend.to_string());
        }
        command.arg("--no-tls").arg("-d").arg(&site).args(["-a", "127.0.0.1", &port.to_string()]);
        Running::start(command, scratch.path())
    })?;
    let maps = fs::read_to_string(format!("/proc/{}/maps", server.pid())).unwrap_or_default();
    if !maps.contains(&*library.file.to_string_lossy()) {
        return Err(format!("the server does not use {}", library.file.display()));
    }
    let draw = |requests: u64| -> Result<(), String> {
        let mut command = tool::command(&load.to_string_lossy());
        command.args(["-n", &requests.to_string(), "-c", &task.size.to_string(), "-m", "1"]);
        command.arg(format!("http://127.0.0.1:{port}/page"));
        let said = Running::start(command, scratch.path())?.succeed()?;
        let good = format!(" {requests} succeeded, 0 failed");
        if said.contains(&good) { Ok(()) } else { Err(format!("not every request was answered: {said}")) }
    };
    let Length::Milliseconds(ms) = task.length else { return Err("it can't be counted".to_owned()) };
    let requests = ms * 100;
    draw(task.size * 10)?;
    let (begun, used) = (Instant::now(), cpu(&server)?);
    draw(requests)?;
    let (wall, cpu) = (begun.elapsed().as_nanos() as f64, cpu(&server)? - used);
    let events = requests as f64;
    Ok(Sample::from([
        ("events".to_owned(), events),
        ("wall_ns".to_owned(), wall / events),
        ("cpu_ns".to_owned(), cpu / events),
    ]))
}

/// Nanoseconds so far: the first figure of schedstat is the main thread's, and there is only that.
fn cpu(server: &Running) -> Result<f64, String> {
    let text = fs::read_to_string(format!("/proc/{}/schedstat", server.pid())).unwrap_or_default();
    let first = text.split_whitespace().next().and_then(|word| word.parse().ok());
    first.ok_or_else(|| "no schedstat of the server".to_owned())
}
