//! epoll: the kernel keeps the set of descriptors.
//!
//! The set belongs to open files, not to descriptors, so it can be out of step with what the program sees: a closed
//! descriptor whose file lives on elsewhere still reports. Each registration carries a generation, and an event of an
//! older one has the set rebuilt. Nothing is removed before it reports something that nobody wants.
//!
//! As a loop's own backend it lets poll(2) have the descriptors that are ready all the time: see `hot`.

use core::cell::Cell;
use core::ffi::c_int;

use libc::{EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, epoll_event};

use super::hot::{self, Hot};
use super::luck::Luck;
use super::{Host, Note, PATIENCE};
use crate::abi::{EV_READ, EV_WRITE};
use crate::checking;
use crate::mem::Arr;
use crate::sys;
use crate::text::text;

/// In [`Note::mask`]: a file that the kernel refuses to poll since it is always ready, as regular files are.
const ALWAYS_READY: u8 = 0x80;
/// Whether the set knows a descriptor of this [`Note::mask`].
fn in_set(mask: u8) -> bool {
    mask != 0 && mask & (ALWAYS_READY | hot::MEMBER) == 0
}

/// Room for events at first; doubled whenever the kernel fills it.
const FIRST_ROOM: usize = 64;

/// With so many steady descriptors a system call of their own is made up for: it costs what eight events save.
const CROWD: usize = 8;

const NO_EVENT: epoll_event = epoll_event { events: 0, u64: 0 };

/// State of the backend; also the linuxaio backend's part for descriptors that it can't poll itself.
pub struct Epoll {
    set: Cell<c_int>,
    events: Arr<epoll_event>,
    /// Descriptors marked [`ALWAYS_READY`]; those that are not any more leave after the next wait.
    always_ready: Arr<c_int>,
    /// Descriptors that are not in the set though something is wanted of them.
    hot: Hot,
    /// How many descriptors the set holds, or more: closed ones leave it unnoticed.
    registered: Cell<u32>,
    /// For asking without a time-out, which is cheaper, before a wait.
    glances: Luck,
}

fn events_of(wanted: c_int) -> u32 {
    (if wanted & EV_READ != 0 { EPOLLIN as u32 } else { 0 })
        | (if wanted & EV_WRITE != 0 { EPOLLOUT as u32 } else { 0 })
}

/// A descriptor and a generation in the word that comes back with an event.
pub fn pack(fd: c_int, generation: u32) -> u64 {
    u64::from(fd as u32) | u64::from(generation) << 32
}

impl Epoll {
    pub const fn new() -> Self {
        Self {
            set: Cell::new(-1),
            events: Arr::new(),
            always_ready: Arr::new(),
            hot: Hot::new(CROWD, true),
            registered: Cell::new(0),
            glances: Luck::new(),
        }
    }

    /// Makes the kernel's set; false where there is none to be had.
    pub fn open(&self) -> bool {
        match sys::poll::epoll_create() {
            Ok(set) => {
                self.set.set(set);
                true
            }
            Err(error) => {
                checking::tell(text!("no epoll: epoll_create1 failed"), error);
                false
            }
        }
    }

    pub fn descriptor(&self) -> c_int {
        self.set.get()
    }

    /// The descriptor of the set, of which somebody waits from now on: it holds all there is.
    pub fn lend_descriptor<H: Host>(&self, host: H) -> c_int {
        self.hot.close();
        if host.is_rebuild_due() {
            // The set may be a forked child's parent's; a new one gets all.
            self.hot.forget(host);
        } else {
            self.cool(host);
        }
        self.set.get()
    }

    /// Before changes are told.
    pub fn begin_changes<H: Host>(&self, host: H) {
        // Between release and acquire other threads may change what is asked for.
        if !self.hot.is_empty() && (host.lends_itself() || self.hot.is_idle(host)) {
            self.cool(host);
        }
    }

    #[cold]
    #[inline(never)]
    fn cool<H: Host>(&self, host: H) {
        self.hot.empty(host);
        self.take_back(host);
    }

    /// What is wanted of a descriptor changed, or it may be another file (`fresh`): in the loop's own backend.
    pub fn modify<H: Host>(&self, host: H, fd: c_int, new: c_int, fresh: bool) {
        let note = host.note(fd);
        if note.mask & hot::MEMBER != 0 {
            self.hot.modified(fd, note, new, fresh);
        } else if new == 0 {
            // It stays until it disturbs.
        } else if note.mask == 0 && fresh && !host.is_own(fd) && self.hot.wants_new(host) {
            self.hot.admit_new(host, fd, note);
        } else if in_set(note.mask) && self.hot.wants(host, fd, note) {
            self.heat_up(host, fd, note, fresh);
        } else {
            self.register(host, fd, new);
        }
    }

    /// A steady descriptor leaves the set.
    fn heat_up<H: Host>(&self, host: H, fd: c_int, note: Note, fresh: bool) {
        // ENOENT and EBADF mean that the file is gone from the set or lives on elsewhere, which the generation will tell.
        let _ = sys::poll::epoll_control(self.set.get(), EPOLL_CTL_DEL, fd, 0, 0);
        self.count(note.mask, 0);
        self.hot.admit(host, fd, note, fresh);
    }

    /// Keeps count of what the set holds.
    fn count(&self, old: u8, new: u8) {
        let change = u32::from(in_set(new)).wrapping_sub(u32::from(in_set(old)));
        self.registered.set(self.registered.get().wrapping_add(change));
    }

    /// Has the set report `new` of a descriptor. False if the kernel refused it and its watchers were told.
    pub fn register<H: Host>(&self, host: H, fd: c_int, new: c_int) -> bool {
        let note = host.note(fd);
        if new == 0 {
            return true;
        }
        let known = note.mask != 0 && note.mask != ALWAYS_READY;
        let unchanged = known && note.mask == new as u8;
        let generation = note.generation.wrapping_add(1);
        let control =
            |operation| sys::poll::epoll_control(self.set.get(), operation, fd, events_of(new), pack(fd, generation));
        // Usually the first call is enough. Whether a file is still the one that is registered for these very events is
        // asked by adding it: the refusal is cheaper than a modification that changes nothing.
        let result = match control(if known && !unchanged { EPOLL_CTL_MOD } else { EPOLL_CTL_ADD }) {
            Err(libc::EEXIST) if unchanged => return true,
            Err(libc::EEXIST) => control(EPOLL_CTL_MOD),
            Err(libc::ENOENT) if known => match control(EPOLL_CTL_ADD) {
                Err(libc::EEXIST) => control(EPOLL_CTL_MOD),
                result => result,
            },
            result => result,
        };
        let set_mask = |mask| {
            self.count(note.mask, mask);
            host.set_note(fd, Note { generation, mask, ..note });
        };
        match result {
            Ok(()) => set_mask(new as u8),
            Err(libc::EPERM) => {
                set_mask(ALWAYS_READY);
                // It keeps the place that it has from before a stop.
                if self.place_of_always_ready(fd).is_none() {
                    self.always_ready.push(fd);
                }
            }
            Err(error) => {
                set_mask(0);
                host.kill(fd, error);
                return false;
            }
        }
        true
    }

    /// Takes a descriptor out of the set at once, for the linuxaio backend. It may be closed already.
    pub fn remove<H: Host>(&self, host: H, fd: c_int) {
        let note = host.note(fd);
        if note.mask == ALWAYS_READY {
            self.forget_always_ready(fd);
        } else if note.mask != 0 {
            // A failure means that the file is gone from the set, which is what is wanted.
            let _ = sys::poll::epoll_control(self.set.get(), EPOLL_CTL_DEL, fd, 0, 0);
        }
        self.count(note.mask, 0);
        // Should the file live on in the set, its events are known as stale.
        host.set_note(fd, Note { generation: note.generation.wrapping_add(1), mask: 0, ..note });
    }

    fn place_of_always_ready(&self, fd: c_int) -> Option<usize> {
        (0..self.always_ready.len()).find(|&place| self.always_ready.get(place) == Some(fd))
    }

    fn forget_always_ready(&self, fd: c_int) {
        if let Some(place) = self.place_of_always_ready(fd) {
            self.always_ready.swap_remove(place);
        }
    }

    /// Whether a wait would find something without asking the kernel.
    pub fn has_always_ready(&self) -> bool {
        !self.always_ready.is_empty()
    }

    pub fn wait<H: Host>(&self, host: H, seconds: f64) {
        self.make_room();
        self.hot.begin_turn();
        let ready = !self.hot.is_empty() && self.ask_hot(host);
        let seconds = if ready || self.has_always_ready() { 0.0 } else { seconds };
        if seconds > 0.0 || self.must_look(host) {
            host.release();
            let result = super::ask_eagerly(&self.glances, seconds, |seconds| self.ask(seconds));
            host.acquire();
            self.handle(host, result);
        }
        self.hot.report_all(host);
        if self.has_always_ready() {
            self.handle_always_ready(host);
        }
    }

    /// Whether a turn that does not wait must look at the set: seldom if all that it holds is there to end a wait.
    fn must_look<H: Host>(&self, host: H) -> bool {
        self.registered.get() > u32::from(host.waker() >= 0)
            || self.hot.turn() % PATIENCE == 0
            || self.hot.is_closed()
            || host.lends_itself()
    }

    /// Whether the wait must not block.
    #[inline(never)]
    fn ask_hot<H: Host>(&self, host: H) -> bool {
        let ready = self.hot.ask(host);
        self.take_back(host) || ready
    }

    /// Members that left. Whether the kernel refused one and its watchers were told.
    #[inline(never)]
    fn take_back<H: Host>(&self, host: H) -> bool {
        let mut refused = false;
        while let Some((fd, wanted)) = self.hot.next_leaver() {
            refused |= !self.register(host, fd, wanted);
        }
        refused
    }

    /// As a wait of no time, within another backend's wait: the release and acquire callbacks are not called.
    pub fn wait_quietly<H: Host>(&self, host: H) {
        self.make_room();
        self.handle(host, self.ask(0.0));
        self.handle_always_ready(host);
    }

    fn make_room(&self) {
        self.events.extend_to(FIRST_ROOM, NO_EVENT);
    }

    #[inline(always)]
    fn ask(&self, seconds: f64) -> Result<c_int, c_int> {
        // SAFETY: the array holds that many elements.
        unsafe { sys::poll::wait_epoll(self.set.get(), self.events.as_ptr(), self.events.len(), seconds) }
    }

    fn handle<H: Host>(&self, host: H, result: Result<c_int, c_int>) {
        match result {
            Ok(count) => {
                let count = count as usize;
                let mut steady = 0_usize;
                for index in 0..count {
                    if let Some(event) = self.events.get(index) {
                        steady = steady.wrapping_add(usize::from(self.report(host, event)));
                    }
                }
                if self.hot.wants_crowd(host, steady) {
                    self.heat_up_steady(host, count);
                }
                if count == self.events.len() {
                    self.events.extend_to(count.saturating_mul(2), NO_EVENT);
                }
            }
            Err(libc::EINTR) => {}
            Err(error) => host.syserr(text!("(libev) epoll_wait"), error),
        }
    }

    /// Of the events of this turn.
    #[inline(never)]
    fn heat_up_steady<H: Host>(&self, host: H, count: usize) {
        for index in 0..count {
            let Some(event) = self.events.get(index) else { return };
            let fd = event.u64 as u32 as c_int;
            let note = host.note(fd);
            if in_set(note.mask) && self.hot.wants(host, fd, note) {
                self.heat_up(host, fd, note, false);
            }
        }
    }

    fn handle_always_ready<H: Host>(&self, host: H) {
        for index in (0..self.always_ready.len()).rev() {
            let Some(fd) = self.always_ready.get(index) else { continue };
            let (note, wanted) = host.look(fd);
            if note.mask == ALWAYS_READY && wanted != 0 {
                host.report(fd, wanted);
                continue;
            }
            // Stopped, or another file since.
            self.always_ready.swap_remove(index);
            if note.mask == ALWAYS_READY {
                host.set_note(fd, Note { mask: 0, ..note });
            }
        }
    }

    /// Whether it is of a steady descriptor.
    #[inline(always)]
    fn report<H: Host>(&self, host: H, event: epoll_event) -> bool {
        let (reported, data) = (event.events, event.u64);
        let fd = data as u32 as c_int;
        let (note, wanted) = host.look(fd);
        if note.generation != (data >> 32) as u32 {
            // Of a file that was known by this number before and lives on: only a new set is without it.
            host.request_rebuild();
            return false;
        }
        let heat = note.heat.ready(self.hot.turn());
        let any = |bits: c_int| reported & bits as u32 != 0;
        let revents = super::revents_of(any(EPOLLIN), any(EPOLLOUT), any(EPOLLERR | EPOLLHUP));
        if revents & !wanted != 0 {
            // Left in the set when it was stopped: now that it disturbs, it is put right. A hang-up may be of a file that
            // had this number before, which this tells.
            let operation = if wanted == 0 { EPOLL_CTL_DEL } else { EPOLL_CTL_MOD };
            if sys::poll::epoll_control(self.set.get(), operation, fd, events_of(wanted), data).is_err() {
                host.request_rebuild();
                return false;
            }
            self.count(note.mask, wanted as u8);
            host.set_note(fd, Note { mask: wanted as u8, heat, ..note });
        } else {
            host.set_note(fd, Note { heat, ..note });
        }
        self.hot.report_older(host, heat.streak());
        host.report(fd, revents);
        heat.is_steady(self.hot.turn())
    }

    /// A new set in place of the old one, which a forked child shares with its parent.
    pub fn rebuild<H: Host>(&self, host: H) {
        sys::fd::close(self.set.replace(-1));
        while !self.open() {
            host.syserr(text!("(libev) epoll_create"), sys::errno());
        }
        self.registered.set(0);
        self.hot.forget(host);
        self.forget_all(host);
        host.rearm_all();
    }

    /// Nothing is registered in a new set.
    fn forget_all<H: Host>(&self, host: H) {
        for index in (0..self.always_ready.len()).rev() {
            // Those that are stopped leave after the next wait.
            if self.always_ready.get(index).is_some_and(|fd| host.wanted(fd) != 0) {
                self.always_ready.swap_remove(index);
            }
        }
        for fd in 0..host.descriptors() {
            let (note, wanted) = host.look(fd);
            if note.mask != 0 && (note.mask != ALWAYS_READY || wanted != 0) {
                host.set_note(fd, Note { mask: 0, ..note });
            }
        }
    }

    pub fn close(&self) {
        sys::fd::close(self.set.replace(-1));
        self.events.release();
        self.always_ready.release();
        self.hot.release();
    }
}
