//! Layers that write into their arguments, as NumPy allows.

use super::{Fault, Make};
use retrograde_base::Result;
use retrograde_textbook::{Layer, Tensor, remembered};

/// A rectifier that works in place: in `x`, or, as the book's, in `dout`.
struct InPlaceRelu {
    into_x: bool,
    mask: Option<Tensor>,
}

impl Layer for InPlaceRelu {
    fn name(&self) -> &'static str {
        "Relu"
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.forward_in_place(&mut x.clone())
    }

    fn forward_in_place(&mut self, x: &mut Tensor) -> Result<Tensor> {
        let mask = self.mask.insert(x.mapv(|x| f64::from(u8::from(x > 0.0))));
        if self.into_x {
            *x *= &*mask;
        }
        Ok(&*x * &*mask)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        self.backward_in_place(&mut dout.clone())
    }

    fn backward_in_place(&mut self, dout: &mut Tensor) -> Result<Tensor> {
        let mask = remembered(self.mask.as_ref(), "Relu")?;
        let dx = &*dout * mask;
        if !self.into_x {
            dout.assign(&dx);
        }
        Ok(dx)
    }
}

/// Faults of layers that work in place.
pub(super) const ALL: &[Fault] = &[
    Fault {
        name: "relu-writes-dout",
        cause: "dout written into",
        make: Make::Between(|_| Box::new(InPlaceRelu { into_x: false, mask: None })),
    },
    Fault {
        name: "relu-writes-x",
        cause: "x written into",
        make: Make::Between(|_| Box::new(InPlaceRelu { into_x: true, mask: None })),
    },
];
