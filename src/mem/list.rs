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

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::{Indexed, Placed};

    struct Element(Cell<usize>);

    #[derive(Clone, Copy)]
    struct Handle<'a>(&'a Element);

    impl PartialEq for Handle<'_> {
        fn eq(&self, other: &Self) -> bool {
            core::ptr::eq(self.0, other.0)
        }
    }

    impl Placed for Handle<'_> {
        fn place(self) -> Option<usize> {
            self.0.0.get().checked_sub(1)
        }

        fn set_place(self, place: usize) {
            self.0.0.set(place + 1);
        }
    }

    #[test]
    fn the_last_moves_into_the_hole() {
        let all: Vec<Element> = (0..4).map(|_| Element(Cell::new(0))).collect();
        let handle = |index: usize| Handle(all.get(index).unwrap());
        let list = Indexed::new();
        for index in 0..4 {
            let place = list.push(handle(index));
            handle(index).set_place(place);
        }
        assert!(list.remove(handle(1)));
        assert!(list.get(1) == Some(handle(3)));
        assert_eq!(handle(3).place(), Some(1));
        assert!(list.remove(handle(2)));
        assert_eq!(list.len(), 2);
        // It still says that it is at 1, where another is.
        assert!(!list.remove(handle(1)));
        assert!(list.holds(handle(0)) && list.holds(handle(3)) && !list.holds(handle(2)));
        list.release();
    }
}
