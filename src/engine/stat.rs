//! Stat watchers: lstat at an interval, and inotify so that it is seldom needed.

use core::cell::{Cell, UnsafeCell};
use core::ffi::{CStr, c_char, c_int};
use core::mem::{MaybeUninit, offset_of};
use core::ptr;

use super::chain::{Watchers, is_sound, link, unlink_from};
use super::{Kind, LoopPtr};
use crate::abi::{
    EV_ERROR, EV_MAXPRI, EV_STAT, EVFLAG_NOINOTIFY, ev_io, ev_loop, ev_stat, ev_watcher, ev_watcher_list,
};
use crate::sys;
use crate::watcher::{IoPtr, ListPtr, StatPtr, WatcherPtr, outer};

/// How often to poll if the program does not say, in seconds.
const DEFAULT_INTERVAL: f64 = 5.007_489_1;
/// The same where inotify watches the path but may miss changes that other machines make.
const REMOTE_INTERVAL: f64 = 30.107_489_1;
/// The program's interval is raised to this.
const LEAST_INTERVAL: f64 = 0.107_489_1;

/// Chains that watchers are spread over by inotify's number.
const CHAINS: usize = 16;
/// No inotify watch.
const UNWATCHED: c_int = -1;

/// Everything that can change what lstat says, of the path or of a name in the directory.
const EVENTS: u32 = libc::IN_ATTRIB
    | libc::IN_MODIFY
    | libc::IN_DELETE_SELF
    | libc::IN_MOVE_SELF
    | libc::IN_CREATE
    | libc::IN_DELETE
    | libc::IN_MOVED_FROM
    | libc::IN_MOVED_TO;
/// After these the kernel's watch is gone or watches the wrong thing.
const ENDS: u32 = libc::IN_IGNORED | libc::IN_UNMOUNT | libc::IN_DELETE_SELF;

/// File systems (statfs numbers) that only this machine changes, so that inotify sees all.
const LOCAL: [i64; 11] = [
    0xef53,      // ext2, ext3, ext4
    0x3153_464a, // jfs
    0x5265_4973, // reiserfs
    0x5846_5342, // xfs
    0x4d44,      // msdos
    0x4006,      // fat
    0x5346_544e, // ntfs
    0x1373,      // devfs
    0x0102_1994, // tmpfs
    0x8584_58f6, // ramfs
    0x9123_683e, // btrfs
];

/// The stat watchers of a loop, and its inotify descriptor.
pub struct Paths {
    /// `LIST`s of stat watchers: by inotify number, in the first if there is none.
    chains: [Cell<*mut ev_watcher_list>; CHAINS],
    tried: Cell<bool>,
    watcher: UnsafeCell<ev_io>,
}

impl Paths {
    pub const fn new(blank: ev_io) -> Self {
        Self {
            chains: [const { Cell::new(ptr::null_mut()) }; CHAINS],
            tried: Cell::new(false),
            watcher: UnsafeCell::new(blank),
        }
    }

    fn chain(&self, watch: c_int) -> Option<&Cell<*mut ev_watcher_list>> {
        self.chains.get(if watch < 0 { 0 } else { watch as usize % CHAINS })
    }
}

/// The stat watchers of a chain.
fn watchers(head: *mut ev_watcher_list) -> impl Iterator<Item = StatPtr> {
    // SAFETY: only start_stat puts watchers into these chains.
    Watchers::of(head).map(|w| unsafe { StatPtr::from_base(w.base()) })
}

/// Whether the members that the manual names differ; times count in whole seconds. Of a missing path there are no others:
/// the program's memory may hold anything there.
fn differ(a: &libc::stat, b: &libc::stat) -> bool {
    if a.st_nlink == 0 && b.st_nlink == 0 {
        return false;
    }
    a.st_nlink != b.st_nlink
        || a.st_dev != b.st_dev
        || a.st_ino != b.st_ino
        || a.st_mode != b.st_mode
        || a.st_uid != b.st_uid
        || a.st_gid != b.st_gid
        || a.st_rdev != b.st_rdev
        || a.st_size != b.st_size
        || a.st_atime != b.st_atime
        || a.st_mtime != b.st_mtime
        || a.st_ctime != b.st_ctime
}

/// Watches the nearest directory above `path` that exists.
///
/// # Safety
/// `path` is a string.
unsafe fn watch_parent(fd: c_int, path: *const c_char) -> c_int {
    let mut above = [0_u8; libc::PATH_MAX as usize];
    // SAFETY: as the caller promises.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes();
    let Some(room) = above.get_mut(..bytes.len()).filter(|_| bytes.len() < libc::PATH_MAX as usize) else {
        return UNWATCHED;
    };
    room.copy_from_slice(bytes);
    let mut len = bytes.len();
    while let Some(slash) = bytes.get(..len).and_then(|rest| rest.iter().rposition(|&byte| byte == b'/')) {
        len = slash;
        // The root keeps its slash.
        if let Some(end) = above.get_mut(slash.max(1)) {
            *end = 0;
        }
        // SAFETY: ends with a zero.
        match unsafe { sys::path::add_watch(fd, above.as_ptr().cast(), EVENTS) } {
            Ok(watch) => return watch,
            Err(libc::ENOENT | libc::EACCES) if slash > 0 => {}
            Err(_) => return UNWATCHED,
        }
    }
    UNWATCHED
}

impl LoopPtr {
    fn inotify_watcher(self) -> IoPtr {
        // SAFETY: LOOP; a place within it is not null.
        unsafe { IoPtr::new(self.paths.watcher.get()) }
    }

    fn inotify(self) -> Option<c_int> {
        let w = self.inotify_watcher();
        if w.base().is_active() { Some(w.fd()) } else { None }
    }

    /// At the first stat watcher. Without it paths are polled.
    fn open_inotify(self) {
        if self.paths.tried.get() {
            return;
        }
        self.paths.tried.set(true);
        if self.run.has_flag(EVFLAG_NOINOTIFY) {
            return;
        }
        if let Ok(fd) = sys::path::inotify() {
            self.start_internal_io(self.inotify_watcher(), paths_changed, EV_MAXPRI, fd);
        }
    }

    fn close_inotify(self) {
        self.close_internal_io(self.inotify_watcher());
        self.paths.tried.set(false);
    }

    /// At destroy.
    pub(super) fn shut_paths(self) {
        self.close_inotify();
    }

    /// After a fork: the descriptor is shared with the parent, so a new one, and all watches again.
    pub(super) fn renew_paths(self) {
        if self.inotify().is_some() {
            self.close_inotify();
            self.rewatch_all();
        }
    }

    fn rewatch_all(self) {
        self.open_inotify();
        let mut all = self.take_chains();
        while let Some(w) = watchers(all).next() {
            // SAFETY: a stat watcher begins as a list watcher does.
            all = unsafe { ListPtr::from_base(w.base()) }.next();
            self.watch(w);
            // What came by the old descriptor, or before there was a new one, is not told any more.
            if self.look(w) {
                self.fds.hurry();
            }
        }
    }

    /// All stat watchers in one chain.
    fn take_chains(self) -> *mut ev_watcher_list {
        let mut all = ptr::null_mut();
        for chain in &self.paths.chains {
            let mut here = chain.replace(ptr::null_mut());
            while !here.is_null() {
                // SAFETY: LIST.
                let entry = unsafe { ListPtr::new(here) };
                here = entry.next();
                entry.set_next(all);
                all = entry.raw();
            }
        }
        all
    }

    pub fn start_stat(self, w: StatPtr) {
        if w.base().is_active() {
            return;
        }
        let interval = w.interval();
        if interval != 0.0 && interval < LEAST_INTERVAL {
            w.set_interval(LEAST_INTERVAL);
        }
        w.timer().base().init(time_to_look, w.base().priority());
        w.timer().set_at(0.0);
        w.timer().set_repeat(0.0);
        self.open_inotify();
        self.activate_apart(Kind::Stat, w.base(), 1);
        self.watch(w);
        // After the watch, so that no change falls between.
        self.stat_stat(w);
    }

    pub fn stop_stat(self, w: StatPtr) {
        self.pending.clear(w.base());
        if !w.base().is_active() {
            return;
        }
        self.unwatch(w);
        self.poll_at(w, 0.0);
        self.deactivate_apart(w.base());
    }

    /// Reads the path's attributes now. A failure is a link count of 0.
    pub fn stat_stat(self, w: StatPtr) {
        let place = w.attr_place();
        // SAFETY: WATCHER; the program keeps the path, and the attributes are a place within the watcher.
        unsafe {
            let links = &raw mut (*place).st_nlink;
            match sys::path::lstat(w.path(), place) {
                Ok(_) => links.write(links.read().max(1)),
                Err(_) => links.write(0),
            }
        }
    }

    /// Has inotify watch the path, or a directory above it, and polls it as often as that leaves changes unseen.
    fn watch(self, w: StatPtr) {
        let asked = w.interval();
        let or = |default: f64| if asked == 0.0 { default } else { asked };
        let (watch, interval) = match self.inotify() {
            None => (UNWATCHED, or(DEFAULT_INTERVAL)),
            Some(fd) => {
                // SAFETY: WATCHER; the program keeps the path.
                match unsafe { sys::path::add_watch(fd, w.path(), EVENTS | libc::IN_DONT_FOLLOW) } {
                    // SAFETY: as above.
                    Ok(watch) => match unsafe { sys::path::file_system(w.path()) } {
                        Some(kind) if LOCAL.contains(&(kind & 0xffff_ffff)) => (watch, 0.0),
                        _ => (watch, or(REMOTE_INTERVAL)),
                    },
                    // SAFETY: as above.
                    Err(libc::ENOENT | libc::EACCES) => (unsafe { watch_parent(fd, w.path()) }, or(DEFAULT_INTERVAL)),
                    Err(_) => (UNWATCHED, or(DEFAULT_INTERVAL)),
                }
            }
        };
        w.set_wd(watch);
        if let Some(chain) = self.paths.chain(watch) {
            chain.set(link(chain.get(), w.base()));
        }
        self.poll_at(w, interval);
    }

    /// Takes the watcher out of its chain, and ends the kernel's watch unless another watcher has the same.
    fn unwatch(self, w: StatPtr) {
        let own = self.paths.chain(w.wd());
        unlink_from(own.into_iter().chain(&self.paths.chains), w.base());
        let watch = w.wd();
        w.set_wd(UNWATCHED);
        let Some(fd) = self.inotify().filter(|_| watch >= 0) else { return };
        let shared = self.paths.chain(watch).is_some_and(|chain| watchers(chain.get()).any(|w| w.wd() == watch));
        if !shared {
            sys::path::remove_watch(fd, watch);
        }
    }

    /// Sets the interval of the timer within, 0 to stop it. The timer does not count as active.
    fn poll_at(self, w: StatPtr, interval: f64) {
        let timer = w.timer();
        if timer.base().is_active() {
            self.reference();
        }
        timer.set_repeat(interval);
        self.again_timer(timer);
        if timer.base().is_active() {
            self.unreference();
        }
    }

    /// Reads the attributes and queues the watcher if they are different. Whether they are.
    #[inline(never)]
    fn look(self, w: StatPtr) -> bool {
        let before = w.attr();
        self.stat_stat(w);
        if !differ(&before, &w.attr()) {
            return false;
        }
        w.set_prev(before);
        if self.inotify().is_some() {
            // The path may be another file now, or have appeared, or be gone.
            self.unwatch(w);
            self.watch(w);
            // What happened between the look and the watch.
            self.stat_stat(w);
        }
        self.feed(w.base(), EV_STAT);
        true
    }

    /// One event of inotify; `watch` -1 means that events were lost.
    fn path_event(self, watch: c_int, mask: u32) {
        if watch < 0 {
            // Among those lost may be the end of a watch.
            self.rewatch_all();
            return;
        }
        for chain in &self.paths.chains {
            let mut next = chain.get();
            while let Some(w) = watchers(next).next() {
                // Read before the watcher moves to another chain.
                // SAFETY: a stat watcher begins as a list watcher does.
                next = unsafe { ListPtr::from_base(w.base()) }.next();
                if w.wd() != watch {
                    continue;
                }
                if mask & ENDS != 0 {
                    self.unwatch(w);
                    self.watch(w);
                }
                self.look(w);
            }
        }
    }

    /// The heads of the chains.
    pub(super) fn path_chains(self) -> impl Iterator<Item = *mut ev_watcher_list> {
        (0..CHAINS as c_int).filter_map(move |number| self.paths.chain(number).map(Cell::get))
    }

    pub(super) fn verify_paths(self) -> bool {
        self.path_chains().all(is_sound)
    }
}

/// Whether a timer is the one within a stat watcher.
pub fn is_inner_timer(w: WatcherPtr) -> bool {
    w.calls(time_to_look)
}

/// The callback of the timer within a stat watcher.
unsafe extern "C-unwind" fn time_to_look(raw: *mut ev_loop, inner: *mut ev_watcher, _: c_int) {
    // SAFETY: LOOP; the watcher is the `timer` of an active stat watcher.
    let (lp, w) = unsafe { (LoopPtr::new(raw), StatPtr::new(outer(inner, offset_of!(ev_stat, timer)))) };
    lp.look(w);
}

/// The callback of inotify's watcher.
unsafe extern "C-unwind" fn paths_changed(raw: *mut ev_loop, _: *mut ev_watcher, revents: c_int) {
    /// Room for one event with the longest name, and for many with usual ones.
    const ROOM: usize = 4096;
    #[repr(C, align(8))]
    struct Buffer([MaybeUninit<u8>; ROOM]);

    // SAFETY: LOOP, called by it.
    let lp = unsafe { LoopPtr::new(raw) };
    if revents & EV_ERROR != 0 {
        if lp.lost_internal_io(revents) {
            lp.paths.tried.set(false);
        } else {
            // The kernel does not poll it: paths are polled instead.
            sys::fd::close(lp.inotify_watcher().fd());
        }
        lp.rewatch_all();
        return;
    }
    let Some(fd) = lp.inotify() else { return };
    let mut buffer = Buffer([MaybeUninit::uninit(); ROOM]);
    let base: *const u8 = buffer.0.as_mut_ptr().cast();
    let Ok(filled) = sys::fd::read(fd, buffer.0.as_mut_ptr().cast(), ROOM) else { return };
    let mut at = 0_usize;
    while filled.saturating_sub(at) >= size_of::<libc::inotify_event>() {
        // SAFETY: the kernel filled whole events, each aligned by padding its name.
        let event = unsafe { base.add(at).cast::<libc::inotify_event>().read() };
        lp.path_event(event.wd, event.mask);
        at = at.wrapping_add(size_of::<libc::inotify_event>()).wrapping_add(event.len as usize);
    }
}
