//! The scripted kernel. The library and the model have one each, driven by the same script.

use std::collections::VecDeque;

use ferroev_core::fuzzing::Said;

use crate::program::{DESCRIPTORS, Program, Wait};

/// What the system's clock says when a program begins.
pub const EPOCH: f64 = 1_600_000_000.0;

#[derive(Debug)]
pub struct Kernel {
    pub monotonic: f64,
    /// Real less monotonic time.
    pub difference: f64,
    open: Vec<bool>,
    refused: Vec<i32>,
    waits_done: usize,
    pub said: VecDeque<Said>,
}

impl Kernel {
    pub fn new() -> Self {
        let numbers = DESCRIPTORS as usize;
        Self {
            monotonic: 1000.0,
            difference: EPOCH - 1000.0,
            open: vec![true; numbers],
            refused: vec![0; numbers],
            waits_done: 0,
            said: VecDeque::new(),
        }
    }

    pub fn realtime(&self) -> f64 {
        self.monotonic + self.difference
    }

    pub fn is_open(&self, fd: i32) -> bool {
        self.open.get(fd as usize).copied().unwrap_or(false)
    }

    pub fn set_open(&mut self, fd: i32, open: bool) {
        self.open[fd as usize] = open;
    }

    pub fn refuse(&mut self, fd: i32, error: i32) {
        self.refused[fd as usize] = error;
    }

    /// The error for asking for `events` of a descriptor, or 0.
    pub fn modify(&self, fd: i32, events: i32) -> i32 {
        if events == 0 {
            0
        } else if !self.is_open(fd) {
            libc::EBADF
        } else {
            self.refused[fd as usize]
        }
    }

    /// The next wait of the script.
    pub fn next_wait<'a>(&self, program: &'a Program) -> Option<&'a Wait> {
        program.waits.get(self.waits_done)
    }

    /// Lets the next wait of the script pass; all the time asked for, when there are no more.
    pub fn wait(&mut self, program: &Program, seconds: f64) {
        self.said.clear();
        let Some(wait) = self.next_wait(program) else {
            self.monotonic += seconds;
            return;
        };
        self.waits_done += 1;
        self.monotonic += seconds * wait.part + wait.late;
        self.difference += wait.jump;
        self.said.extend(&wait.said);
    }
}
