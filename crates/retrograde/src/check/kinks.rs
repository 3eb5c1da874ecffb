//! Kinks seen from all directions. Moved alone, each of several tied inputs of a maximum has slopes from 0 to 1, and a
//! gradient that counts all of them passes; moved together, they have one slope, and it does not.
//!
//! A claimed gradient is admissible at a kink if it lies in the convex hull of the gradients at points nearby (Clarke's
//! generalised gradient; sampled as in Burke, Lewis and Overton, *A robust gradient sampling algorithm*, 2005). Elements
//! whose kinks do not influence each other are judged one by one; those that are tied, together.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::jacobian::Jacobian;
use super::probe::{Probe, random};
use super::subject::{claims, with_values};
use crate::Result;
use crate::textbook::{Layer, Tensor};

/// Kinked elements of a block that are examined together at most: pairs of them are tried.
const MOST: usize = 20;

/// The distance to the points nearby, relative to the size of the numbers: far beyond rounding, near enough that a smooth
/// function keeps its slopes to three digits.
pub(super) const NEAR: f64 = 1.0 / 16384.0;

/// How far from the hull a claim may be, relative to the slopes: what bending and rounding leave at points so near.
const ALLOWED: f64 = 4e-3;

/// How many points nearby are tried in search of one with the claimed gradient.
const SEARCHED: usize = 300;

/// What is said of a kinked element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum AtKink {
    /// Its gradient is one of those that are possible.
    Admissible,
    /// It is not.
    Outside,
    /// The gradient along a direction in which there is no kink, that of all tied elements together, is so many times
    /// what it should be.
    Counted(f64),
}

/// The verdict on each kinked element of a block, by its position.
pub(super) type Judged = Vec<(usize, AtKink)>;

/// Judges the kinked elements of a block, and those that look `wrong`, by what the layer makes of each output's gradient alone:
/// one row of `code` for each output, one column for each differentiated element.
///
/// An element that looks wrong may be at a kink of what lies within: where a rectifier follows another and both are at 0, the
/// function may be smooth in that element, and the product of the slopes that each of them takes is another number. It is one
/// of the gradients nearby, when everything else moves a little, too.
pub(super) fn judge(
    layer: &mut dyn Layer,
    probe: &Probe,
    block: usize,
    code: &ndarray::Array2<f64>,
    wrong: &[usize],
    tolerance: f64,
) -> Result<Judged> {
    let Some(jacobian) = probe.jacobians[block].as_ref() else { return Ok(Vec::new()) };
    let mut judged: Judged = Vec::new();
    let kinked: Vec<usize> = (0..jacobian.columns.len())
        .filter(|&column| {
            let element = &jacobian.columns[column];
            jacobian.kinks.contains(element) || wrong.contains(element)
        })
        .take(MOST)
        .collect();
    let mut near = Nearby { layer, probe, block, random: random(71) };
    let mut states: Vec<AtKink> = vec![AtKink::Admissible; kinked.len()];
    for output in 0..code.nrows() {
        let here: Vec<usize> =
            (0..kinked.len()).filter(|&at| is_open(jacobian, output, kinked[at], code, tolerance)).collect();
        if here.is_empty() {
            continue;
        }
        let columns: Vec<usize> = here.iter().map(|&at| kinked[at]).collect();
        for group in near.groups(jacobian, output, &columns)? {
            let members: Vec<usize> = group.iter().map(|&at| columns[at]).collect();
            let claim: Vec<f64> = members.iter().map(|&column| code[[output, column]]).collect();
            let state = near.state(jacobian, output, &members, &claim, tolerance)?;
            for &at in &group {
                let seen = &mut states[here[at]];
                if *seen == AtKink::Admissible {
                    *seen = state;
                }
            }
        }
    }
    for (state, &column) in states.into_iter().zip(&kinked) {
        // Outputs without a kink in this element leave it no choice.
        judged.push((jacobian.columns[column], state));
    }
    Ok(judged)
}

/// Whether an output has a kink in an element, or another slope than the code's.
fn is_open(
    jacobian: &Jacobian,
    output: usize,
    column: usize,
    code: &ndarray::Array2<f64>,
    tolerance: f64,
) -> bool {
    let at = [output, column];
    let slope = jacobian.centre[at];
    let apart = (code[at] - slope).abs();
    jacobian.left[at] != jacobian.right[at]
        || apart.is_nan()
        || apart > 10.0 * jacobian.error[at] + tolerance * slope.abs().max(1e-3)
}

/// The layer around a probe.
struct Nearby<'a> {
    layer: &'a mut dyn Layer,
    probe: &'a Probe,
    block: usize,
    random: Xoshiro256PlusPlus,
}

impl Nearby<'_> {
    fn size(&self) -> f64 {
        super::view::largest(&self.probe.values[self.block]).max(1.0)
    }

    /// One output with some elements of the block moved, from `blocks`.
    fn output(&mut self, blocks: &[Tensor], moves: &[(usize, f64)], output: usize) -> Result<f64> {
        let mut blocks = blocks.to_vec();
        let flat = blocks[self.block].as_slice_mut().expect("a probe's values are contiguous");
        for &(element, by) in moves {
            flat[element] += by;
        }
        let out = with_values(self.layer, &blocks[1..], |layer| layer.forward(&blocks[0]))?;
        Ok(out.iter().nth(output).copied().unwrap_or(f64::NAN))
    }

    /// Elements fall into one group if moving one changes what moving the other does, at first order.
    fn groups(&mut self, jacobian: &Jacobian, output: usize, columns: &[usize]) -> Result<Vec<Vec<usize>>> {
        let step = NEAR * self.size();
        let blocks = contiguous(&self.probe.values);
        let element = |at: usize| jacobian.columns[columns[at]];
        let slope = |at: usize| {
            let at = [output, columns[at]];
            jacobian.left[at].abs().max(jacobian.right[at].abs())
        };
        let middle = self.output(&blocks, &[], output)?;
        let mut alone = Vec::new();
        for at in 0..columns.len() {
            let below = self.output(&blocks, &[(element(at), -step)], output)? - middle;
            alone.push([below, self.output(&blocks, &[(element(at), step)], output)? - middle]);
        }
        let mut group_of: Vec<usize> = (0..columns.len()).collect();
        for a in 0..columns.len() {
            for b in 0..a {
                if group_of[a] == group_of[b] {
                    continue;
                }
                let mut coupled = false;
                for signs in [[0, 0], [0, 1], [1, 0], [1, 1]] {
                    let by = |side: usize| if side == 0 { -step } else { step };
                    let moves = [(element(a), by(signs[0])), (element(b), by(signs[1]))];
                    let together = self.output(&blocks, &moves, output)? - middle;
                    let apart = together - alone[a][signs[0]] - alone[b][signs[1]];
                    coupled |= apart.abs() > 0.02 * step * slope(a).max(slope(b));
                }
                if coupled {
                    let (from, to) = (group_of[a], group_of[b]);
                    group_of.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
                }
            }
        }
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); columns.len()];
        for (at, group) in group_of.into_iter().enumerate() {
            groups[group].push(at);
        }
        groups.retain(|group| !group.is_empty());
        Ok(groups)
    }

    /// A point nearby: the elements `columns` moved in the direction `way`, if there is one, and a little of everything else, so
    /// that what is decided by other numbers may fall either way, too.
    fn point(&mut self, jacobian: &Jacobian, columns: &[usize], way: Option<&[f64]>) -> Vec<Tensor> {
        let radius = NEAR * self.size();
        let mut blocks = contiguous(&self.probe.values);
        let part = if way.is_some() { 0.05 } else { 1.0 };
        for values in &mut blocks {
            let random = &mut self.random;
            values.mapv_inplace(|value| {
                let drawn: f64 = StandardNormal.sample(random);
                value + part * radius * drawn
            });
        }
        let flat = blocks[self.block].as_slice_mut().expect("a probe's values are contiguous");
        for (&column, by) in columns.iter().zip(way.unwrap_or_default()) {
            flat[jacobian.columns[column]] += radius * by;
        }
        blocks
    }

    /// The gradient of an output by some elements at a point, by differences.
    fn gradient(
        &mut self,
        jacobian: &Jacobian,
        output: usize,
        columns: &[usize],
        blocks: &[Tensor],
    ) -> Result<Vec<f64>> {
        let step = NEAR * self.size() / 256.0;
        let mut gradient = Vec::with_capacity(columns.len());
        for &column in columns {
            let element = jacobian.columns[column];
            let above = self.output(blocks, &[(element, step)], output)?;
            gradient.push((above - self.output(blocks, &[(element, -step)], output)?) / (2.0 * step));
        }
        Ok(gradient)
    }

    /// The point nearby at which the code's own gradient is nearest to what it claims at the kink, found by changing a part of
    /// the point at a time. It is a place to look: what the gradient is there, the differences say.
    fn likely(
        &mut self,
        jacobian: &Jacobian,
        output: usize,
        columns: &[usize],
        claim: &[f64],
    ) -> Vec<Tensor> {
        let mut d = Tensor::zeros(self.probe.out.raw_dim());
        if let Some(one) = d.iter_mut().nth(output) {
            *one = 1.0;
        }
        let block = self.block;
        let mut apart = |layer: &mut dyn Layer, blocks: &[Tensor]| -> f64 {
            let claimed = with_values(layer, &blocks[1..], |layer| {
                layer.forward(&blocks[0])?;
                claims(layer, &d)
            });
            let Some(there) = claimed.ok().and_then(|mut all| all.swap_remove(block)) else {
                return f64::NAN;
            };
            let there: Vec<f64> = there.iter().copied().collect();
            let parts = columns.iter().zip(claim);
            let square = |(&column, claim): (&usize, &f64)| {
                (there.get(jacobian.columns[column]).copied().unwrap_or(f64::NAN) - claim).powi(2)
            };
            parts.map(square).sum()
        };
        let mut best = self.point(jacobian, columns, None);
        let mut least = apart(self.layer, &best);
        for attempt in 0..SEARCHED {
            if least == 0.0 {
                break;
            }
            let fresh = self.point(jacobian, columns, None);
            let mut next = best.clone();
            // A whole block, or a few numbers of all blocks.
            let whole = attempt % (2 * next.len());
            for (at, (to, from)) in next.iter_mut().zip(&fresh).enumerate() {
                let part = if whole < fresh.len() { f64::from(u8::from(at == whole)) } else { 0.25 };
                let random = &mut self.random;
                ndarray::Zip::from(to).and(from).for_each(|to, from| {
                    if random.random_bool(part) {
                        *to = *from;
                    }
                });
            }
            let there = apart(self.layer, &next);
            if there <= least {
                (best, least) = (next, there);
            }
        }
        best
    }

    fn state(
        &mut self,
        jacobian: &Jacobian,
        output: usize,
        columns: &[usize],
        claim: &[f64],
        tolerance: f64,
    ) -> Result<AtKink> {
        let sides = |column: usize| {
            let at = [output, column];
            (jacobian.left[at].min(jacobian.right[at]), jacobian.left[at].max(jacobian.right[at]))
        };
        let scale = columns
            .iter()
            .map(|&column| sides(column).0.abs().max(sides(column).1.abs()))
            .fold(0.0, f64::max);
        let allowed = ALLOWED.max(tolerance) * scale;
        let within = |(&column, claim): (&usize, &f64)| {
            let (low, high) = sides(column);
            *claim >= low - allowed && *claim <= high + allowed
        };
        let single = columns.len() == 1;
        let kink = columns.iter().any(|&column| sides(column).0 != sides(column).1);
        if single && kink && columns.iter().zip(claim).all(within) {
            return Ok(AtKink::Admissible);
        }
        let likely = self.likely(jacobian, output, columns, claim);
        let mut gradients = vec![self.gradient(jacobian, output, columns, &likely)?];
        for _ in 0..12 + 8 * columns.len() {
            let point = self.point(jacobian, columns, None);
            gradients.push(self.gradient(jacobian, output, columns, &point)?);
        }
        for round in 0..4 {
            gradients.retain(|gradient: &Vec<f64>| gradient.iter().all(|slope| slope.is_finite()));
            let Some(nearest) = nearest(&gradients, claim) else { return Ok(AtKink::Admissible) };
            // In a single element the slopes nearby must differ, and by more than the claim is beyond them.
            let spread =
                |sign: f64| gradients.iter().map(|slopes| sign * slopes[0]).fold(f64::NEG_INFINITY, f64::max);
            let allowed = if single { 0.1 * (spread(1.0) + spread(-1.0)) } else { allowed };
            let away: Vec<f64> = claim.iter().zip(&nearest).map(|(claim, near)| claim - near).collect();
            let distance = length(&away);
            if distance <= allowed * (columns.len() as f64).sqrt() {
                return Ok(AtKink::Admissible);
            }
            if round == 3 {
                break;
            }
            // Where a gradient like the claimed one would be, if there is one.
            for sign in [1.0, -1.0] {
                let way: Vec<f64> = away.iter().map(|part| 2.0 * sign * part / distance).collect();
                for _ in 0..4 {
                    let point = self.point(jacobian, columns, Some(&way));
                    gradients.push(self.gradient(jacobian, output, columns, &point)?);
                }
            }
            for at in 0..columns.len() {
                for sign in [4.0, -4.0] {
                    let mut way = vec![0.0; columns.len()];
                    way[at] = sign;
                    let point = self.point(jacobian, columns, Some(&way));
                    gradients.push(self.gradient(jacobian, output, columns, &point)?);
                }
            }
        }
        // All of them together: the same sum everywhere nearby is a slope without a kink. A difference over a step in which
        // several are tied again may have another.
        let mut sums: Vec<f64> = gradients.iter().map(|gradient| gradient.iter().sum()).collect();
        sums.sort_by(f64::total_cmp);
        let mean = sums[sums.len() / 2];
        let others = sums.iter().filter(|sum| (**sum - mean).abs() > allowed).count();
        let one = others <= sums.len() / 20 && mean.abs() > 10.0 * allowed;
        let times = claim.iter().sum::<f64>() / mean;
        Ok(if one && (times - 1.0).abs() > ALLOWED { AtKink::Counted(times) } else { AtKink::Outside })
    }
}

/// The values in row-major order.
fn contiguous(values: &[Tensor]) -> Vec<Tensor> {
    values.iter().map(|values| values.as_standard_layout().to_owned()).collect()
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The point of the convex hull of `points` that is nearest to `to`, by pairwise Frank-Wolfe steps (Lacoste-Julien and
/// Jaggi 2015). `None` without points.
fn nearest(points: &[Vec<f64>], to: &[f64]) -> Option<Vec<f64>> {
    let mut weights = vec![0.0; points.len()];
    *weights.first_mut()? = 1.0;
    let mut at = points[0].clone();
    for _ in 0..2000 {
        let ahead: Vec<f64> = at.iter().zip(to).map(|(at, to)| at - to).collect();
        let along = |point: usize| product(&ahead, &points[point]);
        let best = (0..points.len()).min_by(|a, b| along(*a).total_cmp(&along(*b)))?;
        let held = (0..points.len()).filter(|point| weights[*point] > 0.0);
        let worst = held.max_by(|a, b| along(*a).total_cmp(&along(*b)))?;
        let way: Vec<f64> = points[best].iter().zip(&points[worst]).map(|(to, from)| to - from).collect();
        let (fall, square) = (-product(&ahead, &way), product(&way, &way));
        if square == 0.0 || fall <= 1e-12 * square.max(product(to, to)) {
            break;
        }
        let step = (fall / square).min(weights[worst]);
        weights[worst] -= step;
        weights[best] += step;
        at.iter_mut().zip(&way).for_each(|(at, way)| *at += step * way);
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_point_of_a_hull() {
        let triangle = [vec![0.0, 0.0], vec![1.0, 0.0], vec![0.0, 1.0]];
        for (to, expected) in [([0.2, 0.3], [0.2, 0.3]), ([1.0, 1.0], [0.5, 0.5]), ([-1.0, 0.5], [0.0, 0.5])]
        {
            let found = nearest(&triangle, &to).unwrap();
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{to:?}: {found:?}");
        }
    }
}
