//! The expected report of a case, as data that is fixed before the check runs; and arrays for the cases.

use std::collections::BTreeSet;

use ndarray::{Array2, ArrayView1, Ix2};
use retrograde::check::{Finding, Language, Report, Severity, Verdict};
use retrograde::textbook::Tensor;

/// The verdicts of code that is right.
const RIGHT: &[Verdict] = &[Verdict::Right, Verdict::Kink, Verdict::Rounding];

/// What the check must say of one case.
pub struct Expect {
    verdicts: &'static [Verdict],
    faults: Vec<Fault>,
    /// Of each group one phrase must be in the report.
    said: Vec<&'static [&'static str]>,
}

/// A wrong gradient.
struct Fault {
    /// A parameter, an input, or a layer of a network.
    place: &'static str,
    /// The beginnings of the titles of true causes; empty allows any title.
    causes: &'static [&'static str],
    /// Whether one of them must be named. Otherwise the check may say that it knows no cause, but no untrue one.
    named: bool,
    /// Whether the place must be wrong. Otherwise it is where another reading of the same case finds its fault.
    wrong: bool,
}

impl Expect {
    /// The code is right: no fault, no wrong gradient.
    pub fn right() -> Self {
        Expect::verdict(RIGHT)
    }

    /// One of these verdicts, and no fault.
    pub fn verdict(verdicts: &'static [Verdict]) -> Self {
        Expect { verdicts, faults: Vec::new(), said: Vec::new() }
    }

    /// The gradient at `place` is wrong, by one of these causes. What is not named as wrong must be right.
    pub fn wrong(place: &'static str, causes: &'static [&'static str]) -> Self {
        Expect::verdict(&[Verdict::Wrong]).and(place, causes)
    }

    /// The same fault at several places.
    pub fn wrong_at(places: &[&'static str], causes: &'static [&'static str]) -> Self {
        places.iter().fold(Expect::verdict(&[Verdict::Wrong]), |expect, place| expect.and(place, causes))
    }

    /// And the gradient at `place` is wrong, by one of these causes; at a place that is already named: by these too.
    pub fn and(mut self, place: &'static str, causes: &'static [&'static str]) -> Self {
        self.faults.push(Fault { place, causes, named: !causes.is_empty(), wrong: true });
        self
    }

    /// These causes are true of this place too, and need not be named.
    pub fn also_true(mut self, place: &'static str, causes: &'static [&'static str]) -> Self {
        self.faults.push(Fault { place, causes, named: false, wrong: false });
        self
    }

    /// The numbers that the check is given need not suffice to name the cause.
    pub fn cause_may_be_unknown(mut self) -> Self {
        for fault in &mut self.faults {
            fault.named = false;
        }
        self
    }

    /// The report says one of these phrases.
    pub fn says(mut self, phrases: &'static [&'static str]) -> Self {
        self.said.push(phrases);
        self
    }

    /// The check of a function, a layer, a loss or a graph: places are arguments and parameters.
    #[track_caller]
    pub fn of(&self, report: &Report) {
        let blocks = report.blocks.iter().chain(report.layers.iter().flat_map(|layer| &layer.blocks));
        self.compare(
            report,
            &blocks.filter(|block| block.verdict.is_wrong()).map(|block| &block.block).collect(),
        );
    }

    /// The check of a network: places are layers.
    #[track_caller]
    pub fn of_network(&self, report: &Report) {
        let wrong = report.layers.iter().filter(|layer| layer.verdict.is_wrong());
        self.compare(report, &wrong.map(|layer| &layer.name).collect());
    }

    /// The check of a network: places are its parameters, as the whole loss has them.
    #[track_caller]
    pub fn of_whole(&self, report: &Report) {
        let wrong = report.blocks.iter().filter(|block| block.verdict.is_wrong());
        self.compare(report, &wrong.map(|block| &block.block).collect());
    }

    #[track_caller]
    fn compare(&self, report: &Report, wrong: &BTreeSet<&String>) {
        read(report);
        let mut trouble = Vec::new();
        if !self.verdicts.contains(&report.verdict) {
            trouble.push(format!("the verdict is not one of {:?}", self.verdicts));
        }
        let expected: BTreeSet<&str> =
            self.faults.iter().filter(|fault| fault.wrong).map(|fault| fault.place).collect();
        if !wrong.iter().map(|place| place.as_str()).eq(expected.iter().copied()) {
            trouble.push(format!("wrong are {wrong:?}, not {expected:?}"));
        }
        let faults = || report.findings.iter().filter(|finding| finding.severity == Severity::Fault);
        for fault in self.faults.iter().filter(|fault| fault.named) {
            let here = || faults().filter(|finding| is_at(finding, fault.place, report));
            if !here().any(|finding| is_cause(finding, fault.causes)) {
                let said: Vec<String> = here().map(|finding| finding.title().to_string()).collect();
                trouble.push(format!("{}: {said:?}, not one of {:?}", fault.place, fault.causes));
            }
        }
        for finding in faults() {
            let mut here = self.faults.iter().filter(|fault| is_at(finding, fault.place, report)).peekable();
            let untrue = finding.cause.is_some()
                && !here.clone().any(|fault| fault.causes.is_empty() || is_cause(finding, fault.causes));
            if here.peek().is_none() || untrue {
                trouble.push(format!("{}: {:?} is untrue", finding.location, finding.title().to_string()));
            }
        }
        let text = text(report);
        for phrases in &self.said {
            if !phrases.iter().any(|phrase| text.contains(phrase)) {
                trouble.push(format!("none of {phrases:?} is said"));
            }
        }
        assert!(trouble.is_empty(), "{}\n{report}", trouble.join("\n"));
    }
}

/// Whether the finding is about this place, or about the whole of what has no parts.
fn is_at(finding: &Finding, place: &str, report: &Report) -> bool {
    finding.location == place
        || finding.blocks.is_empty() && finding.location == report.subject.to_string()
        || (finding.blocks.iter())
            .any(|block| block == place || format!("{}.{block}", finding.location) == place)
}

fn is_cause(finding: &Finding, titles: &[&str]) -> bool {
    finding.cause.as_ref().is_some_and(|cause| {
        let said = cause.to_string();
        titles.iter().any(|title| said.starts_with(title))
    })
}

/// Reads a report in every form and language: nothing may be left to fill in.
pub fn read(report: &Report) {
    for language in Language::ALL {
        for text in [report.text(language), report.markdown(language)] {
            assert!(!text.contains("{$") && !text.contains("{ $"), "{text}");
        }
    }
    let page = report.html();
    assert!(!page.contains("{$"), "{page}");
    assert_eq!(page.matches("<span lang=\"en\">").count(), page.matches("<span lang=\"ko\">").count());
    let text = report.text(Language::Korean);
    for line in text.lines() {
        let english = |word: &str| word.len() > 2 && word.chars().all(|c| c.is_ascii_lowercase());
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(!words.windows(4).any(|four| four.iter().all(|word| english(word))), "{line}");
    }
}

/// The report as one line, with what its layout may leave out.
pub fn text(report: &Report) -> String {
    let mut parts = vec![report.to_string()];
    for finding in &report.findings {
        parts.extend([finding.title().to_string(), finding.sentence(Language::English)]);
        parts.extend(finding.evidence.iter().map(|evidence| evidence.statement.to_string()));
    }
    parts.extend(report.method.iter().map(ToString::to_string));
    parts.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An array of these numbers, the last axis first.
pub fn tensor(shape: &[usize], numbers: &[f64]) -> Tensor {
    Tensor::from_shape_vec(shape.to_vec(), numbers.to_vec()).expect("as many numbers as the shape has")
}

/// An array without axes.
pub fn scalar(number: f64) -> Tensor {
    tensor(&[], &[number])
}

/// Numbers between −1 and 1 of either sign, no two alike in a small array.
pub fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let mut at = seed;
    Tensor::from_shape_simple_fn(shape, || {
        at += 1;
        ((at * 7919 + 13) % 1009) as f64 / 504.5 - 1.0
    })
}

/// The array as a matrix.
pub fn matrix(x: &Tensor) -> Array2<f64> {
    x.view().into_dimensionality::<Ix2>().expect("two axes").to_owned()
}

/// f of each number of two arrays of one shape.
pub fn each(x: &Tensor, d: &Tensor, f: impl Fn(f64, f64) -> f64) -> Tensor {
    ndarray::Zip::from(x).and(d).map_collect(|x, d| f(*x, *d))
}

pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// 1 where the rectifier lets a number pass.
pub fn step(x: f64) -> f64 {
    f64::from(u8::from(x > 0.0))
}

/// Softmax of one row.
pub fn softmax_of(z: &ArrayView1<'_, f64>) -> Vec<f64> {
    let largest = z.fold(f64::NEG_INFINITY, |most, z| most.max(*z));
    let powers: Vec<f64> = z.iter().map(|z| (z - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// Softmax of each row.
pub fn softmax_rows(z: &Array2<f64>) -> Array2<f64> {
    let numbers = z.rows().into_iter().flat_map(|row| softmax_of(&row)).collect();
    Array2::from_shape_vec(z.raw_dim(), numbers).expect("as many as before")
}

/// What `f32` leaves of numbers.
pub fn single(x: &Tensor) -> Tensor {
    x.mapv(|x| f64::from(x as f32))
}

/// The numbers are these, to so many units: those of a published case, to its last digit.
#[track_caller]
pub fn assert_near<'a>(numbers: impl IntoIterator<Item = &'a f64>, expected: &[f64], unit: f64) {
    let numbers: Vec<f64> = numbers.into_iter().copied().collect();
    assert_eq!(numbers.len(), expected.len(), "{numbers:?}, {expected:?}");
    let near = numbers.iter().zip(expected).all(|(a, b)| (a - b).abs() <= unit);
    assert!(near, "{numbers:?} are not {expected:?} to {unit}");
}
