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

    /// When a watcher that it holds is due.
    pub fn time_of(&self, watcher: WatcherPtr) -> Option<f64> {
        self.0.get(watcher.place()?).map(|due| due.at)
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

    /// Puts `due` into the hole at `index` or wherever the order wants it.
    fn settle(&self, index: usize, due: Due) {
        match parent(index).and_then(|above| self.0.get(above)) {
            Some(above) if above.at > due.at => self.rise(index, due),
            _ => self.sink(index, due),
        }
    }

    fn rise(&self, mut hole: usize, due: Due) {
        let slots = Slots::of(&self.0);
        while let Some(above) = parent(hole) {
            // SAFETY: a parent's index is below its child's.
            let other = unsafe { slots.get(above) };
            if other.at <= due.at {
                break;
            }
            // SAFETY: hole is the index of an element.
            unsafe { slots.place(hole, other) };
            hole = above;
        }
        // SAFETY: as above.
        unsafe { slots.place(hole, due) };
    }

    fn sink(&self, mut hole: usize, due: Due) {
        let slots = Slots::of(&self.0);
        let len = self.0.len();
        loop {
            let first = hole.wrapping_mul(WIDTH).wrapping_add(1);
            if first >= len {
                break;
            }
            let mut least = first;
            // SAFETY: first < len.
            let mut child = unsafe { slots.get(first) };
            for index in first.wrapping_add(1)..first.wrapping_add(WIDTH).min(len) {
                // SAFETY: index < len.
                let other = unsafe { slots.get(index) };
                if other.at < child.at {
                    least = index;
                    child = other;
                }
            }
            if due.at <= child.at {
                break;
            }
            // SAFETY: hole is the index of an element.
            unsafe { slots.place(hole, child) };
            hole = least;
        }
        // SAFETY: as above.
        unsafe { slots.place(hole, due) };
    }

    /// The order holds, every watcher knows its place, and `time_of` it is what was noted.
    #[inline(never)]
    pub fn verify(&self, time_of: &dyn Fn(WatcherPtr) -> f64) -> bool {
        (0..self.0.len()).all(|index| {
            let Some(due) = self.0.get(index) else { return false };
            let above = parent(index).and_then(|above| self.0.get(above));
            due.watcher.place() == Some(index)
                && due.watcher.has_legal_priority()
                && due.at == time_of(due.watcher)
                && above.is_none_or(|above| above.at <= due.at)
        })
    }
}

/// The elements' address, taken once per operation: nothing grows the heap meanwhile, but the compiler can't know that
/// writing to a watcher leaves the array alone.
#[derive(Clone, Copy)]
struct Slots(*mut Due);

impl Slots {
    fn of(heap: &Arr<Due>) -> Self {
        Self(heap.as_ptr())
    }

    /// # Safety
    /// `index` is below the heap's length.
    #[inline]
    unsafe fn get(self, index: usize) -> Due {
        // SAFETY: ARR, and the caller's promise.
        unsafe { self.0.add(index).read() }
    }

    /// Writes an element and tells its watcher where it is.
    ///
    /// # Safety
    /// `index` is below the heap's length.
    #[inline]
    unsafe fn place(self, index: usize, due: Due) {
        // SAFETY: ARR, and the caller's promise.
        unsafe { self.0.add(index).write(due) };
        due.watcher.set_place(index);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use super::Heap;
    use crate::abi::ev_watcher;
    use crate::watcher::WatcherPtr;
    use proptest::prelude::*;

    fn watchers(count: usize) -> Vec<ev_watcher> {
        // SAFETY: all zero is a valid inactive watcher.
        (0..count).map(|_| unsafe { core::mem::zeroed() }).collect()
    }

    const COUNT: usize = 60;

    #[derive(Clone, Debug)]
    enum Op {
        /// Starts it, or changes its time.
        Set(usize, u8),
        Remove(usize),
        RemoveFirst,
        /// All times go down, as after a suspension.
        Shift(u8),
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            6 => (0..COUNT, 0..50_u8).prop_map(|(index, at)| Op::Set(index, at)),
            3 => (0..COUNT).prop_map(Op::Remove),
            2 => Just(Op::RemoveFirst),
            1 => (0..9_u8).prop_map(Op::Shift),
        ];
        proptest::collection::vec(op, 0..400)
    }

    proptest! {
        /// After every operation it holds what a plain table of times does, and the earliest comes first.
        #[test]
        fn is_as_a_table_of_times(ops in ops()) {
            let mut all = watchers(COUNT);
            let base = all.as_mut_ptr();
            // SAFETY: each element lives as long as the heap.
            let of = |index: usize| unsafe { WatcherPtr::new(base.add(index)) };
            let index_of = |w: WatcherPtr| (w.raw() as usize - base as usize) / size_of::<ev_watcher>();
            let heap = Heap::new();
            let mut times: [Option<f64>; COUNT] = [None; COUNT];
            for op in ops {
                match op {
                    Op::Set(index, at) => {
                        let at = f64::from(at);
                        match times[index].replace(at) {
                            None => heap.push(at, of(index)),
                            Some(_) => heap.change(of(index).active() as usize - 1, at),
                        }
                    }
                    Op::Remove(index) => {
                        prop_assert_eq!(heap.remove(of(index)), times[index].take().is_some());
                        of(index).set_active(0);
                    }
                    Op::RemoveFirst => {
                        if let Some(due) = heap.first() {
                            prop_assert!(heap.remove(due.watcher));
                            times[index_of(due.watcher)] = None;
                            due.watcher.set_active(0);
                        }
                    }
                    Op::Shift(by) => {
                        heap.change_all(|due| due.at - f64::from(by));
                        times.iter_mut().flatten().for_each(|at| *at -= f64::from(by));
                    }
                }
                prop_assert!(heap.verify(&|w| times[index_of(w)].unwrap_or(f64::NAN)));
                prop_assert_eq!(heap.len(), times.iter().flatten().count());
                let earliest = times.iter().flatten().copied().reduce(f64::min);
                prop_assert_eq!(heap.first().map(|due| due.at), earliest);
                prop_assert!((0..COUNT).all(|index| heap.holds(of(index)) == times[index].is_some()));
            }
            heap.release();
        }
    }

    /// A watcher whose place was overwritten is not found, and nothing else is removed in its place.
    #[test]
    fn a_lost_watcher_is_not_removed() {
        let mut all = watchers(3);
        let base = all.as_mut_ptr();
        // SAFETY: each element lives as long as the heap.
        let of = |index: usize| unsafe { WatcherPtr::new(base.add(index)) };
        let heap = Heap::new();
        for index in 0..3 {
            heap.push(index as f64, of(index));
        }
        of(1).set_active(99);
        assert!(!heap.remove(of(1)));
        of(1).set_active(3);
        assert!(!heap.remove(of(1)));
        assert_eq!(heap.len(), 3);
        heap.release();
    }
}
