//! A 4-ary heap of times. Knows of no watchers.

use crate::mem::{Arr, Elements};

/// A time, and what it is the time of.
#[derive(Clone, Copy)]
pub struct Entry {
    pub at: f64,
    pub number: u32,
}

/// The heap, the earliest first.
pub struct Heap(Arr<Entry>);

/// Children per node.
const WIDTH: usize = 4;

fn parent(index: usize) -> Option<usize> {
    Some(index.checked_sub(1)? / WIDTH)
}

impl Heap {
    pub const fn new() -> Self {
        Self(Arr::new())
    }

    pub fn first(&self) -> Option<Entry> {
        self.0.get(0)
    }

    pub fn clear(&self) {
        self.0.truncate(0);
    }

    pub fn release(&self) {
        self.0.release();
    }

    #[inline(never)]
    pub fn push(&self, entry: Entry) {
        let last = self.0.len();
        self.0.push(entry);
        self.rise(last, entry);
    }

    pub fn remove_first(&self) {
        if let Some(last) = self.0.pop().filter(|_| !self.0.is_empty()) {
            self.replace_first(last);
        }
    }

    /// Puts another in place of the first. It goes down all the way first: what comes here is from the bottom, or much
    /// later.
    #[inline(never)]
    pub fn replace_first(&self, entry: Entry) {
        let len = self.0.len();
        let nodes = self.0.elements();
        let mut hole = 0_usize;
        loop {
            let first = hole.wrapping_mul(WIDTH).wrapping_add(1);
            if first >= len {
                break;
            }
            // SAFETY: there are len - first elements from first on, at least one.
            let least = unsafe { least_of(nodes, first, len.wrapping_sub(first)) };
            // SAFETY: both are indices of elements.
            unsafe { nodes.put(hole, nodes.get(least)) };
            hole = least;
        }
        if len != 0 {
            self.rise(hole, entry);
        }
    }

    /// Puts `entry` into the hole or above it.
    fn rise(&self, mut hole: usize, entry: Entry) {
        let nodes = self.0.elements();
        while let Some(above) = parent(hole) {
            // SAFETY: a parent's index is below its child's.
            let other = unsafe { nodes.get(above) };
            if other.at <= entry.at {
                break;
            }
            // SAFETY: it was the index of an element at first, and then of one above.
            unsafe { nodes.put(hole, other) };
            hole = above;
        }
        // SAFETY: as above.
        unsafe { nodes.put(hole, entry) };
    }

    #[cfg(test)]
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        (0..self.0.len()).filter_map(|index| self.0.get(index))
    }

    /// No entry is before the one above it.
    pub fn is_in_order(&self) -> bool {
        (1..self.0.len()).all(|index| {
            let above = parent(index).and_then(|above| self.0.get(above));
            self.0.get(index).zip(above).is_some_and(|(entry, above)| above.at <= entry.at)
        })
    }
}

/// The index of the earliest of up to four elements from `first` on, of which there are `count`, at least one.
///
/// # Safety
/// `first + count` is the heap's length.
#[inline]
unsafe fn least_of(nodes: Elements<Entry>, first: usize, count: usize) -> usize {
    // SAFETY: the caller's promise, and that the index given is below count.
    let at = |index: usize| unsafe { nodes.get(first.wrapping_add(index)).at };
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
