//! Textbook.
