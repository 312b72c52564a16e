//! Due times, earliest first: a 4-ary heap. Knows nothing of a loop.
//!
//! Entries name their watchers by number, and a watcher's `active` is its number plus one: sifting moves sixteen bytes
//! at a time and touches no watcher. What can wait is put off: new entries are put in order when the earliest is asked
//! for. A watcher that is put off keeps its entry, which is then too early, and is marked. One that is taken out leaves
//! its entry behind, for the next watcher that is not due before it; when half of the entries are such, all of them go.
//! An entry that was left behind has a key, a time that it is not later than, which stays when it is taken over: a watcher
//! that is stopped and started again and again needs an earlier entry only when it is due earlier than ever. When much
//! is due at once it is sorted, which is cheaper than taking one after the other from the heap.

use core::cell::Cell;
use core::ptr;

use crate::abi::ev_watcher;
use crate::diag;
use crate::mem::Arr;
use crate::watcher::{TimePtr, WatcherPtr};

/// The earliest watcher, and when it is due.
#[derive(Clone, Copy)]
pub struct Due {
    pub at: f64,
    pub watcher: TimePtr,
}

/// An element of the heap: not later than its watcher is due.
#[derive(Clone, Copy)]
struct Entry {
    at: f64,
    number: u32,
}

/// What a number stands for: a watcher, or something else with a mark in the two low bits, which are 0 in the address of
/// a watcher.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Slot(*mut ev_watcher);

const _: () = assert!(size_of::<Slot>() == size_of::<f64>() && align_of::<ev_watcher>() >= 4);

const MARKS: usize = 3;
/// The watcher was taken out; the entry's key.
const LEFT: usize = 2;
/// No entry has this number; the next such number.
const FREE: usize = 3;

impl Slot {
    fn of(watcher: WatcherPtr) -> Self {
        Self(watcher.raw())
    }

    /// From 2 on all doubles have the same two bits in front, which are not kept; a key below that is rounded up to it.
    fn left(key: f64) -> Self {
        let key = if key < 2.0 { 2.0 } else { key };
        Self(ptr::without_provenance_mut((key.to_bits() << 2) as usize | LEFT))
    }

    fn free(next: u32) -> Self {
        Self(ptr::without_provenance_mut((next as usize) << 2 | FREE))
    }

    fn is_left(self) -> bool {
        self.0.addr() & MARKS == LEFT
    }

    /// The key of an entry left behind.
    fn key(self) -> f64 {
        f64::from_bits((self.0.addr() >> 2) as u64 | 1 << 62)
    }

    /// The watcher, if it stands for one.
    fn watcher(self) -> Option<TimePtr> {
        // SAFETY: WATCHER; what has no mark is the address of one.
        (self.0.addr() & MARKS == 0).then(|| unsafe { TimePtr::new(self.0.cast()) })
    }

    fn next_free(self) -> u32 {
        (self.0.addr() >> 2) as u32
    }
}

/// The end of the list of free numbers. All numbers are below it.
const NO_NUMBER: u32 = (1 << 28) - 2;
/// How many entries left behind are looked at for a new watcher.
const TRIES: usize = 4;
/// With so many entries, those that are due together may be sorted.
const MANY: usize = 64;
/// Fewer entries left behind than this are no reason to tidy up.
const TOLERATED: usize = 32;

/// The heap.
pub struct Heap {
    /// A heap, and behind it those that are not in order yet.
    entries: Arr<Entry>,
    /// How many are in order.
    ordered: Cell<usize>,
    /// Entries beside the heap, the earliest last.
    run: Arr<Entry>,
    /// By number.
    slots: Arr<Slot>,
    /// The first free number.
    free: Cell<u32>,
    /// How many entries were left behind.
    left: Cell<usize>,
    /// Their numbers, the latest last, perhaps with some that have another use by now.
    offered: Arr<u32>,
    /// By number, of entries that were taken over: their keys.
    keys: Arr<f64>,
    /// No entry is before this.
    floor: Cell<f64>,
}

/// Children per node.
const WIDTH: usize = 4;

fn parent(index: usize) -> Option<usize> {
    Some(index.checked_sub(1)? / WIDTH)
}

impl Heap {
    pub const fn new() -> Self {
        Self {
            entries: Arr::new(),
            ordered: Cell::new(0),
            run: Arr::new(),
            slots: Arr::new(),
            free: Cell::new(NO_NUMBER),
            left: Cell::new(0),
            offered: Arr::new(),
            keys: Arr::new(),
            floor: Cell::new(f64::INFINITY),
        }
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        self.slots.len()
    }

    /// The watcher in a place.
    pub fn in_place(&self, place: usize) -> Option<TimePtr> {
        self.slots.get(place)?.watcher()
    }

    pub fn release(&self) {
        self.clear();
        self.entries.release();
        self.run.release();
        self.slots.release();
        self.offered.release();
        self.keys.release();
    }

    #[inline(never)]
    fn clear(&self) {
        self.entries.truncate(0);
        self.ordered.set(0);
        self.run.truncate(0);
        self.slots.truncate(0);
        self.offered.truncate(0);
        self.free.set(NO_NUMBER);
        self.left.set(0);
        self.floor.set(f64::INFINITY);
    }

    /// The number of a watcher that has one.
    fn number_of(&self, watcher: TimePtr) -> Option<u32> {
        watcher.number().filter(|&number| self.slots.get(number as usize) == Some(Slot::of(watcher.base())))
    }

    /// Whether the watcher is where it says it is.
    pub fn holds(&self, watcher: TimePtr) -> bool {
        self.number_of(watcher).is_some()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.run.is_empty()
    }

    /// How many entries there are, left behind or not.
    fn count(&self) -> usize {
        self.entries.len().wrapping_add(self.run.len())
    }

    /// The entry that comes first; what it says may not hold any more.
    fn front(&self) -> Option<Entry> {
        let top = self.entries.get(0);
        match self.head_of_run() {
            Some(head) => Some(top.filter(|top| top.at < head.at).unwrap_or(head)),
            None => top,
        }
    }

    fn head_of_run(&self) -> Option<Entry> {
        self.run.get(self.run.len().checked_sub(1)?)
    }

    /// The earliest. Entries that are not as early as they say are put right on the way.
    #[inline(always)]
    pub fn first(&self) -> Option<Due> {
        if self.is_empty() { None } else { self.earliest() }
    }

    #[inline(never)]
    fn earliest(&self) -> Option<Due> {
        self.put_in_order();
        loop {
            let Entry { at, number } = self.front()?;
            self.floor.set(at);
            let slot = self.slots.get(number as usize)?;
            let Some(watcher) = slot.watcher() else {
                self.left.set(self.left.get().wrapping_sub(1));
                self.drop_first();
                continue;
            };
            if !watcher.is_put_off() {
                return Some(Due { at, watcher });
            }
            self.change_first(watcher.at());
        }
    }

    /// New entries find their places: one after the other, or all at once if they are many.
    #[inline]
    fn put_in_order(&self) {
        if self.ordered.get() != self.entries.len() {
            self.put_new_in_order();
        }
    }

    #[inline(never)]
    fn put_new_in_order(&self) {
        let (ordered, all, many) = (self.ordered.get(), self.entries.len(), self.is_mostly_new());
        self.ordered.set(all);
        if many {
            self.restore_order();
            return;
        }
        for index in ordered..all {
            if let Some(entry) = self.entries.get(index) {
                self.rise(index, entry, 0);
            }
        }
    }

    /// To be called before all entries before `now` are taken out one by one: sorts them, if they are many.
    #[inline]
    pub fn expect(&self, now: f64) {
        let len = self.entries.len();
        if len >= MANY
            && self.run.is_empty()
            && (self.is_mostly_new() || (0..=WIDTH).all(|index| self.is_due(index, now)))
        {
            self.gather(now);
        }
    }

    fn is_due(&self, index: usize, now: f64) -> bool {
        self.entries.get(index).is_some_and(|entry| entry.at < now)
    }

    /// Whether looking at all entries costs no more than putting the new ones in order.
    fn is_mostly_new(&self) -> bool {
        self.entries.len().wrapping_sub(self.ordered.get()) > self.ordered.get() / WIDTH
    }

    #[inline(never)]
    fn gather(&self, now: f64) {
        if !self.is_mostly_new() {
            self.put_in_order();
            if self.count_due(now) <= self.entries.len() / 8 {
                return;
            }
        }
        let mut kept = 0;
        for index in 0..self.entries.len() {
            let Some(entry) = self.entries.get(index) else { break };
            if entry.at < now {
                self.run.push(entry);
            } else {
                self.entries.set(kept, entry);
                kept = kept.wrapping_add(1);
            }
        }
        self.entries.truncate(kept);
        self.ordered.set(0);
        sort_latest_first(&self.run);
    }

    /// How many are due, found from the top: those due have only such above them.
    fn count_due(&self, now: f64) -> usize {
        let found: Arr<u32> = Arr::new();
        found.push(0);
        let mut next = 0;
        while let Some(index) = found.get(next) {
            let child = (index as usize).wrapping_mul(WIDTH).wrapping_add(1);
            for index in (child..child.wrapping_add(WIDTH)).filter(|&index| self.is_due(index, now)) {
                found.push(index as u32);
            }
            next = next.wrapping_add(1);
        }
        let count = found.len();
        found.release();
        count
    }

    /// Puts in a watcher that is due at `at`.
    #[inline(always)]
    pub fn push(&self, at: f64, watcher: TimePtr) {
        if self.offered.is_empty() || !self.take_over(at, watcher) {
            self.push_new(at, watcher);
        }
    }

    /// Has the watcher take over an entry that was left behind, if there is one that is not later.
    #[inline(always)]
    fn take_over(&self, at: f64, watcher: TimePtr) -> bool {
        for _ in 0..TRIES {
            let Some(number) = self.offered.pop() else { break };
            let Some(slot) = self.slots.get(number as usize) else { continue };
            // What is not a number compares as false.
            if slot.is_left() && slot.key() <= at {
                self.left.set(self.left.get().wrapping_sub(1));
                self.slots.set(number as usize, Slot::of(watcher.base()));
                self.keys.extend_to((number as usize).wrapping_add(1), 0.0);
                self.keys.set(number as usize, slot.key());
                watcher.set_keyed_number(number);
                return true;
            }
        }
        false
    }

    #[inline(never)]
    fn push_new(&self, at: f64, watcher: TimePtr) {
        if self.left.get() > TOLERATED && self.left.get() > self.count() / 2 {
            self.tidy();
        }
        let number = self.new_number(Slot::of(watcher.base()));
        watcher.set_number(number);
        self.lower_floor(at);
        self.entries.push(Entry { at, number });
    }

    fn new_number(&self, slot: Slot) -> u32 {
        let number = self.free.get();
        match self.slots.get(number as usize) {
            Some(free) => {
                self.free.set(free.next_free());
                self.slots.set(number as usize, slot);
                number
            }
            None => {
                let number = self.slots.len();
                if number >= NO_NUMBER as usize {
                    diag::out_of_memory(number);
                }
                self.slots.push(slot);
                number as u32
            }
        }
    }

    fn free_number(&self, number: u32) {
        self.slots.set(number as usize, Slot::free(self.free.replace(number)));
    }

    /// Takes the watcher out; false when it is not where it says it is.
    #[inline(always)]
    pub fn remove(&self, watcher: TimePtr) -> bool {
        let Some(number) = self.number_of(watcher) else { return false };
        self.leave(number, watcher);
        if self.left.get() == self.count() {
            self.clear();
        } else {
            self.offered.push(number);
        }
        true
    }

    #[inline(always)]
    fn lower_floor(&self, at: f64) {
        if at < self.floor.get() {
            self.floor.set(at);
        }
    }

    /// Whether the program did not overwrite the time. What it writes is a span as a rule, so before all that is in here.
    #[inline(always)]
    fn knows_time_of(&self, watcher: TimePtr) -> bool {
        watcher.at() >= self.floor.get() && watcher.is_untouched()
    }

    /// Its entry stays, with a key: the one it has, or when the watcher is due.
    #[inline(always)]
    fn leave(&self, number: u32, watcher: TimePtr) {
        let key = if watcher.is_keyed() {
            self.keys.get(number as usize)
        } else {
            Some(watcher.at()).filter(|_| self.knows_time_of(watcher))
        };
        self.slots.set(number as usize, Slot::left(key.unwrap_or(f64::INFINITY)));
        self.left.set(self.left.get().wrapping_add(1));
    }

    /// Takes out the earliest, which [`Heap::first`] just returned.
    #[inline(never)]
    pub fn remove_first(&self) {
        self.drop_first();
        if self.left.get() == self.count() {
            self.clear();
        }
    }

    /// Removes the first entry and frees its number.
    fn drop_first(&self) {
        let Some(first) = self.front() else { return };
        self.free_number(first.number);
        if self.take_from_run(first) {
            return;
        }
        if let Some(last) = self.entries.pop() {
            self.ordered.set(self.entries.len());
            if !self.entries.is_empty() {
                self.sink(0, last);
            }
        }
    }

    /// Takes the first entry out of the run, if that is where it is.
    fn take_from_run(&self, first: Entry) -> bool {
        let is_there = self.head_of_run().is_some_and(|head| head.number == first.number);
        if is_there {
            self.run.pop();
        }
        is_there
    }

    /// Changes the due time of the earliest, which [`Heap::first`] just returned, to the one that its watcher holds.
    #[inline(never)]
    pub fn change_first(&self, at: f64) {
        let Some(first) = self.front() else { return };
        if let Some(watcher) = self.in_place(first.number as usize) {
            watcher.set_number(first.number);
        }
        self.lower_floor(at);
        let entry = Entry { at, ..first };
        if self.take_from_run(first) {
            self.entries.push(entry);
            self.put_in_order();
        } else {
            self.sink(0, entry);
        }
    }

    /// Has a watcher of the heap be due at `at` and no more at the time that it holds. One that is put off is only
    /// written to, and need not say where it is: that is looked at when its entry surfaces.
    #[inline]
    pub fn change(&self, watcher: TimePtr, at: f64) -> bool {
        if at >= watcher.at() && self.knows_time_of(watcher) {
            watcher.put_off(at);
            return true;
        }
        self.bring_forward(watcher, at)
    }

    /// False when the watcher is not where it says it is.
    #[inline(never)]
    fn bring_forward(&self, watcher: TimePtr, at: f64) -> bool {
        let Some(number) = self.number_of(watcher) else { return false };
        self.leave(number, watcher);
        watcher.set_at(at);
        self.push_new(at, watcher);
        true
    }

    /// Has all watchers be due at new times. `new_time` may be the program's.
    pub fn change_all(&self, new_time: impl Fn(TimePtr) -> f64) {
        self.drop_left();
        for index in 0..self.entries.len() {
            let Some(entry) = self.entries.get(index) else { break };
            let Some(watcher) = self.in_place(entry.number as usize) else { continue };
            let at = new_time(watcher);
            watcher.set_at(at);
            watcher.set_number(entry.number);
            self.entries.set(index, Entry { at, ..entry });
        }
        self.ordered.set(0);
        self.floor.set(f64::NEG_INFINITY);
    }

    /// Removes the entries left behind.
    #[cold]
    #[inline(never)]
    fn tidy(&self) {
        self.drop_left();
        self.ordered.set(0);
    }

    #[inline(never)]
    fn drop_left(&self) {
        while let Some(entry) = self.run.pop() {
            self.entries.push(entry);
        }
        let mut kept = 0;
        for index in 0..self.entries.len() {
            let Some(entry) = self.entries.get(index) else { break };
            if self.in_place(entry.number as usize).is_some() {
                self.entries.set(kept, entry);
                kept = kept.wrapping_add(1);
            } else {
                self.free_number(entry.number);
            }
        }
        self.entries.truncate(kept);
        self.offered.truncate(0);
        self.left.set(0);
    }

    fn restore_order(&self) {
        let Some(last) = self.entries.len().checked_sub(1).and_then(parent) else { return };
        for index in (0..=last).rev() {
            if let Some(entry) = self.entries.get(index) {
                self.sink(index, entry);
            }
        }
    }

    /// Puts `entry` into the hole, or above it, but not above `top`.
    #[inline(never)]
    fn rise(&self, mut hole: usize, entry: Entry, top: usize) {
        let places = Places::of(&self.entries);
        while let Some(above) = parent(hole).filter(|_| hole > top) {
            // SAFETY: a parent's index is below its child's.
            let other = unsafe { places.get(above) };
            if other.at <= entry.at {
                break;
            }
            // SAFETY: hole is the index of an element.
            unsafe { places.put(hole, other) };
            hole = above;
        }
        // SAFETY: as above.
        unsafe { places.put(hole, entry) };
    }

    /// Puts `entry` into the hole or below it. The hole goes down all the way first: entries that sink come from the
    /// bottom, or are due much later.
    #[inline(never)]
    fn sink(&self, top: usize, entry: Entry) {
        let places = Places::of(&self.entries);
        let len = self.entries.len();
        let mut hole = top;
        loop {
            let first = hole.wrapping_mul(WIDTH).wrapping_add(1);
            if first >= len {
                break;
            }
            // SAFETY: first < len.
            let least = unsafe { places.least_of(first, len.wrapping_sub(first)) };
            // SAFETY: both are indices of elements.
            unsafe { places.put(hole, places.get(least)) };
            hole = least;
        }
        self.rise(hole, entry, top);
    }

    /// The order holds, and every watcher is in its place and due when its entry says, or later if that is known.
    #[inline(never)]
    pub fn verify(&self) -> bool {
        self.put_in_order();
        let mut left = 0_usize;
        let mut is_sound = |entry: Entry| {
            let slot = self.slots.get(entry.number as usize);
            match slot.and_then(Slot::watcher) {
                Some(w) => {
                    let known = if w.is_put_off() { entry.at <= w.at() } else { entry.at == w.at() };
                    let key = self.keys.get(entry.number as usize).filter(|_| w.is_keyed());
                    known
                        && key.is_none_or(|key| entry.at <= key && key <= w.at())
                        && w.number() == Some(entry.number)
                        && w.base().has_legal_priority()
                }
                None => {
                    left = left.wrapping_add(1);
                    slot.is_some_and(Slot::is_left)
                }
            }
        };
        (0..self.entries.len()).all(|index| {
            let above = parent(index).and_then(|above| self.entries.get(above));
            self.entries
                .get(index)
                .is_some_and(|entry| is_sound(entry) && above.is_none_or(|above| above.at <= entry.at))
        }) && (0..self.run.len()).all(|index| self.run.get(index).is_some_and(&mut is_sound))
            && left == self.left.get()
    }
}

/// Sorts by time, the latest first: by each byte that is not the same in all, the least significant first.
fn sort_latest_first(run: &Arr<Entry>) {
    /// As whole numbers, in the reverse order.
    fn key(entry: Entry) -> u64 {
        let bits = entry.at.to_bits();
        if bits >> 63 == 0 { !bits & !(1 << 63) } else { bits }
    }
    let len = run.len();
    let other: Arr<Entry> = Arr::new();
    other.extend_to(len, Entry { at: 0.0, number: 0 });
    let first = run.get(0).map_or(0, key);
    let (home, mut from, mut to) = (Places::of(run), Places::of(run), Places::of(&other));
    // SAFETY: below the length.
    let varying = (0..len).fold(0, |sum, index| sum | key(unsafe { from.get(index) }) ^ first);
    for shift in (0..u64::BITS).step_by(8).filter(|shift| varying >> shift & 0xff != 0) {
        let digit = |entry: Entry| (key(entry) >> shift & 0xff) as usize;
        let mut starts = [0_u32; 256];
        for index in 0..len {
            // SAFETY: below the length.
            if let Some(count) = starts.get_mut(digit(unsafe { from.get(index) })) {
                *count = count.wrapping_add(1);
            }
        }
        let mut sum = 0_u32;
        for start in &mut starts {
            let count = core::mem::replace(start, sum);
            sum = sum.wrapping_add(count);
        }
        for index in 0..len {
            // SAFETY: below the length.
            let entry = unsafe { from.get(index) };
            if let Some(start) = starts.get_mut(digit(entry)) {
                // SAFETY: `other` is as long, and all starts are below the length: their counts add up to it.
                unsafe { to.put(*start as usize, entry) };
                *start = start.wrapping_add(1);
            }
        }
        (from, to) = (to, from);
    }
    if !ptr::eq(from.0, home.0) {
        for index in 0..len {
            // SAFETY: below the length of both.
            unsafe { home.put(index, from.get(index)) };
        }
    }
    other.release();
}

/// The elements' address, taken once per operation: nothing grows the heap meanwhile.
#[derive(Clone, Copy)]
struct Places(*mut Entry);

impl Places {
    fn of(heap: &Arr<Entry>) -> Self {
        Self(heap.as_ptr())
    }

    /// # Safety
    /// `index` is below the heap's length.
    #[inline]
    unsafe fn get(self, index: usize) -> Entry {
        // SAFETY: ARR, and the caller's promise.
        unsafe { self.0.add(index).read() }
    }

    /// # Safety
    /// `index` is below the heap's length.
    #[inline]
    unsafe fn put(self, index: usize, entry: Entry) {
        // SAFETY: ARR, and the caller's promise.
        unsafe { self.0.add(index).write(entry) };
    }

    /// The index of the earliest of up to four elements from `first` on, of which there are `count`, at least one.
    ///
    /// # Safety
    /// `first + count` is the heap's length.
    #[inline]
    unsafe fn least_of(self, first: usize, count: usize) -> usize {
        // SAFETY: the caller's promise, and that the index given is below count.
        let at = |index: usize| unsafe { self.get(first.wrapping_add(index)).at };
        let later = if count >= WIDTH {
            // Without jumps: which is the earliest is as good as random.
            let left = usize::from(at(1) < at(0));
            let right = 2_usize.wrapping_add(usize::from(at(3) < at(2)));
            left.wrapping_add(right.wrapping_sub(left).wrapping_mul(usize::from(at(right) < at(left))))
        } else {
            (1..count).fold(0, |least, index| if at(index) < at(least) { index } else { least })
        };
        first.wrapping_add(later)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use super::Heap;
    use crate::abi::ev_watcher_time;
    use crate::watcher::TimePtr;
    use proptest::prelude::*;

    fn watchers(count: usize) -> Vec<ev_watcher_time> {
        // SAFETY: all zero is a valid inactive watcher.
        (0..count).map(|_| unsafe { core::mem::zeroed() }).collect()
    }

    fn start(heap: &Heap, w: TimePtr, at: f64) {
        w.set_at(at);
        heap.push(at, w);
    }

    const COUNT: usize = 200;

    #[derive(Clone, Debug)]
    enum Op {
        /// Starts it, or changes its time.
        Set(usize, u8),
        Remove(usize),
        RemoveFirst,
        /// Changes the time of the first.
        ChangeFirst(u8),
        /// The first is asked for, which puts it right.
        Look,
        /// All times go down, as after a suspension.
        Shift(u8),
        /// All before this time are taken out.
        Expire(u8),
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            20 => (0..COUNT, 0..50_u8).prop_map(|(index, at)| Op::Set(index, at)),
            4 => (0..COUNT).prop_map(Op::Remove),
            2 => Just(Op::RemoveFirst),
            2 => (0..50_u8).prop_map(Op::ChangeFirst),
            2 => Just(Op::Look),
            1 => (0..9_u8).prop_map(Op::Shift),
            1 => (0..50_u8).prop_map(Op::Expire),
        ];
        proptest::collection::vec(op, 0..600)
    }

    proptest! {
        /// After every operation it holds what a plain table of times does, and the earliest comes first.
        #[test]
        fn is_as_a_table_of_times(ops in ops()) {
            let mut all = watchers(COUNT);
            let base = all.as_mut_ptr();
            // SAFETY: each element lives as long as the heap.
            let of = |index: usize| unsafe { TimePtr::new(base.add(index)) };
            let index_of = |w: TimePtr| (w.raw() as usize - base as usize) / size_of::<ev_watcher_time>();
            let heap = Heap::new();
            let mut times: [Option<f64>; COUNT] = [None; COUNT];
            for op in ops {
                let earliest = times.iter().flatten().copied().reduce(f64::min);
                match op {
                    Op::Set(index, at) => {
                        let at = f64::from(at);
                        match times[index].replace(at) {
                            None => start(&heap, of(index), at),
                            Some(_) => prop_assert!(heap.change(of(index), at)),
                        }
                    }
                    Op::Remove(index) => {
                        prop_assert_eq!(heap.remove(of(index)), times[index].take().is_some());
                        of(index).base().set_active(0);
                    }
                    Op::RemoveFirst => {
                        if let Some(due) = heap.first() {
                            prop_assert_eq!(Some(due.at), earliest);
                            heap.remove_first();
                            times[index_of(due.watcher)] = None;
                            due.watcher.base().set_active(0);
                        }
                    }
                    Op::ChangeFirst(at) => {
                        if let Some(due) = heap.first() {
                            due.watcher.set_at(f64::from(at));
                            heap.change_first(f64::from(at));
                            times[index_of(due.watcher)] = Some(f64::from(at));
                        }
                    }
                    Op::Look => prop_assert_eq!(heap.first().map(|due| due.at), earliest),
                    Op::Expire(until) => {
                        let until = f64::from(until);
                        heap.expect(until);
                        let mut last = f64::NEG_INFINITY;
                        while let Some(due) = heap.first().filter(|due| due.at < until) {
                            prop_assert!(due.at >= last && heap.verify());
                            last = due.at;
                            heap.remove_first();
                            prop_assert_eq!(times[index_of(due.watcher)].take(), Some(due.at));
                            due.watcher.base().set_active(0);
                        }
                    }
                    Op::Shift(by) => {
                        heap.change_all(|w| w.at() - f64::from(by));
                        times.iter_mut().flatten().for_each(|at| *at -= f64::from(by));
                    }
                }
                prop_assert!(heap.verify());
                let held = (0..heap.places()).filter_map(|place| heap.in_place(place)).map(index_of);
                let mut held: Vec<usize> = held.collect();
                held.sort_unstable();
                prop_assert!(held.iter().copied().eq((0..COUNT).filter(|&index| times[index].is_some())));
                for (index, time) in times.iter().enumerate() {
                    prop_assert_eq!(heap.holds(of(index)), time.is_some());
                    prop_assert!(time.is_none_or(|at| of(index).at() == at));
                }
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
        let of = |index: usize| unsafe { TimePtr::new(base.add(index)) };
        let heap = Heap::new();
        for index in 0..3 {
            start(&heap, of(index), index as f64);
        }
        of(1).base().set_active(99);
        assert!(!heap.remove(of(1)));
        of(1).base().set_active(3);
        assert!(!heap.remove(of(1)));
        assert!(of(2).number() == Some(2) && heap.holds(of(2)));
        heap.release();
    }

    /// Times that the program overwrote are not taken for those of the entries.
    #[test]
    fn overwritten_times_are_noticed() {
        let mut all = watchers(40);
        let base = all.as_mut_ptr();
        // SAFETY: each element lives as long as the heap.
        let of = |index: usize| unsafe { TimePtr::new(base.add(index)) };
        let heap = Heap::new();
        (0..40).for_each(|index| start(&heap, of(index), 1000.0 + index as f64));
        assert!(of(3).is_untouched());
        of(3).set_at(5.0);
        of(4).set_at(0.0);
        assert!(!of(3).is_untouched() && !of(4).is_untouched());
        assert!(heap.change(of(3), 105.0));
        assert!(heap.remove(of(4)));
        of(4).base().set_active(0);
        start(&heap, of(4), 106.0);
        for expected in [3, 4, 0, 1, 2, 5] {
            let due = heap.first().map(|due| due.watcher);
            assert!(due == Some(of(expected)), "{expected}");
            heap.remove_first();
        }
        heap.release();
    }

    /// Watchers that come and go leave no more entries behind than there are watchers.
    #[test]
    fn does_not_grow_by_coming_and_going() {
        let mut all = watchers(100);
        let base = all.as_mut_ptr();
        // SAFETY: each element lives as long as the heap.
        let of = |index: usize| unsafe { TimePtr::new(base.add(index)) };
        let heap = Heap::new();
        for round in 0..10_000_usize {
            let w = of(round.wrapping_mul(7) % 100);
            if w.base().is_active() {
                assert!(heap.remove(w));
                w.base().set_active(0);
            }
            // Mostly earlier than what was left behind, so that it can't be used again.
            start(&heap, w, (20_000 - round + round % 3) as f64);
        }
        assert!(heap.verify());
        assert!(heap.places() <= 300, "{} places", heap.places());
        heap.release();
    }

    /// A watcher that is due no earlier than ever before takes its old entry over, however often it comes and goes.
    #[test]
    fn coming_again_needs_no_new_entry() {
        let mut all = watchers(20);
        let base = all.as_mut_ptr();
        // SAFETY: each element lives as long as the heap.
        let of = |index: usize| unsafe { TimePtr::new(base.add(index)) };
        let heap = Heap::new();
        (0..20).for_each(|index| start(&heap, of(index), 50.0));
        for round in 0..10_000_usize {
            let w = of(round % 20);
            assert!(heap.remove(w));
            w.base().set_active(0);
            start(&heap, w, (50 + round * 7 % 30) as f64);
        }
        assert!(heap.verify());
        assert_eq!(heap.places(), 20);
        let first = heap.first().map(|due| due.at);
        assert_eq!(first, (0..20).map(|index| of(index).at()).reduce(f64::min));
        heap.release();
    }

    /// Tidying leaves nothing in order, however many come after it.
    #[test]
    fn is_in_order_after_tidying() {
        let mut all = watchers(160);
        let base = all.as_mut_ptr();
        // SAFETY: each element lives as long as the heap.
        let of = |index: usize| unsafe { TimePtr::new(base.add(index)) };
        let heap = Heap::new();
        (0..100).for_each(|index| start(&heap, of(index), 1000.0));
        assert!(heap.first().is_some());
        for index in 0..60 {
            assert!(heap.remove(of(index)));
        }
        // As many as there were, each earlier than the one before.
        (100..160).for_each(|index| start(&heap, of(index), (500 - index) as f64));
        assert_eq!(heap.first().map(|due| due.at), Some(341.0));
        assert!(heap.verify());
        heap.release();
    }
}
