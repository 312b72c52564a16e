//! What a program can do, and how bytes become one.

use arbitrary::{Result, Unstructured};
use ferroev_core::fuzzing::{EV_READ, EV_WRITE, Said};

pub const TIMERS: std::ops::Range<usize> = 0..8;
pub const PERIODICS: std::ops::Range<usize> = 8..12;
pub const IOS: std::ops::Range<usize> = 12..20;
pub const PREPARES: std::ops::Range<usize> = 20..23;
pub const CHECKS: std::ops::Range<usize> = 23..26;
pub const IDLES: std::ops::Range<usize> = 26..30;
pub const WATCHERS: usize = 30;
pub const DESCRIPTORS: i32 = 8;
/// Waits that a program gets before every run is broken off.
pub const WAITS: usize = 48;
const ITEMS: usize = 256;

/// What a target looks at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    Timers,
    Pending,
    Descriptors,
}

/// How a periodic chooses its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chooser {
    None,
    InASecond,
    NextTen,
    AtOnce,
}

#[derive(Clone, Debug)]
pub enum Action {
    /// Ends a callback.
    Return,
    Start(usize),
    Stop(usize),
    Feed(usize, i32),
    Clear(usize),
    Invoke(usize, i32),
    Priority(usize, i32),
    SetTimer(usize, f64, f64),
    SetRepeat(usize, f64),
    TimerAgain(usize),
    Remaining(usize),
    SetPeriodic(usize, f64, f64, Chooser),
    PeriodicAgain(usize),
    SetIo(usize, i32, i32),
    ModifyIo(usize, i32),
    FeedDescriptor(i32, i32),
    /// The number becomes an open file, or none.
    Open(i32, bool),
    /// From now on the kernel does not take it, for this error; 0: it does.
    Refuse(i32, i32),
    Advance(f64),
    JumpClock(f64),
    UpdateTime,
    Suspend,
    Resume,
    CollectIo(f64),
    CollectTimeouts(f64),
    Run(i32),
    InvokePending,
    Break(i32),
    Reference,
    Unreference,
}

/// What one wait brings.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Which part of the time asked for passes, and how much beyond.
    pub part: f64,
    pub late: f64,
    /// The system's clock is set by that much meanwhile.
    pub jump: f64,
    /// What the program does in its release callback, just before.
    pub before: Vec<Action>,
    pub said: Vec<Said>,
}

#[derive(Debug, Default)]
pub struct Program {
    pub actions: Vec<Action>,
    pub waits: Vec<Wait>,
}

impl Program {
    pub fn decode(bytes: &[u8], focus: Focus) -> Self {
        let mut program = Self::default();
        let mut u = Unstructured::new(bytes);
        while !u.is_empty() && program.actions.len() + program.waits.len() < ITEMS {
            if program.decode_one(&mut u, focus).is_err() {
                break;
            }
        }
        program
    }

    fn decode_one(&mut self, u: &mut Unstructured, focus: Focus) -> Result<()> {
        if u.ratio(1, 8)? {
            let wait = decode_wait(u, focus)?;
            if self.waits.len() < WAITS {
                self.waits.push(wait);
            }
        } else {
            self.actions.push(decode_action(u, focus)?);
        }
        Ok(())
    }
}

fn pick(u: &mut Unstructured, range: std::ops::Range<usize>) -> Result<usize> {
    u.int_in_range(range.start..=range.end - 1)
}

fn watcher(u: &mut Unstructured, focus: Focus) -> Result<usize> {
    let own = match focus {
        Focus::Timers => 0..IOS.start,
        Focus::Pending => PREPARES.start..WATCHERS,
        Focus::Descriptors => IOS,
    };
    if u.ratio(1, 6)? { pick(u, 0..WATCHERS) } else { pick(u, own) }
}

/// A span: short ones on a coarse grid, so that several coincide, then odd and far ones.
fn span(u: &mut Unstructured) -> Result<f64> {
    const ODD: [f64; 12] = [0.0, -1.0, -0.0, 1e-9, 1e-3, 59.743, 59.75, 1e6, 1.5e6, 1e10, 1e300, f64::INFINITY];
    if u.ratio(1, 6)? { Ok(ODD[u.choose_index(ODD.len())?]) } else { Ok(f64::from(u.int_in_range(0..=255_u8)?) / 16.0) }
}

fn short_span(u: &mut Unstructured) -> Result<f64> {
    Ok(span(u)?.clamp(0.0, 2e6))
}

fn repeat(u: &mut Unstructured) -> Result<f64> {
    Ok(if u.arbitrary()? { 0.0 } else { span(u)?.max(0.0) })
}

fn jump(u: &mut Unstructured) -> Result<f64> {
    Ok((span(u)? - 8.0).clamp(-1e7, 1e7))
}

fn descriptor(u: &mut Unstructured) -> Result<i32> {
    u.int_in_range(0..=DESCRIPTORS - 1)
}

fn events(u: &mut Unstructured) -> Result<i32> {
    u.int_in_range(0..=EV_READ | EV_WRITE)
}

fn error(u: &mut Unstructured) -> Result<i32> {
    Ok(*u.choose(&[0, libc::EBADF, libc::EPERM, libc::ENOMEM])?)
}

fn decode_wait(u: &mut Unstructured, focus: Focus) -> Result<Wait> {
    let part = *u.choose(&[1.0, 1.0, 0.0, 0.5])?;
    let late = if u.ratio(1, 3)? { short_span(u)? } else { 0.0 };
    let jump = if u.ratio(1, 6)? { jump(u)? } else { 0.0 };
    let mut before = Vec::new();
    while u.ratio(1, 4)? && before.len() < 3 {
        before.push(match u.int_in_range(0..=4)? {
            0 => Action::Start(watcher(u, focus)?),
            1 => Action::Stop(watcher(u, focus)?),
            2 => Action::SetIo(pick(u, IOS)?, descriptor(u)?, events(u)?),
            3 => Action::ModifyIo(pick(u, IOS)?, events(u)?),
            _ => Action::Feed(watcher(u, focus)?, 1 << u.int_in_range(0..=30)?),
        });
    }
    let most = if focus == Focus::Descriptors { 6 } else { 2 };
    let mut said = Vec::new();
    for _ in 0..u.int_in_range(0..=most)? {
        said.push(match u.int_in_range(0..=15)? {
            0 => Said::Refused(descriptor(u)?, *u.choose(&[libc::EBADF, libc::EPERM])?),
            1 => Said::SomeClosed,
            2 => Said::TooMany,
            3 => Said::Forgotten,
            4 => Said::Failed(libc::EIO),
            _ => Said::Ready(descriptor(u)?, events(u)?),
        });
    }
    Ok(Wait { part, late, jump, before, said })
}

fn decode_action(u: &mut Unstructured, focus: Focus) -> Result<Action> {
    if u.ratio(1, 2)? {
        return match focus {
            Focus::Timers => decode_time(u),
            Focus::Pending => decode_pending(u, focus),
            Focus::Descriptors => decode_descriptor(u),
        };
    }
    Ok(match u.int_in_range(0..=15)? {
        0..=3 => Action::Start(watcher(u, focus)?),
        4 | 5 => Action::Stop(watcher(u, focus)?),
        6 => Action::Priority(watcher(u, focus)?, u.int_in_range(-3..=3)?),
        7 | 8 => Action::Return,
        9 | 10 => Action::Run(u.int_in_range(0..=3)?),
        11 => Action::Run(1),
        12 => decode_time(u)?,
        13 => decode_pending(u, focus)?,
        14 => decode_descriptor(u)?,
        _ if u.arbitrary()? => Action::Reference,
        _ => Action::Unreference,
    })
}

fn decode_time(u: &mut Unstructured) -> Result<Action> {
    Ok(match u.int_in_range(0..=15)? {
        0..=2 => Action::SetTimer(pick(u, TIMERS)?, span(u)?, repeat(u)?),
        3 => Action::SetRepeat(pick(u, TIMERS)?, repeat(u)?),
        4 => Action::TimerAgain(pick(u, TIMERS)?),
        5 => Action::Remaining(pick(u, TIMERS)?),
        6 | 7 => decode_periodic(u)?,
        8 => Action::PeriodicAgain(pick(u, PERIODICS)?),
        9 | 10 => Action::Advance(short_span(u)?),
        11 => Action::JumpClock(jump(u)?),
        12 => Action::UpdateTime,
        13 => Action::Suspend,
        14 => Action::Resume,
        _ if u.arbitrary()? => Action::CollectIo(short_span(u)?),
        _ => Action::CollectTimeouts(short_span(u)?),
    })
}

fn decode_periodic(u: &mut Unstructured) -> Result<Action> {
    let chooser = *u.choose(&[
        Chooser::None,
        Chooser::None,
        Chooser::None,
        Chooser::InASecond,
        Chooser::NextTen,
        Chooser::AtOnce,
    ])?;
    let interval = *u.choose(&[0.0, 1.0, 0.5, 3.0, 0.1, 1e-3, 1e-5, 1e-12, 3600.0, 1e10])?;
    let base = if u.arbitrary()? { crate::kernel::EPOCH } else { 0.0 };
    let offset = base + span(u)?;
    // The grid around infinity is none.
    let offset = if interval > 0.0 { offset.min(1e12) } else { offset };
    Ok(Action::SetPeriodic(pick(u, PERIODICS)?, offset, interval, chooser))
}

fn decode_pending(u: &mut Unstructured, focus: Focus) -> Result<Action> {
    Ok(match u.int_in_range(0..=9)? {
        0..=3 => Action::Feed(watcher(u, focus)?, 1 << u.int_in_range(0..=30)?),
        4 => Action::Clear(watcher(u, focus)?),
        5 => Action::Invoke(watcher(u, focus)?, 1 << u.int_in_range(0..=30)?),
        6 => Action::Priority(watcher(u, focus)?, u.int_in_range(-3..=3)?),
        7 => Action::InvokePending,
        8 => Action::Run(u.int_in_range(0..=2)?),
        _ => Action::Break(u.int_in_range(0..=2)?),
    })
}

fn decode_descriptor(u: &mut Unstructured) -> Result<Action> {
    Ok(match u.int_in_range(0..=9)? {
        0..=2 => Action::SetIo(pick(u, IOS)?, descriptor(u)?, events(u)?),
        3 | 4 => Action::ModifyIo(pick(u, IOS)?, events(u)?),
        5 => Action::FeedDescriptor(u.int_in_range(-1..=DESCRIPTORS + 1)?, u.int_in_range(0..=7)?),
        6 => Action::Open(descriptor(u)?, false),
        7 => Action::Open(descriptor(u)?, true),
        8 => Action::Refuse(descriptor(u)?, error(u)?),
        _ => Action::Start(pick(u, IOS)?),
    })
}
