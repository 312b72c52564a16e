//! A growable array on the program's allocator. Values go in and out by copy: no reference into it is handed out, so
//! nothing dangles when a callback makes it grow.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;

use super::{release, resize};

/// The first block has room for about this many bytes.
const FIRST_BYTES: usize = 128;

/// Room for this many elements is kept when an array that is filled now and then is emptied.
const KEPT: usize = 16384;

/// The array; `ARR`: the elements below `len` are initialised.
pub struct Arr<T: Copy> {
    base: Cell<*mut T>,
    len: Cell<usize>,
    capacity: Cell<usize>,
}

impl<T: Copy> Arr<T> {
    pub const fn new() -> Self {
        Self { base: Cell::new(ptr::null_mut()), len: Cell::new(0), capacity: Cell::new(0) }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len.get()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len.get() == 0
    }

    #[inline]
    pub fn get(&self, index: usize) -> Option<T> {
        if index < self.len.get() {
            // SAFETY: ARR.
            Some(unsafe { self.base.get().add(index).read() })
        } else {
            None
        }
    }

    /// Overwrites an element; an index that is out of range changes nothing.
    #[inline]
    pub fn set(&self, index: usize, value: T) {
        debug_assert!(index < self.len.get());
        if index < self.len.get() {
            // SAFETY: ARR.
            unsafe { self.base.get().add(index).write(value) }
        }
    }

    /// Changes one element in place; `change` must not touch the array.
    #[inline]
    pub fn update(&self, index: usize, change: impl FnOnce(&mut T)) {
        if let Some(mut value) = self.get(index) {
            change(&mut value);
            self.set(index, value);
        }
    }

    #[inline]
    pub fn push(&self, value: T) {
        if !self.push_in_place(value) {
            self.push_grown(value);
        }
    }

    /// Appends if there is room; false if there is none. Calls nothing.
    #[inline]
    pub fn push_in_place(&self, value: T) -> bool {
        let len = self.len.get();
        if len == self.capacity.get() {
            return false;
        }
        // SAFETY: len < capacity; ARR holds again with len + 1.
        unsafe { self.base.get().add(len).write(value) };
        self.len.set(len.wrapping_add(1));
        true
    }

    #[cold]
    #[inline(never)]
    fn push_grown(&self, value: T) {
        let block = self.block();
        block.grow(block.capacity.get().saturating_mul(2), size_of::<T>());
        self.push_in_place(value);
    }

    #[inline]
    pub fn pop(&self) -> Option<T> {
        let last = self.len.get().checked_sub(1)?;
        self.len.set(last);
        // SAFETY: ARR.
        Some(unsafe { self.base.get().add(last).read() })
    }

    /// Removes the element at `index` and moves the last one into the hole.
    pub fn swap_remove(&self, index: usize) {
        if index >= self.len.get() {
            return;
        }
        if let Some(last) = self.pop() {
            if index < self.len.get() {
                self.set(index, last);
            }
        }
    }

    /// Forgets all elements, and gives the memory back if it is much.
    pub fn empty(&self) {
        if self.capacity.get() > KEPT {
            self.release();
        }
        self.truncate(0);
    }

    /// Forgets the elements from `len` on.
    pub fn truncate(&self, len: usize) {
        self.len.set(self.len.get().min(len));
    }

    /// Makes the array at least `len` long, new elements being `value`.
    #[inline]
    pub fn extend_to(&self, len: usize, value: T) {
        if len > self.len.get() {
            self.extend_slow(len, value);
        }
    }

    #[cold]
    fn extend_slow(&self, len: usize, value: T) {
        // SAFETY: value is an element of that size.
        unsafe { self.block().extend(len, (&raw const value).cast(), size_of::<T>()) };
    }

    /// What the rare operations work on, one copy of each for all types.
    fn block(&self) -> Block<'_> {
        let base = &raw const self.base;
        // SAFETY: the same cell; pointers of all types have one form.
        Block { base: unsafe { &*base.cast() }, len: &self.len, capacity: &self.capacity }
    }

    /// The address of the first element, for a system call that fills or reads the array. Dies at the next growth.
    pub fn as_ptr(&self) -> *mut T {
        self.base.get()
    }

    /// The elements without their number, for a loop that knows it and in which nothing grows the array.
    pub fn elements(&self) -> Elements<T> {
        Elements(self.base.get())
    }

    /// The elements as another array; this one is empty afterwards.
    pub fn take(&self) -> Self {
        let base = Cell::new(self.base.replace(ptr::null_mut()));
        Self { base, len: Cell::new(self.len.take()), capacity: Cell::new(self.capacity.take()) }
    }

    /// Gives the memory back; the array is empty and may be used again.
    #[inline(never)]
    pub fn release(&self) {
        if self.base.get().is_null() {
            return;
        }
        self.len.set(0);
        self.capacity.set(0);
        // SAFETY: base came from resize, and is forgotten here.
        unsafe { release(self.base.replace(ptr::null_mut())) };
    }
}

/// The address of an array's elements. Dies at the next growth.
pub struct Elements<T: Copy>(*mut T);

impl<T: Copy> Clone for Elements<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Copy> Copy for Elements<T> {}

impl<T: Copy> Elements<T> {
    /// # Safety
    /// `index` is below the length, and the array has not grown since.
    #[inline]
    pub unsafe fn get(self, index: usize) -> T {
        // SAFETY: ARR, and the caller's promise.
        unsafe { self.0.add(index).read() }
    }

    /// # Safety
    /// As for `get`.
    #[inline]
    pub unsafe fn put(self, index: usize, value: T) {
        // SAFETY: ARR, and the caller's promise.
        unsafe { self.0.add(index).write(value) };
    }
}

/// An array without the type of its elements.
struct Block<'a> {
    base: &'a Cell<*mut c_void>,
    len: &'a Cell<usize>,
    capacity: &'a Cell<usize>,
}

impl Block<'_> {
    /// Makes room for at least `wanted` elements of `size` bytes.
    #[inline(never)]
    fn grow(&self, wanted: usize, size: usize) {
        let first = (FIRST_BYTES >> size.max(1).ilog2()).max(4);
        let capacity = wanted.max(first);
        // SAFETY: base is null or came from resize.
        self.base.set(unsafe { resize(self.base.get(), capacity.saturating_mul(size)) });
        self.capacity.set(capacity);
    }

    /// As [`Arr::extend_to`], which has looked that it is shorter.
    ///
    /// # Safety
    /// `value` is an element of `size` bytes.
    #[inline(never)]
    unsafe fn extend(&self, len: usize, value: *const u8, size: usize) {
        // A table by number seldom grows to twice its size: by half, so that less of it lies idle.
        let (old, capacity) = (self.len.get(), self.capacity.get());
        if len > capacity {
            self.grow(len.max(capacity.saturating_add(capacity >> 1)), size);
        }
        // SAFETY: the elements from the old length to len are within the capacity.
        unsafe { fill(self.base.get().cast::<u8>().add(old.wrapping_mul(size)), len.wrapping_sub(old), value, size) };
        self.len.set(len);
    }
}

/// Copies an element of `size` bytes `count` times.
///
/// # Safety
/// There is room for all of them at `to`, and `value` is an element.
#[inline(never)]
unsafe fn fill(to: *mut u8, count: usize, value: *const u8, size: usize) {
    let bytes = count.wrapping_mul(size);
    let mut from = value;
    let (mut done, mut step) = (0, size);
    // All that is there already is copied behind itself, so that there are few calls.
    while done < bytes {
        step = step.min(bytes.wrapping_sub(done));
        // SAFETY: as the caller promises; what is copied ends where the copy begins.
        unsafe { ptr::copy_nonoverlapping(from, to.add(done), step) };
        done = done.wrapping_add(step);
        (from, step) = (to.cast_const(), done);
    }
}

#[cfg(test)]
mod tests {
    use super::Arr;

    #[test]
    fn holds_what_was_pushed() {
        let arr = Arr::new();
        for value in 0..1000_u32 {
            arr.push(value);
        }
        assert_eq!(arr.len(), 1000);
        assert!((0..1000).all(|index| arr.get(index as usize) == Some(index)));
        assert_eq!(arr.get(1000), None);
        arr.swap_remove(10);
        assert_eq!((arr.get(10), arr.len()), (Some(999), 999));
        arr.swap_remove(998);
        assert_eq!((arr.pop(), arr.len()), (Some(997), 997));
        arr.swap_remove(5000);
        assert_eq!(arr.len(), 997);
        arr.release();
        assert_eq!(arr.pop(), None);
    }

    #[test]
    fn new_elements_are_filled_in() {
        let arr = Arr::new();
        arr.push(1_u64);
        arr.extend_to(100, 7);
        arr.extend_to(50, 9);
        assert_eq!((arr.get(0), arr.get(1), arr.get(99), arr.len()), (Some(1), Some(7), Some(7), 100));
        arr.truncate(2);
        arr.extend_to(3, 5);
        assert_eq!(arr.get(2), Some(5));
        arr.release();
    }
}
