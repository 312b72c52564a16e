//! Starting and stopping watchers. A start of an active watcher does nothing; a stop always ends the pending state.

use super::enter;
use crate::abi::{
    ev_async, ev_check, ev_child, ev_cleanup, ev_embed, ev_fork, ev_idle, ev_io, ev_loop, ev_periodic, ev_prepare,
    ev_signal, ev_stat, ev_timer, ev_tstamp,
};
use crate::checking;
use crate::engine::{Act, Hook, Kind, LoopPtr, send_async};
use crate::watcher::{AsyncPtr, ChildPtr, EmbedPtr, IoPtr, PeriodicPtr, SignalPtr, StatPtr, TimerPtr, WatcherPtr};

/// Starts watching a descriptor. A negative one, or unknown event bits: message and abort.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_io_start(loop_: *mut ev_loop, w: *mut ev_io) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Io, Act::Start);
        lp.start_io(IoPtr::new(w))
    }
}

/// Stops watching a descriptor.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_io_stop(loop_: *mut ev_loop, w: *mut ev_io) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Io, Act::Stop);
        lp.stop_io(IoPtr::new(w))
    }
}

/// Starts a timer: due `at` seconds from now, then every `repeat` seconds. A negative `repeat`: message and abort.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_timer_start(loop_: *mut ev_loop, w: *mut ev_timer) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Timer, Act::Start);
        lp.start_timer(TimerPtr::new(w))
    }
}

/// Stops a timer; what was left is in `at`.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_timer_stop(loop_: *mut ev_loop, w: *mut ev_timer) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Timer, Act::Stop);
        lp.stop_timer(TimerPtr::new(w))
    }
}

/// Starts the timer anew with its `repeat`: due that many seconds from now; stops it if that is 0.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_timer_again(loop_: *mut ev_loop, w: *mut ev_timer) {
    // SAFETY: handed on to the caller.
    unsafe {
        if checking::is_on() || !LoopPtr::new(loop_).puts_off_timer(TimerPtr::new(w)) {
            again(loop_, w);
        }
    }
}

/// What `ev_timer_again` seldom does.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[inline(never)]
unsafe fn again(loop_: *mut ev_loop, w: *mut ev_timer) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Timer, Act::Again);
        lp.again_timer(TimerPtr::new(w))
    }
}

/// Seconds until an active timer is due; of an inactive one, what a start would take.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_timer_remaining(loop_: *mut ev_loop, w: *mut ev_timer) -> ev_tstamp {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Timer, Act::Other);
        lp.remaining_timer(TimerPtr::new(w))
    }
}

/// Starts a periodic: due at `offset`, on the grid of `interval`, or when its callback says.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_periodic_start(loop_: *mut ev_loop, w: *mut ev_periodic) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Periodic, Act::Start);
        lp.start_periodic(PeriodicPtr::new(w))
    }
}

/// Stops a periodic.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_periodic_stop(loop_: *mut ev_loop, w: *mut ev_periodic) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Periodic, Act::Stop);
        lp.stop_periodic(PeriodicPtr::new(w))
    }
}

/// Computes the due time of a periodic anew.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_periodic_again(loop_: *mut ev_loop, w: *mut ev_periodic) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Periodic, Act::Again);
        lp.again_periodic(PeriodicPtr::new(w))
    }
}

/// Starts watching a signal. An illegal number, or one that another loop watches: message and abort.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_signal_start(loop_: *mut ev_loop, w: *mut ev_signal) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Signal, Act::Start);
        lp.start_signal(SignalPtr::new(w))
    }
}

/// Stops watching a signal; the last watcher restores its default disposition.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_signal_stop(loop_: *mut ev_loop, w: *mut ev_signal) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Signal, Act::Stop);
        lp.stop_signal(SignalPtr::new(w))
    }
}

/// Starts watching a child, or all if `pid` is 0. In another loop than the default one: message and abort.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_child_start(loop_: *mut ev_loop, w: *mut ev_child) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Child, Act::Start);
        lp.start_child(ChildPtr::new(w))
    }
}

/// Stops watching a child.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_child_stop(loop_: *mut ev_loop, w: *mut ev_child) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Child, Act::Stop);
        lp.stop_child(ChildPtr::new(w))
    }
}

/// Starts watching a path: reads its attributes and polls it, or has the kernel tell of changes.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_stat_start(loop_: *mut ev_loop, w: *mut ev_stat) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Stat, Act::Start);
        lp.start_stat(StatPtr::new(w))
    }
}

/// Stops watching a path.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_stat_stop(loop_: *mut ev_loop, w: *mut ev_stat) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Stat, Act::Stop);
        lp.stop_stat(StatPtr::new(w))
    }
}

/// Reads the attributes of the path into `attr` now, and calls nothing.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_stat_stat(loop_: *mut ev_loop, w: *mut ev_stat) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Stat, Act::Other);
        lp.stat_stat(StatPtr::new(w))
    }
}

/// Starts an idle watcher: called while nothing of its priority or above happens.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_idle_start(loop_: *mut ev_loop, w: *mut ev_idle) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Idle, Act::Start);
        lp.start_idle(WatcherPtr::new(w.cast()))
    }
}

/// Stops an idle watcher.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_idle_stop(loop_: *mut ev_loop, w: *mut ev_idle) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Idle, Act::Stop);
        lp.stop_idle(WatcherPtr::new(w.cast()))
    }
}

/// Starts a prepare watcher: called before every wait.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_prepare_start(loop_: *mut ev_loop, w: *mut ev_prepare) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Prepare, Act::Start);
        lp.start_hook(Hook::Prepare, WatcherPtr::new(w.cast()))
    }
}

/// Stops a prepare watcher.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_prepare_stop(loop_: *mut ev_loop, w: *mut ev_prepare) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Prepare, Act::Stop);
        lp.stop_hook(Hook::Prepare, WatcherPtr::new(w.cast()))
    }
}

/// Starts a check watcher: called after every wait.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_check_start(loop_: *mut ev_loop, w: *mut ev_check) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Check, Act::Start);
        lp.start_hook(Hook::Check, WatcherPtr::new(w.cast()))
    }
}

/// Stops a check watcher.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_check_stop(loop_: *mut ev_loop, w: *mut ev_check) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Check, Act::Stop);
        lp.stop_hook(Hook::Check, WatcherPtr::new(w.cast()))
    }
}

/// Starts a fork watcher: called in the child, after a fork was noticed.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_fork_start(loop_: *mut ev_loop, w: *mut ev_fork) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Fork, Act::Start);
        lp.start_hook(Hook::Fork, WatcherPtr::new(w.cast()))
    }
}

/// Stops a fork watcher.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_fork_stop(loop_: *mut ev_loop, w: *mut ev_fork) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Fork, Act::Stop);
        lp.stop_hook(Hook::Fork, WatcherPtr::new(w.cast()))
    }
}

/// Starts a cleanup watcher: called when the loop is destroyed, which it does not keep alive.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_cleanup_start(loop_: *mut ev_loop, w: *mut ev_cleanup) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Cleanup, Act::Start);
        lp.start_hook(Hook::Cleanup, WatcherPtr::new(w.cast()))
    }
}

/// Stops a cleanup watcher.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_cleanup_stop(loop_: *mut ev_loop, w: *mut ev_cleanup) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Cleanup, Act::Stop);
        lp.stop_hook(Hook::Cleanup, WatcherPtr::new(w.cast()))
    }
}

/// Starts watching another loop, on a backend of `ev_embeddable_backends`; else message and abort.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_embed_start(loop_: *mut ev_loop, w: *mut ev_embed) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Embed, Act::Start);
        lp.start_embed(EmbedPtr::new(w))
    }
}

/// Stops watching another loop.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_embed_stop(loop_: *mut ev_loop, w: *mut ev_embed) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Embed, Act::Stop);
        lp.stop_embed(EmbedPtr::new(w))
    }
}

/// Starts an async watcher: called after `ev_async_send`.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_async_start(loop_: *mut ev_loop, w: *mut ev_async) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Async, Act::Start);
        lp.start_async(AsyncPtr::new(w))
    }
}

/// Stops an async watcher.
///
/// # Safety
/// LOOP, WATCHER, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_async_stop(loop_: *mut ev_loop, w: *mut ev_async) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (lp, w) = enter(loop_, w, Kind::Async, Act::Stop);
        lp.stop_async(AsyncPtr::new(w))
    }
}

/// Has the watcher called by its loop; several calls before that count as one. From any thread and from signal handlers;
/// `errno` is kept.
///
/// # Safety
/// LOOP, WATCHER: both until the callback has run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_async_send(loop_: *mut ev_loop, w: *mut ev_async) {
    // SAFETY: handed on to the caller.
    unsafe { send_async(loop_, AsyncPtr::new(w)) }
}
