//! How steadily a descriptor was ready of late: what the backends go by that ask for steady ones in another way.

/// Turns in a row that make a descriptor steady. Twice as many after each time that it did not stay so.
const FIRST_STREAK: u16 = 4;
const LAST_LEVEL: u16 = 5;
const LAST_STREAK: u32 = (FIRST_STREAK as u32) << LAST_LEVEL;

const COUNT: u16 = 0xff;
const LEVEL: u16 = 0x700;
const ONE_LEVEL: u16 = 0x100;
const TURN_SHIFT: u32 = 11;
const TURN: u16 = 0x1f;

/// Sixteen bits in the table of descriptors: in how many turns in a row it was ready (8), how often it disappointed (3),
/// and the end of the number of the last such turn (5). One that is ready every 33rd turn is taken for steady
/// by mistake, and disappoints soon.
#[derive(Clone, Copy, Default)]
pub struct Heat(u16);

impl Heat {
    /// Of a descriptor that was never ready.
    pub const COLD: Self = Self(0);

    /// It was ready in this turn.
    #[inline]
    pub fn ready(self, turn: u32) -> Self {
        let turn = turn as u16 & TURN;
        let in_a_row = (self.0 >> TURN_SHIFT).wrapping_add(1) & TURN == turn;
        let count = if in_a_row { (self.0 & COUNT).wrapping_add(1).min(COUNT) } else { 1 };
        Self(turn << TURN_SHIFT | self.0 & LEVEL | count)
    }

    /// Whether it was ready in this turn and in enough of those before.
    #[inline]
    pub fn is_steady(self, turn: u32) -> bool {
        let level = (self.0 & LEVEL) / ONE_LEVEL;
        self.0 >> TURN_SHIFT == turn as u16 & TURN && self.0 & COUNT >= FIRST_STREAK << level
    }

    /// In how many turns in a row it was ready, up to 255.
    #[inline]
    pub fn streak(self) -> i32 {
        i32::from(self.0 & COUNT)
    }

    /// It was taken for steady and was not ready, after so many turns in which it was: many are a merit.
    pub fn disappointed(self, turns: u32) -> Self {
        let merit = turns.wrapping_div(LAST_STREAK).min(LAST_LEVEL.into()) as u16;
        let level = ((self.0 & LEVEL) / ONE_LEVEL).saturating_sub(merit).wrapping_add(1).min(LAST_LEVEL);
        Self((self.0 & !(COUNT | LEVEL)) | level.wrapping_mul(ONE_LEVEL))
    }
}

#[cfg(test)]
mod tests {
    use super::Heat;

    fn turns_until_steady(mut heat: Heat, first: u32) -> (Heat, u32) {
        let mut count = 0;
        loop {
            count += 1;
            let turn = first.wrapping_add(count);
            heat = heat.ready(turn);
            if heat.is_steady(turn) {
                return (heat, count);
            }
            assert!(count < 1000);
        }
    }

    #[test]
    fn becomes_steady_in_a_row_alone() {
        let (heat, count) = turns_until_steady(Heat::COLD, 100);
        assert_eq!(count, 4);
        assert!(!heat.is_steady(105));
        let mut now_and_then = Heat::COLD;
        for turn in (0..1000).step_by(2) {
            now_and_then = now_and_then.ready(turn);
            assert!(!now_and_then.is_steady(turn));
        }
    }

    #[test]
    fn takes_longer_after_each_disappointment() {
        let mut heat = Heat::COLD;
        for expected in [4, 8, 16, 32, 64, 128, 128, 128] {
            let (steady, count) = turns_until_steady(heat, 7);
            assert_eq!(count, expected);
            heat = steady.disappointed(0);
        }
    }

    #[test]
    fn is_forgiven_in_time() {
        let heat = turns_until_steady(Heat::COLD, 0).0.disappointed(3).disappointed(127).disappointed(0);
        assert_eq!(turns_until_steady(heat, 50).1, 32);
        assert_eq!(turns_until_steady(heat.disappointed(256), 50).1, 16);
        assert_eq!(turns_until_steady(heat.disappointed(1 << 20), 50).1, 8);
    }
}
