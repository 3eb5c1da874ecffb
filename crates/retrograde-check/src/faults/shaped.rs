//! The layer between rows and the images or sequences that a faulty layer takes.

use retrograde_base::{Error, Result};
use retrograde_textbook::{Layer, Tensor};

/// Rows as arrays of one shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shaped {
    shape: &'static [usize],
    /// Whether each row of an image is there twice.
    upsampled: bool,
}

impl Shaped {
    /// To this shape.
    pub const fn new(shape: &'static [usize]) -> Self {
        Shaped { shape, upsampled: false }
    }

    /// With images of half the height, each of whose rows is there twice.
    pub const fn upsampled(self) -> Self {
        Shaped { upsampled: true, ..self }
    }

    /// The numbers of a row.
    pub fn width(&self) -> usize {
        self.shape.iter().product::<usize>() / self.copies()
    }

    fn copies(&self) -> usize {
        if self.upsampled { 2 } else { 1 }
    }

    /// The lengths of a sample as `[outer, copies, inner]`.
    fn parts(&self, rows: usize) -> [usize; 3] {
        let inner = self.shape.last().copied().unwrap_or(1);
        [rows * self.width() / inner, self.copies(), inner]
    }

    /// The arrays of some rows.
    pub fn forward_of(&self, x: &Tensor) -> Result<Tensor> {
        let rows = x.shape().first().copied().unwrap_or(0);
        let [outer, copies, inner] = self.parts(rows);
        let small = reshaped(x, &[outer, 1, inner])?;
        let all = small.broadcast(vec![outer, copies, inner]).expect("an axis of length 1").to_owned();
        reshaped(&all, &[&[rows], self.shape].concat())
    }
}

impl Layer for Shaped {
    fn name(&self) -> &str {
        if self.upsampled { "Upsample" } else { "Reshape" }
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.forward_of(x)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let rows = dout.shape().first().copied().unwrap_or(0);
        let copies = reshaped(dout, &self.parts(rows))?;
        reshaped(&copies.sum_axis(ndarray::Axis(1)), &[rows, self.width()])
    }
}

fn reshaped(values: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let found = values.to_shape(shape).map_err(|_| {
        let problem = format!("the shape is {:?}", values.shape());
        Error::invalid("Reshape", problem, format!("pass as many numbers as {shape:?} has"))
    })?;
    Ok(found.into_owned())
}
