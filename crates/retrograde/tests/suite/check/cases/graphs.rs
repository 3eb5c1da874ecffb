//! Operations of own autograd engines.

use std::cell::Cell;
use std::rc::Rc;

use ndarray::Axis;
use retrograde::Result;
use retrograde::check::{self, Report};
use retrograde::textbook::Tensor;

use crate::check::support::{Expect, assert_near, matrix, numbers, scalar, tensor};

/// How a maximum gives its gradient to the inputs that are equally large: from the positions of these, the weights.
type Shares = fn(&[bool]) -> Vec<f64>;

fn to_each(tied: &[bool]) -> Vec<f64> {
    tied.iter().map(|tied| f64::from(u8::from(*tied))).collect()
}

fn equal(tied: &[bool]) -> Vec<f64> {
    let count = tied.iter().filter(|tied| **tied).count() as f64;
    to_each(tied).into_iter().map(|one| one / count).collect()
}

fn to_one(tied: &[bool], position: Option<usize>) -> Vec<f64> {
    (0..tied.len()).map(|at| f64::from(u8::from(Some(at) == position))).collect()
}

fn to_the_first(tied: &[bool]) -> Vec<f64> {
    to_one(tied, tied.iter().position(|tied| *tied))
}

fn to_the_last(tied: &[bool]) -> Vec<f64> {
    to_one(tied, tied.iter().rposition(|tied| *tied))
}

/// The largest along an axis.
fn maximum(x: &Tensor, axis: Axis, shares: Shares) -> Result<Report> {
    let largest = |x: &Tensor| x.map_axis(axis, |lane| lane.fold(f64::NEG_INFINITY, |most, x| most.max(*x)));
    check::vjp(
        &[("x", x.clone())],
        |p| Ok(vec![largest(&p[0])]),
        |p, g| {
            let mut dx = Tensor::zeros(p[0].shape());
            let lanes = dx.lanes_mut(axis).into_iter().zip(p[0].lanes(axis));
            for ((mut dx, x), (most, g)) in lanes.zip(largest(&p[0]).iter().zip(&g[0])) {
                let tied: Vec<bool> = x.iter().map(|x| x == most).collect();
                dx.iter_mut().zip(shares(&tied)).for_each(|(dx, share)| *dx = share * g);
            }
            Ok(vec![Some(dx)])
        },
    )
}

const TIED: &[&str] = &["dout of a maximum given", "gradient of a maximum given", "ties counted"];

#[test]
fn a25_a_maximum_with_ties() -> Result<()> {
    let case = tensor(&[1, 4], &[1.0, 2.0, 2.0, 2.0]);
    let rows = tensor(&[3, 4], &[1.0, 2.0, 2.0, 2.0, 0.5, -0.3, 0.1, 0.5, -1.0, 0.2, 0.7, 0.3]);
    // Windows after a rectifier, most of them zero.
    let windows = tensor(&[3, 4], &[0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0]);
    // MXNet: a constant array, the largest of each column.
    let constant = Tensor::from_elem(vec![4, 3], 0.7);
    for (x, axis) in [(case, Axis(1)), (rows, Axis(1)), (windows, Axis(1)), (constant, Axis(0))] {
        Expect::wrong("x", TIED).of(&maximum(&x, axis, to_each)?);
        for shares in [equal as Shares, to_the_first, to_the_last] {
            Expect::right().of(&maximum(&x, axis, shares)?);
        }
    }
    Ok(())
}

#[test]
fn a25_without_ties_the_same_code_is_right() -> Result<()> {
    Expect::right().of(&maximum(&numbers(&[3, 5], 12), Axis(1), to_each)?);
    Ok(())
}

/// A27, github karpathy/micrograd issue 2: numbers that record what they were made of.
#[derive(Clone)]
struct Value(Rc<Node>);

struct Node {
    data: f64,
    grad: Cell<f64>,
    /// What it was made of, each with the slope.
    from: Vec<(Value, f64)>,
    visited: Cell<bool>,
}

impl Value {
    fn new(data: f64, from: Vec<(Value, f64)>) -> Self {
        Value(Rc::new(Node { data, grad: Cell::new(0.0), from, visited: Cell::new(false) }))
    }

    fn times(&self, other: &Value) -> Value {
        Value::new(
            self.0.data * other.0.data,
            vec![(self.clone(), other.0.data), (other.clone(), self.0.data)],
        )
    }

    fn plus(&self, other: &Value) -> Value {
        Value::new(self.0.data + other.0.data, vec![(self.clone(), 1.0), (other.clone(), 1.0)])
    }

    fn tanh(&self) -> Value {
        let y = self.0.data.tanh();
        Value::new(y, vec![(self.clone(), 1.0 - y * y)])
    }

    /// Once for each use: what has come in so far is passed on again.
    fn once_per_use(&self) {
        for (value, slope) in &self.0.from {
            value.0.grad.set(value.0.grad.get() + self.0.grad.get() * slope);
            value.once_per_use();
        }
    }

    /// In topological order: each once, when all that comes in has come.
    fn in_order(&self) {
        fn visit(value: &Value, order: &mut Vec<Value>) {
            if !value.0.visited.replace(true) {
                value.0.from.iter().for_each(|(value, _)| visit(value, order));
                order.push(value.clone());
            }
        }
        let mut order = Vec::new();
        visit(self, &mut order);
        for value in order.iter().rev() {
            for (from, slope) in &value.0.from {
                from.0.grad.set(from.0.grad.get() + value.0.grad.get() * slope);
            }
        }
    }
}

/// An expression in x and a, differentiated by the engine.
fn recorded(f: fn(&Value, &Value) -> Value, at: [f64; 2], backward: fn(&Value)) -> Result<Report> {
    let leaves = |p: &[Tensor]| [0, 1].map(|leaf| Value::new(p[leaf].sum(), Vec::new()));
    check::vjp(
        &[("x", scalar(at[0])), ("a", scalar(at[1]))],
        |p| {
            let [x, a] = leaves(p);
            Ok(vec![scalar(f(&x, &a).0.data)])
        },
        |p, g| {
            let [x, a] = leaves(p);
            let y = f(&x, &a);
            y.0.grad.set(g[0].sum());
            backward(&y);
            Ok([x, a].map(|leaf| Some(scalar(leaf.0.grad.get()))).into())
        },
    )
}

/// x (x a) + (x x) a + x (x a) = 3 a x², with x a in one node.
fn cubic(x: &Value, a: &Value) -> Value {
    let shared = x.times(a);
    let first = x.times(&shared);
    first.plus(&x.times(x).times(a)).plus(&x.times(&shared))
}

const PER_USE: &str = "accumulated gradient passed on at each use";

#[test]
fn a27_a_node_used_twice() -> Result<()> {
    let (x, a) = (Value::new(1.0, Vec::new()), Value::new(1.0, Vec::new()));
    let y = cubic(&x, &a);
    y.0.grad.set(1.0);
    y.once_per_use();
    assert_eq!((x.0.grad.get(), a.0.grad.get()), (7.0, 4.0), "6 and 3 are right");

    // 7/6 and 4/3 are true of this expression everywhere.
    for at in [[1.0, 1.0], [0.7, -1.3]] {
        Expect::wrong("x", &[PER_USE, "factor 7/6"]).and("a", &[PER_USE, "factor 4/3"]).of(&recorded(
            cubic,
            at,
            Value::once_per_use,
        )?);
        Expect::right().of(&recorded(cubic, at, Value::in_order)?);
    }
    Ok(())
}

#[test]
fn a27_an_inner_node_used_twice_by_different_operations() -> Result<()> {
    let f = |x: &Value, a: &Value| {
        let shared = x.times(a);
        shared.tanh().plus(&shared.times(x))
    };
    Expect::wrong_at(&["x", "a"], &[PER_USE]).cause_may_be_unknown().of(&recorded(
        f,
        [0.6, -0.8],
        Value::once_per_use,
    )?);
    Expect::right().of(&recorded(f, [0.6, -0.8], Value::in_order)?);
    Ok(())
}

#[test]
fn a27_a_leaf_used_twice_is_right_either_way() -> Result<()> {
    let f = |x: &Value, a: &Value| x.times(x).plus(&x.times(a).tanh());
    for backward in [Value::once_per_use as fn(&Value), Value::in_order] {
        Expect::right().of(&recorded(f, [0.6, -0.8], backward)?);
    }
    Ok(())
}

/// A29, github HIPS/autograd issue 39: w[indices], with a gradient that is gathered into rows of zeros.
fn rows_of(indices: &'static [usize], add: bool) -> impl Fn(&Tensor, &Tensor) -> Tensor {
    move |w, g| {
        let mut dw = Tensor::zeros(w.shape());
        for (row, index) in indices.iter().enumerate() {
            let mut to = dw.index_axis_mut(Axis(0), *index);
            let from = g.index_axis(Axis(0), row);
            // `dw[indices] += g` reads all rows before it writes any: of equal indices the last is left.
            if add { to += &from } else { to.assign(&from) }
        }
        dw
    }
}

fn embedding(indices: &'static [usize], width: usize, add: bool) -> Result<Report> {
    let backward = rows_of(indices, add);
    check::vjp(
        &[("w", numbers(&[4, width], 33))],
        |p| Ok(vec![p[0].select(Axis(0), indices)]),
        |p, g| Ok(vec![Some(backward(&p[0], &g[0]))]),
    )
}

#[test]
fn a29_of_repeated_indices_only_the_last_is_kept() -> Result<()> {
    let (w, g) = (numbers(&[4, 1], 33), tensor(&[3, 1], &[1.0, 5.0, 10.0]));
    assert_near(&rows_of(&[2, 0, 2], false)(&w, &g), &[5.0, 0.0, 10.0, 0.0], 0.0);
    assert_near(&rows_of(&[2, 0, 2], true)(&w, &g), &[5.0, 0.0, 11.0, 0.0], 0.0);

    let cases: [(&'static [usize], usize, &'static [&'static str]); 2] = [
        (
            &[2, 0, 2],
            1,
            &[
                "repeated index",
                "only the contributions of [1, 2] along axis 0",
                "only the contributions of [1, 2] along axis 0",
            ],
        ),
        (
            &[1, 3, 1, 0, 3, 3],
            2,
            &[
                "repeated index",
                "only the contributions of [2, 3, 5] along axis 0",
                "only the contributions of [2, 3, 5] along axis 0",
            ],
        ),
    ];
    for (indices, width, causes) in cases {
        Expect::wrong("w", causes).of(&embedding(indices, width, false)?);
        Expect::right().of(&embedding(indices, width, true)?);
    }
    Ok(())
}

#[test]
fn a29_distinct_indices_are_right_either_way() -> Result<()> {
    for add in [false, true] {
        Expect::right().of(&embedding(&[3, 0, 2], 2, add)?);
    }
    Ok(())
}

/// B19, github jax-ml/jax issue 37821: max(x, 0), with what is taken for the slope where both are equal, or so small
/// that they are taken for equal.
#[test]
fn b19_every_slope_at_a_tie_is_right() -> Result<()> {
    for at_tie in [0.0, 0.5, 1.0] {
        for x in [
            tensor(&[2, 3], &[0.0, -0.7, 1.2, 0.4, 0.0, 0.0]),
            tensor(&[4], &[1e-39, -1e-39, 0.3, -0.3]),
            Tensor::zeros(vec![2, 2]),
        ] {
            let slope = |x: f64| match x {
                x if x.abs() < 1.2e-38 => at_tie,
                x if x > 0.0 => 1.0,
                _ => 0.0,
            };
            Expect::right().of(&check::vjp(
                &[("x", x)],
                |p| Ok(vec![p[0].mapv(|x| x.max(0.0))]),
                |p, g| Ok(vec![Some(&g[0] * &p[0].mapv(slope))]),
            )?);
        }
    }
    Ok(())
}

#[test]
fn b19_no_slope_at_a_tie_is_outside_of_both() -> Result<()> {
    // Of the two arguments of a maximum that are equal, the shares sum to 1.
    let check = |a: f64, b: f64| {
        let x = tensor(&[3, 1], &[0.4, -0.2, 1.1]);
        check::vjp(
            &[("a", x.clone()), ("b", x)],
            |p| Ok(vec![(matrix(&p[0]) - matrix(&p[1])).mapv(|d| d.max(0.0)).into_dyn() + &p[1]]),
            |p, g| {
                let larger = |x: &Tensor, y: &Tensor, tie: f64| {
                    ndarray::Zip::from(x).and(y).map_collect(|x, y| match x.total_cmp(y) {
                        std::cmp::Ordering::Greater => 1.0,
                        std::cmp::Ordering::Equal => tie,
                        std::cmp::Ordering::Less => 0.0,
                    })
                };
                Ok(vec![Some(&g[0] * &larger(&p[0], &p[1], a)), Some(&g[0] * &larger(&p[1], &p[0], b))])
            },
        )
    };
    for (a, b) in [(0.5, 0.5), (1.0, 0.0), (0.0, 1.0)] {
        Expect::right().of(&check(a, b)?);
    }
    Expect::wrong_at(&["a", "b"], TIED).of(&check(1.0, 1.0)?);
    Ok(())
}
