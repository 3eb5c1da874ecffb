//! Adapts programs to the traits of `retrograde::textbook`, which the check takes.

use ndarray::{ArrayD, IxDyn};
use retrograde::textbook::{Labels, Layer, LossLayer, Network, Parameter, Penalty, Tensor};
use retrograde::{Error, Result};

use crate::case::{Case, Precision, Unit};
use crate::interpreter::{Interpreter, RuntimeError};
use crate::number::{Bf16, Number};
use crate::program::{Program, Role, writes};

/// A layer or a loss.
struct InterpretedLayer<T> {
    interpreter: Interpreter<T>,
    /// Name, value, gradient.
    parameters: Vec<(String, Tensor, Option<Tensor>)>,
}

fn refused(program: &Program, pass: &str, stop: &RuntimeError) -> Error {
    Error::invalid(format!("{}, {pass}", program.name), stop.to_string(), "pass what the layer was made for")
}

fn tensor<T: Number>(interpreter: &Interpreter<T>, array: usize) -> Tensor {
    let numbers = interpreter.numbers(array).iter().map(|number| number.value()).collect();
    ArrayD::from_shape_vec(IxDyn(interpreter.shape(array)), numbers).expect("as many numbers as elements")
}

impl<T: Number> InterpretedLayer<T> {
    fn new(unit: &Unit) -> Result<Self> {
        let program = &unit.program;
        let interpreter = unit.interpreter().map_err(|stop| refused(program, "made", &stop))?;
        let parameters = program.parameters().into_iter();
        let named = |array: usize| (program.arrays[array].name.clone(), tensor(&interpreter, array), None);
        let mut parameters: Vec<_> = parameters.map(named).collect();
        // The values as they were drawn: the layer rounds them to its precision whenever it uses them.
        for ((_, value, _), numbers) in parameters.iter_mut().zip(&unit.parameters) {
            value.iter_mut().zip(numbers).for_each(|(value, number)| *value = *number);
        }
        Ok(InterpretedLayer { interpreter, parameters })
    }

    fn run_forward(&mut self, x: &Tensor, labels: Option<(usize, Vec<f64>)>) -> Result<Tensor> {
        let program = self.interpreter.program().clone();
        let refused = |stop: RuntimeError| refused(&program, "forward", &stop);
        self.interpreter.take_shape(x.shape()).map_err(refused)?;
        self.interpreter.fill(program.with_role(&Role::Input), x.iter().map(|&x| T::of(x)));
        for (array, (_, value, _)) in program.parameters().into_iter().zip(&self.parameters) {
            self.interpreter.fill(array, value.iter().map(|&w| T::of(w)));
        }
        if let Some((array, labels)) = labels {
            if labels.len() != self.interpreter.numbers(array).len() {
                let expected = self.interpreter.shape(array);
                return Err(refused(RuntimeError::Shape(format!(
                    "there are {} labels where {expected:?} were expected",
                    labels.len()
                ))));
            }
            self.interpreter.fill(array, labels.into_iter().map(T::of));
        }
        self.interpreter.forward().map_err(refused)?;
        Ok(tensor(&self.interpreter, program.with_role(&Role::Output)))
    }

    fn run_backward(&mut self, dout: &mut Tensor) -> Result<Tensor> {
        let program = self.interpreter.program().clone();
        let refused = |stop: RuntimeError| refused(&program, "backward", &stop);
        let upstream = program.with_role(&Role::Upstream);
        if dout.shape() != self.interpreter.shape(upstream) {
            let expected = self.interpreter.shape(upstream);
            return Err(refused(RuntimeError::Shape(format!(
                "dout has shape {:?}, the output of forward had {expected:?}",
                dout.shape()
            ))));
        }
        self.interpreter.fill(upstream, dout.iter().map(|&dout| T::of(dout)));
        self.interpreter.backward().map_err(refused)?;
        if writes(&program.backward, upstream) {
            dout.assign(&tensor(&self.interpreter, upstream));
        }
        for (array, (_, _, gradient)) in program.parameters().into_iter().zip(&mut self.parameters) {
            *gradient = Some(tensor(&self.interpreter, program.gradient_of(array)));
        }
        Ok(tensor(&self.interpreter, program.gradient_of(program.with_role(&Role::Input))))
    }
}

impl<T: Number> Layer for InterpretedLayer<T> {
    fn name(&self) -> &str {
        &self.interpreter.program().name
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.run_forward(x, None)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        self.run_backward(&mut dout.clone())
    }

    fn backward_in_place(&mut self, dout: &mut Tensor) -> Result<Tensor> {
        self.run_backward(dout)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let mut all = Vec::new();
        for (name, value, gradient) in &mut self.parameters {
            all.push(Parameter::new(name, value, &*gradient));
        }
        all
    }
}

impl<T: Number> LossLayer for InterpretedLayer<T> {
    fn name(&self) -> &str {
        &self.interpreter.program().name
    }

    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        let program = self.interpreter.program().clone();
        let is_labels = |role: &Role| matches!(role, Role::Classes(_) | Role::Distributions);
        let array =
            program.arrays.iter().position(|array| is_labels(&array.role)).expect("a loss has labels");
        let numbers = match labels {
            Labels::Classes(classes) => classes.iter().map(|&class| class as f64).collect(),
            Labels::Rows(rows) => rows.iter().copied().collect(),
        };
        Ok(self.run_forward(logits, Some((array, numbers)))?.sum())
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        self.run_backward(&mut Tensor::from_elem(IxDyn(&[]), dout))
    }
}

/// ½ λ w² for each number of each parameter.
struct Decay(f64);

impl Penalty for Decay {
    fn loss(&self, _: &str, value: &Tensor) -> f64 {
        0.5 * self.0 * value.iter().map(|w| w * w).sum::<f64>()
    }

    fn gradient(&self, _: &str, value: &Tensor) -> Tensor {
        value * self.0
    }
}

/// A unit of a case as a layer.
pub fn layer(unit: &Unit, precision: Precision) -> Result<Box<dyn Layer>> {
    Ok(match precision {
        Precision::F64 => Box::new(InterpretedLayer::<f64>::new(unit)?),
        Precision::F32 => Box::new(InterpretedLayer::<f32>::new(unit)?),
        Precision::Bf16 => Box::new(InterpretedLayer::<Bf16>::new(unit)?),
    })
}

/// A unit of a case as a loss.
pub fn loss(unit: &Unit, precision: Precision) -> Result<Box<dyn LossLayer>> {
    Ok(match precision {
        Precision::F64 => Box::new(InterpretedLayer::<f64>::new(unit)?),
        Precision::F32 => Box::new(InterpretedLayer::<f32>::new(unit)?),
        Precision::Bf16 => Box::new(InterpretedLayer::<Bf16>::new(unit)?),
    })
}

/// A case as a network.
///
/// # Panics
///
/// When the case has no loss.
pub fn network(case: &Case) -> Result<Network> {
    let (last, layers) = case.units.split_last().expect("a network has a loss");
    let mut network = Network::new(loss(last, case.precision)?);
    for unit in layers {
        network = network.then(layer(unit, case.precision)?);
    }
    Ok(if case.decay > 0.0 { network.penalized(Decay(case.decay)) } else { network })
}

/// The input of a case.
///
/// # Panics
///
/// When it has not as many numbers as its shape says.
pub fn input(case: &Case) -> Tensor {
    ArrayD::from_shape_vec(IxDyn(&case.shape), case.x.clone()).expect("as many numbers as elements")
}

/// The labels of a case, for a loss of these rows and classes.
///
/// # Panics
///
/// When distributions do not fill whole rows.
pub fn labels(case: &Case) -> Labels {
    if case.has_classes() {
        return Labels::Classes(case.labels.iter().map(|&class| class as usize).collect());
    }
    let loss = case.loss().expect("labels belong to a loss");
    let logits = &loss.program.arrays[loss.program.with_role(&Role::Input)];
    let shape = logits.shape_at(&loss.sizes).expect("sizes of the case");
    Labels::Rows(ArrayD::from_shape_vec(IxDyn(&shape), case.labels.clone()).expect("a distribution a row"))
}
