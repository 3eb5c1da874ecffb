//! Kind 7: One weight in two layers: the network's graph of parameters is not a list.

use std::cell::RefCell;
use std::rc::Rc;

use retrograde::Result;
use retrograde::check::{self, Report};
use retrograde::textbook::{Labels, Layer, Network, SharedParameter, SoftmaxWithLoss, Tensor, remembered};

use super::{Own, rows};
use crate::check::support::{Expect, matrix, numbers, tensor};

/// What the two layers show for their one weight.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    /// Each the contribution of its own use.
    Own,
    /// Both the sum.
    Sum,
    /// The state of the last backward: the contribution of the first use, which replaced that of the second.
    Replaced,
}

/// x · w, or x · wᵀ, with a w that others hold too.
struct Shared {
    w: Rc<RefCell<Tensor>>,
    dw: Rc<RefCell<Tensor>>,
    own: Option<Tensor>,
    x: Option<Tensor>,
    transposed: bool,
    shown: Shown,
}

impl Layer for Shared {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.x = Some(x.clone());
        *self.dw.borrow_mut() *= 0.0;
        let w = matrix(&self.w.borrow());
        Ok(if self.transposed { matrix(x).dot(&w.t()) } else { matrix(x).dot(&w) }.into_dyn())
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (x, d) = (matrix(remembered(self.x.as_ref(), "Shared")?), matrix(dout));
        let w = matrix(&self.w.borrow());
        let (dx, own) =
            if self.transposed { (d.dot(&w), d.t().dot(&x)) } else { (d.dot(&w.t()), x.t().dot(&d)) };
        let own = own.into_dyn();
        if self.shown == Shown::Replaced {
            self.dw.replace(own.clone());
        } else {
            *self.dw.borrow_mut() += &own;
        }
        self.own = Some(own);
        Ok(dx.into_dyn())
    }

    fn shared_parameters(&self) -> Vec<SharedParameter> {
        let gradient = if self.shown == Shown::Own {
            self.own.clone()
        } else {
            self.own.as_ref().map(|_| self.dw.borrow().clone())
        };
        vec![SharedParameter { name: "w".into(), value: Rc::clone(&self.w), gradient }]
    }
}

/// x · w → tanh → · w, or · wᵀ → the loss.
fn tied(w: &Tensor, x: &Tensor, labels: &Labels, transposed: bool, shown: Shown) -> Result<Report> {
    let (held, dw) = (Rc::new(RefCell::new(w.clone())), Rc::new(RefCell::new(w * 0.0)));
    let shared = |transposed| Shared {
        w: Rc::clone(&held),
        dw: Rc::clone(&dw),
        own: None,
        x: None,
        transposed,
        shown,
    };
    let tanh = Own::new(vec![], |x, _| x.mapv(f64::tanh), |g| (g.d * &g.y.mapv(|y| 1.0 - y * y), vec![]));
    let mut network =
        Network::new(SoftmaxWithLoss::new()).then(shared(false)).then(tanh).then(shared(transposed));
    check::network(&mut network, x, labels)
}

fn examine(w: &Tensor, x: &Tensor, labels: &Labels, transposed: bool) -> Result<()> {
    let check = |shown| tied(w, x, labels, transposed, shown);
    // What is shown is said: the sum, or each contribution beside its own use. Either is right.
    Expect::right().says(&["one and the same", "the same array"]).of_network(&check(Shown::Sum)?);
    Expect::right().says(&["sum over both uses", "sum of both uses"]).of_network(&check(Shown::Own)?);
    let replaced = check(Shown::Replaced)?;
    assert!(replaced.verdict.is_wrong(), "{replaced}");
    Expect::wrong_at(&["shared1.w", "shared2.w"], &["path missing: the second use", "only the first use"])
        .cause_may_be_unknown()
        .of_whole(&replaced);
    Ok(())
}

#[test]
fn one_weight_in_two_layers() -> Result<()> {
    let (x, labels) = rows();
    examine(&tensor(&[2, 2], &[0.5, -0.3, 0.8, 0.1]), &x, &labels, false)
}

#[test]
fn one_weight_in_two_layers_of_other_widths() -> Result<()> {
    examine(&numbers(&[3, 3], 14), &numbers(&[4, 3], 60), &vec![2, 0, 1, 1].into(), false)?;
    // In and out through one weight, as in an autoencoder.
    examine(&numbers(&[4, 2], 14), &numbers(&[3, 4], 60), &vec![3, 0, 1].into(), true)
}
