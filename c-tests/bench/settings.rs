//! What the variables BENCH_... ask for.

use crate::catalogue::{BACKENDS, Backend};
use regex::Regex;
use std::env;
use std::path::PathBuf;

pub struct Settings {
    /// Of scenario/size/backend.
    pub only: Regex,
    /// At least one.
    pub backends: Vec<&'static Backend>,
    pub rounds: usize,
    pub milliseconds: u64,
    /// Also counts system calls and instructions.
    pub deep: bool,
    /// A library to compare with instead of the reference: an older one of ours, or the same, which shows the noise.
    pub reference: Option<PathBuf>,
}

impl Settings {
    pub fn from_environment() -> Result<Self, String> {
        let only = Regex::new(&text("BENCH_ONLY", "")).map_err(|error| format!("BENCH_ONLY: {error}"))?;
        let backends = text("BENCH_BACKENDS", "epoll");
        let backends: Result<Vec<_>, _> = backends.split([' ', ',']).filter(|n| !n.is_empty()).map(backend).collect();
        let settings = Self {
            only,
            backends: backends?,
            rounds: number("BENCH_ROUNDS", 7)?,
            milliseconds: number("BENCH_MS", 150)? as u64,
            deep: text("BENCH_DEEP", "0") != "0",
            reference: env::var_os("BENCH_REFERENCE").filter(|path| !path.is_empty()).map(PathBuf::from),
        };
        if settings.backends.is_empty() { Err("BENCH_BACKENDS names none".to_owned()) } else { Ok(settings) }
    }
}

/// A variable of the environment, if it is set to something.
fn text(name: &str, default: &str) -> String {
    env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
}

fn number(name: &str, default: usize) -> Result<usize, String> {
    let text = text(name, &default.to_string());
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| format!("{name} is {text}, not a number above 0"))
}

fn backend(name: &str) -> Result<&'static Backend, String> {
    BACKENDS.iter().find(|backend| backend.name == name).ok_or_else(|| {
        let known: Vec<&str> = BACKENDS.iter().map(|backend| backend.name).collect();
        format!("BENCH_BACKENDS: {name} is none of {}", known.join(", "))
    })
}
