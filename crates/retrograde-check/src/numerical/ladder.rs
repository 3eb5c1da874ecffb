//! One slope from a ladder of steps.

/// The most steps: from the first, 2⁻⁸ of the number's scale, down to 2⁻³¹.
pub(super) const MOST: usize = 24;

/// The relative distance within which a slope confirms another one at the second step: far below the smallest error of a
/// formula, far above the truncation error of two steps.
const CONFIRMED: f64 = 1e-8;

/// The relative uncertainty below which no further step is taken.
const SETTLED: f64 = 1e-10;

/// If the slopes of both sides differ by more than this part, a kink is suspected.
const SUSPICIOUS: f64 = 1e-6;

/// The accuracy of the sides of a kink required before the last step, relative to the angle between them: a kink a little
/// away leaves a larger uncertainty.
const CLEAR: f64 = 1e-7;

/// The angle of a kink, relative to its slopes, from which it is accepted before the last step.
const SHARP: f64 = 1e-3;

/// The accuracy with which the quotients at the last two steps must agree with the sides of a kink before the last step,
/// relative to the angle between them.
const APPROACH: f64 = 1e-5;

/// The relative rounding from which it counts as coarse: more than that of `f32`.
const COARSE: f64 = 1e-4;

/// The required accuracy of a slope after the last step.
const KNOWN: f64 = 1e-3;

/// A slope by differences, with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// The derivative; at a kink the mean of both sides, as in centered differences; NaN if there is none.
    pub value: f64,
    /// The estimated distance to the true derivative: truncation and rounding.
    pub uncertainty: f64,
    /// The largest step of those it was made from.
    pub step: f64,
    /// The character of the function at the point.
    pub character: Character,
}

/// The character of a function around a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Character {
    /// It has a derivative.
    Smooth,
    /// It has one slope on the left and another on the right.
    Kink {
        /// The slope below the point.
        left: f64,
        /// The slope above the point.
        right: f64,
    },
    /// It jumps: its values on the two sides stay apart at all steps.
    Jump,
    /// It has no value at the point, or none on one of the sides.
    Undefined,
    /// The steps do not agree on a slope: too much rounding, or a function that differences cannot measure.
    Unresolved,
}

impl Slope {
    /// Whether there is a derivative to compare with.
    pub fn is_smooth(&self) -> bool {
        self.character == Character::Smooth
    }

    /// Whether the two sides of a kink differ by a large part of their slopes.
    fn is_sharp(&self) -> bool {
        let Character::Kink { left, right } = self.character else { return false };
        (right - left).abs() > SHARP * left.abs().max(right.abs())
    }

    /// A point without a slope.
    pub(super) fn none(character: Character) -> Self {
        Slope { value: f64::NAN, uncertainty: f64::INFINITY, step: 0.0, character }
    }
}

/// The values of a function at a point and at both sides of it.
#[derive(Debug, Clone)]
pub(crate) struct Ladder {
    middle: f64,
    /// The relative rounding of one value.
    roundoff: f64,
    /// The largest value so far, to which rounding is relative.
    largest: f64,
    /// The absolute rounding of one value, from cancellation within the function.
    floor: f64,
    /// The magnitude of the number, or 1.
    scale: f64,
    levels: [Level; MOST],
    count: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Level {
    step: f64,
    left: f64,
    right: f64,
}

/// A limit for step zero, with its error estimate.
#[derive(Debug, Clone, Copy)]
struct Limit {
    value: f64,
    error: f64,
    step: f64,
}

impl Ladder {
    pub(super) fn new(middle: f64, roundoff: f64, scale: f64) -> Self {
        Ladder {
            middle,
            roundoff,
            largest: middle.abs(),
            floor: 0.0,
            scale,
            levels: [Level::default(); MOST],
            count: 0,
        }
    }

    /// For values with an absolute error of `floor`.
    pub(crate) fn with_floor(self, floor: f64) -> Self {
        Ladder { floor, ..self }
    }

    /// Adds the values at one step. Steps must come in the order of a ladder; a side without a value starts again.
    pub(crate) fn push(&mut self, step: f64, left: f64, right: f64) {
        if !left.is_finite() || !right.is_finite() || self.count == MOST {
            self.count = 0;
            return;
        }
        self.largest = self.largest.max(left.abs()).max(right.abs());
        if self.count == 0 {
            // A value near zero may result from cancellation of large terms. Terms that depend on the number are at least
            // as large as its contribution to the value.
            self.largest = self.largest.max((right - left).abs() / (2.0 * step) * self.scale);
        }
        self.levels[self.count] = Level { step, left, right };
        self.count += 1;
    }

    /// The slope, once a further step would not improve it. `expected` is the derivative to compare with: a slope that
    /// agrees with it confirms it, and both are then accurate enough.
    pub(crate) fn settled(&self, expected: Option<f64>) -> Option<Slope> {
        if !self.middle.is_finite() {
            return Some(Slope::none(Character::Undefined));
        }
        let [.., before, last] = &self.levels[..self.count] else {
            return None;
        };
        // With coarse rounding, three steps agree within it on anything: all steps are used.
        if self.roundoff > COARSE && expected.is_none() {
            return None;
        }
        let noise = self.noise(last.step);
        if self.is_suspicious(before, last) {
            let kink = if self.count < 5 { None } else { self.kink(CLEAR) };
            // A slight one may be the curvature of a kink a little away: smaller steps decide.
            return kink.filter(|kink| self.approaches(kink, before, last) && kink.is_sharp());
        }
        let smooth = |limit: Limit| Slope {
            value: limit.value,
            uncertainty: limit.error,
            step: limit.step,
            character: Character::Smooth,
        };
        if let Some(expected) = expected {
            let (coarse, fine) = (before.centered(), last.centered());
            let value = (4.0 * fine - coarse) / 3.0;
            if (value - expected).abs() <= CONFIRMED * value.abs() + 2.0 * noise {
                let error = (fine - coarse).abs() / 3.0 + 2.0 * noise;
                return Some(smooth(Limit { value, error, step: before.step }));
            }
        }
        let from = self.smooth_from();
        if self.count < from + 3 {
            return None;
        }
        let limit = self.limit(from, Level::centered, [4.0, 16.0, 64.0])?;
        (limit.error <= SETTLED * limit.value.abs() + (if from > 0 { 20.0 } else { 3.0 }) * noise)
            .then(|| smooth(limit))
    }

    /// The result after the last step.
    pub(crate) fn conclude(&self) -> Slope {
        if !self.middle.is_finite() || self.count < 2 {
            return Slope::none(Character::Undefined);
        }
        if self.jumps() {
            return Slope::none(Character::Jump);
        }
        let from = self.smooth_from();
        let bent = self.count < from + 2;
        let Some(limit) = self.limit(if bent { 0 } else { from }, Level::centered, [4.0, 16.0, 64.0]) else {
            return Slope::none(Character::Unresolved);
        };
        if let Some(kink) = bent.then(|| self.kink(0.1)).flatten().filter(|kink| self.stays(kink)) {
            return kink;
        }
        let limit = Limit { error: limit.error.max(self.contradicted(&limit)), ..limit };
        let known = !bent && limit.error <= KNOWN * limit.value.abs() + 4.0 * self.noise(limit.step);
        let character = if known { Character::Smooth } else { Character::Unresolved };
        Slope { value: limit.value, uncertainty: limit.error, step: limit.step, character }
    }

    /// The distance of the quotients at smaller steps from a limit, beyond their rounding: a larger step may have crossed a
    /// kink.
    fn contradicted(&self, limit: &Limit) -> f64 {
        let finer = self.levels[..self.count].iter().filter(|level| level.step < limit.step);
        let apart = finer.map(|level| (level.centered() - limit.value).abs() - 4.0 * self.noise(level.step));
        apart.fold(0.0, f64::max)
    }

    /// The rounding error of a centered difference.
    fn noise(&self, step: f64) -> f64 {
        (self.roundoff * self.largest).max(self.floor) / step
    }

    /// Whether the slopes of the two sides differ by more than curvature explains. For a smooth function their difference
    /// is h·f″ + h³·f⁗/12 + …, which halves with the step.
    fn is_suspicious(&self, before: &Level, last: &Level) -> bool {
        let gap = |level: &Level| level.right_slope(self.middle) - level.left_slope(self.middle);
        let slopes = last.right_slope(self.middle).abs().max(last.left_slope(self.middle).abs());
        (2.0 * gap(last) - gap(before)).abs() > SUSPICIOUS * slopes + 16.0 * self.noise(last.step)
    }

    /// The level from which the quotients behave as those of a smooth function. At earlier levels a step crosses a kink of
    /// the function, where its two sides disagree, or of its slope, where halving the step does not quarter the error of
    /// the centered quotient.
    fn smooth_from(&self) -> usize {
        let levels = &self.levels[..self.count];
        let kink = levels.windows(2).rposition(|pair| self.is_suspicious(&pair[0], &pair[1]));
        let bend = levels.windows(3).rposition(|three| self.is_bent(three));
        kink.map_or(0, |at| at + 1).max(bend.map_or(0, |at| at + 1))
    }

    /// Whether the centered quotients of three levels do not approach their limit as the square of the step.
    fn is_bent(&self, levels: &[Level]) -> bool {
        let [first, second, third] = [0, 1, 2].map(|at: usize| levels[at].centered());
        let (coarse, fine) = (second - first, third - second);
        let rounding = SETTLED * third.abs() + 6.0 * self.noise(levels[2].step);
        (4.0 * fine - coarse).abs() > 0.5 * coarse.abs() + rounding
    }

    /// The kink, if the uncertainty of both slopes is below `clear` times the angle between them.
    fn kink(&self, clear: f64) -> Option<Slope> {
        let powers = [2.0, 4.0, 8.0];
        let left = self.limit(0, |level| level.left_slope(self.middle), powers)?;
        let right = self.limit(0, |level| level.right_slope(self.middle), powers)?;
        let (gap, error) = ((right.value - left.value).abs(), left.error + right.error);
        (error <= clear * gap).then(|| Slope {
            value: f64::midpoint(left.value, right.value),
            uncertainty: error,
            step: left.step.max(right.step),
            character: Character::Kink { left: left.value, right: right.value },
        })
    }

    /// Whether the slopes of both sides converge to those of the kink linearly: half the step, half the distance. Limits
    /// may agree by chance where there is no slope; near a kink that is a little away, they do not agree at other steps,
    /// too.
    fn approaches(&self, kink: &Slope, before: &Level, last: &Level) -> bool {
        let Character::Kink { left, right } = kink.character else {
            return false;
        };
        let allowed = APPROACH * (right - left).abs() + 16.0 * self.noise(last.step);
        let left_over = |side: fn(&Level, f64) -> f64, limit: f64| {
            (2.0 * (side(last, self.middle) - limit) - (side(before, self.middle) - limit)).abs()
        };
        left_over(Level::left_slope, left) <= allowed && left_over(Level::right_slope, right) <= allowed
    }

    /// Whether the sides of a kink still have their slopes at the last step; those of a cusp do not.
    fn stays(&self, kink: &Slope) -> bool {
        let Character::Kink { left, right } = kink.character else {
            return false;
        };
        let last = &self.levels[self.count - 1];
        let allowed = 0.25 * (right - left).abs() + 4.0 * self.noise(last.step);
        (last.left_slope(self.middle) - left).abs() <= allowed
            && (last.right_slope(self.middle) - right).abs() <= allowed
    }

    /// The limit of a quotient for step zero, by Neville's scheme over the ladder from level `from` on: the table entry
    /// with the smallest change from its neighbor, rounding included. `factors` are the factors by which the leading error
    /// terms shrink from one step to the next.
    fn limit(&self, from: usize, quotient: impl Fn(&Level) -> f64, factors: [f64; 3]) -> Option<Limit> {
        let mut best: Option<Limit> = None;
        let mut above = [f64::NAN; 4];
        let levels = &self.levels[from..self.count];
        for (number, level) in levels.iter().enumerate() {
            let mut row = [quotient(level), f64::NAN, f64::NAN, f64::NAN];
            for (column, factor) in factors.iter().enumerate().take(number) {
                row[column + 1] = (factor * row[column] - above[column]) / (factor - 1.0);
                // If a larger step crossed a kink, one that rounding hides may also lie within this step.
                let hidden = if from == 0 {
                    0.0
                } else {
                    // Where the slope has a kink, the error is as large as the last change, not a third of it.
                    let before = quotient(&self.levels[from + number - 1]);
                    16.0 * self.noise(level.step) + (row[0] - before).abs()
                };
                let error = (row[column + 1] - row[column]).abs() + 2.0 * self.noise(level.step) + hidden;
                if best.is_none_or(|best| error < best.error) {
                    let step = levels[number - column - 1].step;
                    best = Some(Limit { value: row[column + 1], error, step });
                }
            }
            above = row;
        }
        best
    }

    /// Whether the values of one side keep their distance from the middle at all steps.
    fn jumps(&self) -> bool {
        let Some(levels) = self.levels[..self.count].last_chunk::<4>() else {
            return false;
        };
        let stays = |side: fn(&Level) -> f64| {
            let distance = levels.map(|level| (side(&level) - self.middle).abs());
            let falls = distance.windows(2).any(|pair| pair[1] < 0.99 * pair[0]);
            !falls && distance[3] > 1e3 * (self.roundoff * self.largest).max(self.floor)
        };
        stays(|level| level.left) || stays(|level| level.right)
    }
}

impl Level {
    fn centered(&self) -> f64 {
        (self.right - self.left) / (2.0 * self.step)
    }

    fn left_slope(&self, middle: f64) -> f64 {
        (middle - self.left) / self.step
    }

    fn right_slope(&self, middle: f64) -> f64 {
        (self.right - middle) / self.step
    }
}
