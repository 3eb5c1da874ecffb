//! Images as a matrix of windows, and back (Saito, section 7.4.2 and the code of `common/util.py`).

use ndarray::{Array2, Array4, ArrayView4, CowArray, Ix6, s};

use super::Window;
use retrograde_base::{Error, Result};

/// The numbers below each position of a window, as one row of a matrix.
///
/// ```text
/// x [N, C, H, W] → col [N·OH·OW, C·FH·FW]
/// col[(n, i, j), (c, y, x)] = padded[n, c, i·stride + y, j·stride + x]
/// ```
///
/// With it a convolution is one matrix product. The padding is 0.
///
/// ```
/// use ndarray::{Array, arr2};
/// use retrograde::textbook::{Window, im2col};
///
/// let x = Array::range(0.0, 9.0, 1.0).into_shape_with_order((1, 1, 3, 3))?;
/// let col = im2col(&x, Window::new(2, 2))?;
/// assert_eq!(col, arr2(&[[0., 1., 3., 4.], [1., 2., 4., 5.], [3., 4., 6., 7.], [4., 5., 7., 8.]]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// An error for a window that does not fit ([`Window::output`]), and if the matrix does not fit into the memory.
pub fn im2col(x: &Array4<f64>, window: Window) -> Result<Array2<f64>> {
    im2col_padded(&x.view(), window, 0.0)
}

/// [`im2col`] with another number in the padding.
pub(super) fn im2col_padded(x: &ArrayView4<'_, f64>, window: Window, padding: f64) -> Result<Array2<f64>> {
    let (n, c, h, w) = x.dim();
    let [oh, ow] = window.expect_room([n, c, h, w])?;
    let ([fh, fw], pad) = (window.size(), window.padding());
    let mut padded = Array4::from_elem((n, c, h + 2 * pad, w + 2 * pad), padding);
    padded.slice_mut(s![.., .., pad..pad + h, pad..pad + w]).assign(x);

    let mut col = ndarray::Array6::zeros((n, oh, ow, c, fh, fw));
    for y in 0..fh {
        for x in 0..fw {
            let below = every(&mut padded, window, [y, x], [oh, ow]);
            col.slice_mut(s![.., .., .., .., y, x]).assign(&below.permuted_axes([0, 2, 3, 1]));
        }
    }
    Ok(col
        .into_shape_with_order((n * oh * ow, c * fh * fw))
        .expect("a new array is in the order of its axes"))
}

/// The sum of all windows, each at its position: the transposed map of [`im2col`], which is what `backward` needs.
///
/// ```text
/// col [N·OH·OW, C·FH·FW] → x [N, C, H, W]
/// x[n, c, h, w] = Σ of col[(n, i, j), (c, y, x)] with i·stride + y − pad = h and j·stride + x − pad = w
/// ```
///
/// Windows overlap: a number of the image gets one contribution from each window that has it. `=` in place of `+=` would keep the last
/// one alone. What lies in the padding is dropped.
///
/// An error for a window that does not fit, and for a matrix of another shape.
// col: [N·OH·OW, C·FH·FW] → [N, C, H, W]
pub fn col2im(col: &Array2<f64>, shape: [usize; 4], window: Window) -> Result<Array4<f64>> {
    let [n, c, h, w] = shape;
    let [oh, ow] = window.expect_room(shape)?;
    let ([fh, fw], pad) = (window.size(), window.padding());
    let expected = [n * oh * ow, c * fh * fw];
    if col.shape() != expected {
        return Err(Error::invalid(
            "col2im",
            format!(
                "the matrix has shape {:?}, the windows of images of shape {shape:?} have {expected:?}",
                col.shape()
            ),
            "pass the shape of the images and the window of im2col",
        ));
    }
    let col = windows(col, [n, oh, ow, c, fh, fw]);
    let mut padded = Array4::zeros((n, c, h + 2 * pad, w + 2 * pad));
    for y in 0..fh {
        for x in 0..fw {
            let mut below = every(&mut padded, window, [y, x], [oh, ow]);
            below += &col.slice(s![.., .., .., .., y, x]).permuted_axes([0, 3, 1, 2]);
        }
    }
    Ok(padded.slice(s![.., .., pad..pad + h, pad..pad + w]).to_owned())
}

/// The matrix of windows with an axis for each of its indices.
fn windows(col: &Array2<f64>, shape: [usize; 6]) -> CowArray<'_, f64, Ix6> {
    col.to_shape(shape).expect("`col2im` has compared the shapes")
}

/// The numbers of the padded images below one place of the window, at all its positions: `[N, C, OH, OW]`.
fn every(
    padded: &mut Array4<f64>,
    window: Window,
    [y, x]: [usize; 2],
    [oh, ow]: [usize; 2],
) -> ndarray::ArrayViewMut4<'_, f64> {
    // With a single position the stride is of no consequence, and may be larger than the image.
    let stride = |count: usize| if count == 1 { 1 } else { window.distance() };
    let end = |start: usize, count: usize| start + (count - 1) * stride(count) + 1;
    let (rows, columns) = (stride(oh), stride(ow));
    padded.slice_mut(s![.., .., y..end(y, oh);rows, x..end(x, ow);columns])
}

#[cfg(test)]
mod tests {
    use ndarray::Array;

    use super::*;

    fn numbers(shape: [usize; 4]) -> Array4<f64> {
        let count = shape.iter().product::<usize>();
        Array::from_iter((0..count).map(|i| (1.3 * i as f64).sin())).into_shape_with_order(shape).unwrap()
    }

    fn cases() -> [([usize; 4], Window); 6] {
        [
            ([2, 3, 5, 4], Window::new(3, 2)),
            ([1, 2, 6, 7], Window::new(2, 3).stride(2).pad(1)),
            ([3, 1, 4, 4], Window::new(4, 4).stride(3)),
            ([1, 1, 2, 3], Window::new(3, 3).stride(2).pad(3)),
            ([2, 2, 3, 3], Window::new(1, 1).stride(4)),
            ([0, 2, 3, 3], Window::new(2, 2)),
        ]
    }

    /// Index by index, from the formula of the documentation.
    #[test]
    fn each_row_is_a_window() -> Result<()> {
        for (shape, window) in cases() {
            let x = numbers(shape);
            let [n, c, h, w] = shape;
            let [oh, ow] = window.output([h, w])?;
            let ([fh, fw], pad) = (window.size(), window.padding());
            let col = im2col(&x, window)?;
            assert_eq!(col.shape(), [n * oh * ow, c * fh * fw]);
            let inside = |at: usize, size: usize| at.checked_sub(pad).filter(|&at| at < size);
            for ((row, column), &found) in col.indexed_iter() {
                let (n, i, j) = (row / (oh * ow), row / ow % oh, row % ow);
                let (c, y, z) = (column / (fh * fw), column / fw % fh, column % fw);
                let at = inside(i * window.distance() + y, h).zip(inside(j * window.distance() + z, w));
                assert_eq!(found, at.map_or(0.0, |(h, w)| x[[n, c, h, w]]), "{shape:?} {window:?}");
            }
        }
        Ok(())
    }

    /// ⟨im2col(x), v⟩ = ⟨x, col2im(v)⟩ for all x and v.
    #[test]
    fn col2im_is_the_transpose_of_im2col() -> Result<()> {
        for (shape, window) in cases() {
            let x = numbers(shape);
            let col = im2col(&x, window)?;
            let v = Array2::from_shape_fn(col.dim(), |(i, j)| (0.7 * i as f64 + 1.9 * j as f64).cos());
            let back = col2im(&v, shape, window)?;
            assert_eq!(back.shape(), shape);
            let (left, right) = ((&col * &v).sum(), (&x * &back).sum());
            // Sums of some hundred products of numbers up to 1.
            assert!((left - right).abs() <= 1e-12, "{shape:?} {window:?}: {left}, {right}");
        }
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        let x = numbers([1, 1, 3, 3]);
        assert!(im2col(&x, Window::new(4, 4)).is_err());
        assert!(im2col(&x, Window::new(2, 2).pad(1 << 40)).is_err());
        let message =
            col2im(&Array2::zeros((4, 3)), [1, 1, 3, 3], Window::new(2, 2)).unwrap_err().to_string();
        assert!(message.contains("[4, 3]") && message.contains("[4, 4]"), "{message}");
    }
}
