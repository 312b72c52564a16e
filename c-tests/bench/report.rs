//! What has been measured, as JSON and as a table in Markdown.

use crate::goals;
use crate::statistics::{Spread, ratio};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// One scenario at one size on one backend.
pub struct Cell {
    pub scenario: &'static str,
    pub of: &'static str,
    pub size: u64,
    pub backend: &'static str,
    /// Which library the reference was.
    pub reference: &'static str,
    /// By contestant, by value.
    pub measured: BTreeMap<&'static str, BTreeMap<String, Spread>>,
    /// Who was skipped or failed, and why.
    pub remarks: Vec<String>,
}

impl Cell {
    fn median(&self, who: &str, value: &str) -> Option<f64> {
        Some(self.measured.get(who)?.get(value)?.median)
    }

    /// What stands for a value when it is compared.
    fn comparable(&self, who: &str, value: &str) -> Option<f64> {
        let spread = self.measured.get(who)?.get(value)?;
        Some(if value == "user_ns" { spread.mean } else { spread.median })
    }

    /// Ours to another's.
    pub fn ratio_to(&self, who: &str, value: &str) -> Option<f64> {
        ratio(self.comparable("ours", value)?, self.comparable(who, value)?)
    }

    /// Of the least disturbed runs.
    fn ratio_of_minima(&self, value: &str) -> Option<f64> {
        let least = |who| Some(self.measured.get(who)?.get(value)?.min);
        ratio(least("ours")?, least("reference")?)
    }

    pub fn ratio(&self, value: &str) -> Option<f64> {
        self.ratio_to("reference", value)
    }

    fn json(&self) -> Value {
        let spread = |s: &Spread| json!({ "median": s.median, "min": s.min, "max": s.max, "mean": s.mean });
        let values = |values: &BTreeMap<String, Spread>| {
            values.iter().map(|(name, s)| (name.clone(), spread(s))).collect::<Map<_, _>>()
        };
        let measured: Map<_, _> =
            self.measured.iter().map(|(who, v)| ((*who).to_owned(), Value::Object(values(v)))).collect();
        let ours = self.measured.get("ours").into_iter().flat_map(BTreeMap::keys);
        let both = |v: &str| Some(json!({ "of_medians": self.ratio(v)?, "of_minima": self.ratio_of_minima(v) }));
        let ratios: Map<_, _> = ours.filter_map(|v| Some((v.clone(), both(v)?))).collect();
        let (value, limit) = goals::of(self.scenario, self.size, self.backend);
        json!({
            "scenario": self.scenario, "size": self.size, "of": self.of, "backend": self.backend,
            "reference": self.reference, "measured": measured, "ratio": ratios, "remarks": self.remarks,
            "goal": { "value": value, "ratio": limit },
        })
    }
}

/// All of a run.
pub struct Report {
    /// What the figures depend on: kernel, processors, rounds, libraries.
    pub setting: Vec<(&'static str, String)>,
    pub cells: Vec<Cell>,
}

impl Report {
    pub fn json(&self) -> String {
        let setting: Map<_, _> = self.setting.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
        let cells: Vec<Value> = self.cells.iter().map(Cell::json).collect();
        format!("{:#}\n", json!({ "setting": setting, "results": cells }))
    }

    pub fn table(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.setting {
            let _ = writeln!(text, "- {name}: {value}");
        }
        text.push_str("\n| scenario | size | backend | reference, ns | ours, ns | wall | CPU | user | calls | instructions | goal | beside | peers, CPU |\n");
        text.push_str("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|---|---|\n");
        for cell in &self.cells {
            let _ = writeln!(text, "{}", row(cell));
        }
        text
    }
}

fn row(cell: &Cell) -> String {
    let columns = ["wall_ns", "cpu_ns", "user_ns", "calls", "instructions"].map(|value| against(cell, value));
    let [wall, cpu, user, calls, instructions] = columns;
    format!(
        "| {} | {} | {} | {} | {} | {wall} | {cpu} | {user} | {calls} | {instructions} | {} | {} | {} |",
        cell.scenario,
        cell.size,
        cell.backend,
        cost(cell, "reference"),
        cost(cell, "ours"),
        goal(cell),
        beside(cell),
        peers(cell),
    )
}

/// The ratio; of nothing there is none, so that ours is shown then.
fn against(cell: &Cell, value: &str) -> String {
    match (cell.median("ours", value), cell.median("reference", value)) {
        (Some(ours), Some(theirs)) if value == "calls" && theirs < 0.001 && ours >= 0.001 => format!("{ours:.2} : 0"),
        _ => two(cell.ratio(value)),
    }
}

/// What the ratio is to be: bold if it is more by the medians and by the best runs, with a ~ if by one of them.
fn goal(cell: &Cell) -> String {
    let (value, limit) = goals::of(cell.scenario, cell.size, cell.backend);
    match (cell.ratio(value), cell.ratio_of_minima(value)) {
        (Some(median), Some(minimum)) if median > limit && minimum > limit => format!("**{limit:.2}**"),
        (Some(median), Some(minimum)) if median > limit || minimum > limit => format!("~ {limit:.2}"),
        (Some(_), _) => format!("{limit:.2}"),
        (None, _) => String::new(),
    }
}

fn two(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.2}"))
}

/// CPU nanoseconds an event, or what is measured instead.
fn cost(cell: &Cell, who: &str) -> String {
    let Some(values) = cell.measured.get(who) else { return String::new() };
    values
        .get("cpu_ns")
        .map_or_else(String::new, |s| format!("{} ({} to {})", short(s.median), short(s.min), short(s.max)))
}

/// The values that only some scenarios have.
fn beside(cell: &Cell) -> String {
    let usual = ["events", "wall_ns", "cpu_ns", "user_ns", "calls", "failing", "instructions"];
    let mut parts = Vec::new();
    for (name, ours) in cell.measured.get("ours").into_iter().flatten() {
        if !usual.contains(&name.as_str()) {
            let theirs = cell.median("reference", name).map_or_else(String::new, |v| format!(" : {}", short(v)));
            parts.push(format!("{name} {}{theirs} {}", short(ours.median), two(cell.ratio(name))));
        }
    }
    if let Some(failing) = cell.median("ours", "failing").filter(|failing| *failing > 0.001) {
        parts.push(format!("failing calls {failing:.2}"));
    }
    parts.extend(cell.remarks.iter().map(|remark| remark.lines().next().unwrap_or_default().to_owned()));
    parts.join("; ")
}

/// Ours to each peer's.
fn peers(cell: &Cell) -> String {
    let them = cell.measured.keys().filter(|who| !["ours", "reference"].contains(who));
    them.filter_map(|who| Some(format!("{who} {:.2}", cell.ratio_to(who, "cpu_ns")?))).collect::<Vec<_>>().join(", ")
}

fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
