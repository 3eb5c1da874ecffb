//! Text files that may be gzipped.

use flate2::bufread::MultiGzDecoder;
use retrograde_base::{Error, Result, files, memory};
use std::io::{self, Read};
use std::path::Path;

/// The largest ratio of deflate: a match of 258 bytes takes at least two bits. `n` gzipped bytes contain at most 1032·n.
/// Source: <https://zlib.net/zlib_tech.html>, "Maximum Compression Factor".
pub(super) const DEFLATE_RATIO: u64 = 1032;

/// Reads a file of at most `limit` bytes, gzipped or not, which is detected from its content. What a gzipped file says about its
/// length is not believed: memory is taken as bytes arrive, `limit` at most.
///
/// # Errors
/// As [`files::read_bounded`]; [`Error::Format`] if the gzip data is damaged or holds more, [`Error::OutOfMemory`].
pub(super) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let content = files::read_bounded(path, limit)?;
    if !content.starts_with(&[0x1f, 0x8b]) {
        return Ok(content);
    }
    let help = "give a smaller file";
    let mut decoder = MultiGzDecoder::new(&content[..]);
    let mut bytes = Vec::new();
    let mut part = vec![0; 1 << 20];
    loop {
        let length = match decoder.read(&mut part) {
            Ok(0) => return Ok(bytes),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let problem = format!("its gzip data is corrupt or truncated ({error})");
                return Err(Error::format(path, problem, "give a whole gzipped file"));
            }
        };
        if (bytes.len() + length) as u64 > limit {
            return Err(Error::format(path, format!("it holds more than {limit} bytes"), help));
        }
        if bytes.len() + length > bytes.capacity() {
            // Capacity is doubled; the system is asked before.
            let more = bytes.len().max(length);
            memory::must_fit("the text of a gzipped file", more as u64, help)?;
            bytes
                .try_reserve(more)
                .map_err(|_| Error::memory("the text of a gzipped file", more as f64, help))?;
        }
        bytes.extend_from_slice(&part[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(content: &[u8], limit: u64) -> Result<Vec<u8>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        read_bounded(file.path(), limit)
    }

    #[test]
    fn gzipped_and_plain_files_are_read() {
        let text = b"to be or not to be\n".repeat(200_000);
        assert_eq!(read(&text, 1 << 30).unwrap(), text);
        assert_eq!(read(&zipped(&text), 1 << 30).unwrap(), text);
        // Two members, one behind the other, as `cat a.gz b.gz` makes them.
        assert_eq!(read(&[zipped(b"to "), zipped(b"be")].concat(), 100).unwrap(), b"to be");
        assert_eq!(read(b"", 5).unwrap(), b"");
    }

    #[test]
    fn damaged_and_too_large_files_are_errors() {
        // 4 MB of zeros in 4 kB.
        let bomb = zipped(&vec![0; 4 << 20]);
        assert!(bomb.len() < 10_000);
        let error = read(&bomb, 1 << 20).unwrap_err().to_string();
        assert!(error.contains("more than 1048576 bytes"), "{error}");
        for damaged in [&bomb[..bomb.len() - 9], &[0x1f, 0x8b][..], &[&bomb[..100], &[7; 50][..]].concat()] {
            let error = read(damaged, 1 << 30).unwrap_err().to_string();
            assert!(error.contains("corrupt or truncated"), "{error}");
        }
    }
}
