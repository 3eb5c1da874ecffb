//! Image files, read with a bound: PNG, or raw pixels.

use png::{ColorType, Decoder, Limits, Transformations};
use retrograde::data::{Channels, Picture, Prepared};
use retrograde::{Error, Result};
use std::fs::File;
use std::io::{Cursor, Read};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

/// The longest file that is read, and the most memory that its picture may take.
const LARGEST: usize = 1 << 28;

const EXPECTED: &str = "give a PNG, or a file of raw grey pixels, a byte each";

/// An image as the network takes it: `shape` is that of its own images. A PNG is brought into the form of MNIST, raw
/// pixels are taken as they are.
pub fn read(path: &Path, shape: [usize; 2]) -> Result<Prepared> {
    let bytes = read_bounded(path)?;
    let [rows, columns] = shape;
    if bytes.starts_with(b"\x89PNG") {
        let picture = decode(path, &bytes)?;
        // The file is not needed beside its picture.
        drop(bytes);
        return picture.prepare(shape).map_err(|error| of_file(path, error));
    }
    if bytes.len() == rows * columns {
        return Ok(Prepared { pixels: bytes, shape, inverted: false, scaled: false });
    }
    let problem = format!("it is no PNG, and has {} bytes, not {rows} × {columns}", bytes.len());
    Err(Error::format(path, problem, EXPECTED))
}

fn read_bounded(path: &Path) -> Result<Vec<u8>> {
    if path.is_dir() {
        return Err(Error::format(path, "it is a folder", EXPECTED));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Error::file("read", path, &error))?;
    if bytes.len() > LARGEST {
        return Err(Error::format(path, format!("it is longer than {LARGEST} bytes"), EXPECTED));
    }
    Ok(bytes)
}

/// A PNG of any kind as eight bits a channel. The decoder is bounded and its input checked, but it is not our own: if it
/// panics, the file is refused too.
fn decode(path: &Path, bytes: &[u8]) -> Result<Picture> {
    without_panic(|| decode_png(path, bytes)).unwrap_or_else(|| {
        let problem = "the PNG decoder fails on it";
        Err(Error::format(path, problem, "save it again as PNG"))
    })
}

/// What the call returns; none if it panicked, of which nothing is printed.
fn without_panic<T>(call: impl FnOnce() -> T) -> Option<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    panic::set_hook(hook);
    result.ok()
}

fn decode_png(path: &Path, bytes: &[u8]) -> Result<Picture> {
    let corrupt = |error: png::DecodingError| {
        Error::format(path, format!("it is no whole PNG ({error})"), "save it again as PNG")
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: LARGEST });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(corrupt)?;
    let (width, height) = reader.info().size();
    // Before memory is taken for the pixels.
    Picture::check_size(height as usize, width as usize).map_err(|error| of_file(path, error))?;
    // The decoder indexes three bytes an entry without looking whether the last ones are there.
    let palette = reader.info().palette.as_ref().map_or(0, |palette| palette.len());
    if !palette.is_multiple_of(3) {
        let problem = format!("its palette has {palette} bytes, and each colour takes 3");
        return Err(Error::format(path, problem, "save it again as PNG"));
    }
    let Some(size) = reader.output_buffer_size().filter(|size| *size <= LARGEST) else {
        let problem = format!("its {width} × {height} pixels take more than {LARGEST} bytes");
        return Err(Error::format(path, problem, "scale it down"));
    };
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(corrupt)?;
    pixels.truncate(frame.buffer_size());
    let channels = match frame.color_type {
        ColorType::Grayscale => Channels::Grey,
        ColorType::GrayscaleAlpha => Channels::GreyAlpha,
        ColorType::Rgba => Channels::Rgba,
        // A palette has been expanded.
        ColorType::Rgb | ColorType::Indexed => Channels::Rgb,
    };
    Picture::new(frame.height as usize, frame.width as usize, channels, pixels)
        .map_err(|error| of_file(path, error))
}

/// What is wrong with a picture, said of its file.
fn of_file(path: &Path, error: Error) -> Error {
    match error {
        Error::Invalid { problem, help, .. } => Error::format(path, problem, help),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::without_panic;

    #[test]
    fn a_panic_of_another_library_is_an_answer() {
        let bytes: &[u8] = &[1, 2];
        assert_eq!(without_panic(|| bytes[..3].len()), None);
        assert_eq!(without_panic(|| bytes[..2].len()), Some(2));
    }
}
