//! A 4-ary heap of due times, earliest first. Watchers know their place in it: `active` is the index plus one.
//! Knows nothing of a loop.

use crate::mem::{Arr, Placed};
use crate::watcher::WatcherPtr;

/// A watcher and a copy of its due time, so that comparing does not touch the watcher.
#[derive(Clone, Copy)]
pub struct Due {
    pub at: f64,
    pub watcher: WatcherPtr,
}

/// The heap.
pub struct Heap(Arr<Due>);

/// Children per node: a node's children share a cache line.
const WIDTH: usize = 4;

fn parent(index: usize) -> Option<usize> {
    Some(index.checked_sub(1)? / WIDTH)
}

impl Heap {
    pub const fn new() -> Self {
        Self(Arr::new())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn get(&self, index: usize) -> Option<Due> {
        self.0.get(index)
    }

    /// The earliest.
    pub fn first(&self) -> Option<Due> {
        self.0.get(0)
    }

    pub fn release(&self) {
        self.0.release();
    }

    /// Whether the watcher is where it says it is.
    pub fn holds(&self, watcher: WatcherPtr) -> bool {
        watcher.place().and_then(|place| self.0.get(place)).is_some_and(|due| due.watcher == watcher)
    }

    pub fn push(&self, at: f64, watcher: WatcherPtr) {
        let due = Due { at, watcher };
        self.0.push(due);
        self.rise(self.0.len().wrapping_sub(1), due);
    }

    /// Takes the watcher out; false when it is not where it says it is.
    pub fn remove(&self, watcher: WatcherPtr) -> bool {
        if !self.holds(watcher) {
            return false;
        }
        let (Some(index), Some(last)) = (watcher.place(), self.0.pop()) else {
            return false;
        };
        if index < self.0.len() {
            self.settle(index, last);
        }
        true
    }

    /// Changes the due time of the element at `index`.
    pub fn change(&self, index: usize, at: f64) {
        if let Some(due) = self.0.get(index) {
            self.settle(index, Due { at, ..due });
        }
    }

    /// Changes all due times and restores the order.
    pub fn change_all(&self, new_time: impl Fn(Due) -> f64) {
        for index in 0..self.0.len() {
            self.0.update(index, |due| due.at = new_time(*due));
        }
        for index in 0..self.0.len() {
            if let Some(due) = self.0.get(index) {
                self.rise(index, due);
            }
        }
    }

    fn place(&self, index: usize, due: Due) {
        self.0.set(index, due);
        due.watcher.set_place(index);
    }

    /// Puts `due` into the hole at `index` or wherever the order wants it.
    fn settle(&self, index: usize, due: Due) {
        match parent(index).and_then(|above| self.0.get(above)) {
            Some(above) if above.at > due.at => self.rise(index, due),
            _ => self.sink(index, due),
        }
    }

    fn rise(&self, mut hole: usize, due: Due) {
        while let Some(above) = parent(hole) {
            // SAFETY: a parent's index is below its child's.
            let other = unsafe { self.0.at(above) };
            if other.at <= due.at {
                break;
            }
            self.place(hole, other);
            hole = above;
        }
        self.place(hole, due);
    }

    fn sink(&self, mut hole: usize, due: Due) {
        let len = self.0.len();
        loop {
            let first = hole.wrapping_mul(WIDTH).wrapping_add(1);
            if first >= len {
                break;
            }
            let mut least = first;
            // SAFETY: first < len.
            let mut child = unsafe { self.0.at(first) };
            for index in first.wrapping_add(1)..first.wrapping_add(WIDTH).min(len) {
                // SAFETY: index < len.
                let other = unsafe { self.0.at(index) };
                if other.at < child.at {
                    least = index;
                    child = other;
                }
            }
            if due.at <= child.at {
                break;
            }
            self.place(hole, child);
            hole = least;
        }
        self.place(hole, due);
    }

    /// The order holds, every watcher knows its place, and `time_of` it is what was noted.
    pub fn verify(&self, time_of: impl Fn(WatcherPtr) -> f64) -> bool {
        (0..self.0.len()).all(|index| {
            let Some(due) = self.0.get(index) else { return false };
            let above = parent(index).and_then(|above| self.0.get(above));
            due.watcher.place() == Some(index)
                && due.at == time_of(due.watcher)
                && above.is_none_or(|above| above.at <= due.at)
        })
    }
}
