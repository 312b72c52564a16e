//! Sorting of many entries by their times.

use super::heap::Entry;
use crate::mem::Arr;

/// By each byte that is not the same in all, the least significant first.
pub fn latest_first(run: &Arr<Entry>) {
    /// As whole numbers, in the reverse order.
    fn key(entry: Entry) -> u64 {
        let bits = entry.at.to_bits();
        if bits >> 63 == 0 { !bits & !(1 << 63) } else { bits }
    }
    let len = run.len();
    let other: Arr<Entry> = Arr::new();
    other.extend_to(len, Entry { at: 0.0, number: 0 });
    let first = run.get(0).map_or(0, key);
    let home = run.elements();
    let (mut from, mut to) = (home, other.elements());
    let mut is_home = true;
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
                // SAFETY: `other` is as long, and the start of a digit is below the length while elements with it are left:
                // it began with the count of those before, and the digits of all were counted.
                unsafe { to.put(*start as usize, entry) };
                *start = start.wrapping_add(1);
            }
        }
        (from, to) = (to, from);
        is_home = !is_home;
    }
    if !is_home {
        for index in 0..len {
            // SAFETY: below the length of both.
            unsafe { home.put(index, from.get(index)) };
        }
    }
    other.release();
}
