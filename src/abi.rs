//! The binary interface: C's structures, callback types and constants, under C's names.
//!
//! A leaf that everything else may use and that uses nothing but core and libc. The layout is
//! promised to programs compiled long ago, so it never changes; the assertions at the end stop
//! the build if it does. `include/ev.h` and `include/event.h` declare the same things for C, and
//! the test target `abi` compares them item by item.

#![allow(non_camel_case_types)]

use core::ffi::{c_char, c_int, c_long, c_short, c_uint, c_void};

/// Seconds, as a point in time or a span of it.
pub type ev_tstamp = f64;

/// `struct stat` as the C library lays it out.
pub type ev_statdata = libc::stat;

/// The loop as C knows it: an address, never the contents.
#[repr(C)]
pub struct ev_loop {
    _private: [u8; 0],
}

// ---- callbacks ----

/// A watcher's callback. It may leave by exception or longjmp, hence `C-unwind`.
pub type ev_watcher_cb<W> = Option<unsafe extern "C-unwind" fn(loop_: *mut ev_loop, w: *mut W, revents: c_int)>;

/// Chooses the next time of a periodic watcher. It may not unwind.
pub type ev_reschedule_cb = Option<unsafe extern "C" fn(w: *mut ev_periodic, now: ev_tstamp) -> ev_tstamp>;

/// Replaces the invocation of everything pending.
pub type ev_loop_callback = Option<unsafe extern "C-unwind" fn(loop_: *mut ev_loop)>;

/// Brackets the blocking wait: let go of a lock, take it again. It may not unwind.
pub type ev_loop_hook = Option<unsafe extern "C" fn(loop_: *mut ev_loop)>;

/// The callback of `ev_once`.
pub type ev_once_cb = Option<unsafe extern "C-unwind" fn(revents: c_int, arg: *mut c_void)>;

/// The callback of `ev_walk`, given the type of the watcher as an event bit.
pub type ev_walk_cb = Option<unsafe extern "C-unwind" fn(loop_: *mut ev_loop, r#type: c_int, w: *mut c_void)>;

/// A realloc-like allocator: size 0 frees. It may not unwind.
pub type ev_allocator = Option<unsafe extern "C" fn(ptr: *mut c_void, size: c_long) -> *mut c_void>;

/// Told of a system call that failed beyond repair. It may not unwind.
pub type ev_syserr_cb = Option<unsafe extern "C" fn(msg: *const c_char)>;

// ---- watchers ----

/// Declares one watcher: the members that all of them begin with, then its own.
macro_rules! watcher {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy)]
        pub struct $name {
            /// Zero, or where the loop keeps this watcher.
            pub active: c_int,
            /// Zero, or one more than the watcher's slot in the pending queue.
            pub pending: c_int,
            /// From `EV_MINPRI` to `EV_MAXPRI`; a start clamps it.
            pub priority: c_int,
            /// The program's own, never touched here.
            pub data: *mut c_void,
            /// What an event calls.
            pub cb: ev_watcher_cb<$name>,
            $($(#[$field_doc])* pub $field: $type,)*
        }
    };
}

watcher! {
    /// What every watcher begins with.
    ev_watcher {}
}

watcher! {
    /// What a watcher in a singly linked list begins with.
    ev_watcher_list {
        /// The next of the list, or null.
        next: *mut ev_watcher_list,
    }
}

watcher! {
    /// What a watcher in a heap of times begins with.
    ev_watcher_time {
        /// When it is due, while active.
        at: ev_tstamp,
    }
}

watcher! {
    /// A descriptor becoming readable or writable.
    ev_io {
        /// The next watcher of the same descriptor.
        next: *mut ev_watcher_list,
        /// The descriptor.
        fd: c_int,
        /// `EV_READ`, `EV_WRITE`, and `EV__IOFDSET` after a set.
        events: c_int,
    }
}

watcher! {
    /// A span of time having passed, once or again and again.
    ev_timer {
        /// When it is due while active, else what is left.
        at: ev_tstamp,
        /// The period, 0 for none.
        repeat: ev_tstamp,
    }
}

watcher! {
    /// A wall-clock time being reached.
    ev_periodic {
        /// When it is due, kept after a stop.
        at: ev_tstamp,
        /// The absolute time, or where in the interval it is due.
        offset: ev_tstamp,
        /// The interval, 0 for none.
        interval: ev_tstamp,
        /// Chooses the times instead of the interval, unless null.
        reschedule_cb: ev_reschedule_cb,
    }
}

watcher! {
    /// A signal having been received.
    ev_signal {
        /// The next watcher of the same signal.
        next: *mut ev_watcher_list,
        /// The signal's number.
        signum: c_int,
    }
}

watcher! {
    /// A child process having changed its state.
    ev_child {
        /// The next watcher of the same bucket of pids.
        next: *mut ev_watcher_list,
        /// 1: also told of a stop and of a continuation.
        flags: c_int,
        /// Whom to watch, 0 for all children.
        pid: c_int,
        /// Whose state has changed.
        rpid: c_int,
        /// The status as of waitpid.
        rstatus: c_int,
    }
}

watcher! {
    /// A path's attributes having changed.
    ev_stat {
        /// The next watcher of the same inotify bucket.
        next: *mut ev_watcher_list,
        /// The loop's own: polls where inotify can't tell.
        timer: ev_timer,
        /// How often to poll, 0 for the default.
        interval: ev_tstamp,
        /// The path, the program's memory.
        path: *const c_char,
        /// The attributes before the last change.
        prev: ev_statdata,
        /// The latest attributes; `st_nlink` 0 means missing.
        attr: ev_statdata,
        /// The inotify watch, negative for none.
        wd: c_int,
    }
}

watcher! {
    /// Nothing better to do at this priority.
    ev_idle {}
}

watcher! {
    /// About to wait.
    ev_prepare {}
}

watcher! {
    /// Just waited.
    ev_check {}
}

watcher! {
    /// In the child after a fork.
    ev_fork {}
}

watcher! {
    /// The loop about to be destroyed.
    ev_cleanup {}
}

watcher! {
    /// Another loop having something to do. The inner watchers are the loop's own.
    ev_embed {
        /// The loop within.
        other: *mut ev_loop,
        /// Watches the inner loop's backend descriptor.
        io: ev_io,
        /// Flushes the inner loop's changes.
        prepare: ev_prepare,
        /// Unused, kept for the layout.
        check: ev_check,
        /// Unused, kept for the layout.
        timer: ev_timer,
        /// Unused, kept for the layout.
        periodic: ev_periodic,
        /// Unused, kept for the layout.
        idle: ev_idle,
        /// Tells the inner loop of a fork.
        fork: ev_fork,
        /// Unused, kept for the layout.
        cleanup: ev_cleanup,
    }
}

watcher! {
    /// A call of `ev_async_send`, from any thread or signal handler.
    ev_async {
        /// Set by a send until handled: volatile in C, atomic here.
        sent: c_int,
    }
}

/// Room for a watcher of any type.
#[repr(C)]
#[derive(Clone, Copy)]
pub union ev_any_watcher {
    /// The common part.
    pub w: ev_watcher,
    /// The common part of list watchers.
    pub wl: ev_watcher_list,
    /// As an io watcher.
    pub io: ev_io,
    /// As a timer.
    pub timer: ev_timer,
    /// As a periodic.
    pub periodic: ev_periodic,
    /// As a signal watcher.
    pub signal: ev_signal,
    /// As a child watcher.
    pub child: ev_child,
    /// As a stat watcher.
    pub stat: ev_stat,
    /// As an idle watcher.
    pub idle: ev_idle,
    /// As a prepare watcher.
    pub prepare: ev_prepare,
    /// As a check watcher.
    pub check: ev_check,
    /// As a fork watcher.
    pub fork: ev_fork,
    /// As a cleanup watcher.
    pub cleanup: ev_cleanup,
    /// As an embed watcher.
    pub embed: ev_embed,
    /// As an async watcher.
    pub async_: ev_async,
}

// ---- libevent's events ----

/// The loop of an event, as programs for libevent know it: an address, never the contents.
#[repr(C)]
pub struct event_base {
    _private: [u8; 0],
}

/// An event's callback. It may leave by exception or longjmp, hence `C-unwind`.
pub type event_callback_fn = Option<unsafe extern "C-unwind" fn(fd: c_int, events: c_short, arg: *mut c_void)>;

/// The watcher of a descriptor or of a signal within an event.
#[repr(C)]
#[derive(Clone, Copy)]
pub union event_iosig {
    /// For a descriptor.
    pub io: ev_io,
    /// For a signal.
    pub sig: ev_signal,
}

/// An event: a descriptor or a signal, a time-out, or one of the first two with a time-out.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct event {
    /// The loop's own while added.
    pub iosig: event_iosig,
    /// The time-out, the loop's own while armed.
    pub to: ev_timer,
    /// The loop.
    pub ev_base: *mut event_base,
    /// What it calls.
    pub ev_callback: event_callback_fn,
    /// The callback's argument.
    pub ev_arg: *mut c_void,
    /// The descriptor or the signal's number.
    pub ev_fd: c_int,
    /// The program's, never used here.
    pub ev_pri: c_int,
    /// What the callback was told last.
    pub ev_res: c_int,
    /// `EVLIST_` bits.
    pub ev_flags: c_int,
    /// What it is for.
    pub ev_events: c_short,
}

// ---- constants ----

/// The interface's major version, as `ev_version_major` returns it.
pub const EV_VERSION_MAJOR: c_int = 4;
/// The interface's minor version, as `ev_version_minor` returns it.
pub const EV_VERSION_MINOR: c_int = 33;

/// The lowest priority.
pub const EV_MINPRI: c_int = -2;
/// The highest priority.
pub const EV_MAXPRI: c_int = 2;

/// All bits: no event at all, a guard against misuse.
pub const EV_UNDEF: c_int = -1;
/// No event.
pub const EV_NONE: c_int = 0;
/// Readable.
pub const EV_READ: c_int = 0x01;
/// Writable.
pub const EV_WRITE: c_int = 0x02;
/// Internal: set by a set, cleared by a start; the descriptor may be a new file.
pub const EV__IOFDSET: c_int = 0x80;
/// The type bit of io watchers.
pub const EV_IO: c_int = EV_READ;
/// A timer expired.
pub const EV_TIMER: c_int = 0x0000_0100;
/// The older name of `EV_TIMER`.
pub const EV_TIMEOUT: c_int = EV_TIMER;
/// A periodic expired.
pub const EV_PERIODIC: c_int = 0x0000_0200;
/// A signal was received.
pub const EV_SIGNAL: c_int = 0x0000_0400;
/// A child changed its state.
pub const EV_CHILD: c_int = 0x0000_0800;
/// A path's attributes changed.
pub const EV_STAT: c_int = 0x0000_1000;
/// Nothing better to do.
pub const EV_IDLE: c_int = 0x0000_2000;
/// About to wait.
pub const EV_PREPARE: c_int = 0x0000_4000;
/// Just waited.
pub const EV_CHECK: c_int = 0x0000_8000;
/// An embedded loop has something to do.
pub const EV_EMBED: c_int = 0x0001_0000;
/// In the child after a fork.
pub const EV_FORK: c_int = 0x0002_0000;
/// The loop is about to be destroyed.
pub const EV_CLEANUP: c_int = 0x0004_0000;
/// An async watcher was sent to.
pub const EV_ASYNC: c_int = 0x0008_0000;
/// For the program, never used here.
pub const EV_CUSTOM: c_int = 0x0100_0000;
/// The watcher was stopped because of an error.
pub const EV_ERROR: c_int = c_int::MIN;

/// No flags: choose by itself.
pub const EVFLAG_AUTO: c_uint = 0;
/// Do not read `LIBEV_FLAGS`.
pub const EVFLAG_NOENV: c_uint = 0x0100_0000;
/// Notice a fork in each iteration.
pub const EVFLAG_FORKCHECK: c_uint = 0x0200_0000;
/// Stat watchers poll, without inotify.
pub const EVFLAG_NOINOTIFY: c_uint = 0x0010_0000;
/// Of older programs, without effect.
pub const EVFLAG_NOSIGFD: c_uint = 0;
/// Receive signals through a signalfd.
pub const EVFLAG_SIGNALFD: c_uint = 0x0020_0000;
/// Concerning the signal mask at the start of a signal watcher.
pub const EVFLAG_NOSIGMASK: c_uint = 0x0040_0000;
/// Notice time jumps without a timerfd.
pub const EVFLAG_NOTIMERFD: c_uint = 0x0080_0000;

/// select(2).
pub const EVBACKEND_SELECT: c_uint = 0x01;
/// poll(2).
pub const EVBACKEND_POLL: c_uint = 0x02;
/// epoll(7).
pub const EVBACKEND_EPOLL: c_uint = 0x04;
/// Of the BSDs, never available here.
pub const EVBACKEND_KQUEUE: c_uint = 0x08;
/// Of Solaris, never available.
pub const EVBACKEND_DEVPOLL: c_uint = 0x10;
/// Of Solaris, never available here.
pub const EVBACKEND_PORT: c_uint = 0x20;
/// The kernel's aio polls.
pub const EVBACKEND_LINUXAIO: c_uint = 0x40;
/// io_uring.
pub const EVBACKEND_IOURING: c_uint = 0x80;
/// All backends that have a name.
pub const EVBACKEND_ALL: c_uint = 0xff;
/// All bits that may name a backend.
pub const EVBACKEND_MASK: c_uint = 0xffff;

/// `ev_run`: one iteration that does not wait.
pub const EVRUN_NOWAIT: c_int = 1;
/// `ev_run`: one iteration that may wait.
pub const EVRUN_ONCE: c_int = 2;

/// `ev_break`: undo an earlier one.
pub const EVBREAK_CANCEL: c_int = 0;
/// `ev_break`: leave the innermost run.
pub const EVBREAK_ONE: c_int = 1;
/// `ev_break`: leave every run.
pub const EVBREAK_ALL: c_int = 2;

/// An event that is not deleted before its callback.
pub const EV_PERSIST: c_int = 0x10;
/// Of libevent, without effect.
pub const EV_ET: c_int = 0x20;

/// The event's time-out is armed.
pub const EVLIST_TIMEOUT: c_int = 0x01;
/// Its descriptor is watched.
pub const EVLIST_INSERTED: c_int = 0x02;
/// Its signal is watched.
pub const EVLIST_SIGNAL: c_int = 0x04;
/// It was added.
pub const EVLIST_ACTIVE: c_int = 0x08;
/// Of libevent, never set here.
pub const EVLIST_INTERNAL: c_int = 0x10;
/// It was set.
pub const EVLIST_INIT: c_int = 0x80;

// ---- the layout, asserted in every build ----

/// Asserts a structure's size and alignment and where its own members are; the common ones are
/// at the same place in all.
macro_rules! layout {
    ($type:ident: $size:expr; $($field:ident @ $offset:expr),* $(,)?) => {
        const _: () = {
            use core::mem::{align_of, offset_of, size_of};
            assert!(size_of::<$type>() == $size);
            assert!(align_of::<$type>() == 8);
            assert!(offset_of!($type, active) == 0);
            assert!(offset_of!($type, pending) == 4);
            assert!(offset_of!($type, priority) == 8);
            assert!(offset_of!($type, data) == 16);
            assert!(offset_of!($type, cb) == 24);
            $(assert!(offset_of!($type, $field) == $offset);)*
        };
    };
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
compile_error!("the layout is known for 64-bit Linux alone");

/// The size of `struct stat`, the one member that differs between machines.
const STAT: usize = size_of::<ev_statdata>();

layout!(ev_watcher: 32;);
layout!(ev_watcher_list: 40; next @ 32);
layout!(ev_watcher_time: 40; at @ 32);
layout!(ev_io: 48; next @ 32, fd @ 40, events @ 44);
layout!(ev_timer: 48; at @ 32, repeat @ 40);
layout!(ev_periodic: 64; at @ 32, offset @ 40, interval @ 48, reschedule_cb @ 56);
layout!(ev_signal: 48; next @ 32, signum @ 40);
layout!(ev_child: 56; next @ 32, flags @ 40, pid @ 44, rpid @ 48, rstatus @ 52);
layout!(ev_stat: 112 + 2 * STAT; next @ 32, timer @ 40, interval @ 88, path @ 96, prev @ 104,
    attr @ 104 + STAT, wd @ 104 + 2 * STAT);
layout!(ev_idle: 32;);
layout!(ev_prepare: 32;);
layout!(ev_check: 32;);
layout!(ev_fork: 32;);
layout!(ev_cleanup: 32;);
layout!(ev_embed: 360; other @ 32, io @ 40, prepare @ 88, check @ 120, timer @ 152,
    periodic @ 200, idle @ 264, fork @ 296, cleanup @ 328);
layout!(ev_async: 40; sent @ 32);

const _: () = assert!(size_of::<ev_any_watcher>() == size_of::<ev_stat>());
const _: () = {
    use core::mem::{align_of, offset_of, size_of};
    assert!(size_of::<event>() == 144 && align_of::<event>() == 8);
    assert!(offset_of!(event, iosig) == 0 && size_of::<event_iosig>() == 48);
    assert!(offset_of!(event, to) == 48);
    assert!(offset_of!(event, ev_base) == 96 && offset_of!(event, ev_callback) == 104);
    assert!(offset_of!(event, ev_arg) == 112 && offset_of!(event, ev_fd) == 120);
    assert!(offset_of!(event, ev_pri) == 124 && offset_of!(event, ev_res) == 128);
    assert!(offset_of!(event, ev_flags) == 132 && offset_of!(event, ev_events) == 136);
};
#[cfg(target_arch = "x86_64")]
const _: () = assert!(size_of::<ev_stat>() == 400);
