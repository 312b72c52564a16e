//! Signals: dispositions, masks, signalfd.

use core::ffi::{c_int, c_long};
use core::mem::MaybeUninit;
use core::ptr;

use libc::sigset_t;

use super::check;

/// One more than the highest signal number.
pub const COUNT: usize = 65;

fn empty_set() -> sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: KERNEL; sigemptyset initialises it.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    }
}

/// A set of signals from a word of bits, bit 0 being signal 1.
fn set_of(bits: u64) -> sigset_t {
    let mut set = empty_set();
    for signum in 1..COUNT as c_int {
        if bits >> (signum as u32).wrapping_sub(1) & 1 != 0 {
            // SAFETY: KERNEL.
            unsafe { libc::sigaddset(&raw mut set, signum) };
        }
    }
    set
}

/// The bit of one signal.
pub fn bit(signum: c_int) -> u64 {
    1_u64.wrapping_shl((signum as u32).wrapping_sub(1))
}

/// Installs a handler: restarting, all other signals blocked while it runs.
pub fn install(signum: c_int, handler: extern "C" fn(c_int)) {
    // SAFETY: KERNEL; all zero is a valid sigaction, and its members are set.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = handler as usize;
        libc::sigfillset(&raw mut action.sa_mask);
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(signum, &raw const action, ptr::null_mut());
    }
}

/// Back to the default disposition.
pub fn restore_default(signum: c_int) {
    // SAFETY: no pointers.
    unsafe { libc::signal(signum, libc::SIG_DFL) };
}

/// Blocks the signals of `bits`.
pub fn block(bits: u64) {
    let set = set_of(bits);
    // SAFETY: KERNEL.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut()) };
}

/// Unblocks the signals of `bits`.
pub fn unblock(bits: u64) {
    let set = set_of(bits);
    // SAFETY: KERNEL.
    unsafe { libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut()) };
}

/// A new signalfd for the signals of `bits`.
pub fn open_signalfd(bits: u64) -> Result<c_int, c_int> {
    change_signalfd(-1, bits)
}

/// Sets the signals of an existing signalfd.
pub fn change_signalfd(fd: c_int, bits: u64) -> Result<c_int, c_int> {
    let set = set_of(bits);
    // SAFETY: KERNEL.
    check(unsafe { libc::signalfd(fd, &raw const set, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC) })
}

/// The next signal that a signalfd holds.
pub fn read_signalfd(fd: c_int) -> Option<c_int> {
    let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
    let size = size_of::<libc::signalfd_siginfo>();
    match super::fd::read(fd, info.as_mut_ptr().cast(), size) {
        // SAFETY: the kernel filled the whole structure.
        Ok(got) if got == size => Some(unsafe { info.assume_init() }.ssi_signo as c_int),
        _ => None,
    }
}

/// The next child that changed its state, of those wanted by waitpid(-1): (pid, status).
pub fn reap() -> Option<(c_int, c_int)> {
    let mut status = 0;
    let flags = libc::WNOHANG | libc::WUNTRACED | libc::WCONTINUED;
    let usage: *mut libc::rusage = ptr::null_mut();
    let pid = super::uninterrupted(|| {
        // By number, since waitpid is a cancellation point, and the child must not be lost in it.
        // SAFETY: KERNEL.
        let pid =
            unsafe { libc::syscall(libc::SYS_wait4, c_long::from(-1), &raw mut status, c_long::from(flags), usage) };
        super::check_long(pid)
    });
    pid.ok().filter(|&pid| pid > 0).map(|pid| (pid, status))
}
