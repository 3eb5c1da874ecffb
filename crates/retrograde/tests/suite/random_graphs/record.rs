//! Records a random graph from instructions of four bytes. Any bytes make a valid graph, so that failures shrink.

use retrograde::ops::{AttentionOptions, Conv2dOptions, Pool2dOptions, RandomKey};
use retrograde::{Graph, Shape, Tensor, Var};

/// An operation to record: an opcode, and three numbers that choose operands, axes and ranges.
#[derive(Debug, Clone, Copy)]
pub struct Instruction(pub [u8; 4]);

/// How an instruction is recorded, and whether its result is a smooth function of its operands.
type Opcode = (fn(&mut RandomGraph, Picks) -> Option<Var>, bool);

const SMOOTH: bool = true;
const KINKED: bool = false;

/// The numbers of an instruction.
#[derive(Clone, Copy)]
pub struct Picks {
    a: usize,
    b: usize,
    c: usize,
}

/// A random graph and its values.
pub struct RandomGraph {
    pub graph: Graph,
    pub parameters: Vec<Var>,
    /// All real values to choose from.
    pub pool: Vec<Var>,
    /// Indices, and their exclusive upper bounds.
    pub indices: Vec<(Var, usize)>,
    images: Var,
    /// Of random numbers.
    step: Var,
    smooth: bool,
    gradients: usize,
}

/// The number of opcodes.
pub fn instruction_count() -> usize {
    OPCODES.len()
}

/// The most elements of a value, which bounds repeated broadcasting.
const MAX_ELEMENTS: usize = 3000;

impl RandomGraph {
    pub fn new() -> Self {
        let graph = Graph::new();
        let parameter = |name: &str, shape: &[usize]| {
            let size = name.len() as f64;
            graph.parameter(name, Tensor::from_fn(shape, |i| 1.7 * (0.9 * i as f64 + size).sin()).unwrap())
        };
        let parameters = vec![
            parameter("matrix", &[3, 4]),
            parameter("other matrix", &[3, 4]),
            parameter("row", &[4]),
            parameter("number", &[]),
            parameter("stack", &[2, 3, 4]),
            parameter("nothing", &[0, 3]),
            // More than two blocks of a fusion group.
            parameter("wide", &[3, 400]),
        ];
        let indices = vec![
            (graph.indices("three", [3], [2, 0, 1]), 3),
            (graph.indices("two by three", [2, 3], [0, 1, 1, 0, 1, 0]), 2),
        ];
        let images =
            graph.bytes("images", [5, 4], (0..20_u8).map(|i| i * 12).collect::<Vec<u8>>(), 1.0 / 255.0);
        let pool = parameters.clone();
        let step = graph.indices("step", [2], [3, 0]);
        RandomGraph { graph, parameters, pool, indices, images, step, smooth: false, gradients: 0 }
    }

    /// A random graph of smooth functions only.
    pub fn smooth() -> Self {
        RandomGraph { smooth: true, ..Self::new() }
    }

    pub fn record(&mut self, Instruction([opcode, a, b, c]): Instruction) {
        let (record, smooth) = OPCODES[opcode as usize % OPCODES.len()];
        if self.smooth && !smooth {
            return;
        }
        let result = record(self, Picks { a: a.into(), b: b.into(), c: c.into() });
        if let Some(result) = result.filter(|result| result.shape().elements() <= MAX_ELEMENTS) {
            assert!(!result.is_error(), "an invalid instruction: {result:?}");
            // Bounded values, for finite differences of deep graphs.
            self.pool.push(if self.smooth { result.tanh() } else { result });
        }
    }

    /// Recent values are chosen more often.
    fn pick(&self, number: usize) -> Var {
        let recent = self.pool.len().min(6);
        let index = if number.is_multiple_of(3) {
            number / 3 % self.pool.len()
        } else {
            self.pool.len() - 1 - number / 3 % recent
        };
        self.pool[index].clone()
    }

    /// Any value in this shape: by a view if possible, else its mean, broadcast.
    fn pick_as(&self, number: usize, shape: &Shape) -> Var {
        fit(&self.pick(number), shape)
    }

    fn pick_index(&self, number: usize) -> (Var, usize) {
        self.indices[number % self.indices.len()].clone()
    }

    /// Indices with one axis, below `bound`.
    fn pick_rows(&self, number: usize, bound: usize) -> Option<Var> {
        let (indices, below) = self.pick_index(number);
        (below <= bound).then(|| indices.reshape([indices.shape().elements()]))
    }

    /// A parameter in the shape of images.
    fn images_of_parameter(&self, picks: Picks) -> Var {
        fit(&self.parameters[picks.a % 5], &[2, 3, 4, 3].into())
    }

    /// Images, a weight, and their convolution.
    fn convolution(&self, Picks { a, b, c }: Picks) -> (Var, Var, Var) {
        let groups = 1 + b % 2;
        let x = self.pick_as(a, &[2, 2 * groups, 4, 3].into());
        let weight = self.pick_as(b, &[groups * (1 + c % 2), 2, 2, 1 + c % 3].into());
        let options = Conv2dOptions {
            stride: [1 + c % 2, 1],
            padding: [c / 2 % 2, 1],
            groups,
            ..Conv2dOptions::default()
        };
        let y = x.conv2d(&weight, options);
        (x, weight, y)
    }

    /// A key of one of a few streams.
    fn key(&self, picks: Picks) -> RandomKey {
        RandomKey::new(7, &self.step).stream(picks.b as u32 % 3)
    }

    /// A value with at least one axis, and one of its axes.
    fn pick_axis(&self, picks: Picks) -> Option<(Var, usize)> {
        let x = self.pick(picks.a);
        let rank = x.shape().rank();
        (rank > 0).then(|| (x, picks.b % rank))
    }

    /// A value with at least two axes.
    fn pick_matrix(&self, number: usize) -> Var {
        let x = self.pick(number);
        match x.shape().rank() {
            0 | 1 => x.reshape([1, x.shape().elements()]),
            _ => x,
        }
    }
}

fn fit(x: &Var, shape: &Shape) -> Var {
    let own = x.shape();
    let repeats = own.rank() <= shape.rank()
        && own.iter().rev().zip(shape.iter().rev()).all(|(from, to)| from == to || *from == 1);
    if own.elements() == shape.elements() {
        x.reshape(shape)
    } else if repeats {
        x.broadcast(shape)
    } else if own.elements() > 0 {
        x.mean_all().broadcast(shape)
    } else {
        x.sum_all().broadcast(shape)
    }
}

/// The axes of a set bit.
fn axes(bits: usize, rank: usize) -> Vec<usize> {
    (0..rank).filter(|axis| bits >> axis & 1 == 1).collect()
}

#[allow(clippy::unnecessary_wraps, reason = "the signature of the opcodes")]
fn with_partner(random: &RandomGraph, picks: Picks, join: fn(&Var, &Var) -> Var) -> Option<Var> {
    let a = random.pick(picks.a);
    Some(join(&a, &random.pick_as(picks.b, &a.shape())))
}

const OPCODES: &[Opcode] = &[
    // Unary.
    (|r, p| Some(-r.pick(p.a)), SMOOTH),
    (|r, p| Some(r.pick(p.a).relu()), KINKED),
    (|r, p| Some(r.pick(p.a).abs()), KINKED),
    (|r, p| Some(r.pick(p.a).tanh().exp()), SMOOTH),
    (|r, p| Some(r.pick(p.a).sigmoid()), SMOOTH),
    (|r, p| Some((r.pick(p.a).powf(2.0) + 0.5).log()), SMOOTH),
    (|r, p| Some((r.pick(p.a).powf(2.0) + 0.1).sqrt()), SMOOTH),
    (|r, p| Some(r.pick(p.a).powf([0.0, 1.0, 2.0, 3.0, 4.0][p.b % 5])), SMOOTH),
    (|r, p| Some(r.pick(p.a).powf([-1.0, 0.5, -0.5][p.b % 3])), KINKED),
    (|r, p| Some(r.pick(p.a).leaky_relu([0.01, 0.3][p.b % 2])), KINKED),
    (|r, p| Some(r.pick(p.a).elu([0.5, 1.0][p.b % 2])), KINKED),
    (|r, p| Some(r.pick(p.a).gelu()), SMOOTH),
    (|r, p| Some(r.pick(p.a).gelu_tanh()), SMOOTH),
    (|r, p| Some(r.pick(p.a).silu()), SMOOTH),
    (|r, p| Some(r.pick(p.a).softplus()), SMOOTH),
    (|r, p| Some(r.pick(p.a).mish()), SMOOTH),
    (|r, p| Some(r.pick(p.a).erf()), SMOOTH),
    (|r, p| Some(r.pick(p.a).sin()), SMOOTH),
    (|r, p| Some(r.pick(p.a).cos()), SMOOTH),
    (|r, p| Some(r.pick(p.a).sign()), KINKED),
    (|r, p| Some(r.pick(p.a).clamp(-0.5, [0.5, 2.0][p.b % 2])), KINKED),
    // With constants; the plan removes a factor of one.
    (|r, p| Some(r.pick(p.a) * [1.0, 2.0, -0.5][p.b % 3]), SMOOTH),
    (|r, p| Some([0.0, 1.0][p.b % 2] - r.pick(p.a) / 1.0), SMOOTH),
    // Binary.
    (|r, p| with_partner(r, p, |a, b| a + b), SMOOTH),
    (|r, p| with_partner(r, p, |a, b| a - b), SMOOTH),
    (|r, p| with_partner(r, p, |a, b| a * b), SMOOTH),
    (|r, p| with_partner(r, p, |a, b| a.weighted_sum(0.75, b, -0.5)), SMOOTH),
    (|r, p| with_partner(r, p, |a, b| a / (b * b + 0.5)), SMOOTH),
    (|r, p| with_partner(r, p, |a, b| (a * a + 0.5).power(&b.tanh())), SMOOTH),
    (|r, p| with_partner(r, p, Var::maximum), KINKED),
    (|r, p| with_partner(r, p, Var::minimum), KINKED),
    (|r, p| with_partner(r, p, Var::greater), KINKED),
    (|r, p| with_partner(r, p, Var::greater_equal), KINKED),
    (|r, p| with_partner(r, p, Var::equal), KINKED),
    (|r, p| with_partner(r, p, Var::gate), KINKED),
    (
        |r, p| {
            let a = r.pick(p.a);
            Some(a.share(&r.pick_as(p.b, &a.shape()), &r.pick_as(p.c, &a.shape())))
        },
        KINKED,
    ),
    (
        |r, p| {
            let a = r.pick(p.a);
            Some(a.select(&r.pick_as(p.b, &a.shape()), &r.pick_as(p.c, &a.shape())))
        },
        KINKED,
    ),
    // Random numbers.
    (|r, p| Some(r.graph.random_uniform(r.pick(p.a).shape(), &r.key(p))), SMOOTH),
    (|r, p| Some(r.graph.random_normal(r.pick(p.a).shape(), &r.key(p))), SMOOTH),
    (|r, p| Some(r.pick(p.a).dropout(0.25, &r.key(p))), SMOOTH),
    // Views and concatenation.
    (|r, p| r.pick_axis(p).map(|(x, axis)| x.slice(axis, p.c % (x.shape()[axis] + 1)..)), SMOOTH),
    (|r, p| r.pick_axis(p).map(|(x, axis)| x.slice(axis, ..x.shape()[axis].min(1 + p.c % 3))), SMOOTH),
    (
        |r, p| {
            let x = r.pick(p.a);
            let rank = x.shape().rank();
            Some(x.transpose((0..rank).map(|axis| (axis + p.b) % rank).collect::<Vec<_>>()))
        },
        SMOOTH,
    ),
    (|r, p| Some(r.pick_matrix(p.a).t()), SMOOTH),
    (|r, p| Some(r.pick(p.a).reshape([r.pick(p.a).shape().elements()])), SMOOTH),
    (
        |r, p| {
            let shape = r.pick(p.a).shape();
            let folded: Vec<usize> = match shape.split_first() {
                Some((&first, [second, rest @ ..])) => [&[first * second], rest].concat(),
                _ => [&shape[..], &[1]].concat(),
            };
            Some(r.pick(p.a).reshape(folded))
        },
        SMOOTH,
    ),
    (
        |r, p| {
            let x = r.pick(p.a);
            Some(x.broadcast([&[1 + p.b % 3], &x.shape()[..]].concat()))
        },
        SMOOTH,
    ),
    (
        |r, p| {
            // An axis of length one in the middle, repeated.
            let (x, axis) = r.pick_axis(p)?;
            let (mut inserted, mut repeated) = (x.shape().to_vec(), x.shape().to_vec());
            inserted.insert(axis, 1);
            repeated.insert(axis, 2 + p.c % 2);
            Some(x.reshape(inserted).broadcast(repeated))
        },
        SMOOTH,
    ),
    (
        |r, p| {
            let (x, axis) = r.pick_axis(p)?;
            Some(x.concat(&[&r.pick_as(p.c, &x.shape()), &x], axis))
        },
        SMOOTH,
    ),
    (|r, p| r.pick_axis(p).map(|(x, axis)| x.pad(axis, p.c % 3, p.c / 3 % 2)), SMOOTH),
    // Reductions.
    (|r, p| Some(r.pick(p.a).sum(axes(p.b, r.pick(p.a).shape().rank()))), SMOOTH),
    (
        |r, p| {
            let x = r.pick(p.a);
            let axes = axes(p.b, x.shape().rank());
            (!axes.iter().any(|&axis| x.shape()[axis] == 0)).then(|| x.mean(&axes))
        },
        SMOOTH,
    ),
    (
        |r, p| {
            let x = r.pick(p.a);
            let axes = axes(p.b, x.shape().rank());
            (!axes.iter().any(|&axis| x.shape()[axis] == 0)).then(|| x.max(&axes))
        },
        KINKED,
    ),
    (|r, p| r.pick_axis(p).map(|(x, axis)| x.cumsum(axis)), SMOOTH),
    (
        |r, p| {
            let (x, axis) = r.pick_axis(p)?;
            let length = x.shape()[axis];
            if x.shape().rank() > 1 && length > 0 && x.shape().elements() < 50 {
                r.indices.push((x.argmax(axis), length));
            }
            None
        },
        KINKED,
    ),
    (|r, p| r.pick_axis(p).map(|(x, axis)| x.softmax(axis)), SMOOTH),
    (|r, p| r.pick_axis(p).map(|(x, axis)| x.log_softmax(axis)), SMOOTH),
    // Products.
    (
        |r, p| {
            let a = r.pick_matrix(p.a);
            let (shape, columns) = (a.shape(), 1 + p.c % 5);
            let (stack, [rows, inner]) = shape.split_at(shape.len() - 2) else { return None };
            let second = |m: usize, n: usize| r.pick_as(p.b, &[stack, &[m, n]].concat().into());
            Some(match p.c % 3 {
                0 => a.matmul(&second(*inner, columns)),
                1 => a.matmul_t(&second(columns, *inner)),
                _ => a.t_matmul(&second(*rows, columns)),
            })
        },
        SMOOTH,
    ),
    // Images.
    (|r, p| Some(r.convolution(p).2), SMOOTH),
    (
        |r, p| {
            let (x, weight, y) = r.convolution(p);
            Some((&y * &y).sum_all().gradient(&[&x, &weight]).ok()?.swap_remove(p.c % 2))
        },
        SMOOTH,
    ),
    (
        |r, p| {
            let window = Pool2dOptions { stride: [1, 1 + p.c % 2], ..Pool2dOptions::new([2, 1 + p.b % 2]) };
            let y = r.images_of_parameter(p).avg_pool2d(window);
            Some(if p.b % 3 == 0 {
                (&y * &y).sum_all().gradient(&[&r.parameters[p.a % 5]]).ok()?.swap_remove(0)
            } else {
                y
            })
        },
        SMOOTH,
    ),
    (
        |r, p| {
            let window = Pool2dOptions { stride: [1, 1 + p.c % 2], ..Pool2dOptions::new([2, 1 + p.b % 2]) };
            let x = r.images_of_parameter(p);
            let y = x.max_pool2d(window);
            let slope = (&y * &y).sum_all().gradient(&[&x]).ok()?.swap_remove(0);
            let second = (&slope * &slope).sum_all().gradient(&[&x]).ok()?.swap_remove(0);
            [y, slope, second].into_iter().nth(p.b % 3)
        },
        KINKED,
    ),
    // Attention, and its gradient.
    (
        |r, p| {
            let x = r.pick_as(p.a, &Shape::from([2, 3, 6]));
            let options = AttentionOptions { causal: p.b % 2 == 1, ..AttentionOptions::new(1 + p.c % 2) };
            let y = x.self_attention(options);
            let slope = (&y * &y).sum_all().gradient(&[&x]).ok()?.swap_remove(0);
            [y, slope].into_iter().nth(p.b % 2)
        },
        SMOOTH,
    ),
    // Losses.
    (
        |r, p| {
            let a = r.pick(p.a);
            (a.shape().elements() > 0).then(|| a.mean_squared_error(&r.pick_as(p.b, &a.shape())))
        },
        SMOOTH,
    ),
    (
        |r, p| {
            let logits = fit(&r.pick(p.a), &[3, 4].into());
            let labels = match p.b % 2 {
                0 => r
                    .pick_rows(p.c, 4)
                    .filter(|rows| *rows.shape() == [3])
                    .unwrap_or_else(|| r.indices[0].0.clone()),
                _ => r.pick_as(p.c, &[3, 4].into()).sigmoid(),
            };
            Some(logits.softmax_with_loss(&labels))
        },
        SMOOTH,
    ),
    // Rows by indices, which are computed from other indices.
    (
        |r, p| {
            let (x, _) = r.pick_axis(p)?;
            let rows = r.pick_rows(p.c, x.shape()[0])?;
            Some(x.gather_rows(&rows))
        },
        SMOOTH,
    ),
    (|r, p| r.pick_rows(p.a, 5).map(|rows| r.images.gather_rows(&rows)), SMOOTH),
    (
        |r, p| {
            let (indices, below) = r.pick_index(p.a);
            let rows = indices.reshape([indices.shape().elements()]);
            let values = r.pick_as(p.b, &[rows.shape()[0], 2].into());
            Some(values.scatter_rows(&rows, below + p.c % 2))
        },
        SMOOTH,
    ),
    (
        |r, p| {
            let (indices, below) = r.pick_index(p.a);
            (indices.shape().rank() < 3).then(|| indices.one_hot(below))
        },
        SMOOTH,
    ),
    (
        |r, p| {
            let (indices, below) = r.pick_index(p.a);
            let shape = indices.shape();
            let axis = p.b % shape.rank();
            let made = match p.c % 5 {
                0 => indices.transpose((0..shape.rank()).rev().collect::<Vec<_>>()),
                1 => indices.slice(axis, p.c / 5 % (shape[axis] + 1)..),
                2 => indices.concat(&[&indices], axis),
                3 => indices.reshape([shape.elements(), 1]),
                _ => {
                    let rows = r.pick_rows(p.b, shape[0])?;
                    indices.gather_rows(&rows)
                }
            };
            if made.shape().elements() < 50 {
                r.indices.push((made, below));
            }
            None
        },
        SMOOTH,
    ),
    // The gradient of a value with respect to a parameter, which may include earlier gradients.
    (
        |r, p| {
            r.gradients += 1;
            let loss = r.pick(p.a).tanh().sum_all();
            let parameter = &r.parameters[p.b % r.parameters.len()];
            let gradient = loss.backward().ok()?.wrt(parameter).ok();
            gradient.filter(|_| r.gradients <= 3)
        },
        KINKED,
    ),
];
