//! What the programs of candle and Burn share: the work as arguments, the data, the clock and the line at the end.
use std::{path::Path, time::Instant};

/// The work, as `run` describes it.
pub struct Work {
    pub data: String,
    pub evaluate: bool,
    pub sizes: Vec<usize>,
    pub batch: usize,
    pub adam: bool,
    pub rate: f64,
    pub init: String,
    pub chunk: usize,
    pub seconds: f64,
}

impl Work {
    pub fn from_arguments() -> Self {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let get = |name: &str| {
            let at = words.iter().position(|word| *word == format!("--{name}"));
            at.and_then(|at| words.get(at + 1)).unwrap_or_else(|| panic!("--{name} is missing")).clone()
        };
        Work {
            data: get("data"),
            evaluate: get("kind") == "evaluate",
            sizes: get("sizes").split(',').map(|size| size.parse().expect("a width")).collect(),
            batch: get("batch").parse().expect("a batch size"),
            adam: get("optimizer") == "adam",
            rate: get("rate").parse().expect("a learning rate"),
            init: get("init"),
            chunk: get("chunk").parse().expect("steps in a chunk"),
            seconds: get("seconds").parse().expect("seconds"),
        }
    }

    /// The standard deviation of the initial weights of a layer: a number, or He's.
    pub fn deviation(&self, inputs: usize) -> f64 {
        if self.init == "he" { (2.0 / inputs as f64).sqrt() } else { self.init.parse().expect("a deviation") }
    }

    /// Trains one chunk to warm up, then measures chunk after chunk (of steps, or of one evaluation each), and prints
    /// the median.
    pub fn measure(
        &self,
        peer: &str,
        version: &str,
        mut step: impl FnMut(),
        evaluate: impl Fn(usize) -> f64,
    ) {
        (0..self.chunk).for_each(|_| step());
        let mut seen = Vec::new();
        let start = Instant::now();
        while seen.len() < 5 || start.elapsed().as_secs_f64() < self.seconds {
            let begin = Instant::now();
            if self.evaluate {
                evaluate(0);
                evaluate(1);
                seen.push(begin.elapsed().as_secs_f64());
            } else {
                (0..self.chunk).for_each(|_| step());
                seen.push(begin.elapsed().as_secs_f64() / self.chunk as f64);
            }
        }
        seen.sort_by(f64::total_cmp);
        let (seconds, accuracy) = (seen[seen.len() / 2], evaluate(1));
        println!(
            "{{\"peer\":\"{peer}\",\"version\":\"{version}\",\"seconds\":{seconds},\"accuracy\":{accuracy}}}"
        );
    }
}

/// Images in [0, 1], and labels.
pub struct Samples {
    pub images: Vec<f32>,
    pub labels: Vec<u8>,
}

/// Reads the training and the test set from four unpacked IDX files.
pub fn load(folder: &str) -> [Samples; 2] {
    let idx = |name: String, header: usize| {
        std::fs::read(Path::new(folder).join(name)).expect("an IDX file").split_off(header)
    };
    ["train", "t10k"].map(|set| Samples {
        images: idx(format!("{set}-images-idx3-ubyte"), 16)
            .into_iter()
            .map(|b| f32::from(b) / 255.0)
            .collect(),
        labels: idx(format!("{set}-labels-idx1-ubyte"), 8),
    })
}

/// The version of a package in this workspace's lock file.
pub fn version(package: &str) -> String {
    let lock = include_str!("../Cargo.lock");
    let from = lock.find(&format!("name = \"{package}\"")).expect("a package");
    lock[from..].split('"').nth(3).expect("its version").to_string()
}
