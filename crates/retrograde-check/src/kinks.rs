//! Kinks seen from all directions. If each of several tied inputs of a maximum is perturbed alone, its slopes are
//! from 0 to 1, and a gradient that counts all of them passes; perturbed together, they have one slope, and it fails.
//!
//! A claimed gradient is admissible at a kink if it lies in the convex hull of the gradients at points nearby (Clarke's
//! generalized gradient; sampled as in Burke, Lewis and Overton, *A robust gradient sampling algorithm*, 2005). Elements
//! whose kinks do not influence each other are judged one by one; those that are tied, together.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::numbers::{largest, median, nth};
use super::probe::{Observations, Probe, random};
use super::subject::{claims, with_values};
use retrograde_base::Result;
use retrograde_textbook::{Layer, Tensor};

/// The largest number of kinked elements of a block that are examined together: all pairs are tested.
const MOST: usize = 20;

/// The distance to the points nearby, relative to the numbers: far beyond rounding, and near enough that the slopes
/// of a smooth function agree to three digits.
pub(super) const NEAR: f64 = 1.0 / 16384.0;

/// The tolerated distance of a claimed gradient from the hull, relative to the slopes: the effect of curvature and
/// rounding.
const ALLOWED: f64 = 4e-3;

/// The number of points nearby in the search for the claimed gradient.
const SEARCHED: usize = 300;

/// The verdict on a kinked element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum AtKink {
    /// Its gradient is an admissible one.
    Admissible,
    /// Its gradient is not admissible.
    Outside,
    /// Along the direction of all tied elements together, which has no kink, the gradient is this many times what it
    /// should be.
    Counted(f64),
}

/// The verdict on each kinked element of a block, by its position.
pub(super) type Judged = Vec<(usize, AtKink)>;

/// An element of a block: the block, and which of its differentiated elements it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct At {
    block: usize,
    column: usize,
}

/// Judges the `open` elements of all blocks, which are at a kink or look wrong, by the claimed Jacobian. Elements of
/// several blocks may be tied with each other, such as the two arguments of a maximum.
///
/// An element that looks wrong may be at an inner kink: if a rectifier follows another and both are at 0, the
/// function may be smooth in that element, while the product of the slopes of both rectifiers is another number. That
/// product is one of the gradients nearby, if all other elements are perturbed, too.
pub(super) fn judge(
    layer: &mut dyn Layer,
    observations: &Observations,
    probe_index: usize,
    elements: &[Vec<usize>],
) -> Result<Vec<Judged>> {
    let probe = &observations.probes[probe_index];
    let mut open: Vec<At> = Vec::new();
    for (block, jacobian) in probe.jacobians.iter().enumerate() {
        let (Some(jacobian), Some(_)) = (jacobian, &probe.claimed_jacobians[block]) else { continue };
        let is_open = |column: &usize| elements[block].contains(&jacobian.columns[*column]);
        let columns = (0..jacobian.columns.len()).filter(is_open);
        open.extend(columns.take(MOST).map(|column| At { block, column }));
    }
    let mut near =
        Nearby { layer, probe, floor: observations.rounding(probe_index).floor, random: random(71) };
    let mut states: Vec<AtKink> = vec![AtKink::Admissible; open.len()];
    for output in 0..probe.out.len() {
        let here: Vec<usize> = (0..open.len())
            .filter(|&at| near.is_open(output, open[at], observations.precision(open[at].block)))
            .collect();
        if here.is_empty() {
            continue;
        }
        let members: Vec<At> = here.iter().map(|&at| open[at]).collect();
        for group in near.groups(output, &members)? {
            let group_members: Vec<At> = group.iter().map(|&at| members[at]).collect();
            let found = near.states(output, &group_members)?;
            for (&at, state) in group.iter().zip(found) {
                let seen = &mut states[here[at]];
                if *seen == AtKink::Admissible {
                    *seen = state;
                }
            }
        }
    }
    let mut judged: Vec<Judged> = vec![Vec::new(); probe.jacobians.len()];
    for (at, state) in open.into_iter().zip(states) {
        judged[at.block].push((near.element(at), state));
    }
    Ok(judged)
}

/// The layer around a probe.
struct Nearby<'a> {
    layer: &'a mut dyn Layer,
    probe: &'a Probe,
    /// The rounding of each output.
    floor: Vec<f64>,
    random: Xoshiro256PlusPlus,
}

impl Nearby<'_> {
    /// The element's position in its block.
    fn element(&self, at: At) -> usize {
        self.probe.jacobians[at.block].as_ref().map_or(0, |jacobian| jacobian.columns[at.column])
    }

    /// The smallest and the largest slope of an output by an element, and the claimed one.
    fn slopes(&self, output: usize, at: At) -> (f64, f64, f64) {
        let place = [output, at.column];
        let (Some(jacobian), Some(code)) =
            (&self.probe.jacobians[at.block], &self.probe.claimed_jacobians[at.block])
        else {
            return (0.0, 0.0, 0.0);
        };
        let (left, right) = (jacobian.left[place], jacobian.right[place]);
        (left.min(right), left.max(right), code[place])
    }

    /// Whether an output has a kink in an element, or its slope differs from the claimed one.
    fn is_open(&self, output: usize, at: At, tolerance: f64) -> bool {
        let (low, high, code) = self.slopes(output, at);
        let error = self.probe.jacobians[at.block].as_ref().map_or(0.0, |all| all.error[[output, at.column]]);
        let slope = f64::midpoint(low, high);
        let apart = (code - slope).abs();
        low != high || apart.is_nan() || apart > 10.0 * error + tolerance * slope.abs().max(1e-3)
    }

    fn size(&self, block: usize) -> f64 {
        largest(&self.probe.values[block]).max(1.0)
    }

    /// An output with some elements perturbed, from `blocks`.
    fn output(&mut self, blocks: &[Tensor], moves: &[(At, f64)], output: usize) -> Result<f64> {
        let mut blocks = blocks.to_vec();
        for &(at, by) in moves {
            let element = self.element(at);
            blocks[at.block].as_slice_mut().expect("a probe's values are contiguous")[element] += by;
        }
        let out = with_values(self.layer, &blocks[1..], |layer| layer.forward(&blocks[0]))?;
        Ok(nth(&out, output))
    }

    /// Elements form a group if perturbing one changes the effect of perturbing the other, at first order.
    fn groups(&mut self, output: usize, members: &[At]) -> Result<Vec<Vec<usize>>> {
        let blocks = contiguous(&self.probe.values);
        let steps: Vec<f64> = members.iter().map(|at| NEAR * self.size(at.block)).collect();
        let changes: Vec<f64> = (members.iter().zip(&steps))
            .map(|(&at, step)| {
                let (low, high, _) = self.slopes(output, at);
                step * low.abs().max(high.abs())
            })
            .collect();
        let middle = self.output(&blocks, &[], output)?;
        let mut alone = Vec::new();
        for (&at, &step) in members.iter().zip(&steps) {
            let below = self.output(&blocks, &[(at, -step)], output)? - middle;
            alone.push([below, self.output(&blocks, &[(at, step)], output)? - middle]);
        }
        let mut group_of: Vec<usize> = (0..members.len()).collect();
        for a in 0..members.len() {
            for b in 0..a {
                if group_of[a] == group_of[b] {
                    continue;
                }
                let mut coupled = false;
                for signs in [[0, 0], [0, 1], [1, 0], [1, 1]] {
                    let by = |at: usize, side: usize| if side == 0 { -steps[at] } else { steps[at] };
                    let moves = [(members[a], by(a, signs[0])), (members[b], by(b, signs[1]))];
                    let together = self.output(&blocks, &moves, output)? - middle;
                    let apart = together - alone[a][signs[0]] - alone[b][signs[1]];
                    coupled |= apart.abs() > 0.02 * changes[a].max(changes[b]);
                }
                if coupled {
                    let (from, to) = (group_of[a], group_of[b]);
                    group_of.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
                }
            }
        }
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); members.len()];
        for (at, group) in group_of.into_iter().enumerate() {
            groups[group].push(at);
        }
        groups.retain(|group| !group.is_empty());
        Ok(groups)
    }

    /// A point nearby: the members perturbed in the direction `way`, if given, and all other elements slightly, so
    /// that comparisons of other numbers may fall either way.
    fn point(&mut self, members: &[At], way: Option<&[f64]>) -> Vec<Tensor> {
        let mut blocks = contiguous(&self.probe.values);
        let part = if way.is_some() { 0.05 } else { 1.0 };
        for (block, values) in blocks.iter_mut().enumerate() {
            let radius = part * NEAR * self.size(block);
            let random = &mut self.random;
            values.mapv_inplace(|value| {
                let drawn: f64 = StandardNormal.sample(random);
                value + radius * drawn
            });
        }
        for (&at, by) in members.iter().zip(way.unwrap_or_default()) {
            let (element, radius) = (self.element(at), NEAR * self.size(at.block));
            blocks[at.block].as_slice_mut().expect("a probe's values are contiguous")[element] += radius * by;
        }
        blocks
    }

    /// The numerical gradient of an output by the members at a point.
    fn gradient(&mut self, output: usize, members: &[At], blocks: &[Tensor]) -> Result<Vec<f64>> {
        let mut gradient = Vec::with_capacity(members.len());
        for &at in members {
            let step = NEAR * self.size(at.block) / 256.0;
            let above = self.output(blocks, &[(at, step)], output)?;
            gradient.push((above - self.output(blocks, &[(at, -step)], output)?) / (2.0 * step));
        }
        Ok(gradient)
    }

    /// The point nearby at which the code's gradient is closest to the claimed one at the kink, found by coordinate
    /// search. It only selects a point: the differences there decide.
    fn likely(&mut self, output: usize, members: &[At], claim: &[f64]) -> Vec<Tensor> {
        let mut d = Tensor::zeros(self.probe.out.raw_dim());
        if let Some(one) = d.iter_mut().nth(output) {
            *one = 1.0;
        }
        let elements: Vec<(usize, usize)> = members.iter().map(|&at| (at.block, self.element(at))).collect();
        let apart = |layer: &mut dyn Layer, blocks: &[Tensor]| -> f64 {
            let claimed = with_values(layer, &blocks[1..], |layer| {
                layer.forward(&blocks[0])?;
                claims(layer, &d)
            });
            let Ok(claimed) = claimed else { return f64::NAN };
            let there = |&(block, element): &(usize, usize)| -> f64 {
                claimed[block].as_ref().map_or(f64::NAN, |all| nth(all, element))
            };
            elements.iter().zip(claim).map(|(at, claim)| (there(at) - claim).powi(2)).sum()
        };
        let mut best = self.point(members, None);
        let mut least = apart(self.layer, &best);
        for attempt in 0..SEARCHED {
            if least == 0.0 {
                break;
            }
            let fresh = self.point(members, None);
            let mut next = best.clone();
            // A whole block, or a few elements of all blocks.
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

    /// The verdicts on tied elements. If they are not admissible together, the elements of a block that are not
    /// admissible on their own are wrong; if each block is admissible on its own, only a direction without a kink
    /// through all of them shows a fault.
    fn states(&mut self, output: usize, members: &[At]) -> Result<Vec<AtKink>> {
        let state = self.state(output, members)?;
        let mut blocks: Vec<usize> = members.iter().map(|at| at.block).collect();
        blocks.dedup();
        let mut states = vec![state; members.len()];
        if state == AtKink::Admissible || blocks.len() < 2 {
            return Ok(states);
        }
        for &block in &blocks {
            let own: Vec<At> = members.iter().copied().filter(|at| at.block == block).collect();
            let alone = self.state(output, &own)?;
            for (state, _) in states.iter_mut().zip(members).filter(|(_, at)| at.block == block) {
                *state = alone;
            }
        }
        let all_admissible = states.iter().all(|state| *state == AtKink::Admissible);
        if all_admissible && matches!(state, AtKink::Counted(_)) {
            states.fill(state);
        }
        Ok(states)
    }

    /// The largest gradient in a single element by the chain rule, if several kinks of the layer coincide at this
    /// point: with slope 1 for those that are active on either side. `None` if the function has no kink here, with
    /// these parameters or with others.
    fn reach(&mut self, output: usize, at: At) -> Result<Option<f64>> {
        let (low, high, _) = self.slopes(output, at);
        if low != high {
            return Ok(Some(low.abs() + high.abs()));
        }
        let mut blocks = contiguous(&self.probe.values);
        blocks[1..].clone_from_slice(&super::probe::moved(&self.probe.values[1..], &mut self.random));
        let step = NEAR * self.size(at.block);
        let middle = self.output(&blocks, &[], output)?;
        let left = (middle - self.output(&blocks, &[(at, -step)], output)?) / step;
        let right = (self.output(&blocks, &[(at, step)], output)? - middle) / step;
        let bent = (right - left).abs() > 0.05 * (left.abs() + right.abs());
        Ok(bent.then(|| low.abs() + high.abs()))
    }

    fn state(&mut self, output: usize, members: &[At]) -> Result<AtKink> {
        let sides: Vec<(f64, f64, f64)> = members.iter().map(|&at| self.slopes(output, at)).collect();
        let claim: Vec<f64> = sides.iter().map(|(_, _, code)| *code).collect();
        let scale = sides.iter().map(|(low, high, _)| low.abs().max(high.abs())).fold(0.0, f64::max);
        // Over so short a distance, differences are dominated by rounding.
        let step = members.iter().map(|at| NEAR * self.size(at.block) / 256.0).fold(f64::INFINITY, f64::min);
        let allowed = ALLOWED * scale + 4.0 * self.floor[output] / step;
        let single = members.len() == 1;
        let within = |(low, high, code): &(f64, f64, f64)| *code >= low - allowed && *code <= high + allowed;
        if single && sides.iter().all(|side| side.0 != side.1 && within(side)) {
            return Ok(AtKink::Admissible);
        }
        let likely = self.likely(output, members, &claim);
        let mut gradients = vec![self.gradient(output, members, &likely)?];
        for _ in 0..12 + 8 * members.len() {
            let point = self.point(members, None);
            gradients.push(self.gradient(output, members, &point)?);
        }
        for round in 0..4 {
            gradients.retain(|gradient: &Vec<f64>| gradient.iter().all(|slope| slope.is_finite()));
            let Some(nearest) = nearest(&gradients, &claim) else { return Ok(AtKink::Admissible) };
            // In a single element, the slopes nearby must differ, and by more than the distance of the claimed
            // gradient.
            let most =
                |sign: f64| gradients.iter().map(|slopes| sign * slopes[0]).fold(f64::NEG_INFINITY, f64::max);
            let allowed =
                if single { 0.1 * (most(1.0) + most(-1.0)).max(allowed - ALLOWED * scale) } else { allowed };
            let away: Vec<f64> = claim.iter().zip(&nearest).map(|(claim, near)| claim - near).collect();
            let distance = length(&away);
            if distance <= allowed * (members.len() as f64).sqrt() {
                return Ok(AtKink::Admissible);
            }
            if round == 3 {
                break;
            }
            // The point where the gradient is closest to the claimed one, if there is one.
            let mut ways: Vec<Vec<f64>> = Vec::new();
            for sign in [1.0, -1.0].repeat(4) {
                ways.push(away.iter().map(|part| 2.0 * sign * part / distance).collect());
            }
            for at in 0..members.len() {
                for sign in [4.0, -4.0] {
                    let mut way = vec![0.0; members.len()];
                    way[at] = sign;
                    ways.push(way);
                }
            }
            for way in ways {
                let point = self.point(members, Some(&way));
                gradients.push(self.gradient(output, members, &point)?);
            }
        }
        if single && self.reach(output, members[0])?.is_some_and(|most| claim[0].abs() <= most + allowed) {
            return Ok(AtKink::Admissible);
        }
        // All elements together: the same sum at all points nearby is a slope without a kink. A difference over a
        // step at which several are tied again may deviate.
        let sums: Vec<f64> = gradients.iter().map(|gradient| gradient.iter().sum()).collect();
        let mean = median(sums.iter().copied());
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
