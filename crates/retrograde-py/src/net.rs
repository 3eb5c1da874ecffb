//! The two kinds of networks that Python has, and their outputs.

use std::fmt;

use retrograde::data::{Features, MAX_PIXEL};
use retrograde::graph::SourceLine;
use retrograde::nn::{
    Context, Layers, Mlp, MlpConfig, Mode, Model, ModelConfig, Module, Network, NetworkConfig, Parameters,
};
use retrograde::{Error, Graph, Plan, Planner, Result, Tensor, Var};

/// The number of rows that are predicted together.
const ROWS: usize = 500;

/// A network that can be copied and sent to another thread.
#[derive(Debug, Clone)]
pub enum Net {
    /// A multi-layer perceptron.
    Mlp(Mlp),
    /// A network of layers.
    Layers(Network<LocatedLayers>),
}

/// Layers, and the lines of Python that have made them: their errors, and the nodes of their graphs, have these lines. Without
/// lines they have the library's own.
#[derive(Clone)]
pub struct LocatedLayers {
    layers: Layers,
    lines: Vec<SourceLine>,
}

/// That of the layers, which describes the network.
impl fmt::Debug for LocatedLayers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.layers.fmt(f)
    }
}

impl Module for LocatedLayers {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let layers = self.layers.0.iter().enumerate();
        layers.fold(x.clone(), |x, (index, layer)| {
            let record = || context.call(index.to_string(), layer, &x);
            match self.lines.get(index) {
                Some(line) => context.graph().recorded_at(line.clone(), record),
                None => record(),
            }
        })
    }

    fn as_layers(&self) -> Option<&Layers> {
        Some(&self.layers)
    }
}

impl Net {
    /// The network that JSON describes, with initial values. `init` is for a perceptron; layers have their own. `lines` are
    /// those of its layers.
    pub fn new(config: &str, init: &str, seed: u64, lines: Vec<SourceLine>) -> Result<Self> {
        let invalid = |error: serde_json::Error| {
            let help = "give layers of rg.nn, as in rg.Network(input=(784,), layers=[rg.nn.Linear(10)])";
            Error::invalid("a network", error.to_string(), help)
        };
        let value: serde_json::Value = serde_json::from_str(config).map_err(invalid)?;
        if value.get("sizes").is_some() {
            let config: MlpConfig = serde_json::from_value(value).map_err(invalid)?;
            return Ok(Net::Mlp(Mlp::from_config(config).init(init.parse()?).seed(seed).build()?));
        }
        let config: NetworkConfig = serde_json::from_value(value).map_err(invalid)?;
        Self::of_layers(config, seed, lines)
    }

    /// A network of layers with initial values, and the lines of its layers.
    pub fn of_layers(config: NetworkConfig, seed: u64, lines: Vec<SourceLine>) -> Result<Self> {
        let takes_indices = config.layers.takes_indices();
        let module = LocatedLayers { layers: config.layers, lines };
        let builder = if takes_indices {
            Network::of_indices(module, config.input)
        } else {
            Network::new(module, config.input)
        };
        builder.seed(seed).build().map(Net::Layers)
    }

    /// A copy of a model from a file.
    pub fn of(model: &dyn Model) -> Result<Self> {
        let unknown =
            || Error::invalid("a model", "it is a module of a program's own", "load it in that program");
        let mut net = match model.config().ok_or_else(unknown)? {
            ModelConfig::Mlp(config) => Net::Mlp(Mlp::from_config(config).build()?),
            ModelConfig::Network(config) => Self::of_layers(config, 0, Vec::new())?,
            _ => return Err(unknown()),
        };
        // The layouts of PyTorch are those of the layers.
        for ((_, to), (_, from)) in net.parameters_mut().iter_mut().zip(model.parameters().iter()) {
            to.clone_from(from);
        }
        Ok(net)
    }

    /// The shape of a row of its input.
    pub fn input(&self) -> Vec<usize> {
        match self {
            Net::Mlp(net) => vec![net.inputs()],
            Net::Layers(net) => net.input().to_vec(),
        }
    }

    /// The architecture in a few words: the widths of a perceptron, the names of the layers.
    pub fn summary(&self) -> String {
        let Net::Layers(net) = self else { return self.description() };
        let layers = serde_json::to_value(&net.module().layers).unwrap_or_default();
        let names = layers.as_array().into_iter().flatten().filter_map(|one| one["layer"].as_str());
        format!("{} of {}", names.collect::<Vec<_>>().join(", "), net.input())
    }

    /// Whether its input are indices.
    pub fn takes_indices(&self) -> bool {
        matches!(self, Net::Layers(net) if net.module().layers.takes_indices())
    }

    /// The shape of its output for a row.
    pub fn output(&self) -> Result<Vec<usize>> {
        let output = Forward::record(self, 2)?.1;
        Ok(output.shape()[1..].to_vec())
    }

    /// The outputs for rows: `[rows, …]`.
    pub fn outputs(&self, rows: &Features, count: usize) -> Result<Tensor> {
        let mut forward = Forward::new(self, count.min(ROWS))?;
        let mut all = Vec::new();
        let mut done = 0;
        while done < count {
            let part = ROWS.min(count - done);
            if part != forward.rows {
                forward = Forward::new(self, part)?;
            }
            forward.run(rows, done, &mut all)?;
            done += part;
        }
        Tensor::new([&[count], &forward.output.shape()[1..]].concat(), all)
    }
}

/// A network compiled for a number of rows.
struct Forward {
    plan: Plan<f64>,
    x: Var,
    output: Var,
    rows: usize,
    width: usize,
}

impl Forward {
    fn record(net: &Net, rows: usize) -> Result<(Var, Var)> {
        let (graph, shape) = (Graph::new(), [rows, net.inputs()]);
        let x = if net.takes_indices() { graph.index_input("x", shape) } else { graph.input("x", shape) };
        let output = net.record(&x, Mode::Evaluate).output.checked()?;
        Ok((x, output))
    }

    fn new(net: &Net, rows: usize) -> Result<Self> {
        let (x, output) = Self::record(net, rows)?;
        let plan = Planner::new(x.graph()).fetch(&output).compile()?;
        Ok(Forward { plan, x, output, rows, width: net.inputs() })
    }

    /// Adds the outputs of the rows from `first` on.
    fn run(&mut self, rows: &Features, first: usize, all: &mut Vec<f64>) -> Result<()> {
        let range = first * self.width..(first + self.rows) * self.width;
        match rows {
            Features::Bytes { values, .. } => {
                let numbers: Vec<f64> =
                    values[range].iter().map(|&byte| f64::from(byte) / MAX_PIXEL).collect();
                self.plan.set(&self.x, &numbers)?;
            }
            Features::Reals(matrix) => self.plan.set(&self.x, &matrix.values()[range])?,
            Features::Tokens(windows) => self.plan.set_indices(&self.x, &windows.sequence()[range])?,
            _ => return Err(Error::invalid("rows", "their kind is unknown", "give an array of numbers")),
        }
        self.plan.run()?;
        all.extend_from_slice(self.plan.read(&self.output)?);
        Ok(())
    }
}

impl Model for Net {
    fn parameters(&self) -> &Parameters {
        match self {
            Net::Mlp(net) => net.parameters(),
            Net::Layers(net) => net.parameters(),
        }
    }

    fn parameters_mut(&mut self) -> &mut Parameters {
        match self {
            Net::Mlp(net) => net.parameters_mut(),
            Net::Layers(net) => net.parameters_mut(),
        }
    }

    fn forward(&self, context: &Context, x: &Var) -> Var {
        match self {
            Net::Mlp(net) => net.forward(context, x),
            Net::Layers(net) => net.forward(context, x),
        }
    }

    fn inputs(&self) -> usize {
        match self {
            Net::Mlp(net) => net.inputs(),
            Net::Layers(net) => net.inputs(),
        }
    }

    fn config(&self) -> Option<ModelConfig> {
        match self {
            Net::Mlp(net) => Model::config(net),
            Net::Layers(net) => Model::config(net),
        }
    }

    fn description(&self) -> String {
        match self {
            Net::Mlp(net) => net.description(),
            Net::Layers(net) => net.description(),
        }
    }
}
