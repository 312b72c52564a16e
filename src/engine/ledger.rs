//! What `LIBEV_CHECK` remembers of each active watcher: its type, and the members that must not change before it is
//! stopped. A hash table by address. Knows nothing of a loop.

use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int};
use core::mem::offset_of;
use core::ptr;

use crate::abi::{ev_child, ev_embed, ev_io, ev_signal, ev_stat, ev_watcher, ev_watcher_time};
use crate::mem::Arr;
use crate::text::text;
use crate::watcher::WatcherPtr;

/// The type of a watcher.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Io,
    Timer,
    Periodic,
    Signal,
    Child,
    Stat,
    Idle,
    Prepare,
    Check,
    Fork,
    Cleanup,
    Embed,
    Async,
}

impl Kind {
    /// As the names of functions have it.
    pub const fn name(self) -> *const c_char {
        match self {
            Self::Io => text!("io"),
            Self::Timer => text!("timer"),
            Self::Periodic => text!("periodic"),
            Self::Signal => text!("signal"),
            Self::Child => text!("child"),
            Self::Stat => text!("stat"),
            Self::Idle => text!("idle"),
            Self::Prepare => text!("prepare"),
            Self::Check => text!("check"),
            Self::Fork => text!("fork"),
            Self::Cleanup => text!("cleanup"),
            Self::Embed => text!("embed"),
            Self::Async => text!("async"),
        }
        .as_ptr()
    }

    /// The members of its own that must not change while it is active.
    #[inline(never)]
    fn members(self) -> [Member; 2] {
        match self {
            Self::Io => [
                Member::int(text!("fd"), offset_of!(ev_io, fd)),
                Member::int(text!("events"), offset_of!(ev_io, events)),
            ],
            Self::Signal => [Member::int(text!("signum"), offset_of!(ev_signal, signum)), Member::NONE],
            Self::Child => [
                Member::int(text!("pid"), offset_of!(ev_child, pid)),
                Member::int(text!("flags"), offset_of!(ev_child, flags)),
            ],
            Self::Timer | Self::Periodic => [Member::AT, Member::NONE],
            Self::Stat => [Member::address(text!("path"), offset_of!(ev_stat, path)), Member::NONE],
            Self::Embed => [Member::address(text!("other"), offset_of!(ev_embed, other)), Member::NONE],
            _ => [Member::NONE; 2],
        }
    }
}

/// A member of a watcher: where it is and how it is shown.
#[derive(Clone, Copy)]
pub struct Member {
    pub name: *const c_char,
    offset: usize,
    pub form: Form,
}

/// What a member is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Nothing,
    Int,
    Address,
    /// The bits of a time.
    Time,
}

impl Member {
    const NONE: Self = Self { name: text!("").as_ptr(), offset: 0, form: Form::Nothing };

    const fn int(name: &'static CStr, offset: usize) -> Self {
        Self { name: name.as_ptr(), offset, form: Form::Int }
    }

    const fn address(name: &'static CStr, offset: usize) -> Self {
        Self { name: name.as_ptr(), offset, form: Form::Address }
    }

    const AT: Self = Self { name: text!("at").as_ptr(), offset: offset_of!(ev_watcher_time, at), form: Form::Time };

    fn read(self, w: WatcherPtr) -> i64 {
        // SAFETY: WATCHER; a raw place within one of the type that has this member.
        unsafe {
            match self.form {
                Form::Nothing => 0,
                Form::Int => i64::from(w.raw().byte_add(self.offset).cast::<c_int>().read()),
                Form::Address | Form::Time => w.raw().byte_add(self.offset).cast::<i64>().read(),
            }
        }
    }
}

/// A member that changed.
pub struct Change {
    pub member: Member,
    pub was: i64,
    pub is: i64,
}

/// An active watcher, as it was when it was started.
#[derive(Clone, Copy)]
pub struct Entry {
    watcher: *mut ev_watcher,
    /// The last one seen in the watcher when all else was as it should be.
    pub callback: usize,
    values: [i64; 2],
    pub priority: c_int,
    pub kind: Kind,
}

/// Fills places that hold none.
const FREE: Entry = Entry { watcher: ptr::null_mut(), callback: 0, values: [0; 2], priority: 0, kind: Kind::Io };

impl Entry {
    /// A watcher as it is now.
    #[inline(never)]
    pub fn of(kind: Kind, w: WatcherPtr) -> Self {
        let values = kind.members().map(|member| member.read(w));
        Self { watcher: w.raw(), callback: w.callback_address(), values, priority: w.priority(), kind }
    }

    /// The first member that is not as it was.
    pub fn change(&self, now: &Self) -> Option<Change> {
        const PRIORITY: Member = Member::int(text!("priority"), offset_of!(ev_watcher, priority));
        if self.priority != now.priority && self.kind != Kind::Child {
            // The loop itself raises the priority of child watchers.
            return Some(Change { member: PRIORITY, was: self.priority.into(), is: now.priority.into() });
        }
        let both = self.values.into_iter().zip(now.values);
        both.zip(self.kind.members()).find(|((was, is), _)| was != is).map(|((was, is), member)| Change {
            member,
            was,
            is,
        })
    }

    /// What it watches: the members of its own but for times, and what they held.
    pub fn members(&self) -> impl Iterator<Item = (Member, i64)> {
        let all = self.kind.members().into_iter().zip(self.values);
        all.filter(|(member, _)| !matches!(member.form, Form::Nothing | Form::Time))
    }

    pub fn watcher(&self) -> WatcherPtr {
        // SAFETY: WATCHER: it was started, and not stopped since.
        unsafe { WatcherPtr::new(self.watcher) }
    }
}

/// The table: open addressing with linear probing, at most half full.
pub struct Ledger {
    /// The watcher of each place, null in a free one.
    keys: Arr<*mut ev_watcher>,
    entries: Arr<Entry>,
    used: Cell<usize>,
}

impl Ledger {
    pub const fn new() -> Self {
        Self { keys: Arr::new(), entries: Arr::new(), used: Cell::new(0) }
    }

    pub fn release(&self) {
        self.keys.release();
        self.entries.release();
        self.used.set(0);
    }

    /// How many places there are; a power of two, or 0.
    pub fn places(&self) -> usize {
        self.keys.len()
    }

    /// What is in a place.
    pub fn at(&self, place: usize) -> Option<Entry> {
        if self.key(place).is_null() { None } else { self.entries.get(place) }
    }

    fn key(&self, place: usize) -> *mut ev_watcher {
        self.keys.get(place).unwrap_or(ptr::null_mut())
    }

    fn mask(&self) -> usize {
        self.keys.len().wrapping_sub(1)
    }

    fn after(&self, place: usize) -> usize {
        place.wrapping_add(1) & self.mask()
    }

    /// Where a watcher belongs: watchers lie on multiples of 8, often of 16 or more.
    fn home(&self, watcher: *mut ev_watcher) -> usize {
        ((watcher as usize >> 3).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) & self.mask()
    }

    /// The place of a watcher, or the free one where it would be.
    #[inline(never)]
    fn place_of(&self, watcher: *mut ev_watcher) -> usize {
        let mut place = self.home(watcher);
        while !self.key(place).is_null() && self.key(place) != watcher {
            place = self.after(place);
        }
        place
    }

    pub fn find(&self, w: WatcherPtr) -> Option<Entry> {
        self.at(self.place_of(w.raw()))
    }

    /// Enters a watcher, or replaces what is known of it.
    pub fn enter(&self, entry: Entry) {
        if self.used.get().wrapping_mul(2) >= self.keys.len() {
            self.grow();
        }
        self.put(entry);
    }

    fn put(&self, entry: Entry) {
        let place = self.place_of(entry.watcher);
        if self.key(place).is_null() {
            self.used.set(self.used.get().wrapping_add(1));
        }
        self.set(place, entry);
    }

    fn set(&self, place: usize, entry: Entry) {
        self.keys.set(place, entry.watcher);
        self.entries.set(place, entry);
    }

    /// Forgets a watcher, if it is known. What was put after it because of it moves up.
    pub fn forget(&self, w: WatcherPtr) {
        let mut hole = self.place_of(w.raw());
        if self.key(hole).is_null() {
            return;
        }
        self.used.set(self.used.get().wrapping_sub(1));
        let mut place = self.after(hole);
        while let Some(entry) = self.at(place) {
            let from_home = place.wrapping_sub(self.home(entry.watcher)) & self.mask();
            if from_home >= place.wrapping_sub(hole) & self.mask() {
                self.set(hole, entry);
                hole = place;
            }
            place = self.after(place);
        }
        self.keys.set(hole, ptr::null_mut());
    }

    #[inline(never)]
    fn grow(&self) {
        let smaller = Self { keys: self.keys.take(), entries: self.entries.take(), used: Cell::new(0) };
        self.used.set(0);
        let size = smaller.places().wrapping_mul(2).max(64);
        self.keys.extend_to(size, ptr::null_mut());
        self.entries.extend_to(size, FREE);
        for place in 0..smaller.places() {
            if let Some(entry) = smaller.at(place) {
                self.put(entry);
            }
        }
        smaller.release();
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Kind, Ledger};
    use crate::abi::ev_watcher;
    use crate::watcher::WatcherPtr;

    /// Random watchers enter and leave; at each step the ledger knows those that a plain list has, and no other.
    #[test]
    fn knows_what_was_entered_and_not_forgotten() {
        // SAFETY: all zero is a valid inactive watcher.
        let mut watchers: Vec<ev_watcher> = (0..300).map(|_| unsafe { core::mem::zeroed() }).collect();
        // SAFETY: WATCHER: the vector outlives the ledger's use of them and does not grow.
        let all: Vec<WatcherPtr> = watchers.iter_mut().map(|w| unsafe { WatcherPtr::new(w) }).collect();
        let mut known = vec![false; all.len()];
        let ledger = Ledger::new();
        let mut seed = 1_u32;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            let one = (seed >> 8) as usize % all.len();
            let enters = seed >> 30 != 0;
            let w = *all.get(one).unwrap();
            if enters {
                ledger.enter(Entry::of(Kind::Idle, w))
            } else {
                ledger.forget(w)
            }
            *known.get_mut(one).unwrap() = enters;
            assert!(ledger.find(w).is_some() == enters);
        }
        for (w, known) in all.iter().zip(&known) {
            assert_eq!(ledger.find(*w).is_some(), *known);
        }
        let counted = (0..ledger.places()).filter(|&place| ledger.at(place).is_some()).count();
        assert_eq!(counted, known.iter().filter(|&&known| known).count());
        ledger.release();
        assert!(all.iter().all(|&w| ledger.find(w).is_none()));
    }
}
