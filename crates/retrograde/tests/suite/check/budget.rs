//! Budgets, panics and interrupts of slow code.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use retrograde::check::{self, Control, Verdict};
use retrograde::textbook::{Affine, Labels, Layer, Network, Parameter, Relu, SoftmaxWithLoss, Tensor};
use retrograde::{Error, Result};

/// An affine layer whose calls are counted; `before` runs at the start of each.
struct Counted<F> {
    layer: Affine,
    calls: Rc<Cell<usize>>,
    before: F,
    /// What dx is multiplied by.
    factor: f64,
}

impl<F: FnMut(usize, &Tensor) -> Result<()>> Layer for Counted<F> {
    fn name(&self) -> &'static str {
        "Counted"
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.calls.set(self.calls.get() + 1);
        (self.before)(self.calls.get(), x)?;
        self.layer.forward(x)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        Ok(self.layer.backward(dout)? * self.factor)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.layer.parameters()
    }
}

fn numbers(shape: &[usize]) -> Tensor {
    let mut next = 0.3;
    Tensor::from_shape_simple_fn(shape, || {
        next = (next * 37.0 + 0.11) % 1.7;
        next - 0.8
    })
}

fn affine(inputs: usize, outputs: usize) -> Affine {
    let bias = numbers(&[outputs]);
    let two = |tensor: Tensor| tensor.into_dimensionality().expect("two axes");
    let bias = bias.into_dimensionality().expect("one axis");
    Affine::new(two(numbers(&[inputs, outputs])), bias).expect("a bias for each output")
}

fn counted<F>(factor: f64, before: F) -> Counted<F> {
    Counted { layer: affine(12, 8), calls: Rc::default(), before, factor }
}

#[test]
fn a_budget_spares_calls_and_not_the_verdict() -> Result<()> {
    let quick = |_: usize, _: &Tensor| Ok(());
    for (factor, verdict) in [(1.0, Verdict::Right), (2.0, Verdict::Wrong)] {
        let x = numbers(&[6, 12]);
        let mut free = counted(factor, quick);
        let report = check::layer(&mut free, &x)?;
        assert_eq!(report.verdict, verdict);
        assert!(!report.method.iter().any(|line| line.to_string().contains("budget")), "{:?}", report.method);
        let mut limited = counted(factor, quick);
        let report = Control::new().budget(Duration::ZERO).run(|| check::layer(&mut limited, &x))?;
        assert_eq!(report.verdict, verdict);
        assert!(report.method.iter().any(|line| line.to_string().contains("budget")), "{:?}", report.method);
        let calls = [free.calls.get(), limited.calls.get()];
        assert!(2 * calls[1] < calls[0], "{calls:?}");
    }
    Ok(())
}

#[test]
fn after_an_interrupt_no_code_is_called() {
    // In the middle of the check, also where errors of probes are taken for refusals.
    for last in [1, 2, 5, 20, 50, 100] {
        let mut layer = counted(1.0, |call, _: &Tensor| {
            if call == last { Err(Error::Interrupted { what: "the cell".into() }) } else { Ok(()) }
        });
        let error = check::layer(&mut layer, &numbers(&[3, 12])).expect_err("it was interrupted");
        assert!(matches!(&error, Error::Interrupted { what } if what == "the cell"), "{error}");
        assert_eq!(layer.calls.get(), last);
    }
}

#[test]
fn the_progress_grows_and_can_end_the_check() -> Result<()> {
    let sleepy = |_: usize, _: &Tensor| {
        std::thread::sleep(Duration::from_micros(500));
        Ok(())
    };
    let network = || -> Result<(Network, Rc<Cell<usize>>)> {
        let layer = counted(1.0, sleepy);
        let calls = layer.calls.clone();
        let network = Network::new(SoftmaxWithLoss::new()).then(layer).then(Relu::new()).then(affine(8, 3));
        Ok((network, calls))
    };
    let (x, labels) = (numbers(&[3, 12]), Labels::Classes(vec![0, 2, 1]));
    let seen: Rc<RefCell<Vec<check::Progress>>> = Rc::default();
    let (mut slow, _) = network()?;
    let kept = seen.clone();
    let control = Control::new().on_progress(move |progress| {
        kept.borrow_mut().push(progress.clone());
        ControlFlow::Continue(())
    });
    let report = control.run(|| check::network(&mut slow, &x, &labels))?;
    assert_eq!(report.verdict, Verdict::Right);
    let seen = seen.take();
    assert!(seen.len() > 3, "{seen:?}");
    for pair in seen.windows(2) {
        assert!(pair[0].fraction <= pair[1].fraction && pair[0].calls < pair[1].calls, "{pair:?}");
    }
    assert!(seen.iter().all(|progress| (0.0..=1.0).contains(&progress.fraction)), "{seen:?}");
    assert!(seen.iter().any(|progress| progress.subject == "counted1"), "{seen:?}");

    let (mut slow, calls) = network()?;
    let at: Rc<Cell<usize>> = Rc::default();
    let (here, counter) = (at.clone(), calls.clone());
    let control = Control::new().on_progress(move |_| {
        here.set(counter.get());
        ControlFlow::Break(())
    });
    let error = control.run(|| check::network(&mut slow, &x, &labels)).expect_err("it was interrupted");
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
    assert_eq!(calls.get(), at.get());
    Ok(())
}

#[test]
fn a_panic_is_reported_with_its_place() {
    let mut layer = counted(1.0, |_, _: &Tensor| panic!("no rows today"));
    let error = check::layer(&mut layer, &numbers(&[3, 12])).expect_err("it panics").to_string();
    assert!(error.contains("no rows today") && error.contains("budget.rs:"), "{error}");
    // The user's assertion about the rows is one reason more not to ask for others, and no fault.
    let mut layer = counted(1.0, |_, x: &Tensor| {
        assert_eq!(x.shape()[0], 3, "made for three rows");
        Ok(())
    });
    let report = check::layer(&mut layer, &numbers(&[3, 12])).expect("the given rows fit");
    assert_eq!(report.verdict, Verdict::Right);
}
