//! Medians with minimum and maximum, means, and ratios.

use std::collections::BTreeMap;

/// What one run of a program gave, by name.
pub type Sample = BTreeMap<String, f64>;

#[derive(Clone, Copy)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
    /// For what a single run tells too roughly: the kernel splits CPU time into user and system by ticks.
    pub mean: f64,
}

/// Of each value its spread over the runs.
pub fn spreads(samples: &[Sample]) -> BTreeMap<String, Spread> {
    let names = samples.iter().flat_map(BTreeMap::keys).cloned();
    names
        .filter_map(|name| Some((name.clone(), spread(samples.iter().filter_map(|s| s.get(&name)).copied())?)))
        .collect()
}

fn spread(values: impl Iterator<Item = f64>) -> Option<Spread> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (min, max) = (*values.first()?, *values.last()?);
    let half = values.len() / 2;
    let median = if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) };
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Some(Spread { median, min, max, mean })
}

/// None where both are next to nothing.
pub fn ratio(ours: f64, theirs: f64) -> Option<f64> {
    (theirs > 0.0).then(|| ours / theirs)
}
