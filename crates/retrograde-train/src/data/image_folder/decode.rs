//! Decoding of PNG and JPEG files to red, green and blue.
//!
//! Images are turned as their EXIF orientation says, 16 bits become 8, and transparent pixels are put on white.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::error::ImageError;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage, Rgba};
use retrograde_base::{Error, Result, files};

use crate::data::Picture;

/// The most bytes of a file, and of its pixels.
const MAX_BYTES: u64 = 1 << 28;

const EXPECTED: &str = "save it again as PNG or JPEG, or remove it";

/// The size of an image as it is seen: `[rows, columns]`. The pixels are not decoded.
pub(super) fn size(path: &Path) -> Result<[usize; 2]> {
    let bytes = files::read_bounded(path, MAX_BYTES)?;
    without_panic(path, || {
        let mut decoder = decoder(path, &bytes)?;
        let (width, height) = decoder.dimensions();
        Ok(if is_on_its_side(orientation(&mut decoder)) {
            [width as usize, height as usize]
        } else {
            [height as usize, width as usize]
        })
    })
}

/// The pixels of an image.
pub(in crate::data) fn pixels(path: &Path) -> Result<RgbImage> {
    let bytes = files::read_bounded(path, MAX_BYTES)?;
    without_panic(path, || {
        let mut decoder = decoder(path, &bytes)?;
        let orientation = orientation(&mut decoder);
        let mut image = DynamicImage::from_decoder(decoder).map_err(|error| corrupt(path, &error))?;
        image.apply_orientation(orientation);
        Ok(on_white(image))
    })
}

/// A decoder of a file within the limits.
fn decoder<'a>(path: &Path, bytes: &'a [u8]) -> Result<impl ImageDecoder + 'a> {
    let format = image::guess_format(bytes).ok();
    let Some(format) = format.filter(|format| matches!(format, ImageFormat::Png | ImageFormat::Jpeg)) else {
        let found = format.map_or_else(String::new, |format| format!(" but {}", format.to_mime_type()));
        return Err(Error::format(path, format!("it is neither PNG nor JPEG{found}"), EXPECTED));
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(Picture::MAX_SIDE as u32);
    limits.max_image_height = Some(Picture::MAX_SIDE as u32);
    limits.max_alloc = Some(MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| corrupt(path, &error))?;
    let (width, height) = decoder.dimensions();
    Picture::check_size(height as usize, width as usize)
        .map_err(|error| Error::format(path, error.message(), "scale it down"))?;
    if decoder.total_bytes() > MAX_BYTES {
        let problem = format!("its {height} × {width} pixels need more than {MAX_BYTES} bytes");
        return Err(Error::format(path, problem, "scale it down"));
    }
    Ok(decoder)
}

/// The orientation. Images whose metadata cannot be read are not turned.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

fn is_on_its_side(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// The image in eight bits per channel; transparent pixels are mixed with white.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |column, row| {
        let Rgba([red, green, blue, alpha]) = *image.get_pixel(column, row);
        image::Rgb([red, green, blue].map(|value| mixed(value, alpha)))
    })
}

/// A value over white, rounded: (value · alpha + 255 · (255 − alpha)) / 255.
fn mixed(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

fn corrupt(path: &Path, error: &ImageError) -> Error {
    Error::format(path, format!("it cannot be decoded ({error})"), EXPECTED)
}

/// A panic of a decoder is an error of the file.
fn without_panic<T>(path: &Path, decode: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(Error::format(path, "the decoder failed", EXPECTED)))
}
