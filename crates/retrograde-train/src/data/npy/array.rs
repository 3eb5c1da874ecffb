//! An array of NumPy.

use std::path::Path;

use retrograde_base::{Error, Result, files, memory};

use super::elements::{ElementType, NpyValues};
use super::header;

/// An array from an NPY file or an NPZ archive: truth values, integers or real numbers, in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct NpyArray {
    shape: Vec<usize>,
    values: NpyValues,
}

/// The help of errors of the format.
const EXPECTED: &str = "give an array of numbers as written by np.save";

impl NpyArray {
    /// The most bytes of a file: 4 GiB.
    pub const MAX_BYTES: u64 = 1 << 32;

    /// Reads an NPY file.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read. [`Error::Format`] if it is a folder, a pipe, larger than
    /// [`MAX_BYTES`](Self::MAX_BYTES), not an NPY file, truncated, longer than its header says, or of elements that are not
    /// numbers (bool, integers of 8 to 64 bits, float32, float64). [`Error::OutOfMemory`].
    ///
    /// # Examples
    /// ```no_run
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::data::NpyArray;
    ///
    /// let features = NpyArray::read("features.npy")?;
    /// println!("{:?}", features.shape());
    /// # Ok(())
    /// # }
    /// ```
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_bytes(path, &files::read_bounded(path, Self::MAX_BYTES)?)
    }

    /// Parses the content of an NPY file; errors mention `name`.
    ///
    /// # Errors
    /// [`Error::Format`] and [`Error::OutOfMemory`], as [`NpyArray::read`].
    ///
    /// # Examples
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::data::{NpyArray, NpyValues};
    ///
    /// let header = b"{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2), }\n";
    /// let file = [b"\x93NUMPY\x01\x00", &[header.len() as u8, 0][..], header, &[1, 3, 2, 4]].concat();
    /// let array = NpyArray::from_bytes("bytes.npy", &file)?;
    /// assert_eq!(array.shape(), [2, 2]);
    /// assert_eq!(*array.values(), NpyValues::U8(vec![1, 2, 3, 4]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_bytes(name: impl AsRef<Path>, content: &[u8]) -> Result<Self> {
        let name = name.as_ref();
        let invalid = |problem: String| Error::format(name, problem, EXPECTED);
        let (header, bytes) = header::split(content).map_err(invalid)?;
        let element_type = ElementType::named(&header.element_type)
            .ok_or_else(|| unsupported(name, &header.element_type))?;
        let shape = header.shape;
        let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
        let count = count.filter(|count| count.checked_mul(element_type.size()) == Some(bytes.len()));
        let Some(count) = count else {
            let (size, found) = (element_type.size(), bytes.len());
            return Err(invalid(format!(
                "its shape {shape:?} of {size}-byte elements does not fit its {found} bytes"
            )));
        };
        // A conversion of the order takes the memory twice.
        let copies = if header.fortran_order { 2 } else { 1 };
        let memory = copies * count as u64 * element_type.size_in_memory() as u64;
        memory::must_fit("array", memory, "give a smaller array")?;
        let values = element_type.decode(bytes).map_err(invalid)?;
        let values = if header.fortran_order { values.into_row_major(&shape) } else { values };
        Ok(NpyArray { shape, values })
    }

    /// The lengths of the axes, outermost first; empty for a single number.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements in row-major order.
    pub fn values(&self) -> &NpyValues {
        &self.values
    }

    /// The elements in row-major order, without a copy.
    pub fn into_values(self) -> NpyValues {
        self.values
    }

    /// The elements as real numbers; false is 0 and true 1. Integers above 2⁵³ are rounded.
    ///
    /// # Errors
    /// [`Error::Invalid`] if an element is not finite.
    pub fn to_f64(&self) -> Result<Vec<f64>> {
        let numbers: Vec<f64> = match &self.values {
            NpyValues::Bool(values) => values.iter().map(|value| f64::from(u8::from(*value))).collect(),
            NpyValues::U8(values) => values.iter().map(|value| f64::from(*value)).collect(),
            NpyValues::I64(values) => values.iter().map(|value| *value as f64).collect(),
            NpyValues::F32(values) => values.iter().map(|value| f64::from(*value)).collect(),
            NpyValues::F64(values) => values.clone(),
        };
        match numbers.iter().position(|number| !number.is_finite()) {
            None => Ok(numbers),
            Some(position) => {
                let problem = format!("element {:?} is {}", self.index(position), numbers[position]);
                Err(Error::invalid(
                    "array",
                    problem,
                    "replace what is not finite (np.nan_to_num), or remove its rows",
                ))
            }
        }
    }

    /// The elements as class numbers.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the elements are real numbers, or one is negative or above 2³² − 1.
    pub fn to_labels(&self) -> Result<Vec<u32>> {
        match &self.values {
            NpyValues::Bool(values) => Ok(values.iter().map(|value| u32::from(*value)).collect()),
            NpyValues::U8(values) => Ok(values.iter().map(|value| u32::from(*value)).collect()),
            NpyValues::I64(values) => {
                values.iter().enumerate().map(|(at, value)| self.label(at, *value)).collect()
            }
            NpyValues::F32(_) | NpyValues::F64(_) => {
                let help = "give integers: array.astype(np.int64)";
                Err(Error::invalid("labels", "the elements are real numbers", help))
            }
        }
    }

    fn label(&self, position: usize, value: i64) -> Result<u32> {
        u32::try_from(value).map_err(|_| {
            let problem = format!("element {:?} is {value}", self.index(position));
            Error::invalid("labels", problem, "give class numbers from 0 to 4294967295")
        })
    }

    /// The index of an element by its position in row-major order.
    fn index(&self, mut position: usize) -> Vec<usize> {
        let mut index: Vec<usize> = self
            .shape
            .iter()
            .rev()
            .map(|size| {
                let own = position % size;
                position /= size;
                own
            })
            .collect();
        index.reverse();
        index
    }
}

/// The error for elements that are no numbers, or of another precision.
fn unsupported(name: &Path, element_type: &str) -> Error {
    let what = match element_type.trim_start_matches(['<', '>', '|', '=']).chars().next() {
        Some('O') => "Python objects, which only Python can read safely",
        Some('U' | 'S') => "texts",
        Some('c') => "complex numbers",
        Some('M' | 'm') => "times",
        _ => "of a type that is not supported",
    };
    let help = "give bool, integers, float32 or float64: array.astype(np.float32)";
    Error::format(name, format!("its elements are {what} ({element_type})"), help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A file with this header and these elements.
    pub(in crate::data::npy) fn file(
        element_type: &str,
        fortran: bool,
        shape: &str,
        bytes: &[u8],
    ) -> Vec<u8> {
        let order = if fortran { "True" } else { "False" };
        let header = format!("{{'descr': '{element_type}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let length = (header.len() as u16).to_le_bytes();
        [header::MAGIC, &[1, 0], &length, header.as_bytes(), bytes].concat()
    }

    fn problem(content: &[u8]) -> String {
        NpyArray::from_bytes("a.npy", content).unwrap_err().to_string()
    }

    #[test]
    fn invalid_files_are_errors() {
        for (content, words) in [
            (file("<f4", false, "(2,)", &[0; 7]), "does not fit its 7 bytes"),
            (file("<f4", false, "(2,)", &[0; 9]), "does not fit its 9 bytes"),
            (file("<f4", false, "(18446744073709551615, 2)", &[]), "does not fit its 0 bytes"),
            (file("<f8", false, "(4611686018427387904,)", &[]), "does not fit its 0 bytes"),
            (file("|O", false, "(2,)", &[]), "Python objects"),
            (file("<f2", false, "(1,)", &[0; 2]), "not supported (<f2)"),
            (file("<U5", false, "(1,)", &[0; 20]), "texts"),
            (b"".to_vec(), "does not begin as an NPY file"),
            (b"\x93NUMPY".to_vec(), "ends within its header"),
            (b"\x93NUMPY\x02\x00\xff\xff".to_vec(), "ends within its header"),
            (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{".to_vec(), "longer than the file"),
            (b"\x93NUMPY\x09\x00\x00\x00".to_vec(), "version 9"),
            (b"\x93NUMPY\x01\x00\x02\x00{}".to_vec(), "not that of an array"),
        ] {
            let text = problem(&content);
            assert!(text.contains(words) && text.contains("a.npy") && text.contains("help"), "{text}");
        }
    }

    #[test]
    fn arrays_become_real_numbers_and_labels() {
        let array = |kind: &str, shape: &str, bytes: &[u8]| {
            NpyArray::from_bytes("a", &file(kind, false, shape, bytes)).unwrap()
        };
        let integers = array("|i1", "(2, 2)", &[1, 2, 0xff, 3]);
        assert_eq!(integers.to_f64().unwrap(), [1.0, 2.0, -1.0, 3.0]);
        assert!(integers.to_labels().unwrap_err().to_string().contains("element [1, 0] is -1"));
        assert_eq!(array("|b1", "(2,)", &[0, 1]).to_labels().unwrap(), [0, 1]);
        assert_eq!(array("|u1", "()", &[7]).to_labels().unwrap(), [7]);
        let nan = array("<f4", "(2,)", &[0, 0, 0, 0, 0, 0, 0xc0, 0x7f]);
        assert!(nan.to_f64().unwrap_err().to_string().contains("element [1] is NaN"));
        assert!(nan.to_labels().unwrap_err().to_string().contains("real numbers"));
        assert!(array("<f8", "(0, 3)", &[]).to_f64().unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn damaged_files_do_not_panic(position in 0_usize..90, byte: u8, length in 0_usize..120) {
            let mut content = file("<f4", true, "(2, 3)", &[1; 24]);
            let last = content.len() - 1;
            content[position.min(last)] = byte;
            content.truncate(length.max(1));
            let _ = NpyArray::from_bytes("a", &content);
        }
    }
}
