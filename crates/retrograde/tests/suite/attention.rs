//! Self-attention: its numbers by the definition, its memory, its bits on any number of threads, and its weights in a trace.

use retrograde::kernel::{Real, Threads};
use retrograde::nn::{GptConfig, Mode, Model};
use retrograde::ops::AttentionOptions;
use retrograde::view::Explain;
use retrograde::{Graph, Planner, Result, Tensor, Var};

/// Queries, keys, values, padding and the gradient of the output, all without a pattern.
struct Case {
    samples: usize,
    positions: usize,
    heads: usize,
    /// Of a head.
    width: usize,
    causal: bool,
    padded: bool,
}

impl Case {
    fn all(&self) -> usize {
        self.heads * self.width
    }

    fn numbers(shape: &[usize], seed: f64) -> Tensor {
        // Numbers that an f32 represents exactly.
        Tensor::from_fn(shape, |i| f64::from(((i as f64 + seed) * 0.618_034).sin() as f32)).unwrap()
    }

    fn x(&self) -> Tensor {
        Case::numbers(&[self.samples, self.positions, 3 * self.all()], 1.0)
    }

    fn upstream(&self) -> Tensor {
        Case::numbers(&[self.samples, self.positions, self.all()], 2.5)
    }

    /// Every fifth position, not the first.
    fn is_padding(&self, position: usize) -> bool {
        self.padded && position % 5 == 3
    }

    /// The output and the gradient, recorded.
    fn record(&self, graph: &Graph) -> Result<[Var; 2]> {
        let x = graph.parameter("x", self.x());
        let options = AttentionOptions { causal: self.causal, ..AttentionOptions::new(self.heads) };
        let padding = |i| f64::from(u8::from(self.is_padding(i % self.positions)));
        let output = if self.padded {
            let padding = Tensor::from_fn([self.samples, self.positions], padding)?;
            x.self_attention_padded(&graph.constant(padding), options)
        } else {
            x.self_attention(options)
        };
        let gradients = output.backward_from(&graph.constant(self.upstream()))?;
        Ok([output.clone(), gradients.wrt(&x)?])
    }

    /// The output and the gradient by the definition, in `f64`.
    fn defined(&self) -> [Vec<f64>; 2] {
        let &Case { samples, positions, heads, width, .. } = self;
        let all = self.all();
        let (x, upstream) = (self.x(), self.upstream());
        let (x, upstream) = (x.values(), upstream.values());
        let (mut output, mut gradient) = (vec![0.0; upstream.len()], vec![0.0; x.len()]);
        let scale = 1.0 / (width as f64).sqrt();
        for (sample, head, query) in (0..samples)
            .flat_map(|s| (0..heads).map(move |h| (s, h)))
            .flat_map(|(s, h)| (0..positions).map(move |q| (s, h, q)))
        {
            let at = |position: usize, part: usize, i: usize| {
                ((sample * positions + position) * 3 + part) * all + head * width + i
            };
            let of = |position: usize, i: usize| (sample * positions + position) * all + head * width + i;
            let dot = |a: &dyn Fn(usize) -> f64, b: &dyn Fn(usize) -> f64| {
                (0..width).map(|i| a(i) * b(i)).sum::<f64>()
            };
            let seen: Vec<usize> =
                (0..positions).filter(|&key| !(self.is_padding(key) || self.causal && key > query)).collect();
            let powers: Vec<f64> = seen
                .iter()
                .map(|&key| (scale * dot(&|i| x[at(query, 0, i)], &|i| x[at(key, 1, i)])).exp())
                .collect();
            let total: f64 = powers.iter().sum();
            let weights: Vec<f64> = powers.iter().map(|power| power / total).collect();
            let to_weights: Vec<f64> =
                seen.iter().map(|&key| dot(&|i| upstream[of(query, i)], &|i| x[at(key, 2, i)])).collect();
            let mean: f64 = weights.iter().zip(&to_weights).map(|(weight, to)| weight * to).sum();
            for ((&key, weight), to) in seen.iter().zip(&weights).zip(&to_weights) {
                let to_score = scale * weight * (to - mean);
                for i in 0..width {
                    output[of(query, i)] += weight * x[at(key, 2, i)];
                    gradient[at(query, 0, i)] += to_score * x[at(key, 1, i)];
                    gradient[at(key, 1, i)] += to_score * x[at(query, 0, i)];
                    gradient[at(key, 2, i)] += weight * upstream[of(query, i)];
                }
            }
        }
        [output, gradient]
    }

    fn run<T: Real>(&self, threads: usize) -> Result<[Vec<f64>; 2]> {
        let graph = Graph::new();
        let vars = self.record(&graph)?;
        // With a minimum of 0 also so little work is shared.
        let threads = Threads::new(threads).min_work(0);
        let mut plan = Planner::new(&graph).threads(threads).fetch_all(&vars).compile::<T>()?;
        plan.run()?;
        let [output, gradient] = vars.map(|var| plan.value(&var).map(Tensor::into_values));
        Ok([output?, gradient?])
    }
}

/// Lengths around the blocks of 32 queries, and widths that fill no register.
const CASES: [Case; 7] = {
    const fn case(sizes: [usize; 4], causal: bool, padded: bool) -> Case {
        let [samples, positions, heads, width] = sizes;
        Case { samples, positions, heads, width, causal, padded }
    }
    [
        case([1, 1, 1, 1], true, false),
        case([2, 7, 3, 5], false, true),
        case([1, 31, 2, 17], true, true),
        case([9, 33, 1, 3], true, false),
        case([3, 64, 2, 32], false, false),
        case([1, 70, 2, 1], true, true),
        case([1, 260, 2, 8], true, false),
    ]
};

#[test]
fn the_output_and_the_gradient_are_those_of_the_definition() -> Result<()> {
    for (index, case) in CASES.iter().enumerate() {
        let expected = case.defined();
        for (found, epsilon) in
            [(case.run::<f64>(1)?, f64::EPSILON), (case.run::<f32>(1)?, f64::from(f32::EPSILON))]
        {
            for (what, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert_eq!(found.len(), expected.len());
                let largest = expected.iter().fold(1.0, |most: f64, x| most.max(x.abs()));
                for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
                    // Sums of up to 260 products, whose factors are rounded some times.
                    let close = (found - expected).abs() <= 64.0 * epsilon * largest;
                    assert!(close, "case {index}, {what}, element {i}: {found}, not {expected}");
                }
            }
        }
    }
    Ok(())
}

/// Samples for each thread, heads for each thread, or one thread alone.
#[test]
fn the_bits_do_not_depend_on_the_threads() -> Result<()> {
    for (index, case) in CASES.iter().enumerate() {
        let alone = case.run::<f32>(1)?;
        for threads in [2, 3, 8] {
            assert_eq!(case.run::<f32>(threads)?, alone, "case {index} on {threads} threads");
        }
    }
    Ok(())
}

/// The memory of the plan of a training step of a small GPT, in bytes.
fn memory(context: usize, threads: usize) -> Result<usize> {
    let gpt = GptConfig { vocabulary: 65, context, blocks: 2, heads: 4, width: 32, dropout: 0.0 };
    let network = gpt.network().build(0)?;
    let graph = Graph::new();
    let recorded = network.record(&graph.index_input("tokens", [1, context]), Mode::Train);
    let targets = graph.index_input("targets", [context]);
    let loss = recorded.output.reshape([context, 65]).softmax_with_loss(&targets);
    let gradients = loss.backward()?;
    let gradients = recorded.parameters.iter().map(|of| gradients.wrt(of)).collect::<Result<Vec<_>>>()?;
    Ok(Planner::new(&graph).threads(threads).fetch(&loss).fetch_all(&gradients).lay_out::<f32>()?.memory())
}

#[test]
fn the_memory_of_a_training_step_grows_with_the_context_and_not_with_its_square() -> Result<()> {
    for threads in [1, 2] {
        let [short, middle, long] = [512, 1024, 2048].map(|context| memory(context, threads));
        let (short, middle, long) = (short?, middle?, long?);
        // What is added for 1,024 more positions is twice what 512 more add; with scores it would be four times as much.
        let ratio = (long - middle) as f64 / (middle - short) as f64;
        assert!((1.9..2.1).contains(&ratio), "{short}, {middle}, {long} bytes");
        // The scores of one block of the network alone.
        assert!(long < 4 * 2048 * 2048 * size_of::<f32>(), "{long} bytes");
    }
    Ok(())
}

/// The weights are in the trace of a small context, and are those with which the output is the mean of the values.
#[test]
fn a_trace_has_the_weights() -> Result<()> {
    let case = Case { samples: 2, positions: 5, heads: 2, width: 3, causal: true, padded: true };
    let graph = Graph::new();
    let [output, _] = case.record(&graph)?;
    let trace = (&output * &output).sum_all().trace()?;
    let node = trace.nodes().iter().find(|node| node.id == output.id()).expect("the node of the output");
    let [weights] = &node.intermediate[..] else { panic!("one value within it") };
    assert_eq!((weights.name, &weights.value.shape()[..]), ("weights of attention", &[2, 2, 5, 5][..]));
    let (values, expected) = (case.x(), &case.defined()[0]);
    for (row, weights) in weights.value.values().chunks_exact(5).enumerate() {
        let (sample, head, query) = (row / 10, row / 5 % 2, row % 5);
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(weights[query + 1..].iter().all(|&weight| weight == 0.0), "later positions: {weights:?}");
        for i in 0..3 {
            let value = |key: usize| values.values()[(sample * 5 + key) * 18 + 12 + head * 3 + i];
            let mean: f64 = weights.iter().enumerate().map(|(key, weight)| weight * value(key)).sum();
            let expected = expected[(sample * 5 + query) * 6 + head * 3 + i];
            assert!((mean - expected).abs() < 1e-12, "{mean}, not {expected}");
        }
    }
    // A program can record them, too.
    let [x, padding] = [0, 1].map(|input| graph.var(output.node().inputs[input]));
    let options = AttentionOptions { causal: true, ..AttentionOptions::new(2) };
    assert_eq!(x.self_attention_weights(Some(&padding), options).value()?, *weights.value);
    // In the JSON form and on the page, too.
    assert!(trace.json().contains("\"intermediate\":[{\"name\":\"weights of attention\""));
    assert!(trace.html("attention")?.contains("weights of attention"));
    Ok(())
}
