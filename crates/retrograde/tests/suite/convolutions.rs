//! Convolutions and poolings against their definitions, at odd geometries, in both precisions and on any number of
//! threads.

use retrograde::kernel::{Real, Threads};
use retrograde::ops::{Conv2dOptions, Pool2dOptions};
use retrograde::{Graph, Planner, Result, Tensor, Var};

/// A convolution.
#[derive(Debug, Clone, Copy)]
struct Case {
    images: usize,
    channels: usize,
    filters: usize,
    image: [usize; 2],
    kernel: [usize; 2],
    options: Conv2dOptions,
}

const PLAIN: Conv2dOptions = Conv2dOptions { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };

const fn case(
    (images, channels, filters): (usize, usize, usize),
    image: [usize; 2],
    kernel: [usize; 2],
    options: Conv2dOptions,
) -> Case {
    Case { images, channels, filters, image, kernel, options }
}

const CASES: [Case; 20] = [
    // The book's SimpleConvNet.
    case((3, 1, 30), [28, 28], [5, 5], PLAIN),
    // More places than are summed at a time.
    case((2, 32, 7), [9, 11], [3, 3], PLAIN),
    case((2, 3, 13), [7, 5], [3, 3], Conv2dOptions { padding: [1, 1], ..PLAIN }),
    case((1, 4, 6), [12, 9], [3, 2], Conv2dOptions { stride: [2, 3], padding: [1, 0], groups: 2, ..PLAIN }),
    case((2, 2, 5), [14, 13], [3, 4], Conv2dOptions { dilation: [3, 2], padding: [2, 3], ..PLAIN }),
    // A kernel of more places than are scattered at a time.
    case((1, 2, 3), [20, 19], [17, 18], PLAIN),
    case((2, 40, 33), [6, 7], [1, 1], PLAIN),
    case((2, 6, 4), [9, 7], [1, 1], Conv2dOptions { stride: [2, 2], ..PLAIN }),
    // Each channel by itself.
    case((2, 5, 10), [8, 8], [3, 3], Conv2dOptions { padding: [1, 1], groups: 5, ..PLAIN }),
    // Several blocks of images, the last one not full.
    case((37, 1, 2), [4, 4], [2, 2], PLAIN),
    // More filters than are packed at a time, more positions than are scattered at a time.
    case((1, 5, 300), [13, 14], [2, 2], Conv2dOptions { padding: [1, 0], ..PLAIN }),
    // A window of the size of the image.
    case((3, 3, 4), [5, 6], [5, 6], PLAIN),
    // Windows that see nothing but padding, and elements that no window sees.
    case((1, 2, 3), [3, 4], [2, 2], Conv2dOptions { padding: [4, 3], ..PLAIN }),
    case((2, 2, 2), [11, 16], [2, 3], Conv2dOptions { stride: [5, 4], ..PLAIN }),
    // A weight whose lines fall into the same sets of a cache.
    case((1, 512, 14), [12, 12], [1, 1], PLAIN),
    case((1, 1, 1), [1, 1], [1, 1], PLAIN),
    // Few filters, whose windows are read where they lie: LeNet's, and lines of several registers with a rest.
    case((3, 1, 6), [28, 28], [5, 5], PLAIN),
    case((2, 2, 8), [9, 40], [3, 3], Conv2dOptions { padding: [1, 2], dilation: [1, 2], ..PLAIN }),
    case((2, 4, 10), [7, 35], [2, 2], Conv2dOptions { groups: 2, ..PLAIN }),
    case((18, 3, 12), [3, 77], [1, 4], PLAIN),
];

impl Case {
    fn output(&self) -> [usize; 2] {
        let Conv2dOptions { stride, padding, dilation, .. } = self.options;
        [0, 1].map(|axis| {
            let window = dilation[axis] * (self.kernel[axis] - 1) + 1;
            (self.image[axis] + 2 * padding[axis] - window) / stride[axis] + 1
        })
    }

    /// The shapes of the images, the weight and the output.
    fn shapes(&self) -> [[usize; 4]; 3] {
        let (output, of_group) = (self.output(), self.channels / self.options.groups);
        [
            [self.images, self.channels, self.image[0], self.image[1]],
            [self.filters, of_group, self.kernel[0], self.kernel[1]],
            [self.images, self.filters, output[0], output[1]],
        ]
    }

    /// Calls `with` for each product of an element of the images and an element of the weight, with the element of
    /// the output to which it is added: the definition.
    fn products(&self, mut with: impl FnMut([usize; 3])) {
        let Conv2dOptions { stride, padding, dilation, groups } = self.options;
        let [x, w, y] = self.shapes();
        let at =
            |shape: [usize; 4], i: [usize; 4]| ((i[0] * shape[1] + i[1]) * shape[2] + i[2]) * shape[3] + i[3];
        let inside = |axis: usize, p: usize, i: usize| {
            let padded = p * stride[axis] + i * dilation[axis];
            padded.checked_sub(padding[axis]).filter(|&element| element < self.image[axis])
        };
        for n in 0..y[0] {
            for o in 0..y[1] {
                for py in 0..y[2] {
                    for px in 0..y[3] {
                        for c in 0..w[1] {
                            for i in 0..w[2] {
                                for j in 0..w[3] {
                                    let (Some(line), Some(column)) = (inside(0, py, i), inside(1, px, j))
                                    else {
                                        continue;
                                    };
                                    let channel = o / (self.filters / groups) * w[1] + c;
                                    with([
                                        at(x, [n, channel, line, column]),
                                        at(w, [o, c, i, j]),
                                        at(y, [n, o, py, px]),
                                    ]);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Values between -1 and 1 without a pattern, which an f32 represents exactly.
fn numbers(shape: [usize; 4], seed: usize) -> Tensor {
    let number = |i: usize| f64::from(((((i + 1) * (seed + 1)) as f64) * 0.618_034).sin() as f32);
    Tensor::from_fn(shape, number).expect("a small tensor")
}

/// The values of variables.
fn run<T: Real>(wanted: &[Var], threads: Threads) -> Result<Vec<Vec<f64>>> {
    let mut plan = Planner::new(wanted[0].graph()).fetch_all(wanted).threads(threads).compile::<T>()?;
    plan.run()?;
    wanted.iter().map(|value| Ok(plan.read(value)?.iter().map(|x| x.widen()).collect())).collect()
}

/// A sum of products, and the sum of their sizes and their number, which bound its rounding.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    value: f64,
    size: f64,
    terms: usize,
}

impl Sum {
    fn add(&mut self, product: f64) {
        *self = Sum { value: self.value + product, size: self.size + product.abs(), terms: self.terms + 1 };
    }

    /// Whether a sum in any order of products, each rounded, is this one: each of the roundings is at most `epsilon`
    /// of all.
    fn agrees(&self, seen: f64, epsilon: f64) -> bool {
        (seen - self.value).abs() <= (self.terms + 1) as f64 * epsilon * self.size
    }
}

#[test]
fn convolutions_and_their_gradients_agree_with_the_definition() -> Result<()> {
    let mut compared = 0;
    for case in CASES {
        let [x, w, y] = case.shapes();
        let values = [numbers(x, 1), numbers(w, 2), numbers(y, 3)];
        let mut expected = [x, w, y].map(|shape| vec![Sum::default(); shape.iter().product()]);
        case.products(|at| {
            let [x, w, y] = std::array::from_fn(|i| values[i].values()[at[i]]);
            expected[0][at[0]].add(w * y);
            expected[1][at[1]].add(x * y);
            expected[2][at[2]].add(x * w);
        });
        let graph = Graph::new();
        let names = ["images", "weight", "upstream"];
        let [x, w, g]: [Var; 3] = std::array::from_fn(|i| graph.parameter(names[i], values[i].clone()));
        let output = x.conv2d(&w, case.options).checked()?;
        let gradients = output.backward_from(&g)?;
        let wanted = [gradients.wrt(&x)?, gradients.wrt(&w)?, output];
        let single = run::<f32>(&wanted, Threads::new(1))?;
        let double = run::<f64>(&wanted, Threads::new(1))?;
        for (which, expected) in expected.iter().enumerate() {
            assert_eq!(single[which].len(), expected.len(), "{case:?}");
            for (element, sum) in expected.iter().enumerate() {
                let (single, double) = (single[which][element], double[which][element]);
                let label = format!("{case:?}: element {element} of {which}");
                assert!(sum.agrees(double, f64::EPSILON), "{label} is {double}, not {sum:?}");
                assert!(sum.agrees(single, f64::from(f32::EPSILON)), "{label} is {single}, not {sum:?}");
                compared += 1;
            }
        }
        // Any number of threads has the same bits.
        for threads in [2, 3, 8] {
            let pool = || Threads::new(threads).min_work(0);
            assert_eq!(run::<f32>(&wanted, pool())?, single, "{case:?} on {threads} threads");
            assert_eq!(run::<f64>(&wanted, pool())?, double, "{case:?} on {threads} threads");
        }
    }
    assert!(compared > 50_000, "only {compared} elements were compared");
    Ok(())
}

/// The transposed convolution has the shape that PyTorch documents, and is the gradient of the convolution.
#[test]
fn transposed_convolutions_have_the_shape_of_the_images() -> Result<()> {
    let mut compared = 0;
    for case in CASES {
        let [x, w, y] = case.shapes();
        let Conv2dOptions { stride, padding, dilation, .. } = case.options;
        let output_padding = [0, 1].map(|axis| {
            let window = dilation[axis] * (case.kernel[axis] - 1) + 1;
            (case.image[axis] + 2 * padding[axis] - window) % stride[axis]
        });
        let graph = Graph::new();
        let (images, weight) =
            (graph.parameter("images", numbers(x, 1)), graph.parameter("weight", numbers(w, 2)));
        let upstream = graph.parameter("upstream", numbers(y, 3));
        let transposed = upstream.conv_transpose2d(&weight, case.options, output_padding).checked()?;
        assert_eq!(*transposed.shape(), x, "{case:?}");
        let gradient = images.conv2d(&weight, case.options).backward_from(&upstream)?.wrt(&images)?;
        assert_eq!(transposed.value()?, gradient.value()?, "{case:?}");
        compared += 1;
    }
    assert_eq!(compared, CASES.len());
    Ok(())
}

/// A bias for each filter and an activation are computed within the convolution, block by block.
#[test]
fn a_bias_and_an_activation_are_fused() -> Result<()> {
    for images in [1, 7] {
        let graph = Graph::new();
        let x = graph.input("x", [images, 3, 20, 17]);
        let weight = graph.parameter("weight", numbers([13, 3, 3, 3], 1));
        let bias = graph.parameter("bias", numbers([1, 13, 1, 1], 2));
        let options = Conv2dOptions { padding: [1, 1], ..Conv2dOptions::default() };
        let output = x.conv2d(&weight, options);
        let active = (&output + bias.broadcast([images, 13, 20, 17])).relu();
        let values = numbers([images, 3, 20, 17], 3);
        let mut apart = Planner::new(&graph).fetch_all([&output, &active]).compile::<f64>()?;
        apart.set(&x, values.values())?;
        apart.run()?;
        for threads in [1, 2, 3, 8] {
            let threads = Threads::new(threads).min_work(0);
            let mut fused = Planner::new(&graph).fetch(&active).threads(threads).compile::<f64>()?;
            fused.begin_profile();
            fused.set(&x, values.values())?;
            fused.run()?;
            assert_eq!(fused.read(&active)?, apart.read(&active)?);
            assert_eq!(fused.end_profile().steps.len(), 1, "one pass over memory");
        }
    }
    Ok(())
}

/// Poolings: height and width of the images, and the windows.
const POOLINGS: [([usize; 2], Pool2dOptions); 8] = [
    ([24, 24], Pool2dOptions { kernel: [2, 2], stride: [2, 2], padding: [0, 0] }),
    ([7, 9], Pool2dOptions { kernel: [2, 2], stride: [2, 2], padding: [0, 0] }),
    ([7, 41], Pool2dOptions { kernel: [3, 3], stride: [2, 2], padding: [1, 1] }),
    ([9, 37], Pool2dOptions { kernel: [3, 2], stride: [1, 1], padding: [0, 1] }),
    ([11, 50], Pool2dOptions { kernel: [2, 5], stride: [3, 3], padding: [1, 2] }),
    ([5, 6], Pool2dOptions { kernel: [5, 6], stride: [5, 6], padding: [0, 0] }),
    ([9, 8], Pool2dOptions { kernel: [1, 1], stride: [4, 5], padding: [0, 0] }),
    ([1, 1], Pool2dOptions { kernel: [1, 1], stride: [1, 1], padding: [0, 0] }),
];

/// The elements of the window of each position, line by line, and whether it reaches beyond the image.
fn windows_of([height, width]: [usize; 2], options: Pool2dOptions) -> Vec<Vec<usize>> {
    let Pool2dOptions { kernel, stride, padding } = options;
    let [lines, columns] = [(height, 0), (width, 1)]
        .map(|(length, axis)| (length + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1);
    let positions = (0..lines).flat_map(|y| (0..columns).map(move |x| (y, x)));
    positions
        .map(|(y, x)| {
            let places = (0..kernel[0]).flat_map(|i| (0..kernel[1]).map(move |j| (i, j)));
            let element = |(i, j): (usize, usize)| {
                let line = (y * stride[0] + i).checked_sub(padding[0]).filter(|&line| line < height)?;
                let column = (x * stride[1] + j).checked_sub(padding[1]).filter(|&column| column < width)?;
                Some(line * width + column)
            };
            places.filter_map(element).collect()
        })
        .collect()
}

#[test]
fn poolings_and_their_gradients_agree_with_the_definition() -> Result<()> {
    for (image, options) in POOLINGS {
        let (planes, size) = (6, image[0] * image[1]);
        let windows = windows_of(image, options);
        // Small integers: many ties, and sums without rounding.
        let mut values: Vec<f64> = (0..planes * size).map(|i| ((i * 7919) % 5) as f64 - 2.0).collect();
        values[size / 2] = f64::NAN;
        let upstream: Vec<f64> = (0..planes * windows.len()).map(|i| ((i * 31) % 7) as f64 - 3.0).collect();
        let area = (options.kernel[0] * options.kernel[1]) as f64;
        let (mut largest, mut means) = (Vec::new(), Vec::new());
        let mut of_largest = vec![0.0; planes * size];
        let mut of_means = vec![0.0; planes * size];
        for plane in 0..planes {
            for (position, window) in windows.iter().enumerate() {
                let at = |element: usize| values[plane * size + element];
                let g = upstream[plane * windows.len() + position];
                let first = window.iter().copied().reduce(|best, element| {
                    let better = at(element) > at(best) || at(element).is_nan() && !at(best).is_nan();
                    if better { element } else { best }
                });
                let first = first.expect("a window has an element");
                largest.push(at(first));
                of_largest[plane * size + first] += g;
                means.push(window.iter().map(|&element| at(element)).sum::<f64>() / area);
                window.iter().for_each(|&element| of_means[plane * size + element] += g / area);
            }
        }
        let graph = Graph::new();
        let x = graph.parameter("x", Tensor::new([2, 3, image[0], image[1]], values)?);
        let (max, mean) = (x.max_pool2d(options).checked()?, x.avg_pool2d(options).checked()?);
        let g = graph.parameter("g", Tensor::new(&*max.shape(), upstream)?);
        let gradient = |output: &Var| output.backward_from(&g)?.wrt(&x);
        let wanted = [gradient(&max)?, gradient(&mean)?, max.clone(), mean.clone()];
        let expected = [of_largest, of_means, largest, means];
        for threads in [1, 2, 3, 8] {
            let threads = Threads::new(threads).min_work(0);
            let single = run::<f32>(&wanted, threads.clone())?;
            let double = run::<f64>(&wanted, threads)?;
            for which in 0..4 {
                assert_eq!(double[which].len(), expected[which].len(), "{image:?}, {options:?}");
                for (element, &expected) in expected[which].iter().enumerate() {
                    let (single, double) = (single[which][element], double[which][element]);
                    let label = format!("{image:?}, {options:?}: element {element} of {which}");
                    // Means of small integers: a sum without rounding, and quotients, up to 30 of which are added.
                    let agrees = |seen: f64, epsilon: f64| {
                        seen == expected
                            || (seen - expected).abs() <= 64.0 * epsilon * 3.0
                            || seen.is_nan() && expected.is_nan()
                    };
                    assert!(agrees(double, f64::EPSILON), "{label} is {double}, not {expected}");
                    assert!(agrees(single, f64::from(f32::EPSILON)), "{label} is {single}, not {expected}");
                }
            }
        }
    }
    Ok(())
}
