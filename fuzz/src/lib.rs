//! Programs over the library's core, run on it and on a model, and compared.
//!
//! - `program`: what a program can do, and how bytes become one.
//! - `kernel`: the scripted kernel: time, readiness and errors, the same for both.
//! - `system`: what both sides have in common: the trace, and what a callback does.
//! - `real`: the library. `model`: what it should do, in the plainest Rust.
//! - `compare`: both, and the first difference.

mod api;
pub mod compare;
mod kernel;
mod model;
mod program;
mod real;
mod system;

pub use compare::run;
pub use program::Focus;
