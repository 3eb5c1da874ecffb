//! NPY and NPZ, the file formats of NumPy's arrays.
//!
//! ```text
//! 93 4e 55 4d 50 59     "\x93NUMPY"
//! 01 00                 the version; 1.0, 2.0 and 3.0 differ in the length and encoding of the header
//! 76 00                 the length of the header, little-endian: 16 bits, or 32 from version 2.0 on
//! {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }     a Python dictionary, filled up with spaces
//! …                     the elements: 3 · 4 · 4 bytes
//! ```
//!
//! An NPZ file is a ZIP archive of NPY files. The header is not trusted: memory is only allocated for a size that the file
//! has. Arrays of Python objects are refused, since reading them would execute code.
//!
//! The header is parsed here, because the crates for the format bring a parser of all Python literals, 20 packages and
//! assembly code with it.
//!
//! Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays"; the module `numpy.lib.format`.

mod array;
mod elements;
mod header;
mod npz;

pub use array::NpyArray;
pub use elements::NpyValues;
pub(super) use npz::NpzFile;
