//! Optimizers: how a gradient changes a parameter (Saito, section 6.1). One file for each.

mod ada_grad;
mod adam;
mod momentum;
mod nesterov;
mod rms_prop;
mod sgd;

pub use ada_grad::AdaGrad;
pub use adam::Adam;
pub use momentum::Momentum;
pub use nesterov::Nesterov;
pub use rms_prop::RmsProp;
pub use sgd::Sgd;

use std::collections::BTreeMap;

use ndarray::ArrayViewMutD;

use super::{Gradients, Tensor};
use retrograde_base::{Error, Result};

/// An optimizer: it changes parameters by their gradients, and remembers for each parameter what it needs.
///
/// ```
/// use retrograde::textbook::{Momentum, Optimizer, Tensor, TwoLayerNet};
///
/// let mut network = TwoLayerNet::new(4, 5, 3, 0.01, 0)?;
/// let (x, labels) = (Tensor::ones(vec![2, 4]), vec![2, 2].into());
/// let mut optimizer = Momentum::new(0.1);
/// for _ in 0..50 {
///     let gradients = network.network_mut().gradient(&x, &labels)?;
///     optimizer.update(network.network_mut().parameters_mut(), &gradients)?;
/// }
/// assert!(network.loss(&x, &labels)? < 0.1);
/// # Ok::<(), retrograde::Error>(())
/// ```
///
/// Without a network, as in the book's figures of the path on x²/20 + y²:
///
/// ```
/// use retrograde::textbook::{Optimizer, Sgd, Tensor};
///
/// let mut x = Tensor::from_elem(vec![], -7.0);
/// let gradients = [("x", &x / 10.0)].into_iter().collect();
/// Sgd::new(0.5).update(vec![("x".to_owned(), x.view_mut())], &gradients)?;
/// assert!((x[[]] + 6.65).abs() < 1e-12);
/// # Ok::<(), retrograde::Error>(())
/// ```
pub trait Optimizer {
    /// Changes one parameter. `update` calls it for each, after it has compared names and shapes.
    ///
    /// An error if the optimizer was used with a parameter of this name and another shape.
    fn step(&mut self, name: &str, parameter: ArrayViewMutD<'_, f64>, gradient: &Tensor) -> Result<()>;

    /// A new step begins; by default nothing happens.
    fn begin(&mut self) {}

    /// One step: changes each parameter by its gradient. The book's `update(params, grads)`.
    ///
    /// An error for a parameter without a gradient, a gradient without a parameter, and a gradient of another shape than its
    /// parameter; then no parameter has changed.
    fn update(
        &mut self,
        parameters: Vec<(String, ArrayViewMutD<'_, f64>)>,
        gradients: &Gradients,
    ) -> Result<()> {
        let is_known = |name: &str| parameters.iter().any(|(known, _)| known == name);
        if let Some((name, _)) = gradients.iter().find(|(name, _)| !is_known(name)) {
            let problem = format!("there is no parameter `{name}`");
            return Err(Error::invalid("Optimizer", problem, "pass the parameters of all gradients"));
        }
        for (name, parameter) in &parameters {
            let shape = gradients.get(name).map(Tensor::shape);
            if shape != Some(parameter.shape()) {
                return Err(Error::invalid(
                    format!("Optimizer, `{name}`"),
                    match shape {
                        Some(shape) => {
                            format!("it has shape {:?}, its gradient {shape:?}", parameter.shape())
                        }
                        None => "there is no gradient".to_owned(),
                    },
                    "pass a gradient of the shape of each parameter",
                ));
            }
        }
        self.begin();
        for (name, parameter) in parameters {
            if let Some(gradient) = gradients.get(&name) {
                self.step(&name, parameter, gradient)?;
            }
        }
        Ok(())
    }
}

/// A boxed optimizer is one, so that a program can choose at run time.
impl<O: Optimizer + ?Sized> Optimizer for Box<O> {
    fn step(&mut self, name: &str, parameter: ArrayViewMutD<'_, f64>, gradient: &Tensor) -> Result<()> {
        (**self).step(name, parameter, gradient)
    }

    fn begin(&mut self) {
        (**self).begin();
    }
}

/// An array for each parameter, by name, which begins with zeros.
#[derive(Debug, Clone, Default)]
struct State(BTreeMap<String, Tensor>);

impl State {
    /// The array of the parameter of this name, in the shape of its gradient.
    fn of(&mut self, name: &str, gradient: &Tensor) -> Result<&mut Tensor> {
        let zeros = || Tensor::zeros(gradient.raw_dim());
        let state = self.0.entry(name.to_owned()).or_insert_with(zeros);
        if state.shape() != gradient.shape() {
            return Err(Error::invalid(
                format!("Optimizer, `{name}`"),
                format!("it had shape {:?} before, and has {:?} now", state.shape(), gradient.shape()),
                "use a new optimizer for another network",
            ));
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;

    use super::*;

    /// Every optimizer, with the book's settings for x²/20 + y².
    fn all() -> [(&'static str, Box<dyn Optimizer>); 6] {
        [
            ("SGD", Box::new(Sgd::new(0.95))),
            ("Momentum", Box::new(Momentum::new(0.1))),
            ("Nesterov", Box::new(Nesterov::new(0.1))),
            ("AdaGrad", Box::new(AdaGrad::new(1.5))),
            ("RMSprop", Box::new(RmsProp::new(0.1))),
            ("Adam", Box::new(Adam::new(0.3))),
        ]
    }

    #[test]
    fn each_finds_the_minimum_of_a_bowl() -> Result<()> {
        for (name, mut optimizer) in all() {
            let mut at = arr1(&[-7.0, 2.0]).into_dyn();
            for _ in 0..600 {
                let gradient = arr1(&[at[[0]] / 10.0, at[[1]] * 2.0]).into_dyn();
                optimizer
                    .update(vec![("at".into(), at.view_mut())], &[("at", gradient)].into_iter().collect())?;
            }
            let height = at[[0]].powi(2) / 20.0 + at[[1]].powi(2);
            // RMSprop ends in steps of its learning rate around the minimum: 0.1²; from 6.45.
            assert!(height <= 0.02, "{name} ends at {at}, {height}");
        }
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_changes_nothing() -> Result<()> {
        for (name, mut optimizer) in all() {
            let (mut a, mut b) = (Tensor::ones(vec![2]), Tensor::ones(vec![3]));
            let good = ("a", Tensor::ones(vec![2]));
            for bad in [
                vec![good.clone()],
                vec![good.clone(), ("b", Tensor::ones(vec![1, 3]))],
                vec![good.clone(), ("b", Tensor::ones(vec![3])), ("c", Tensor::ones(vec![3]))],
            ] {
                let parameters = vec![("a".to_owned(), a.view_mut()), ("b".to_owned(), b.view_mut())];
                assert!(optimizer.update(parameters, &bad.into_iter().collect()).is_err(), "{name}");
                assert_eq!(a.sum() + b.sum(), 5.0, "{name}");
            }
            optimizer.update(vec![("a".to_owned(), a.view_mut())], &[good].into_iter().collect())?;
            let gradients = [("a", Tensor::ones(vec![3]))].into_iter().collect();
            let again = optimizer.update(vec![("a".to_owned(), b.view_mut())], &gradients);
            // Plain descent remembers nothing.
            assert_eq!(again.is_ok(), name == "SGD");
        }
        Ok(())
    }
}
