//! A convolution of a user's own in a recorded graph: its cause is that of the same mistake in a layer.

use retrograde::check::{Cause, GraphCheck};
use retrograde::graph::{Mismatch, Operation, Type, VjpContext};
use retrograde::kernel::{Call, Form, Real, Rows, RowsKernel};
use retrograde::ops::Conv2dOptions;
use retrograde::{Graph, Result, Tensor, Var};
use std::sync::Arc;

/// Channels, height and width of the images; filters; height and width of the window. The stride is 1.
const IMAGE: [usize; 3] = [2, 4, 5];
const FILTERS: usize = 3;
const WINDOW: [usize; 2] = [2, 2];

#[derive(Debug)]
struct OwnConvolution {
    flips: bool,
}

impl Operation for OwnConvolution {
    fn name(&self) -> &'static str {
        "own_convolution"
    }

    fn infer(&self, inputs: &[Type]) -> std::result::Result<Type, Mismatch> {
        let [height, width] = [IMAGE[1] + 1 - WINDOW[0], IMAGE[2] + 1 - WINDOW[1]];
        Ok(Type::real([inputs[0].shape[0], FILTERS, height, width]))
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self)
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (x, w, g) = (context.input(0), context.input(1), context.upstream());
        let mut handed = w.clone();
        if self.flips {
            // The places of the window in the reverse order.
            let places = WINDOW[0] * WINDOW[1];
            let order = Tensor::from_fn([places, places], |at| {
                f64::from(u8::from(at / places + at % places == places - 1))
            });
            let order = x.graph().constant(order.expect("a matrix"));
            handed = w.reshape([FILTERS * IMAGE[0], places]).matmul(&order).reshape(w.shape());
        }
        let dx = g.conv_transpose2d(&handed, Conv2dOptions::default(), [0, 0]);
        // dw[f, c] is the convolution of the images of channel c with the gradients of filter f, over the samples.
        let swapped = x.transpose([1, 0, 2, 3]);
        let dw = swapped.conv2d(&g.transpose([1, 0, 2, 3]), Conv2dOptions::default());
        vec![Some(dx), Some(dw.transpose([1, 0, 2, 3]))]
    }
}

impl RowsKernel for OwnConvolution {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        1
    }
}

impl<T: Real> Rows<T> for OwnConvolution {
    fn evaluate(&self, call: Call<'_, T>) {
        let ([c, h, w], [fh, fw]) = (IMAGE, WINDOW);
        let (oh, ow) = (h + 1 - fh, w + 1 - fw);
        let (x, filters) = (call.inputs.get(0).real(), call.inputs.get(1).real());
        for (at, out) in call.output.real().iter_mut().enumerate() {
            let (j, i, f, n) = (at % ow, at / ow % oh, at / (ow * oh) % FILTERS, at / (ow * oh * FILTERS));
            let mut sum = T::of(0.0);
            for place in 0..c * fh * fw {
                let (b, a, channel) = (place % fw, place / fw % fh, place / (fw * fh));
                sum += filters[f * c * fh * fw + place] * x[((n * c + channel) * h + i + a) * w + j + b];
            }
            *out = sum;
        }
    }
}

fn loss(flips: bool) -> Result<Var> {
    let graph = Graph::new();
    let numbers = |phase: f64| move |at: usize| (phase + 1.7 * at as f64).sin();
    let x = graph.parameter("images", Tensor::from_fn([2, IMAGE[0], IMAGE[1], IMAGE[2]], numbers(0.3))?);
    let shape = [FILTERS, IMAGE[0], WINDOW[0], WINDOW[1]];
    let w = graph.parameter("filters", Tensor::from_fn(shape, numbers(0.9))?);
    let out = graph.apply(OwnConvolution { flips }, &[&x, &w]);
    Ok((&out * &out).sum_all().named("loss"))
}

#[test]
fn a_convolution_with_the_gradient_of_a_flipped_kernel_is_named() -> Result<()> {
    let right = GraphCheck::new(&loss(false)?).run()?;
    assert!(!right.verdict.is_wrong(), "{right}");
    let report = GraphCheck::new(&loss(true)?).run()?;
    assert!(report.verdict.is_wrong(), "{report}");
    let misplaced =
        |cause: &Cause| matches!(cause, Cause::WindowsMisplaced { kind, .. } if kind == "convolution");
    assert!(report.causes().any(misplaced), "{report}");
    Ok(())
}
