//! linuxaio (to be built).

use super::{Backend, Host};
use core::ffi::c_int;

pub struct LinuxAio;
impl LinuxAio {
    pub const fn new() -> Self {
        Self
    }
}
pub fn open(_: &Backend) -> bool {
    false
}
pub fn modify<H: Host>(_: &Backend, _: H, _: c_int, _: c_int, _: c_int) {}
pub fn wait<H: Host>(_: &Backend, _: H, _: f64) {}
pub fn rebuild<H: Host>(_: &Backend, _: H) {}
pub fn close(_: &Backend) {}
