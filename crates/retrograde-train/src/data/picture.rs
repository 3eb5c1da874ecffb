//! A picture from outside, made into what a network trained on MNIST knows.
//!
//! MNIST's digits are light ink on a dark ground, scaled into a box of 20 × 20 with their proportions kept and placed
//! with their centre of mass in the middle of 28 × 28. A scan or a drawing is none of this: it is dark on light, of any
//! size, somewhere on the sheet. A network that is shown it as it is answers nonsense, with confidence. So a picture
//! is brought into that form first, and [`Prepared`] says what was done.
//!
//! A picture that already has the network's size is taken pixel by pixel; at most it is inverted.
//!
//! Source: <http://yann.lecun.com/exdb/mnist/>, on how the digits were normalised.

use retrograde_base::{Error, Result};
use std::borrow::Cow;

/// What the bytes of a pixel are, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// Lightness.
    Grey,
    /// Lightness and opacity.
    GreyAlpha,
    /// Red, green and blue.
    Rgb,
    /// Red, green, blue and opacity.
    Rgba,
}

impl Channels {
    /// How many bytes a pixel has.
    pub fn count(self) -> usize {
        match self {
            Channels::Grey => 1,
            Channels::GreyAlpha => 2,
            Channels::Rgb => 3,
            Channels::Rgba => 4,
        }
    }
}

/// A picture of any size up to [`MOST_PIXELS`](Self::MOST_PIXELS), seen in grey.
///
/// It keeps the bytes it was made of, and computes the lightness of a pixel where it is asked for: a real number a pixel
/// would take several times the memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    rows: usize,
    columns: usize,
    channels: Channels,
    bytes: Vec<u8>,
    /// The lightness of the ground that transparent places show.
    behind: f64,
}

/// A picture in the form of MNIST, and what was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The pixels, row by row: 0 is ground, 255 is ink.
    pub pixels: Vec<u8>,
    /// Their size: `[rows, columns]`.
    pub shape: [usize; 2],
    /// Whether its ink was darker than its ground, so that it has been inverted.
    pub inverted: bool,
    /// Whether it had another size, and was cropped to its ink, scaled and centred.
    pub scaled: bool,
}

/// The share of MNIST's image that the digit's box takes: 20 of 28 pixels.
const BOX: f64 = 20.0 / 28.0;

/// What is darker than this share of the strongest ink counts as ground where the ink's box is looked for.
const FAINT: f64 = 0.25;

/// The least difference in lightness between ground and ink that is no noise.
const LEAST_CONTRAST: f64 = 0.05;

impl Picture {
    /// The most pixels of a picture: those of a large scan, in 256 MB at most.
    pub const MOST_PIXELS: usize = 1 << 26;

    /// The longest side of a picture, in pixels.
    pub const LONGEST_SIDE: usize = (1 << 16) - 1;

    /// A picture of so many rows and columns, from its bytes row by row. Colours become lightness as the eye weighs
    /// them (Rec. 601). What is transparent shows a ground from which the ink stands out.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no pixel, there are too many, or the bytes are not as many as the pixels have.
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
            return Err(Error::invalid("a picture", problem, "give rows · columns · channels bytes"));
        }
        let (ink, opacity) = bytes
            .chunks_exact(channels.count())
            .map(tone)
            .fold((0.0, 0.0), |(ink, sum), (grey, alpha)| (ink + grey * alpha, sum + alpha));
        let behind = if ink > 0.5 * opacity { 0.0 } else { 1.0 };
        Ok(Picture { rows, columns, channels, bytes: bytes.into_owned(), behind })
    }

    /// Errors when a picture of this size would be refused. It can be asked before memory is taken for the bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no pixel, there are more than [`MOST_PIXELS`](Self::MOST_PIXELS), or a side is longer
    /// than [`LONGEST_SIDE`](Self::LONGEST_SIDE).
    pub fn check_size(rows: usize, columns: usize) -> Result<()> {
        let too_many = rows.checked_mul(columns).is_none_or(|pixels| pixels > Self::MOST_PIXELS);
        let problem = if rows == 0 || columns == 0 {
            format!("{rows} × {columns} pixels are none")
        } else if rows.max(columns) > Self::LONGEST_SIDE {
            format!("{rows} × {columns} pixels: a side is longer than {}", Self::LONGEST_SIDE)
        } else if too_many {
            format!("{rows} × {columns} pixels are more than {}", Self::MOST_PIXELS)
        } else {
            return Ok(());
        };
        Err(Error::invalid("a picture", problem, "crop it to the digit, or scale it down"))
    }

    /// Its size: `[rows, columns]`.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// The picture in the form of MNIST, of this size: inverted if the ink is darker than the border, and if it has another size,
    /// cropped to its ink, scaled and centred.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it has to be scaled and there is no ink on it.
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
    /// let digit = Picture::new(100, 60, Channels::Grey, &paper)?.prepare([28, 28])?;
    /// assert!(digit.inverted && digit.scaled);
    /// assert_eq!((digit.pixels[14 * 28 + 14], digit.pixels[0]), (255, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn prepare(&self, shape: [usize; 2]) -> Result<Prepared> {
        let ground = self.ground();
        let ends = |(low, high): (f64, f64), x: f64| (low.min(x), high.max(x));
        let lightness = || (0..self.rows * self.columns).map(|place| self.lightness(place));
        let (darkest, lightest) = lightness().fold((ground, ground), ends);
        let inverted = ground - darkest > lightest - ground;
        if shape == self.shape() {
            let byte = |x: f64| (if inverted { 1.0 - x } else { x } * 255.0).round() as u8;
            let pixels = lightness().map(byte).collect();
            return Ok(Prepared { pixels, shape, inverted, scaled: false });
        }
        let strongest = (ground - darkest).max(lightest - ground);
        if strongest < LEAST_CONTRAST {
            let problem = format!("its {} × {} pixels are all alike", self.rows, self.columns);
            return Err(Error::invalid("a picture", problem, "give one with a digit on it"));
        }
        let ink = Ink { picture: self, ground, inverted, strongest };
        Ok(Prepared { pixels: ink.centred(shape), shape, inverted, scaled: true })
    }

    /// The lightness of a pixel from 0, black, to 1, white.
    fn lightness(&self, place: usize) -> f64 {
        let count = self.channels.count();
        let (grey, alpha) = tone(&self.bytes[place * count..(place + 1) * count]);
        grey * alpha + self.behind * (1.0 - alpha)
    }

    /// The lightness of the ground: the median of the border.
    fn ground(&self) -> f64 {
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
    let colour = |red, green, blue| 0.299 * unit(red) + 0.587 * unit(green) + 0.114 * unit(blue);
    match *pixel {
        [grey, alpha] => (unit(grey), unit(alpha)),
        [red, green, blue] => (colour(red, green, blue), 1.0),
        [red, green, blue, alpha] => (colour(red, green, blue), unit(alpha)),
        _ => (unit(pixel[0]), 1.0),
    }
}

/// Strength of ink on a ground of zeros.
struct Ink<'a> {
    picture: &'a Picture,
    ground: f64,
    inverted: bool,
    strongest: f64,
}

impl Ink<'_> {
    /// The ink of a pixel.
    fn at(&self, row: usize, column: usize) -> f64 {
        let lightness = self.picture.lightness(row * self.picture.columns + column);
        let ink = if self.inverted { self.ground - lightness } else { lightness - self.ground };
        ink.max(0.0)
    }

    /// Scaled into the box of an image of this size, with its centre of mass in the middle.
    fn centred(&self, [rows, columns]: [usize; 2]) -> Vec<u8> {
        let (all_rows, all_columns) = (self.picture.rows, self.picture.columns);
        let strong = |row: usize, column: usize| self.at(row, column) > FAINT * self.strongest;
        let (top, bottom) = span(all_rows, |row| (0..all_columns).any(|column| strong(row, column)));
        let (left, right) = span(all_columns, |column| (0..all_rows).any(|row| strong(row, column)));
        let (height, width) = ((bottom - top) as f64, (right - left) as f64);
        let scale = (rows as f64 * BOX / height).min(columns as f64 * BOX / width);
        let into = |length: f64, most: usize| ((length * scale).round() as usize).clamp(1, most);
        let (box_rows, box_columns) = (into(height, rows), into(width, columns));
        // Each pixel of the box is the mean of the area that it covers, so that thin lines do not vanish.
        let (down, across) = (shares(top, bottom, box_rows), shares(left, right, box_columns));
        let mut small = vec![0.0; box_rows * box_columns];
        for (place, value) in small.iter_mut().enumerate() {
            for (row, share) in &down[place / box_columns] {
                for (column, part) in &across[place % box_columns] {
                    *value += share * part * self.at(*row, *column) / self.strongest;
                }
            }
        }
        let mass: f64 = small.iter().sum();
        let moment = |weight: &dyn Fn(usize) -> usize| -> f64 {
            small.iter().enumerate().map(|(place, value)| (weight(place) as f64 + 0.5) * value).sum()
        };
        let start = |moment: f64, length: usize, inside: usize| {
            (length as f64 / 2.0 - moment / mass).round().clamp(0.0, (length - inside) as f64) as usize
        };
        let first_row = start(moment(&|place| place / box_columns), rows, box_rows);
        let first_column = start(moment(&|place| place % box_columns), columns, box_columns);
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

/// The first place that holds, and the one after the last.
fn span(length: usize, holds: impl Fn(usize) -> bool) -> (usize, usize) {
    let first = (0..length).find(|place| holds(*place)).unwrap_or(0);
    let last = (first..length).rev().find(|place| holds(*place)).unwrap_or(length - 1);
    (first, last + 1)
}

/// For each of `count` equal parts of `from..to`, the places it covers and each one's share of it.
fn shares(from: usize, to: usize, count: usize) -> Vec<Vec<(usize, f64)>> {
    let width = (to - from) as f64 / count as f64;
    (0..count)
        .map(|part| {
            let (start, end) = (part as f64 * width, (part + 1) as f64 * width);
            (start.floor() as usize..(end.ceil() as usize).min(to - from))
                .map(|place| {
                    let covered = end.min((place + 1) as f64) - start.max(place as f64);
                    (from + place, covered.max(0.0) / width)
                })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;

    /// A picture of `rows` × `columns` with a disc of ink.
    fn disc(rows: usize, columns: usize, centre: [f64; 2], radius: f64, ground: u8, ink: u8) -> Picture {
        let bytes: Vec<u8> = (0..rows * columns)
            .map(|place| {
                let (row, column) = ((place / columns) as f64 + 0.5, (place % columns) as f64 + 0.5);
                if (row - centre[0]).hypot(column - centre[1]) < radius { ink } else { ground }
            })
            .collect();
        Picture::new(rows, columns, Channels::Grey, &bytes).unwrap()
    }

    fn centre_of_mass(image: &Prepared) -> [f64; 2] {
        let columns = image.shape[1];
        let (mut mass, mut moments) = (0.0, [0.0; 2]);
        for (place, value) in image.pixels.iter().enumerate() {
            mass += f64::from(*value);
            moments[0] += f64::from(*value) * ((place / columns) as f64 + 0.5);
            moments[1] += f64::from(*value) * ((place % columns) as f64 + 0.5);
        }
        moments.map(|moment| moment / mass)
    }

    #[test]
    fn a_digit_of_mnist_is_left_as_it_is() {
        let digits = Dataset::embedded().unwrap();
        for index in 0..digits.test().len() {
            let image = digits.test().image(index).unwrap();
            let prepared = Picture::new(28, 28, Channels::Grey, image).unwrap().prepare([28, 28]).unwrap();
            assert_eq!(prepared.pixels, image);
            assert!(!prepared.inverted && !prepared.scaled);
            // And its negative is recognised as one.
            let negative: Vec<u8> = image.iter().map(|byte| 255 - byte).collect();
            let prepared =
                Picture::new(28, 28, Channels::Grey, &negative).unwrap().prepare([28, 28]).unwrap();
            assert_eq!(prepared.pixels, image);
            assert!(prepared.inverted);
        }
    }

    #[test]
    fn ink_anywhere_is_scaled_into_the_box_and_centred() {
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
            // A disc of 20 pixels across in the middle: its rim is at most one pixel off.
            for place in centre_of_mass(&image) {
                assert!((place - 14.0).abs() <= 0.5, "{rows} × {columns}: centre of mass at {place}");
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
    fn proportions_are_kept_and_nothing_leaves_the_image() {
        // A long flat stroke, heavy at one end: its centre of mass would push it over the edge.
        let mut bytes = vec![255_u8; 50 * 400];
        for row in 20..30 {
            bytes[row * 400 + 10..row * 400 + 390].fill(200);
            bytes[row * 400 + 10..row * 400 + 30].fill(0);
        }
        let image = Picture::new(50, 400, Channels::Grey, &bytes).unwrap().prepare([28, 28]).unwrap();
        let inked: Vec<usize> = (0..784).filter(|place| image.pixels[*place] > 0).collect();
        let rows: std::collections::BTreeSet<usize> = inked.iter().map(|place| place / 28).collect();
        assert!(rows.len() <= 10 && !inked.is_empty(), "{rows:?}");
    }

    #[test]
    fn colour_and_opacity_become_ink() {
        let prepare = |channels: Channels, ground: &[u8], ink: &[u8]| {
            let bytes: Vec<u8> =
                (0..9).flat_map(|place| if place == 4 { ink.to_vec() } else { ground.to_vec() }).collect();
            Picture::new(3, 3, channels, &bytes).unwrap().prepare([3, 3]).unwrap()
        };
        let middle = |prepared: &Prepared| (prepared.pixels[4], prepared.pixels[0], prepared.inverted);
        assert_eq!(middle(&prepare(Channels::Rgb, &[255, 255, 255], &[0, 0, 0])), (255, 0, true));
        // Rec. 601: pure green has the lightness 0.587, and 0.587 · 255 = 149.7.
        assert_eq!(middle(&prepare(Channels::Rgb, &[0, 0, 0], &[0, 255, 0])), (150, 0, false));
        // Black ink on nothing, and white ink on nothing.
        assert_eq!(middle(&prepare(Channels::Rgba, &[0, 0, 0, 0], &[0, 0, 0, 255])), (255, 0, true));
        assert_eq!(middle(&prepare(Channels::GreyAlpha, &[0, 0], &[255, 255])), (255, 0, false));
    }

    #[test]
    fn pictures_without_ink_or_bytes_are_refused() {
        let blank = Picture::new(40, 40, Channels::Grey, vec![200; 1600]).unwrap();
        let error = blank.prepare([28, 28]).unwrap_err().to_string();
        assert!(error.contains("40 × 40") && error.contains("alike"), "{error}");
        assert!(blank.prepare([40, 40]).is_ok());
        for (rows, columns, bytes) in [(0, 0, 0), (2, 2, 3), (usize::MAX, 2, 4)] {
            let error = Picture::new(rows, columns, Channels::Grey, vec![0; bytes]).unwrap_err();
            assert!(matches!(error, Error::Invalid { .. }), "{error}");
        }
        for (rows, columns, words) in [
            (8193, 8192, "more than 67108864"),
            (1, 65_536, "longer than 65535"),
            (65_536, 1, "longer than 65535"),
            (0, 3, "are none"),
        ] {
            let error = Picture::check_size(rows, columns).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        for (rows, columns) in [(8192, 8192), (1, 65_535), (65_535, 1024)] {
            Picture::check_size(rows, columns).unwrap();
        }
        // One pixel is a picture too.
        assert!(Picture::new(1, 1, Channels::Rgb, &[1, 2, 3]).unwrap().prepare([28, 28]).is_err());
    }
}
