//! Watchers by the time when they are due, the earliest first. Knows nothing of a loop.
//!
//! Each has a place in a table, and its `active` is that place plus one. Few timers are ever due: most are stopped or put
//! off before. So only those before a horizon are in order. When none of them is left, the table is gone through, and
//! the earliest eighth or so is sorted: the horizon is where they end. Starting a watcher beyond it, or putting one off,
//! writes into the table and nowhere else.
//!
//! Before the horizon, order is that of entries: the sorted ones, and a heap of those that came since. An entry is not
//! taken away when its watcher is stopped or put off: when it comes first, the table says what it is worth. HORIZON: where
//! a place's time is not after the horizon, there is an entry of it that is not later; and one of that very time if a
//! watcher has it that is not marked as put off.

use core::cell::Cell;
use core::cmp::Ordering;
use core::ptr;

use super::heap::{Entry, Heap};
use super::sort;
use crate::abi::ev_watcher;
use crate::diag;
use crate::mem::{Arr, Placed, prefetch};
use crate::watcher::{TimePtr, WatcherPtr};

/// The earliest watcher, and when it is due.
#[derive(Clone, Copy)]
pub struct Due {
    pub at: f64,
    pub watcher: TimePtr,
}

/// Who has a place: a watcher or nobody, and a mark in the two low bits, which are 0 in the address of a watcher.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Holder(*mut ev_watcher);

const _: () = assert!(size_of::<Holder>() == size_of::<f64>() && align_of::<ev_watcher>() >= 4);

/// A watcher that was put off: its entry is earlier than it, and is to be replaced by one at its time.
const PUT_OFF: usize = 1;
/// Nobody; the next free place.
const FREE: usize = 2;

impl Holder {
    fn of(watcher: WatcherPtr) -> Self {
        Self(watcher.raw())
    }

    fn free(next: u32) -> Self {
        Self(ptr::without_provenance_mut((next as usize) << 2 | FREE))
    }

    fn put_off(self) -> Self {
        Self(self.0.map_addr(|address| address | PUT_OFF))
    }

    fn is_put_off(self) -> bool {
        self.0.addr() & PUT_OFF != 0
    }

    fn without_mark(self) -> Self {
        Self(self.0.map_addr(|address| address & !PUT_OFF))
    }

    fn is_free(self) -> bool {
        self.0.addr() & FREE != 0
    }

    fn next_free(self) -> u32 {
        (self.0.addr() >> 2) as u32
    }

    fn watcher(self) -> Option<TimePtr> {
        // SAFETY: WATCHER; what is not free is the address of one.
        (!self.is_free()).then(|| unsafe { TimePtr::new(self.without_mark().0.cast()) })
    }
}

/// The end of the list of free places. All numbers are below it.
const NO_NUMBER: u32 = 1 << 30;
/// So few places are not worth a horizon, nor so few entries sorting.
const FEW: usize = if cfg!(fuzzing) { 4 } else { 64 };
/// Of how many times, taken at even distances, the horizon is the n-th.
const SAMPLES: usize = 32;
const CHOSEN: usize = 4;
/// How many entries before its turn a place is fetched, and a watcher: by trial, half of that or twice is as good.
const PLACE_AHEAD: usize = 17;
const WATCHER_AHEAD: usize = 7;

/// The watchers.
pub struct Schedule {
    /// By number: when the watcher in that place is due. That of a free place is its last watcher's, if an entry of it may
    /// be left.
    times: Arr<f64>,
    /// By number.
    holders: Arr<Holder>,
    /// The first free place.
    free: Cell<u32>,
    /// How many are held.
    held: Cell<usize>,
    /// What is later has no entry; less than all times while nothing is in order.
    horizon: Cell<f64>,
    /// The latest first.
    sorted: Arr<Entry>,
    since: Heap,
    /// How many more entries are put up with until the table is gone through again.
    room: Cell<usize>,
}

impl Schedule {
    pub const fn new() -> Self {
        Self {
            times: Arr::new(),
            holders: Arr::new(),
            free: Cell::new(NO_NUMBER),
            held: Cell::new(0),
            horizon: Cell::new(f64::NEG_INFINITY),
            sorted: Arr::new(),
            since: Heap::new(),
            room: Cell::new(0),
        }
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        self.holders.len()
    }

    /// The watcher in a place.
    pub fn in_place(&self, place: usize) -> Option<TimePtr> {
        self.holders.get(place)?.watcher()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.held.get() == 0
    }

    pub fn release(&self) {
        self.clear();
        self.times.release();
        self.holders.release();
        self.sorted.release();
        self.since.release();
    }

    #[inline(never)]
    fn clear(&self) {
        self.forget_order();
        self.times.truncate(0);
        self.holders.truncate(0);
        self.free.set(NO_NUMBER);
        self.held.set(0);
    }

    /// Forgets all entries.
    fn forget_order(&self) {
        self.sorted.truncate(0);
        self.since.clear();
        self.horizon.set(f64::NEG_INFINITY);
    }

    /// The place of a watcher, if it is where it says it is.
    #[inline(always)]
    fn find(&self, watcher: TimePtr) -> Option<u32> {
        let place = watcher.base().place()?;
        let holder = self.holders.get(place)?;
        (holder.without_mark() == Holder::of(watcher.base())).then_some(place as u32)
    }

    /// Whether the watcher is where it says it is.
    pub fn holds(&self, watcher: TimePtr) -> bool {
        self.find(watcher).is_some()
    }

    /// Whether a place with this time is to have an entry. What is not a number is never due.
    #[inline(always)]
    fn is_near(&self, at: f64) -> bool {
        at <= self.horizon.get()
    }

    /// Puts in a watcher that is due at `at`.
    #[inline(always)]
    pub fn push(&self, at: f64, watcher: TimePtr) {
        let number = self.free.get();
        let holder = Holder::of(watcher.base());
        self.held.set(self.held.get().wrapping_add(1));
        if let Some(free) = self.holders.get(number as usize) {
            self.free.set(free.next_free());
            watcher.base().set_place(number as usize);
            self.holders.set(number as usize, holder);
            self.set_time(number, at);
        } else {
            self.push_new(at, watcher);
        }
    }

    #[inline(never)]
    fn push_new(&self, at: f64, watcher: TimePtr) {
        let number = self.holders.len();
        if number >= NO_NUMBER as usize {
            diag::out_of_memory(number);
        }
        watcher.base().set_place(number);
        self.holders.push(Holder::of(watcher.base()));
        self.times.push(at);
        if self.is_near(at) {
            self.enter(number as u32, at);
        }
    }

    /// Writes the new time of a place that has a holder.
    #[inline(always)]
    fn set_time(&self, number: u32, at: f64) {
        if self.is_near(at) {
            self.bring_near(number, at);
        } else {
            self.times.set(number as usize, at);
        }
    }

    /// The same before the horizon: has an entry made if there is none that is not later.
    #[inline(never)]
    fn bring_near(&self, number: u32, at: f64) {
        let index = number as usize;
        let (Some(was), Some(holder)) = (self.times.get(index), self.holders.get(index)) else { return };
        self.times.set(index, at);
        if was <= at {
            self.holders.set(index, holder.put_off());
        } else {
            self.holders.set(index, holder.without_mark());
            self.enter(number, at);
        }
    }

    #[inline(never)]
    fn enter(&self, number: u32, at: f64) {
        self.since.push(Entry { at, number });
        match self.room.get().checked_sub(1) {
            Some(room) => self.room.set(room),
            // Too many of them are of no worth, or the horizon is too far away.
            None => self.forget_order(),
        }
    }

    /// Takes the watcher out; false when it is not where it says it is.
    #[inline(always)]
    pub fn remove(&self, watcher: TimePtr) -> bool {
        let Some(number) = self.find(watcher) else { return false };
        self.vacate(number);
        true
    }

    #[inline(always)]
    fn vacate(&self, number: u32) {
        self.holders.set(number as usize, Holder::free(self.free.replace(number)));
        let held = self.held.get().wrapping_sub(1);
        self.held.set(held);
        if held == 0 {
            self.clear();
        }
    }

    /// Has a watcher be due at `at`, if that is beyond the horizon. False if something else is to be done.
    #[inline(always)]
    pub fn puts_off(&self, watcher: TimePtr, at: f64) -> bool {
        let Some(number) = self.find(watcher).filter(|_| !self.is_near(at)) else { return false };
        watcher.set_at(at);
        self.times.set(number as usize, at);
        true
    }

    /// Has a watcher be due at `at` and no more at the time it was; false when it is not where it says it is.
    #[inline(never)]
    pub fn change(&self, watcher: TimePtr, at: f64) -> bool {
        let Some(number) = self.find(watcher) else { return false };
        watcher.set_at(at);
        self.set_time(number, at);
        true
    }

    /// The earliest. What is due before `now` is asked for together.
    #[inline(always)]
    pub fn first(&self, now: f64) -> Option<Due> {
        if self.is_empty() { None } else { self.earliest(now) }
    }

    /// Entries that are not worth what they say are dropped or put right on the way.
    #[inline(never)]
    fn earliest(&self, now: f64) -> Option<Due> {
        loop {
            let Some(entry) = self.front() else {
                // Not before infinity is what is not a number.
                if self.horizon.get() == f64::INFINITY || !self.order(now) {
                    return None;
                }
                continue;
            };
            let index = entry.number as usize;
            let (at, holder) = (self.times.get(index)?, self.holders.get(index)?);
            let Some(watcher) = holder.watcher() else {
                self.times.set(index, f64::INFINITY);
                self.drop_front(entry);
                continue;
            };
            match entry.at.partial_cmp(&at) {
                Some(Ordering::Less) if holder.is_put_off() => {
                    self.holders.set(index, holder.without_mark());
                    self.replace_front(entry, at);
                }
                Some(Ordering::Equal) => return Some(Due { at, watcher }),
                _ => self.drop_front(entry),
            }
        }
    }

    /// The entry that comes first.
    fn front(&self) -> Option<Entry> {
        let top = self.since.first();
        match self.head_of_sorted() {
            Some(head) => Some(top.filter(|top| top.at < head.at).unwrap_or(head)),
            None => top,
        }
    }

    fn head_of_sorted(&self) -> Option<Entry> {
        self.sorted.get(self.sorted.len().checked_sub(1)?)
    }

    /// Whether the entry, which comes first, is a sorted one, which is taken out then.
    fn take_sorted(&self, front: Entry) -> bool {
        let is_there = self
            .head_of_sorted()
            .is_some_and(|head| head.number == front.number && head.at.to_bits() == front.at.to_bits());
        if is_there {
            self.sorted.pop();
            self.fetch_ahead();
        }
        is_there
    }

    fn drop_front(&self, front: Entry) {
        if !self.take_sorted(front) {
            self.since.remove_first();
        }
    }

    /// Has the processor fetch what comes first soon, which lies anywhere in memory: place, then watcher.
    #[inline(always)]
    fn fetch_ahead(&self) {
        let from_head = |count: usize| self.sorted.get(self.sorted.len().wrapping_sub(count));
        if let Some(entry) = from_head(PLACE_AHEAD) {
            let index = entry.number as usize;
            prefetch(self.times.as_ptr().wrapping_add(index));
            prefetch(self.holders.as_ptr().wrapping_add(index));
        }
        if let Some(holder) = from_head(WATCHER_AHEAD).and_then(|entry| self.holders.get(entry.number as usize)) {
            prefetch(holder.0);
        }
    }

    /// The entry that comes first is one of another time now.
    fn replace_front(&self, front: Entry, at: f64) {
        if !self.is_near(at) {
            self.drop_front(front);
        } else if self.take_sorted(front) {
            self.enter(front.number, at);
        } else {
            self.since.replace_first(Entry { at, ..front });
        }
    }

    /// Takes out the earliest, which [`Schedule::first`] just returned.
    #[inline(never)]
    pub fn remove_first(&self) {
        if let Some(front) = self.front() {
            self.drop_front(front);
            self.times.set(front.number as usize, f64::INFINITY);
            self.vacate(front.number);
        }
    }

    /// Changes the due time of the earliest, which [`Schedule::first`] just returned, to the one that its watcher holds.
    #[inline(never)]
    pub fn change_first(&self, at: f64) {
        let Some(front) = self.front() else { return };
        let index = front.number as usize;
        let Some(holder) = self.holders.get(index) else { return };
        self.holders.set(index, holder.without_mark());
        self.times.set(index, at);
        self.replace_front(front, at);
    }

    /// Has all watchers be due at new times. `new_time` may be the program's.
    pub fn change_all(&self, new_time: impl Fn(TimePtr) -> f64) {
        for number in 0..self.holders.len() {
            let Some(watcher) = self.in_place(number) else { continue };
            let at = new_time(watcher);
            watcher.set_at(at);
            self.times.set(number, at);
        }
        self.forget_order();
    }

    /// Chooses a horizon, there being no entry, and sorts what is before it. False if there is nothing.
    #[inline(never)]
    fn order(&self, now: f64) -> bool {
        let count = self.times.len();
        let horizon = self.choose_horizon();
        self.horizon.set(if horizon < now { now } else { horizon });
        self.room.set((count / 2).wrapping_add(FEW));
        self.collect();
        if self.sorted.len() < count / SAMPLES {
            // To go through the table again for so few would cost more than the rest does.
            self.horizon.set(f64::INFINITY);
            self.sorted.truncate(0);
            self.collect();
        }
        if self.sorted.len() < FEW {
            while let Some(entry) = self.sorted.pop() {
                self.since.push(entry);
            }
        } else {
            sort::latest_first(&self.sorted);
        }
        self.front().is_some()
    }

    fn choose_horizon(&self) -> f64 {
        let count = self.times.len();
        let mut earliest = [f64::INFINITY; CHOSEN];
        if count > FEW {
            for index in (0..SAMPLES).map(|sample| sample.wrapping_mul(count) / SAMPLES) {
                let (Some(at), Some(_)) = (self.times.get(index), self.in_place(index)) else { continue };
                let mut later = at;
                for kept in &mut earliest {
                    if later < *kept {
                        later = core::mem::replace(kept, later);
                    }
                }
            }
        }
        earliest.last().copied().unwrap_or(f64::INFINITY)
    }

    /// Makes an entry of each watcher before the horizon, in no order.
    fn collect(&self) {
        for index in 0..self.times.len() {
            let Some(at) = self.times.get(index).filter(|&at| self.is_near(at)) else { continue };
            let Some(holder) = self.holders.get(index) else { break };
            if holder.is_free() {
                self.times.set(index, f64::INFINITY);
            } else {
                self.holders.set(index, holder.without_mark());
                self.sorted.push(Entry { at, number: index as u32 });
            }
        }
    }

    /// Every watcher is in its place and due when that says, and the entries are in order.
    #[inline(never)]
    pub fn verify(&self) -> bool {
        let is_sound = |index: usize, w: TimePtr| {
            self.times.get(index) == Some(w.at()) && w.base().place() == Some(index) && w.base().has_legal_priority()
        };
        let mut held = 0_usize;
        for index in 0..self.holders.len() {
            match self.in_place(index) {
                Some(w) if is_sound(index, w) => held = held.wrapping_add(1),
                Some(_) => return false,
                None => {}
            }
        }
        let is_sorted = (1..self.sorted.len()).all(|index| {
            let later = self.sorted.get(index.wrapping_sub(1));
            self.sorted.get(index).zip(later).is_some_and(|(entry, later)| entry.at <= later.at)
        });
        held == self.held.get() && is_sorted && self.since.is_in_order()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use core::cell::UnsafeCell;

    use super::{Holder, Schedule};
    use crate::abi::ev_watcher_time;
    use crate::mem::Placed;
    use crate::watcher::TimePtr;
    use proptest::prelude::*;

    struct Watchers(Vec<UnsafeCell<ev_watcher_time>>);

    impl Watchers {
        fn new(count: usize) -> Self {
            // SAFETY: all zero is a valid inactive watcher.
            Self((0..count).map(|_| unsafe { core::mem::zeroed() }).collect())
        }

        fn of(&self, index: usize) -> TimePtr {
            // SAFETY: each lives as long as the schedule.
            unsafe { TimePtr::new(self.0[index].get()) }
        }
    }

    fn start(schedule: &Schedule, w: TimePtr, at: f64) {
        w.set_at(at);
        schedule.push(at, w);
    }

    /// What `verify` looks at, and HORIZON.
    fn is_sound(all: &Schedule) -> bool {
        let mut earliest = vec![f64::INFINITY; all.places()];
        let mut exact = vec![false; all.places()];
        let sorted = (0..all.sorted.len()).filter_map(|index| all.sorted.get(index));
        for entry in sorted.chain(all.since.entries()) {
            let number = entry.number as usize;
            earliest[number] = earliest[number].min(entry.at);
            exact[number] |= all.times.get(number) == Some(entry.at);
        }
        let has_entry = |number: usize, at: f64, holder: Holder| {
            !all.is_near(at) || earliest[number] <= at && (exact[number] || holder.is_free() || holder.is_put_off())
        };
        all.verify()
            && (0..all.places()).all(|number| {
                let place = all.times.get(number).zip(all.holders.get(number));
                place.is_some_and(|(at, holder)| has_entry(number, at, holder))
            })
    }

    const COUNT: usize = 200;

    #[derive(Clone, Debug)]
    enum Op {
        /// Starts it, or changes its time.
        Set(usize, u16),
        Remove(usize),
        RemoveFirst,
        /// Changes the time of the first.
        ChangeFirst(u16),
        /// The first is asked for, which puts it right.
        Look,
        /// All times go down, as after a suspension.
        Shift(u8),
        /// All before this time are taken out.
        Expire(u16),
    }

    /// Some at the same time, some far apart.
    fn times() -> impl Strategy<Value = u16> {
        prop_oneof![0..50_u16, 0..1000_u16, 0..50_000_u16]
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            20 => (0..COUNT, times()).prop_map(|(index, at)| Op::Set(index, at)),
            8 => (0..COUNT).prop_map(Op::Remove),
            2 => Just(Op::RemoveFirst),
            2 => times().prop_map(Op::ChangeFirst),
            2 => Just(Op::Look),
            1 => (0..9_u8).prop_map(Op::Shift),
            1 => times().prop_map(Op::Expire),
        ];
        proptest::collection::vec(op, 0..1200)
    }

    proptest! {
        /// After every operation it holds what a plain table of times does, and the earliest comes first.
        #[test]
        fn is_as_a_table_of_times(ops in ops()) {
            let all = Watchers::new(COUNT);
            let of = |index: usize| all.of(index);
            let index_of = |w: TimePtr| (w.raw() as usize - of(0).raw() as usize) / size_of::<ev_watcher_time>();
            let schedule = Schedule::new();
            let mut times: [Option<f64>; COUNT] = [None; COUNT];
            for op in ops {
                let earliest = times.iter().flatten().copied().reduce(f64::min);
                match op {
                    Op::Set(index, at) => {
                        let at = f64::from(at);
                        match times[index].replace(at) {
                            None => start(&schedule, of(index), at),
                            Some(_) => prop_assert!(schedule.change(of(index), at)),
                        }
                    }
                    Op::Remove(index) => {
                        prop_assert_eq!(schedule.remove(of(index)), times[index].take().is_some());
                        of(index).base().set_active(0);
                    }
                    Op::RemoveFirst => {
                        if let Some(due) = schedule.first(0.0) {
                            prop_assert_eq!(Some(due.at), earliest);
                            schedule.remove_first();
                            times[index_of(due.watcher)] = None;
                            due.watcher.base().set_active(0);
                        }
                    }
                    Op::ChangeFirst(at) => {
                        if let Some(due) = schedule.first(0.0) {
                            due.watcher.set_at(f64::from(at));
                            schedule.change_first(f64::from(at));
                            times[index_of(due.watcher)] = Some(f64::from(at));
                        }
                    }
                    Op::Look => prop_assert_eq!(schedule.first(0.0).map(|due| due.at), earliest),
                    Op::Expire(until) => {
                        let until = f64::from(until);
                        let mut last = f64::NEG_INFINITY;
                        while let Some(due) = schedule.first(until).filter(|due| due.at < until) {
                            prop_assert!(due.at >= last && is_sound(&schedule));
                            last = due.at;
                            schedule.remove_first();
                            prop_assert_eq!(times[index_of(due.watcher)].take(), Some(due.at));
                            due.watcher.base().set_active(0);
                        }
                    }
                    Op::Shift(by) => {
                        schedule.change_all(|w| w.at() - f64::from(by));
                        times.iter_mut().flatten().for_each(|at| *at -= f64::from(by));
                    }
                }
                prop_assert!(is_sound(&schedule));
                let held = (0..schedule.places()).filter_map(|place| schedule.in_place(place)).map(index_of);
                let mut held: Vec<usize> = held.collect();
                held.sort_unstable();
                prop_assert!(held.iter().copied().eq((0..COUNT).filter(|&index| times[index].is_some())));
                for (index, time) in times.iter().enumerate() {
                    prop_assert_eq!(schedule.holds(of(index)), time.is_some());
                    prop_assert!(time.is_none_or(|at| of(index).at() == at));
                }
            }
            schedule.release();
        }
    }

    /// What is not a number is never due, and keeps nothing else from being so.
    #[test]
    fn not_a_number_is_never_due() {
        let all = Watchers::new(300);
        let of = |index: usize| all.of(index);
        let schedule = Schedule::new();
        (0..300).for_each(|index| start(&schedule, of(index), if index % 3 == 0 { f64::NAN } else { index as f64 }));
        assert!(schedule.first(0.0).is_some_and(|due| due.watcher == of(1)));
        assert!(schedule.change(of(1), f64::NAN) && schedule.change(of(3), 1.5));
        for expected in [3].into_iter().chain((2..300).filter(|index| index % 3 != 0)) {
            assert!(schedule.first(0.0).is_some_and(|due| due.watcher == of(expected)), "{expected}");
            schedule.remove_first();
        }
        assert!(schedule.first(f64::INFINITY).is_none() && !schedule.is_empty());
        start(&schedule, of(2), 7.0);
        assert!(schedule.first(0.0).is_some_and(|due| due.watcher == of(2)));
        assert!(schedule.remove(of(0)) && schedule.remove(of(1)));
        schedule.release();
    }

    /// A watcher whose place was overwritten is not found, and nothing else is removed in its place.
    #[test]
    fn a_lost_watcher_is_not_removed() {
        let all = Watchers::new(3);
        let of = |index: usize| all.of(index);
        let schedule = Schedule::new();
        for index in 0..3 {
            start(&schedule, of(index), index as f64);
        }
        of(1).base().set_active(99);
        assert!(!schedule.remove(of(1)));
        of(1).base().set_active(3);
        assert!(!schedule.remove(of(1)));
        assert!(of(2).base().place() == Some(2) && schedule.holds(of(2)));
        schedule.release();
    }

    /// What the program writes into an active watcher changes nothing until it is stopped or changed.
    #[test]
    fn overwritten_times_do_no_harm() {
        let all = Watchers::new(400);
        let of = |index: usize| all.of(index);
        let schedule = Schedule::new();
        (0..400).for_each(|index| start(&schedule, of(index), 1000.0 + index as f64));
        assert!(schedule.first(0.0).is_some_and(|due| due.watcher == of(0)));
        [3, 4, 5, 300].into_iter().for_each(|index| of(index).set_at(5.0));
        assert!(schedule.change(of(3), 105.0));
        assert!(schedule.remove(of(4)));
        of(4).base().set_active(0);
        start(&schedule, of(4), 106.0);
        for expected in [3, 4, 0, 1, 2, 5, 6] {
            let due = schedule.first(0.0).map(|due| due.watcher);
            assert!(due == Some(of(expected)), "{expected}");
            schedule.remove_first();
        }
        schedule.release();
    }

    /// Entries that are of no worth any more are at most as many as the places, or some few.
    #[test]
    fn does_not_grow_by_coming_and_going() {
        let all = Watchers::new(100);
        let of = |index: usize| all.of(index);
        let schedule = Schedule::new();
        (0..100).for_each(|index| start(&schedule, of(index), 20_000.0));
        assert!(schedule.first(0.0).is_some());
        for round in 0..10_000_usize {
            let w = of(round.wrapping_mul(7) % 100);
            assert!(schedule.remove(w));
            w.base().set_active(0);
            // Mostly earlier than before, so that it needs a new entry.
            start(&schedule, w, (20_000 - round + round % 3) as f64);
        }
        assert!(is_sound(&schedule));
        assert_eq!(schedule.places(), 100);
        let entries = schedule.since.entries().count() + schedule.sorted.len();
        assert!(entries <= 100 + 2 * super::FEW, "{entries} entries");
        assert_eq!(schedule.first(0.0).map(|due| due.at), (0..100).map(|index| of(index).at()).reduce(f64::min));
        schedule.release();
    }

    /// A watcher that is put off beyond the horizon, or comes again there, has nothing put in order.
    #[test]
    fn beyond_the_horizon_there_are_no_entries() {
        let all = Watchers::new(1000);
        let of = |index: usize| all.of(index);
        let schedule = Schedule::new();
        (0..1000).for_each(|index| start(&schedule, of(index), (index * 7 % 1000) as f64));
        assert_eq!(schedule.first(0.0).map(|due| due.at), Some(0.0));
        let sorted = schedule.sorted.len();
        assert!((1000 / 32..=250).contains(&sorted), "{sorted} sorted");
        for round in 0..10_000 {
            let w = of(round % 1000);
            assert!(schedule.remove(w));
            w.base().set_active(0);
            start(&schedule, w, (1000 + round) as f64);
            assert!(schedule.change(w, (2000 + round) as f64));
        }
        assert!(schedule.sorted.len() == sorted && schedule.since.entries().count() == 0 && is_sound(&schedule));
        assert_eq!(schedule.first(0.0).map(|due| due.at), Some((2000 + 9000) as f64));
        schedule.release();
    }
}
