//! NPZ: a ZIP archive of NPY files.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use retrograde_base::{Error, Result, files, memory};
use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::array::NpyArray;
use super::elements::ElementType;
use super::header;
use crate::data::gzip::DEFLATE_RATIO;
use crate::data::stored::{Element, RowFile, StoredRows};

/// The help of errors of the format.
const EXPECTED: &str = "give an archive as written by np.savez or np.savez_compressed";

impl NpyArray {
    /// Reads all arrays of an NPZ file, with their names, in the order of the file.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read. [`Error::Format`] if it is not an NPZ file, has something else than arrays of
    /// numbers (as [`NpyArray::read`]) or two arrays of one name, or is larger than [`MAX_BYTES`](Self::MAX_BYTES), compressed
    /// or not. [`Error::OutOfMemory`].
    ///
    /// # Examples
    /// ```no_run
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::data::NpyArray;
    ///
    /// for (name, array) in NpyArray::read_npz("data.npz")? {
    ///     println!("{name}: {:?}", array.shape());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_npz(path: impl AsRef<Path>) -> Result<Vec<(String, Self)>> {
        let path = path.as_ref();
        Self::npz_from_bytes(path, &files::read_bounded(path, Self::MAX_BYTES)?)
    }

    /// Parses the content of an NPZ file; errors mention `name`.
    ///
    /// # Errors
    /// [`Error::Format`] and [`Error::OutOfMemory`], as [`NpyArray::read_npz`].
    pub fn npz_from_bytes(name: impl AsRef<Path>, content: &[u8]) -> Result<Vec<(String, Self)>> {
        let name = name.as_ref();
        let corrupt = |error: ZipError| corrupt(name, &error);
        let mut archive = ZipArchive::new(Cursor::new(content)).map_err(corrupt)?;
        let mut arrays = Vec::new();
        let (mut names, mut left) = (HashSet::new(), Self::MAX_BYTES);
        for position in 0..archive.len() {
            let entry = archive.by_index(position).map_err(corrupt)?;
            let (array_name, array) = read_entry(name, entry, &mut left)?;
            if !names.insert(array_name.clone()) {
                return Err(Error::format(name, format!("it has two arrays {array_name:?}"), EXPECTED));
            }
            arrays.push((array_name, array));
        }
        if arrays.is_empty() {
            return Err(Error::format(name, "it has no arrays", EXPECTED));
        }
        Ok(arrays)
    }
}

/// An NPZ file whose arrays are read one at a time.
pub(in crate::data) struct NpzFile {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
}

impl NpzFile {
    /// Opens an NPZ file and reads its list of arrays.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Format`], as [`NpyArray::read_npz`].
    pub(in crate::data) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| Error::file("read", path, error))?;
        let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| corrupt(path, &error))?;
        Ok(NpzFile { path: path.to_owned(), archive })
    }

    /// The names of the arrays, in order.
    pub(in crate::data) fn names(&self) -> Vec<String> {
        let names = self.archive.file_names().filter_map(|name| name.strip_suffix(".npy"));
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Reads an array; none: there is no such array.
    ///
    /// # Errors
    /// As [`NpyArray::read_npz`].
    pub(in crate::data) fn array(&mut self, name: &str) -> Result<Option<NpyArray>> {
        let Some(index) = self.archive.index_for_name(&format!("{name}.npy")) else { return Ok(None) };
        let entry = self.archive.by_index(index).map_err(|error| corrupt(&self.path, &error))?;
        let mut left = NpyArray::MAX_BYTES;
        read_entry(&self.path, entry, &mut left).map(|(_, array)| Some(array))
    }

    /// The rows of an array, which stay in the file; none: there is no such array.
    ///
    /// # Errors
    /// [`Error::Format`] if the array cannot be read by position: it is compressed, of other numbers than uint8, float32 and float64, or
    /// in Fortran order.
    pub(in crate::data) fn rows(&mut self, name: &str) -> Result<Option<StoredRows>> {
        let path = &self.path;
        let Some(index) = self.archive.index_for_name(&format!("{name}.npy")) else { return Ok(None) };
        let entry = self.archive.by_index(index).map_err(|error| corrupt(path, &error))?;
        let help = "write it by np.savez and not np.savez_compressed, with x of uint8, float32 or float64 in C order";
        let invalid = |problem: &str| {
            Error::format(path, format!("the array {name:?} cannot be read in pieces: {problem}"), help)
        };
        let Some(start) = entry.data_start().filter(|_| entry.compression() == CompressionMethod::Stored)
        else {
            return Err(invalid("it is compressed"));
        };
        let size = entry.size();
        let mut beginning = Vec::new();
        entry
            .take(HEADER_BYTES)
            .read_to_end(&mut beginning)
            .map_err(|error| Error::file("read", path, error))?;
        let (header, rest) = header::split(&beginning).map_err(|problem| invalid(&problem))?;
        if header.fortran_order && header.shape.len() > 1 {
            return Err(invalid("it is in Fortran order"));
        }
        let (rows, shape) = match header.shape.as_slice() {
            [] => return Err(invalid("it is a single number")),
            // Of a row of one number, as in memory.
            [rows] => (*rows, vec![1]),
            [rows, shape @ ..] => (*rows, shape.to_vec()),
        };
        let element_type = ElementType::named(&header.element_type);
        let element = element_type.and_then(|found| found.stored(header.shape.len() > 1));
        let element = element
            .ok_or_else(|| invalid(&format!("its elements are of the type {}", header.element_type)))?;
        let offset = (beginning.len() - rest.len()) as u64;
        let count = header.shape.iter().try_fold(1_u64, |count, side| count.checked_mul(*side as u64));
        let bytes = count.and_then(|count| count.checked_mul(element.size() as u64)?.checked_add(offset));
        if bytes != Some(size) {
            let problem = format!("its shape {:?} does not fit its {size} bytes", header.shape);
            return Err(invalid(&problem));
        }
        // Real numbers have rows of numbers, whatever their shape.
        let shape = if element == Element::Pixel { shape } else { vec![shape.iter().product()] };
        RowFile::open(path, start + offset, rows, shape, element).map(|file| Some(file.into()))
    }
}

/// The most bytes of the header of an array.
const HEADER_BYTES: u64 = 1 << 17;

fn corrupt(path: &Path, error: &ZipError) -> Error {
    Error::format(path, format!("it is not a complete ZIP archive ({error})"), EXPECTED)
}

/// An array of the archive and its name. `left` is the number of bytes that the archive may still have.
fn read_entry<R: Read>(archive: &Path, entry: ZipFile<'_, R>, left: &mut u64) -> Result<(String, NpyArray)> {
    let invalid = |problem: String| Error::format(archive, problem, EXPECTED);
    let file_name = entry.name().to_owned();
    let Some(array_name) = file_name.strip_suffix(".npy") else {
        return Err(invalid(format!("it has the file {file_name:?}, which is not an array")));
    };
    let size = entry.size();
    if size > *left || size > entry.compressed_size().saturating_mul(DEFLATE_RATIO) {
        return Err(invalid(format!("the array {array_name:?} has {size} bytes, more than possible")));
    }
    *left -= size;
    memory::must_fit("array", size, "give smaller arrays")?;
    let mut bytes = Vec::with_capacity(size as usize);
    // Reading to the end makes the decoder verify the checksum.
    entry
        .take(size.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| invalid(format!("the array {array_name:?} is corrupt ({error})")))?;
    let place = format!("{}/{file_name}", archive.display());
    Ok((array_name.to_owned(), NpyArray::from_bytes(place, &bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    const ARRAY: &[u8] =
        b"\x93NUMPY\x01\x00\x3e\x00{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }    \n\x05\x07";

    fn archive(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            let options = SimpleFileOptions::default().compression_method(method);
            writer.start_file(*name, options).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn problem(content: &[u8]) -> String {
        NpyArray::npz_from_bytes("a.npz", content).unwrap_err().to_string()
    }

    #[test]
    fn arrays_are_read_in_the_order_of_the_file() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let content = archive(&[("y.npy", ARRAY), ("x.npy", ARRAY)], method);
            let arrays = NpyArray::npz_from_bytes("a.npz", &content).unwrap();
            assert_eq!(arrays.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["y", "x"]);
            assert_eq!(arrays[1].1.to_labels().unwrap(), [5, 7]);
        }
    }

    #[test]
    fn invalid_archives_are_errors() {
        let stored = |entries: &[(&str, &[u8])]| archive(entries, CompressionMethod::Stored);
        let whole = stored(&[("x.npy", ARRAY)]);
        for (content, words) in [
            (Vec::new(), "not a complete ZIP archive"),
            (whole[..whole.len() - 1].to_vec(), "not a complete ZIP archive"),
            (stored(&[]), "it has no arrays"),
            (stored(&[("readme.txt", b"text")]), "\"readme.txt\", which is not an array"),
            (stored(&[("x.npy", b"text")]), "a.npz/x.npy"),
        ] {
            let text = problem(&content);
            assert!(text.contains(words) && text.contains("a.npz"), "{text}");
        }
        let mut changed = whole;
        let element = changed.iter().position(|byte| *byte == 5).unwrap();
        // The first byte with this value may be in the archive's own fields; the elements come after the header of the array.
        let header = changed.windows(6).position(|window| window == b"\x93NUMPY").unwrap();
        let element = element.max(header + ARRAY.len() - 2);
        changed[element] ^= 1;
        assert!(problem(&changed).contains("corrupt"), "{}", problem(&changed));
    }

    /// Deflate compresses zeros by 1000: an archive of 1 MiB would have 1 GiB.
    #[test]
    fn a_size_that_the_file_cannot_have_is_refused() {
        let mut content = archive(&[("x.npy", ARRAY)], CompressionMethod::Stored);
        // The size in the central directory: 24 bytes after its signature.
        let directory = content.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
        content[directory + 24..directory + 28].copy_from_slice(&[0, 0, 0, 0x7f]);
        let text = problem(&content);
        assert!(text.contains("more than possible"), "{text}");
    }

    #[test]
    fn damaged_archives_do_not_panic() {
        let content = archive(&[("x.npy", ARRAY), ("y.npy", ARRAY)], CompressionMethod::Deflated);
        for position in 0..content.len() {
            for change in [1, 0x80, 0xff] {
                let mut damaged = content.clone();
                damaged[position] ^= change;
                let _ = NpyArray::npz_from_bytes("a.npz", &damaged);
            }
        }
    }
}
