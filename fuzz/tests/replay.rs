//! The fuzz targets on random input, without a fuzzer: what keeps the models from going stale.
//!
//! `FERROEV_SEED` runs one input alone, `FERROEV_RUNS` says how many each target gets.

use std::cell::Cell;

use ferroev_fuzz::{Focus, run};

const RUNS: u64 = 10_000;
const LONGEST: u64 = 1500;

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(0) };
}

/// The library found its own structures wrong, and the process ends: says on which input.
extern "C" fn aborted(_: libc::c_int) {
    // Past the capture of the tests' output, which is lost with the process.
    let text = format!("the library aborted; FERROEV_SEED={} does it alone\n", SEED.get());
    // SAFETY: the text is valid for its length.
    unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
}

/// Says on which input a comparison failed.
struct Named;

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("FERROEV_SEED={} does it alone", SEED.get());
        }
    }
}

fn replay(focus: Focus) {
    let seeds = match number("FERROEV_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FERROEV_RUNS").unwrap_or(RUNS),
    };
    // SAFETY: a function for a signal that ends the process.
    unsafe { libc::signal(libc::SIGABRT, aborted as extern "C" fn(libc::c_int) as libc::sighandler_t) };
    let _named = Named;
    let mut events = 0;
    for seed in seeds {
        SEED.set(seed);
        let mut random = Random(seed);
        let length = random.next() % LONGEST;
        let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        events += run(&bytes, focus);
    }
    assert!(events > 0, "nothing was compared");
    eprintln!("{focus:?}: {events} events compared");
}

#[test]
fn timers() {
    replay(Focus::Timers);
}

#[test]
fn pending() {
    replay(Focus::Pending);
}

#[test]
fn descriptors() {
    replay(Focus::Descriptors);
}
