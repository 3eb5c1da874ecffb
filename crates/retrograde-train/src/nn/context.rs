//! What a module gets when it is recorded.

use super::pytorch::Layout;
use super::{Initial, Module, Parameters};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Shape, Tensor, Var};
use retrograde_core::ops::RandomKey;
use std::cell::RefCell;
use std::collections::HashMap;

/// What a network is recorded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Training: batch normalization uses the statistics of the batch, dropout is active, and buffers are updated.
    Train,
    /// Evaluation: buffers are used and do not change.
    Evaluate,
}

/// The environment in which modules are recorded: it gives them their parameters and buffers, tells the [`Mode`], and collects
/// the updates of buffers.
///
/// Names are paths: inside [`call`](Self::call) or [`scope`](Self::scope), `weight` is `conv1.weight`.
#[derive(Debug)]
pub struct Context {
    graph: Graph,
    mode: Mode,
    path: RefCell<Vec<String>>,
    values: RefCell<Values>,
    updates: RefCell<Vec<(Var, Var)>>,
    padding: RefCell<Option<Var>>,
    random: RefCell<Randomness>,
}

/// The random numbers of a recorded model.
#[derive(Debug)]
struct Randomness {
    seed: u64,
    /// The step, if it is an input and some module uses random numbers.
    step: Option<Var>,
    is_input: bool,
    /// How many modules use random numbers.
    streams: u32,
}

/// Where the values of parameters and buffers come from.
#[derive(Debug)]
enum Values {
    /// They are drawn, and collected.
    Initial { parameters: Parameters, random: Box<Xoshiro256PlusPlus> },
    /// They are those of a model, by name.
    Recorded(HashMap<String, Var>),
}

impl Context {
    /// A context in which modules find these parameters and buffers, recorded in `graph`, and their variables in order.
    #[track_caller]
    pub fn new(graph: &Graph, mode: Mode, parameters: &Parameters) -> (Self, Vec<Var>) {
        let vars = parameters.record(graph);
        let names = parameters.iter().map(|(name, _)| name.to_owned());
        let values = Values::Recorded(names.zip(vars.iter().cloned()).collect());
        (Self::with(graph, mode, values), vars)
    }

    /// A context in which modules declare their parameters and buffers, whose initial values are drawn.
    pub(super) fn initial(graph: &Graph, seed: u64) -> Self {
        let random = Box::new(Xoshiro256PlusPlus::seed_from_u64(seed));
        Self::with(graph, Mode::Train, Values::Initial { parameters: Parameters::new(), random })
    }

    fn with(graph: &Graph, mode: Mode, values: Values) -> Self {
        Context {
            graph: graph.clone(),
            mode,
            path: RefCell::default(),
            values: RefCell::new(values),
            updates: RefCell::default(),
            padding: RefCell::default(),
            random: RefCell::new(Randomness { seed: 0, step: None, is_input: false, streams: 0 }),
        }
    }

    /// The seed of random numbers, and their step an input, [`step`](Self::step), which is set before each run to
    /// [`RandomKey::step_indices`]. By default the seed is 0, and the step is always 0.
    #[must_use]
    pub fn with_steps(mut self, seed: u64) -> Self {
        let random = self.random.get_mut();
        (random.seed, random.is_input) = (seed, true);
        self
    }

    /// The input of the step, if a module uses random numbers.
    pub fn step(&self) -> Option<Var> {
        let random = self.random.borrow();
        random.step.clone().filter(|_| random.is_input)
    }

    /// The graph in which modules are recorded.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What the network is recorded for.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Records `module` for `x` under a name, which is unique within the calling module.
    pub fn call(&self, name: impl Into<String>, module: &dyn Module, x: &Var) -> Var {
        self.scope(name, || module.forward(self, x))
    }

    /// Runs `record` inside a named scope: the names of parameters, buffers and nodes start with it.
    pub fn scope<R>(&self, name: impl Into<String>, record: impl FnOnce() -> R) -> R {
        let name = name.into();
        self.path.borrow_mut().push(name.clone());
        let result = self.graph.scope(&name, record);
        self.path.borrow_mut().pop();
        result
    }

    /// The parameter of this name and shape. Its initial values are one number, or are drawn: see [`Initial`].
    ///
    /// A model without the parameter, or with one of another shape, is a deferred error.
    #[track_caller]
    pub fn parameter(&self, name: &str, shape: impl Into<Shape>, initial: impl Into<Initial>) -> Var {
        let (shape, initial) = (shape.into(), initial.into());
        self.value(name, &shape, |random| initial.draw(shape.clone(), random), (false, Layout::Same))
    }

    /// A parameter that is the right factor of a product, `[inputs, outputs]`. PyTorch's layers keep `[outputs, inputs]`, and so
    /// do the files that are written for it. Otherwise as [`parameter`](Self::parameter).
    #[track_caller]
    pub fn product_weight(&self, name: &str, shape: [usize; 2], initial: impl Into<Initial>) -> Var {
        let initial = initial.into();
        let draw = |random: &mut Xoshiro256PlusPlus| initial.draw(shape, random);
        self.value(name, &shape.into(), draw, (false, Layout::Transposed))
    }

    /// The buffer of this name and shape: values that are part of the model and not trained. Its initial values are equal.
    #[track_caller]
    pub fn buffer(&self, name: &str, shape: impl Into<Shape>, initial: f64) -> Var {
        let shape = shape.into();
        self.value(name, &shape, |_| Tensor::full(shape.clone(), initial), (true, Layout::Same))
    }

    /// A buffer that is a count: a scalar, initially 0, an integer in PyTorch's files. Training in `f32` counts to 2²⁴.
    #[track_caller]
    pub fn count(&self, name: &str) -> Var {
        self.value(name, &Shape::from([]), |_| Tensor::full([], 0.0), (true, Layout::Integer))
    }

    /// Marks padding for the modules that are recorded later: `mask` is `[rows, positions]`, 1 where a position is padding and 0
    /// elsewhere. [`MultiHeadAttention`](super::MultiHeadAttention) does not attend to it.
    pub fn set_padding(&self, mask: &Var) {
        *self.padding.borrow_mut() = Some(mask.clone());
    }

    /// The mask of [`set_padding`](Self::set_padding), if there is one.
    pub fn padding(&self) -> Option<Var> {
        self.padding.borrow().clone()
    }

    #[track_caller]
    fn value(
        &self,
        name: &str,
        shape: &Shape,
        initial: impl FnOnce(&mut Xoshiro256PlusPlus) -> Result<Tensor>,
        (is_buffer, layout): (bool, Layout),
    ) -> Var {
        let path = self.path_of(name);
        let invalid = |problem: String, help: &str| {
            self.graph.error_node(Error::invalid(format!("parameter `{path}`"), problem, help))
        };
        match &mut *self.values.borrow_mut() {
            Values::Initial { parameters, .. } if parameters.get(&path).is_some() => invalid(
                "two modules declare it".into(),
                "give each module that a module calls a name of its own",
            ),
            Values::Initial { parameters, random } => match initial(random) {
                Ok(value) => {
                    parameters.insert_with(path, value.clone(), is_buffer, layout);
                    self.graph.constant(value)
                }
                Err(error) => self.graph.error_node(error),
            },
            Values::Recorded(vars) => match vars.get(&path) {
                Some(var) if var.is_error() || var.shape() == *shape => var.clone(),
                Some(var) => invalid(
                    format!("it has the shape {}, the module takes {shape}", var.shape()),
                    "give the parameters of this module",
                ),
                None => invalid("the model does not have it".into(), "give the parameters of this module"),
            },
        }
    }

    /// A key for random numbers that no other module has, for [`Graph::random_uniform`] or [`Var::dropout`]. The numbers are a
    /// function of the training's seed, the step, and how many keys were taken before.
    pub fn random_key(&self) -> RandomKey {
        let random = &mut *self.random.borrow_mut();
        let step = random.step.get_or_insert_with(|| {
            if random.is_input {
                self.graph.index_input("step", [2])
            } else {
                self.graph.indices("step", [2], RandomKey::step_indices(0))
            }
        });
        let key = RandomKey::new(random.seed, step).stream(random.streams);
        random.streams += 1;
        key
    }

    fn path_of(&self, name: &str) -> String {
        let path = self.path.borrow();
        path.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".")
    }

    /// In training, the buffer gets this value after the step. In evaluation nothing happens.
    pub fn update(&self, buffer: &Var, value: &Var) {
        if self.mode == Mode::Train {
            self.updates.borrow_mut().push((buffer.clone(), value.clone()));
        }
    }

    /// The updates of buffers: each buffer and its next value.
    pub fn updates(&self) -> Vec<(Var, Var)> {
        self.updates.borrow().clone()
    }

    /// The parameters and buffers that were declared, with their initial values.
    pub(super) fn into_parameters(self) -> Parameters {
        match self.values.into_inner() {
            Values::Initial { parameters, .. } => parameters,
            Values::Recorded(_) => Parameters::new(),
        }
    }
}
