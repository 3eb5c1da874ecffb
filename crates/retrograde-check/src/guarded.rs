//! Calls a user's layer: a panic becomes an error, and it gets copies of its arguments, so that writes into them are
//! detected.

use super::comparison::index_of;
use super::control::guard;
use super::message::text;
use super::numbers::nth;
use super::{Cause, Evidence, Finding, Severity, Verdict};
use retrograde_base::Result;
use retrograde_textbook::{Layer, Parameter, SharedParameter, Tensor};

/// The layer behind the guard.
pub(super) struct Guarded<'layer> {
    layer: &'layer mut dyn Layer,
    /// The first write into `x` and into `dout`.
    written: [Option<Written>; 2],
}

/// A write into an argument: the index, the old value and the new one.
#[derive(Debug, Clone)]
struct Written {
    index: Vec<usize>,
    before: f64,
    after: f64,
}

impl<'layer> Guarded<'layer> {
    pub fn new(layer: &'layer mut dyn Layer) -> Self {
        Guarded { layer, written: [None, None] }
    }

    /// The findings about writes into arguments.
    pub fn findings(&self, name: &str) -> Vec<Finding> {
        let all = self.written.iter().zip([("x", "forward"), ("dout", "backward")]);
        all.filter_map(|(written, (what, call))| Some(written_into(written.as_ref()?, name, what, call)))
            .collect()
    }

    /// Calls with a copy, and compares it afterwards.
    fn with_copy(
        &mut self,
        which: usize,
        given: &Tensor,
        call: impl FnOnce(&mut dyn Layer, &mut Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let mut own = given.clone();
        let answer = call(self.layer, &mut own);
        if self.written[which].is_none() {
            let changed = |(a, b): (&f64, &f64)| a.to_bits() != b.to_bits();
            self.written[which] = if own.shape() == given.shape() {
                given.iter().zip(&own).position(changed).map(|at| Written {
                    index: index_of(at, given.shape()),
                    before: nth(given, at),
                    after: nth(&own, at),
                })
            } else {
                Some(Written { index: Vec::new(), before: given.len() as f64, after: own.len() as f64 })
            };
        }
        answer
    }
}

fn written_into(written: &Written, name: &str, what: &str, call: &str) -> Finding {
    let block = if what == "x" { vec!["x".to_owned()] } else { Vec::new() };
    let cause = Cause::WrittenInto { what: what.to_owned() };
    let mut found = Finding::new(Severity::Remark, Verdict::Right, name, block, cause.message());
    found.evidence.push(Evidence::stating(text!(
        if written.index.is_empty() { "written_into-size" } else { "written_into-value" },
        what,
        call,
        index = written.index.as_slice(),
        before = written.before.to_string(),
        after = written.after.to_string()
    )));
    found.of(cause)
}

impl Layer for Guarded<'_> {
    fn name(&self) -> &str {
        self.layer.name()
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let name = self.layer.name().to_owned();
        self.with_copy(0, x, |layer, x| guard(&name, "forward", || layer.forward_in_place(x)))
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let name = self.layer.name().to_owned();
        self.with_copy(1, dout, |layer, dout| guard(&name, "backward", || layer.backward_in_place(dout)))
    }

    fn backward_in_place(&mut self, dout: &mut Tensor) -> Result<Tensor> {
        let name = self.layer.name().to_owned();
        guard(&name, "backward", || self.layer.backward_in_place(dout))
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.layer.parameters()
    }

    fn shared_parameters(&self) -> Vec<SharedParameter> {
        self.layer.shared_parameters()
    }
}
