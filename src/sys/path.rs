//! Paths: lstat, statfs, inotify.

use core::ffi::{c_char, c_int, c_long};
use core::mem::MaybeUninit;

use super::{check, check_long};

/// Fills `into` with the attributes of a path, of a symbolic link itself. By number: the C library's wrapper needs
/// glibc 2.33, and the kernel's structure is the C library's on 64-bit machines.
///
/// # Safety
/// `path` is a string and `into` is valid for a write.
pub unsafe fn lstat(path: *const c_char, into: *mut libc::stat) -> Result<c_int, c_int> {
    // SAFETY: as the caller promises.
    check_long(unsafe {
        libc::syscall(
            libc::SYS_newfstatat,
            c_long::from(libc::AT_FDCWD),
            path,
            into,
            c_long::from(libc::AT_SYMLINK_NOFOLLOW),
        )
    })
}

/// The magic number of the file system that a path is on.
///
/// # Safety
/// `path` is a string.
pub unsafe fn file_system(path: *const c_char) -> Option<i64> {
    let mut info = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: KERNEL; initialised if the call succeeds.
    unsafe {
        check(libc::statfs(path, info.as_mut_ptr())).ok()?;
        Some(info.assume_init().f_type)
    }
}

/// A new inotify descriptor.
pub fn inotify() -> Result<c_int, c_int> {
    // SAFETY: no pointers.
    check(unsafe { libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC) })
}

/// Watches a path: the watch's number, the same one for the same file.
///
/// # Safety
/// `path` is a string.
pub unsafe fn add_watch(fd: c_int, path: *const c_char, mask: u32) -> Result<c_int, c_int> {
    // SAFETY: as the caller promises.
    check(unsafe { libc::inotify_add_watch(fd, path, mask) })
}

/// Ends a watch, if it is still there.
pub fn remove_watch(fd: c_int, watch: c_int) {
    // SAFETY: no pointers.
    unsafe { libc::inotify_rm_watch(fd, watch) };
}
