//! Adapts a whole network to a layer: its input in, the loss out, and all parameters of all layers as its own.
//!
//! The layers run as NumPy code does: each may write into its arguments, and the gradients of the parameters are read at
//! the end of the whole backward pass. The gradients right after each layer's own backward are kept, too.

use std::cell::RefCell;
use std::rc::Rc;

use super::causes::CrossEntropy;
use super::control::guard;
use super::loss_layer::labels_for;
use super::subject::{ClaimedGradients, shown};
use retrograde_base::Result;
use retrograde_textbook::{Labels, Layer, Network, Parameter, SharedParameter, Tensor};

/// The network as a layer.
pub(super) struct NetworkAsLayer<'a> {
    network: &'a mut Network,
    labels: Labels,
    /// The names of the parameters that belong to one layer each, with their gradients after the last backward.
    own: Vec<(String, Option<Tensor>)>,
    /// The arrays that layers share, with the gradient that each of them shows.
    shared: Vec<Shared>,
    /// The last backward pass, layer by layer from the left.
    pub passes: Vec<Pass>,
    /// A loss that replaces the network's own.
    pub loss: Option<CrossEntropy>,
    /// The first layer that forward runs, and the input of each layer at the last call of [`inputs`](Self::inputs).
    from: usize,
    inputs: Vec<Tensor>,
}

/// The upstream gradient of one layer in a backward pass, and its gradients right after its own backward.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    pub dout: Tensor,
    pub claimed: ClaimedGradients,
}

/// An array that several layers hold.
struct Shared {
    value: Rc<RefCell<Tensor>>,
    uses: Vec<(String, Option<Tensor>)>,
}

impl Shared {
    /// The gradient that an update uses: if every layer shows the same array, that array is the sum already; otherwise each
    /// shows the contribution of its own use.
    fn gradient(&self) -> Option<Tensor> {
        let mut shown = self.uses.iter().map(|(_, gradient)| gradient.as_ref());
        let first = shown.next()??;
        let others: Vec<&Tensor> = shown.collect::<Option<_>>()?;
        if others.iter().all(|other| *other == first) {
            return Some(first.clone());
        }
        others
            .iter()
            .all(|other| other.shape() == first.shape())
            .then(|| others.into_iter().fold(first.clone(), |sum, other| sum + other))
    }
}

/// The separator between the names of an array that several layers hold.
pub(super) const SHARED: &str = " = ";

/// How layers show the gradient of an array that they share.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SharedUse {
    /// The parameters, by their full names.
    pub names: Vec<String>,
    /// Whether every layer shows the same gradient.
    pub alike: bool,
}

impl<'a> NetworkAsLayer<'a> {
    pub fn new(network: &'a mut Network, labels: &Labels) -> Self {
        let (mut own, mut shared): (Vec<(String, Option<Tensor>)>, Vec<Shared>) = Default::default();
        for (layer_name, layer) in network.layers_mut() {
            own.extend(layer.parameters().iter().map(|one| (format!("{layer_name}.{}", one.name), None)));
            for one in layer.shared_parameters() {
                let name = format!("{layer_name}.{}", one.name);
                match shared.iter_mut().find(|known| Rc::ptr_eq(&known.value, &one.value)) {
                    Some(known) => known.uses.push((name, None)),
                    None => shared.push(Shared { value: one.value, uses: vec![(name, None)] }),
                }
            }
        }
        let labels = labels.clone();
        NetworkAsLayer {
            network,
            labels,
            own,
            shared,
            passes: Vec::new(),
            loss: None,
            from: 0,
            inputs: Vec::new(),
        }
    }

    /// The network itself.
    pub fn network(&mut self) -> &mut Network {
        self.network
    }

    /// A complete forward: the input of each layer from left to right, and the logits.
    pub fn inputs(&mut self, x: &Tensor) -> Result<&[Tensor]> {
        self.from = 0;
        self.inputs.clear();
        let mut input = x.clone();
        for (name, layer) in self.network.layers_mut() {
            self.inputs.push(input.clone());
            input = guard(name, "forward", || layer.forward_in_place(&mut input))?;
        }
        self.inputs.push(input.clone());
        self.end(input)?;
        Ok(&self.inputs)
    }

    /// The loss of these logits, without penalties.
    pub fn loss(&mut self, logits: &Tensor) -> Result<f64> {
        let labels = labels_for(&self.labels, logits.shape())?;
        let loss = self.network.loss_layer_mut();
        let name = loss.name().to_owned();
        guard(&name, "forward", || loss.forward(logits, &labels))
    }

    /// The outputs of the layers at the last [`run`](Self::run).
    pub fn activations(&self) -> impl Iterator<Item = &Tensor> {
        self.inputs.iter().skip(1)
    }

    /// Runs one forward and one backward pass, layer by layer from the left.
    pub fn run(&mut self, x: &Tensor) -> Result<Vec<Pass>> {
        self.inputs(x)?;
        self.backward(&ndarray::arr0(1.0).into_dyn())?;
        Ok(self.passes.clone())
    }

    /// Makes forward begin at the layer that has the parameter at this position, with that layer's last input; or at the
    /// first layer. Layers before it must not change in between.
    pub fn start_at(&mut self, parameter: Option<usize>) {
        let named = parameter.and_then(|at| self.own.get(at)).map(|(name, _)| name.clone());
        let layer = named.as_deref().and_then(|name| name.split_once('.')).map(|(layer, _)| layer.to_owned());
        self.from = layer
            .and_then(|layer| self.network.layers_mut().position(|(name, _)| name == layer))
            .filter(|at| *at < self.inputs.len())
            .unwrap_or(0);
    }

    /// The arrays that several layers hold.
    pub fn shared_uses(&self) -> Vec<SharedUse> {
        let several = self.shared.iter().filter(|shared| shared.uses.len() > 1);
        let alike = |shared: &Shared| shared.uses.windows(2).all(|pair| pair[0].1 == pair[1].1);
        several
            .map(|shared| SharedUse {
                names: shared.uses.iter().map(|(name, _)| name.clone()).collect(),
                alike: alike(shared),
            })
            .collect()
    }

    /// The parameters whose gradient differs from that right after their layer's backward, each with the layer whose
    /// backward changed it.
    pub fn overwritten(&mut self, x: &Tensor) -> Result<Vec<(String, String)>> {
        self.from = 0;
        self.forward(x)?;
        let mut known: Vec<(String, Option<Tensor>)> = Vec::new();
        let mut found: Vec<(String, String)> = Vec::new();
        let mut dout = self.network.loss_layer_mut().backward(1.0)?;
        let count = self.network.layers_mut().count();
        for position in (0..count).rev() {
            let (name, layer) = self.network.layers_mut().nth(position).expect("a position of a layer");
            let name = name.to_owned();
            dout = layer.backward_in_place(&mut dout)?;
            let mut now: Vec<(String, Option<Tensor>)> = Vec::new();
            for (layer_name, layer) in self.network.layers_mut().skip(position) {
                for one in layer.parameters() {
                    let gradient = one.gradient.map(|gradient| gradient.to_owned());
                    now.push((format!("{layer_name}.{}", one.name), gradient));
                }
            }
            for (parameter, before) in &known {
                let after = now.iter().find(|(other, _)| other == parameter);
                if after.is_some_and(|(_, after)| after != before)
                    && !found.iter().any(|(other, _)| other == parameter)
                {
                    found.push((parameter.clone(), name.clone()));
                }
            }
            known = now;
        }
        Ok(found)
    }
}

impl Layer for NetworkAsLayer<'_> {
    fn name(&self) -> &'static str {
        "network"
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let mut input = if self.from == 0 { x.clone() } else { self.inputs[self.from].clone() };
        for (name, layer) in self.network.layers_mut().skip(self.from) {
            input = guard(name, "forward", || layer.forward_in_place(&mut input))?;
        }
        self.end(input)
    }

    /// The gradients as an update uses them, times `dout`: the loss is the end of the graph, where the upstream gradient is
    /// 1.
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let scale = dout.sum();
        let loss = self.network.loss_layer_mut();
        let name = loss.name().to_owned();
        let mut d = guard(&name, "backward", || loss.backward(1.0))?;
        self.passes.clear();
        for (name, layer) in self.network.layers_mut().rev() {
            let claimed = guard(name, "backward", || {
                let mut claimed = vec![Some(layer.backward_in_place(&mut d.clone())?)];
                claimed.extend(shown(layer));
                Ok(claimed)
            })?;
            let dx = claimed[0].clone().unwrap_or_else(|| d.clone());
            self.passes.push(Pass { dout: std::mem::replace(&mut d, dx), claimed });
        }
        self.passes.reverse();
        let penalized = self.penalty_gradients();
        let mut own = self.own.iter_mut();
        for (layer_name, layer) in self.network.layers_mut() {
            for one in layer.parameters() {
                let (_, kept) = own.next().expect("as many parameters as before");
                *kept = one.gradient.map(|gradient| gradient.to_owned() * scale);
            }
            for one in layer.shared_parameters() {
                let name = format!("{layer_name}.{}", one.name);
                let uses = self.shared.iter_mut().flat_map(|shared| &mut shared.uses);
                if let Some((_, kept)) = uses.into_iter().find(|(known, _)| *known == name) {
                    *kept = one.gradient.map(|gradient| gradient * scale);
                }
            }
        }
        for ((_, kept), penalty) in self.own.iter_mut().zip(penalized) {
            if let (Some(kept), Some(penalty)) = (kept.as_mut(), penalty)
                && kept.shape() == penalty.shape()
            {
                *kept += &(penalty * scale);
            }
        }
        Ok(d * scale)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let mut own = self.own.iter();
        let mut all = Vec::new();
        for (_, layer) in self.network.layers_mut() {
            for one in layer.parameters() {
                let Some((name, gradient)) = own.next() else { return all };
                let gradient = gradient.as_ref().map(|gradient| gradient.view());
                all.push(Parameter { name, value: one.value, gradient });
            }
        }
        all
    }

    fn shared_parameters(&self) -> Vec<SharedParameter> {
        let one = |shared: &Shared| {
            let names: Vec<&str> = shared.uses.iter().map(|(name, _)| name.as_str()).collect();
            SharedParameter::new(names.join(SHARED), &shared.value, shared.gradient().as_ref())
        };
        self.shared.iter().map(one).collect()
    }
}

impl NetworkAsLayer<'_> {
    /// The loss of these logits, with penalties.
    fn end(&mut self, mut logits: Tensor) -> Result<Tensor> {
        let labels = labels_for(&self.labels, logits.shape())?;
        let loss = if let Some(known) = self.loss {
            // The network's own loss must also run, for its state.
            self.loss(&logits)?;
            known.loss(&logits, &labels.to_rows(&logits)?)
        } else {
            let loss = self.network.loss_layer_mut();
            let name = loss.name().to_owned();
            guard(&name, "forward", || loss.forward_in_place(&mut logits, &labels))?
        };
        Ok(ndarray::arr0(loss + self.network.penalty()).into_dyn())
    }

    /// What the parameters add to their own gradients.
    fn penalty_gradients(&mut self) -> Vec<Option<Tensor>> {
        let names: Vec<String> = self.own.iter().map(|(name, _)| name.clone()).collect();
        names.iter().map(|name| self.network.penalty_gradient(name)).collect()
    }
}
