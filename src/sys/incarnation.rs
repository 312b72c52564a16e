//! Notices that the process is a forked child, without a system call: a page that the kernel wipes on fork.

use core::ffi::c_int;
use core::ptr;
use core::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

const PAGE: usize = 4096;

static WORD: AtomicPtr<AtomicI32> = AtomicPtr::new(ptr::null_mut());

/// The page, mapped at the first call and kept.
fn word() -> Option<&'static AtomicI32> {
    let known = WORD.load(Ordering::Acquire);
    if !known.is_null() {
        // SAFETY: mapped for ever.
        return Some(unsafe { &*known });
    }
    // Asked in signal handlers too, which keep it.
    let errno = super::errno();
    // SAFETY: KERNEL; a new mapping.
    let page = unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let page = libc::mmap(ptr::null_mut(), PAGE, protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0);
        if page == libc::MAP_FAILED {
            super::set_errno(errno);
            return None;
        }
        if libc::madvise(page, PAGE, libc::MADV_WIPEONFORK) != 0 {
            libc::munmap(page, PAGE);
            super::set_errno(errno);
            return None;
        }
        page.cast::<AtomicI32>()
    };
    let first = WORD.compare_exchange(ptr::null_mut(), page, Ordering::AcqRel, Ordering::Acquire);
    let used = match first {
        Ok(_) => page,
        Err(other) => {
            // SAFETY: another thread was faster; ours is not in use.
            unsafe { libc::munmap(page.cast(), PAGE) };
            other
        }
    };
    // SAFETY: mapped for ever.
    Some(unsafe { &*used })
}

/// Counts the forks that were noticed on the way to this process.
static NOTICED: AtomicI32 = AtomicI32::new(0);

/// A number that a forked child does not share with its parent or any process before: not its id, which namespaces and
/// time give out again.
pub fn incarnation() -> c_int {
    let Some(word) = word() else {
        return super::process_id();
    };
    match word.load(Ordering::Relaxed) {
        0 => {
            let next = NOTICED.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            word.store(next, Ordering::Relaxed);
            next
        }
        id => id,
    }
}
