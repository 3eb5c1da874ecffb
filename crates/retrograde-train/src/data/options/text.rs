//! Data sets of texts, by character.

use super::DataOptions;
use crate::data::gzip::read_bounded;
use crate::data::table::decode_text;
use crate::data::{Dataset, Samples, Windows};
use retrograde_base::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The largest text that is read, in bytes, without compression.
const MAX_BYTES: u64 = 1 << 30;

/// Reads a text, gzipped or not: a token is a character, in the order of Unicode. The last part of the text is for the test.
pub(super) fn read(options: &DataOptions, name: &str, path: &Path) -> Result<Dataset> {
    let text = decode_text(path, read_bounded(path, MAX_BYTES)?, options.encoding.as_deref())?;
    let characters: BTreeSet<char> = text.chars().collect();
    let numbers: BTreeMap<char, u32> = characters.iter().copied().zip(0..).collect();
    let tokens: Vec<u32> = text.chars().map(|character| numbers[&character]).collect();
    let test = options.test_fraction;
    if !(test > 0.0 && test < 1.0) {
        let problem = format!("{test} is out of range");
        return Err(Error::invalid("test fraction", problem, "give a number above 0 and below 1"));
    }
    let (train, test) = tokens.split_at((tokens.len() as f64 * (1.0 - test)).round() as usize);
    let samples = |part: &str, tokens: &[u32]| {
        let windows = Windows::new(tokens, options.context).map_err(|error| {
            let problem = format!("the part for the {part}: {}", error.message());
            Error::format(path, problem, error.help())
        })?;
        Samples::from_tokens(windows, numbers.len())
    };
    let data = Dataset::new(name, samples("training", train)?, samples("test", test)?)?;
    data.with_class_names(characters.iter().map(char::to_string))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Task;
    use std::fs;

    fn read_text(text: &[u8], options: &DataOptions) -> Result<Dataset> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("poem.txt");
        fs::write(&path, text).unwrap();
        options.read(&path)
    }

    #[test]
    fn characters_are_tokens_in_any_encoding() {
        let options = DataOptions { context: 2, test_fraction: 0.4, ..DataOptions::default() };
        for text in ["나비야 나비야\n".as_bytes(), b"\xb3\xaa\xba\xf1\xbe\xdf \xb3\xaa\xba\xf1\xbe\xdf\n"]
        {
            let data = read_text(text, &options).unwrap();
            assert_eq!((data.task(), data.train().outputs()), (Task::NextToken, 5));
            assert_eq!(data.description().class_names, ["\n", " ", "나", "비", "야"]);
            // 5 of 8 characters are for the training: two windows and the character behind.
            assert_eq!((data.train().len(), data.test().len()), (2, 1));
            assert_eq!(data.train().features().values()[..], [2.0, 3.0, 4.0, 1.0]);
        }
    }

    #[test]
    fn gzipped_texts_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Poem.TXT.gz");
        let mut encoder =
            flate2::write::GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, &b"to be or not to be ".repeat(30)).unwrap();
        encoder.finish().unwrap();
        let data = DataOptions { context: 4, ..DataOptions::default() }.read(&path).unwrap();
        assert_eq!((data.name(), data.task(), data.train().outputs()), ("Poem.TXT.gz", Task::NextToken, 7));
        assert_eq!(data.train().len(), 114 - 1);
        let plain = read_text(
            &b"to be or not to be ".repeat(30),
            &DataOptions { context: 4, ..DataOptions::default() },
        );
        assert_eq!(plain.unwrap().train(), data.train());
    }

    #[test]
    fn texts_that_are_too_short_are_errors() {
        let error = read_text(b"", &DataOptions::default()).unwrap_err().to_string();
        assert!(error.contains("training") && error.contains("0 tokens"), "{error}");
        let error = read_text(&b"to be or not ".repeat(9), &DataOptions::default()).unwrap_err().to_string();
        assert!(error.contains("test") && error.contains("23 tokens for windows of 64"), "{error}");
        let options = DataOptions { test_fraction: 1.0, ..DataOptions::default() };
        assert!(read_text(b"to be", &options).unwrap_err().to_string().contains("test fraction"));
    }
}
