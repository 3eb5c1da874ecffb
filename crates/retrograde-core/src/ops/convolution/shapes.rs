//! The shape rules of convolutions and poolings.

use super::Conv2dOptions;
use crate::graph::{Mismatch, Shape};
use crate::kernel::conv::Geometry;

impl Conv2dOptions {
    /// Checks the options by themselves.
    fn validate(&self) -> Result<(), Mismatch> {
        if self.groups == 0 {
            return Err(Mismatch::new("0 groups", "give at least one group"));
        }
        if self.stride.contains(&0) || self.dilation.contains(&0) {
            let problem = format!("the stride {:?} and the dilation {:?}", self.stride, self.dilation);
            return Err(Mismatch::new(problem, "give strides and dilations of at least 1"));
        }
        Ok(())
    }

    /// The length of a window along an axis; none beyond the address space.
    fn window(&self, axis: usize, kernel: usize) -> Option<usize> {
        (kernel - 1).checked_mul(self.dilation[axis])?.checked_add(1)
    }
}

/// The four axes of images or of a weight.
fn four(shape: &Shape, what: &str, axes: &str) -> Result<[usize; 4], Mismatch> {
    <[usize; 4]>::try_from(&shape[..]).map_err(|_| {
        let problem = format!("{what} {shape} has {} axes, not four", shape.rank());
        Mismatch::new(problem, format!("give {axes}, for example with `reshape`"))
    })
}

/// The four axes of a batch of images.
pub(in crate::ops) fn images(shape: &Shape) -> Result<[usize; 4], Mismatch> {
    four(shape, "the batch of images", "`[images, channels, height, width]`")
}

/// The four axes of a weight.
fn four_of_weight(shape: &Shape) -> Result<[usize; 4], Mismatch> {
    four(shape, "the weight", "`[filters, channels / groups, height, width]`")
}

/// The error for sizes that cannot be computed.
fn too_large(what: &str) -> Mismatch {
    Mismatch::new(format!("{what} is longer than the address space"), "use smaller options")
}

/// The convolution of images `[n, c, h, w]` with a weight `[o, c / groups, kh, kw]`.
pub(super) fn geometry(x: &Shape, weight: &Shape, options: &Conv2dOptions) -> Result<Geometry, Mismatch> {
    options.validate()?;
    let Conv2dOptions { stride, padding, dilation, groups } = *options;
    let [images, channels, height, width] = images(x)?;
    let [filters, channels_of_group, kernel_height, kernel_width] = four_of_weight(weight)?;
    if channels % groups > 0 || filters % groups > 0 {
        return Err(Mismatch::new(
            format!(
                "{channels} channels and {filters} filters, of {x} and {weight}, are not divisible by {groups} groups"
            ),
            "give a number of groups that divides both",
        ));
    }
    if channels_of_group != channels / groups {
        let fitting = Shape::from([filters, channels / groups, kernel_height, kernel_width]);
        return Err(Mismatch::new(
            format!(
                "the images {x} have {channels} channels in {groups} group(s), the weight {weight} is for {channels_of_group}"
            ),
            format!("give a weight {fitting}: `[filters, channels / groups, height, width]`"),
        ));
    }
    let (image, kernel) = ([height, width], [kernel_height, kernel_width]);
    if kernel.contains(&0) {
        return Err(Mismatch::new(
            format!("the weight {weight} has no elements in a window"),
            "give a window of at least 1 × 1",
        ));
    }
    let output = windows(image, padding, stride, |axis| options.window(axis, kernel[axis])).map_err(
        |Mismatch { problem, help }| Mismatch {
            problem: format!("{problem}: images {x}, weight {weight}"),
            help,
        },
    )?;
    Ok(Geometry {
        images,
        groups,
        channels: channels_of_group,
        filters: filters / groups,
        image,
        kernel,
        output,
        stride,
        padding,
        dilation,
    })
}

/// The shape of images of which windows `[kh, kw]` at positions `[oh, ow]` fill the padded images but for
/// `output_padding`.
pub(super) fn transposed(
    y: &Shape,
    weight: &Shape,
    options: &Conv2dOptions,
    output_padding: [usize; 2],
) -> Result<Shape, Mismatch> {
    options.validate()?;
    let ([images, _, height, width], [_, channels, kernel_height, kernel_width]) =
        (images(y)?, four_of_weight(weight)?);
    let (output, kernel) = ([height, width], [kernel_height, kernel_width]);
    let mut image = [0; 2];
    for axis in 0..2 {
        let (name, stride) = (["height", "width"][axis], options.stride[axis]);
        if output_padding[axis] >= stride {
            return Err(Mismatch::new(
                format!("an output padding of {} with the stride {stride}", output_padding[axis]),
                "give an output padding below the stride",
            ));
        }
        let Some(last) = output[axis].checked_sub(1).filter(|_| kernel[axis] > 0) else {
            let problem = format!("images {y} and a weight {weight} have no elements along the {name}");
            return Err(Mismatch::new(problem, format!("give at least one element along the {name}")));
        };
        let padded = || {
            let window = options.window(axis, kernel[axis])?;
            last.checked_mul(stride)?.checked_add(window)?.checked_add(output_padding[axis])
        };
        let padded = padded().ok_or_else(|| too_large("an image"))?;
        image[axis] = options.padding[axis]
            .checked_mul(2)
            .and_then(|zeros| padded.checked_sub(zeros))
            .ok_or_else(|| {
                Mismatch::new(
                    format!(
                        "images {y} become a {name} of {padded}, which is less than twice the padding {}",
                        options.padding[axis]
                    ),
                    format!("give a padding of at most {}", padded / 2),
                )
            })?;
    }
    Ok([images, channels.saturating_mul(options.groups), image[0], image[1]].into())
}

/// The positions of windows in images of this size.
pub(in crate::ops) fn windows(
    image: [usize; 2],
    padding: [usize; 2],
    stride: [usize; 2],
    window: impl Fn(usize) -> Option<usize>,
) -> Result<[usize; 2], Mismatch> {
    let mut output = [0; 2];
    for axis in 0..2 {
        let padded = padding[axis].checked_mul(2).and_then(|zeros| zeros.checked_add(image[axis]));
        let padded = padded.ok_or_else(|| too_large("an image with its padding"))?;
        let window = window(axis).ok_or_else(|| too_large("a window with its dilation"))?;
        let name = ["height", "width"][axis];
        let Some(left) = padded.checked_sub(window) else {
            return Err(Mismatch::new(
                format!(
                    "a window of {name} {window} does not fit into the {name} {padded} of a padded image"
                ),
                format!(
                    "give images of {name} {} at least, more padding, or a smaller window",
                    window.saturating_sub(padded - image[axis])
                ),
            ));
        };
        output[axis] = left / stride[axis] + 1;
    }
    Ok(output)
}
