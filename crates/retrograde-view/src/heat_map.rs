//! Tensors as pictures: one cell per element, or images and weights as images.
//!
//! Signed numbers have two colors whose opacity is the magnitude, with zero transparent, so that a picture works on light
//! and dark backgrounds; images are gray, dark to light, as in `MNIST`. A picture is a PNG with a palette, compressed by
//! flate2, which the library already uses for gzip.

pub(super) use base64::encoded;
use flate2::{Compression, Crc, write::ZlibEncoder};
use std::io::Write;

/// A picture with one pixel per element.
///
/// ```
/// use retrograde::view::{HeatMap, Shades};
///
/// let picture = HeatMap::matrix(&[0.0, -1.0, 0.5, 1.0], 2, Shades::signed(1.0));
/// assert_eq!((picture.width(), picture.height()), (2, 2));
/// assert!(picture.png().starts_with(b"\x89PNG"));
/// ```
#[derive(Debug, Clone)]
pub struct HeatMap {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
    shades: Shades,
}

/// The mapping from numbers to colors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shades {
    low: f64,
    high: f64,
    is_signed: bool,
}

/// The number of colors of a picture, without those of NaN and of gaps: odd, so that zero has its own.
const LEVELS: u8 = 127;
/// The color of NaN.
const NOT_A_NUMBER: u8 = LEVELS;
/// The transparent gaps between tiles.
const GAP: u8 = LEVELS + 1;

/// Red, green and blue of the largest numbers, and of the smallest: distinguishable with any color vision, and visible on
/// white and black.
const POSITIVE: [u8; 3] = [232, 101, 31];
const NEGATIVE: [u8; 3] = [43, 127, 232];

impl Shades {
    /// Two colors for numbers from `-size` to `size`; zero is transparent.
    pub fn signed(size: f64) -> Self {
        Shades { low: -size, high: size, is_signed: true }
    }

    /// Two colors; the largest of these numbers has full opacity.
    pub fn signed_for(values: &[f64]) -> Self {
        let finite = values.iter().filter(|x| x.is_finite());
        Self::signed(finite.fold(0.0, |largest: f64, x| largest.max(x.abs())))
    }

    /// Black for `low` to white for `high`.
    pub fn gray(low: f64, high: f64) -> Self {
        Shades { low, high, is_signed: false }
    }

    /// The level of a number: 0 for the lowest.
    fn level(self, x: f64) -> u8 {
        if x.is_nan() {
            return NOT_A_NUMBER;
        }
        let most = f64::from(LEVELS - 1);
        // Halved, so that the largest numbers do not overflow.
        let span = self.high / 2.0 - self.low / 2.0;
        let share = if span > 0.0 { (x / 2.0 - self.low / 2.0) / span } else { 0.5 };
        (share.clamp(0.0, 1.0) * most).round() as u8
    }

    /// Red, green, blue and opacity of each level.
    fn palette(self) -> Vec<[u8; 4]> {
        let middle = f64::from(LEVELS / 2);
        let color = |level: u8| {
            if !self.is_signed {
                let gray = (255.0 * f64::from(level) / f64::from(LEVELS - 1)).round() as u8;
                return [gray, gray, gray, 255];
            }
            let [r, g, b] = if f64::from(level) < middle { NEGATIVE } else { POSITIVE };
            // The square root makes small numbers visible.
            let strength = ((f64::from(level) - middle).abs() / middle).sqrt();
            [r, g, b, (255.0 * strength).round() as u8]
        };
        (0..LEVELS).map(color).chain([[220, 0, 180, 255], [0, 0, 0, 0]]).collect()
    }
}

impl HeatMap {
    /// Rows of `columns` numbers each; the rest of the last row is a gap.
    pub fn matrix(values: &[f64], columns: usize, shades: Shades) -> Self {
        let columns = columns.max(1);
        let mut pixels: Vec<u8> = values.iter().map(|&x| shades.level(x)).collect();
        let height = pixels.len().div_ceil(columns);
        pixels.resize(height * columns, GAP);
        HeatMap { width: columns, height, pixels, shades }
    }

    /// Images of `rows × columns` numbers, `across` of them side by side with a pixel between.
    pub fn images(values: &[f64], [rows, columns]: [usize; 2], across: usize, shades: Shades) -> Self {
        let (rows, columns) = (rows.max(1), columns.max(1));
        let size = rows * columns;
        let across = across.clamp(1, values.len().div_ceil(size).max(1));
        let down = values.len().div_ceil(size).div_ceil(across);
        let width = (across * (columns + 1)).saturating_sub(1);
        let height = (down * (rows + 1)).saturating_sub(1);
        let mut pixels = vec![GAP; width * height];
        for (number, &x) in values.iter().enumerate() {
            let (tile, place) = (number / size, number % size);
            let row = tile / across * (rows + 1) + place / columns;
            let column = tile % across * (columns + 1) + place % columns;
            pixels[row * width + column] = shades.level(x);
        }
        HeatMap { width, height, pixels, shades }
    }

    /// The width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The picture as a PNG file.
    pub fn png(&self) -> Vec<u8> {
        let mut header = Vec::new();
        for length in [self.width, self.height] {
            header.extend((length as u32).to_be_bytes());
        }
        // Eight bits per pixel, a palette, and the default compression, filtering and interlacing.
        header.extend([8, 3, 0, 0, 0]);
        let palette = self.shades.palette();
        let colors: Vec<u8> = palette.iter().flat_map(|color| color[..3].to_vec()).collect();
        let opacities: Vec<u8> = palette.iter().map(|color| color[3]).collect();
        // Each row begins with its filter type: none.
        let rows: Vec<u8> = self
            .pixels
            .chunks(self.width.max(1))
            .flat_map(|row| std::iter::once(0).chain(row.iter().copied()))
            .collect();
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        for (name, content) in [
            (b"IHDR", header),
            (b"PLTE", colors),
            (b"tRNS", opacities),
            (b"IDAT", packed(&rows)),
            (b"IEND", Vec::new()),
        ] {
            let mut check = Crc::new();
            check.update(name);
            check.update(&content);
            file.extend((content.len() as u32).to_be_bytes());
            file.extend(name);
            file.extend(content);
            file.extend(check.sum().to_be_bytes());
        }
        file
    }

    /// The picture as a data URL: `data:image/png;base64,…`.
    pub fn address(&self) -> String {
        format!("data:image/png;base64,{}", encoded(&self.png()))
    }
}

/// Compresses as zlib.
pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("memory takes whatever is written")
}

pub(super) mod base64 {
    //! Base 64 (RFC 4648).

    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    /// Four characters for each three bytes, padded with `=`.
    pub fn encoded(bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for three in bytes.chunks(3) {
            let at = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
            let bits = at(0) << 16 | at(1) << 8 | at(2);
            for place in 0..4 {
                let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
                text.push(if place > three.len() { '=' } else { char::from(letter) });
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_the_standard() {
        // RFC 4648, section 10.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ] {
            assert_eq!(encoded(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn levels_are_even_and_extremes_are_kept_in() {
        let signed = Shades::signed(2.0);
        let middle = LEVELS / 2;
        for (x, level) in [(0.0, middle), (-0.0, middle), (2.0, LEVELS - 1), (-2.0, 0), (9.0, LEVELS - 1)] {
            assert_eq!(signed.level(x), level, "{x}");
        }
        assert_eq!(signed.level(f64::NAN), NOT_A_NUMBER);
        assert_eq!(signed.level(f64::NEG_INFINITY), 0);
        assert_eq!(Shades::signed(0.0).level(0.0), middle);
        assert_eq!(Shades::signed(f64::MAX).level(f64::MAX), LEVELS - 1);
        let palette = signed.palette();
        assert_eq!((palette[usize::from(middle)][3], palette[0][3]), (0, 255));
        assert_eq!(Shades::gray(0.0, 1.0).palette()[0], [0, 0, 0, 255]);
    }

    #[test]
    fn images_stand_beside_each_other_with_gaps() {
        let values: Vec<f64> = (0..12).map(f64::from).collect();
        let picture = HeatMap::images(&values, [2, 2], 2, Shades::gray(0.0, 126.0));
        assert_eq!((picture.width, picture.height), (5, 5));
        #[rustfmt::skip]
        assert_eq!(picture.pixels, [
            0, 1, GAP, 4, 5,
            2, 3, GAP, 6, 7,
            GAP, GAP, GAP, GAP, GAP,
            8, 9, GAP, GAP, GAP,
            10, 11, GAP, GAP, GAP,
        ]);
        for (values, tile) in [(&[][..], [2, 2]), (&[1.0], [0, 0]), (&[1.0, 2.0], [1, 1])] {
            HeatMap::images(values, tile, 3, Shades::signed(1.0)).png();
        }
    }
}
