//! For the fuzz targets alone: the kernel as a script. Clocks, sleeping, descriptors and readiness are all answered by
//! functions that the target sets.

use core::ffi::c_int;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

pub use crate::abi::*;
use crate::diag;
use crate::text::text;

/// What the kernel has to say after a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A descriptor is ready for these events.
    Ready(c_int, c_int),
    /// It does not take this descriptor, for this error.
    Refused(c_int, c_int),
    /// Some descriptor is closed.
    SomeClosed,
    /// There are too many descriptors.
    TooMany,
    /// It has forgotten all descriptors.
    Forgotten,
    /// The call failed with this error.
    Failed(c_int),
}

/// The kernel of a fuzz target.
pub struct Kernel {
    /// Seconds on the clock that never jumps.
    pub monotonic: fn() -> f64,
    /// Seconds since the epoch.
    pub realtime: fn() -> f64,
    /// Lets that many seconds pass.
    pub sleep: fn(f64),
    /// Whether a descriptor is open.
    pub is_open: fn(c_int) -> bool,
    /// Takes what is wanted of a descriptor; 0 or an error.
    pub modify: fn(c_int, c_int) -> c_int,
    /// Waits for at most that many seconds.
    pub wait: fn(f64),
    /// What came of it, one by one.
    pub said: fn() -> Option<Said>,
}

static KERNEL: AtomicPtr<Kernel> = AtomicPtr::new(ptr::null_mut());

/// To be called before the first loop is made.
pub fn set_kernel(kernel: &'static Kernel) {
    KERNEL.store(ptr::from_ref(kernel).cast_mut(), Ordering::Relaxed);
}

pub(crate) fn kernel() -> &'static Kernel {
    let kernel = KERNEL.load(Ordering::Relaxed);
    if kernel.is_null() {
        diag::fail(text!("fuzzing"), text!("no kernel was set"));
    }
    // SAFETY: from set_kernel, where it was a reference for ever.
    unsafe { &*kernel }
}
