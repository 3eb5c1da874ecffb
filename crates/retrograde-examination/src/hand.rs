//! Programs as the hand-written layers that the check takes: the traits of `retrograde::textbook` and nothing else.

use ndarray::{ArrayD, IxDyn};
use retrograde::textbook::{Labels, Layer, LossLayer, Network, Parameter, Penalty, Tensor};
use retrograde::{Error, Result};

use crate::case::{Case, Precision, Unit};
use crate::machine::{Machine, Stop};
use crate::number::{Bf16, Number};
use crate::program::{Program, Role, writes};

/// A layer or a loss.
struct Hand<T> {
    machine: Machine<T>,
    /// Name, value, gradient.
    parameters: Vec<(String, Tensor, Option<Tensor>)>,
}

fn refused(program: &Program, pass: &str, stop: &Stop) -> Error {
    Error::invalid(format!("{}, {pass}", program.name), stop.to_string(), "pass what the layer was made for")
}

fn tensor<T: Number>(machine: &Machine<T>, array: usize) -> Tensor {
    let numbers = machine.numbers(array).iter().map(|number| number.value()).collect();
    ArrayD::from_shape_vec(IxDyn(machine.shape(array)), numbers).expect("as many numbers as elements")
}

impl<T: Number> Hand<T> {
    fn new(unit: &Unit) -> Result<Self> {
        let program = &unit.program;
        let machine = unit.machine().map_err(|stop| refused(program, "made", &stop))?;
        let parameters = program.parameters().into_iter();
        let named = |array: usize| (program.arrays[array].name.clone(), tensor(&machine, array), None);
        let mut parameters: Vec<_> = parameters.map(named).collect();
        // The values as they were drawn: the layer rounds them to its precision whenever it uses them.
        for ((_, value, _), numbers) in parameters.iter_mut().zip(&unit.parameters) {
            value.iter_mut().zip(numbers).for_each(|(value, number)| *value = *number);
        }
        Ok(Hand { machine, parameters })
    }

    fn run_forward(&mut self, x: &Tensor, labels: Option<(usize, Vec<f64>)>) -> Result<Tensor> {
        let program = self.machine.program().clone();
        let refused = |stop: Stop| refused(&program, "forward", &stop);
        self.machine.take_shape(x.shape()).map_err(refused)?;
        self.machine.fill(program.with_role(&Role::Input), x.iter().map(|&x| T::of(x)));
        for (array, (_, value, _)) in program.parameters().into_iter().zip(&self.parameters) {
            self.machine.fill(array, value.iter().map(|&w| T::of(w)));
        }
        if let Some((array, labels)) = labels {
            if labels.len() != self.machine.numbers(array).len() {
                let expected = self.machine.shape(array);
                return Err(refused(Stop::Shape(format!(
                    "there are {} labels where {expected:?} were expected",
                    labels.len()
                ))));
            }
            self.machine.fill(array, labels.into_iter().map(T::of));
        }
        self.machine.forward().map_err(refused)?;
        Ok(tensor(&self.machine, program.with_role(&Role::Output)))
    }

    fn run_backward(&mut self, dout: &mut Tensor) -> Result<Tensor> {
        let program = self.machine.program().clone();
        let refused = |stop: Stop| refused(&program, "backward", &stop);
        let upstream = program.with_role(&Role::Upstream);
        if dout.shape() != self.machine.shape(upstream) {
            let expected = self.machine.shape(upstream);
            return Err(refused(Stop::Shape(format!(
                "dout has shape {:?}, the output of forward had {expected:?}",
                dout.shape()
            ))));
        }
        self.machine.fill(upstream, dout.iter().map(|&dout| T::of(dout)));
        self.machine.backward().map_err(refused)?;
        if writes(&program.backward, upstream) {
            dout.assign(&tensor(&self.machine, upstream));
        }
        for (array, (_, _, gradient)) in program.parameters().into_iter().zip(&mut self.parameters) {
            *gradient = Some(tensor(&self.machine, program.gradient_of(array)));
        }
        Ok(tensor(&self.machine, program.gradient_of(program.with_role(&Role::Input))))
    }
}

impl<T: Number> Layer for Hand<T> {
    fn name(&self) -> &str {
        &self.machine.program().name
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

impl<T: Number> LossLayer for Hand<T> {
    fn name(&self) -> &str {
        &self.machine.program().name
    }

    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        let program = self.machine.program().clone();
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
        Precision::F64 => Box::new(Hand::<f64>::new(unit)?),
        Precision::F32 => Box::new(Hand::<f32>::new(unit)?),
        Precision::Bf16 => Box::new(Hand::<Bf16>::new(unit)?),
    })
}

/// A unit of a case as a loss.
pub fn loss(unit: &Unit, precision: Precision) -> Result<Box<dyn LossLayer>> {
    Ok(match precision {
        Precision::F64 => Box::new(Hand::<f64>::new(unit)?),
        Precision::F32 => Box::new(Hand::<f32>::new(unit)?),
        Precision::Bf16 => Box::new(Hand::<Bf16>::new(unit)?),
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
