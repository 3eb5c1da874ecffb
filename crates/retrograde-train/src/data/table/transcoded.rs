//! The text of a file of any length as UTF-8, a part at a time.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use encoding_rs::{Decoder, DecoderResult, EUC_KR, Encoding, UTF_8};
use flate2::bufread::MultiGzDecoder;
use retrograde_base::{Error, Result};

use super::text_encoding::{encoding_named, must_be_text, not_valid, shown};

/// The bytes that are decoded at once.
const PART: usize = 1 << 16;

/// The most bytes between two calls of [`Transcoded::begin_row`].
const MAX_ROW: usize = 1 << 26;

/// A reader of the text of a file, gzipped or not.
pub(super) struct Transcoded {
    source: Box<dyn Read>,
    decoder: Decoder,
    input: Vec<u8>,
    /// The bytes of `input` that are not decoded.
    undecoded: std::ops::Range<usize>,
    output: Vec<u8>,
    /// The bytes of `output` that are not read.
    unread: std::ops::Range<usize>,
    is_finished: bool,
    of_row: Cell<usize>,
}

impl Transcoded {
    /// Opens a file of this encoding, whose byte order mark is left out.
    pub(super) fn open(path: &Path, encoding: &'static Encoding) -> Result<Self> {
        Ok(Transcoded {
            source: unpacked(path)?,
            decoder: encoding.new_decoder_with_bom_removal(),
            input: vec![0; PART],
            undecoded: 0..0,
            output: vec![0; 4 * PART],
            unread: 0..0,
            is_finished: false,
            of_row: Cell::new(0),
        })
    }

    /// Begins to count the bytes of a row, which are limited: an open quotation mark takes the rest of the file into its row.
    pub(super) fn begin_row(&self) {
        self.of_row.set(0);
    }

    /// Decodes more text.
    fn decode(&mut self) -> io::Result<()> {
        let invalid = |problem: &str| io::Error::new(io::ErrorKind::InvalidData, problem.to_owned());
        if self.undecoded.is_empty() {
            let length = self.source.read(&mut self.input)?;
            self.undecoded = 0..length;
            self.is_finished = length == 0;
        }
        let input = &self.input[self.undecoded.clone()];
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(input, &mut self.output, self.is_finished);
        self.undecoded.start += read;
        self.unread = 0..written;
        if matches!(result, DecoderResult::Malformed(..)) {
            return Err(invalid("it is not valid in its encoding"));
        }
        if self.output[..written].contains(&0) {
            return Err(invalid("it has a zero byte, which no text has"));
        }
        Ok(())
    }
}

impl Read for Transcoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.unread.is_empty() && !self.is_finished {
            self.decode()?;
        }
        let count = buffer.len().min(self.unread.len());
        buffer[..count].copy_from_slice(&self.output[self.unread.start..][..count]);
        self.unread.start += count;
        let of_row = self.of_row.get() + count;
        self.of_row.set(of_row);
        if of_row > MAX_ROW {
            let problem = format!("a row has more than {MAX_ROW} bytes: is a quotation mark not closed?");
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        Ok(count)
    }
}

/// The bytes of a file without its compression.
fn unpacked(path: &Path) -> Result<Box<dyn Read>> {
    let failed = |error| Error::file("read", path, error);
    let open = || File::open(path).map_err(failed);
    let mut magic = Vec::new();
    open()?.take(2).read_to_end(&mut magic).map_err(failed)?;
    let file = BufReader::with_capacity(PART, open()?);
    Ok(if magic == [0x1f, 0x8b] { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// The encoding of a file, as for one in memory, and its name.
///
/// # Errors
/// [`Error::File`] if the file cannot be read, [`Error::Format`] if it is no text, [`Error::Invalid`] for an unknown `label`.
pub(super) fn encoding_of(path: &Path, label: Option<&str>) -> Result<(&'static Encoding, String)> {
    let failed = |error| Error::file("read", path, error);
    let mut beginning = Vec::new();
    unpacked(path)?.take(16).read_to_end(&mut beginning).map_err(failed)?;
    must_be_text(path, &beginning)?;
    if let Some(label) = label {
        let encoding = encoding_named(label)?;
        return Ok((encoding, shown(encoding).to_owned()));
    }
    if let Some((encoding, _)) = Encoding::for_bom(&beginning) {
        return Ok((encoding, format!("{} with a byte order mark", shown(encoding))));
    }
    for encoding in [UTF_8, EUC_KR] {
        if is_valid(path, encoding)? {
            return Ok((encoding, shown(encoding).to_owned()));
        }
    }
    Err(not_valid(path, "it is valid neither in UTF-8 nor in CP949".to_owned()))
}

/// Whether all of a file is text of an encoding.
fn is_valid(path: &Path, encoding: &'static Encoding) -> Result<bool> {
    let mut text = Transcoded::open(path, encoding)?;
    let mut part = vec![0; PART];
    loop {
        text.begin_row();
        match text.read(&mut part) {
            Ok(0) => return Ok(true),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(false),
            Err(error) => return Err(Error::file("read", path, error)),
        }
    }
}
