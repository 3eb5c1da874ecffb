//! A violated invariant is a finding of its own.

use ndarray::{Array1, Array2, Axis};
use retrograde::Result;
use retrograde::check::{self, Invariant, Report, Severity, Verdict};
use retrograde::faults::{self, Faulty};
use retrograde::textbook::{
    Affine, Labels, Layer, LossLayer, Network, Penalty, Relu, SoftmaxWithLoss, Tensor, TwoLayerNet,
    WeightDecay, remembered, softmax,
};

type Forward = fn(&Tensor) -> Tensor;
type Backward = fn(&Tensor, &Tensor, &Tensor) -> Tensor;

/// A layer by its two functions; backward is of x, y and dout.
struct By(Forward, Backward, Option<(Tensor, Tensor)>);

impl Layer for By {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let y = (self.0)(x);
        self.2 = Some((x.clone(), y.clone()));
        Ok(y)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (x, y) = remembered(self.2.as_ref(), "By")?;
        Ok((self.1)(x, y, dout))
    }
}

fn numbers(shape: &[usize]) -> Tensor {
    let mut at = 0;
    Tensor::from_shape_simple_fn(shape, || {
        at += 1;
        f64::from(at * 37 % 23) / 12.0 - 0.9
    })
}

/// Without the mean of the rows.
fn centered(x: &Tensor) -> Tensor {
    x - &x.mean_axis(Axis(0)).expect("rows")
}

/// With a fixed mask.
fn masked(x: &Tensor) -> Tensor {
    let mut at = 0;
    x.mapv(|x| {
        at += 1;
        if at % 3 == 0 { 0.0 } else { 1.5 * x }
    })
}

/// A softmax down the columns.
fn down(x: &Tensor) -> Tensor {
    softmax(&x.t().to_owned()).t().to_owned()
}

fn broken(report: &Report) -> Vec<(Invariant, Severity)> {
    report.findings.iter().filter_map(|finding| Some((finding.invariant?, finding.severity))).collect()
}

fn slope(y: &Tensor) -> Tensor {
    y.mapv(|y| 1.0 - y * y)
}

#[test]
fn backward_is_linear_and_0_for_0() -> Result<()> {
    let cases: [(Backward, Invariant, Option<&str>); 5] = [
        (|x, y, d| d * &slope(y) + x.mapv(|x| 1e-3 * (3.0 * x).sin()), Invariant::ZeroForZero, None),
        (|_, y, d| d * &slope(y) * d.mapv(|d| 1.0 + 0.1 * (7.0 * d).sin()), Invariant::Linear, None),
        // Where the check draws its gradients from above, nothing of this is to be seen.
        (
            |_, y, d| (d * &slope(y)).mapv(|g| g.clamp(-5.0, 5.0)),
            Invariant::Linear,
            Some("np.clip(dx, -5, 5)"),
        ),
        (
            |_, y, d| {
                let right = d * &slope(y);
                let norm = right.iter().map(|g| g * g).sum::<f64>().sqrt();
                right * (50.0 / norm).min(1.0)
            },
            Invariant::Linear,
            Some("dx * 50 / np.linalg.norm(dx)"),
        ),
        (|_, y, d| d * &slope(y) * d.iter().map(|d| d * d).sum::<f64>(), Invariant::Linear, None),
    ];
    for (backward, law, cause) in cases {
        let report = check::layer(&mut By(|x| x.mapv(f64::tanh), backward, None), &numbers(&[3, 4]))?;
        assert_eq!(report.verdict, Verdict::Wrong, "{report}");
        assert!(broken(&report).contains(&(law, Severity::Fault)), "{report}");
        let named: Vec<String> = report.causes().map(ToString::to_string).collect();
        assert_eq!(
            named.first().map_or("", |named| named),
            cause.map_or(String::new(), |how| format!("gradient changed: {how}")),
            "{report}"
        );
    }
    Ok(())
}

#[test]
fn a_second_backward_gives_the_same() -> Result<()> {
    struct Consumes(Option<Tensor>);
    impl Layer for Consumes {
        fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
            self.0 = Some(x.clone());
            Ok(x * x)
        }
        fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
            let memory = self.0.as_mut().expect("forward came first");
            *memory *= 2.0;
            Ok(dout * &*memory)
        }
    }
    let report = check::layer(&mut Consumes(None), &numbers(&[2, 3]))?;
    assert_eq!(report.verdict, Verdict::Right, "{report}");
    assert_eq!(broken(&report), [(Invariant::Repeatable, Severity::Warning)], "{report}");
    Ok(())
}

#[test]
fn a_permuted_batch_gives_permuted_outputs() -> Result<()> {
    /// Each row with all rows above it.
    fn so_far(x: &Tensor) -> Tensor {
        let mut sums = x.clone();
        for row in 1..x.shape()[0] {
            let above = sums.index_axis(Axis(0), row - 1).to_owned();
            let mut here = sums.index_axis_mut(Axis(0), row);
            here += &above;
        }
        sums
    }
    fn back(_: &Tensor, _: &Tensor, d: &Tensor) -> Tensor {
        let mut reversed = d.clone();
        reversed.invert_axis(Axis(0));
        let mut sums = so_far(&reversed);
        sums.invert_axis(Axis(0));
        sums
    }
    let report = check::layer(&mut By(so_far, back, None), &numbers(&[3, 4]))?;
    assert_eq!(report.verdict, Verdict::Right, "{report}");
    assert_eq!(broken(&report), [(Invariant::PermutedRows, Severity::Warning)], "{report}");

    // Statistics of the batch do not depend on the order, and the mask of a dropout is where it is.
    let right: [(Forward, Backward); 2] = [(centered, |_, _, d| centered(d)), (masked, |_, _, d| masked(d))];
    for (forward, backward) in right {
        let report = check::layer(&mut By(forward, backward, None), &numbers(&[3, 4]))?;
        assert_eq!((report.verdict, broken(&report).len()), (Verdict::Right, 0), "{report}");
    }
    Ok(())
}

/// A loss by its value and gradient.
struct LossBy(fn(&Tensor, &Tensor) -> f64, fn(&Tensor, &Tensor) -> Tensor, Option<(Tensor, Tensor)>);

impl LossLayer for LossBy {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        let t = labels.to_rows(logits)?;
        let loss = (self.0)(logits, &t);
        self.2 = Some((logits.clone(), t));
        Ok(loss)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        let (x, t) = remembered(self.2.as_ref(), "LossBy")?;
        Ok((self.1)(x, t) * dout)
    }
}

fn rows(x: &Tensor) -> f64 {
    x.shape()[0] as f64
}

fn entropy(x: &Tensor, t: &Tensor) -> f64 {
    -(softmax(x).mapv(f64::ln) * t).sum()
}

#[test]
fn a_doubled_batch_does_not_change_a_mean() -> Result<()> {
    /// The mean of squares, and what neighboring rows have to do with each other, which copies of one row do not show.
    fn coupled(x: &Tensor, _: &Tensor) -> f64 {
        let apart: f64 = (1..x.shape()[0]).map(|row| (x[[row, 0]] - x[[row - 1, 0]]).powi(2)).sum();
        x.iter().map(|x| x * x).sum::<f64>() / rows(x) + apart
    }
    fn slopes(x: &Tensor, _: &Tensor) -> Tensor {
        let mut dx = x * (2.0 / rows(x));
        for row in 1..x.shape()[0] {
            let apart = 2.0 * (x[[row, 0]] - x[[row - 1, 0]]);
            dx[[row, 0]] += apart;
            dx[[row - 1, 0]] -= apart;
        }
        dx
    }
    let (x, labels) = (numbers(&[3, 4]), Labels::Classes(vec![1, 0, 3]));
    let report = check::loss(&mut LossBy(coupled, slopes, None), &x, &labels)?;
    assert_eq!(report.verdict, Verdict::Wrong, "{report}");
    assert_eq!(broken(&report), [(Invariant::DoubledBatch, Severity::Fault)], "{report}");

    let mean = LossBy(|x, t| entropy(x, t) / rows(x), |x, t| (softmax(x) - t) / rows(x), None);
    let sum = LossBy(entropy, |x, t| softmax(x) - t, None);
    for mut right in [mean, sum] {
        let report = check::loss(&mut right, &x, &labels)?;
        assert_eq!((report.verdict, broken(&report).len()), (Verdict::Right, 0), "{report}");
    }
    Ok(())
}

#[test]
fn rows_of_the_logits_gradient_sum_to_0() -> Result<()> {
    let (x, labels) = (numbers(&[3, 4]), Labels::Classes(vec![1, 0, 3]));
    // Wrong in a way that has no name.
    let skewed = |x: &Tensor, t: &Tensor| {
        let mut dx = (softmax(x) - t) / rows(x);
        dx.index_axis_mut(Axis(1), 0).mapv_inplace(|g| g * 1.3 + 0.01);
        dx
    };
    let report = check::loss(&mut LossBy(|x, t| entropy(x, t) / rows(x), skewed, None), &x, &labels)?;
    assert!(broken(&report).contains(&(Invariant::RowsSumToZero, Severity::Fault)), "{report}");
    // And beside the cause where there is one.
    let Some(Faulty::Loss(mut loss, logits, labels)) =
        faults::find("softmax-batch").map(|fault| fault.isolated(3, 10))
    else {
        panic!("the catalogue has the notebook's loss");
    };
    let report = check::loss(&mut loss, &logits, &labels)?;
    assert!(broken(&report).contains(&(Invariant::RowsSumToZero, Severity::Warning)), "{report}");
    Ok(())
}

fn two_layers(loss: impl LossLayer + 'static, between: Option<Box<dyn Layer>>) -> Result<Network> {
    let weights = |inputs: usize, outputs: usize| {
        Array2::from_shape_fn((inputs, outputs), |(i, j)| {
            f64::from((i * 7 + j * 5) as u32 % 11) / 500.0 - 0.01
        })
    };
    let network = Network::new(loss).then(Affine::new(weights(6, 5), Array1::from_elem(5, 0.02))?);
    let network = match between {
        Some(layer) => network.then(layer),
        None => network.then(Relu::new()),
    };
    Ok(network.then(Affine::new(weights(5, 10), Array1::zeros(10))?))
}

#[test]
fn the_first_loss_is_the_logarithm_of_the_classes() -> Result<()> {
    let (x, labels) = (numbers(&[4, 6]), Labels::Classes(vec![1, 0, 3, 9]));
    let sum = LossBy(entropy, |x, t| softmax(x) - t, None);
    let report = check::network(&mut two_layers(sum, None)?, &x, &labels)?;
    assert!(broken(&report).contains(&(Invariant::FirstLoss, Severity::Warning)), "{report}");
    assert_ne!(report.verdict, Verdict::Wrong, "{report}");
    let report = check::network(&mut two_layers(SoftmaxWithLoss::new(), None)?, &x, &labels)?;
    assert_eq!(broken(&report), [], "{report}");

    // A softmax down the columns, between the layers: the first loss is near ln 10 all the same, and nothing is said of it.
    let of_rows: Backward = |x, _, d| {
        let y = softmax(x);
        &y * &(d - &(d * &y).sum_axis(Axis(1)).insert_axis(Axis(1)))
    };
    let between: Box<dyn Layer> = Box::new(By(down, of_rows, None));
    let report = check::network(&mut two_layers(SoftmaxWithLoss::new(), Some(between))?, &x, &labels)?;
    assert!(report.causes().any(|cause| *cause == check::Cause::SoftmaxDownColumns), "{report}");
    assert!(!report.to_string().contains("first loss"), "{report}");
    Ok(())
}

/// Weight decay with what its gradient is times this.
struct Decay(f64, f64);

impl Penalty for Decay {
    fn loss(&self, name: &str, value: &Tensor) -> f64 {
        WeightDecay::new(self.0).loss(name, value)
    }

    fn gradient(&self, name: &str, value: &Tensor) -> Tensor {
        WeightDecay::new(self.1).gradient(name, value)
    }
}

#[test]
fn weight_decay_in_the_loss_and_not_in_the_gradient_and_the_reverse() -> Result<()> {
    let (x, labels) = crate::digits::first_three()?;
    let network = |penalty: Decay| -> Result<TwoLayerNet> {
        Ok(TwoLayerNet::new(784, 50, 10, 0.01, 0)?.penalized(penalty))
    };
    let report = check::two_layer_net(&mut network(Decay(0.1, 0.1))?, &x, &labels)?;
    assert!(matches!(report.verdict, Verdict::Right | Verdict::Kink), "{report}");
    assert_eq!(report.causes().count(), 0, "{report}");
    for (penalty, cause) in [
        (Decay(0.1, 0.0), "weight decay 0.1 missing in the gradient"),
        (Decay(0.0, 0.1), "weight decay 0.1 too much in the gradient"),
        (Decay(0.1, -0.1), "weight decay 0.2 missing in the gradient"),
    ] {
        let report = check::two_layer_net(&mut network(penalty)?, &x, &labels)?;
        assert_eq!(report.verdict, Verdict::Wrong, "{report}");
        let causes: Vec<String> = report.causes().map(ToString::to_string).collect();
        assert_eq!(causes, [cause], "{report}");
        assert_eq!(report.findings[0].blocks, ["w1", "w2"], "{report}");
        assert!(report.layers.iter().all(|station| !station.verdict.is_wrong()), "{report}");
    }
    Ok(())
}

/// A loss that takes the maximum off its logits in place.
struct ShiftsInPlace(SoftmaxWithLoss);

impl LossLayer for ShiftsInPlace {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        self.forward_in_place(&mut logits.clone(), labels)
    }

    fn forward_in_place(&mut self, logits: &mut Tensor, labels: &Labels) -> Result<f64> {
        *logits -= logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.0.forward(logits, labels)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        self.0.backward(dout)
    }
}

#[test]
fn what_is_given_to_read_is_not_written_into() -> Result<()> {
    let labels = Labels::Classes(vec![1, 0, 3]);
    let report = check::loss(&mut ShiftsInPlace(SoftmaxWithLoss::new()), &numbers(&[3, 4]), &labels)?;
    assert!(!report.verdict.is_wrong(), "{report}");
    let written = check::Cause::WrittenInto { what: "x".into() };
    assert_eq!(report.causes().collect::<Vec<_>>(), [&written], "{report}");
    // In this network no layer reads the logits afterwards: a remark, and the gradients are right.
    let (x, labels) = (numbers(&[4, 6]), Labels::Classes(vec![1, 0, 3, 9]));
    let report = check::network(&mut two_layers(ShiftsInPlace(SoftmaxWithLoss::new()), None)?, &x, &labels)?;
    assert!(!report.verdict.is_wrong() && report.first_wrong().is_none(), "{report}");
    let remark = report.findings.iter().find(|finding| finding.cause.as_ref() == Some(&written));
    assert_eq!(remark.map(|remark| remark.severity), Some(Severity::Remark), "{report}");
    assert!(report.blocks.iter().all(|block| !block.verdict.is_wrong()), "{report}");
    Ok(())
}
