//! The pending queue: a stack for each priority, and the place that calls the program back.

use core::cell::Cell;
use core::ffi::c_int;

use super::LoopPtr;
use super::check::Moment;
use crate::abi::{EV_MAXPRI, EV_MINPRI, ev_loop};
use crate::checking;
use crate::mem::Arr;
use crate::watcher::WatcherPtr;

/// How many priorities there are.
pub const LEVELS: usize = (EV_MAXPRI - EV_MINPRI + 1) as usize;

/// The bit of the lowest level in [`Queues::filled`].
const LOWEST: u32 = 1 << (LEVELS - 1);

/// One event waiting; without a watcher once it was cleared, when it still counts until it is popped.
#[derive(Clone, Copy)]
struct Slot {
    watcher: Option<WatcherPtr>,
    revents: c_int,
}

/// What is pending.
pub struct Queues {
    levels: [Arr<Slot>; LEVELS],
    /// A bit for each level, the lowest bit for the highest level, since it is found faster; without it the level is empty.
    filled: Cell<u32>,
    /// Watchers that expired together, to be fed in reverse.
    expired: Arr<WatcherPtr>,
}

impl Queues {
    pub const fn new() -> Self {
        Self { levels: [const { Arr::new() }; LEVELS], filled: Cell::new(0), expired: Arr::new() }
    }

    pub fn release(&self) {
        for level in &self.levels {
            level.release();
        }
        self.expired.release();
    }

    /// How many slots there are, cleared ones too.
    pub fn count(&self) -> usize {
        self.levels.iter().fold(0, |sum, level| sum.wrapping_add(level.len()))
    }

    /// Whether nothing is pending, and no slot was cleared since.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.filled.get() == 0
    }

    /// Whether something is pending at this level or above.
    pub fn any_from(&self, level: usize) -> bool {
        self.levels.iter().skip(level).any(|queue| !queue.is_empty())
    }

    /// Makes `watcher` pending with `revents`, or adds to what is pending already.
    #[inline(always)]
    fn feed(&self, watcher: WatcherPtr, revents: c_int) {
        // Not clamped: what is out of range is rare, too.
        let level = watcher.priority().wrapping_sub(EV_MINPRI) as usize;
        if let Some(queue) = self.levels.get(level) {
            if watcher.pending() == 0 && queue.push_in_place(Slot { watcher: Some(watcher), revents }) {
                self.note_fed(watcher, queue.len(), level);
                return;
            }
        }
        self.feed_slowly(watcher, revents);
    }

    #[inline(always)]
    fn note_fed(&self, watcher: WatcherPtr, len: usize, level: usize) {
        watcher.set_pending(len as c_int);
        self.filled.set(self.filled.get() | LOWEST.wrapping_shr(level as u32));
    }

    /// The cases that are rare: it is pending already, or the queue must grow.
    #[inline(never)]
    fn feed_slowly(&self, watcher: WatcherPtr, revents: c_int) {
        let level = watcher.level();
        if watcher.pending() != 0 {
            if let Some((queue, index)) = self.find(watcher) {
                queue.update(index, |slot| slot.revents |= revents);
                return;
            }
        }
        if let Some(queue) = self.levels.get(level) {
            queue.push(Slot { watcher: Some(watcher), revents });
            self.note_fed(watcher, queue.len(), level);
        }
    }

    /// The slot of a pending watcher. Looked for at every level, should the program have changed the priority.
    fn find(&self, watcher: WatcherPtr) -> Option<(&Arr<Slot>, usize)> {
        let index = (watcher.pending() as usize).checked_sub(1)?;
        let here = |queue: &&Arr<Slot>| queue.get(index).is_some_and(|slot| slot.watcher == Some(watcher));
        let queue = self.levels.get(watcher.level()).filter(here).or_else(|| self.levels.iter().find(here))?;
        Some((queue, index))
    }

    /// Whether a watcher that says that it is pending is.
    pub fn holds(&self, watcher: WatcherPtr) -> bool {
        self.find(watcher).is_some()
    }

    /// Ends the watcher's pending state; returns the events it held.
    #[inline]
    pub fn clear(&self, watcher: WatcherPtr) -> c_int {
        if watcher.pending() == 0 { 0 } else { self.clear_slot(watcher) }
    }

    #[inline(never)]
    fn clear_slot(&self, watcher: WatcherPtr) -> c_int {
        let mut revents = 0;
        if let Some((queue, index)) = self.find(watcher) {
            queue.update(index, |slot| {
                revents = slot.revents;
                slot.watcher = None;
            });
        }
        watcher.set_pending(0);
        revents
    }

    /// Takes the next event: of the highest priority, the last that was fed.
    #[inline]
    fn next(&self) -> Option<(WatcherPtr, c_int)> {
        loop {
            let filled = self.filled.get();
            if filled == 0 {
                return None;
            }
            let level = (LEVELS as u32).wrapping_sub(1).wrapping_sub(filled.trailing_zeros());
            match self.levels.get(level as usize)?.pop() {
                Some(Slot { watcher: Some(watcher), revents }) => return Some((watcher, revents)),
                Some(_) => {}
                None => self.filled.set(filled & !LOWEST.wrapping_shr(level)),
            }
        }
    }

    /// Every pending watcher is where it says it is.
    pub fn verify(&self) -> bool {
        self.levels.iter().enumerate().all(|(level, queue)| {
            (0..queue.len()).all(|index| match queue.get(index) {
                Some(Slot { watcher: Some(watcher), .. }) => {
                    watcher.pending() as usize == index.wrapping_add(1) && watcher.level() == level
                }
                _ => true,
            })
        })
    }
}

impl LoopPtr {
    /// Queues an event as if it had happened.
    #[inline(never)]
    pub fn feed(self, watcher: WatcherPtr, revents: c_int) {
        self.feed_inline(watcher, revents);
    }

    /// The same, in place of a call: for where events come in numbers.
    #[inline(always)]
    pub fn feed_inline(self, watcher: WatcherPtr, revents: c_int) {
        self.pending.feed(watcher, revents);
    }

    /// Notes a watcher that expired; [`LoopPtr::feed_expired`] queues them all, so that the earliest is called first.
    pub(super) fn expire(self, watcher: WatcherPtr) {
        self.pending.expired.push(watcher);
    }

    #[inline(always)]
    pub(super) fn feed_expired(self, revents: c_int) {
        // Often none: a look is less than a call.
        if !self.pending.expired.is_empty() {
            self.feed_noted(revents);
        }
    }

    #[inline(never)]
    fn feed_noted(self, revents: c_int) {
        while let Some(watcher) = self.pending.expired.pop() {
            self.feed_inline(watcher, revents);
        }
    }

    /// Calls everything pending, looking for the highest priority again after every callback. False: a callback
    /// destroyed the loop.
    pub fn invoke_pending(self) -> bool {
        if checking::is_on() {
            return self.invoke_checked();
        }
        let mut life = self.life();
        while let Some((watcher, revents)) = self.pending.next() {
            watcher.set_pending(0);
            watcher.call(self.raw(), revents);
            if !self.survived(&mut life) {
                return false;
            }
        }
        true
    }

    /// The same, with a look at all watchers after each callback.
    #[cold]
    #[inline(never)]
    fn invoke_checked(self) -> bool {
        let mut life = self.life();
        while let Some((watcher, revents)) = self.pending.next() {
            watcher.set_pending(0);
            let callback = watcher.callback_address();
            watcher.call(self.raw(), revents);
            if !self.survived(&mut life) {
                return false;
            }
            self.check_all(Moment::Callback(callback));
        }
        true
    }

    /// The program's own function in place of [`LoopPtr::invoke_pending`], or that.
    #[inline(always)]
    pub(super) fn invoke_through_hook(self) -> bool {
        match self.run.invoke_hook.get() {
            None => self.pending.is_empty() || self.invoke_pending(),
            Some(hook) => self.invoke_by(hook),
        }
    }

    #[cold]
    #[inline(never)]
    fn invoke_by(self, hook: unsafe extern "C-unwind" fn(*mut ev_loop)) -> bool {
        let mut life = self.life();
        // It may have another thread call them.
        self.checks.lend();
        // SAFETY: the program set it for this.
        unsafe { hook(self.raw()) };
        let survived = self.survived(&mut life);
        if survived {
            self.checks.take_back();
        }
        survived
    }
}
