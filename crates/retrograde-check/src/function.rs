//! The check of functions without layers: of a loss and all its gradients, or of a function with its vector-Jacobian product.

use super::control::{guard, scope};
use super::examine::examine_at;
use super::layer::report_of;
use super::observe::Inputs;
use super::report::place;
use super::{Cause, Finding, Report, Severity, Verdict};
use retrograde_base::{Error, Result};
use retrograde_textbook::{Layer, Parameter, Tensor};

/// Checks the gradients of a loss that is a function of all its arguments, such as the parameters of a network written
/// without layers.
///
/// `loss` returns the loss for values of the arguments; `gradients` returns one gradient for each argument, in their order.
/// `gradients` is called right after `loss` with the same values, and may use state that `loss` has stored, shared by a
/// `RefCell`.
///
/// ```
/// use retrograde::check::{self, Verdict};
/// use retrograde::textbook::Tensor;
///
/// // loss = Σ (w·x − y)²
/// let (x, y) = ([1.0, 2.0, 4.0], [2.0, 3.0, 9.0]);
/// let w = Tensor::from_elem(vec![], 1.5);
/// let errors = |w: f64| x.iter().zip(y).map(move |(x, y)| w * x - y);
/// let report = check::function(
///     &[("w", w)],
///     |p| Ok(errors(p[0].sum()).map(|e| e * e).sum()),
///     |p| Ok(vec![Tensor::from_elem(vec![], errors(p[0].sum()).zip(x).map(|(e, x)| 2.0 * e * x).sum())]),
/// )?;
/// assert_eq!(report.verdict, Verdict::Right);
/// # Ok::<(), retrograde::Error>(())
/// ```
///
/// # Errors
///
/// If there are no arguments or they have no elements, two arguments have the same name, or the functions return an error
/// or panic at the given values, or the number of gradients is not that of the arguments.
pub fn function(
    arguments: &[(&str, Tensor)],
    loss: impl FnMut(&[Tensor]) -> Result<f64>,
    gradients: impl FnMut(&[Tensor]) -> Result<Vec<Tensor>>,
) -> Result<Report> {
    function_named("function", arguments, &[], loss, gradients)
}

/// [`function`] with a name for the report and with `data`: the arrays that the loss depends on besides its arguments, such
/// as a batch and its labels, as far as they are known. With them a network of dense layers is recognized by its loss, and
/// more causes can be named.
///
/// # Errors
///
/// As [`function`].
pub fn function_named(
    name: &str,
    arguments: &[(&str, Tensor)],
    data: &[Tensor],
    loss: impl FnMut(&[Tensor]) -> Result<f64>,
    gradients: impl FnMut(&[Tensor]) -> Result<Vec<Tensor>>,
) -> Result<Report> {
    function_at((name, Inputs::Random), arguments, data, loss, gradients)
}

/// [`function_named`] at `inputs`.
pub(super) fn function_at(
    (name, inputs): (&str, Inputs),
    arguments: &[(&str, Tensor)],
    data: &[Tensor],
    mut loss: impl FnMut(&[Tensor]) -> Result<f64>,
    mut gradients: impl FnMut(&[Tensor]) -> Result<Vec<Tensor>>,
) -> Result<Report> {
    let mut forward = |values: &[Tensor]| Ok(vec![ndarray::arr0(loss(values)?).into_dyn()]);
    let mut backward = |values: &[Tensor], upstream: &[Tensor]| {
        let dout = upstream[0].sum();
        Ok(gradients(values)?.into_iter().map(|gradient| Some(gradient * dout)).collect())
    };
    scope(|| check((name, inputs), arguments, data, &mut forward, &mut backward))
}

/// Checks the vector-Jacobian product of a function with several arguments and several outputs.
///
/// `forward` returns the outputs for values of the arguments. `backward` is called right after it with the same values and
/// one upstream gradient for each output; it returns one gradient for each argument, or `None` for an argument without a
/// gradient by design, such as labels or an index.
///
/// ```
/// use retrograde::check::{self, Verdict};
/// use retrograde::textbook::Tensor;
///
/// let x = Tensor::from_shape_vec(vec![3], vec![0.5, -1.0, 2.0]).unwrap();
/// let report = check::vjp(
///     &[("a", x.clone()), ("b", x)],
///     |v| Ok(vec![&v[0] * &v[1]]),
///     |v, upstream| Ok(vec![Some(&upstream[0] * &v[1]), Some(&upstream[0] * &v[0])]),
/// )?;
/// assert_eq!(report.verdict, Verdict::Right);
/// # Ok::<(), retrograde::Error>(())
/// ```
///
/// # Errors
///
/// As [`function`].
pub fn vjp(
    arguments: &[(&str, Tensor)],
    forward: impl FnMut(&[Tensor]) -> Result<Vec<Tensor>>,
    backward: impl FnMut(&[Tensor], &[Tensor]) -> Result<Vec<Option<Tensor>>>,
) -> Result<Report> {
    vjp_named("function", arguments, forward, backward)
}

/// [`vjp`] with a name for the report.
///
/// # Errors
///
/// As [`function`].
pub fn vjp_named(
    name: &str,
    arguments: &[(&str, Tensor)],
    mut forward: impl FnMut(&[Tensor]) -> Result<Vec<Tensor>>,
    mut backward: impl FnMut(&[Tensor], &[Tensor]) -> Result<Vec<Option<Tensor>>>,
) -> Result<Report> {
    scope(|| check((name, Inputs::Random), arguments, &[], &mut forward, &mut backward))
}

type Forward<'f> = dyn FnMut(&[Tensor]) -> Result<Vec<Tensor>> + 'f;
type Backward<'f> = dyn FnMut(&[Tensor], &[Tensor]) -> Result<Vec<Option<Tensor>>> + 'f;

fn check(
    (name, inputs): (&str, Inputs),
    arguments: &[(&str, Tensor)],
    data: &[Tensor],
    forward: &mut Forward<'_>,
    backward: &mut Backward<'_>,
) -> Result<Report> {
    let invalid = |problem: &str, help: &str| Err(Error::invalid("the check of a function", problem, help));
    let mut known: Vec<&str> = arguments.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    if known.windows(2).any(|pair| pair[0] == pair[1]) {
        return invalid("two arguments have the same name", "pass different names");
    }
    if arguments.iter().all(|(_, value)| value.is_empty()) {
        return invalid("the arguments have no elements", "pass at least one argument with elements");
    }
    // Which arguments have a gradient is determined once, at the given values.
    let values: Vec<Tensor> =
        arguments.iter().map(|(_, value)| value.as_standard_layout().to_owned()).collect();
    let outputs = guard(name, "forward", || forward(&values))?;
    let upstream: Vec<Tensor> = outputs.iter().map(|out| out.mapv(|_| 1.0)).collect();
    let given = guard(name, "backward", || backward(&values, &upstream))?;
    if given.len() != arguments.len() {
        let problem =
            format!("backward returned {} gradients for {} arguments", given.len(), arguments.len());
        return invalid(
            &problem,
            "return one for each argument, in their order, or None for an argument without a gradient",
        );
    }
    let differentiated: Vec<usize> =
        (0..given.len()).filter(|&at| given[at].is_some() && !values[at].is_empty()).collect();
    let without: Vec<usize> = (0..given.len()).filter(|at| given[*at].is_none()).collect();
    let data: Vec<Tensor> =
        data.iter().cloned().chain(without.iter().map(|at| values[*at].clone())).collect();
    let mut remarks = Vec::new();
    for at in without {
        remarks.extend(no_gradient(name, arguments, at, &outputs, forward, differentiated.is_empty()));
    }
    let Some(&input) = differentiated.first() else {
        if remarks.is_empty() {
            return invalid("no argument gets a gradient", "give a gradient for at least one argument");
        }
        let subject = place(name);
        let (layers, blocks, method) = (Vec::new(), Vec::new(), Vec::new());
        return Ok(Report {
            subject,
            verdict: Verdict::Inconclusive,
            layers,
            blocks,
            findings: remarks,
            method,
        });
    };
    let mut layer = FunctionAsLayer {
        name,
        names: arguments.iter().map(|(name, _)| (*name).to_owned()).collect(),
        input,
        parameters: differentiated[1..].to_vec(),
        gradients: vec![None; values.len()],
        shapes: outputs.iter().map(|out| out.shape().to_vec()).collect(),
        values,
        forward,
        backward,
    };
    let x = layer.values[input].clone();
    let input_name = layer.names[input].clone();
    let mut examined = examine_at(&mut layer, (name, &input_name), (&x, inputs), None, &data)?;
    // The other arguments keep their number of rows.
    examined.method.retain(|line| line.id() != "method-one_batch");
    examined.findings.extend(remarks);
    Ok(report_of(name, examined))
}

/// The finding for an argument without a gradient that the outputs depend on. It may be intended, as for labels, but hardly
/// if no argument has a gradient.
fn no_gradient(
    name: &str,
    arguments: &[(&str, Tensor)],
    at: usize,
    outputs: &[Tensor],
    forward: &mut Forward<'_>,
    suspicious: bool,
) -> Option<Finding> {
    let mut moved: Vec<Tensor> = arguments.iter().map(|(_, value)| value.clone()).collect();
    // Different shifts: the function may be invariant to a common one.
    for (number, value) in moved[at].iter_mut().enumerate() {
        *value += 1e-3 * value.abs().max(1.0) * (1 + number % 3) as f64;
    }
    let there = guard(name, "forward", || forward(&moved)).ok()?;
    if there == outputs {
        return None;
    }
    let of = arguments[at].0.to_owned();
    let (severity, verdict) = if suspicious {
        (Severity::Warning, Verdict::Inconclusive)
    } else {
        (Severity::Remark, Verdict::Right)
    };
    let cause = Cause::NoGradient { of: of.clone() };
    Some(Finding::new(severity, verdict, name, vec![of], cause.message()).of(cause))
}

/// The function as a layer: the first argument with a gradient is its input, the others are its parameters. Several outputs
/// are concatenated.
struct FunctionAsLayer<'f, 'g> {
    name: &'f str,
    names: Vec<String>,
    values: Vec<Tensor>,
    input: usize,
    parameters: Vec<usize>,
    gradients: Vec<Option<Tensor>>,
    shapes: Vec<Vec<usize>>,
    forward: &'f mut Forward<'g>,
    backward: &'f mut Backward<'g>,
}

impl Layer for FunctionAsLayer<'_, '_> {
    fn name(&self) -> &str {
        self.name
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        // The other arguments, and captured variables, belong to one batch.
        if x.shape() != self.values[self.input].shape() {
            let problem = format!("`{}` has shape {:?}", self.names[self.input], x.shape());
            let help = format!("pass an argument of shape {:?}", self.values[self.input].shape());
            return Err(Error::invalid("the check of a function", problem, help));
        }
        self.values[self.input].clone_from(x);
        let mut outputs = (self.forward)(&self.values)?;
        self.shapes = outputs.iter().map(|out| out.shape().to_vec()).collect();
        if outputs.len() == 1 {
            return Ok(outputs.swap_remove(0));
        }
        Ok(outputs.iter().flatten().copied().collect::<ndarray::Array1<f64>>().into_dyn())
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let mut numbers = dout.iter().copied();
        let upstream: Vec<Tensor> = self
            .shapes
            .iter()
            .map(|shape| Tensor::from_shape_simple_fn(shape.clone(), || numbers.next().unwrap_or(0.0)))
            .collect();
        let gradients = (self.backward)(&self.values, &upstream)?;
        if gradients.len() != self.values.len() {
            return Err(Error::invalid(
                "the check of a function",
                format!(
                    "backward returned {} gradients for {} arguments",
                    gradients.len(),
                    self.values.len()
                ),
                "return one for each argument, in their order, or None for an argument without a gradient",
            ));
        }
        self.gradients = gradients;
        let own = self.gradients[self.input].clone();
        own.ok_or_else(|| {
            Error::invalid(
                "the check of a function",
                format!("backward returned no gradient for `{}`, but did before", self.names[self.input]),
                "return gradients for the same arguments in each call",
            )
        })
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let (names, gradients, chosen) = (&self.names, &self.gradients, &self.parameters);
        let all = self.values.iter_mut().enumerate().filter(|(at, _)| chosen.contains(at));
        all.map(|(at, value)| Parameter {
            name: &names[at],
            value: value.view_mut(),
            gradient: gradients[at].as_ref().map(|gradient| gradient.view()),
        })
        .collect()
    }
}
