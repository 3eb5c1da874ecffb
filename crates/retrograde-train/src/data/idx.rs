//! IDX, the file format of MNIST: a header with the shape, then the elements.
//!
//! ```text
//! 00 00            constant
//! 08               the element type; 08 is an unsigned byte, the only type of images and labels
//! 03               the rank: 3 axes
//! 00 00 ea 60      60,000 images, big-endian
//! 00 00 00 1c      of 28 rows
//! 00 00 00 1c      of 28 columns
//! …                60,000 · 28 · 28 bytes, the last axis running fastest
//! ```
//!
//! A file may be gzipped, which is detected from its content. The header is not trusted: memory is only allocated for a size
//! that is possible for the length of the file, and a file that is shorter or longer than its header says is an error.
//!
//! Source: <http://yann.lecun.com/exdb/mnist/>, "The IDX file format".

use std::fmt::Write;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::gzip::DEFLATE_RATIO;
use super::stored::{Element, RowFile, RowWriter, StoredRows};
use retrograde_base::{Error, Result, files};

/// An array of unsigned bytes of any rank: the content of an IDX file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxArray {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// The help of each error.
const EXPECTED: &str = "give an IDX file of unsigned bytes, gzipped or not: 00 00 08, the rank, one 32-bit size per axis, \
    and exactly that many bytes";

const UNSIGNED_BYTE: u8 = 0x08;

impl IdxArray {
    /// The most bytes of a file, compressed or not: 1 GiB, twice the largest published data set of this format (EMNIST by
    /// class: 697,932 images of 28 × 28).
    pub const MAX_BYTES: u64 = 1 << 30;

    /// Reads an IDX file, gzipped or not.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read. [`Error::Format`] if it is a folder, empty, not IDX, of another element
    /// type, truncated, longer than its header says, corrupt gzip, or larger than [`IdxArray::MAX_BYTES`].
    ///
    /// # Examples
    /// ```no_run
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::data::IdxArray;
    ///
    /// let images = IdxArray::read("mnist/t10k-images-idx3-ubyte.gz")?;
    /// assert_eq!(images.shape(), [10_000, 28, 28]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::decode(path, &files::read_bounded(path, Self::MAX_BYTES)?, Self::MAX_BYTES)
    }

    /// Parses the content of an IDX file, gzipped or not; errors mention `name`.
    ///
    /// # Errors
    /// [`Error::Format`], as [`IdxArray::read`].
    ///
    /// # Examples
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::data::IdxArray;
    ///
    /// let labels = IdxArray::from_bytes("labels", &[0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1])?;
    /// assert_eq!(labels.shape(), [3]);
    /// assert_eq!(labels.bytes(), [7, 2, 1]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_bytes(name: impl AsRef<Path>, content: &[u8]) -> Result<Self> {
        Self::decode(name.as_ref(), content, Self::MAX_BYTES)
    }

    /// The lengths of the axes, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements in row-major order.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The elements in row-major order, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The header of an IDX file of this array. Header and elements are exactly the uncompressed file.
    #[cfg(any(test, feature = "download"))]
    pub(super) fn header(&self) -> Vec<u8> {
        let mut header = vec![0, 0, UNSIGNED_BYTE, self.shape.len() as u8];
        header.extend(self.shape.iter().flat_map(|size| (*size as u32).to_be_bytes()));
        header
    }

    /// As [`IdxArray::from_bytes`], with at most `limit` elements.
    pub(super) fn decode(name: &Path, content: &[u8], limit: u64) -> Result<Self> {
        if content.is_empty() {
            return Err(Error::format(name, "it is empty", EXPECTED));
        }
        let invalid = |problem: String| Error::format(name, problem, EXPECTED);
        if content.starts_with(&[0x1f, 0x8b]) {
            // A larger size in the header is an error before decompression.
            let capacity = (content.len() as u64).saturating_mul(DEFLATE_RATIO);
            let decoder = MultiGzDecoder::new(content);
            let corrupt = |error: io::Error| format!("its gzip data is corrupt or truncated ({error})");
            Self::parse(decoder, capacity, limit, corrupt).map_err(invalid)
        } else {
            let unreadable = |error: io::Error| error.to_string();
            Self::parse(content, content.len() as u64, limit, unreadable).map_err(invalid)
        }
    }

    /// Reads header and elements from a stream of at most `capacity` bytes. The error is the problem as text.
    fn parse(
        mut stream: impl Read,
        capacity: u64,
        limit: u64,
        corrupt: impl Fn(io::Error) -> String + Copy,
    ) -> Result<Self, String> {
        let sizes = read_sizes(&mut stream, corrupt)?;
        let shape = sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(" × ");
        let shape = if sizes.is_empty() { "1".to_owned() } else { shape };
        let declared = sizes.iter().try_fold(1_u64, |product, size| product.checked_mul(u64::from(*size)));
        let Some(declared) = declared.filter(|declared| *declared <= capacity) else {
            return Err(format!(
                "its header declares {shape} bytes, but a file of its length contains at most {capacity}"
            ));
        };
        if declared > limit {
            return Err(format!("its header declares {shape} bytes, more than the limit of {limit}"));
        }
        let bytes = up_to(&mut stream, declared, corrupt)?;
        if (bytes.len() as u64) < declared {
            let found = bytes.len();
            return Err(format!("its header declares {shape} = {declared} bytes, but it ends after {found}"));
        }
        // This read also makes the gzip decoder verify its checksum.
        if !up_to(&mut stream, 1, corrupt)?.is_empty() {
            return Err(format!(
                "it continues after the {shape} = {declared} bytes that its header declares"
            ));
        }
        Ok(IdxArray { shape: sizes.into_iter().map(|size| size as usize).collect(), bytes })
    }
}

/// The images of an IDX file that stay in it; those of a gzipped one in a scratch file in this folder.
///
/// # Errors
/// [`Error::File`] and [`Error::Format`], as [`IdxArray::read`], but for the limit of its size.
pub(super) fn stored(path: &Path, scratch: &Path) -> Result<StoredRows> {
    let failed = |error: io::Error| Error::file("read", path, error);
    let invalid = |problem: String| Error::format(path, problem, EXPECTED);
    let corrupt = |error: io::Error| format!("its data are corrupt or truncated ({error})");
    let file = File::open(path).map_err(failed)?;
    let mut magic = [0; 2];
    let read = (&file).read(&mut magic).and_then(|_| (&file).rewind());
    read.map_err(failed)?;
    let unpacked = if magic == [0x1f, 0x8b] {
        let mut writer = RowWriter::create(scratch)?;
        writer.all_of(MultiGzDecoder::new(BufReader::new(&file)), |error| invalid(corrupt(error)))?;
        Some(writer.finish()?)
    } else {
        None
    };
    let mut content = unpacked.as_ref().map_or(&file, |unpacked| unpacked.file());
    content.rewind().map_err(failed)?;
    let sizes = read_sizes(&mut content, corrupt).map_err(invalid)?;
    let length = content.metadata().map_err(failed)?.len();
    let header = 4 + 4 * sizes.len() as u64;
    let declared = sizes.iter().try_fold(1_u64, |product, size| product.checked_mul(u64::from(*size)));
    let declared = declared.and_then(|declared| declared.checked_add(header));
    let &[count, rows, columns] = sizes.as_slice() else {
        return Err(invalid(format!("it has the rank {}, images have 3", sizes.len())));
    };
    if declared != Some(length) {
        return Err(invalid(format!(
            "its header declares {count} × {rows} × {columns} bytes, and it has {} behind the header",
            length.saturating_sub(header)
        )));
    }
    let (count, shape) = (count as usize, vec![rows as usize, columns as usize]);
    Ok(match unpacked {
        Some(file) => RowFile::of_scratch(file, path, header, count, shape, Element::Pixel),
        None => RowFile::open(path, header, count, shape, Element::Pixel)?,
    }
    .into())
}

/// Reads the header: the lengths of the axes.
fn read_sizes(
    stream: &mut impl Read,
    corrupt: impl Fn(io::Error) -> String + Copy,
) -> Result<Vec<u32>, String> {
    let magic = up_to(stream, 4, corrupt)?;
    let &[0, 0, kind, rank] = magic.as_slice() else { return Err(not_idx(&magic)) };
    if kind != UNSIGNED_BYTE {
        return Err(format!("its elements are {} (type 0x{kind:02x})", type_name(kind)));
    }
    let sizes = up_to(stream, 4 * u64::from(rank), corrupt)?;
    if sizes.len() < 4 * usize::from(rank) {
        let missing = 4 * usize::from(rank) - sizes.len();
        return Err(format!("it ends {missing} bytes before the end of its header of rank {rank}"));
    }
    Ok(sizes.as_chunks::<4>().0.iter().map(|size| u32::from_be_bytes(*size)).collect())
}

/// The next `count` bytes of the stream, or all of them if there are fewer.
fn up_to(
    stream: &mut impl Read,
    count: u64,
    corrupt: impl Fn(io::Error) -> String,
) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    usize::try_from(count)
        .ok()
        .and_then(|count| bytes.try_reserve_exact(count).ok())
        .ok_or_else(|| format!("not enough memory for its {count} bytes"))?;
    stream.take(count).read_to_end(&mut bytes).map_err(corrupt)?;
    Ok(bytes)
}

/// Describes a wrong magic number.
fn not_idx(start: &[u8]) -> String {
    let mut found = String::new();
    for byte in start {
        // Writing to a string cannot fail.
        let _ = write!(found, " {byte:02x}");
    }
    if start.len() < 4 {
        return format!("it has only {} bytes ({})", start.len(), found.trim_start());
    }
    format!("it begins with{found} (\"{}\"), not with 00 00", start.escape_ascii())
}

fn type_name(kind: u8) -> &'static str {
    match kind {
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floats",
        0x0e => "64-bit floats",
        _ => "of an unknown type",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    /// Written by hand, not by the code under test.
    fn idx(sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
        let mut file = vec![0, 0, 8, sizes.len() as u8];
        for size in sizes {
            file.extend([(size >> 24) as u8, (size >> 16) as u8, (size >> 8) as u8, *size as u8]);
        }
        file.extend(bytes);
        file
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn problem(content: &[u8]) -> String {
        let error = IdxArray::from_bytes("some-file", content).unwrap_err();
        assert!(matches!(error, Error::Format { .. }));
        let text = error.to_string();
        assert!(text.contains("some-file") && text.contains("give an IDX file"), "{text}");
        text
    }

    #[test]
    fn arrays_of_any_rank_are_read_gzipped_or_not() {
        let bytes: Vec<u8> = (0..24).collect();
        let shapes: [&[u32]; 5] = [&[24], &[4, 6], &[2, 3, 4], &[1, 2, 3, 4, 1], &[24; 1]];
        for shape in shapes {
            let file = idx(shape, &bytes);
            for content in [file.clone(), gzip(&file)] {
                let array = IdxArray::from_bytes("file", &content).unwrap();
                assert_eq!(array.shape().iter().map(|size| *size as u32).collect::<Vec<_>>(), shape);
                assert_eq!(array.bytes(), bytes);
                assert_eq!([array.header(), array.into_bytes()].concat(), file);
            }
        }
        let nothing = IdxArray::from_bytes("file", &idx(&[0, 28, 28], &[])).unwrap();
        assert_eq!((nothing.shape(), nothing.bytes()), (&[0, 28, 28][..], &[][..]));
        let scalar = IdxArray::from_bytes("file", &idx(&[], &[5])).unwrap();
        assert_eq!((scalar.shape(), scalar.bytes()), (&[][..], &[5][..]));
    }

    #[test]
    fn gzip_of_several_members_is_one_file() {
        let file = idx(&[6], b"abcdef");
        let parts = [gzip(&file[..3]), gzip(&file[3..10]), gzip(&file[10..])].concat();
        assert_eq!(IdxArray::from_bytes("file", &parts).unwrap().bytes(), b"abcdef");
    }

    #[test]
    fn files_that_are_not_idx_are_described() {
        assert!(problem(b"").contains("it is empty"));
        assert!(problem(b"\0\0").contains("it has only 2 bytes (00 00)"));
        assert!(problem(b"<!DOCTYPE html>").contains(r#"it begins with 3c 21 44 4f ("<!DO")"#));
        assert!(problem(&[0, 0, 0x0d, 1, 0, 0, 0, 0]).contains("32-bit floats (type 0x0d)"));
        assert!(problem(&[0, 0, 0x77, 1, 0, 0, 0, 0]).contains("unknown type (type 0x77)"));
        assert!(problem(&gzip(b"")).contains("it has only 0 bytes"));
    }

    #[test]
    fn a_length_other_than_the_declared_one_is_an_error() {
        let file = idx(&[3, 2, 2], &[9; 12]);
        for content in [file.clone(), gzip(&file)] {
            assert!(IdxArray::from_bytes("file", &content).is_ok());
        }
        assert!(problem(&file[..9]).contains("ends 7 bytes before the end of its header of rank 3"));
        assert!(problem(&gzip(&file[..27])).contains("declares 3 × 2 × 2 = 12 bytes, but it ends after 11"));
        let longer = [file, vec![1]].concat();
        assert!(problem(&longer).contains("continues after the 3 × 2 × 2 = 12 bytes"));
        assert!(problem(&gzip(&longer)).contains("continues after"));
    }

    #[test]
    fn no_memory_is_allocated_for_an_impossible_size() {
        // The message with the capacity shows that the error came before allocation and decompression.
        let many = [u32::MAX, 28, 28];
        assert!(
            problem(&idx(&many, &[0; 784])).contains("4294967295 × 28 × 28 bytes, but a file of its length")
        );
        assert!(problem(&gzip(&idx(&many, &[0; 784]))).contains("but a file of its length contains at most"));
        assert!(
            problem(&idx(&[u32::MAX; 255], &[])).contains("but a file of its length contains at most 1024")
        );
        let overflow_to_zero = [1 << 31, 1 << 31, 4];
        assert!(problem(&idx(&overflow_to_zero, &[])).contains("but a file of its length contains at most"));
    }

    #[test]
    fn a_gzip_bomb_is_only_decompressed_up_to_the_declared_size() {
        // 100 MB of zeros in 100 kB, with a header that declares 10 bytes.
        let bomb = gzip(&idx(&[10], &vec![0; 100_000_000]));
        assert!(bomb.len() < 150_000);
        assert!(problem(&bomb).contains("continues after the 10 = 10 bytes"));
        // With a correct header, which is above the limit.
        let consistent = gzip(&idx(&[100_000_000], &vec![0; 100_000_000]));
        let error = IdxArray::decode(Path::new("file"), &consistent, 1_000_000).unwrap_err().to_string();
        assert!(error.contains("declares 100000000 bytes, more than the limit of 1000000"), "{error}");
        assert!(IdxArray::decode(Path::new("file"), &consistent, 100_000_000).is_ok());
    }

    #[test]
    fn corrupt_gzip_is_an_error() {
        let good = gzip(&idx(&[1000], &(0..1000).map(|i| (i * i % 251) as u8).collect::<Vec<_>>()));
        for end in [3, 12, 20, good.len() - 9, good.len() - 1] {
            assert!(problem(&good[..end]).contains("gzip data is corrupt or truncated"), "cut at {end}");
        }
        // The last eight bytes are the checksum and the length.
        for at in [good.len() - 8, good.len() - 1, good.len() / 2] {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            IdxArray::from_bytes("file", &bad).unwrap_err();
        }
        assert!(problem(&[good, b"trailing".to_vec()].concat()).contains("gzip data is corrupt"));
    }

    #[test]
    fn the_path_is_in_the_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = IdxArray::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("it is a folder"), "{error}");
        let absent = folder.path().join("absent-idx3-ubyte");
        let error = IdxArray::read(absent).unwrap_err().to_string();
        assert!(error.contains("cannot read") && error.contains("absent-idx3-ubyte"), "{error}");
    }

    proptest! {
        /// Any bytes give a consistent array or an error.
        #[test]
        fn arbitrary_bytes_do_no_harm(mut content in proptest::collection::vec(any::<u8>(), 0..200), like in 0..3_usize) {
            // Most random bytes fail immediately; some start like an IDX or a gzip file.
            let starts: [&[u8]; 3] = [&[], &[0, 0, 8], &[0x1f, 0x8b, 8, 0]];
            let start = starts[like];
            content.splice(..start.len().min(content.len()), start.iter().copied());
            if let Ok(array) = IdxArray::from_bytes("file", &content) {
                prop_assert_eq!(array.shape.iter().product::<usize>(), array.bytes.len());
                prop_assert!(array.bytes.capacity() <= content.len() * DEFLATE_RATIO as usize);
            }
        }

        /// A valid file with one changed byte never gives a panic or an inconsistent array. A truncated valid file is always an
        /// error.
        #[test]
        fn mutated_files_do_no_harm(
            bytes in proptest::collection::vec(any::<u8>(), 0..60), at in any::<proptest::sample::Index>(),
            value in any::<u8>(), cut in any::<proptest::sample::Index>(), packed in any::<bool>(),
        ) {
            let file = idx(&[bytes.len() as u32], &bytes);
            let good = if packed { gzip(&file) } else { file };
            prop_assert!(IdxArray::from_bytes("file", &good[..cut.index(good.len())]).is_err());
            let mut changed = good;
            let place = at.index(changed.len());
            changed[place] = value;
            if let Ok(array) = IdxArray::from_bytes("file", &changed) {
                prop_assert_eq!(array.shape.iter().product::<usize>(), array.bytes.len());
            }
        }
    }
}
