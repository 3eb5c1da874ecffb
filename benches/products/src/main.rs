//! Matrix products in the shapes of training, on one thread: gemm, matrixmultiply, faer and Retrograde in alternating rounds,
//! with the FMA peak of the CPU in the same rounds. Prints a table of medians in GFLOP/s.
//!
//!     cargo run --release --manifest-path benches/products/Cargo.toml
//!
//! Retrograde runs a plan, as in training, whose overhead is visible in the smallest products.

use faer::{Accum, MatMut, MatRef, Par};
use retrograde::kernel::{Peak, Real, instruction_set};
use retrograde::{Graph, Plan, Planner, Var};
use std::time::Instant;

const ROUNDS: usize = 7;
const SECONDS: f64 = 0.004;

/// The operand that is stored transposed.
#[derive(Clone, Copy, PartialEq)]
enum Transposed {
    Neither,
    First,
    Second,
}
use Transposed::{First, Neither, Second};

/// m, k, n, and the transposed operand: x·w, xᵀ·dy and dy·wᵀ.
const SHAPES: [(usize, usize, usize, Transposed); 26] = [
    (100, 784, 50, Neither),
    (784, 100, 50, First),
    (100, 50, 10, Neither),
    (50, 100, 10, First),
    (100, 10, 50, Second),
    (128, 784, 512, Neither),
    (784, 128, 512, First),
    (128, 512, 256, Neither),
    (512, 128, 256, First),
    (128, 256, 512, Second),
    (1, 784, 50, Neither),
    (784, 1, 50, First),
    (1, 784, 512, Neither),
    (784, 1, 512, First),
    (1, 256, 512, Second),
    (10, 784, 50, Neither),
    (784, 10, 50, First),
    (10, 784, 512, Neither),
    (784, 10, 512, First),
    (10, 256, 512, Second),
    (1000, 784, 50, Neither),
    (784, 1000, 50, First),
    (256, 2048, 2048, Neither),
    (256, 2048, 2048, Second),
    (512, 512, 512, Neither),
    (1024, 1024, 1024, Neither),
];

/// The two precisions, for the libraries that have a function for each.
trait Number: Real + faer::traits::ComplexField {
    #[allow(clippy::too_many_arguments, reason = "the library's own")]
    unsafe fn matrixmultiply(
        size: (usize, usize, usize),
        a: (*const Self, isize, isize),
        b: (*const Self, isize, isize),
        c: *mut Self,
    );
}

macro_rules! number {
    ($number:ty, $function:ident) => {
        impl Number for $number {
            unsafe fn matrixmultiply(
                (m, k, n): (usize, usize, usize),
                a: (*const Self, isize, isize),
                b: (*const Self, isize, isize),
                c: *mut Self,
            ) {
                // SAFETY: the caller promises that the pointers and strides are those of matrices of these sizes.
                unsafe {
                    matrixmultiply::$function(
                        m, k, n, 1.0, a.0, a.1, a.2, b.0, b.1, b.2, 0.0, c, n as isize, 1,
                    )
                }
            }
        }
    };
}
number!(f32, sgemm);
number!(f64, dgemm);

/// GFLOP/s of a repeated product.
fn rate(flops: f64, mut product: impl FnMut()) -> f64 {
    product();
    let (mut count, start) = (0, Instant::now());
    while count < 3 || start.elapsed().as_secs_f64() < SECONDS {
        // Several short products between two reads of the clock.
        let several = (2e6 / flops).ceil() as usize;
        (0..several).for_each(|_| product());
        count += several;
    }
    flops * f64::from(count as u32) / start.elapsed().as_secs_f64() / 1e9
}

fn planned<T: Real>(
    shape: (usize, usize, usize),
    transposed: Transposed,
) -> retrograde::Result<(Plan<T>, Var, Var, Var)> {
    let ((m, k, n), graph) = (shape, Graph::new());
    let a = graph.input("a", if transposed == First { [k, m] } else { [m, k] });
    let b = graph.input("b", if transposed == Second { [n, k] } else { [k, n] });
    let c = match transposed {
        Neither => a.matmul(&b),
        First => a.t_matmul(&b),
        Second => a.matmul_t(&b),
    };
    Ok((Planner::new(&graph).fetch(&c).threads(1).compile()?, a, b, c))
}

fn measure<T: Number>() -> retrograde::Result<()> {
    let median = |mut seen: Vec<f64>| {
        seen.sort_by(f64::total_cmp);
        seen[seen.len() / 2]
    };
    println!(
        "\n{}:\n\n| m×k×n | gemm | matrixmultiply | faer | retrograde | retrograde ÷ best | peak |",
        T::NAME
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (m, k, n, transposed) in SHAPES {
        let numbers = |count| (0..count).map(|i| T::of((i * 7 % 13) as f64 - 6.0)).collect::<Vec<T>>();
        let (x, y) = (numbers(m * k), numbers(k * n));
        let (a_row, a_column) = if transposed == First { (1, m) } else { (k, 1) };
        let (b_row, b_column) = if transposed == Second { (1, k) } else { (n, 1) };
        let [mut c, mut d, mut e] = [vec![T::zero(); m * n], vec![T::zero(); m * n], vec![T::zero(); m * n]];
        let (mut plan, a, b, product) = planned::<T>((m, k, n), transposed)?;
        plan.set(&a, &x)?;
        plan.set(&b, &y)?;
        let (first, flops) = (x[0].widen(), (2 * m * k * n) as f64);
        let signed = |stride: usize| stride as isize;
        let mut seen: [Vec<f64>; 5] = Default::default();
        for _ in 0..ROUNDS {
            // SAFETY: in both, the pointers and strides are those of vectors made for these sizes just above.
            seen[0].push(rate(flops, || unsafe {
                gemm::gemm(
                    m,
                    n,
                    k,
                    c.as_mut_ptr(),
                    1,
                    signed(n),
                    false,
                    x.as_ptr(),
                    signed(a_column),
                    signed(a_row),
                    y.as_ptr(),
                    signed(b_column),
                    signed(b_row),
                    T::zero(),
                    T::one(),
                    false,
                    false,
                    false,
                    gemm::Parallelism::None,
                );
            }));
            seen[1].push(rate(flops, || unsafe {
                let a = (x.as_ptr(), signed(a_row), signed(a_column));
                T::matrixmultiply(
                    (m, k, n),
                    a,
                    (y.as_ptr(), signed(b_row), signed(b_column)),
                    d.as_mut_ptr(),
                );
            }));
            seen[2].push(rate(flops, || {
                let (mut left, mut right) =
                    (MatRef::from_row_major_slice(&x, m, k), MatRef::from_row_major_slice(&y, k, n));
                if transposed == First {
                    left = MatRef::from_column_major_slice(&x, m, k);
                }
                if transposed == Second {
                    right = MatRef::from_column_major_slice(&y, k, n);
                }
                let to = MatMut::from_row_major_slice_mut(&mut e, m, n);
                faer::linalg::matmul::matmul(to, Accum::Replace, left, right, T::one(), Par::Seq);
            }));
            let mut outcome = Ok(());
            seen[3].push(rate(flops, || {
                // Sets an input, so that the plan cannot reuse its result.
                outcome = plan.set_element(&a, 0, first).and_then(|()| plan.run());
            }));
            outcome?;
            seen[4].push(Peak::gigaflops::<T>(1));
        }
        let ours = plan.read(&product)?;
        // Small integers: all results must be equal.
        assert!(*ours == *c && c == d && d == e, "the products differ at {m}×{k}×{n}");
        let [gemm, matrixmultiply, faer, ours, peak] = seen.map(median);
        let best = gemm.max(matrixmultiply).max(faer);
        let name = match transposed {
            Neither => "",
            First => ", xᵀ·dy",
            Second => ", dy·wᵀ",
        };
        println!(
            "| {m}×{k}×{n}{name} | {gemm:.0} | {matrixmultiply:.0} | {faer:.0} | {ours:.0} | {:.2} | {peak:.0} |",
            ours / best
        );
    }
    Ok(())
}

fn main() -> retrograde::Result<()> {
    println!("GFLOP/s on one thread, medians of {ROUNDS} rounds; retrograde uses {}.", instruction_set());
    measure::<f32>()?;
    measure::<f64>()
}
