//! The library's functions, as C declares them. The crate is named so that it is linked.

use core::ffi::{c_int, c_uint, c_void};

use ferroev_core::fuzzing::{
    ev_check, ev_idle, ev_io, ev_loop, ev_loop_hook, ev_periodic, ev_prepare, ev_syserr_cb, ev_timer, ev_tstamp,
};

unsafe extern "C-unwind" {
    pub fn ev_loop_new(flags: c_uint) -> *mut ev_loop;
    pub fn ev_loop_destroy(l: *mut ev_loop);
    pub fn ev_run(l: *mut ev_loop, flags: c_int) -> c_int;
    pub fn ev_break(l: *mut ev_loop, how: c_int);
    pub fn ev_ref(l: *mut ev_loop);
    pub fn ev_unref(l: *mut ev_loop);
    pub fn ev_now(l: *mut ev_loop) -> ev_tstamp;
    pub fn ev_now_update(l: *mut ev_loop);
    pub fn ev_suspend(l: *mut ev_loop);
    pub fn ev_resume(l: *mut ev_loop);
    pub fn ev_iteration(l: *mut ev_loop) -> c_uint;
    pub fn ev_depth(l: *mut ev_loop) -> c_uint;
    pub fn ev_verify(l: *mut ev_loop);
    pub fn ev_set_io_collect_interval(l: *mut ev_loop, seconds: ev_tstamp);
    pub fn ev_set_timeout_collect_interval(l: *mut ev_loop, seconds: ev_tstamp);
    pub fn ev_set_loop_release_cb(l: *mut ev_loop, release: ev_loop_hook, acquire: ev_loop_hook);
    pub fn ev_set_syserr_cb(callback: ev_syserr_cb);
    pub fn ev_pending_count(l: *mut ev_loop) -> c_uint;
    pub fn ev_invoke_pending(l: *mut ev_loop);
    pub fn ev_invoke(l: *mut ev_loop, w: *mut c_void, revents: c_int);
    pub fn ev_feed_event(l: *mut ev_loop, w: *mut c_void, revents: c_int);
    pub fn ev_feed_fd_event(l: *mut ev_loop, fd: c_int, revents: c_int);
    pub fn ev_clear_pending(l: *mut ev_loop, w: *mut c_void) -> c_int;
    pub fn ev_io_start(l: *mut ev_loop, w: *mut ev_io);
    pub fn ev_io_stop(l: *mut ev_loop, w: *mut ev_io);
    pub fn ev_timer_start(l: *mut ev_loop, w: *mut ev_timer);
    pub fn ev_timer_stop(l: *mut ev_loop, w: *mut ev_timer);
    pub fn ev_timer_again(l: *mut ev_loop, w: *mut ev_timer);
    pub fn ev_timer_remaining(l: *mut ev_loop, w: *mut ev_timer) -> ev_tstamp;
    pub fn ev_periodic_start(l: *mut ev_loop, w: *mut ev_periodic);
    pub fn ev_periodic_stop(l: *mut ev_loop, w: *mut ev_periodic);
    pub fn ev_periodic_again(l: *mut ev_loop, w: *mut ev_periodic);
    pub fn ev_prepare_start(l: *mut ev_loop, w: *mut ev_prepare);
    pub fn ev_prepare_stop(l: *mut ev_loop, w: *mut ev_prepare);
    pub fn ev_check_start(l: *mut ev_loop, w: *mut ev_check);
    pub fn ev_check_stop(l: *mut ev_loop, w: *mut ev_check);
    pub fn ev_idle_start(l: *mut ev_loop, w: *mut ev_idle);
    pub fn ev_idle_stop(l: *mut ev_loop, w: *mut ev_idle);
}
