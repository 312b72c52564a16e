//! A list of handles that know their own place, as the prepare, check, idle, fork, cleanup and async watchers do:
//! removal moves the last element into the hole.

use super::Arr;

/// What such a list holds: something that stores the place it is at.
pub trait Placed: Copy {
    /// The place, 0-based; `None` when it is in no list.
    fn place(self) -> Option<usize>;
    fn set_place(self, place: usize);
}

/// The list.
pub struct Indexed<T: Placed>(Arr<T>);

impl<T: Placed + PartialEq> Indexed<T> {
    pub const fn new() -> Self {
        Self(Arr::new())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, place: usize) -> Option<T> {
        self.0.get(place)
    }

    /// Appends; the caller stores the returned place in the element.
    pub fn push(&self, element: T) -> usize {
        self.0.push(element);
        self.0.len().wrapping_sub(1)
    }

    /// Whether the element is where it says it is.
    pub fn holds(&self, element: T) -> bool {
        element.place().and_then(|place| self.0.get(place)) == Some(element)
    }

    /// Takes the element out; false when it is not where it says it is.
    pub fn remove(&self, element: T) -> bool {
        let Some(place) = element.place().filter(|_| self.holds(element)) else {
            return false;
        };
        self.0.swap_remove(place);
        if let Some(moved) = self.0.get(place) {
            moved.set_place(place);
        }
        true
    }

    pub fn release(&self) {
        self.0.release();
    }
}
