//! The check names no false cause, and is inconclusive if it cannot decide.

use std::cell::RefCell;
use std::rc::Rc;

use ndarray::{Array1, Array2};
use retrograde::Result;
use retrograde::check::{self, Cause, Severity, Verdict};
use retrograde::textbook::{Affine, Labels, Layer, Network, Parameter, SoftmaxWithLoss, Tensor, remembered};

/// A function of each element, with a backward of x, y, dout and the position.
struct Each {
    forward: fn(f64) -> f64,
    backward: Backward,
    memory: Option<(Tensor, Tensor)>,
}

impl Layer for Each {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let y = x.mapv(self.forward);
        self.memory = Some((x.clone(), y.clone()));
        Ok(y)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (x, y) = remembered(self.memory.as_ref(), "Each")?;
        let numbers = x.iter().zip(y).zip(dout).enumerate();
        let dx: Vec<f64> = numbers.map(|(at, ((x, y), dout))| (self.backward)(*x, *y, *dout, at)).collect();
        Ok(Tensor::from_shape_vec(x.shape().to_vec(), dx).expect("as many as before"))
    }
}

fn each(forward: fn(f64) -> f64, backward: Backward) -> Each {
    Each { forward, backward, memory: None }
}

/// What a backward makes of x, y, dout and the position.
type Backward = fn(f64, f64, f64, usize) -> f64;

/// Backwards that are wrong in ways that have no name: wrong, localized, and no cause.
#[test]
fn what_no_known_fault_reproduces_gets_no_cause() -> Result<()> {
    let cases: [(&str, Backward); 6] = [
        ("noise", |_, y, dout, at| dout * (1.0 - y * y) * (1.0 + 0.1 * (7.0 * at as f64).sin())),
        ("a little too much", |x, y, dout, _| dout * (1.0 - y * y) + 1e-4 * (3.0 * x).sin()),
        ("nearly the slope of a sine", |x, _, dout, _| dout * (1.001 * x).cos()),
        ("nearly twice", |x, y, dout, _| dout * (1.0 - y * y) * (2.0 + 1e-5 * x)),
        ("nearly negative", |x, y, dout, _| -dout * (1.0 - y * y) * (1.0 + 1e-5 * x)),
        ("one element", |_, y, dout, at| dout * (1.0 - y * y) * if at == 4 { 1.7 } else { 1.0 }),
    ];
    for (name, backward) in cases {
        let report = check::layer(&mut each(f64::tanh, backward), &Tensor::from_elem(vec![3, 4], 0.3))?;
        assert_eq!(report.verdict, Verdict::Wrong, "{name}\n{report}");
        assert_eq!(report.causes().count(), 0, "{name}\n{report}");
        assert!(
            report.findings[0].evidence.iter().any(|evidence| evidence.table.is_some()),
            "{name}\n{report}"
        );
        assert_eq!(report.findings[0].severity, Severity::Fault);
    }
    Ok(())
}

#[test]
fn dropout_without_a_seed_is_not_deterministic() -> Result<()> {
    struct Dropout {
        calls: u64,
        mask: Option<Tensor>,
    }
    impl Layer for Dropout {
        fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
            self.calls += 1;
            let mut state = self.calls;
            let mask = x.mapv(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                if state >> 63 == 0 { 0.0 } else { 2.0 }
            });
            Ok(x * &*self.mask.insert(mask))
        }
        fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
            Ok(dout * remembered(self.mask.as_ref(), "Dropout")?)
        }
    }
    let report = check::layer(&mut Dropout { calls: 0, mask: None }, &Tensor::ones(vec![5, 6]))?;
    assert_eq!(report.verdict, Verdict::NotDeterministic, "{report}");
    Ok(())
}

#[test]
fn a_jump_is_not_differentiable() -> Result<()> {
    let mut step = each(|x| if x > 0.0 { 1.0 } else { 0.0 }, |_, _, _, _| 0.0);
    let report = check::layer(&mut step, &Tensor::zeros(vec![2, 2]))?;
    assert_eq!(report.verdict, Verdict::NotDifferentiable, "{report}");
    let mut logarithm = each(f64::ln, |x, _, dout, _| dout / x);
    assert_eq!(check::layer(&mut logarithm, &Tensor::zeros(vec![2, 2]))?.verdict, Verdict::NotDifferentiable);
    Ok(())
}

/// Two layers that store their input in one buffer: each is right in isolation.
#[test]
fn a_buffer_that_two_layers_share() -> Result<()> {
    struct Square(Rc<RefCell<Tensor>>);
    impl Layer for Square {
        fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
            self.0.replace(x.clone());
            Ok(x * x)
        }
        fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
            Ok(dout * &*self.0.borrow() * 2.0)
        }
    }
    let shared = Rc::new(RefCell::new(Tensor::zeros(vec![0])));
    let mut network = Network::new(SoftmaxWithLoss::new())
        .then(Affine::new(
            Array2::from_shape_fn((3, 3), |(i, j)| (i + 2 * j) as f64 / 5.0 - 0.4),
            Array1::zeros(3),
        )?)
        .then(Square(Rc::clone(&shared)))
        .then(Affine::new(
            Array2::from_shape_fn((3, 3), |(i, j)| (2 * i + j) as f64 / 5.0 - 0.5),
            Array1::zeros(3),
        )?)
        .then(Square(shared));
    let x = Tensor::from_shape_fn(vec![4, 3], |at| (at[0] * 3 + at[1]) as f64 / 6.0 - 0.8);
    let report = check::network(&mut network, &x, &Labels::Classes(vec![0, 1, 2, 0]))?;
    assert_eq!(report.first_wrong().map(|station| station.name.as_str()), Some("square1"), "{report}");
    assert_eq!(report.causes().next(), Some(&Cause::SharedBuffer { with: "square2".into() }), "{report}");
    Ok(())
}

#[test]
fn trouble_is_an_error() {
    struct Panics;
    impl Layer for Panics {
        fn forward(&mut self, _: &Tensor) -> Result<Tensor> {
            panic!("no such shape")
        }
        fn backward(&mut self, _: &Tensor) -> Result<Tensor> {
            panic!("no such shape")
        }
    }
    let message = check::layer(&mut Panics, &Tensor::ones(vec![2, 2])).unwrap_err().to_string();
    assert!(message.contains("it panicked at") && message.contains("no such shape"), "{message}");
    let message = check::layer(&mut Panics, &Tensor::ones(vec![0, 2])).unwrap_err().to_string();
    assert!(message.contains("at least one row"), "{message}");
}

#[test]
fn a_gradient_that_is_not_shown_is_a_finding() -> Result<()> {
    struct Forgets(Tensor);
    impl Layer for Forgets {
        fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
            Ok(x * &self.0)
        }
        fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
            Ok(dout * &self.0)
        }
        fn parameters(&mut self) -> Vec<Parameter<'_>> {
            vec![Parameter::new("scale", &mut self.0, None)]
        }
    }
    let report = check::layer(&mut Forgets(Tensor::ones(vec![2])), &Tensor::ones(vec![3, 2]))?;
    assert_eq!(report.verdict, Verdict::Wrong);
    assert!(report.to_string().contains("no gradient for `scale`"), "{report}");
    Ok(())
}

/// An affine layer with its sigmoid: the fault is an inner slope, which no element of x has for itself.
#[test]
fn a_slope_within_a_layer_is_identified_by_its_outputs() -> Result<()> {
    struct Dense(Affine, Option<Tensor>);
    impl Layer for Dense {
        fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
            let out = self.0.forward(x)?.mapv(|sum| 1.0 / (1.0 + (-sum).exp()));
            self.1 = Some(out.clone());
            Ok(out)
        }
        fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
            let out = remembered(self.1.as_ref(), "Dense")?;
            self.0.backward(&(dout * out))
        }
        fn parameters(&mut self) -> Vec<Parameter<'_>> {
            self.0.parameters()
        }
    }
    let w = Array2::from_shape_fn((4, 3), |(i, j)| (2 * i + j) as f64 / 5.0 - 0.6);
    let mut dense = Dense(Affine::new(w, Array1::zeros(3))?, None);
    let report = check::layer(&mut dense, &Tensor::from_elem(vec![2, 4], 0.4))?;
    let cause = Cause::WrongSlope { code: "y".into(), right: "y · (1 − y)".into() };
    assert_eq!(report.causes().collect::<Vec<_>>(), [&cause], "{report}");
    assert_eq!(report.findings[0].blocks, ["x", "w", "b"]);
    Ok(())
}
