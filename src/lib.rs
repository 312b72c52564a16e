//! A `libev.so.4` in Rust: the C API and ABI of libev 4.33 on Linux.
//!
//! Where is what:
//! - `abi`: C's structures and constants. `watcher`: handles to them. `ffi`: the exported functions.
//! - `engine`: the loop. `libevent`: events of libevent 1, which use it as a program would. `backend`: select, poll,
//!   epoll, linuxaio, iouring; `scripted` in fuzzing builds. `sys`: system calls. `mem`: the program's allocator. `diag`:
//!   messages. `text`: literals for C. `checking`: whether a program's mistakes are looked for.
//!
//! Written on core and libc alone, and without a reachable panic, so that the library stays as small as C's.
//!
//! Invariants that SAFETY comments name:
//! - LOOP: a `LoopPtr` is the address of a live loop. The program promises it for what it passes; after a callback,
//!   which may destroy the loop, the registry is asked before the loop is touched again.
//! - WATCHER: the program keeps a watcher, in place, from the call that it passes it to until it is neither active nor
//!   pending. It is read and written through raw places only.
//! - EVENT: the program keeps an event of libevent's, in place, from the call that it passes it to until it is neither
//!   added nor active. Its base is null or the address of a live loop.
//! - LIST: a chain holds active watchers of one kind only, and ends.
//! - ARR: the elements of an `Arr` below its length are initialised.
//! - KERNEL: what is passed to a system call or the C library is valid for what that reads and writes.
//! - THREAD: one thread at a time uses a loop, but for `ev_async_send` and `ev_feed_signal`, which touch atomics only.

#![deny(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    clippy::todo
)]
#![cfg_attr(test, allow(clippy::std_instead_of_core, clippy::unwrap_used, clippy::expect_used))]

#[cfg(not(panic = "unwind"))]
compile_error!("C++ exceptions and thread cancellation pass through the library: build it with panic = \"unwind\"");

// Complete, for the tests that compare it with the headers.
#[allow(dead_code)]
mod abi;
mod backend;
mod checking;
mod diag;
mod engine;
mod ffi;
#[cfg(fuzzing)]
pub mod fuzzing;
mod libevent;
mod mem;
mod sys;
mod text;
mod watcher;
