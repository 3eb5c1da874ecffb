//! Tests whether a cause named by the check is true of a mutant: on the mutant's own numbers, in double-double arithmetic, at
//! inputs that the check has not used.

use crate::case::{Case, Subject};
use crate::layer_sequence::{Blocks, LayerSequence};
use crate::mutant::{Mutant, another_input};
use crate::number::{Double, Dual, Number};
use crate::random::Random;
use crate::truth;

/// The statement of a cause about the code's gradient G and the true gradient T, if it can be tested without the check.
#[derive(Debug, Clone, PartialEq)]
pub enum TestableCause {
    /// G = −T.
    Sign,
    /// G = k T, with the same k for all elements at one input.
    Factor,
    /// G = T / N, or N T.
    Rows,
    /// The axes of G are those of T in this order.
    Permuted(Vec<usize>),
    /// The two axes of G are those of T exchanged; or G, of the input, is J dout where Jᵀ dout belongs, as with `w` for
    /// `w.T`.
    Transposed,
    /// G = 0.
    Zero,
    /// G does not depend on dout.
    DoutIgnored,
    /// G is T and the G of the call before.
    Accumulated,
    /// G depends on calls before.
    History,
    /// G is the T of this other parameter.
    Another(String),
    /// G is T, but 0 at these positions of an axis.
    ZeroAt(usize, Vec<usize>),
    /// G is T for a dout that is 0 but at these positions of an axis.
    Shares(usize, Vec<usize>),
    /// G = dout.
    Passes,
    /// Not testable here: a reader must judge.
    Other,
}

/// The result of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseVerdict {
    /// The cause is true.
    True,
    /// The cause is false.
    False,
    /// A reader must judge.
    Open,
}

/// The number of inputs at which a cause is tested, and the index of the last.
const POINTS: usize = 4;
const LAST: usize = POINTS - 1;

/// The relative tolerance, to the largest of a block, within which numbers of a mutant and of right code agree.
const SAME: f64 = 1e-12;

/// The gradients of the isolated mutated layer at a few inputs.
pub struct Evidence {
    case: Case,
    points: Vec<Point>,
}

/// One input.
struct Point {
    x: Vec<f64>,
    dout: Vec<f64>,
    /// The mutant's gradients of a first call, of a second call, and of the call before that.
    code: Blocks<Double>,
    second: Blocks<Double>,
    first: Blocks<Double>,
    /// For another dout.
    other: Blocks<Double>,
    truth: Blocks<Double>,
}

impl Point {
    fn new(case: &Case, right: &Case, x: Vec<f64>, random: &mut Random) -> Option<Point> {
        let shapes = LayerSequence::<f64>::new(case).ok()?.shapes();
        let count = shapes.last()?.iter().product();
        let (dout, other) = (random.normals(count, 1.0), random.normals(count, 1.0));
        let run = |case: &Case, calls: &[(&[f64], &[f64])]| -> Option<Vec<Blocks<Double>>> {
            let mut row = LayerSequence::<Double>::new(case).ok()?;
            let blocks = |evaluation: truth::Evaluation<Double>| evaluation.gradients.into_iter().next();
            calls.iter().map(|(x, dout)| blocks(truth::evaluate(&mut row, x, dout).ok()?)).collect()
        };
        let before = another_input(case, random);
        let [first, second] = run(case, &[(&before, &other), (&x, &dout)])?.try_into().ok()?;
        Some(Point {
            code: run(case, &[(&x, &dout)])?.pop()?,
            other: run(case, &[(&x, &other)])?.pop()?,
            truth: run(right, &[(&x, &dout)])?.pop()?,
            first,
            second,
            x,
            dout,
        })
    }

    fn is_finite(&self) -> bool {
        let all = [&self.code, &self.other, &self.truth, &self.first, &self.second];
        all.into_iter().flatten().flatten().all(|number| number.value().is_finite())
    }

    /// The factor by which the code's gradient is longer than the true one, if that is not 0.
    fn factor(&self, block: usize) -> Option<f64> {
        let (code, truth) = (&self.code[block], &self.truth[block]);
        let factor = (truth::dot(code, truth) / truth::dot(truth, truth)).value();
        factor.is_finite().then_some(factor)
    }
}

impl Evidence {
    /// Of a fault; `None` where the layer stops when it stands alone.
    pub fn new(mutant: &Mutant, random: &mut Random) -> Option<Evidence> {
        let [case, right] =
            [&mutant.case, &mutant.right].map(|case| isolated(case, &mutant.right, mutant.unit));
        let (case, right) = (case?, right?);
        let mut points = Vec::new();
        for number in 0..POINTS {
            let x = match number {
                0 => case.x.clone(),
                // Where numbers of the case's size are so small or large that a gradient is lost in rounding, those are not.
                LAST => random.normals(case.x.len(), 1.0),
                _ => another_input(&case, random),
            };
            let point = Point::new(&case, &right, x, random);
            if number < LAST {
                points.push(point?);
            } else {
                points.extend(point.filter(Point::is_finite));
            }
        }
        Some(Evidence { case: right, points })
    }

    /// The blocks that are wrong in the layer alone.
    pub fn wrong(&self) -> Vec<usize> {
        let is_wrong = |&block: &usize| {
            self.points.iter().any(|point| {
                !same(&point.code[block], &point.truth[block])
                    || !same(&point.second[block], &point.truth[block])
            })
        };
        (0..self.points[0].truth.len()).filter(is_wrong).collect()
    }

    /// The position of the block of this name: `x`, or a parameter's name.
    pub fn block(&self, name: &str) -> Option<usize> {
        let program = &self.case.units[0].program;
        let parameters = program.parameters();
        let position = parameters.iter().position(|&array| program.arrays[array].name == name);
        if name == "x" { Some(0) } else { position.map(|position| position + 1) }
    }

    /// Whether what a cause means is true of a block.
    pub fn holds(&self, testable: &TestableCause, block: usize) -> bool {
        if !matches!(testable, TestableCause::Accumulated | TestableCause::History) {
            // What depends on calls before is no function of the true gradient; and where the code is right at all of
            // these inputs there is nothing to explain.
            let stateless = self.points.iter().all(|point| same(&point.code[block], &point.second[block]));
            let differs = self.points.iter().any(|point| !same(&point.code[block], &point.truth[block]));
            if !stateless || !differs {
                return false;
            }
        }
        // That it depends on earlier calls is seen where the numbers differ, which need not be at each input.
        if *testable == TestableCause::History {
            return self.points.iter().any(|point| self.holds_at(point, testable, block));
        }
        let everywhere = self.points.iter().all(|point| self.holds_at(point, testable, block));
        everywhere && (*testable != TestableCause::Factor || self.has_one_factor(block))
    }

    /// Whether the factor is the same at all inputs: a block of one number has a factor at each.
    fn has_one_factor(&self, block: usize) -> bool {
        let factors: Vec<f64> = self.points.iter().filter_map(|point| point.factor(block)).collect();
        factors.iter().all(|factor| (factor - factors[0]).abs() <= 1e-9 * factors[0].abs())
    }

    /// The plain meanings that are true of a block.
    pub fn plain(&self, block: usize) -> Vec<TestableCause> {
        let mut all = vec![
            TestableCause::Sign,
            TestableCause::Zero,
            TestableCause::Factor,
            TestableCause::DoutIgnored,
            TestableCause::Accumulated,
            TestableCause::Passes,
            TestableCause::History,
        ];
        let shape = self.shape(block);
        if shape.len() == 2 {
            all.push(TestableCause::Transposed);
        }
        let program = &self.case.units[0].program;
        for array in program.parameters() {
            all.push(TestableCause::Another(program.arrays[array].name.clone()));
        }
        all.retain(|testable| self.holds(testable, block));
        all
    }

    fn shape(&self, block: usize) -> Vec<usize> {
        let unit = &self.case.units[0];
        let program = &unit.program;
        match block {
            0 => self.case.shape.clone(),
            block => {
                program.arrays[program.parameters()[block - 1]].shape_at(&unit.sizes).unwrap_or_default()
            }
        }
    }

    fn holds_at(&self, point: &Point, testable: &TestableCause, block: usize) -> bool {
        let (code, truth) = (&point.code[block], &point.truth[block]);
        let scaled = |numbers: &[Double], factor: f64| -> Vec<Double> {
            numbers.iter().map(|&number| number * Double::of(factor)).collect()
        };
        match testable {
            TestableCause::Sign => same(code, &scaled(truth, -1.0)),
            // Where both are 0, each factor fits.
            TestableCause::Factor => match point.factor(block) {
                Some(factor) => factor != 0.0 && same(code, &scaled(truth, factor)),
                None => same(code, truth),
            },
            TestableCause::Rows => {
                let rows = self.case.units[0].sizes[0] as f64;
                same(code, &scaled(truth, rows)) || same(code, &scaled(truth, 1.0 / rows))
            }
            TestableCause::Permuted(order) => {
                permuted(truth, &self.shape(block), order).is_some_and(|moved| same(code, &moved))
            }
            TestableCause::Transposed => {
                let moved = permuted(truth, &self.shape(block), &[1, 0]);
                moved.is_some_and(|moved| same(code, &moved))
                    || (block == 0 && self.forward_of_dout(point, code))
            }
            // Terms may cancel to 0 but for rounding.
            TestableCause::Zero => {
                same(&[code.as_slice(), truth].concat(), &[scaled(code, 0.0).as_slice(), truth].concat())
            }
            TestableCause::DoutIgnored => same(code, &point.other[block]),
            TestableCause::Accumulated => {
                let sum: Vec<Double> = truth.iter().zip(&point.first[block]).map(|(&a, &b)| a + b).collect();
                same(&point.second[block], &sum)
            }
            TestableCause::History => !same(code, &point.second[block]),
            TestableCause::Another(name) => self.block(name).is_some_and(|other| {
                other != block && point.truth[other].len() == truth.len() && same(code, &point.truth[other])
            }),
            TestableCause::ZeroAt(axis, missing) => {
                let cut = masked(truth, &self.shape(block), *axis, |position| !missing.contains(&position));
                cut.is_some_and(|cut| same(code, &cut))
            }
            TestableCause::Shares(axis, present) => {
                let shares = self.shares(point, block, *axis, present);
                shares.is_some_and(|shares| same(code, &shares))
            }
            TestableCause::Passes => {
                let dout: Vec<Double> = point.dout.iter().map(|&dout| Double::of(dout)).collect();
                block == 0 && dout.len() == code.len() && same(code, &dout)
            }
            TestableCause::Other => false,
        }
    }

    /// Whether a gradient of the input is J dout, the change of the output when the input moves by dout.
    fn forward_of_dout(&self, point: &Point, code: &[Double]) -> bool {
        let moved = || -> Option<Vec<Double>> {
            let pairs = point.x.iter().zip(&point.dout);
            let x: Vec<Dual<Double>> =
                pairs.map(|(&x, &dout)| Dual { value: Double::of(x), tangent: Double::of(dout) }).collect();
            let out = LayerSequence::<Dual<Double>>::new(&self.case).ok()?.forward(&x).ok()?;
            Some(out.iter().map(|out| out.tangent).collect())
        };
        point.dout.len() == point.x.len() && moved().is_some_and(|moved| same(code, &moved))
    }

    /// Whether several causes are true together of a block: G is what the one makes of what the other makes of T. `None` where
    /// one of them says nothing that can be tried.
    pub fn holds_together(&self, meanings: &[&TestableCause], block: usize) -> Option<bool> {
        let rows = self.case.units[0].sizes[0] as f64;
        let stateless = self.points.iter().all(|point| same(&point.code[block], &point.second[block]));
        for point in &self.points {
            let mut right = point.truth[block].clone();
            let mut factors = vec![1.0];
            let mut any = false;
            for testable in meanings {
                let by = |numbers: &[f64]| {
                    factors.iter().flat_map(|f| numbers.iter().map(move |n| f * n)).collect()
                };
                match testable {
                    TestableCause::Shares(axis, present) => {
                        right = self.shares(point, block, *axis, present)?;
                    }
                    TestableCause::Permuted(order) => right = permuted(&right, &self.shape(block), order)?,
                    TestableCause::Transposed => right = permuted(&right, &self.shape(block), &[1, 0])?,
                    TestableCause::ZeroAt(axis, missing) => {
                        right = masked(&right, &self.shape(block), *axis, |at| !missing.contains(&at))?;
                    }
                    TestableCause::Sign => factors = by(&[-1.0]),
                    TestableCause::Rows => factors = by(&[rows, 1.0 / rows]),
                    TestableCause::Factor => any = true,
                    _ => return None,
                }
            }
            if any {
                factors = vec![(truth::dot(&point.code[block], &right) / truth::dot(&right, &right)).value()];
            }
            let is = |factor: &f64| {
                let scaled: Vec<Double> = right.iter().map(|&number| number * Double::of(*factor)).collect();
                same(&point.code[block], &scaled)
            };
            if !factors.iter().any(is) {
                return Some(false);
            }
        }
        Some(stateless)
    }

    /// The block of right code for a part of dout.
    fn shares(&self, point: &Point, block: usize, axis: usize, present: &[usize]) -> Option<Vec<Double>> {
        let mut row = LayerSequence::<Double>::new(&self.case).ok()?;
        let shape = row.shapes().pop()?;
        let dout: Vec<Double> = point.dout.iter().map(|&dout| Double::of(dout)).collect();
        let dout: Vec<f64> = masked(&dout, &shape, axis, |position| present.contains(&position))?
            .iter()
            .map(|dout| dout.value())
            .collect();
        let evaluation = truth::evaluate(&mut row, &point.x, &dout).ok()?;
        evaluation.gradients.into_iter().next()?.into_iter().nth(block)
    }
}

/// The layer of a case alone, at the input that it has in the right row.
fn isolated(case: &Case, right: &Case, unit: usize) -> Option<Case> {
    let mut row = LayerSequence::<f64>::new(right).ok()?;
    row.forward(&right.x).ok()?;
    let is_loss = case.units[unit].program.is_loss;
    Some(Case {
        subject: if is_loss { Subject::Loss } else { Subject::Layer },
        units: vec![case.units[unit].clone()],
        shape: row.shapes().swap_remove(unit),
        x: row.inputs().swap_remove(unit),
        labels: if is_loss { case.labels.clone() } else { Vec::new() },
        decay: 0.0,
        conventions: Vec::new(),
        ..case.clone()
    })
}

fn same(a: &[Double], b: &[Double]) -> bool {
    let largest = a.iter().chain(b).map(|number| number.value().abs()).fold(0.0, f64::max);
    a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| (a - b).value().abs() <= SAME * largest)
}

/// The positions along each axis of an element.
fn positions(mut element: usize, shape: &[usize]) -> Vec<usize> {
    let mut found = vec![0; shape.len()];
    for (position, &length) in found.iter_mut().zip(shape).rev() {
        (*position, element) = (element % length, element / length);
    }
    found
}

/// The numbers with zeros at positions of an axis that are not kept.
fn masked(
    numbers: &[Double],
    shape: &[usize],
    axis: usize,
    kept: impl Fn(usize) -> bool,
) -> Option<Vec<Double>> {
    let choose = |(element, &number): (usize, &Double)| {
        Some(if kept(*positions(element, shape).get(axis)?) { number } else { Double::of(0.0) })
    };
    numbers.iter().enumerate().map(choose).collect()
}

/// The numbers of an array of this shape with its axes in another order; `None` where that has another shape.
fn permuted(numbers: &[Double], shape: &[usize], order: &[usize]) -> Option<Vec<Double>> {
    let changes = order.iter().enumerate().any(|(axis, &other)| axis != other);
    let fits = order.len() == shape.len()
        && order.iter().zip(shape).all(|(&axis, &length)| shape.get(axis) == Some(&length));
    if !changes || !fits {
        return None;
    }
    let read = |element: usize| {
        let to = positions(element, shape);
        let mut from = vec![0; shape.len()];
        order.iter().zip(&to).for_each(|(&axis, &position)| from[axis] = position);
        numbers[from.iter().zip(shape).fold(0, |flat, (&position, &length)| flat * length + position)]
    };
    Some((0..numbers.len()).map(read).collect())
}
