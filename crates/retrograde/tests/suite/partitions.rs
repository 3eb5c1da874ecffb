//! Work that threads share: reductions in two stages, stacks of products, the product of one row. The bits do not depend on the
//! number of threads, and the plan distributes the work over them.

use retrograde::graph::{Mismatch, Operation, Type, VjpContext};
use retrograde::kernel::{Call, Form, Reads, Real, Rows, RowsKernel, Stages, Threads};
use retrograde::ops::{Conv2dOptions, Pool2dOptions};
use retrograde::plan::Profile;
use retrograde::{Graph, Planner, Result, Tensor, Var};
use std::sync::Arc;

/// Numbers whose sums depend on the order of summation.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 % 4001) as f32 * 0.37).sin() * ((i % 13) as f32 - 5.5)).collect()
}

/// Inputs of these shapes, and the values that are computed from them.
struct Case {
    name: &'static str,
    shapes: &'static [&'static [usize]],
    /// The number of classes of labels, which are the last input.
    classes: Option<usize>,
    record: fn(&[Var]) -> Result<Vec<Var>>,
}

const CASES: [Case; 13] = [
    Case {
        name: "channels of images",
        shapes: &[&[16, 3, 160, 160]],
        classes: None,
        record: |x| Ok(vec![x[0].sum([0, 2, 3]), x[0].mean([0, 2, 3]), x[0].max([0, 2, 3])]),
    },
    Case {
        name: "a scalar",
        shapes: &[&[3_000_007]],
        classes: None,
        record: |x| Ok(vec![x[0].sum_all(), x[0].mean_all(), x[0].max_all()]),
    },
    Case {
        name: "few long rows",
        shapes: &[&[3, 500_009]],
        classes: None,
        record: |x| Ok(vec![x[0].sum([1]), x[0].max([1])]),
    },
    Case {
        name: "the rows of a batch",
        shapes: &[&[40_001, 50]],
        classes: None,
        record: |x| Ok(vec![x[0].sum([0]), x[0].mean([0])]),
    },
    Case {
        name: "the middle axis",
        shapes: &[&[2, 30_001, 20]],
        classes: None,
        record: |x| Ok(vec![x[0].sum([1])]),
    },
    Case {
        name: "many classes, with the gradient",
        shapes: &[&[67, 5000]],
        classes: Some(5000),
        record: |x| {
            let loss = x[0].cross_entropy(&x[1]);
            let gradient = loss.backward()?.wrt(&x[0])?;
            Ok(vec![loss, gradient])
        },
    },
    Case {
        name: "many rows of few classes",
        shapes: &[&[9001, 10], &[9001, 10]],
        classes: None,
        record: |x| Ok(vec![x[0].cross_entropy(&x[1])]),
    },
    Case {
        name: "squared errors",
        shapes: &[&[1_000_003], &[1_000_003]],
        classes: None,
        record: |x| Ok(vec![x[0].mean_squared_error(&x[1])]),
    },
    Case {
        name: "a convolution, with its gradients",
        shapes: &[&[16, 8, 28, 28], &[24, 8, 3, 3]],
        classes: None,
        record: convolution,
    },
    Case {
        name: "a convolution of one image, with its gradients",
        shapes: &[&[1, 16, 40, 40], &[24, 16, 3, 3]],
        classes: None,
        record: convolution,
    },
    Case {
        name: "poolings, with their gradients",
        shapes: &[&[16, 24, 30, 30]],
        classes: None,
        record: |x| {
            let options = Pool2dOptions { stride: [2, 2], padding: [1, 1], ..Pool2dOptions::new([3, 3]) };
            let pooled = x[0].max_pool2d(options) + x[0].avg_pool2d(options);
            let gradient = (&pooled * &pooled).sum_all().backward()?.wrt(&x[0])?;
            Ok(vec![pooled, gradient])
        },
    },
    Case { name: "attention, with its gradients", shapes: ATTENTION, classes: None, record: attention },
    Case {
        name: "one sample",
        shapes: &[&[1, 784], &[784, 512], &[512, 256], &[256, 40]],
        classes: None,
        record: |x| {
            let hidden = x[0].matmul(&x[1]).relu().matmul(&x[2]).relu();
            // The last product reads a transposed operand, as in a backward pass.
            Ok(vec![hidden.matmul(&x[3]), hidden.matmul_t(&x[2])])
        },
    },
];

const ATTENTION: &[&[usize]] = &[&[48, 64, 32], &[48, 64, 32], &[48, 64, 32]];

/// The output and the gradients of heads of attention; queries, keys and values are computed in the same region.
fn attention(x: &[Var]) -> Result<Vec<Var>> {
    let scores = (&x[0] * 0.2).matmul_t(&(&x[1] * 1.5));
    let output = scores.softmax(2).matmul(&(&x[2] * 1.1));
    let gradients = (&output * &output).sum_all().backward()?;
    let gradients = x.iter().map(|input| gradients.wrt(input)).collect::<Result<Vec<_>>>()?;
    Ok([vec![output], gradients].concat())
}

/// The output of a padded convolution, and its gradients.
fn convolution(x: &[Var]) -> Result<Vec<Var>> {
    let output = x[0].conv2d(&x[1], Conv2dOptions { padding: [1, 1], ..Conv2dOptions::default() });
    let gradients = (&output * &output).sum_all().backward()?;
    Ok(vec![gradients.wrt(&x[0])?, gradients.wrt(&x[1])?, output])
}

/// The bits of all values of a case, and the profile of its plan.
fn run<T: Real>(
    case: &Case,
    threads: impl Into<Threads>,
    make: fn(Planner) -> Planner,
) -> Result<(Vec<u64>, Profile)> {
    let graph = Graph::new();
    let input = |(i, shape): (usize, &&[usize])| graph.input(&format!("x{i}"), *shape);
    let mut inputs: Vec<Var> = case.shapes.iter().enumerate().map(input).collect();
    if case.classes.is_some() {
        inputs.push(graph.index_input("labels", [case.shapes[0][0]]));
    }
    let wanted = (case.record)(&inputs)?;
    let mut plan = make(Planner::new(&graph).fetch_all(&wanted).threads(threads)).compile::<T>()?;
    for (input, shape) in inputs.iter().zip(case.shapes) {
        plan.set(input, &numbers(shape.iter().product()))?;
    }
    if let (Some(classes), Some(labels)) = (case.classes, inputs.last()) {
        let labels_of: Vec<u32> = (0..case.shapes[0][0]).map(|row| (row * 31 % classes) as u32).collect();
        plan.set_indices(labels, &labels_of)?;
    }
    plan.begin_profile();
    plan.run()?;
    let mut bits = Vec::new();
    for value in &wanted {
        bits.extend(plan.read(value)?.iter().map(|x| x.widen().to_bits()));
    }
    Ok((bits, plan.end_profile()))
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() -> Result<()> {
    for case in &CASES {
        let (expected, _) = run::<f32>(case, 1, |planner| planner)?;
        for threads in [2, 3, 8] {
            let (found, _) = run::<f32>(case, threads, |planner| planner)?;
            assert!(found == expected, "{} on {threads} threads", case.name);
        }
        // Each operation by itself, in one stage and in two.
        for threads in [Threads::new(1), Threads::new(3).min_work(0)] {
            let (found, _) = run::<f32>(case, threads, Planner::keep_all)?;
            assert!(found == expected, "{}, every value kept", case.name);
        }
    }
    let (expected, _) = run::<f64>(&CASES[0], 1, |planner| planner)?;
    assert!(run::<f64>(&CASES[0], 3, |planner| planner)?.0 == expected, "f64");
    Ok(())
}

#[test]
fn the_work_is_distributed_over_all_threads() -> Result<()> {
    for case in &CASES {
        for threads in [2, 3] {
            let (_, profile) = run::<f32>(case, threads, |planner| planner)?;
            let flops = |on_all: bool| -> usize {
                let steps = profile.steps.iter().filter(|step| !on_all || step.threads == threads);
                steps.map(|step| step.flops).sum()
            };
            let (distributed, all) = (flops(true), flops(false));
            assert!(
                distributed * 20 >= all * 19,
                "{}: {distributed} of {all} flops, {profile:#?}",
                case.name
            );
        }
    }
    Ok(())
}

/// Threads own whole heads: from the queries, keys and values to the gradients, no thread waits for another.
#[test]
fn attention_needs_no_barrier() -> Result<()> {
    let case = CASES.iter().find(|case| case.shapes == ATTENTION).expect("the case of attention");
    for threads in [2, 3, 8] {
        let (_, profile) = run::<f32>(case, threads, |planner| planner)?;
        assert!(profile.steps.iter().all(|step| !step.barrier), "{threads} threads: {profile:#?}");
    }
    Ok(())
}

/// The order of a sum: blocks of 16,384 elements, each in 32 lanes that are joined in halves, in a tree of pairs.
fn plain_sum(values: &[f32]) -> f32 {
    fn block(values: &[f32]) -> f32 {
        let mut lanes = [0.0; 32];
        values.iter().enumerate().for_each(|(i, &value)| lanes[i % 32] += value);
        let mut half = 16;
        while half > 0 {
            (0..half).for_each(|i| lanes[i] += lanes[i + half]);
            half /= 2;
        }
        lanes[0]
    }
    fn tree(sums: &[f32]) -> f32 {
        if let [sum] = sums {
            return *sum;
        }
        let (left, right) = sums.split_at(sums.len().next_power_of_two() / 2);
        tree(left) + tree(right)
    }
    tree(&values.chunks(16 * 1024).map(block).collect::<Vec<_>>())
}

#[test]
fn a_sum_has_the_documented_order() -> Result<()> {
    for count in [2, 31, 16 * 1024, 16 * 1024 + 1, 100_000, 1_234_567] {
        let values = numbers(count);
        let graph = Graph::new();
        let x = graph.input("x", [count]);
        let sum = x.sum_all();
        for threads in [1, 2] {
            let planner = Planner::new(&graph).fetch(&sum).threads(Threads::new(threads).min_work(0));
            let mut plan = planner.compile::<f32>()?;
            plan.set(&x, &values)?;
            plan.run()?;
            assert_eq!(plan.read(&sum)?[0].to_bits(), plain_sum(&values).to_bits(), "{count} elements");
        }
    }
    Ok(())
}

/// Two machines with half of a batch each can add their sums: the bits are those of the whole batch.
#[test]
fn halves_of_a_batch_add_up_to_its_bits() -> Result<()> {
    let (rows, columns) = (4096, 50);
    let graph = Graph::new();
    let values = numbers(rows * columns).into_iter().map(f64::from).collect();
    let batch = graph.constant(Tensor::new([rows, columns], values)?);
    let whole = batch.sum([0]);
    let halves = batch.slice(0, ..rows / 2).sum([0]) + batch.slice(0, rows / 2..).sum([0]);
    let mut plan = Planner::new(&graph).fetch(&whole).fetch(&halves).compile::<f32>()?;
    plan.run()?;
    assert_eq!(plan.read(&whole)?, plan.read(&halves)?);
    Ok(())
}

/// The sum of squares as a program's own operation, in two stages of blocks of 1,000.
#[derive(Debug)]
struct SumOfSquares;

#[derive(Debug)]
struct Squares;

#[derive(Debug)]
struct Total;

impl Operation for SumOfSquares {
    fn name(&self) -> &'static str {
        "sum_of_squares"
    }

    fn infer(&self, _: &[Type]) -> Result<Type, Mismatch> {
        Ok(Type::real([]))
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self)
    }

    fn vjp(&self, _: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![None]
    }
}

impl RowsKernel for SumOfSquares {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        1
    }

    fn stages(&self, inputs: &[&[usize]], _: &[usize]) -> Option<Stages> {
        let shape = vec![inputs[0][0].div_ceil(1000)];
        Some(Stages { shape, first: Arc::new(Squares).into(), second: Arc::new(Total).into() })
    }
}

impl RowsKernel for Squares {
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output[0]
    }

    fn reads(&self, _: usize, _: &[&[usize]], _: &[usize]) -> Reads {
        Reads::blocks(1, 1000)
    }
}

impl RowsKernel for Total {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        1
    }
}

fn squares<T: Real>(x: &[T]) -> T {
    x.iter().fold(T::zero(), |sum, &x| sum + x * x)
}

impl<T: Real> Rows<T> for SumOfSquares {
    fn evaluate(&self, call: Call<'_, T>) {
        let blocks = call.inputs.get(0).real().chunks(1000).map(squares);
        call.output.real()[0] = blocks.fold(T::zero(), |sum, block| sum + block);
    }
}

impl<T: Real> Rows<T> for Squares {
    fn evaluate(&self, call: Call<'_, T>) {
        let blocks = call.inputs.get(0).real().chunks(1000);
        call.output.real().iter_mut().zip(blocks).for_each(|(sum, block)| *sum = squares(block));
    }
}

impl<T: Real> Rows<T> for Total {
    fn evaluate(&self, call: Call<'_, T>) {
        let blocks = call.inputs.get(0).real().iter();
        call.output.real()[0] = blocks.fold(T::zero(), |sum, &block| sum + block);
    }
}

#[test]
fn a_programs_own_reduction_runs_in_two_stages() -> Result<()> {
    let case = Case {
        name: "sum of squares",
        shapes: &[&[1_234_567]],
        classes: None,
        record: |x| Ok(vec![x[0].graph().apply(SumOfSquares, &[&x[0]])]),
    };
    let (expected, alone) = run::<f32>(&case, 1, |planner| planner)?;
    assert_eq!(alone.steps.len(), 1);
    for threads in [2, 3, 8] {
        let (found, profile) = run::<f32>(&case, threads, |planner| planner)?;
        assert_eq!(found, expected);
        assert_eq!(profile.steps.iter().map(|step| step.threads).collect::<Vec<_>>(), [threads, 1]);
    }
    Ok(())
}
