//! Memory of loops: all of it goes through the function of `ev_set_allocator`.

mod arr;
mod list;
mod place;

pub use arr::{Arr, Elements};
pub use list::{Indexed, Placed};
pub(crate) use place::write_in_place;

use core::ffi::{c_long, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::abi::ev_allocator;
use crate::diag;

static ALLOCATOR: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Sets the program's realloc-like function; `None` restores the default.
pub fn set_allocator(callback: ev_allocator) {
    let raw = match callback {
        Some(function) => function as *mut (),
        None => ptr::null_mut(),
    };
    ALLOCATOR.store(raw, Ordering::Release);
}

/// Makes `block` (null: a new one) `bytes` long, keeping its content; 0 frees it and returns null. Ends the process
/// when there is no memory.
///
/// # Safety
/// `block` is null or came from here and was not given back.
pub unsafe fn resize(block: *mut c_void, bytes: usize) -> *mut c_void {
    let raw = ALLOCATOR.load(Ordering::Acquire);
    // SAFETY: the word is null or was made of such a function in set_allocator; Option's null is None.
    let callback: ev_allocator = unsafe { core::mem::transmute(raw) };
    let result = match callback {
        // SAFETY: the program promised a realloc-like function; `block` came from it.
        Some(function) => unsafe { function(block, bytes as c_long) },
        None if bytes == 0 => {
            // SAFETY: `block` is null or came from realloc.
            unsafe { libc::free(block) };
            ptr::null_mut()
        }
        // SAFETY: `block` is null or came from realloc.
        None => unsafe { libc::realloc(block, bytes) },
    };
    if bytes == 0 {
        return ptr::null_mut();
    }
    if result.is_null() {
        diag::out_of_memory(bytes);
    }
    result
}

/// A new block for one `T`, not initialised.
pub fn allocate<T>() -> *mut T {
    // SAFETY: null is allowed.
    unsafe { resize(ptr::null_mut(), size_of::<T>()) }.cast()
}

/// Gives a block back.
///
/// # Safety
/// `block` is null or came from [`allocate`] or [`resize`] and is not used again.
pub unsafe fn release<T>(block: *mut T) {
    if !block.is_null() {
        // SAFETY: as the caller promises.
        unsafe { resize(block.cast(), 0) };
    }
}

/// Has the processor fetch what is at an address, which may be anything: nothing is read.
#[inline(always)]
pub fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every processor of this kind can, and no address is wrong.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
