//! The elements of an array: from the bytes of a file to numbers in row-major order.

use crate::data::stored::Element;

/// Numbers of one type, in row-major order. Integers of other types are widened to 64 bits.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NpyValues {
    /// Truth values.
    Bool(Vec<bool>),
    /// Unsigned bytes, such as pixels.
    U8(Vec<u8>),
    /// Integers.
    I64(Vec<i64>),
    /// Real numbers of single precision.
    F32(Vec<f32>),
    /// Real numbers of double precision.
    F64(Vec<f64>),
}

/// The type of the elements of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementType {
    /// The letter of NumPy: 'b', 'i', 'u', 'f'.
    kind: char,
    size: usize,
    is_big_endian: bool,
}

impl ElementType {
    /// The type with this name of NumPy ("<f4"); `None` if it is not supported.
    pub(super) fn named(name: &str) -> Option<Self> {
        let order = name.chars().next().filter(|order| "<>|=".contains(*order));
        let rest = &name[order.map_or(0, char::len_utf8)..];
        let (kind, size) = match rest {
            "?" => ('b', 1),
            _ => (rest.chars().next()?, rest.get(1..)?.parse().ok()?),
        };
        let is_supported = matches!((kind, size), ('b', 1) | ('i' | 'u', 1 | 2 | 4 | 8) | ('f', 4 | 8));
        let is_big_endian = match order {
            Some('<') => false,
            Some('>') => true,
            _ => cfg!(target_endian = "big"),
        };
        is_supported.then_some(ElementType { kind, size, is_big_endian })
    }

    /// How elements that stay in the file are read, if they can be: bytes are pixels if a row has more than one axis.
    pub(super) fn stored(self, are_pixels: bool) -> Option<Element> {
        match (self.kind, self.size) {
            ('u', 1) if are_pixels => Some(Element::Pixel),
            ('f', 4) if !self.is_big_endian => Some(Element::F32),
            ('f', 8) if !self.is_big_endian => Some(Element::F64),
            _ => None,
        }
    }

    /// The bytes of an element in the file.
    pub(super) fn size(self) -> usize {
        self.size
    }

    /// The bytes of an element in memory.
    pub(super) fn size_in_memory(self) -> usize {
        match (self.kind, self.size) {
            ('b', _) | ('u', 1) => 1,
            ('f', 4) => 4,
            _ => 8,
        }
    }

    /// The elements in the order of the file. The error is the problem as text.
    pub(super) fn decode(self, bytes: &[u8]) -> Result<NpyValues, String> {
        Ok(match (self.kind, self.size) {
            ('b', _) => NpyValues::Bool(bytes.iter().map(|byte| *byte != 0).collect()),
            ('u', 1) => NpyValues::U8(bytes.to_vec()),
            ('f', 4) => NpyValues::F32(self.elements(bytes, f32::from_le_bytes)),
            ('f', _) => NpyValues::F64(self.elements(bytes, f64::from_le_bytes)),
            ('i', 1) => NpyValues::I64(self.elements(bytes, |bytes| i8::from_le_bytes(bytes).into())),
            ('i', 2) => NpyValues::I64(self.elements(bytes, |bytes| i16::from_le_bytes(bytes).into())),
            ('i', 4) => NpyValues::I64(self.elements(bytes, |bytes| i32::from_le_bytes(bytes).into())),
            ('i', _) => NpyValues::I64(self.elements(bytes, i64::from_le_bytes)),
            ('u', 2) => NpyValues::I64(self.elements(bytes, |bytes| u16::from_le_bytes(bytes).into())),
            ('u', 4) => NpyValues::I64(self.elements(bytes, |bytes| u32::from_le_bytes(bytes).into())),
            _ => NpyValues::I64(signed(&self.elements(bytes, u64::from_le_bytes))?),
        })
    }

    /// The elements of `N` bytes each, by a function of their little-endian bytes.
    fn elements<const N: usize, T>(self, bytes: &[u8], from_le_bytes: impl Fn([u8; N]) -> T) -> Vec<T> {
        let element = |bytes: &[u8; N]| {
            let mut bytes = *bytes;
            if self.is_big_endian {
                bytes.reverse();
            }
            from_le_bytes(bytes)
        };
        bytes.as_chunks::<N>().0.iter().map(element).collect()
    }
}

/// Unsigned integers of 64 bits as signed ones.
fn signed(numbers: &[u64]) -> Result<Vec<i64>, String> {
    let number =
        |number: &u64| i64::try_from(*number).map_err(|_| format!("its element {number} is above 2⁶³ − 1"));
    numbers.iter().map(number).collect()
}

impl NpyValues {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            NpyValues::Bool(values) => values.len(),
            NpyValues::U8(values) => values.len(),
            NpyValues::I64(values) => values.len(),
            NpyValues::F32(values) => values.len(),
            NpyValues::F64(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values with the last axis running fastest, of values of this shape with the first running fastest.
    pub(super) fn into_row_major(self, shape: &[usize]) -> Self {
        match self {
            NpyValues::Bool(values) => NpyValues::Bool(row_major(&values, shape)),
            NpyValues::U8(values) => NpyValues::U8(row_major(&values, shape)),
            NpyValues::I64(values) => NpyValues::I64(row_major(&values, shape)),
            NpyValues::F32(values) => NpyValues::F32(row_major(&values, shape)),
            NpyValues::F64(values) => NpyValues::F64(row_major(&values, shape)),
        }
    }
}

fn row_major<T: Copy>(values: &[T], shape: &[usize]) -> Vec<T> {
    let strides: Vec<usize> = shape
        .iter()
        .scan(1, |stride, size| {
            let own = *stride;
            *stride *= size;
            Some(own)
        })
        .collect();
    let mut index = vec![0; shape.len()];
    let mut position = 0;
    let mut output = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        output.push(values[position]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            position += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            position -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_by_their_names() {
        let size = |name: &str| ElementType::named(name).map(ElementType::size);
        for (name, expected) in
            [("<f4", 4), (">f8", 8), ("|u1", 1), ("|b1", 1), ("?", 1), ("=i8", 8), ("u2", 2), ("<u8", 8)]
        {
            assert_eq!(size(name), Some(expected), "{name}");
        }
        for name in
            ["|O", "<f2", "<c8", "<U5", "|S3", "<M8[ns]", "|V8", "<f16", "", "<", "f", "가4", "<가4", "b8"]
        {
            assert_eq!(size(name), None, "{name}");
        }
    }

    #[test]
    fn bytes_are_decoded_in_both_orders() {
        let decode = |name: &str, bytes: &[u8]| ElementType::named(name).unwrap().decode(bytes);
        assert_eq!(decode("<i2", &[1, 0, 0xfe, 0xff]), Ok(NpyValues::I64(vec![1, -2])));
        assert_eq!(decode(">i2", &[0, 1, 0xff, 0xfe]), Ok(NpyValues::I64(vec![1, -2])));
        assert_eq!(decode(">f4", &[0x3f, 0x80, 0, 0]), Ok(NpyValues::F32(vec![1.0])));
        assert_eq!(decode("<u4", &[0xff; 4]), Ok(NpyValues::I64(vec![4_294_967_295])));
        assert_eq!(decode("|i1", &[0xff]), Ok(NpyValues::I64(vec![-1])));
        assert!(decode("<u8", &[0xff; 8]).unwrap_err().contains("18446744073709551615"));
    }

    #[test]
    fn the_order_of_fortran_becomes_that_of_c() {
        // np.arange(6).reshape(2, 3) in the order of Fortran.
        assert_eq!(row_major(&[0, 3, 1, 4, 2, 5], &[2, 3]), [0, 1, 2, 3, 4, 5]);
        assert_eq!(row_major(&[7], &[]), [7]);
        assert_eq!(row_major(&[1, 2], &[2]), [1, 2]);
        assert!(row_major::<u8>(&[], &[2, 0]).is_empty());
    }
}
