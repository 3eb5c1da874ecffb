//! Layers recognized by their outputs as a window that moves over images, `[N, C, H, W]`: a convolution or a pooling. The
//! causes are edits of the reference's backward: the gradients of the windows go to other places, or replace each other.
//!
//! ```text
//! backward   dcol[n, c, i, j, y, x]  the gradient of what the window at position (i, j) has read at its place (y, x)
//!            dx[n, c, i·s + y − p, j·s + x − p] += dcol[n, c, i, j, y, x]      with stride s and padding p
//!            dw[f, c, y, x] += dout[n, f, i, j] · x[n, c, i·s + y − p, j·s + x − p]
//! ```

use super::softmax::same;
use super::{Case, Diagnosis};
use crate::Cause;
use crate::message::text;
use crate::probed_block::ProbedBlock;
use retrograde_textbook::{Layer, Tensor};

/// A recognized layer.
#[derive(Debug, Clone, Copy)]
struct Moving {
    kind: Kind,
    /// The height and the width of the window.
    size: [usize; 2],
    stride: usize,
    pad: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// With these blocks as filters, `[F, C, FH, FW]`, and as biases, `[F]`.
    Convolution {
        w: usize,
        b: Option<usize>,
    },
    Maximum,
    Mean,
}

/// The largest recognized stride and padding.
const FARTHEST: usize = 4;

/// A layer with more products of a number and a weight takes too long.
const MOST: usize = 1 << 24;

/// How backward's sum over the windows is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Write {
    Add,
    /// Each place of the window replaces the one before, for all positions at once: `col2im` with `=`.
    ReplaceByPlace,
    /// Each position replaces the one before: loops over the positions with `=`.
    ReplaceByPosition,
}

/// A backward with a mistake: its name in the texts, and what it has.
#[derive(Debug, Clone, Copy)]
struct Edit {
    id: &'static str,
    flipped: bool,
    stride: bool,
    pad: bool,
    write: Write,
}

impl Edit {
    const RIGHT: Edit = Edit { id: "", flipped: false, stride: true, pad: true, write: Write::Add };
}

const EDITS: [Edit; 6] = [
    Edit { id: "moving-flipped", flipped: true, ..Edit::RIGHT },
    Edit { id: "moving-stride", stride: false, ..Edit::RIGHT },
    Edit { id: "moving-padding", pad: false, ..Edit::RIGHT },
    Edit { id: "moving-stride_and_padding", stride: false, pad: false, ..Edit::RIGHT },
    Edit { id: "moving-replaced", write: Write::ReplaceByPlace, ..Edit::RIGHT },
    Edit { id: "moving-replaced", write: Write::ReplaceByPosition, ..Edit::RIGHT },
];

/// The lengths of the axes of a layer.
#[derive(Debug, Clone, Copy)]
struct Lengths {
    x: [usize; 4],
    out: [usize; 4],
    window: [usize; 2],
}

/// A number below a window: sample, channel, position and place.
type Tap = [usize; 6];

impl Lengths {
    fn of(probed: &ProbedBlock<'_>, window: [usize; 2]) -> Option<Self> {
        let four = |tensor: &Tensor| <[usize; 4]>::try_from(tensor.shape()).ok();
        let (x, out) = (four(&probed.probe.x)?, four(&probed.probe.out)?);
        Some(Lengths { x, out, window })
    }

    /// The number of taps for each channel of the output.
    fn taps(&self) -> usize {
        [self.x[0], self.x[1], self.out[2], self.out[3], self.window[0], self.window[1]].iter().product()
    }

    /// All taps; the places of the window come first, or its positions.
    fn all(self, places_first: bool) -> impl Iterator<Item = Tap> {
        let [n, c, ..] = self.x;
        let ([oh, ow], [fh, fw]) = ([self.out[2], self.out[3]], self.window);
        let ([a, b], [d, e]) = if places_first { ([fh, fw], [oh, ow]) } else { ([oh, ow], [fh, fw]) };
        (0..n * c * a * b * d * e).map(move |number| {
            let (rest, inner) = (number / (d * e), number % (d * e));
            let (rest, outer) = (rest / (a * b), rest % (a * b));
            let (outer, inner) = ([outer / b, outer % b], [inner / e, inner % e]);
            let ([i, j], [y, x]) = if places_first { (inner, outer) } else { (outer, inner) };
            [rest / c, rest % c, i, j, y, x]
        })
    }
}

impl Moving {
    /// The element of the image that a tap reads, with the mistakes of an edit; `None` in the padding.
    fn image(&self, lengths: &Lengths, [n, c, i, j, y, x]: Tap, edit: &Edit) -> Option<[usize; 4]> {
        let stride = if edit.stride { self.stride } else { 1 };
        let pad = if edit.pad { self.pad } else { 0 };
        let [y, x] = if edit.flipped { [self.size[0] - 1 - y, self.size[1] - 1 - x] } else { [y, x] };
        let row = (i * stride + y).checked_sub(pad).filter(|row| *row < lengths.x[2])?;
        let column = (j * stride + x).checked_sub(pad).filter(|column| *column < lengths.x[3])?;
        Some([n, c, row, column])
    }

    /// The output at a probe.
    fn out(&self, probed: &ProbedBlock<'_>) -> Option<Tensor> {
        let (lengths, values) = (Lengths::of(probed, self.size)?, &probed.probe.values);
        let first = if self.kind == Kind::Maximum { f64::NEG_INFINITY } else { 0.0 };
        let mut out = Tensor::from_elem(lengths.out.to_vec(), first);
        let count = (self.size[0] * self.size[1]) as f64;
        for tap @ [n, c, i, j, y, x] in lengths.all(false) {
            let Some(at) = self.image(&lengths, tap, &Edit::RIGHT) else { continue };
            let read = probed.probe.x[at];
            match self.kind {
                Kind::Convolution { w, .. } => {
                    for f in 0..lengths.out[1] {
                        out[[n, f, i, j]] += values[w][[f, c, y, x]] * read;
                    }
                }
                Kind::Maximum => out[[n, c, i, j]] = out[[n, c, i, j]].max(read),
                Kind::Mean => out[[n, c, i, j]] += read / count,
            }
        }
        if let Kind::Convolution { b: Some(b), .. } = self.kind {
            let biases = values[b].to_shape(vec![1, lengths.out[1], 1, 1]).ok()?;
            out += &biases;
        }
        Some(out)
    }

    /// The gradient of what a tap has read, for a gradient of the output.
    fn dcol(&self, probed: &ProbedBlock<'_>, lengths: &Lengths, dout: &Tensor, tap: Tap) -> f64 {
        let [n, c, i, j, y, x] = tap;
        match self.kind {
            Kind::Convolution { w, .. } => {
                let w = &probed.probe.values[w];
                (0..lengths.out[1]).map(|f| w[[f, c, y, x]] * dout[[n, f, i, j]]).sum()
            }
            // Where several are the largest, there is a kink, and the probe is not compared.
            Kind::Maximum => {
                let read = self.image(lengths, tap, &Edit::RIGHT).map(|at| probed.probe.x[at]);
                if read == Some(probed.probe.out[[n, c, i, j]]) { dout[[n, c, i, j]] } else { 0.0 }
            }
            Kind::Mean => dout[[n, c, i, j]] / (self.size[0] * self.size[1]) as f64,
        }
    }

    /// The gradient of a block with the mistakes of an edit; `None` for the biases, which have no places.
    fn gradient(&self, probed: &ProbedBlock<'_>, edit: &Edit) -> Option<Tensor> {
        let (lengths, dout) = (Lengths::of(probed, self.size)?, probed.upstream());
        let mut gradient = Tensor::zeros(probed.claimed.raw_dim());
        match self.kind {
            _ if probed.block == 0 => {
                for tap in lengths.all(edit.write == Write::ReplaceByPlace) {
                    let Some(at) = self.image(&lengths, tap, edit) else { continue };
                    let share = self.dcol(probed, &lengths, &dout, tap);
                    match edit.write {
                        Write::Add => gradient[at] += share,
                        // A loop over the positions writes to the largest alone.
                        Write::ReplaceByPosition if self.kind == Kind::Maximum && share == 0.0 => {}
                        Write::ReplaceByPlace | Write::ReplaceByPosition => gradient[at] = share,
                    }
                }
            }
            Kind::Convolution { w, .. } if probed.block == w && edit.write == Write::Add => {
                for tap @ [n, c, i, j, y, x] in lengths.all(false) {
                    let Some(at) = self.image(&lengths, tap, edit) else { continue };
                    for f in 0..lengths.out[1] {
                        gradient[[f, c, y, x]] += probed.probe.x[at] * dout[[n, f, i, j]];
                    }
                }
            }
            _ => return None,
        }
        // Only elements with differences are compared.
        Some(gradient + &probed.truth * 0.0)
    }

    /// Backward's statement, as NumPy's indices.
    fn code(&self, case: &Case<'_>, edit: &Edit) -> String {
        let stride = if edit.stride { self.stride } else { 1 };
        let pad = if edit.pad { self.pad } else { 0 };
        let index = |position: &str, place: &str, last: usize| {
            let start = if stride == 1 { position.to_owned() } else { format!("{stride}*{position}") };
            let place = if edit.flipped { format!("{last} - {place}") } else { place.to_owned() };
            let pad = if pad == 0 { String::new() } else { format!(" - {pad}") };
            format!("{start} + {place}{pad}")
        };
        let row = index("i", "y", self.size[0] - 1);
        let column = index("j", "x", self.size[1] - 1);
        let sign = if edit.write == Write::Add { "+=" } else { "=" };
        let name = |block: usize| &case.observations.names[block];
        match self.kind {
            Kind::Convolution { w, .. } if w == case.block => {
                format!("d{}[f, c, y, x] += dout[n, f, i, j] * {}[n, c, {row}, {column}]", name(w), name(0))
            }
            Kind::Convolution { w, .. } => {
                format!(
                    "d{}[n, c, {row}, {column}] {sign} dout[n, f, i, j] * {}[f, c, y, x]",
                    name(0),
                    name(w)
                )
            }
            Kind::Maximum => format!("d{}[n, c, {row}, {column}] {sign} dout[n, c, i, j]", name(0)),
            Kind::Mean => {
                let count = self.size[0] * self.size[1];
                format!("d{}[n, c, {row}, {column}] {sign} dout[n, c, i, j] / {count}", name(0))
            }
        }
    }
}

/// The kinds that the shapes of a probe allow, each with its window if the filters have it.
fn kinds(first: &ProbedBlock<'_>, lengths: &Lengths) -> Vec<(Kind, Option<[usize; 2]>)> {
    let values = &first.probe.values;
    let mut all = Vec::new();
    for (w, filters) in values.iter().enumerate().skip(1) {
        let [f, c, fh, fw] = *filters.shape() else { continue };
        if [f, c] != [lengths.out[1], lengths.x[1]] {
            continue;
        }
        let biases = (1..values.len()).filter(|b| *b != w && values[*b].len() == f).map(Some);
        all.extend(biases.chain([None]).map(|b| (Kind::Convolution { w, b }, Some([fh, fw]))));
    }
    if lengths.x[1] == lengths.out[1] && values.len() == 1 {
        all.extend([(Kind::Maximum, None), (Kind::Mean, None)]);
    }
    all
}

/// The layer whose outputs are the code's at all probes.
fn recognize(case: &Case<'_>) -> Option<Moving> {
    let first = case.probed_blocks.first()?;
    let lengths = Lengths::of(first, [1, 1])?;
    for (kind, window) in kinds(first, &lengths) {
        for stride in 1..=FARTHEST {
            for pad in 0..=FARTHEST {
                // The sizes with which the output has its height or width.
                let sizes = |axis: usize| {
                    let covered = stride * lengths.out[axis + 2].saturating_sub(1);
                    let largest = (lengths.x[axis + 2] + 2 * pad).saturating_sub(covered);
                    let least = (largest + 1).saturating_sub(stride).max(1);
                    let own = window.map(|window| window[axis]);
                    (least..=largest).filter(move |size| own.is_none_or(|own| own == *size))
                };
                for size in sizes(0).flat_map(|height| sizes(1).map(move |width| [height, width])) {
                    let moving = Moving { kind, size, stride, pad };
                    let taps = Lengths { window: size, ..lengths }.taps();
                    let is_small = taps.saturating_mul(lengths.out[1]) <= MOST;
                    let fits = |probed: &ProbedBlock<'_>| {
                        moving.out(probed).is_some_and(|out| same(&probed.probe.out, &out))
                    };
                    if is_small && case.probed_blocks.iter().all(fits) {
                        return Some(moving);
                    }
                }
            }
        }
    }
    None
}

/// The windows of a convolution or of a pooling give their gradients to other places than they have read.
pub(super) fn places(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let moving = recognize(case)?;
    if moving.kind == Kind::Maximum && case.block == 0 {
        // Each place of the window gets the same: backward of the mean, or all of dout.
        let mean = Moving { kind: Kind::Mean, ..moving };
        let count = (moving.size[0] * moving.size[1]) as f64;
        for (how, factor) in [("dx[window] += dout / n", 1.0), ("dx[window] += dout", count)] {
            let fit = case.fit(|probed| Some(mean.gradient(probed, &Edit::RIGHT)? * factor));
            if let Some(predicted) = fit {
                return Some(Diagnosis::new(Cause::MaximumShared { how: how.to_owned() }, predicted));
            }
        }
    }
    EDITS.iter().find_map(|edit| {
        let predicted = case.fit(|probed| moving.gradient(probed, edit))?;
        let kind = match moving.kind {
            Kind::Convolution { .. } => "convolution",
            Kind::Maximum => "maximum",
            Kind::Mean => "mean",
        };
        let cause = Cause::WindowsMisplaced { kind: kind.to_owned(), how: text!(edit.id) };
        let found = Diagnosis::new(cause, predicted)
            .with("code", moving.code(case, edit))
            .with("right", moving.code(case, &Edit::RIGHT))
            .with("stride", moving.stride)
            .with("padding", moving.pad);
        Some(found)
    })
}
