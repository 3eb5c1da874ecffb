//! The one integration-test binary: a module a subject.

mod data;
#[cfg(feature = "download")]
mod download;
mod notebook;
mod view;
