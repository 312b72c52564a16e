//! Timers and periodics, looked for one after the other, and the clocks.

use std::ops::Range;

use super::Model;
use crate::program::{Chooser, PERIODICS, TIMERS};

#[derive(Default)]
pub struct Clock {
    pub now: f64,
    pub mono: f64,
    read_at: f64,
    difference: f64,
}

/// What the program's function answers.
pub fn choose(chooser: Chooser, now: f64) -> f64 {
    match chooser {
        Chooser::None | Chooser::AtOnce => now,
        Chooser::InASecond => now + 1.0,
        Chooser::NextTen => ((now / 10.0).floor() + 1.0) * 10.0,
    }
}

/// The first point of the grid after `now`; `now` where the grid is finer than the numbers.
fn next_on_grid(offset: f64, interval: f64, now: f64) -> f64 {
    let step = interval.max(1.0 / 8192.0);
    let mut at = offset + step * ((now - offset) / step).floor();
    while at <= now {
        if at + interval == at {
            return now;
        }
        at += interval;
    }
    at
}

impl Model<'_> {
    pub fn start_clock(&self) {
        let kernel = self.session.kernel.borrow();
        let (mono, now) = (kernel.monotonic, kernel.realtime());
        *self.clock.borrow_mut() = Clock { now, mono, read_at: mono, difference: now - mono };
    }

    /// Real time is read every half second, and what differs by more than a second is a jump.
    pub fn update_time(&self) {
        let (mono, real) = {
            let kernel = self.session.kernel.borrow();
            (kernel.monotonic, kernel.realtime())
        };
        let jumped = {
            let mut clock = self.clock.borrow_mut();
            clock.mono = mono;
            if mono - clock.read_at < 0.5 {
                clock.now = clock.difference + mono;
                return;
            }
            let before = clock.difference;
            clock.now = real;
            clock.difference = real - mono;
            clock.read_at = mono;
            let by = clock.difference - before;
            by.abs() >= 1.0
        };
        if jumped {
            self.reschedule_periodics();
        }
    }

    pub fn resume(&self) {
        let before = self.mono();
        self.update_time();
        let passed = self.mono() - before;
        for id in TIMERS {
            let w = &mut self.watchers.borrow_mut()[id];
            if w.active {
                w.at += passed;
            }
        }
        self.reschedule_periodics();
    }

    pub fn again_timer(&self, id: usize) {
        self.pending.borrow_mut().clear(id);
        let (active, repeat) = {
            let w = &self.watchers.borrow()[id];
            (w.active, w.repeat)
        };
        match (active, repeat != 0.0) {
            (true, true) => self.watchers.borrow_mut()[id].at = self.mono() + repeat,
            (true, false) => self.stop(id),
            (false, true) => {
                self.watchers.borrow_mut()[id].at = repeat;
                self.start(id);
            }
            (false, false) => {}
        }
    }

    pub fn remaining(&self, id: usize) -> f64 {
        let w = &self.watchers.borrow()[id];
        if w.active { w.at - self.mono() } else { w.at }
    }

    pub fn compute_periodic(&self, id: usize) {
        let now = self.now();
        let w = &mut self.watchers.borrow_mut()[id];
        w.at = match w.chooser {
            Chooser::None if w.interval == 0.0 => w.offset,
            Chooser::None => next_on_grid(w.offset, w.interval, now),
            chooser => choose(chooser, now),
        };
    }

    fn is_absolute(&self, id: usize) -> bool {
        let w = &self.watchers.borrow()[id];
        w.chooser == Chooser::None && w.interval == 0.0
    }

    fn reschedule_periodics(&self) {
        for id in PERIODICS {
            if self.watchers.borrow()[id].active && !self.is_absolute(id) {
                self.compute_periodic(id);
            }
        }
    }

    /// When the first of them is due.
    pub fn first_due(&self, range: Range<usize>) -> Option<f64> {
        let watchers = self.watchers.borrow();
        range.filter(|&id| watchers[id].active).map(|id| watchers[id].at).min_by(f64::total_cmp)
    }

    /// Those whose time has passed, earliest first.
    fn due(&self, range: Range<usize>, now: f64) -> Vec<usize> {
        let watchers = self.watchers.borrow();
        let mut due: Vec<usize> = range.filter(|&id| watchers[id].active && watchers[id].at < now).collect();
        due.sort_by(|&a, &b| watchers[a].at.partial_cmp(&watchers[b].at).expect("times are numbers"));
        drop(watchers);
        self.settle_ties(&mut due);
        due
    }

    /// What is due at the same instant comes in any order: in that in which the library called it.
    fn settle_ties(&self, due: &mut [usize]) {
        let times: Vec<f64> = due.iter().map(|&id| self.watchers.borrow()[id].at).collect();
        let mut from = 0;
        while from < due.len() {
            let to = from + times[from..].iter().take_while(|&&at| at == times[from]).count();
            if to - from > 1 {
                due[from..to].sort_by_key(|&id| self.next_call_seen(id));
                self.note_tie();
            }
            from = to;
        }
    }

    pub fn expire_timers(&self, event: i32) {
        let now = self.mono();
        let due = self.due(TIMERS, now);
        for &id in &due {
            let repeat = self.watchers.borrow()[id].repeat;
            if repeat == 0.0 {
                self.stop(id);
            } else {
                let w = &mut self.watchers.borrow_mut()[id];
                w.at = (w.at + repeat).max(now);
            }
        }
        self.feed_in_reverse(&due, event);
    }

    pub fn expire_periodics(&self, event: i32) {
        let due = self.due(PERIODICS, self.now());
        for &id in &due {
            if self.is_absolute(id) {
                self.stop(id);
            } else {
                self.compute_periodic(id);
            }
        }
        self.feed_in_reverse(&due, event);
    }

    fn feed_in_reverse(&self, due: &[usize], event: i32) {
        for &id in due.iter().rev() {
            self.feed(id, event);
        }
    }
}
