//! A place in the table: a scenario at a size on a backend.

use crate::catalogue::{Backend, SCENARIOS, Scenario};
use regex::Regex;

pub struct Place {
    pub scenario: &'static Scenario,
    pub size: u64,
    pub backend: &'static Backend,
}

impl Place {
    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.scenario.name, self.size, self.backend.name)
    }
}

/// In the catalogue's order. There is at least one backend.
pub fn all(only: &Regex, backends: &[&'static Backend]) -> Vec<Place> {
    let mut places = Vec::new();
    for scenario in SCENARIOS {
        let backends = if scenario.on_backends { backends } else { &backends[..1] };
        for backend in backends {
            let sizes = scenario.sizes.iter().map(|&size| Place { scenario, size, backend });
            places.extend(sizes.filter(|place| only.is_match(&place.name())));
        }
    }
    places
}
