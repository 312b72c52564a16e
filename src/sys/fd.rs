//! Descriptors: opening the kinds that the loop needs for itself, reading, writing, closing.
//!
//! None of it is a cancellation point. Reading, writing and closing are done by number for that: with the C library's
//! functions a thread may end with its cancellation disabled (glibc 2.36), when that was under way as its wait ended.

use crate::text::text;
use core::ffi::{c_int, c_long, c_void};
use core::mem::MaybeUninit;

use super::{check, check_long};

/// Closes a descriptor of the loop's own, if there is one.
#[inline(never)]
pub fn close(fd: c_int) {
    if fd >= 0 {
        // SAFETY: the caller owns it.
        unsafe { libc::syscall(libc::SYS_close, c_long::from(fd)) };
    }
}

/// Whether the number names an open file.
pub fn is_open(fd: c_int) -> bool {
    #[cfg(fuzzing)]
    return (crate::fuzzing::kernel().is_open)(fd);
    #[cfg(not(fuzzing))]
    // SAFETY: no pointers.
    unsafe {
        libc::fcntl(fd, libc::F_GETFD) != -1
    }
}

/// Makes the number `old` a name of `new`'s file instead of its own, in one step, and gives up the number `new`. They are
/// the same if the program had closed `old`.
pub fn replace(new: c_int, old: c_int) {
    if new != old {
        rename(new, old);
        close(new);
    }
}

/// As [`replace`], but keeps both numbers.
pub fn rename(new: c_int, old: c_int) {
    // SAFETY: no pointers; the caller owns both.
    unsafe { libc::dup3(new, old, libc::O_CLOEXEC) };
}

/// An eventfd with count 0.
pub fn eventfd() -> Result<c_int, c_int> {
    // SAFETY: no pointers.
    check(unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) })
}

/// A pipe: (read end, write end).
pub fn pipe() -> Result<(c_int, c_int), c_int> {
    let mut ends = [-1, -1];
    // SAFETY: KERNEL; room for two.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_NONBLOCK | libc::O_CLOEXEC) })?;
    let [read, write] = ends;
    Ok((read, write))
}

/// Adds one to an eventfd's count, or eight bytes to a pipe. Safe in a signal handler. A full pipe is as good: its reader
/// has something to wake up for.
#[inline(never)]
pub fn poke(fd: c_int) {
    let one: u64 = 1;
    // An interrupted one has woken nobody. What else fails can't be helped.
    let _ = super::uninterrupted(|| {
        // SAFETY: KERNEL.
        let written = unsafe { libc::syscall(libc::SYS_write, c_long::from(fd), &raw const one, size_of::<u64>()) };
        super::check_long(written)
    });
}

/// Empties an eventfd or a pipe.
#[inline(never)]
pub fn drain(fd: c_int) {
    let mut room = [0_u8; 128];
    // A pipe may hold more than one buffer full; an eventfd is empty after one read.
    while read(fd, room.as_mut_ptr().cast(), size_of_val(&room)) == Ok(size_of_val(&room)) {}
}

/// read(2): the number of bytes.
pub fn read(fd: c_int, into: *mut c_void, room: usize) -> Result<usize, c_int> {
    // SAFETY: KERNEL; the caller's buffer.
    check_long(unsafe { libc::syscall(libc::SYS_read, c_long::from(fd), into, room) }).map(|got| got as usize)
}

/// Whether the descriptor is a signalfd, or can't be told from one where there is no /proc. One cheap call tells most
/// others: only anonymous files have no type.
pub fn may_be_signalfd(fd: c_int) -> bool {
    const WANTED: &[u8] = b"anon_inode:[signalfd]";
    if file_type(fd) != Some(0) {
        return false;
    }
    let mut path = [0_u8; 32];
    let mut target = [0_u8; 64];
    // SAFETY: KERNEL; the path has room for any number, and the target for its length.
    let length = unsafe {
        libc::snprintf(path.as_mut_ptr().cast(), path.len(), text!("/proc/self/fd/%d").as_ptr(), fd);
        libc::readlink(path.as_ptr().cast(), target.as_mut_ptr().cast(), target.len())
    };
    match usize::try_from(length) {
        Ok(length) => target.get(..length) == Some(WANTED),
        Err(_) => true,
    }
}

/// Whether the descriptor is a socket.
pub fn is_socket(fd: c_int) -> bool {
    file_type(fd) == Some(libc::S_IFSOCK)
}

fn file_type(fd: c_int) -> Option<libc::mode_t> {
    let mut info = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: KERNEL; by number, since the C library's wrapper needs glibc 2.33.
    unsafe {
        let known = libc::syscall(libc::SYS_fstat, c_long::from(fd), info.as_mut_ptr()) == 0;
        known.then(|| info.assume_init().st_mode & libc::S_IFMT)
    }
}
