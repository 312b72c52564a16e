//! docs/FAULTS.md: call, error and which of the calls, and what came of it on each backend.

use crate::Fault;
use crate::calls::BACKENDS;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Where the backend does not make the call, or not so often.
pub const NOT_MADE: &str = "";

const HEAD: &str = "\
# When system calls fail

Each line is a run of c-tests/faults/scenario.c: a default loop with watchers of two sockets, a regular file, a timer, a periodic, a
signal, a child, another thread's async and a file's attributes, in three rounds, with changes of descriptors and `ev_loop_fork` between,
while one system call fails: the first, the second, the sixth, or all of them. In every run every watcher was called in every round
that it was not told of an error in, nothing hung, and `ev_loop_destroy` left no descriptor.

- *nothing lost*: the program notices nothing.
- *told M*: the callback of `ev_set_syserr_cb` is told M and the loop goes on; without a callback the process prints M and the error, and
  aborts, which was run too (a wait that fails with ENOMEM gives one descriptor up first). *again and again*: for as long as the call
  fails.
- *EV_ERROR*: the descriptor's watchers are stopped and called with `EV_ERROR`; the others go on.
- *no loop*: `ev_default_loop` returns NULL; with more backends to choose from it takes the next.
- *goes on with epoll*: `ev_backend` says so from then on.
- an empty cell: the backend does not make the call, or not so often.

Written by `FERROEV_BLESS=1 cargo test --test faults`; the test compares.
";

/// Errors of a call that have the same outcomes share a line.
pub fn write(faults: &[Fault], outcomes: &[String]) -> String {
    let mut text = HEAD.to_owned();
    text.push_str(
        "\n| call | fails with | which | select | poll | epoll | linuxaio | iouring |\n|---|---|---|---|---|---|---|---|\n",
    );
    let mut line_of: BTreeMap<(usize, String, String), Vec<String>> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for (fault, cells) in faults.chunks(BACKENDS.len()).zip(outcomes.chunks(BACKENDS.len())) {
        let fault = &fault[0];
        if cells.iter().all(|cell| cell == NOT_MADE) {
            continue;
        }
        if !order.contains(&fault.call.name) {
            order.push(fault.call.name);
        }
        let place = order.iter().position(|name| *name == fault.call.name).unwrap_or(0);
        let key = (place, fault.error.0.to_owned(), cells.join(" | "));
        line_of.entry(key).or_default().push(fault.when.text().to_owned());
    }
    // First the occurrences of one error, then errors that are alike in all of them.
    let mut merged: BTreeMap<(usize, String, String), Vec<String>> = BTreeMap::new();
    for ((place, error, cells), whens) in line_of {
        merged.entry((place, cells, whens.join(" "))).or_default().push(error);
    }
    for ((place, cells, whens), errors) in merged {
        let _ = writeln!(text, "| {} | {} | {whens} | {cells} |", order[place], errors.join(" "));
    }
    text
}
