//! The trait that every hand-written layer implements, the library's and a user's alike.
//!
//! It asks for what the notebook's classes have, and no more: `forward`, `backward`, and, if there are any, the
//! parameters with the gradients that `backward` left for them. Because that is all, a stack of layers
//! ([`Network`](super::Network)) and a gradient check can take any of them.
//!
//! The signatures enforce what Python leaves to care: inputs and upstream gradients are borrowed immutably, so no layer
//! writes into them except in the methods for that purpose.

use std::cell::RefCell;
use std::rc::Rc;

use ndarray::{Array, ArrayViewD, ArrayViewMutD, Dimension};

use super::{Labels, Tensor};
use retrograde_base::{Error, Result};

/// A hand-written layer: one input, one output, and the state between `forward` and `backward`.
///
/// ```
/// use retrograde::Result;
/// use retrograde::textbook::{Layer, Parameter, Tensor, remembered};
///
/// /// y = factor · x, with one factor for each column.
/// struct Scale { factor: Tensor, dfactor: Option<Tensor>, x: Option<Tensor> }
///
/// impl Layer for Scale {
///     fn forward(&mut self, x: &Tensor) -> Result<Tensor> { // x: [N, D] → [N, D]
///         self.x = Some(x.clone());
///         Ok(x * &self.factor)
///     }
///
///     fn backward(&mut self, dout: &Tensor) -> Result<Tensor> { // dout: [N, D] → dx: [N, D]
///         let x = remembered(self.x.as_ref(), "Scale")?;
///         self.dfactor = Some((dout * x).sum_axis(ndarray::Axis(0)));
///         Ok(dout * &self.factor)
///     }
///
///     fn parameters(&mut self) -> Vec<Parameter<'_>> {
///         vec![Parameter::new("factor", &mut self.factor, &self.dfactor)]
///     }
/// }
///
/// let mut layer = Scale { factor: ndarray::arr1(&[2.0, 3.0]).into_dyn(), dfactor: None, x: None };
/// assert_eq!(layer.name(), "Scale");
/// layer.forward(&ndarray::arr2(&[[1.0, 1.0], [5.0, 5.0]]).into_dyn())?;
/// layer.backward(&ndarray::arr2(&[[1.0, 1.0], [1.0, 1.0]]).into_dyn())?;
/// assert_eq!(layer.dfactor, Some(ndarray::arr1(&[6.0, 6.0]).into_dyn()));
/// # Ok::<(), retrograde::Error>(())
/// ```
///
/// The book's `Relu` writes into its upstream gradient. In `backward` that does not compile;
/// [`backward_in_place`](Layer::backward_in_place) allows it:
///
/// ```compile_fail,E0596
/// # use retrograde::{Result, textbook::{Layer, Tensor}};
/// # struct Relu;
/// # impl Layer for Relu {
/// # fn forward(&mut self, x: &Tensor) -> Result<Tensor> { Ok(x.clone()) }
/// fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
///     dout.fill(0.0);
///     Ok(dout.clone())
/// }
/// # }
/// ```
pub trait Layer {
    /// The kind of the layer, for tables and messages: by default the name of its type.
    fn name(&self) -> &str {
        short_type_name::<Self>()
    }

    /// The layer's output for `x`. It stores what `backward` needs.
    fn forward(&mut self, x: &Tensor) -> Result<Tensor>;

    /// The gradient of the loss with respect to the last `x`, from `dout`, the gradient with respect to the output. It
    /// replaces the gradients of the parameters, for [`Layer::parameters`].
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor>;

    /// [`forward`](Layer::forward) that may write into `x`, for a layer that works in place. Such a layer is written here, and its
    /// `forward` calls this method with a copy. Other code that holds `x` sees what is written. The gradient check
    /// calls this method and reports what it writes: as a remark, or, if a gradient of the network is wrong because of it,
    /// as a fault.
    fn forward_in_place(&mut self, x: &mut Tensor) -> Result<Tensor> {
        self.forward(x)
    }

    /// [`backward`](Layer::backward) that may write into `dout`, in the same way.
    ///
    /// ```
    /// use retrograde::check::{self, Cause};
    /// use retrograde::textbook::{Layer, Tensor};
    ///
    /// /// As in the book: `dout[self.mask] = 0; dx = dout`.
    /// struct Relu { mask: Tensor }
    ///
    /// impl Layer for Relu {
    ///     fn forward(&mut self, x: &Tensor) -> retrograde::Result<Tensor> {
    ///         self.mask = x.mapv(|x| if x > 0.0 { 1.0 } else { 0.0 });
    ///         Ok(x * &self.mask)
    ///     }
    ///     fn backward(&mut self, dout: &Tensor) -> retrograde::Result<Tensor> {
    ///         self.backward_in_place(&mut dout.clone())
    ///     }
    ///     fn backward_in_place(&mut self, dout: &mut Tensor) -> retrograde::Result<Tensor> {
    ///         *dout *= &self.mask;
    ///         Ok(dout.clone())
    ///     }
    /// }
    ///
    /// let x = Tensor::from_elem(vec![2, 3], 0.5);
    /// let report = check::layer(&mut Relu { mask: x.clone() }, &x)?;
    /// assert_eq!(report.causes().next(), Some(&Cause::WrittenInto { what: "dout".into() }));
    /// # Ok::<(), retrograde::Error>(())
    /// ```
    fn backward_in_place(&mut self, dout: &mut Tensor) -> Result<Tensor> {
        self.backward(dout)
    }

    /// Whether the layer trains or is evaluated, for layers that differ: the book's `train_flg` (section 6.3), PyTorch's
    /// `train()` and `eval()`. A new layer trains. By default this changes nothing.
    fn set_training(&mut self, _training: bool) {}

    /// The parameters, each with the gradient of the last `backward`; by default none.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        Vec::new()
    }

    /// The parameters that this layer shares with other layers, such as tied weights; by default none. They are not in
    /// [`Layer::parameters`].
    fn shared_parameters(&self) -> Vec<SharedParameter> {
        Vec::new()
    }

    /// The parameter of this name.
    fn parameter(&mut self, name: &str) -> Result<Parameter<'_>> {
        let names: Vec<String> =
            self.parameters().iter().map(|parameter| parameter.name.to_owned()).collect();
        let position = names.iter().position(|known| known == name).ok_or_else(|| {
            let help = match names.join(", ") {
                none if none.is_empty() => "this layer has no parameters".to_owned(),
                names => format!("its parameters are {names}"),
            };
            Error::invalid(self.name(), format!("there is no parameter `{name}`"), help)
        })?;
        Ok(self.parameters().swap_remove(position))
    }
}

/// The last layer of a network: from logits and labels to the loss.
pub trait LossLayer {
    /// The kind of the layer, for tables and messages: by default the name of its type.
    fn name(&self) -> &str {
        short_type_name::<Self>()
    }

    /// The loss of `logits` and `labels`. It stores what `backward` needs.
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64>;

    /// [`forward`](LossLayer::forward) that may write into `logits`, as [`Layer::forward_in_place`].
    fn forward_in_place(&mut self, logits: &mut Tensor, labels: &Labels) -> Result<f64> {
        self.forward(logits, labels)
    }

    /// The gradient with respect to the last logits, from `dout`, the gradient with respect to the loss; 1 if the loss is
    /// the end of the graph.
    fn backward(&mut self, dout: f64) -> Result<Tensor>;
}

/// A boxed layer is a layer, so that a network can hold layers that are chosen at run time.
impl<L: Layer + ?Sized> Layer for Box<L> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        (**self).forward(x)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        (**self).backward(dout)
    }

    fn forward_in_place(&mut self, x: &mut Tensor) -> Result<Tensor> {
        (**self).forward_in_place(x)
    }

    fn backward_in_place(&mut self, dout: &mut Tensor) -> Result<Tensor> {
        (**self).backward_in_place(dout)
    }

    fn set_training(&mut self, training: bool) {
        (**self).set_training(training);
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        (**self).parameters()
    }

    fn shared_parameters(&self) -> Vec<SharedParameter> {
        (**self).shared_parameters()
    }
}

/// The same for a loss.
impl<L: LossLayer + ?Sized> LossLayer for Box<L> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        (**self).forward(logits, labels)
    }

    fn forward_in_place(&mut self, logits: &mut Tensor, labels: &Labels) -> Result<f64> {
        (**self).forward_in_place(logits, labels)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        (**self).backward(dout)
    }
}

/// A parameter of a layer: its name, its value to read and change, and its gradient.
#[derive(Debug)]
pub struct Parameter<'layer> {
    /// Its name in the layer: `w`, `b`.
    pub name: &'layer str,
    /// Its value as a view: assigning to it changes the layer, and its shape is fixed.
    pub value: ArrayViewMutD<'layer, f64>,
    /// The gradient of the last `backward`, of the value's shape; `None` before the first.
    pub gradient: Option<ArrayViewD<'layer, f64>>,
}

impl<'layer> Parameter<'layer> {
    /// A parameter with any number of axes. The gradient is a reference to an array or to an `Option` of one.
    pub fn new<D: Dimension>(
        name: &'layer str,
        value: &'layer mut Array<f64, D>,
        gradient: impl Into<Option<&'layer Array<f64, D>>>,
    ) -> Self {
        let gradient = gradient.into().map(|gradient| gradient.view().into_dyn());
        Parameter { name, value: value.view_mut().into_dyn(), gradient }
    }
}

/// A parameter shared by several layers: one array that each of them holds.
///
/// The gradient of the array is the sum of the contributions of all uses. Each layer shows either the contribution of its
/// own use, so that updates with all of them add up; or, if the layers accumulate in one array, the sum, the same in each,
/// which an update must subtract once. The gradient check accepts both: equal gradients in all layers are the sum. A
/// [`Penalty`](super::Penalty) counts the array once.
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
/// use retrograde::Result;
/// use retrograde::textbook::{Layer, SharedParameter, Tensor, remembered};
///
/// /// y = weight · x, where another layer holds the same weight.
/// struct Scale { weight: Rc<RefCell<Tensor>>, dweight: Option<Tensor>, x: Option<Tensor> }
///
/// impl Layer for Scale {
///     fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
///         self.x = Some(x.clone());
///         Ok(x * &*self.weight.borrow())
///     }
///     fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
///         let x = remembered(self.x.as_ref(), "Scale")?;
///         self.dweight = Some((dout * x).sum_axis(ndarray::Axis(0)));
///         Ok(dout * &*self.weight.borrow())
///     }
///     fn shared_parameters(&self) -> Vec<SharedParameter> {
///         vec![SharedParameter::new("weight", &self.weight, self.dweight.as_ref())]
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct SharedParameter {
    /// Its name in the layer.
    pub name: String,
    /// The shared array.
    pub value: Rc<RefCell<Tensor>>,
    /// The gradient of the layer's last `backward`; `None` before the first.
    pub gradient: Option<Tensor>,
}

impl SharedParameter {
    /// A shared parameter with this layer's gradient.
    pub fn new(name: impl Into<String>, value: &Rc<RefCell<Tensor>>, gradient: Option<&Tensor>) -> Self {
        SharedParameter { name: name.into(), value: Rc::clone(value), gradient: gradient.cloned() }
    }
}

/// The value stored by `forward`, or an error if it has not run: `remembered(self.x.as_ref(), "Affine")?`.
pub fn remembered<'layer, T>(memory: Option<&'layer T>, layer: &str) -> Result<&'layer T> {
    memory.ok_or_else(|| {
        Error::invalid(
            format!("{layer}, backward"),
            "forward has not run",
            "call forward first: backward uses its stored values",
        )
    })
}

/// An error unless the upstream gradient has the shape of the output.
pub(super) fn expect_dout_shape(layer: &str, dout: &Tensor, output: &[usize]) -> Result<()> {
    if dout.shape() == output {
        return Ok(());
    }
    Err(Error::invalid(
        format!("{layer}, backward"),
        format!("dout has shape {:?}, the output of forward had {output:?}", dout.shape()),
        format!("pass a gradient of shape {output:?}"),
    ))
}

/// `path::to::Layer<path::to::Thing>` → `Layer`.
fn short_type_name<T: ?Sized>() -> &'static str {
    let path = std::any::type_name::<T>();
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, arr1};

    use super::*;
    use crate::{Affine, Relu, SoftmaxWithLoss};

    #[test]
    fn a_layer_is_called_by_the_name_of_its_type() {
        struct Wrapper<T>(T);
        impl<T> Layer for Wrapper<T> {
            fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
                Ok(x.clone())
            }
            fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
                Ok(dout.clone())
            }
        }
        let boxed: Box<dyn Layer> = Box::new(Relu::new());
        assert_eq!(boxed.name(), "Relu");
        assert_eq!(Wrapper(std::cell::Cell::new(Relu::new())).name(), "Wrapper");
        assert_eq!(SoftmaxWithLoss::new().name(), "SoftmaxWithLoss");
    }

    #[test]
    fn a_parameter_is_found_by_name_and_changed_in_place() -> Result<()> {
        let mut layer = Affine::new(Array2::zeros((2, 3)), Array1::zeros(3))?;
        layer.parameter("b")?.value[[1]] = 7.0;
        assert_eq!(layer.forward(&Tensor::ones(vec![2]))?, arr1(&[0.0, 7.0, 0.0]).into_dyn());

        let message = layer.parameter("bias").unwrap_err().to_string();
        assert!(message.contains("`bias`") && message.contains("are w, b"), "{message}");
        let message = Relu::new().parameter("w").unwrap_err().to_string();
        assert!(message.contains("has no parameters"), "{message}");
        Ok(())
    }

    #[test]
    fn a_gradient_may_be_kept_as_an_array_or_as_an_option() {
        let (mut value, kept) = (Array1::zeros(1), Array1::ones(1));
        let expected = Some(kept.view().into_dyn());
        assert_eq!(Parameter::new("w", &mut value, &kept).gradient, expected);
        assert_eq!(Parameter::new("w", &mut value, &Some(kept.clone())).gradient, expected);
        assert_eq!(Parameter::new("w", &mut value, &None).gradient, None);
    }
}
