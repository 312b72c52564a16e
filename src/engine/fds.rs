//! The table of descriptors and the io watchers. Starts and stops only note a descriptor as changed; the backend is
//! told once per iteration, of what is different then.

use core::cell::Cell;
use core::ffi::c_int;

use super::chain::{Watchers, link, unlink};
use super::{Kind, Loop, LoopPtr};
use crate::abi::{EV__IOFDSET, EV_CUSTOM, EV_ERROR, EV_READ, EV_WRITE, ev_watcher_list};
use crate::backend::{Heat, Note};
use crate::diag;
use crate::mem::Arr;
use crate::sys;
use crate::text::text;
use crate::watcher::{InternalCallback, IoPtr, WatcherPtr};

const BOTH: c_int = EV_READ | EV_WRITE;
/// Beside `EV_ERROR` for an internal watcher: its descriptor is open, but the kernel does not poll it.
const REFUSED: c_int = EV_CUSTOM;
/// How many watchers of a descriptor are looked at to notice that one is started twice.
const LOOKED_AT: usize = 16;
/// In [`Descriptor::state`]: to be looked at before the next wait.
const CHANGED: u8 = 0x40;
/// In [`Descriptor::state`]: it may be another file now.
const NEW_FILE: u8 = EV__IOFDSET as u8;
/// From this number on a descriptor is looked at before the table grows to it: a wrong one would cost much memory.
const SUSPICIOUS: c_int = 1 << 16;

/// One descriptor. `LIST`: the chain from `head` holds active io watchers of it, newest first.
#[derive(Clone, Copy)]
struct Descriptor {
    head: *mut ev_watcher_list,
    generation: u32,
    heat: Heat,
    mask: u8,
    /// What the backend was told, and [`CHANGED`] and [`NEW_FILE`].
    state: u8,
}

const UNKNOWN: Descriptor =
    Descriptor { head: core::ptr::null_mut(), generation: 0, heat: Heat::COLD, mask: 0, state: 0 };

impl Descriptor {
    fn told(self) -> c_int {
        c_int::from(self.state) & BOTH
    }

    fn is_changed(self) -> bool {
        self.state & CHANGED != 0
    }
}

/// All descriptors, indexed by number, and which of them changed.
pub struct Table {
    all: Arr<Descriptor>,
    changes: Arr<c_int>,
    /// Watchers became pending without the backend's help: the next wait must not block.
    urgent: Cell<bool>,
}

impl Table {
    pub const fn new() -> Self {
        Self { all: Arr::new(), changes: Arr::new(), urgent: Cell::new(false) }
    }

    pub fn release(&self) {
        self.all.release();
        self.changes.release();
    }

    pub fn len(&self) -> c_int {
        self.all.len() as c_int
    }

    /// Whether the backend has yet to be told something.
    pub fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Whether the backend has yet to be told something of this one.
    pub fn is_changing(&self, fd: c_int) -> bool {
        self.get(fd).is_some_and(Descriptor::is_changed)
    }

    /// The next wait must not block.
    pub fn hurry(&self) {
        self.urgent.set(true);
    }

    pub fn take_urgent(&self) -> bool {
        self.urgent.replace(false)
    }

    fn get(&self, fd: c_int) -> Option<Descriptor> {
        if fd < 0 { None } else { self.all.get(fd as usize) }
    }

    /// The backend's note, and what the backend was told.
    #[inline]
    pub fn look(&self, fd: c_int) -> (Note, c_int) {
        let one = self.get(fd).unwrap_or(UNKNOWN);
        (Note { generation: one.generation, heat: one.heat, mask: one.mask }, one.told())
    }

    pub fn events(&self, fd: c_int) -> c_int {
        self.look(fd).1
    }

    pub fn note(&self, fd: c_int) -> Note {
        self.look(fd).0
    }

    pub fn set_note(&self, fd: c_int, note: Note) {
        if fd >= 0 {
            self.all.update(fd as usize, |one| {
                one.generation = note.generation;
                one.heat = note.heat;
                one.mask = note.mask;
            });
        }
    }

    /// The first watcher of a descriptor.
    pub fn head(&self, fd: c_int) -> *mut ev_watcher_list {
        self.get(fd).map_or(core::ptr::null_mut(), |one| one.head)
    }

    /// Whether a descriptor has this watcher and no other.
    pub fn is_only_watcher(&self, fd: c_int, w: IoPtr) -> bool {
        let mut all = Watchers::of(self.head(fd));
        all.next().is_some_and(|first| first.base() == w.base()) && all.next().is_none()
    }

    fn set_head(&self, fd: c_int, head: *mut ev_watcher_list) {
        self.all.update(fd as usize, |one| one.head = head);
    }

    #[inline(always)]
    fn note_change(&self, fd: c_int, flags: u8) {
        let listed = self.is_changing(fd);
        self.all.update(fd as usize, |one| one.state |= flags | CHANGED);
        if !listed {
            self.changes.push(fd);
        }
    }

    /// Every watcher of every list is active and of that descriptor, and no list is a circle.
    pub fn verify(&self) -> bool {
        (0..self.len()).all(|fd| {
            // Half the speed finds a circle.
            let mut slow = Watchers::of(self.head(fd));
            Watchers::of(self.head(fd)).enumerate().all(|(index, w)| {
                let behind = if index % 2 == 1 { slow.next() } else { None };
                behind != Some(w) && w.fd() == fd && w.base().is_chained()
            })
        })
    }
}

impl LoopPtr {
    #[inline(never)]
    pub fn start_io(self, w: IoPtr) {
        if w.base().is_active() {
            return;
        }
        let (fd, events) = (w.fd(), w.events());
        if fd < 0 {
            diag::fail_with(text!("ev_io_start"), text!("called with negative fd"), fd);
        }
        if events & !(EV__IOFDSET | BOTH) != 0 {
            diag::fail_with(text!("ev_io_start"), text!("called with illegal event mask"), events);
        }
        if fd >= SUSPICIOUS && fd >= self.fds.len() && !sys::fd::is_open(fd) {
            w.base().clamp_priority();
            self.feed(w.base(), EV_ERROR | BOTH);
            return;
        }
        self.fds.all.extend_to((fd as usize).wrapping_add(1), UNKNOWN);
        let head = self.fds.head(fd);
        if Watchers::of(head).take(LOOKED_AT).any(|other| other == w) {
            diag::fail_with(
                text!("ev_io_start"),
                text!("called with corrupted watcher (initialised again while it was active?), fd"),
                fd,
            );
        }
        w.set_events(events & !EV__IOFDSET);
        self.activate(Kind::Io, w.base(), 1);
        self.fds.set_head(fd, link(head, w.base()));
        self.fds.note_change(fd, events as u8 & NEW_FILE);
    }

    #[inline(never)]
    pub fn stop_io(self, w: IoPtr) {
        self.pending.clear(w.base());
        if !w.base().is_active() {
            return;
        }
        let fd = w.fd();
        if fd < 0 || fd >= self.fds.len() {
            diag::fail_with(text!("ev_io_stop"), text!("called with illegal fd (must stay constant after start)"), fd);
        }
        if !self.unlink_io(fd, w) {
            self.unlink_elsewhere(w);
        }
        self.deactivate(w.base());
        self.fds.note_change(fd, 0);
    }

    /// The program changed the descriptor while the watcher was active: it is in another chain.
    #[cold]
    #[inline(never)]
    fn unlink_elsewhere(self, w: IoPtr) {
        let found = (0..self.fds.len()).find(|&other| self.unlink_io(other, w));
        if let Some(other) = found {
            self.fds.note_change(other, 0);
        }
    }

    #[inline(always)]
    fn unlink_io(self, fd: c_int, w: IoPtr) -> bool {
        match unlink(self.fds.head(fd), w.base()) {
            Some(head) => {
                self.fds.set_head(fd, head);
                true
            }
            None => false,
        }
    }

    /// Starts a watcher of the library's own, which does not keep the loop alive.
    #[inline(never)]
    pub(super) fn start_internal_io(self, w: IoPtr, callback: InternalCallback, priority: c_int, fd: c_int) {
        w.base().init(callback, priority);
        w.set_fd(fd);
        w.set_events(EV_READ | EV__IOFDSET);
        self.start_io(w);
        self.unreference();
    }

    /// Stops it; nothing if it is not active.
    #[inline(never)]
    pub(super) fn stop_internal_io(self, w: IoPtr) {
        if w.base().is_active() {
            self.reference();
            self.stop_io(w);
        }
    }

    /// Stops it and closes its descriptor; nothing if it is not active.
    pub(super) fn close_internal_io(self, w: IoPtr) {
        if w.base().is_active() {
            let fd = w.fd();
            self.stop_internal_io(w);
            sys::fd::close(fd);
        }
    }

    /// To be called first for an internal watcher that was killed. True if its descriptor was closed under it by the
    /// program, and may be another file by now; false if the kernel refused it, when it is still ours.
    pub(super) fn lost_internal_io(self, revents: c_int) -> bool {
        self.reference();
        revents & REFUSED == 0
    }

    /// Whether the watcher is a part of the loop.
    pub(super) fn is_part_of_loop(self, w: WatcherPtr) -> bool {
        (w.raw() as usize).wrapping_sub(self.raw() as usize) < size_of::<Loop>()
    }

    /// Whether a part of the loop watches a descriptor.
    pub(super) fn is_own_descriptor(self, fd: c_int) -> bool {
        Watchers::of(self.fds.head(fd)).any(|w| self.is_part_of_loop(w.base()))
    }

    /// A descriptor is ready: its watchers become pending, each with what it asked for.
    #[inline(always)]
    fn feed_descriptor(self, head: *mut ev_watcher_list, revents: c_int, feed: impl Fn(Self, WatcherPtr, c_int)) {
        for w in Watchers::of(head) {
            let wanted = w.events() & revents;
            if wanted != 0 {
                feed(self, w.base(), wanted);
            }
        }
    }

    /// From a backend; dropped if a change was not applied yet, since it may speak of the file before.
    #[inline(always)]
    pub(super) fn report_descriptor(self, fd: c_int, revents: c_int) {
        if let Some(one) = self.fds.get(fd) {
            if !one.is_changed() {
                self.feed_descriptor(one.head, revents, Self::feed_inline);
            }
        }
    }

    /// From the program; an unknown descriptor is ignored.
    pub fn feed_fd_event(self, fd: c_int, revents: c_int) {
        self.feed_descriptor(self.fds.head(fd), revents, Self::feed);
    }

    /// Stops all watchers of a descriptor and tells them of the error.
    #[cold]
    #[inline(never)]
    pub(super) fn kill_descriptor(self, fd: c_int, error: c_int) {
        while let Some(w) = Watchers::of(self.fds.head(fd)).next() {
            // Not by the watcher's own fd, which the program may have changed.
            self.pending.clear(w.base());
            self.unlink_io(fd, w);
            self.deactivate_apart(w.base());
            self.fds.note_change(fd, 0);
            if error != libc::EBADF && self.is_part_of_loop(w.base()) {
                // Tried again or replaced after the next wait, which may block: it would be refused again at once.
                self.feed(w.base(), EV_ERROR | REFUSED);
            } else {
                self.feed(w.base(), EV_ERROR | BOTH);
                self.fds.hurry();
            }
        }
    }

    /// Looks for descriptors that are not open any more.
    pub(super) fn kill_closed_descriptors(self) {
        for fd in 0..self.fds.len() {
            if self.fds.events(fd) != 0 && !sys::fd::is_open(fd) {
                self.kill_descriptor(fd, libc::EBADF);
            }
        }
    }

    /// Gives up the watched descriptor of the program with the highest number.
    pub(super) fn kill_highest_descriptor(self) {
        let of_program = |&fd: &c_int| {
            self.fds.events(fd) != 0
                && Watchers::of(self.fds.head(fd)).next().is_some_and(|w| !self.is_part_of_loop(w.base()))
        };
        if let Some(fd) = (0..self.fds.len()).rev().find(of_program) {
            self.kill_descriptor(fd, libc::ENOMEM);
        }
    }

    /// Has every descriptor told to the backend again, as new.
    pub(super) fn rearm_descriptors(self) {
        for fd in 0..self.fds.len() {
            if self.fds.events(fd) != 0 {
                self.fds.all.update(fd as usize, |one| one.state &= !(BOTH as u8));
                self.fds.note_change(fd, NEW_FILE);
            }
        }
    }

    /// Tells the backend what is different. A descriptor that it refuses is changed once more while this runs.
    #[inline]
    pub(super) fn apply_changes(self) {
        self.notice_fork();
        self.backend.begin_changes(self);
        if self.fds.has_changes() {
            self.apply_some_changes();
        }
    }

    #[inline(never)]
    fn apply_some_changes(self) {
        let mut index = 0;
        while let Some(fd) = self.fds.changes.get(index) {
            index = index.wrapping_add(1);
            let Some(one) = self.fds.get(fd) else { continue };
            let wanted = Watchers::of(one.head).fold(0, |sum, w| sum | w.events()) & BOTH;
            self.fds.all.update(fd as usize, |one| one.state = wanted as u8);
            let fresh = one.state & NEW_FILE != 0;
            if one.told() != wanted || fresh {
                self.backend.modify(self, fd, one.told(), wanted, fresh);
            }
        }
        self.fds.changes.empty();
    }
}
