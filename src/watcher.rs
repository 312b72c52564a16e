//! Handles to watchers. A watcher is C's memory: it is read and written through raw places only, and never as a Rust
//! reference, since the program does the same while we run.
//!
//! Used by the whole engine; knows nothing of a loop but the address that a callback is given.

use core::ffi::{c_char, c_int};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicI32, Ordering};

use crate::abi::{
    EV_MAXPRI, EV_MINPRI, ev_async, ev_child, ev_embed, ev_fork, ev_io, ev_loop, ev_periodic, ev_prepare,
    ev_reschedule_cb, ev_signal, ev_stat, ev_statdata, ev_timer, ev_watcher, ev_watcher_list, ev_watcher_time,
};
use crate::diag;
use crate::mem::Placed;
use crate::text::text;

/// A callback of the library's own, for its internal watchers.
pub type InternalCallback = unsafe extern "C-unwind" fn(*mut ev_loop, *mut ev_watcher, c_int);

/// Accessors for members of the C structure behind a handle.
macro_rules! members {
    ($($get:ident / $set:ident => $field:ident: $type:ty,)*) => {
        $(
            #[inline]
            pub fn $get(self) -> $type {
                // SAFETY: WATCHER; a raw place.
                unsafe { (&raw const (*self.0.as_ptr()).$field).read() }
            }

            #[inline]
            pub fn $set(self, value: $type) {
                // SAFETY: WATCHER; a raw place.
                unsafe { (&raw mut (*self.0.as_ptr()).$field).write(value) }
            }
        )*
    };
}
pub(crate) use members;

/// Makes a handle type for one C structure, and accessors for members of it.
macro_rules! handle {
    ($(#[$doc:meta])* $Name:ident($c_type:ty) $({ $($get:ident / $set:ident => $field:ident: $type:ty,)* })?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $Name(NonNull<$c_type>);

        #[allow(dead_code)]
        impl $Name {
            /// # Safety
            /// WATCHER.
            #[inline]
            pub unsafe fn new(raw: *mut $c_type) -> Self {
                // SAFETY: WATCHER, so not null.
                Self(unsafe { NonNull::new_unchecked(raw) })
            }

            #[inline]
            pub fn raw(self) -> *mut $c_type {
                self.0.as_ptr()
            }

            /// The part that all watchers share.
            #[inline]
            pub fn base(self) -> WatcherPtr {
                WatcherPtr(self.0.cast())
            }

            /// The same watcher, seen as what it is.
            ///
            /// # Safety
            /// The watcher was started as one of this type.
            #[inline]
            pub unsafe fn from_base(base: WatcherPtr) -> Self {
                Self(base.0.cast())
            }

            $(members! { $($get / $set => $field: $type,)* })?
        }
    };
}

handle! {
    /// Any watcher.
    WatcherPtr(ev_watcher) {
        pending / set_pending => pending: c_int,
        priority / set_priority => priority: c_int,
    }
}

handle! {
    /// A watcher in a singly linked list: io, signal, child, stat.
    ListPtr(ev_watcher_list) {
        next / set_next => next: *mut ev_watcher_list,
    }
}

handle! {
    /// A descriptor's watcher.
    IoPtr(ev_io) {
        fd / set_fd => fd: c_int,
        events / set_events => events: c_int,
    }
}

handle! {
    /// A watcher that is due at some time: a timer or a periodic.
    TimePtr(ev_watcher_time) {
        at / set_at => at: f64,
    }
}

handle! {
    /// A timer.
    TimerPtr(ev_timer) {
        at / set_at => at: f64,
        repeat / set_repeat => repeat: f64,
    }
}

handle! {
    /// A periodic.
    PeriodicPtr(ev_periodic) {
        at / set_at => at: f64,
        offset / set_offset => offset: f64,
        interval / set_interval => interval: f64,
        reschedule / set_reschedule => reschedule_cb: ev_reschedule_cb,
    }
}

handle! {
    /// A signal's watcher.
    SignalPtr(ev_signal) {
        signum / set_signum => signum: c_int,
    }
}

handle! {
    /// A child's watcher.
    ChildPtr(ev_child) {
        flags / set_flags => flags: c_int,
        pid / set_pid => pid: c_int,
        rpid / set_rpid => rpid: c_int,
        rstatus / set_rstatus => rstatus: c_int,
    }
}

handle! {
    /// A path's watcher.
    StatPtr(ev_stat) {
        interval / set_interval => interval: f64,
        path / set_path => path: *const c_char,
        wd / set_wd => wd: c_int,
        attr / set_attr => attr: ev_statdata,
        prev / set_prev => prev: ev_statdata,
    }
}

handle! {
    /// An embedded loop's watcher.
    EmbedPtr(ev_embed) {
        other / set_other => other: *mut ev_loop,
    }
}

handle! {
    /// A prepare watcher.
    PreparePtr(ev_prepare)
}

handle! {
    /// A fork watcher.
    ForkPtr(ev_fork)
}

handle! {
    /// An async watcher.
    AsyncPtr(ev_async)
}

impl WatcherPtr {
    #[inline]
    pub fn active(self) -> c_int {
        // SAFETY: WATCHER; a raw place.
        unsafe { (&raw const (*self.raw()).active).read() }
    }

    /// By an atomic store: senders look at an async watcher's.
    #[inline]
    pub fn set_active(self, mark: c_int) {
        // SAFETY: WATCHER; aligned, and other threads read it by atomic loads alone.
        unsafe { AtomicI32::from_ptr(&raw mut (*self.raw()).active) }.store(mark, Ordering::Relaxed);
    }

    pub fn is_active(self) -> bool {
        self.active() != 0
    }

    /// The priority as an index, 0 for the lowest; clamped, since a watcher that was never started may hold anything.
    #[inline]
    pub fn level(self) -> usize {
        let clamped = self.priority().clamp(EV_MINPRI, EV_MAXPRI);
        clamped.wrapping_sub(EV_MINPRI) as usize
    }

    /// Whether the priority is in range, as that of an active watcher must be.
    #[inline]
    pub fn has_legal_priority(self) -> bool {
        (EV_MINPRI..=EV_MAXPRI).contains(&self.priority())
    }

    /// Whether the fields are those of an active watcher in a chain.
    pub fn is_chained(self) -> bool {
        self.active() == 1 && self.has_legal_priority()
    }

    /// Writes the clamped priority back, as a start does.
    #[inline]
    pub fn clamp_priority(self) {
        if !self.has_legal_priority() {
            self.set_priority(self.priority().clamp(EV_MINPRI, EV_MAXPRI));
        }
    }

    /// Makes it an inactive internal watcher.
    #[inline(never)]
    pub fn init(self, callback: InternalCallback, priority: c_int) {
        self.set_active(0);
        self.set_pending(0);
        self.set_priority(priority);
        self.set_callback(callback);
    }

    /// Sets an internal watcher's callback.
    pub fn set_callback(self, callback: InternalCallback) {
        // SAFETY: WATCHER; a raw place.
        unsafe { (&raw mut (*self.raw()).cb).write(Some(callback)) }
    }

    /// Whether it is an internal watcher with this callback.
    pub fn calls(self, callback: InternalCallback) -> bool {
        self.callback_address() == callback as usize
    }

    /// Whether it has a callback at all.
    pub fn has_callback(self) -> bool {
        self.callback_address() != 0
    }

    /// The address of its callback, 0 if it has none.
    pub fn callback_address(self) -> usize {
        // SAFETY: WATCHER; a raw place.
        unsafe { (&raw const (*self.raw()).cb).read() }.map_or(0, |callback| callback as usize)
    }

    /// Calls the program back. It may free the watcher, destroy the loop, unwind, or never return.
    #[inline]
    pub fn call(self, on: *mut ev_loop, revents: c_int) {
        // SAFETY: WATCHER; the callback is read before it runs.
        match unsafe { (&raw const (*self.raw()).cb).read() } {
            // SAFETY: the program set it as the callback of this watcher.
            Some(callback) => unsafe { callback(on, self.raw(), revents) },
            None => diag::fail(text!("ev_invoke"), text!("a watcher without a callback (NULL) is to be called")),
        }
    }
}

impl Placed for WatcherPtr {
    fn place(self) -> Option<usize> {
        (self.active() as usize).checked_sub(1)
    }

    fn set_place(self, place: usize) {
        self.set_active((place as c_int).wrapping_add(1));
    }
}

impl AsyncPtr {
    /// Whether it is active, as far as another thread can tell.
    pub fn is_active_for_sender(self) -> bool {
        // SAFETY: WATCHER; aligned, and a start or stop at the same time only makes the answer old.
        unsafe { AtomicI32::from_ptr(&raw mut (*self.raw()).active) }.load(Ordering::Relaxed) != 0
    }

    /// The `sent` member, which other threads and signal handlers write.
    pub fn sent<'a>(self) -> &'a AtomicI32 {
        // SAFETY: WATCHER; aligned and valid for as long as the caller uses it; every access of ours is atomic, and C
        // declares it volatile.
        unsafe { AtomicI32::from_ptr(&raw mut (*self.raw()).sent) }
    }
}

impl TimerPtr {
    /// The part that timers and periodics share.
    #[inline]
    pub fn time(self) -> TimePtr {
        TimePtr(self.0.cast())
    }
}

impl PeriodicPtr {
    /// The part that timers and periodics share.
    #[inline]
    pub fn time(self) -> TimePtr {
        TimePtr(self.0.cast())
    }
}

impl StatPtr {
    /// The polling timer within.
    pub fn timer(self) -> TimerPtr {
        // SAFETY: WATCHER; a place within it is not null.
        unsafe { TimerPtr::new(&raw mut (*self.raw()).timer) }
    }

    /// Where the latest attributes are, for lstat to fill.
    pub fn attr_place(self) -> *mut ev_statdata {
        // SAFETY: WATCHER; no access, an address within the watcher.
        unsafe { &raw mut (*self.raw()).attr }
    }
}

impl EmbedPtr {
    /// How often the other loop's backend had been rebuilt when its descriptor was last looked at; kept in a member that
    /// only the layout needs.
    pub fn rebuilds(self) -> u32 {
        // SAFETY: WATCHER; a raw place.
        unsafe { (&raw const (*self.raw()).check.priority).read() as u32 }
    }

    pub fn set_rebuilds(self, count: u32) {
        // SAFETY: WATCHER; a raw place.
        unsafe { (&raw mut (*self.raw()).check.priority).write(count as c_int) }
    }

    /// The inner watcher of the other loop's descriptor.
    pub fn io(self) -> IoPtr {
        // SAFETY: WATCHER; a place within it is not null.
        unsafe { IoPtr::new(&raw mut (*self.raw()).io) }
    }

    /// The inner watcher that flushes the other loop's changes.
    pub fn prepare(self) -> PreparePtr {
        // SAFETY: WATCHER; a place within it is not null.
        unsafe { PreparePtr::new(&raw mut (*self.raw()).prepare) }
    }

    /// The inner watcher that tells the other loop of a fork.
    pub fn fork(self) -> ForkPtr {
        // SAFETY: WATCHER; a place within it is not null.
        unsafe { ForkPtr::new(&raw mut (*self.raw()).fork) }
    }
}

/// The watcher that holds an inner one: the address of `inner` less `offset`.
///
/// # Safety
/// `inner` is a member at `offset` of a watcher of type `Outer`.
pub unsafe fn outer<Outer>(inner: *mut ev_watcher, offset: usize) -> *mut Outer {
    // SAFETY: as the caller promises, within one structure.
    unsafe { inner.byte_sub(offset) }.cast()
}
