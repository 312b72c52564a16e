//! Random programs over the API, the same on two libraries or on two backends, in virtual time: see program.h.
//!
//! FERROEV_FUZZ_PROGRAMS: how many for each backend, with progress shown. FERROEV_FUZZ_SEED: the first one's seed.

#[path = "../common/mod.rs"]
mod common;
mod exchange;
mod shrink;

use common::library::{Kind, Library};
use exchange::Fuzzer;

/// What `make check` has time for.
const PROGRAMS: u64 = 18_000;
const CALM_PROGRAMS: u64 = 8_000;
/// To end a loop on linuxaio takes the kernel 30 milliseconds, in which others can run.
const AIO_PROGRAMS: u64 = 4_000;
const AIO_PROCESSES: u64 = 16;

const SELECT: Backend = Backend { name: "select", bit: 0x01 };
const POLL: Backend = Backend { name: "poll", bit: 0x02 };
const EPOLL: Backend = Backend { name: "epoll", bit: 0x04 };
const LINUXAIO: Backend = Backend { name: "linuxaio", bit: 0x40 };
const IOURING: Backend = Backend { name: "iouring", bit: 0x80 };

#[derive(Clone, Copy)]
struct Backend {
    name: &'static str,
    bit: u32,
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}

fn first() -> u64 {
    number("FERROEV_FUZZ_SEED").unwrap_or(0)
}

/// How many programs, and whether to tell how far they are.
fn count(usual: u64, share: u64) -> (u64, bool) {
    number("FERROEV_FUZZ_PROGRAMS").map_or((usual, false), |asked| (asked.div_ceil(share), true))
}

fn under_test() -> Library {
    Library::under_test().unwrap_or_else(|error| panic!("{error}"))
}

/// Both libraries call the same callbacks with the same events in the same order, and leave the same behind.
fn as_the_reference(backend: Backend) {
    let ours = under_test();
    let reference = Library::packaged().unwrap_or_else(|error| panic!("{error}"));
    let (programs, shown) = count(PROGRAMS, 1);
    Fuzzer::new(backend)
        .and_then(|fuzzer| fuzzer.compare(&reference, &ours, first(), programs, shown))
        .unwrap_or_else(|difference| panic!("{difference}"));
}

/// Nothing that poll tells of is lost on another backend.
fn nothing_lost(backend: Backend, mode: &'static str, usual: u64, processes: u64) {
    nothing_lost_by(&under_test(), backend, mode, usual, processes);
}

fn nothing_lost_by(library: &Library, backend: Backend, mode: &'static str, usual: u64, processes: u64) {
    let (programs, shown) = count(usual, 10);
    let fuzzer = Fuzzer::new(backend).unwrap_or_else(|error| panic!("{error}"));
    let each = programs.div_ceil(processes);
    let parts: Vec<u64> = (0..processes).map(|part| first() + part * each).collect();
    for result in common::in_parallel(&parts, parts.len(), |&from| fuzzer.run_calmly(library, mode, from, each)) {
        result.unwrap_or_else(|loss| panic!("{loss}"));
    }
    if shown {
        println!("{}, {mode}: {} programs", backend.name, each * processes);
    }
}

#[test]
fn select_is_as_the_reference() {
    as_the_reference(SELECT);
}

#[test]
fn poll_is_as_the_reference() {
    as_the_reference(POLL);
}

#[test]
fn epoll_is_as_the_reference() {
    as_the_reference(EPOLL);
}

#[test]
fn nothing_is_lost_on_select() {
    nothing_lost(SELECT, "calm", CALM_PROGRAMS, 1);
}

#[test]
fn nothing_is_lost_on_epoll() {
    nothing_lost(EPOLL, "calm", CALM_PROGRAMS, 1);
}

#[test]
fn nothing_is_lost_on_linuxaio() {
    nothing_lost(LINUXAIO, "calm", AIO_PROGRAMS, AIO_PROCESSES);
}

/// What is asked of linuxaio here is what the reference does, but for its deafness to signalfds.
#[test]
fn the_reference_loses_nothing_on_linuxaio() {
    match Library::built_reference() {
        Ok(reference) => nothing_lost_by(&reference, LINUXAIO, "calm", AIO_PROGRAMS / 4, AIO_PROCESSES),
        Err(missing) => println!("not compared: {missing}"),
    }
}

#[test]
fn nothing_is_lost_on_iouring() {
    nothing_lost(IOURING, "calm", CALM_PROGRAMS, 1);
}

#[test]
fn closed_descriptors_are_told_of_on_select() {
    nothing_lost(SELECT, "closing", CALM_PROGRAMS, 1);
}

#[test]
fn closed_descriptors_are_told_of_on_poll() {
    nothing_lost(POLL, "closing", CALM_PROGRAMS, 1);
}

#[test]
fn closed_descriptors_disturb_nothing_on_epoll() {
    nothing_lost(EPOLL, "closing", CALM_PROGRAMS, 1);
}

#[test]
fn closed_descriptors_disturb_nothing_on_linuxaio() {
    nothing_lost(LINUXAIO, "closing", AIO_PROGRAMS, AIO_PROCESSES);
}

#[test]
fn closed_descriptors_disturb_nothing_on_iouring() {
    nothing_lost(IOURING, "closing", CALM_PROGRAMS, 1);
}

/// A library compared with itself has no difference, one with another's traces has: the comparison can fail.
#[test]
fn a_difference_is_found_and_made_small() {
    let ours = under_test();
    assert!(ours.kind == Kind::Ours, "this test is of our library");
    let fuzzer = Fuzzer::new(EPOLL).unwrap_or_else(|error| panic!("{error}"));
    let (least, list) = fuzzer.shrink_until(&ours, 1, |trace| !trace.contains("  periodic"));
    assert!(
        list.lines().filter(|line| line.contains(": ")).count() <= 3,
        "{} ops are dropped, left:\n{list}",
        least.len()
    );
}
