//! A sequence of layers with a loss at the end: the notebook's network, for any layers.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use ndarray::{ArrayView1, ArrayViewMutD};

use super::{Gradients, Labels, Layer, LossLayer, Penalty, Tensor, numerical_gradient_within};
use retrograde_base::{Error, Result};

/// A sequence of layers, each applied to the output of the previous one, and a loss at the end.
///
/// A layer is named after its kind and its number among those of its kind: `affine1`, `relu1`, `affine2`. A parameter is
/// named after its layer and itself: `affine1.w`.
///
/// ```
/// use ndarray::{Array1, Array2};
/// use retrograde::textbook::{Affine, Network, Sigmoid, SoftmaxWithLoss, Tensor};
///
/// let mut network = Network::new(SoftmaxWithLoss::new())
///     .then(Affine::new(Array2::eye(4), Array1::zeros(4))?)
///     .then(Sigmoid::new())
///     .then(Affine::new(Array2::zeros((4, 3)), Array1::zeros(3))?);
/// let gradients = network.gradient(&Tensor::ones(vec![2, 4]), &vec![0, 2].into())?;
/// let names: Vec<_> = gradients.iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["affine1.w", "affine1.b", "affine2.w", "affine2.b"]);
/// # Ok::<(), retrograde::Error>(())
/// ```
pub struct Network {
    layers: Vec<(String, Box<dyn Layer>)>,
    loss_layer: Box<dyn LossLayer>,
    penalties: Vec<Box<dyn Penalty>>,
    training: bool,
}

impl Network {
    /// A network without layers: the logits are its input.
    pub fn new(loss_layer: impl LossLayer + 'static) -> Self {
        Network {
            layers: Vec::new(),
            loss_layer: Box::new(loss_layer),
            penalties: Vec::new(),
            training: true,
        }
    }

    /// Adds a layer before the loss.
    pub fn then(self, layer: impl Layer + 'static) -> Self {
        let number = 1 + self.layers.iter().filter(|(_, other)| other.name() == layer.name()).count();
        let name = format!("{}{number}", layer.name().to_lowercase());
        self.then_named(&name, layer)
    }

    /// Adds a layer with this name, which should be unique and have no dot.
    pub fn then_named(mut self, name: &str, layer: impl Layer + 'static) -> Self {
        self.layers.push((name.to_owned(), Box::new(layer)));
        self
    }

    /// Adds a term to the loss that depends on the parameters alone, such as weight decay.
    pub fn penalized(mut self, penalty: impl Penalty + 'static) -> Self {
        self.penalties.push(Box::new(penalty));
        self
    }

    /// Whether the layers train or are evaluated: [`Layer::set_training`] of each. A new network trains.
    pub fn set_training(&mut self, training: bool) {
        self.training = training;
        self.layers.iter_mut().for_each(|(_, layer)| layer.set_training(training));
    }

    /// The penalties of the parameters.
    pub fn penalty(&mut self) -> f64 {
        let Network { layers, penalties, .. } = self;
        let mut sum = 0.0;
        let mut counted: Vec<Rc<RefCell<Tensor>>> = Vec::new();
        for (layer_name, layer) in layers.iter_mut().filter(|_| !penalties.is_empty()) {
            let mut add = |name: &str, value: &Tensor| {
                let name = format!("{layer_name}.{name}");
                sum += penalties.iter().map(|penalty| penalty.loss(&name, value)).sum::<f64>();
            };
            for parameter in layer.parameters() {
                add(parameter.name, &parameter.value.to_owned());
            }
            for shared in layer.shared_parameters() {
                // A shared array is penalized once.
                if !counted.iter().any(|other| Rc::ptr_eq(other, &shared.value)) {
                    add(&shared.name, &shared.value.borrow());
                    counted.push(shared.value);
                }
            }
        }
        sum
    }

    /// The gradient of the penalties by the parameter of this name; `None` without penalties.
    pub fn penalty_gradient(&mut self, name: &str) -> Option<Tensor> {
        let value = self.parameter_mut(name).ok()?.to_owned();
        self.penalties.iter().map(|penalty| penalty.gradient(name, &value)).reduce(|sum, own| sum + own)
    }

    /// The layers from left to right, with their names.
    pub fn layers_mut(&mut self) -> impl DoubleEndedIterator<Item = (&str, &mut (dyn Layer + 'static))> {
        self.layers.iter_mut().map(|(name, layer)| (name.as_str(), layer.as_mut()))
    }

    /// The loss at the end.
    pub fn loss_layer_mut(&mut self) -> &mut (dyn LossLayer + 'static) {
        self.loss_layer.as_mut()
    }

    /// Replaces the loss.
    pub fn set_loss(&mut self, loss_layer: impl LossLayer + 'static) {
        self.loss_layer = Box::new(loss_layer);
    }

    /// The names of all parameters, from left to right.
    pub fn parameter_names(&mut self) -> Vec<String> {
        let names_within = |(layer_name, layer): (&str, &mut (dyn Layer + 'static))| -> Vec<String> {
            let own = layer.parameters().iter().map(|one| one.name.to_owned()).collect::<Vec<_>>();
            let shared = layer.shared_parameters().into_iter().map(|one| one.name);
            own.into_iter().chain(shared).map(|name| format!("{layer_name}.{name}")).collect()
        };
        self.layers_mut().flat_map(names_within).collect()
    }

    /// All parameters that no layers share, with their names, to read and to change: the book's `params`, for an
    /// [`Optimizer`](super::Optimizer).
    pub fn parameters_mut(&mut self) -> Vec<(String, ArrayViewMutD<'_, f64>)> {
        let mut all = Vec::new();
        for (layer_name, layer) in &mut self.layers {
            for parameter in layer.parameters() {
                all.push((format!("{layer_name}.{}", parameter.name), parameter.value));
            }
        }
        all
    }

    /// The values of the parameter of this name (`affine1.w`), to read and to change.
    pub fn parameter_mut(&mut self, name: &str) -> Result<ArrayViewMutD<'_, f64>> {
        let (layer_name, parameter_name) = name.split_once('.').unwrap_or((name, ""));
        match self.layers.iter().position(|(known, _)| known == layer_name) {
            Some(position) => Ok(self.layers[position].1.parameter(parameter_name)?.value),
            None => Err(Error::invalid(
                "network",
                format!("there is no parameter `{name}`"),
                format!("its parameters are {}", self.parameter_names().join(", ")),
            )),
        }
    }

    /// The logits: the output of the last layer for `x`.
    // x: [N, D] → [N, C]
    pub fn predict(&mut self, x: &Tensor) -> Result<Tensor> {
        forward(&mut self.layers, x)
    }

    /// The loss of `x` and its labels, including penalties.
    // x: [N, D], labels: N → []
    pub fn loss(&mut self, x: &Tensor, labels: &Labels) -> Result<f64> {
        self.loss_from(0, x, labels)
    }

    /// The accuracy: the fraction of rows whose largest logit is that of the right class (for soft labels: of the
    /// likeliest).
    ///
    /// A row with NaN has no largest logit and counts as wrong. `np.argmax` returns 0 there, so that after a training that
    /// diverged to NaN the notebook still prints an accuracy: the fraction of zeros among the digits.
    ///
    /// The layers are evaluated, as in the book, also while the network trains.
    // x: [N, D], labels: N → []
    pub fn accuracy(&mut self, x: &Tensor, labels: &Labels) -> Result<f64> {
        let training = self.training;
        self.set_training(false);
        let logits = self.predict(x);
        self.set_training(training);
        let logits = logits?;
        let t = labels.to_rows(&logits)?;
        let rows = logits.rows().into_iter().zip(t.rows());
        let count = rows.len();
        if count == 0 {
            return Err(Error::invalid("accuracy", "there are no rows", "pass at least one row"));
        }
        let right = rows.filter(|(logits, t)| largest(logits).is_some_and(|class| largest(t) == Some(class)));
        Ok(right.count() as f64 / count as f64)
    }

    /// The gradient of the loss with respect to each parameter by backpropagation.
    pub fn gradient(&mut self, x: &Tensor, labels: &Labels) -> Result<Gradients> {
        // 1. Forward, from left to right: every layer stores what its backward needs.
        self.loss(x, labels)?;

        // 2. Backward, from right to left: every layer maps the gradient of its output to that of its input.
        let mut dout = self.loss_layer.backward(1.0)?;
        for (name, layer) in self.layers.iter_mut().rev() {
            dout = layer.backward(&dout).map_err(|error| in_layer(name, error))?;
        }

        // 3. Each layer now has the gradients of its parameters.
        let mut gradients = Vec::new();
        let Network { layers, penalties, .. } = self;
        let mut counted: Vec<Rc<RefCell<Tensor>>> = Vec::new();
        for (layer_name, layer) in layers {
            let mut add = |name: &str, gradient: Option<Tensor>, value: Option<&Tensor>| -> Result<()> {
                let name = format!("{layer_name}.{name}");
                let gradient = gradient.ok_or_else(|| {
                    Error::invalid(
                        &name,
                        "backward computed no gradient for it",
                        "compute it in the layer's backward",
                    )
                })?;
                // 4. The gradients of the penalties are added.
                let own = value.into_iter().flat_map(|value| {
                    penalties.iter().map(|penalty| penalty.gradient(&name, value)).collect::<Vec<_>>()
                });
                let gradient = own.fold(gradient, |sum, own| sum + own);
                gradients.push((name, gradient));
                Ok(())
            };
            for parameter in layer.parameters() {
                let gradient = parameter.gradient.map(|gradient| gradient.to_owned());
                add(parameter.name, gradient, Some(&parameter.value.to_owned()))?;
            }
            for shared in layer.shared_parameters() {
                let first = !counted.iter().any(|other| Rc::ptr_eq(other, &shared.value));
                add(&shared.name, shared.gradient, first.then(|| shared.value.borrow()).as_deref())?;
                counted.push(shared.value);
            }
        }
        Ok(gradients.into_iter().collect())
    }

    /// The gradient by numerical differentiation: slow, and independent of `backward`.
    ///
    /// A parameter affects its own layer and the later ones; the output of the earlier layers is computed once.
    pub fn numerical_gradient(&mut self, x: &Tensor, labels: &Labels) -> Result<Gradients> {
        let mut gradients = Vec::new();
        let mut x = x.clone();
        for position in 0..self.layers.len() {
            let (layer_name, layer) = &mut self.layers[position];
            let layer_name = layer_name.clone();
            let names: Vec<_> =
                layer.parameters().iter().map(|parameter| parameter.name.to_owned()).collect();
            for name in names {
                let gradient = numerical_gradient_within(
                    self,
                    |network| Ok(network.layers[position].1.parameter(&name)?.value),
                    |network| network.loss_from(position, &x, labels),
                )?;
                gradients.push((format!("{layer_name}.{name}"), gradient));
            }
            x = forward(&mut self.layers[position..=position], &x)?;
        }
        Ok(gradients.into_iter().collect())
    }

    /// One step of gradient descent: `parameter −= learning_rate · gradient`, for each given gradient.
    ///
    /// An error for a learning rate that is negative or not a number, an unknown name, or a gradient of another shape than
    /// its parameter; then no parameter has changed.
    pub fn apply(&mut self, learning_rate: f64, gradients: &Gradients) -> Result<()> {
        if !(learning_rate.is_finite() && learning_rate >= 0.0) {
            return Err(Error::invalid(
                "learning_rate",
                format!("it is {learning_rate}"),
                "pass a number ≥ 0",
            ));
        }
        for (name, gradient) in gradients.iter() {
            let shape = match self.shared_parameter(name) {
                Some(shared) => shared.borrow().shape().to_vec(),
                None => self.parameter_mut(name)?.shape().to_vec(),
            };
            if shape != gradient.shape() {
                return Err(Error::invalid(
                    name,
                    format!("it has shape {shape:?}, its gradient {:?}", gradient.shape()),
                    "pass a gradient of the parameter's shape",
                ));
            }
        }
        for (name, gradient) in gradients.iter() {
            match self.shared_parameter(name) {
                Some(shared) => shared.borrow_mut().scaled_add(-learning_rate, gradient),
                None => self.parameter_mut(name)?.scaled_add(-learning_rate, gradient),
            }
        }
        Ok(())
    }

    /// The array of this name (`embedding1.w`), if layers share it.
    pub fn shared_parameter(&self, name: &str) -> Option<Rc<RefCell<Tensor>>> {
        let (layer_name, parameter_name) = name.split_once('.')?;
        let (_, layer) = self.layers.iter().find(|(known, _)| known == layer_name)?;
        layer.shared_parameters().into_iter().find(|one| one.name == parameter_name).map(|one| one.value)
    }

    /// The loss, given the input of the layer at `position`.
    fn loss_from(&mut self, position: usize, x: &Tensor, labels: &Labels) -> Result<f64> {
        let logits = forward(&mut self.layers[position..], x)?;
        Ok(self.loss_layer.forward(&logits, labels)? + self.penalty())
    }
}

/// Runs these layers from left to right.
fn forward(layers: &mut [(String, Box<dyn Layer>)], x: &Tensor) -> Result<Tensor> {
    let mut x = Cow::Borrowed(x);
    for (name, layer) in layers {
        x = Cow::Owned(layer.forward(&x).map_err(|error| in_layer(name, error))?);
    }
    Ok(x.into_owned())
}

/// The index of the largest, the first of equals; `None` for NaN or an empty row.
fn largest(row: &ArrayView1<'_, f64>) -> Option<usize> {
    let first_largest = |best: usize, index: usize| if row[index] > row[best] { index } else { best };
    let comparable = !row.iter().any(|value| value.is_nan());
    (0..row.len()).filter(|_| comparable).reduce(first_largest)
}

/// Prefixes an error with the name of its layer.
fn in_layer(name: &str, error: Error) -> Error {
    match error {
        Error::Invalid { what, problem, help } => Error::invalid(format!("{name}: {what}"), problem, help),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, arr1, arr2};

    use super::*;
    use crate::{Affine, Relu, SoftmaxWithLoss};

    /// Logits are the input itself: w is the identity, b is 0.
    fn identity(width: usize) -> Network {
        Network::new(SoftmaxWithLoss::new())
            .then(Affine::new(Array2::eye(width), Array1::zeros(width)).unwrap())
            .then(Relu::new())
            .then(Affine::new(Array2::eye(width), Array1::zeros(width)).unwrap())
    }

    #[test]
    fn layers_are_numbered_by_kind_and_reached_by_name() -> Result<()> {
        let mut network = identity(2);
        let names: Vec<_> =
            network.layers_mut().map(|(name, layer)| format!("{name} {}", layer.name())).collect();
        assert_eq!(names, ["affine1 Affine", "relu1 Relu", "affine2 Affine"]);
        assert_eq!(network.loss_layer_mut().name(), "SoftmaxWithLoss");
        assert_eq!(network.parameter_names(), ["affine1.w", "affine1.b", "affine2.w", "affine2.b"]);

        network.parameter_mut("affine2.b")?[[1]] = 5.0;
        assert_eq!(network.predict(&arr1(&[1.0, 2.0]).into_dyn())?, arr1(&[1.0, 7.0]).into_dyn());
        for unknown in ["affine3.w", "b", "affine1.", "relu1.w", ""] {
            assert!(network.parameter_mut(unknown).is_err(), "{unknown}");
        }
        Ok(())
    }

    #[test]
    fn accuracy_counts_the_largest_and_no_nan() -> Result<()> {
        let x = arr2(&[[3.0, 1.0, 2.0], [1.0, 1.0, 0.0], [0.0, 1.0, 2.0], [f64::NAN, 1.0, 2.0]]).into_dyn();
        let mut network = identity(3);
        assert_eq!(network.accuracy(&x, &vec![0, 0, 2, 0].into())?, 0.75);
        assert_eq!(network.accuracy(&x, &vec![1, 1, 1, 2].into())?, 0.0);
        let soft = arr2(&[[0.5, 0.3, 0.2], [0.1, 0.5, 0.4], [0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]);
        assert_eq!(network.accuracy(&x, &soft.into())?, 0.5);
        assert!(network.accuracy(&Tensor::zeros(vec![0, 3]), &vec![].into()).is_err());
        Ok(())
    }

    #[test]
    fn an_error_names_the_layer_that_it_came_from() {
        let mut network = Network::new(SoftmaxWithLoss::new())
            .then(Affine::new(Array2::eye(2), Array1::zeros(2)).unwrap())
            .then(Affine::new(Array2::eye(3), Array1::zeros(3)).unwrap());
        let message = network.loss(&Tensor::zeros(vec![1, 2]), &vec![0].into()).unwrap_err().to_string();
        assert!(message.starts_with("affine2: Affine, forward"), "{message}");
    }

    #[test]
    fn backpropagation_that_leaves_no_gradient_is_an_error() {
        struct Forgetful(Tensor);
        impl Layer for Forgetful {
            fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
                Ok(x + &self.0)
            }
            fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
                Ok(dout.clone())
            }
            fn parameters(&mut self) -> Vec<crate::Parameter<'_>> {
                vec![crate::Parameter::new("b", &mut self.0, None)]
            }
        }
        let mut network = Network::new(SoftmaxWithLoss::new()).then(Forgetful(Tensor::zeros(vec![2])));
        let message = network.gradient(&Tensor::zeros(vec![1, 2]), &vec![0].into()).unwrap_err().to_string();
        assert!(message.contains("forgetful1.b") && message.contains("no gradient"), "{message}");
    }

    #[test]
    fn a_rejected_step_changes_no_parameter() -> Result<()> {
        let mut network = identity(2);
        let good = ("affine1.b", Tensor::ones(vec![2]));
        for bad in [("affine9.w", Tensor::ones(vec![2])), ("affine2.b", Tensor::ones(vec![1, 2]))] {
            assert!(network.apply(0.1, &[good.clone(), bad].into_iter().collect()).is_err());
        }
        for rate in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(network.apply(rate, &[good.clone()].into_iter().collect()).is_err());
        }
        assert_eq!(network.parameter_mut("affine1.b")?.sum(), 0.0);
        Ok(())
    }

    /// Only the layers after the perturbed one run again: the result must be that of running all of them.
    #[test]
    fn the_shortened_numerical_gradient_is_the_whole_one() -> Result<()> {
        let mut network = identity(3);
        let (x, labels) = (arr2(&[[0.3, -0.2, 0.9], [-0.5, 0.8, 0.1]]).into_dyn(), vec![2, 0].into());
        for (name, gradient) in network.numerical_gradient(&x, &labels)? {
            let whole = numerical_gradient_within(
                &mut network,
                |network| network.parameter_mut(&name),
                |network| network.loss(&x, &labels),
            )?;
            assert_eq!(gradient, whole, "{name}");
        }
        Ok(())
    }
}
