//! A loop's life and what is kept with it.

use core::ffi::{c_uint, c_void};
use core::ptr;

use super::DEFAULT_LOOP;
use super::enter_loop;
use crate::abi::{ev_loop, ev_loop_callback, ev_loop_hook, ev_tstamp};
use crate::engine::{self, LoopPtr};
use crate::text::text;

/// The default loop, made at the first call with `flags` (`EVFLAG_` and `EVBACKEND_` bits); null if no backend of those
/// asked for works.
///
/// # Safety
/// THREAD: no other thread makes or destroys the default loop at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_default_loop(flags: c_uint) -> *mut ev_loop {
    engine::default_loop(flags, &DEFAULT_LOOP).map_or(ptr::null_mut(), LoopPtr::raw)
}

/// A new loop; null if no backend of those asked for works. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn ev_loop_new(flags: c_uint) -> *mut ev_loop {
    engine::new_loop(flags).map_or(ptr::null_mut(), LoopPtr::raw)
}

/// Calls the cleanup watchers and frees everything that belongs to the loop; null does nothing. Watchers stay as they
/// are.
///
/// # Safety
/// LOOP or null, THREAD. The loop is gone afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn ev_loop_destroy(loop_: *mut ev_loop) {
    if !loop_.is_null() {
        // SAFETY: handed on to the caller.
        unsafe { enter_loop(loop_, text!("ev_loop_destroy")) }.destroy();
    }
}

/// To be called after a fork, in the process that goes on using the loop: everything that the kernel shares between the
/// two is made anew at the next iteration.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_loop_fork(loop_: *mut ev_loop) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.request_fork();
}

/// The backend in use, an `EVBACKEND_` bit.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_backend(loop_: *mut ev_loop) -> c_uint {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.backend()
}

/// The real time as of the last update, in seconds since the epoch: the same for all callbacks of an iteration.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_now(loop_: *mut ev_loop) -> ev_tstamp {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.now()
}

/// Reads the clocks now.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_now_update(loop_: *mut ev_loop) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.update_time();
}

/// To be called before the process is held up on purpose.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_suspend(loop_: *mut ev_loop) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.suspend();
}

/// To be called when the process goes on: timers do not count the time between.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_resume(loop_: *mut ev_loop) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.resume();
}

/// Sets the program's pointer.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_set_userdata(loop_: *mut ev_loop, data: *mut c_void) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.set_userdata(data);
}

/// The program's pointer.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_userdata(loop_: *mut ev_loop) -> *mut c_void {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.userdata()
}

/// Sets what is called in place of invoking pending watchers; null restores that.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_set_invoke_pending_cb(loop_: *mut ev_loop, invoke_pending_cb: ev_loop_callback) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.set_invoke_hook(invoke_pending_cb);
}

/// Sets what is called before and after a blocking system call; either may be null. They must not unwind.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_set_loop_release_cb(loop_: *mut ev_loop, release: ev_loop_hook, acquire: ev_loop_hook) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.set_wait_hooks(release, acquire);
}

/// Lets up to `interval` seconds of I/O come together before it is handled; 0 for none.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_set_io_collect_interval(loop_: *mut ev_loop, interval: ev_tstamp) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.set_io_collect(interval);
}

/// Lets up to `interval` seconds of timers come together; 0 for none.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_set_timeout_collect_interval(loop_: *mut ev_loop, interval: ev_tstamp) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.set_timeout_collect(interval);
}

/// Adds a reference: one more active watcher, as it were.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_ref(loop_: *mut ev_loop) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.reference();
}

/// Takes a reference away: a watcher started before does not keep the loop alive.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_unref(loop_: *mut ev_loop) {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.unreference();
}

/// How many iterations there were.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_iteration(loop_: *mut ev_loop) -> c_uint {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.iteration()
}

/// How many runs were entered and not left.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_depth(loop_: *mut ev_loop) -> c_uint {
    // SAFETY: handed on to the caller.
    unsafe { LoopPtr::new(loop_) }.depth()
}

/// Checks every structure of the loop; a message and abort if a watcher was changed while active.
///
/// # Safety
/// LOOP, THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_verify(loop_: *mut ev_loop) {
    // SAFETY: handed on to the caller.
    unsafe { enter_loop(loop_, text!("ev_verify")) }.verify();
}
