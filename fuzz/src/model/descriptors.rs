//! The table of descriptors, and what the backend is told of it.

use ferroev_core::fuzzing::{EV__IOFDSET, EV_ERROR, EV_READ, EV_WRITE, Said};

use super::Model;
use crate::program::DESCRIPTORS;
use crate::system::Event;

const BOTH: i32 = EV_READ | EV_WRITE;

#[derive(Clone, Default)]
pub struct Descriptor {
    /// Active watchers, in order of start.
    watchers: Vec<usize>,
    /// What the backend was told.
    told: i32,
    changed: bool,
    /// It may be another file.
    fresh: bool,
}

pub struct Table {
    all: Vec<Descriptor>,
    /// Those that changed, in order of their first change.
    changes: Vec<i32>,
    /// Watchers were stopped because of an error: the next wait does not block.
    pub urgent: bool,
}

impl Table {
    pub fn new() -> Self {
        Self { all: vec![Descriptor::default(); DESCRIPTORS as usize], changes: Vec::new(), urgent: false }
    }

    fn at(&mut self, fd: i32) -> &mut Descriptor {
        &mut self.all[fd as usize]
    }

    fn change(&mut self, fd: i32, fresh: bool) {
        if !self.at(fd).changed {
            self.changes.push(fd);
        }
        self.at(fd).changed = true;
        self.at(fd).fresh |= fresh;
    }
}

impl Model<'_> {
    /// Of an inactive watcher.
    pub fn start_io(&self, id: usize) {
        let w = &mut self.watchers.borrow_mut()[id];
        let mut table = self.table.borrow_mut();
        table.at(w.fd).watchers.push(id);
        table.change(w.fd, w.events & EV__IOFDSET != 0);
        w.events &= BOTH;
    }

    /// Of an active one.
    pub fn stop_io(&self, id: usize) {
        let fd = self.watchers.borrow()[id].fd;
        let mut table = self.table.borrow_mut();
        table.at(fd).watchers.retain(|&other| other != id);
        table.change(fd, false);
    }

    /// Feeds each watcher what it asked for, newest first.
    pub fn feed_descriptor(&self, fd: i32, revents: i32) {
        let Some(watchers) = self.table.borrow().all.get(fd as usize).map(|one| one.watchers.clone()) else { return };
        for id in watchers.into_iter().rev() {
            let wanted = self.watchers.borrow()[id].events & revents;
            if wanted != 0 {
                self.feed(id, wanted);
            }
        }
    }

    /// Stops all watchers of a descriptor and tells them, newest first.
    fn kill(&self, fd: i32) {
        let watchers = self.table.borrow().all[fd as usize].watchers.clone();
        for id in watchers.into_iter().rev() {
            self.stop(id);
            self.feed(id, EV_ERROR | BOTH);
            self.table.borrow_mut().urgent = true;
        }
    }

    /// Tells the backend of a union that changed, and of what may be a new file.
    pub fn apply_changes(&self) {
        let mut index = 0;
        while let Some(fd) = self.nth_change(index) {
            index += 1;
            let (told, wanted, fresh) = {
                let watchers = self.watchers.borrow();
                let mut table = self.table.borrow_mut();
                let one = table.at(fd);
                let wanted = one.watchers.iter().fold(0, |sum, &id| sum | watchers[id].events);
                let before = (one.told, wanted, one.fresh);
                (one.told, one.changed, one.fresh) = (wanted, false, false);
                before
            };
            if (told != wanted || fresh) && self.session.modify(fd, wanted) != 0 {
                self.kill(fd);
            }
        }
        self.table.borrow_mut().changes.clear();
    }

    fn nth_change(&self, index: usize) -> Option<i32> {
        self.table.borrow().changes.get(index).copied()
    }

    /// What came of a wait.
    pub fn heed(&self, said: Said) {
        let told = |fd: i32| self.table.borrow().all[fd as usize].told != 0;
        match said {
            Said::Ready(fd, revents) => {
                if !self.table.borrow().all[fd as usize].changed {
                    self.feed_descriptor(fd, revents);
                }
            }
            Said::Refused(fd, _) => self.kill(fd),
            Said::SomeClosed => {
                for fd in 0..DESCRIPTORS {
                    if told(fd) && !self.session.kernel.borrow().is_open(fd) {
                        self.kill(fd);
                    }
                }
            }
            Said::TooMany => {
                let watched = |fd: &i32| told(*fd) && !self.table.borrow().all[*fd as usize].watchers.is_empty();
                if let Some(fd) = (0..DESCRIPTORS).rev().find(watched) {
                    self.kill(fd);
                }
            }
            Said::Forgotten => {
                for fd in 0..DESCRIPTORS {
                    if told(fd) {
                        self.table.borrow_mut().at(fd).told = 0;
                        self.table.borrow_mut().change(fd, true);
                    }
                }
            }
            Said::Failed(_) => self.session.note(Event::Syserr),
        }
    }
}
