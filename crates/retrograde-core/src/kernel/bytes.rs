//! Tables of bytes, such as the images of a data set.

use super::sparse::CompressedRows;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// Bytes that do not change. Clones share them, and their compressed rows.
#[derive(Clone)]
pub struct Bytes(Arc<Shared>);

struct Shared {
    values: Arc<[u8]>,
    compressed: OnceLock<Option<Arc<CompressedRows>>>,
}

impl Bytes {
    /// The nonzeros of the rows of `width` bytes, computed once. `None` if too few bytes are zero, or if the table already has
    /// compressed rows of another width.
    pub(crate) fn compressed_rows(&self, width: usize) -> Option<Arc<CompressedRows>> {
        let rows = self.0.compressed.get_or_init(|| CompressedRows::new(self, width).map(Arc::new));
        rows.as_ref().filter(|rows| rows.width() == width).map(Arc::clone)
    }
}

impl<B: Into<Arc<[u8]>>> From<B> for Bytes {
    fn from(values: B) -> Self {
        Bytes(Arc::new(Shared { values: values.into(), compressed: OnceLock::new() }))
    }
}

impl From<&Bytes> for Bytes {
    fn from(bytes: &Bytes) -> Self {
        bytes.clone()
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.values
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.values == other.0.values
    }
}

impl Eq for Bytes {}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn a_table_has_compressed_rows_of_one_width_if_it_is_mostly_zero() {
        assert!(Bytes::from(vec![1_u8; 640]).compressed_rows(64).is_none());
        assert!(Bytes::from(Vec::<u8>::new()).compressed_rows(64).is_none());
        let zeros = Bytes::from(vec![0_u8; 640]);
        assert!(zeros.compressed_rows(0).is_none(), "rows without columns");
        let zeros = Bytes::from(zeros.to_vec());
        assert!(zeros.compressed_rows(64).is_some() && zeros.compressed_rows(32).is_none());
    }
}
