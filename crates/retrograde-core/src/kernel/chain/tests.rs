use super::{Chain, Load, Operation, Output, Value};
use crate::kernel::arena::{Arena, Block};
use crate::kernel::expr::{Binary, Expr, Node, Unary};
use crate::kernel::simd::levels;
use crate::kernel::{Real, View};

/// Numbers drawn one after the other.
struct Draw(usize);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// An expression of so many inputs, each of which it reads, whose functions are rounded alike on every processor.
    fn expr(&mut self, inputs: usize) -> Expr {
        let mut parts: Vec<Expr> = (0..inputs).map(Expr::input).collect();
        parts.push(Expr::constant([0.0, -1.5, 2.0, f64::NAN][self.below(4)]));
        for _ in 0..self.below(6) {
            let drawn = self.function(&parts);
            parts.push(drawn);
        }
        // The last number of all depends on all inputs.
        let last = self.function(&parts);
        (0..inputs).fold(last, |sum, input| {
            if self.below(2) == 0 { sum - Expr::input(input) } else { Expr::input(input) - sum }
        })
    }

    fn weight(&mut self) -> f64 {
        [0.9, -0.1, 1e-3][self.below(3)]
    }

    fn function(&mut self, parts: &[Expr]) -> Expr {
        let [a, b, c, d] = std::array::from_fn(|_| parts[self.below(parts.len())].clone());
        match self.below(20) {
            19 => (self.weight() * a + b * self.weight()).flush(),
            0 => a + b,
            1 => a - b,
            2 => a * b,
            3 => a / b,
            4 => -a,
            5 => a.sqrt(),
            6 => a.abs(),
            7 => a.sign(),
            8 => a.min(b),
            9 => a.max(b),
            10 => a.power(b),
            11 => a.power([2.0, 3.0, -1.0, 1.0, 0.5][self.below(5)]),
            12 => a.ln(),
            13 => a.flush(),
            14 => Expr::select(a.gt(b), c, d),
            15 => Expr::select(a.ge(b), c, d),
            16 => Expr::select(a.lt(b), c, d),
            17 => Expr::select(a.le(b), c, d),
            _ => Expr::select(a.equals(b), c, d),
        }
    }
}

/// The value of an expression in this type, from the definition.
fn evaluate<T: Real>(expr: &Expr, inputs: &[T]) -> T {
    let mut values: Vec<T> = Vec::new();
    for node in expr.nodes() {
        values.push(match *node {
            Node::Input(index) => inputs[index],
            Node::Constant(number) => T::of(number.value()),
            Node::Unary(Unary::Sqrt, x) => values[x].sqrt(),
            Node::Unary(Unary::Ln, x) => values[x].fast_ln(),
            Node::Unary(Unary::Flush, x) if values[x].abs() < T::min_positive_value() => T::zero(),
            Node::Unary(function, x) => T::of(function.evaluate(values[x].widen())),
            Node::Binary(Binary::Add, a, b) => values[a] + values[b],
            Node::Binary(Binary::Subtract, a, b) => values[a] - values[b],
            Node::Binary(Binary::Multiply, a, b) => values[a] * values[b],
            Node::Binary(Binary::Divide, a, b) => values[a] / values[b],
            Node::Binary(Binary::Power, a, b) => match expr.nodes()[b] {
                Node::Constant(two) if two.value() == 2.0 => values[a] * values[a],
                Node::Constant(minus_one) if minus_one.value() == -1.0 => T::one() / values[a],
                Node::Constant(three) if three.value() == 3.0 => values[a] * values[a] * values[a],
                _ => values[a].powf(values[b]),
            },
            Node::Binary(function, a, b) => T::of(function.evaluate(values[a].widen(), values[b].widen())),
            Node::Select(comparison, [a, b, then, otherwise]) => {
                values[if comparison.holds(values[a].widen(), values[b].widen()) { then } else { otherwise }]
            }
        });
    }
    values[values.len() - 1]
}

/// How many places of memory there are, each with as many numbers as the chain has elements.
const PLACES: usize = 5;

/// Chains drawn at random, on every instruction set, in several pieces: what is in memory afterwards has the bits of the
/// definitions.
fn chains_have_the_bits_of_their_operations<T: Real>() {
    for case in 0..300 {
        let mut draw = Draw(case + 1);
        let count = [1, 3, 16, 17, 64, 100, 150, 1500][case % 8];
        let memory = |place: usize| (0..count).map(move |i| ((place * 31 + i * 7) % 23) as f64 * 0.37 - 2.0);
        let (numbers, columns) = (PLACES * count, PLACES * count + 4);
        let mut start: Vec<T> = (0..PLACES).flat_map(memory).map(T::of).collect();
        // Some are so small that their sums are no normal numbers any more.
        start[count..2 * count].iter_mut().for_each(|x| *x *= T::min_positive_value());
        start.extend([0.5, -0.0, -3.0, 1e30].map(T::of));
        start.extend((0..7).map(|i| T::of(f64::from(i) - 2.5)));
        let forwarded: Vec<T> = (0..count).map(|i| T::of(i as f64 * 0.1 - 1.0)).collect();
        // Of one load each element repeats seven numbers, of the other it is read backwards by columns.
        let views = [
            View { shape: vec![count.div_ceil(7), 7], strides: vec![0, 1], offset: 0 },
            View { shape: vec![7, count.div_ceil(7)], strides: vec![1, 0], offset: 0 },
        ];
        let load = |view: &View| Load { start: columns, length: 7, view: view.merged(), rows: None };
        let loaded = |slot: usize, i: usize| match slot {
            0 => start[columns + i % 7],
            _ => start[columns + i / count.div_ceil(7)],
        };
        let is_epilogue = case % 3 == 0;
        let mut results: Vec<Vec<T>> = Vec::new();
        let operations: Vec<Operation> = (0..=draw.below(8))
            .map(|number| {
                let inputs: Vec<Value> = (0..=draw.below(6))
                    .map(|_| match draw.below(8) {
                        0 => Value::Number(numbers + draw.below(4)),
                        1 => Value::Loaded(draw.below(2)),
                        2 if is_epilogue => Value::Forwarded,
                        3..=5 if number > 0 => Value::Operation(draw.below(number)),
                        _ => Value::Memory(draw.below(PLACES) * count),
                    })
                    .collect();
                let expr = draw.expr(inputs.len());
                let value = |value: &Value, i: usize| match *value {
                    Value::Operation(place) => results[place][i],
                    Value::Loaded(slot) => loaded(slot, i),
                    Value::Memory(place) => start[place + i],
                    Value::Number(place) => start[place],
                    Value::Forwarded => forwarded[i],
                };
                let result = (0..count).map(|i| {
                    evaluate(&expr, &inputs.iter().map(|input| value(input, i)).collect::<Vec<T>>())
                });
                results.push(result.collect());
                Operation { expr, inputs }
            })
            .collect();
        let mut expected = start.clone();
        let outputs: Vec<Output> = (0..=draw.below(3))
            .map(|place| {
                let operation = if place == 0 { operations.len() - 1 } else { draw.below(operations.len()) };
                let value = if draw.below(6) == 0 { Value::Loaded(0) } else { Value::Operation(operation) };
                let made = |i| if value == Value::Loaded(0) { loaded(0, i) } else { results[operation][i] };
                (0..count).for_each(|i| expected[place * count + i] = made(i));
                Output { value, to: place * count }
            })
            .collect();
        let chain = Chain::new((count, 0), views.iter().map(load).collect(), &operations, &outputs);
        assert_eq!(chain.verify(), None);
        for level in levels() {
            let mut arena = Arena {
                real: Block::new(start.len()).expect("memory"),
                index: Block::new(0).expect("memory"),
                tables: Vec::new(),
            };
            arena.real.all().copy_from_slice(&start);
            let mut scratch = vec![T::nan(); chain.scratch::<T>()];
            // Two ranges, the second in two pieces.
            let (third, half) = (count / 3, (count - count / 3) / 2);
            let (first, rest) = ([0..third, third..third], [0..half, half..count - third]);
            for (range, pieces) in [(0..third, first), (third..count, rest)] {
                let forwarded = if chain.is_epilogue() { &forwarded[range.clone()] } else { &[] };
                // SAFETY: the chain is sound, the processor has the instruction set, and nobody else has the arena.
                unsafe { chain.run_on(level, &arena, range, pieces.into_iter(), forwarded, &mut scratch) };
            }
            let bits = |x: &T| if x.is_nan() { 0 } else { x.widen().to_bits() };
            for (place, (found, expected)) in arena.real.all().iter().zip(&expected).enumerate() {
                assert_eq!(
                    bits(found),
                    bits(expected),
                    "case {case}, {level:?}, place {place} of {count}: {found}, not {expected}, {operations:?} {outputs:?} {:?}",
                    chain.steps
                );
            }
        }
    }
}

#[test]
fn chains_of_f32_have_the_bits_of_their_operations() {
    chains_have_the_bits_of_their_operations::<f32>();
}

#[test]
fn chains_of_f64_have_the_bits_of_their_operations() {
    chains_have_the_bits_of_their_operations::<f64>();
}

/// A function on every instruction set is within so many units in the last place of its value in double precision, or for
/// `f64` of the value that the standard library has.
fn is_within<T: Real>(bound: f64, expr: &Expr, inputs: impl Iterator<Item = f64>) {
    let x: Vec<T> = inputs.map(T::of).collect();
    let operation = Operation { expr: expr.clone(), inputs: vec![Value::Memory(0)] };
    let output = Output { value: Value::Operation(0), to: x.len() };
    let chain = Chain::new((x.len(), 0), Vec::new(), &[operation], &[output]);
    for level in levels() {
        let mut arena = Arena {
            real: Block::new(2 * x.len()).expect("memory"),
            index: Block::new(0).expect("memory"),
            tables: Vec::new(),
        };
        arena.real.all()[..x.len()].copy_from_slice(&x);
        let mut scratch = vec![T::zero(); chain.scratch::<T>()];
        // SAFETY: as above.
        unsafe { chain.run_on(level, &arena, 0..x.len(), std::iter::once(0..x.len()), &[], &mut scratch) };
        for (x, y) in x.iter().zip(&arena.real.all()[x.len()..]) {
            let expected = expr.evaluate(&[x.widen()]);
            let rounded = T::of(expected);
            let difference = (y.widen() - expected).abs();
            let is_near = difference <= bound * T::epsilon().widen() * expected.abs() || *y == rounded;
            assert!(
                is_near || y.is_nan() && rounded.is_nan(),
                "{expr} at {x} on {level:?}: {y}, not {expected}"
            );
        }
    }
}

#[test]
fn functions_are_within_their_bounds_on_every_instruction_set() {
    let x = Expr::input(0);
    let grid = |ends: i32| (-ends..=ends).map(|i| f64::from(i) * 0.01 + 1e-3 * f64::from(i % 7));
    let special = || [0.0, -0.0, 1e-300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN].into_iter();
    let positive = || (-3000..3000).map(|i| (f64::from(i) * 0.01).exp());
    is_within::<f32>(2.0, &x.exp(), grid(8700).chain(special()));
    is_within::<f64>(2.0, &x.exp(), grid(70_800).chain(special()));
    is_within::<f32>(2.0, &x.ln(), positive().chain(special()));
    is_within::<f64>(2.0, &x.ln(), positive().chain(special()));
    is_within::<f32>(3.0, &x.tanh(), grid(2000).map(|x| x * 0.11).chain(special()));
    is_within::<f64>(3.0, &x.tanh(), grid(2000).map(|x| x * 0.11).chain(special()));
    is_within::<f32>(4.0, &x.sigmoid(), grid(8000).chain(special()));
    is_within::<f64>(4.0, &x.sigmoid(), grid(8000).chain(special()));
    is_within::<f32>(4.0, &x.erf(), grid(700).chain(special()));
    // What it is compared with has some roundings of its own.
    is_within::<f64>(6.0, &x.erf(), grid(700).chain(special()));
    is_within::<f32>(4.0, &x.softplus(), grid(8000).chain(special()));
    is_within::<f64>(4.0, &x.softplus(), grid(8000).chain(special()));
}

/// A running mean that fades out, in steps of 0.9, becomes zero instead of staying at numbers that are not normal.
#[test]
fn running_means_fade_out_to_zero() {
    let mean = (0.9 * Expr::input(0) + 0.1 * Expr::input(1)).flush();
    let operation = Operation { expr: mean, inputs: vec![Value::Memory(0), Value::Memory(37)] };
    let output = Output { value: Value::Operation(0), to: 0 };
    let chain = Chain::new((37, 0), Vec::new(), &[operation], &[output]);
    let mut arena: Arena<f32> = Arena {
        real: Block::new(74).expect("memory"),
        index: Block::new(0).expect("memory"),
        tables: Vec::new(),
    };
    (0_u8..37).for_each(|i| arena.real.all()[usize::from(i)] = 1.5 + f32::from(i));
    let mut scratch = vec![0.0; chain.scratch::<f32>()];
    for _ in 0..8000 {
        // SAFETY: the chain is sound, and nobody else has the arena.
        unsafe { chain.run(&arena, 0..37, std::iter::once(0..37), &[], &mut scratch) };
        assert!(arena.real.all().iter().all(|x| *x == 0.0 || x.is_normal()));
    }
    assert!(arena.real.all().iter().all(|x| *x == 0.0));
}

/// Where `p` is updated in place but still read afterwards, the reader sees the value before.
#[test]
fn what_is_read_after_it_is_computed_is_replaced_last() {
    let add = |inputs| Operation { expr: Expr::input(0) + Expr::input(1), inputs };
    let operations = [
        add(vec![Value::Memory(0), Value::Memory(4)]),
        add(vec![Value::Memory(0), Value::Operation(0)]),
        add(vec![Value::Memory(0), Value::Operation(1)]),
    ];
    let outputs =
        [(0, 0), (1, 8), (2, 12)].map(|(operation, to)| Output { value: Value::Operation(operation), to });
    let chain = Chain::new((4, 0), Vec::new(), &operations, &outputs);
    let mut arena: Arena<f64> = Arena {
        real: Block::new(16).expect("memory"),
        index: Block::new(0).expect("memory"),
        tables: Vec::new(),
    };
    arena.real.all()[..8].copy_from_slice(&[1.0, 2.0, 3.0, 4.0, 10.0, 10.0, 10.0, 10.0]);
    let mut scratch = vec![0.0; chain.scratch::<f64>()];
    // SAFETY: the chain is sound, and nobody else has the arena.
    unsafe { chain.run(&arena, 0..4, std::iter::once(0..4), &[], &mut scratch) };
    assert_eq!(arena.real.all()[..4], [11.0, 12.0, 13.0, 14.0]);
    assert_eq!(arena.real.all()[8..], [12.0, 14.0, 16.0, 18.0, 13.0, 16.0, 19.0, 22.0]);
}

/// Why a chain with these inputs of a sum and this output is not sound.
fn objection(inputs: [Value; 2], to: &[usize], loads: Vec<Load>) -> Option<&'static str> {
    let sum = Operation { expr: Expr::input(0) + Expr::input(1), inputs: inputs.to_vec() };
    let outputs: Vec<Output> = to.iter().map(|&to| Output { value: Value::Operation(0), to }).collect();
    Chain::new((10, 0), loads, &[sum], &outputs).verify()
}

#[test]
fn each_objection_to_a_chain_is_made() {
    use Value::{Loaded, Memory, Number};
    assert_eq!(objection([Memory(0), Memory(10)], &[20], Vec::new()), None);
    assert_eq!(
        objection([Memory(0), Number(10)], &[0], Vec::new()),
        None,
        "a chain may write where it reads"
    );
    let elsewhere = Some("a chain reads what it writes elsewhere");
    assert_eq!(objection([Memory(0), Memory(20)], &[5], Vec::new()), elsewhere, "they reach into each other");
    assert_eq!(objection([Memory(0), Memory(20)], &[40, 45], Vec::new()), elsewhere);
    assert_eq!(
        objection([Memory(0), Memory(20)], &[40, 40], Vec::new()),
        Some("a chain writes a place twice")
    );
    let loads = Some("a chain loads what it writes");
    assert_eq!(objection([Memory(0), Number(25)], &[20], Vec::new()), loads);
    let load = |start| vec![Load { start, length: 10, view: View::whole(&[10]), rows: None }];
    assert_eq!(objection([Loaded(0), Memory(40)], &[20], load(0)), None);
    assert_eq!(objection([Loaded(0), Memory(40)], &[20], load(11)), loads);
    let missing = Some("a chain reads a load that it does not have");
    assert_eq!(objection([Loaded(1), Memory(40)], &[20], load(0)), missing);
}

#[test]
fn a_value_stays_in_the_accumulator_until_the_next_operation() {
    let (x, y) = (Expr::input(0), Expr::input(1));
    let operations = [
        Operation { expr: (&x * &y + &x).max(0.0), inputs: vec![Value::Memory(0), Value::Memory(64)] },
        Operation { expr: 1.0 - &x * &x, inputs: vec![Value::Operation(0)] },
    ];
    let chain = Chain::new((64, 0), Vec::new(), &operations, &[Output { value: Value::Operation(1), to: 0 }]);
    assert_eq!((chain.registers, chain.functions), (0, 5), "{:?}", chain.steps);
    // Registers are used again: a long sum of products needs two.
    let product = |i: usize| Operation {
        expr: &x * &y,
        inputs: vec![Value::Memory(64 * i), Value::Memory(64 * i + 64)],
    };
    let mut long: Vec<Operation> = (0..100).map(product).collect();
    for i in 0..100 {
        let before = if i == 0 { Value::Memory(0) } else { Value::Operation(99 + i) };
        long.push(Operation { expr: (&x + &y).sqrt(), inputs: vec![before, Value::Operation(i)] });
    }
    let chain = Chain::new((64, 0), Vec::new(), &long, &[Output { value: Value::Operation(199), to: 0 }]);
    assert!(chain.registers <= 100 && chain.functions == 300, "{}", chain.registers);
}
