//! The notebook's network: two affine layers with a rectifier between them (Saito, sections 4.5 and 5.7).

use ndarray::{Array1, Array2, ArrayViewMutD};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::{
    Affine, Gradients, Labels, LossLayer, Network, Penalty, Relu, SoftmaxWithLoss, Tensor, WeightInit,
};
use retrograde_base::{Error, Result};

/// The names of the parameters in the notebook and in the [`Network`].
const NAMES: [(&str, &str); 4] =
    [("w1", "affine1.w"), ("b1", "affine1.b"), ("w2", "affine2.w"), ("b2", "affine2.b")];

/// Two affine layers with a rectifier between them, and softmax with loss at the end.
///
/// ```text
/// x [N, D] → affine1 → relu1 → affine2 → logits [N, C] → SoftmaxWithLoss → loss
///            w1, b1            w2, b2                        labels N
/// ```
///
/// It is a [`Network`] with the notebook's names: `w1` `[D, H]`, `b1` `[H]`, `w2` `[H, C]`, `b2` `[C]`.
///
/// ```
/// use retrograde::textbook::{Labels, Tensor, TwoLayerNet};
///
/// let mut network = TwoLayerNet::new(4, 5, 3, 0.01, 0)?;
/// let (x, labels) = (Tensor::ones(vec![2, 4]), Labels::Classes(vec![2, 2]));
/// let before = network.loss(&x, &labels)?; // near ln 3
/// for _ in 0..100 {
///     let gradients = network.gradient(&x, &labels)?;
///     network.apply(0.5, &gradients)?;
/// }
/// assert!(network.loss(&x, &labels)? < before / 10.0);
/// assert_eq!(network.accuracy(&x, &labels)?, 1.0);
/// # Ok::<(), retrograde::Error>(())
/// ```
pub struct TwoLayerNet {
    network: Network,
}

impl TwoLayerNet {
    /// A network with weights drawn from N(0, `weight_init_std`²) and biases of 0. The same seed gives the same weights.
    ///
    /// An error for a width of 0 or above the limit, and for a deviation that is negative or not finite.
    pub fn new(
        input_size: usize,
        hidden_size: usize,
        output_size: usize,
        weight_init_std: f64,
        seed: u64,
    ) -> Result<Self> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut weights = |rows: usize, columns: usize| {
            WeightInit::Std(weight_init_std).draw("TwoLayerNet", [rows, columns], rows, &mut random)
        };
        let (w1, w2) = (weights(input_size, hidden_size)?, weights(hidden_size, output_size)?);
        Self::from_parameters(w1, Array1::zeros(hidden_size), w2, Array1::zeros(output_size))
    }

    /// A network with these parameters; an error if their shapes do not match.
    // w1: [D, H], b1: [H], w2: [H, C], b2: [C]
    pub fn from_parameters(
        w1: Array2<f64>,
        b1: Array1<f64>,
        w2: Array2<f64>,
        b2: Array1<f64>,
    ) -> Result<Self> {
        if w1.ncols() != w2.nrows() {
            return Err(Error::invalid(
                "TwoLayerNet",
                format!("w1 has shape {:?} and w2 has shape {:?}", w1.shape(), w2.shape()),
                "pass w1 of shape [D, H] and w2 of shape [H, C]",
            ));
        }
        let network = Network::new(SoftmaxWithLoss::new())
            .then(Affine::new(w1, b1)?)
            .then(Relu::new())
            .then(Affine::new(w2, b2)?);
        Ok(TwoLayerNet { network })
    }

    /// Replaces the loss.
    pub fn with_loss(mut self, loss_layer: impl LossLayer + 'static) -> Self {
        self.network.set_loss(loss_layer);
        self
    }

    /// Adds a term to the loss that depends on the parameters alone, such as weight decay.
    pub fn penalized(self, penalty: impl Penalty + 'static) -> Self {
        TwoLayerNet { network: self.network.penalized(penalty) }
    }

    /// The [`Network`], for checks.
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    /// The values of `w1`, `b1`, `w2` or `b2`, to read and to change.
    pub fn parameter_mut(&mut self, name: &str) -> Result<ArrayViewMutD<'_, f64>> {
        self.network.parameter_mut(name_within(name)?)
    }

    /// The logits of each row.
    // x: [N, D] → [N, C]
    pub fn predict(&mut self, x: &Tensor) -> Result<Tensor> {
        self.network.predict(x)
    }

    /// The mean loss of `x` under its labels.
    // x: [N, D], labels: N → []
    pub fn loss(&mut self, x: &Tensor, labels: &Labels) -> Result<f64> {
        self.network.loss(x, labels)
    }

    /// The accuracy, as [`Network::accuracy`].
    // x: [N, D], labels: N → []
    pub fn accuracy(&mut self, x: &Tensor, labels: &Labels) -> Result<f64> {
        self.network.accuracy(x, labels)
    }

    /// The gradients of `w1`, `b1`, `w2`, `b2` by numerical differentiation.
    pub fn numerical_gradient(&mut self, x: &Tensor, labels: &Labels) -> Result<Gradients> {
        Ok(under_own_names(self.network.numerical_gradient(x, labels)?))
    }

    /// The gradients of `w1`, `b1`, `w2`, `b2` by backpropagation.
    pub fn gradient(&mut self, x: &Tensor, labels: &Labels) -> Result<Gradients> {
        Ok(under_own_names(self.network.gradient(x, labels)?))
    }

    /// One step of gradient descent, `w −= learning_rate · dw`, with the errors of [`Network::apply`].
    pub fn apply(&mut self, learning_rate: f64, gradients: &Gradients) -> Result<()> {
        let gradients: Result<Gradients> =
            gradients.iter().map(|(name, gradient)| Ok((name_within(name)?, gradient.clone()))).collect();
        self.network.apply(learning_rate, &gradients?)
    }
}

/// `w1` → `affine1.w`.
fn name_within(name: &str) -> Result<&'static str> {
    NAMES.iter().find(|(own, _)| *own == name).map(|(_, within)| *within).ok_or_else(|| {
        let problem = format!("there is no parameter `{name}`");
        Error::invalid("TwoLayerNet", problem, "its parameters are w1, b1, w2, b2")
    })
}

/// `affine1.w` → `w1`, for each.
fn under_own_names(gradients: Gradients) -> Gradients {
    NAMES.iter().map(|(own, _)| *own).zip(gradients.into_iter().map(|(_, gradient)| gradient)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_have_the_notebooks_names_and_shapes() -> Result<()> {
        let mut network = TwoLayerNet::new(4, 5, 3, 0.01, 0)?;
        let gradients = network.gradient(&Tensor::ones(vec![2, 4]), &vec![0, 2].into())?;
        let shapes: Vec<_> = gradients.iter().map(|(name, gradient)| (name, gradient.shape())).collect();
        let expected: [(&str, &[usize]); 4] = [("w1", &[4, 5]), ("b1", &[5]), ("w2", &[5, 3]), ("b2", &[3])];
        assert_eq!(shapes, expected);
        for (name, shape) in expected {
            assert_eq!(network.parameter_mut(name)?.shape(), shape);
        }
        Ok(())
    }

    #[test]
    fn weights_are_drawn_as_asked_and_again_with_the_same_seed() -> Result<()> {
        let draw = |seed| -> Result<Tensor> {
            Ok(TwoLayerNet::new(784, 50, 10, 0.01, seed)?.parameter_mut("w1")?.to_owned())
        };
        let weights = draw(0)?;
        // Of 39,200 draws the mean lies within 5 · 0.01/√39200 = 2.5e-4 of 0, the deviation within 5/√78400 = 1.8 % of
        // 0.01, but for one seed in a million.
        assert!(weights.mean().unwrap().abs() <= 2.5e-4);
        assert!((weights.std(0.0) / 0.01 - 1.0).abs() <= 0.018);
        assert_eq!(weights, draw(0)?);
        assert_ne!(weights, draw(1)?);
        assert_eq!(TwoLayerNet::new(2, 2, 2, 0.0, 0)?.parameter_mut("w2")?.sum(), 0.0);
        Ok(())
    }

    #[test]
    fn a_step_goes_against_the_gradient_under_the_same_names() -> Result<()> {
        let mut network = TwoLayerNet::new(2, 3, 2, 0.5, 0)?;
        let before = network.parameter_mut("b2")?.to_owned();
        let (x, labels) = (Tensor::ones(vec![1, 2]), vec![0].into());
        let gradients = network.gradient(&x, &labels)?;
        network.apply(0.25, &gradients)?;
        assert_eq!(network.parameter_mut("b2")?, before - gradients.get("b2").unwrap() * 0.25);

        let message = network.apply(0.1, &[("affine1.w", x)].into_iter().collect()).unwrap_err().to_string();
        assert!(message.contains("w1, b1, w2, b2"), "{message}");
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        for (input, hidden, output) in [(0, 5, 3), (4, 0, 3), (4, 5, 0), (usize::MAX, 2, 3), (4, 1 << 40, 3)]
        {
            let message = TwoLayerNet::new(input, hidden, output, 0.01, 0).err().unwrap().to_string();
            assert!(message.contains("widths from 1"), "{message}");
        }
        for std in [-0.01, f64::NAN, f64::INFINITY] {
            let message = TwoLayerNet::new(4, 5, 3, std, 0).err().unwrap().to_string();
            assert!(message.contains("weight_init_std"), "{message}");
        }
        let (w1, b1, w2, b2) =
            (Array2::zeros((2, 3)), Array1::zeros(3), Array2::zeros((4, 2)), Array1::zeros(2));
        let message = TwoLayerNet::from_parameters(w1, b1, w2, b2).err().unwrap().to_string();
        assert!(message.contains("[2, 3]") && message.contains("[4, 2]"), "{message}");
    }
}
