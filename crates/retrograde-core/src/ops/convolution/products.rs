//! The single products of which a convolution is the sum.

use super::Role;
use crate::kernel::conv::Geometry;
use std::ops::Range;

/// Calls `visit` with the products in which one element of the tensor with this role takes part: the elements of the
/// images, of the weight and of the output, in row-major order of each.
pub(super) fn products_of(
    geometry: &Geometry,
    role: Role,
    element: usize,
    mut visit: impl FnMut([usize; 3]),
) {
    let &Geometry { images, groups, channels, filters, image, kernel, output, .. } = geometry;
    let shape: [usize; 4] = super::shape(geometry, role)[..].try_into().unwrap_or_default();
    let [first, second, line, column] = indices(shape, element);
    // The images, filters and channels that take part; filters and channels are counted through all groups.
    let (mut of_images, mut of_filters, mut of_channels) =
        (0..images, 0..groups * filters, 0..groups * channels);
    match role {
        Role::Images => (of_images, of_channels) = (one(first), one(second)),
        Role::Weight => {
            of_filters = one(first);
            of_channels = one(first / filters * channels + second);
        }
        Role::Output => (of_images, of_filters) = (one(first), one(second)),
    }
    let [lines, columns] = [0, 1].map(|axis| steps(geometry, axis, role, [line, column][axis]));
    for n in of_images {
        for o in of_filters.clone() {
            let group = o / filters * channels..(o / filters + 1) * channels;
            for c in of_channels.clone().filter(|c| group.contains(c)) {
                for &[y, i, p] in &lines {
                    for &[x, j, q] in &columns {
                        visit([
                            ((n * groups * channels + c) * image[0] + y) * image[1] + x,
                            ((o * channels + c % channels) * kernel[0] + i) * kernel[1] + j,
                            ((n * groups * filters + o) * output[0] + p) * output[1] + q,
                        ]);
                    }
                }
            }
        }
    }
}

fn one(index: usize) -> Range<usize> {
    index..index + 1
}

/// The indices of an element.
fn indices(shape: [usize; 4], element: usize) -> [usize; 4] {
    let mut rest = element;
    let mut indices = shape.map(|_| 0);
    for (index, length) in indices.iter_mut().zip(shape).rev() {
        (*index, rest) = (rest % length, rest / length);
    }
    indices
}

/// Along an axis, the elements of the image, the places of the kernel and the positions of the output that meet,
/// where the one of the tensor with this role is `fixed`.
fn steps(geometry: &Geometry, axis: usize, role: Role, fixed: usize) -> Vec<[usize; 3]> {
    let of = |axis_of: Role, length: usize| if role == axis_of { one(fixed) } else { 0..length };
    let places = of(Role::Weight, geometry.kernel[axis]);
    let positions = of(Role::Output, geometry.output[axis]);
    let meets = |place: usize, position: usize| {
        let padded = position * geometry.stride[axis] + place * geometry.dilation[axis];
        let element = padded.checked_sub(geometry.padding[axis])?;
        let is_met = element < geometry.image[axis] && (role != Role::Images || element == fixed);
        is_met.then_some([element, place, position])
    };
    places.flat_map(|i| positions.clone().filter_map(move |p| meets(i, p))).collect()
}
