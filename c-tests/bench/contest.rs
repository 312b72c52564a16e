//! Measures a place in the table: all contestants in turn, round after round, and what is counted after that.

use crate::catalogue::Backend;
use crate::common::library::Library;
use crate::common::process::Scratch;
use crate::counted;
use crate::place::Place;
use crate::programs::{self, Peer};
use crate::report::Cell;
use crate::rounds::{Contestant, Length, Outcome, Task};
use crate::servers;
use crate::settings::Settings;
use crate::statistics::{Sample, spreads};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

pub struct Contest<'a> {
    settings: &'a Settings,
    ours: Library,
    /// The reference where it has the backend, else the one that `make reference` builds.
    packaged: Library,
    built: Result<Library, String>,
    /// What BENCH_REFERENCE names comes before both.
    chosen: Option<Library>,
    programs: BTreeMap<&'static str, PathBuf>,
    peers: Vec<Peer>,
    scratch: Scratch,
}

impl<'a> Contest<'a> {
    pub fn new(settings: &'a Settings, places: &[Place]) -> Result<Self, String> {
        let ours = Library::under_test()?;
        let (peers, missing) = programs::peers()?;
        for word in missing {
            eprintln!("without {word}");
        }
        Ok(Self {
            settings,
            packaged: Library::packaged()?,
            built: Library::built_reference(),
            chosen: settings.reference.as_deref().map(Library::other).transpose()?,
            programs: programs::scenarios(places.iter().map(|place| place.scenario), &ours.links)?,
            peers,
            scratch: Scratch::new().map_err(|error| format!("no directory to work in: {error}"))?,
            ours,
        })
    }

    fn reference(&self, backend: &Backend) -> Result<&Library, String> {
        match &self.chosen {
            Some(library) => Ok(library),
            None if backend.packaged => Ok(&self.packaged),
            None => self.built.as_ref().map_err(Clone::clone),
        }
    }

    /// The cell, and whether all that has to went well.
    pub fn measure(&self, place: &Place, say: &dyn Fn(&str)) -> (Cell, bool) {
        let mut cell = Cell {
            scenario: place.scenario.name,
            of: place.scenario.of,
            size: place.size,
            backend: place.backend.name,
            reference: "none",
            measured: BTreeMap::new(),
            remarks: Vec::new(),
        };
        let mut contestants = self.contestants(place, &mut cell);
        let task = Task {
            scenario: place.scenario,
            size: place.size,
            backend: place.backend.flag,
            length: Length::Milliseconds(self.settings.milliseconds),
        };
        let mut samples: BTreeMap<&str, Vec<Sample>> = BTreeMap::new();
        let mut good = true;
        for round in 1..=self.settings.rounds {
            say(&format!("round {round} of {}", self.settings.rounds));
            // Who can't do it is not asked again.
            contestants.retain(|contestant| match self.run(contestant, task) {
                Outcome::Measured(sample) => {
                    samples.entry(contestant.name).or_default().push(sample);
                    true
                }
                outcome => {
                    good &= remark(&mut cell, place, contestant.name, outcome);
                    samples.remove(contestant.name);
                    false
                }
            });
        }
        for (who, samples) in &samples {
            let name = contestants.iter().find(|c| c.name == *who).map(|c| c.name);
            cell.measured.extend(name.map(|name| (name, spreads(samples))));
        }
        if self.settings.deep && place.scenario.counted {
            say("counting");
            self.count(&contestants, task, &mut cell);
        }
        (cell, good)
    }

    fn run(&self, contestant: &Contestant, task: Task) -> Outcome {
        match contestant.library {
            Some(library) if task.scenario.server => servers::nghttpd(library, task),
            _ => contestant.run(task, &[], &self.scratch),
        }
    }

    /// Size of the file that is installed; the reference's is the distribution's, which is stripped as ours is.
    pub fn library_size(&self) -> Cell {
        let reference = self.chosen.as_ref().unwrap_or(&self.packaged);
        let bytes = |library: &Library| {
            let size = fs::metadata(&library.file).map_or(0, |file| file.len()) as f64;
            spreads(&[Sample::from([("bytes".to_owned(), size)])])
        };
        Cell {
            scenario: "library-size",
            of: "files",
            size: 1,
            backend: "any",
            reference: reference.kind.name(),
            measured: BTreeMap::from([("ours", bytes(&self.ours)), ("reference", bytes(reference))]),
            remarks: Vec::new(),
        }
    }

    /// Ours first.
    fn contestants(&self, place: &Place, cell: &mut Cell) -> Vec<Contestant<'_>> {
        let Some(program) =
            self.programs.get(place.scenario.program).cloned().or(place.scenario.server.then(PathBuf::new))
        else {
            cell.remarks.push("what it needs is not installed".to_owned());
            return Vec::new();
        };
        let mut contestants = vec![Contestant { name: "ours", program: program.clone(), library: Some(&self.ours) }];
        match self.reference(place.backend) {
            Ok(library) => {
                cell.reference = self.chosen.as_ref().map_or(library.kind.name(), |_| "chosen");
                contestants.push(Contestant { name: "reference", program, library: Some(library) });
            }
            Err(why) => cell.remarks.push(why),
        }
        // They have epoll.
        if place.scenario.peers && ["default", "epoll"].contains(&place.backend.name) {
            let peer = |peer: &Peer| Contestant { name: peer.name, program: peer.program.clone(), library: None };
            contestants.extend(self.peers.iter().map(peer));
        }
        contestants
    }

    /// A tool may not know what a backend asks of the kernel: no failure, but told.
    fn count(&self, contestants: &[Contestant], task: Task, cell: &mut Cell) {
        for contestant in contestants.iter().filter(|contestant| contestant.library.is_some()) {
            match counted::count(contestant, task, &self.scratch) {
                Ok(sample) => cell.measured.entry(contestant.name).or_default().extend(spreads(&[sample])),
                Err(why) => cell.remarks.push(format!("{}: {why}", contestant.name)),
            }
        }
    }
}

/// Says why there is no figure; false if that is a failure. The reference's and a peer's defects are not ours.
fn remark(cell: &mut Cell, place: &Place, who: &str, outcome: Outcome) -> bool {
    let (word, good) = match outcome {
        Outcome::Measured(_) => return true,
        // A peer does not have all.
        Outcome::Skipped(_) if !["ours", "reference"].contains(&who) => return true,
        Outcome::Skipped(why) => (why, true),
        Outcome::Failed(why) => (format!("failed: {why}"), who != "ours"),
    };
    eprintln!("{}: {who}: {word}", place.name());
    cell.remarks.push(format!("{who}: {word}"));
    good
}
