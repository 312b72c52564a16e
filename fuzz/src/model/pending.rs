//! What is pending: a stack for each priority.

use super::Model;

pub const LEVELS: usize = 5;

pub struct Slot {
    /// None once it was cleared.
    id: Option<usize>,
    revents: i32,
}

#[derive(Default)]
pub struct Pending {
    levels: [Vec<Slot>; LEVELS],
}

/// A priority out of range counts as the nearest.
pub fn level(priority: i32) -> usize {
    (priority.clamp(-2, 2) + 2) as usize
}

impl Pending {
    pub fn count(&self) -> u32 {
        self.levels.iter().map(|level| level.len() as u32).sum()
    }

    pub fn holds(&self, id: usize) -> bool {
        self.levels.iter().flatten().any(|slot| slot.id == Some(id))
    }

    pub fn feed(&mut self, id: usize, level: usize, revents: i32) {
        match self.levels.iter_mut().flatten().find(|slot| slot.id == Some(id)) {
            Some(slot) => slot.revents |= revents,
            None => self.levels[level].push(Slot { id: Some(id), revents }),
        }
    }

    /// The events that were waiting.
    pub fn clear(&mut self, id: usize) -> i32 {
        match self.levels.iter_mut().flatten().find(|slot| slot.id == Some(id)) {
            Some(slot) => {
                slot.id = None;
                slot.revents
            }
            None => 0,
        }
    }

    /// Whether there is a slot of that level or above.
    pub fn any_from(&self, level: usize) -> bool {
        self.levels[level..].iter().any(|level| !level.is_empty())
    }

    /// The highest priority first, in it the last that was fed.
    fn pop(&mut self) -> Option<(usize, i32)> {
        while let Some(level) = self.levels.iter_mut().rev().find(|level| !level.is_empty()) {
            if let Some(Slot { id: Some(id), revents }) = level.pop() {
                return Some((id, revents));
            }
        }
        None
    }
}

impl Model<'_> {
    pub fn feed(&self, id: usize, revents: i32) {
        let level = level(self.watchers.borrow()[id].priority);
        self.pending.borrow_mut().feed(id, level, revents);
    }

    pub fn invoke_pending(&self) {
        loop {
            let next = self.pending.borrow_mut().pop();
            let Some((id, revents)) = next else { return };
            self.call(id, revents);
        }
    }
}
