//! The system calls that backends and engine make, and how they can fail.

use libc::*;

pub const BACKENDS: &[(&str, u32)] =
    &[("select", 0x01), ("poll", 0x02), ("epoll", 0x04), ("linuxaio", 0x40), ("iouring", 0x80)];

pub struct Call {
    pub name: &'static str,
    pub number: c_long,
    /// Only calls of which an argument, from 0, has this value.
    pub only_if: Option<(i32, i64)>,
    /// Of the loop.
    pub flags: u32,
    /// How often it is made depends on who is quicker: its first time alone can be counted on.
    pub by_chance: bool,
    pub errors: &'static [(&'static str, i32)],
}

const EVFLAG_SIGNALFD: u32 = 0x0020_0000;

macro_rules! errors {
    ($($name:ident)*) => { &[$((stringify!($name), $name)),*] };
}

const fn call(name: &'static str, number: c_long, errors: &'static [(&'static str, i32)]) -> Call {
    Call { name, number, only_if: None, flags: 0, by_chance: false, errors }
}

const fn control(name: &'static str, operation: c_int, errors: &'static [(&'static str, i32)]) -> Call {
    Call { name, number: SYS_epoll_ctl, only_if: Some((1, operation as i64)), flags: 0, by_chance: false, errors }
}

const fn by_chance(call: Call) -> Call {
    Call { by_chance: true, ..call }
}

const fn with_signalfd(call: Call) -> Call {
    Call { flags: EVFLAG_SIGNALFD, ..call }
}

pub const CALLS: &[Call] = &[
    #[cfg(target_arch = "x86_64")]
    call("select", SYS_select, errors![EINTR ENOMEM EINVAL EBADF ENOSYS EPERM]),
    call("pselect6", SYS_pselect6, errors![EINTR ENOMEM EINVAL EBADF ENOSYS EPERM]),
    #[cfg(target_arch = "x86_64")]
    call("poll", SYS_poll, errors![EINTR ENOMEM EINVAL ENOSYS EPERM]),
    call("ppoll", SYS_ppoll, errors![EINTR ENOMEM EINVAL ENOSYS EPERM]),
    call("epoll_create1", SYS_epoll_create1, errors![EMFILE ENFILE ENOMEM ENOSYS EPERM]),
    control("epoll_ctl ADD", EPOLL_CTL_ADD, errors![ENOMEM ENOSPC EPERM ELOOP EINVAL EBADF]),
    control("epoll_ctl MOD", EPOLL_CTL_MOD, errors![ENOMEM ENOENT EBADF]),
    control("epoll_ctl DEL", EPOLL_CTL_DEL, errors![ENOENT EBADF]),
    call("epoll_pwait2", SYS_epoll_pwait2, errors![EINTR EINVAL EBADF EFAULT ENOSYS EPERM]),
    call("io_setup", SYS_io_setup, errors![EAGAIN ENOMEM EINVAL ENOSYS EPERM]),
    call("io_submit", SYS_io_submit, errors![EAGAIN EINVAL EFAULT EINTR ENOSYS EPERM]),
    call("io_getevents", SYS_io_getevents, errors![EINTR EINVAL EFAULT ENOSYS EPERM]),
    call("io_cancel", SYS_io_cancel, errors![EAGAIN EINVAL EFAULT ENOSYS EPERM]),
    call("io_destroy", SYS_io_destroy, errors![EINVAL ENOSYS EPERM]),
    call("io_uring_setup", SYS_io_uring_setup, errors![EAGAIN EMFILE ENFILE ENOMEM EINVAL ENOSYS EPERM]),
    call("io_uring_enter", SYS_io_uring_enter, errors![EAGAIN EBUSY EINVAL EFAULT EINTR EEXIST ENOMEM ENOSYS EPERM]),
    call("eventfd2", SYS_eventfd2, errors![EMFILE ENFILE ENOMEM ENODEV ENOSYS EPERM]),
    call("read", SYS_read, errors![EINTR EAGAIN]),
    by_chance(call("write", SYS_write, errors![EINTR])),
    with_signalfd(call("signalfd4", SYS_signalfd4, errors![EMFILE ENFILE ENOMEM ENODEV ENOSYS EPERM])),
    call("timerfd_create", SYS_timerfd_create, errors![EMFILE ENFILE ENOMEM ENODEV ENOSYS EPERM]),
    call("timerfd_settime", SYS_timerfd_settime, errors![EINVAL ECANCELED ENOSYS EPERM]),
    call("inotify_init1", SYS_inotify_init1, errors![EMFILE ENFILE ENOMEM ENOSYS EPERM]),
    call("inotify_add_watch", SYS_inotify_add_watch, errors![ENOSPC ENOMEM EACCES ENOENT ENOSYS EPERM]),
    call("statfs", SYS_statfs, errors![EIO ENOSYS EPERM]),
    call("madvise", SYS_madvise, errors![EINVAL ENOSYS EPERM]),
    call("dup3", SYS_dup3, errors![EBUSY EMFILE]),
    call("wait4", SYS_wait4, errors![EINTR]),
];

/// Which of the calls fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    First,
    Second,
    Late,
    /// What a sandbox or an old kernel does.
    Always,
}

impl When {
    pub fn of(call: &Call, error: i32) -> &'static [Self] {
        if call.by_chance {
            return &[When::First];
        }
        const ONE: &[When] = &[When::First, When::Second, When::Late];
        const ALL: &[When] = &[When::First, When::Second, When::Late, When::Always];
        if error == ENOSYS || error == EPERM { ALL } else { ONE }
    }

    /// How many calls are good first, and how many fail then; -1: all.
    pub fn skip_and_times(self) -> (i32, i32) {
        match self {
            Self::First => (0, 1),
            Self::Second => (1, 1),
            Self::Late => (5, 1),
            Self::Always => (0, -1),
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::First => "1st",
            Self::Second => "2nd",
            Self::Late => "6th",
            Self::Always => "all",
        }
    }
}
