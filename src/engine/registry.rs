//! Which loops are alive: a callback may destroy the loop that called it, and whoever called the callback must know
//! before it touches the loop again.
//!
//! One load and compare per callback; the list is searched only when some loop was destroyed meanwhile.

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use super::{Loop, LoopPtr};
use crate::abi::ev_loop;
use crate::sys::incarnation::incarnation;

/// Counts the destroyed loops of the process.
static DESTROYED: AtomicU64 = AtomicU64::new(0);
/// Counts the made ones: their names, since addresses come again. Written under the lock alone, as `DESTROYED` is.
static MADE: AtomicU64 = AtomicU64::new(0);
/// The incarnation of the process that holds the lock; 0 if nobody does.
static LOCKED: AtomicI32 = AtomicI32::new(0);
static FIRST: Chain = Chain(Cell::new(ptr::null_mut()));

/// The head of the list; only touched under the lock.
struct Chain(Cell<*mut Loop>);

// SAFETY: accessed under LOCKED alone.
unsafe impl Sync for Chain {}

/// A loop's place in the list.
pub struct Entry {
    name: Cell<u64>,
    next: Cell<*mut Loop>,
}

impl Entry {
    pub const fn new() -> Self {
        Self { name: Cell::new(0), next: Cell::new(ptr::null_mut()) }
    }
}

/// Proof that a loop was alive once, to be checked again later.
pub struct Life {
    name: u64,
    destroyed: u64,
}

/// Runs `work` with the list locked. A child forked while another thread held the lock has no such thread: it takes the
/// lock over. The list is whole at every step, so that what the thread left is usable.
fn locked<R>(work: impl FnOnce() -> R) -> R {
    let own = incarnation();
    let mut free = 0;
    while let Err(holder) = LOCKED.compare_exchange(free, own, Ordering::Acquire, Ordering::Relaxed) {
        free = if holder == own { 0 } else { holder };
        // SAFETY: no precondition.
        unsafe { libc::sched_yield() };
    }
    let result = work();
    LOCKED.store(0, Ordering::Release);
    result
}

/// Whether there is a loop at this address.
pub fn is_alive(raw: *mut ev_loop) -> bool {
    is_in_list(raw.cast(), |_| true)
}

/// Whether a loop at `wanted` is in the list, and `is_it` agrees to its name.
fn is_in_list(wanted: *mut Loop, is_it: impl Fn(u64) -> bool) -> bool {
    locked(|| {
        let mut here = FIRST.0.get();
        while !here.is_null() {
            // SAFETY: loops in the list are alive.
            let (name, next) = unsafe { ((*here).registered.name.get(), (*here).registered.next.get()) };
            if here == wanted {
                return is_it(name);
            }
            here = next;
        }
        false
    })
}

impl LoopPtr {
    /// Enters a new loop into the list.
    pub(super) fn register(self) {
        locked(|| {
            let name = MADE.load(Ordering::Relaxed).wrapping_add(1);
            MADE.store(name, Ordering::Relaxed);
            self.registered.name.set(name);
            self.registered.next.set(FIRST.0.get());
            FIRST.0.set(self.0.as_ptr());
        });
    }

    /// Takes the loop out of the list; from here on nobody finds it alive.
    pub(super) fn unregister(self) {
        locked(|| {
            let mut place: *const Cell<*mut Loop> = &raw const FIRST.0;
            loop {
                // SAFETY: the head, or a member of a live loop of the list.
                let here = unsafe { (*place).get() };
                if here.is_null() {
                    break;
                }
                if here == self.0.as_ptr() {
                    // SAFETY: as above.
                    unsafe { (*place).set(self.registered.next.get()) };
                    break;
                }
                // SAFETY: loops in the list are alive.
                place = unsafe { &raw const (*here).registered.next };
            }
            DESTROYED.store(DESTROYED.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
        });
        self.registered.name.set(0);
    }

    /// To be asked with [`LoopPtr::survived`] after a callback.
    #[inline]
    pub(super) fn life(self) -> Life {
        Life { name: self.registered.name.get(), destroyed: DESTROYED.load(Ordering::Acquire) }
    }

    /// Whether the loop is still the one that `life` was taken of.
    #[inline]
    pub(super) fn survived(self, life: &mut Life) -> bool {
        let destroyed = DESTROYED.load(Ordering::Acquire);
        destroyed == life.destroyed || self.is_listed(life, destroyed)
    }

    #[cold]
    fn is_listed(self, life: &mut Life, destroyed: u64) -> bool {
        life.destroyed = destroyed;
        is_in_list(self.0.as_ptr(), |name| name == life.name)
    }
}
