//! A program on both sides, and the first difference.

use crate::model::Model;
use crate::program::{Focus, Program};
use crate::real::Real;
use crate::system::{Event, Session, play};

/// How many events before a difference are shown.
const SHOWN: usize = 12;

/// Runs the program that the bytes make; panics at a difference. The number of events that were compared.
pub fn run(bytes: &[u8], focus: Focus) -> usize {
    let program = Program::decode(bytes, focus);
    let real = Real::new(Session::new(&program));
    real.play();
    let real_trace = real.into_trace();
    let model = Model::new(Session::new(&program), &real_trace);
    play(&model);
    let (model_trace, tied) = model.into_trace();
    let same = |index: usize| match (real_trace.get(index), model_trace.get(index)) {
        (Some(a), Some(b)) if tied.is_some_and(|tied| index >= tied) => without_count(a) == without_count(b),
        (a, b) => a == b,
    };
    if let Some(index) = (0..real_trace.len().max(model_trace.len())).find(|&index| !same(index)) {
        for before in index.saturating_sub(SHOWN)..index {
            eprintln!("both: {:?}", real_trace[before]);
            if real_trace[before] != model_trace[before] {
                eprintln!("  in the model: {:?}", model_trace[before]);
            }
        }
        eprintln!("library: {:?}\nmodel: {:?}", real_trace.get(index), model_trace.get(index));
        panic!("event {index} differs in\n{program:#?}");
    }
    real_trace.len()
}

/// Cleared slots count until they are popped, and among timers due at the same instant their place is open.
fn without_count(event: &Event) -> Event {
    let mut event = event.clone();
    if let Event::Called { of_loop, .. } | Event::Looks(_, of_loop) = &mut event {
        of_loop.pending = 0;
    }
    event
}
