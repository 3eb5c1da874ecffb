//! Conversion of pictures to the format of MNIST.
//!
//! MNIST's digits are light ink on a dark background, scaled to a box of 20 × 20 with their aspect ratio preserved, with the
//! center of mass in the middle of 28 × 28. A scan or a drawing is dark on light, of any size and position, and a network
//! misclassifies it with confidence. A picture is therefore converted first, and [`PreparedImage`] reports the changes.
//!
//! A picture of the network's size is not scaled; it is only inverted if necessary.
//!
//! Source: <http://yann.lecun.com/exdb/mnist/>, on the normalization of the digits.

use retrograde_base::{Error, Result};
use std::borrow::Cow;

/// The bytes of a pixel, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Channels {
    /// Lightness.
    Gray,
    /// Lightness and opacity.
    GrayAlpha,
    /// Red, green and blue.
    Rgb,
    /// Red, green, blue and opacity.
    Rgba,
}

impl Channels {
    /// The number of bytes of a pixel.
    pub fn count(self) -> usize {
        match self {
            Channels::Gray => 1,
            Channels::GrayAlpha => 2,
            Channels::Rgb => 3,
            Channels::Rgba => 4,
        }
    }
}

/// A picture of up to [`MAX_PIXELS`](Self::MAX_PIXELS) pixels, converted to gray.
///
/// It stores the original bytes and computes the lightness of a pixel on demand, because a real number for each pixel would
/// take several times the memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    rows: usize,
    columns: usize,
    channels: Channels,
    bytes: Vec<u8>,
    /// The lightness of the background of transparent pixels.
    background: f64,
}

/// An image in the format of MNIST, and the changes to the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedImage {
    /// The pixels in row-major order: 0 is background, 255 is ink.
    pub pixels: Vec<u8>,
    /// The size: `[rows, columns]`.
    pub shape: [usize; 2],
    /// Whether it was inverted because its ink was darker than its background.
    pub inverted: bool,
    /// Whether it was cropped to its ink, scaled and centered because it had another size.
    pub scaled: bool,
}

/// The size of the digit's box relative to the image: 20 of 28 pixels.
const BOX: f64 = 20.0 / 28.0;

/// The threshold of ink for its bounding box, relative to the strongest ink.
const INK_THRESHOLD: f64 = 0.25;

/// The least difference in lightness between background and ink.
const MIN_CONTRAST: f64 = 0.05;

impl Picture {
    /// The most pixels of a picture: a large scan, in at most 256 MB.
    pub const MAX_PIXELS: usize = 1 << 26;

    /// The longest side of a picture, in pixels.
    pub const MAX_SIDE: usize = (1 << 16) - 1;

    /// A picture from its bytes in row-major order. Colors are converted to lightness by Rec. 601. Transparent pixels get a
    /// background that contrasts with the ink.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are no pixels, there are too many, or the number of bytes is wrong.
    pub fn new<'a>(
        rows: usize,
        columns: usize,
        channels: Channels,
        bytes: impl Into<Cow<'a, [u8]>>,
    ) -> Result<Self> {
        Self::check_size(rows, columns)?;
        let bytes = bytes.into();
        if rows * columns * channels.count() != bytes.len() {
            let problem = format!("{rows} × {columns} pixels ({channels:?}) in {} bytes", bytes.len());
            return Err(Error::invalid("picture", problem, "give rows · columns · channels bytes"));
        }
        let (ink, opacity) = bytes
            .chunks_exact(channels.count())
            .map(tone)
            .fold((0.0, 0.0), |(ink, sum), (gray, alpha)| (ink + gray * alpha, sum + alpha));
        let background = if ink > 0.5 * opacity { 0.0 } else { 1.0 };
        Ok(Picture { rows, columns, channels, bytes: bytes.into_owned(), background })
    }

    /// Reads a PNG or JPEG file, turned as its EXIF orientation says, with transparent pixels on white.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, [`Error::Format`] if it is neither, damaged or too large.
    #[cfg(feature = "images")]
    pub fn read(path: impl AsRef<std::path::Path>) -> Result<Self> {
        let image = super::image_folder::pixels(path.as_ref())?;
        let (columns, rows) = image.dimensions();
        Self::new(rows as usize, columns as usize, Channels::Rgb, image.into_raw())
    }

    /// Checks the size of a picture, before memory is allocated for its bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are no pixels, there are more than [`MAX_PIXELS`](Self::MAX_PIXELS), or a side is longer
    /// than [`MAX_SIDE`](Self::MAX_SIDE).
    pub fn check_size(rows: usize, columns: usize) -> Result<()> {
        let too_many = rows.checked_mul(columns).is_none_or(|pixels| pixels > Self::MAX_PIXELS);
        let problem = if rows == 0 || columns == 0 {
            format!("{rows} × {columns} has no pixels")
        } else if rows.max(columns) > Self::MAX_SIDE {
            format!("{rows} × {columns} has a side longer than {}", Self::MAX_SIDE)
        } else if too_many {
            format!("{rows} × {columns} is more than {} pixels", Self::MAX_PIXELS)
        } else {
            return Ok(());
        };
        Err(Error::invalid("picture", problem, "crop it to the digit, or scale it down"))
    }

    /// The size: `[rows, columns]`.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// Converts the picture to the format of MNIST with this size: inverts it if the ink is darker than the border, and crops
    /// it to its ink, scales and centers it if it has another size.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it must be scaled and has no ink.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::data::{Channels, Picture};
    ///
    /// // A black bar on white paper.
    /// let mut paper = vec![255; 100 * 60];
    /// for row in 10..90 {
    ///     paper[row * 60 + 25..row * 60 + 35].fill(0);
    /// }
    /// let digit = Picture::new(100, 60, Channels::Gray, &paper)?.prepare([28, 28])?;
    /// assert!(digit.inverted && digit.scaled);
    /// assert_eq!((digit.pixels[14 * 28 + 14], digit.pixels[0]), (255, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn prepare(&self, shape: [usize; 2]) -> Result<PreparedImage> {
        let ground = self.border_median();
        let ends = |(low, high): (f64, f64), x: f64| (low.min(x), high.max(x));
        let lightness = || (0..self.rows * self.columns).map(|position| self.lightness(position));
        let (darkest, lightest) = lightness().fold((ground, ground), ends);
        let inverted = ground - darkest > lightest - ground;
        if shape == self.shape() {
            let byte = |x: f64| (if inverted { 1.0 - x } else { x } * 255.0).round() as u8;
            let pixels = lightness().map(byte).collect();
            return Ok(PreparedImage { pixels, shape, inverted, scaled: false });
        }
        let strongest = (ground - darkest).max(lightest - ground);
        if strongest < MIN_CONTRAST {
            let problem = format!("its {} × {} pixels are all equal", self.rows, self.columns);
            return Err(Error::invalid("picture", problem, "give a picture with a digit"));
        }
        let ink = Ink { picture: self, ground, inverted, strongest };
        Ok(PreparedImage { pixels: ink.centered(shape), shape, inverted, scaled: true })
    }

    /// The lightness of a pixel from 0, black, to 1, white.
    fn lightness(&self, position: usize) -> f64 {
        let count = self.channels.count();
        let (gray, alpha) = tone(&self.bytes[position * count..(position + 1) * count]);
        gray * alpha + self.background * (1.0 - alpha)
    }

    /// The lightness of the background: the median of the border.
    fn border_median(&self) -> f64 {
        let at = |row: usize, column: usize| self.lightness(row * self.columns + column);
        let (last_row, last_column) = (self.rows - 1, self.columns - 1);
        let mut border: Vec<f64> =
            (0..self.columns).flat_map(|column| [at(0, column), at(last_row, column)]).collect();
        border.extend((0..self.rows).flat_map(|row| [at(row, 0), at(row, last_column)]));
        border.sort_by(f64::total_cmp);
        border[border.len() / 2]
    }
}

/// The lightness and the opacity of a pixel, from 0 to 1.
fn tone(pixel: &[u8]) -> (f64, f64) {
    let unit = |byte: u8| f64::from(byte) / 255.0;
    let luma = |red, green, blue| 0.299 * unit(red) + 0.587 * unit(green) + 0.114 * unit(blue);
    match *pixel {
        [gray, alpha] => (unit(gray), unit(alpha)),
        [red, green, blue] => (luma(red, green, blue), 1.0),
        [red, green, blue, alpha] => (luma(red, green, blue), unit(alpha)),
        _ => (unit(pixel[0]), 1.0),
    }
}

/// The strength of ink relative to the background.
struct Ink<'a> {
    picture: &'a Picture,
    ground: f64,
    inverted: bool,
    strongest: f64,
}

impl Ink<'_> {
    /// The strength of ink at a pixel.
    fn at(&self, row: usize, column: usize) -> f64 {
        let lightness = self.picture.lightness(row * self.picture.columns + column);
        let ink = if self.inverted { self.ground - lightness } else { lightness - self.ground };
        ink.max(0.0)
    }

    /// The ink scaled to the box of an image of this size, with its center of mass in the middle.
    fn centered(&self, [rows, columns]: [usize; 2]) -> Vec<u8> {
        let (all_rows, all_columns) = (self.picture.rows, self.picture.columns);
        let strong = |row: usize, column: usize| self.at(row, column) > INK_THRESHOLD * self.strongest;
        let (top, bottom) = span(all_rows, |row| (0..all_columns).any(|column| strong(row, column)));
        let (left, right) = span(all_columns, |column| (0..all_rows).any(|row| strong(row, column)));
        let (height, width) = ((bottom - top) as f64, (right - left) as f64);
        let scale = (rows as f64 * BOX / height).min(columns as f64 * BOX / width);
        let into = |length: f64, most: usize| ((length * scale).round() as usize).clamp(1, most);
        let (box_rows, box_columns) = (into(height, rows), into(width, columns));
        // Each pixel is the mean of the area that it covers, so that thin lines stay visible.
        let (down, across) = (coverage(top, bottom, box_rows), coverage(left, right, box_columns));
        let mut small = vec![0.0; box_rows * box_columns];
        for (position, value) in small.iter_mut().enumerate() {
            for (row, row_weight) in &down[position / box_columns] {
                for (column, column_weight) in &across[position % box_columns] {
                    *value += row_weight * column_weight * self.at(*row, *column) / self.strongest;
                }
            }
        }
        let mass: f64 = small.iter().sum();
        let moment = |weight: &dyn Fn(usize) -> usize| -> f64 {
            small.iter().enumerate().map(|(position, value)| (weight(position) as f64 + 0.5) * value).sum()
        };
        let start = |moment: f64, length: usize, inside: usize| {
            (length as f64 / 2.0 - moment / mass).round().clamp(0.0, (length - inside) as f64) as usize
        };
        let first_row = start(moment(&|position| position / box_columns), rows, box_rows);
        let first_column = start(moment(&|position| position % box_columns), columns, box_columns);
        let mut pixels = vec![0; rows * columns];
        for (row, line) in small.chunks_exact(box_columns).enumerate() {
            let at = (first_row + row) * columns + first_column;
            for (pixel, value) in pixels[at..at + box_columns].iter_mut().zip(line) {
                *pixel = (value * 255.0).round().min(255.0) as u8;
            }
        }
        pixels
    }
}

/// The range from the first to the last position that satisfies `holds`.
fn span(length: usize, holds: impl Fn(usize) -> bool) -> (usize, usize) {
    let first = (0..length).find(|position| holds(*position)).unwrap_or(0);
    let last = (first..length).rev().find(|position| holds(*position)).unwrap_or(length - 1);
    (first, last + 1)
}

/// For each of `count` equal parts of `from..to`: the positions that it covers, with their weights.
fn coverage(from: usize, to: usize, count: usize) -> Vec<Vec<(usize, f64)>> {
    let width = (to - from) as f64 / count as f64;
    (0..count)
        .map(|part| {
            let (start, end) = (part as f64 * width, (part + 1) as f64 * width);
            (start.floor() as usize..(end.ceil() as usize).min(to - from))
                .map(|position| {
                    let covered = end.min((position + 1) as f64) - start.max(position as f64);
                    (from + position, covered.max(0.0) / width)
                })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;

    /// A picture with a disc of ink.
    fn disc(rows: usize, columns: usize, center: [f64; 2], radius: f64, ground: u8, ink: u8) -> Picture {
        let bytes: Vec<u8> = (0..rows * columns)
            .map(|position| {
                let (row, column) = ((position / columns) as f64 + 0.5, (position % columns) as f64 + 0.5);
                if (row - center[0]).hypot(column - center[1]) < radius { ink } else { ground }
            })
            .collect();
        Picture::new(rows, columns, Channels::Gray, &bytes).unwrap()
    }

    fn center_of_mass(image: &PreparedImage) -> [f64; 2] {
        let columns = image.shape[1];
        let (mut mass, mut moments) = (0.0, [0.0; 2]);
        for (position, value) in image.pixels.iter().enumerate() {
            mass += f64::from(*value);
            moments[0] += f64::from(*value) * ((position / columns) as f64 + 0.5);
            moments[1] += f64::from(*value) * ((position % columns) as f64 + 0.5);
        }
        moments.map(|moment| moment / mass)
    }

    #[test]
    fn a_digit_of_mnist_does_not_change() {
        let digits = Dataset::embedded().unwrap();
        for index in 0..digits.test().len() {
            let image = digits.test().image(index).unwrap();
            let prepared = Picture::new(28, 28, Channels::Gray, image).unwrap().prepare([28, 28]).unwrap();
            assert_eq!(prepared.pixels, image);
            assert!(!prepared.inverted && !prepared.scaled);
            // Its negative is inverted.
            let negative: Vec<u8> = image.iter().map(|byte| 255 - byte).collect();
            let prepared =
                Picture::new(28, 28, Channels::Gray, &negative).unwrap().prepare([28, 28]).unwrap();
            assert_eq!(prepared.pixels, image);
            assert!(prepared.inverted);
        }
    }

    #[test]
    fn ink_is_scaled_to_the_box_and_centered() {
        for (rows, columns, radius, ground, ink) in [
            (200, 300, 30.0, 250, 10),
            (64, 40, 9.0, 0, 255),
            (1000, 900, 350.0, 90, 30),
            (24, 18, 6.0, 40, 90),
        ] {
            let picture =
                disc(rows, columns, [rows as f64 * 0.45, columns as f64 * 0.55], radius, ground, ink);
            let image = picture.prepare([28, 28]).unwrap();
            assert!(image.scaled);
            // A disc with a diameter of 20 pixels in the middle; its edge is at most one pixel off.
            for position in center_of_mass(&image) {
                assert!((position - 14.0).abs() <= 0.5, "{rows} × {columns}: center of mass at {position}");
            }
            let inked = image.pixels.iter().filter(|value| **value > 127).count() as f64;
            assert!(
                (inked / (std::f64::consts::PI * 100.0) - 1.0).abs() < 0.2,
                "{rows} × {columns}: {inked}"
            );
            assert_eq!((image.pixels[14 * 28 + 14], image.pixels[0]), (255, 0));
        }
    }

    #[test]
    fn the_aspect_ratio_is_preserved_and_ink_stays_inside() {
        // A long flat stroke, heavy at one end: centering its mass would move it over the edge.
        let mut bytes = vec![255_u8; 50 * 400];
        for row in 20..30 {
            bytes[row * 400 + 10..row * 400 + 390].fill(200);
            bytes[row * 400 + 10..row * 400 + 30].fill(0);
        }
        let image = Picture::new(50, 400, Channels::Gray, &bytes).unwrap().prepare([28, 28]).unwrap();
        let inked: Vec<usize> = (0..784).filter(|position| image.pixels[*position] > 0).collect();
        let rows: std::collections::BTreeSet<usize> = inked.iter().map(|position| position / 28).collect();
        assert!(rows.len() <= 10 && !inked.is_empty(), "{rows:?}");
    }

    #[test]
    fn color_and_opacity_become_ink() {
        let prepare = |channels: Channels, ground: &[u8], ink: &[u8]| {
            let bytes: Vec<u8> = (0..9)
                .flat_map(|position| if position == 4 { ink.to_vec() } else { ground.to_vec() })
                .collect();
            Picture::new(3, 3, channels, &bytes).unwrap().prepare([3, 3]).unwrap()
        };
        let middle = |prepared: &PreparedImage| (prepared.pixels[4], prepared.pixels[0], prepared.inverted);
        assert_eq!(middle(&prepare(Channels::Rgb, &[255, 255, 255], &[0, 0, 0])), (255, 0, true));
        // Rec. 601: pure green has the lightness 0.587, and 0.587 · 255 = 149.7.
        assert_eq!(middle(&prepare(Channels::Rgb, &[0, 0, 0], &[0, 255, 0])), (150, 0, false));
        // Black and white ink on a transparent background.
        assert_eq!(middle(&prepare(Channels::Rgba, &[0, 0, 0, 0], &[0, 0, 0, 255])), (255, 0, true));
        assert_eq!(middle(&prepare(Channels::GrayAlpha, &[0, 0], &[255, 255])), (255, 0, false));
    }

    #[test]
    fn pictures_without_ink_or_bytes_are_errors() {
        let blank = Picture::new(40, 40, Channels::Gray, vec![200; 1600]).unwrap();
        let error = blank.prepare([28, 28]).unwrap_err().to_string();
        assert!(error.contains("40 × 40") && error.contains("all equal"), "{error}");
        assert!(blank.prepare([40, 40]).is_ok());
        for (rows, columns, bytes) in [(0, 0, 0), (2, 2, 3), (usize::MAX, 2, 4)] {
            let error = Picture::new(rows, columns, Channels::Gray, vec![0; bytes]).unwrap_err();
            assert!(matches!(error, Error::Invalid { .. }), "{error}");
        }
        for (rows, columns, words) in [
            (8193, 8192, "more than 67108864 pixels"),
            (1, 65_536, "longer than 65535"),
            (65_536, 1, "longer than 65535"),
            (0, 3, "has no pixels"),
        ] {
            let error = Picture::check_size(rows, columns).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        for (rows, columns) in [(8192, 8192), (1, 65_535), (65_535, 1024)] {
            Picture::check_size(rows, columns).unwrap();
        }
        // A single pixel is a valid picture, without ink.
        assert!(Picture::new(1, 1, Channels::Rgb, &[1, 2, 3]).unwrap().prepare([28, 28]).is_err());
    }
}
