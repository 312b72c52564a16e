//! A Rust program, or with `--cfg library` a Rust library for C programs: the loop, and a panic caught by a runtime of its own.

use std::ffi::{c_int, c_uint, c_void};
use std::panic;

unsafe extern "C-unwind" {
    fn ev_loop_new(flags: c_uint) -> *mut c_void;
    fn ev_run(base: *mut c_void, flags: c_int) -> c_int;
    fn ev_loop_destroy(base: *mut c_void);
}

fn watchers_left() -> c_int {
    // SAFETY: a loop of its own, destroyed once.
    unsafe {
        let base = ev_loop_new(0);
        let left = ev_run(base, 0);
        ev_loop_destroy(base);
        left
    }
}

/// 1 for a panic that was caught.
#[unsafe(no_mangle)]
pub extern "C" fn caught() -> c_int {
    panic::set_hook(Box::new(|_| ()));
    let text = String::from("thrown");
    c_int::from(panic::catch_unwind(|| panic!("{text}")).is_err()) + watchers_left()
}

#[cfg(not(library))]
fn main() {
    println!("caught {}", caught());
}
