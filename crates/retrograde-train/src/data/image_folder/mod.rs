//! Images in folders: one folder for each class, with PNG and JPEG files.
//!
//! ```text
//! animals/
//!   cat/   1.jpg  2.jpg  …
//!   dog/   1.jpg  2.png  …
//! ```
//!
//! [`ImageFolderReader`] reads such a folder: all images get one size and one number of channels. [`ImageFolder`] is the
//! result; its `Display` states what was chosen.

mod decode;
mod files;
mod folder;
mod reader;
#[cfg(test)]
mod tests;

pub(super) use decode::pixels;
pub use folder::ImageFolder;
pub use reader::ImageFolderReader;
pub(super) use reader::planes;
