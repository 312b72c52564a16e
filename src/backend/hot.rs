//! Descriptors that poll(2) is asked for directly, beside the set or the ring of a backend: those that were ready every time
//! of late, and with epoll new ones once. While they are ready the kernel need not know of them, nor of what changes.
//!
//! HOT: [`MEMBER`] stands in the note of a descriptor if and only if it is in the array, where it is once.

use core::cell::Cell;
use core::ffi::c_int;

use libc::{POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDNORM, POLLWRNORM, pollfd};

use super::luck::Luck;
use super::{Host, Note, poll_bits};
use crate::abi::{EV_READ, EV_WRITE};
use crate::mem::Arr;
use crate::sys;

/// In [`Note::mask`].
pub const MEMBER: u8 = 0x40;
/// In the mask of a member that was not asked for yet.
const YOUNG: u8 = 0x20;

/// In the mask of a member: what was last asked for.
const BOTH: c_int = EV_READ | EV_WRITE;

/// No more members than that.
const LIMIT: usize = 16384;
/// With so many there are no new ones: those may never be ready.
const NEW_LIMIT: usize = 1024;
/// In turns: how long fewer than [`Hot::crowd`] stay about which nothing changes.
const UNCHANGED: u32 = 16;

/// Less than any streak.
const YOUNGEST: i32 = -1;

/// What poll says of files that can't be polled, and of some sockets. New members are asked for all of it.
const UNPOLLABLE: i16 = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

/// The members, and when to have more.
pub struct Hot {
    /// So many are worth a system call of their own also if nothing changes about them.
    crowd: usize,
    /// As in epoll's set, what is stopped disturbs once before it leaves, and of what is closed under its watcher nothing
    /// is heard.
    like_a_set: bool,
    members: Arr<pollfd>,
    /// The turn before the first in which each of them was ready again and again.
    since: Arr<u32>,
    /// Those that left, with room for all members; how many they are, and how many of them were taken.
    leavers: Arr<(c_int, c_int)>,
    left: Cell<usize>,
    taken: Cell<usize>,
    /// Members that the program said may be other files than before, since they were asked for.
    fresh: Arr<c_int>,
    /// The members must be looked at one by one: what is wanted of some changed, or they are new.
    dirty: Cell<bool>,
    turn: Cell<u32>,
    /// There are members that were not asked for yet.
    young: Cell<bool>,
    /// Members below were reported in this turn, those from here on were found ready.
    reported: Cell<usize>,
    /// For new descriptors. All of a turn are treated alike, which keeps their order.
    luck: Luck,
    tries: Cell<Option<bool>>,
    /// In how many turns in a row they were few and nothing changed about any of them.
    unchanged: Cell<u32>,
    /// Nobody may become a member any more.
    closed: Cell<bool>,
}

impl Hot {
    pub const fn new(crowd: usize, like_a_set: bool) -> Self {
        Self {
            crowd,
            like_a_set,
            members: Arr::new(),
            since: Arr::new(),
            leavers: Arr::new(),
            left: Cell::new(0),
            taken: Cell::new(0),
            fresh: Arr::new(),
            dirty: Cell::new(false),
            turn: Cell::new(0),
            young: Cell::new(false),
            reported: Cell::new(0),
            luck: Luck::new(),
            tries: Cell::new(None),
            unchanged: Cell::new(0),
            closed: Cell::new(false),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether there can be no members any more.
    pub fn is_closed(&self) -> bool {
        self.closed.get()
    }

    pub fn begin_turn(&self) {
        self.turn.set(self.turn.get().wrapping_add(1));
        self.tries.set(None);
    }

    pub fn turn(&self) -> u32 {
        self.turn.get()
    }

    /// Whether a descriptor that the kernel would be told of should become a member since it is steady.
    #[inline(never)]
    pub fn wants<H: Host>(&self, host: H, fd: c_int, note: Note) -> bool {
        note.heat.is_steady(self.turn()) && self.has_room(host) && !host.is_own(fd)
    }

    /// Whether a new descriptor should become a member, to be asked for once.
    pub fn wants_new<H: Host>(&self, host: H) -> bool {
        if self.members.len() >= NEW_LIMIT || !self.has_room(host) {
            return false;
        }
        let tries = self.tries.get().unwrap_or_else(|| self.luck.try_it());
        self.tries.set(Some(tries));
        tries
    }

    /// Whether so many steady descriptors should become members.
    pub fn wants_crowd<H: Host>(&self, host: H, count: usize) -> bool {
        // In another backend's epoll set there are no turns.
        self.turn() != 0 && count != 0 && count.wrapping_add(self.members.len()) >= self.crowd && self.has_room(host)
    }

    fn has_room<H: Host>(&self, host: H) -> bool {
        // Between release and acquire other threads may change the loop.
        self.members.len() < LIMIT && !self.closed.get() && !host.lends_itself()
    }

    /// A steady descriptor becomes a member; the kernel's set does not know it any more. `fresh`: it may be another file.
    pub fn admit<H: Host>(&self, host: H, fd: c_int, note: Note, fresh: bool) {
        self.add(host, fd, note, 0, fresh);
    }

    /// The same for a new one, which the set does not know yet.
    pub fn admit_new<H: Host>(&self, host: H, fd: c_int, note: Note) {
        self.young.set(true);
        self.add(host, fd, note, YOUNG, true);
    }

    /// Descriptors of a ring's queue that are steady become members. `take` takes one out of the queue, if it may be.
    pub fn admit_queued<H: Host>(&self, host: H, queue: &Arr<c_int>, take: impl Fn(c_int) -> bool) {
        for index in 0..queue.len() {
            let Some(fd) = queue.get(index) else { return };
            let note = host.note(fd);
            if self.wants(host, fd, note) && take(fd) {
                self.admit(host, fd, note, false);
            }
        }
    }

    #[inline(never)]
    fn add<H: Host>(&self, host: H, fd: c_int, note: Note, young: u8, fresh: bool) {
        // Should its file live on in the set, events of it are known as stale.
        host.set_note(fd, Note { generation: note.generation.wrapping_add(1), mask: MEMBER | young, ..note });
        if fresh {
            self.fresh.push(fd);
        }
        self.members.push(pollfd { fd, events: 0, revents: 0 });
        let turns = if young != 0 { -1 } else { note.heat.streak() };
        self.since.push(self.turn().wrapping_sub(turns as u32));
        self.leavers.extend_to(self.members.len(), (0, 0));
        self.dirty.set(true);
    }

    fn leave(&self, fd: c_int, wanted: c_int) {
        self.leavers.set(self.left.get(), (fd, wanted));
        self.left.set(self.left.get().wrapping_add(1));
    }

    /// What is wanted of a member may have changed.
    #[inline(never)]
    pub fn modified(&self, fd: c_int, note: Note, new: c_int, fresh: bool) {
        if new != c_int::from(note.mask) & BOTH {
            self.dirty.set(true);
        }
        if fresh {
            self.fresh.push(fd);
        }
    }

    /// Asks for all members; [`Self::report_older`] reports those that stay, the others are [leavers](Self::next_leaver).
    /// Whether the wait for others must not block.
    #[inline(never)]
    pub fn ask<H: Host>(&self, host: H) -> bool {
        self.reported.set(0);
        if self.dirty.get() {
            self.prepare(host);
            if self.members.is_empty() {
                self.fresh.truncate(0);
                return false;
            }
        }
        // SAFETY: the array holds that many elements.
        let result = unsafe { sys::poll::wait_poll(self.members.as_ptr(), self.members.len(), 0.0) };
        if let Err(error) = result {
            // An interrupted call found nobody ready; more descriptors than the process may have now are refused.
            self.closed.set(self.closed.get() || error != libc::EINTR);
            self.empty(host);
            return true;
        }
        let any = if self.dirty.get() { self.sort_out_changed(host) } else { self.sort_out(host) };
        self.fresh.truncate(0);
        any
    }

    /// Keeps those that are ready. Whether there are some.
    fn sort_out<H: Host>(&self, host: H) -> bool {
        let (mut kept, mut told) = (0, false);
        for place in 0..self.members.len() {
            let Some(member) = self.members.get(place) else { break };
            if member.revents == 0 || member.revents & POLLNVAL != 0 {
                told |= self.let_go(host, place, member);
            } else {
                self.keep(&mut kept, place, member);
            }
        }
        self.truncate(kept);
        kept != 0 || told
    }

    /// The same, where what is wanted of some changed or some are new.
    #[inline(never)]
    fn sort_out_changed<H: Host>(&self, host: H) -> bool {
        let (mut kept, mut urgent, mut lucky) = (0, false, false);
        for place in 0..self.members.len() {
            let Some(member) = self.members.get(place) else { break };
            let (fd, said) = (member.fd, member.revents);
            let (note, wanted) = host.look(fd);
            let revents = said & (poll_bits(asked(note, wanted)) | POLLERR | POLLHUP | POLLNVAL);
            let young = note.mask & YOUNG != 0;
            lucky |= young && revents != 0;
            // A set refuses files that can't be polled.
            let unpollable = young && said & UNPOLLABLE == UNPOLLABLE && !sys::fd::is_socket(fd);
            if revents == 0 || revents & POLLNVAL != 0 || unpollable {
                urgent |= self.let_go(host, place, pollfd { revents, ..member });
            } else if wanted == 0 {
                urgent = true;
                host.set_note(fd, Note { mask: 0, ..note });
            } else {
                host.set_note(fd, Note { mask: note.mask & !(BOTH as u8) | wanted as u8, ..note });
                self.keep(&mut kept, place, pollfd { revents, ..member });
            }
        }
        self.truncate(kept);
        if self.young.get() {
            self.luck.came(lucky);
        }
        // New ones were asked for more than is wanted.
        self.dirty.set(self.young.get());
        kept != 0 || urgent
    }

    #[inline(always)]
    fn keep(&self, kept: &mut usize, place: usize, member: pollfd) {
        self.members.set(*kept, member);
        if *kept != place {
            self.since.set(*kept, self.since.get(place).unwrap_or(0));
        }
        *kept = kept.wrapping_add(1);
    }

    fn truncate(&self, len: usize) {
        self.members.truncate(len);
        self.since.truncate(len);
    }

    /// A member that was not ready leaves, or one that is not open. Whether its watchers were told.
    #[inline(never)]
    fn let_go<H: Host>(&self, host: H, place: usize, member: pollfd) -> bool {
        let fd = member.fd;
        let (note, wanted) = host.look(fd);
        if member.revents & POLLNVAL != 0 {
            host.set_note(fd, Note { mask: 0, ..note });
            let is_fresh = || (0..self.fresh.len()).any(|place| self.fresh.get(place) == Some(fd));
            let told = wanted != 0 && (!self.like_a_set || is_fresh());
            if told {
                host.kill(fd, libc::EBADF);
            }
            return told;
        }
        let heat = if note.mask & YOUNG != 0 { note.heat } else { note.heat.disappointed(self.age(place)) };
        host.set_note(fd, Note { mask: 0, heat, ..note });
        self.leave(fd, asked(note, wanted));
        false
    }

    /// In how many turns a member was ready before this one.
    #[inline(always)]
    fn age(&self, place: usize) -> u32 {
        self.since.get(place).map_or(0, |since| self.turn().wrapping_sub(since))
    }

    /// Reports members that have been ready for more than `streak` turns, of which new ones have none: in a set those come
    /// first that have been ready for longest.
    #[inline(always)]
    pub fn report_older<H: Host>(&self, host: H, streak: i32) {
        if self.reported.get() < self.members.len() {
            self.report_while(host, streak);
        }
    }

    #[inline(never)]
    fn report_while<H: Host>(&self, host: H, streak: i32) {
        let mut place = self.reported.get();
        while let Some(pollfd { fd, revents, .. }) = self.members.get(place) {
            // Ages wrap, which must not keep anything from being reported.
            if streak != YOUNGEST && self.age(place) as i32 <= streak {
                break;
            }
            place = place.wrapping_add(1);
            super::report_polled(host, fd, c_int::from(revents));
        }
        self.reported.set(place);
    }

    /// Reports the rest, with which the turn ends.
    #[inline(always)]
    pub fn report_all<H: Host>(&self, host: H) {
        self.report_older(host, YOUNGEST);
        if self.young.get() {
            self.grow_up(host);
        }
    }

    #[inline(never)]
    fn grow_up<H: Host>(&self, host: H) {
        self.young.set(false);
        for place in 0..self.members.len() {
            let Some(pollfd { fd, .. }) = self.members.get(place) else { break };
            let note = host.note(fd);
            host.set_note(fd, Note { mask: note.mask & !YOUNG, ..note });
        }
    }

    /// What is to be asked for now.
    #[inline(never)]
    fn prepare<H: Host>(&self, host: H) {
        let mut kept = 0;
        for place in 0..self.members.len() {
            let Some(pollfd { fd, .. }) = self.members.get(place) else { break };
            let (note, wanted) = host.look(fd);
            if wanted == 0 && !self.like_a_set {
                host.set_note(fd, Note { mask: 0, ..note });
                continue;
            }
            let more = if note.mask & YOUNG != 0 { UNPOLLABLE } else { 0 };
            self.keep(&mut kept, place, pollfd { fd, events: poll_bits(asked(note, wanted)) | more, revents: 0 });
        }
        self.truncate(kept);
    }

    /// Before changes are told: whether the members had better leave. A set serves a few better about which nothing
    /// changes, but in another order when others are ready with them, which makes this worth avoiding.
    #[inline(never)]
    pub fn is_idle<H: Host>(&self, host: H) -> bool {
        let few = self.members.len() < self.crowd;
        let is_changing = |place| self.members.get(place).is_some_and(|member| host.is_changing(member.fd));
        let stays = few && !(0..self.members.len()).any(is_changing);
        self.unchanged.set(if stays { self.unchanged.get().wrapping_add(1) } else { 0 });
        self.unchanged.get() >= UNCHANGED
    }

    /// A member that left and was not taken yet, those that left first first, and what a set would be asked for. All are
    /// to be taken before others leave.
    #[inline(never)]
    pub fn next_leaver(&self) -> Option<(c_int, c_int)> {
        let taken = self.taken.get();
        if taken == self.left.get() {
            self.left.set(0);
            self.taken.set(0);
            return None;
        }
        self.taken.set(taken.wrapping_add(1));
        self.leavers.get(taken)
    }

    /// All members leave.
    pub fn empty<H: Host>(&self, host: H) {
        self.dismiss(host, true);
    }

    /// There are no members any more: the kernel is about to be told of all descriptors anew.
    pub fn forget<H: Host>(&self, host: H) {
        self.dismiss(host, false);
    }

    #[cold]
    #[inline(never)]
    fn dismiss<H: Host>(&self, host: H, as_leavers: bool) {
        self.young.set(false);
        self.unchanged.set(0);
        self.fresh.truncate(0);
        for place in 0..self.members.len() {
            let Some(pollfd { fd, .. }) = self.members.get(place) else { break };
            let (note, wanted) = host.look(fd);
            host.set_note(fd, Note { mask: 0, ..note });
            // A set is silent of closed ones.
            if as_leavers && wanted != 0 && (!self.like_a_set || sys::fd::is_open(fd)) {
                self.leave(fd, wanted);
            }
        }
        self.truncate(0);
    }

    /// No members from now on.
    pub fn close(&self) {
        self.closed.set(true);
    }

    pub fn release(&self) {
        self.members.release();
        self.since.release();
        self.leavers.release();
        self.fresh.release();
    }
}

/// What a member is asked for: what is wanted, or of one that is stopped, what was wanted last.
fn asked(note: Note, wanted: c_int) -> c_int {
    if wanted != 0 { wanted } else { c_int::from(note.mask) & BOTH }
}
