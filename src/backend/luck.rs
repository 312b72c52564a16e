//! When to try again what costs a little and gains more where it succeeds.

use core::cell::Cell;

/// At worst one time in 256 is tried.
const LAST_LEVEL: u8 = 8;

/// Half as often after each failure, twice as often after each success.
pub struct Luck {
    level: Cell<u8>,
    pause: Cell<u16>,
}

impl Luck {
    pub const fn new() -> Self {
        Self { level: Cell::new(0), pause: Cell::new(0) }
    }

    /// Whether to try this time.
    pub fn try_it(&self) -> bool {
        let pause = self.pause.get();
        self.pause.set(pause.saturating_sub(1));
        pause == 0
    }

    /// How a try ended.
    pub fn came(&self, success: bool) {
        let level = self.level.get();
        if success {
            self.level.set(level.saturating_sub(1));
        } else {
            self.level.set(level.wrapping_add(1).min(LAST_LEVEL));
            self.pause.set((1_u16 << self.level.get()).wrapping_sub(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Luck;

    fn tries(luck: &Luck, times: u32, success: bool) -> u32 {
        (0..times)
            .map(|_| {
                u32::from(
                    luck.try_it() && {
                        luck.came(success);
                        true
                    },
                )
            })
            .sum()
    }

    #[test]
    fn tries_less_while_it_fails_and_always_once_it_does_not() {
        let luck = Luck::new();
        assert_eq!(tries(&luck, 100, true), 100);
        assert_eq!(tries(&luck, 7, false), 3);
        tries(&luck, 1000, false);
        let seldom = tries(&luck, 25_600, false);
        assert!((99..=101).contains(&seldom), "{seldom}");
        tries(&luck, 256, true);
        assert_eq!(tries(&luck, 100, true), 100);
    }
}
