//! Image files of bounded size: PNG, JPEG, or raw pixels.

use png::{ColorType, Decoder, Limits, Transformations};
use retrograde::data::{Channels, Picture, PreparedImage};
use retrograde::{Error, Result};
use std::fs::File;
use std::io::{Cursor, Read};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

/// The largest file in bytes, and the most memory of its picture.
const MAX_BYTES: usize = 1 << 28;

const EXPECTED: &str = "give a PNG or JPEG, or a file of raw gray pixels, one byte each";

/// Reads an image of `shape`. A PNG or JPEG is converted to the format of MNIST; raw pixels are used unchanged.
pub fn read(path: &Path, shape: [usize; 2]) -> Result<PreparedImage> {
    let bytes = read_bounded(path)?;
    let [rows, columns] = shape;
    if bytes.starts_with(b"\x89PNG") {
        let picture = decode(path, &bytes)?;
        // Frees memory before the conversion.
        drop(bytes);
        return picture.prepare(shape).map_err(|error| with_path(path, error));
    }
    if bytes.len() == rows * columns {
        return Ok(PreparedImage { pixels: bytes, shape, inverted: false, scaled: false });
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Picture::read(path)?.prepare(shape).map_err(|error| with_path(path, error));
    }
    let kind = other_kind(&bytes).map_or_else(String::new, |kind| format!("it is a {kind} file; "));
    let length = bytes.len();
    let problem = format!("{kind}it is neither PNG nor JPEG and has {length} bytes, not {rows} × {columns}");
    Err(Error::format(path, problem, EXPECTED))
}

/// The name of another kind of pictures, by the first bytes.
fn other_kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'G', b'I', b'F', b'8', ..] => Some("GIF"),
        [b'B', b'M', ..] => Some("BMP"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("WebP"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', ..] => Some("HEIC"),
        _ => None,
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>> {
    if path.is_dir() {
        return Err(Error::format(path, "it is a folder", EXPECTED));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Error::file("read", path, error))?;
    if bytes.len() > MAX_BYTES {
        return Err(Error::format(path, format!("it is longer than {MAX_BYTES} bytes"), EXPECTED));
    }
    Ok(bytes)
}

/// Decodes a PNG to eight bits per channel. A panic of the decoder is an error of the file.
fn decode(path: &Path, bytes: &[u8]) -> Result<Picture> {
    without_panic(|| decode_png(path, bytes)).unwrap_or_else(|| {
        let problem = "the PNG decoder failed";
        Err(Error::format(path, problem, "save it again as PNG"))
    })
}

/// The result of the call; `None` if it panicked. The panic message is not printed.
fn without_panic<T>(call: impl FnOnce() -> T) -> Option<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    panic::set_hook(hook);
    result.ok()
}

fn decode_png(path: &Path, bytes: &[u8]) -> Result<Picture> {
    let corrupt = |error: png::DecodingError| {
        Error::format(path, format!("it is not a complete PNG ({error})"), "save it again as PNG")
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_BYTES });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(corrupt)?;
    let (width, height) = reader.info().size();
    // Before memory is allocated for the pixels.
    Picture::check_size(height as usize, width as usize).map_err(|error| with_path(path, error))?;
    // The decoder indexes three bytes per entry without a bounds check.
    let palette = reader.info().palette.as_ref().map_or(0, |palette| palette.len());
    if !palette.is_multiple_of(3) {
        let problem = format!("its palette has {palette} bytes, not a multiple of 3");
        return Err(Error::format(path, problem, "save it again as PNG"));
    }
    let Some(size) = reader.output_buffer_size().filter(|size| *size <= MAX_BYTES) else {
        let problem = format!("its {width} × {height} pixels need more than {MAX_BYTES} bytes");
        return Err(Error::format(path, problem, "scale it down"));
    };
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(corrupt)?;
    pixels.truncate(frame.buffer_size());
    let channels = match frame.color_type {
        ColorType::Grayscale => Channels::Gray,
        ColorType::GrayscaleAlpha => Channels::GrayAlpha,
        ColorType::Rgba => Channels::Rgba,
        // The transformations expand a palette.
        ColorType::Rgb | ColorType::Indexed => Channels::Rgb,
    };
    Picture::new(frame.height as usize, frame.width as usize, channels, pixels)
        .map_err(|error| with_path(path, error))
}

/// An error of a picture as an error of its file.
fn with_path(path: &Path, error: Error) -> Error {
    match error {
        Error::Invalid { problem, help, .. } => Error::format(path, problem, help),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::without_panic;

    #[test]
    fn a_panic_is_caught() {
        let bytes: &[u8] = &[1, 2];
        assert_eq!(without_panic(|| bytes[..3].len()), None);
        assert_eq!(without_panic(|| bytes[..2].len()), Some(2));
    }
}
