//! The windows that a convolution or a pooling sees (Saito, sections 7.2.3 to 7.2.5).

use retrograde_base::memory::must_fit;
use retrograde_base::{Error, Result};

/// A window that moves over an image: its size, the stride between two positions, and the padding on each side.
///
/// ```
/// use retrograde::textbook::Window;
///
/// // 1 + (H + 2·pad − height) / stride, rounded down; the same for the width.
/// assert_eq!(Window::new(3, 3).stride(2).output([7, 7])?, [3, 3]);
/// assert_eq!(Window::new(5, 5).pad(2).output([28, 28])?, [28, 28]);
/// # Ok::<(), retrograde::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    height: usize,
    width: usize,
    stride: usize,
    pad: usize,
}

impl Window {
    /// A window of this height and width, with the stride 1 and no padding.
    pub fn new(height: usize, width: usize) -> Self {
        Window { height, width, stride: 1, pad: 0 }
    }

    /// With this distance between two positions.
    pub fn stride(self, stride: usize) -> Self {
        Window { stride, ..self }
    }

    /// With so many lines and columns added on each side.
    pub fn pad(self, pad: usize) -> Self {
        Window { pad, ..self }
    }

    /// Its height and width.
    pub(super) fn size(self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// The distance between two positions.
    pub(super) fn distance(self) -> usize {
        self.stride
    }

    /// The padding on each side.
    pub(super) fn padding(self) -> usize {
        self.pad
    }

    /// The number of positions along the height and the width of an image: the size of the output.
    ///
    /// An error for a size or a stride of 0, and for a window that is larger than the padded image.
    // [H, W] → [OH, OW]
    pub fn output(self, image: [usize; 2]) -> Result<[usize; 2]> {
        let along = |size: usize, image: usize| {
            let padded = self.pad.checked_mul(2)?.checked_add(image)?;
            let room = padded.checked_sub(size).filter(|_| size > 0)?;
            (room.checked_div(self.stride)?).checked_add(1)
        };
        along(self.height, image[0]).zip(along(self.width, image[1])).map(|(h, w)| [h, w]).ok_or_else(|| {
            let Window { height, width, stride, pad } = self;
            Error::invalid(
                "window",
                format!("{height} × {width}, stride {stride}, padding {pad}, does not fit an image of {image:?}"),
                "pass a size and a stride of at least 1, and a window that is not larger than the padded image",
            )
        })
    }

    /// [`output`](Self::output), if there is memory for the matrix of all windows of such images.
    // [N, C, H, W] → [OH, OW]
    pub(super) fn expect_room(self, [n, c, h, w]: [usize; 4]) -> Result<[usize; 2]> {
        let output = self.output([h, w])?;
        let factors = [n, c, output[0], output[1], self.height, self.width, size_of::<f64>()];
        let bytes =
            factors.into_iter().try_fold(1, usize::checked_mul).filter(|&bytes| bytes as u64 <= LARGEST);
        let help = "pass fewer or smaller images";
        let bytes = bytes.ok_or_else(|| {
            Error::invalid(
                "im2col",
                format!("the windows of {n} × {c} images are more than a terabyte"),
                help,
            )
        })?;
        must_fit("the matrix of all windows", bytes as u64, help)?;
        Ok(output)
    }
}

/// The most bytes of a matrix of windows: a terabyte. More is a typing error.
const LARGEST: u64 = 1 << 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_do_not_fit_are_errors() {
        for window in [
            Window::new(0, 1),
            Window::new(1, 0),
            Window::new(5, 1),
            Window::new(1, 5),
            Window::new(2, 2).stride(0),
            Window::new(2, 2).pad(usize::MAX / 2),
        ] {
            let message = window.output([4, 4]).unwrap_err().to_string();
            assert!(message.contains("[4, 4]"), "{message}");
        }
        assert_eq!(Window::new(4, 4).stride(usize::MAX).output([4, 5]).unwrap(), [1, 1]);
        let message = Window::new(2, 2).pad(1 << 30).expect_room([1, 1, 4, 4]).unwrap_err().to_string();
        assert!(message.contains("terabyte"), "{message}");
    }
}
