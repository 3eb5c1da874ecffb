//! The encoding of a text file: recognized from its bytes, or given.
//!
//! In this order: a byte order mark (UTF-8, UTF-16), valid UTF-8, valid CP949. CP949 is the encoding of Korean Windows, a
//! superset of EUC-KR. Encodings of one byte per character have no invalid bytes and cannot be recognized: they are an
//! option.

use std::borrow::Cow;
use std::path::Path;

use encoding_rs::{EUC_KR, Encoding, UTF_8};
use retrograde_base::{Error, Result};

/// A text and the name of its encoding.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) encoding: String,
}

/// The starts of files that are no text, and what they are.
const OTHER_FORMATS: [(&[u8], &str, &str); 6] = [
    (
        b"PK\x03\x04",
        "a spreadsheet (XLSX) or a ZIP archive",
        "export the sheet as CSV, or unpack the archive",
    ),
    (b"\xD0\xCF\x11\xE0", "a spreadsheet (XLS)", "export the sheet as CSV"),
    (b"\x1F\x8B", "compressed by gzip", "decompress it"),
    (b"PAR1", "a Parquet file", "export it as CSV"),
    (b"%PDF", "a PDF", "export the table as CSV"),
    (b"\x93NUMPY", "an array of NumPy", "read it by `NpyArray::read`"),
];

/// Decodes a file. `label` is the name of an encoding that the caller gives.
pub(super) fn decode(name: &Path, bytes: Vec<u8>, label: Option<&str>) -> Result<Decoded> {
    must_be_text(name, &bytes)?;
    let decoded = match (label, Encoding::for_bom(&bytes)) {
        (Some(label), _) => with_encoding(name, &bytes, encoding_named(label)?)?,
        (None, Some((encoding, length))) => {
            let mut decoded = with_encoding(name, &bytes[length..], encoding)?;
            decoded.encoding.push_str(" with a byte order mark");
            decoded
        }
        (None, None) => recognized(name, bytes)?,
    };
    let Some(position) = decoded.text.find('\0') else {
        return Ok(decoded);
    };
    let problem =
        format!("line {} has a zero byte, which no text has", line_at(decoded.text.as_bytes(), position));
    Err(Error::format(name, problem, "give a table as text; save UTF-16 with a byte order mark, or as UTF-8"))
}

/// Checks that a file does not begin as one of another format.
pub(super) fn must_be_text(name: &Path, bytes: &[u8]) -> Result<()> {
    match OTHER_FORMATS.iter().find(|(start, ..)| bytes.starts_with(start)) {
        None => Ok(()),
        Some((_, what, help)) => {
            Err(Error::format(name, format!("it is {what}, not a table as text"), *help))
        }
    }
}

/// The text of a file, as [`decode`].
pub(in crate::data) fn decode_text(name: &Path, bytes: Vec<u8>, label: Option<&str>) -> Result<String> {
    decode(name, bytes, label).map(|decoded| decoded.text)
}

/// The text of a file without a byte order mark, in UTF-8 or CP949.
fn recognized(name: &Path, bytes: Vec<u8>) -> Result<Decoded> {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(Decoded { text, encoding: shown(UTF_8).to_owned() }),
        Err(error) => error,
    };
    let valid = bytes.utf8_error().valid_up_to();
    let bytes = bytes.into_bytes();
    with_encoding(name, &bytes, EUC_KR).map_err(|_| {
        let problem = format!(
            "line {} is valid neither in UTF-8 (byte 0x{:02x}) nor in CP949",
            line_at(&bytes, valid),
            bytes[valid]
        );
        not_valid(name, problem)
    })
}

/// The error for a file that is valid in no encoding that is recognized.
pub(super) fn not_valid(name: &Path, problem: String) -> Error {
    let help = "save it as UTF-8, or name its encoding (`TableReader::encoding`: \"windows-1252\")";
    Error::format(name, problem, help)
}

fn with_encoding(name: &Path, bytes: &[u8], encoding: &'static Encoding) -> Result<Decoded> {
    let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) else {
        let problem = format!("it is not valid in {}", shown(encoding));
        return Err(Error::format(name, problem, "save it as UTF-8, or name another encoding"));
    };
    let text = match text {
        Cow::Owned(text) => text,
        Cow::Borrowed(text) => text.to_owned(),
    };
    // A caller may name the encoding of a file that has a byte order mark.
    let text = text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text);
    Ok(Decoded { text, encoding: shown(encoding).to_owned() })
}

pub(super) fn encoding_named(label: &str) -> Result<&'static Encoding> {
    // The names that Python and Java have for EUC-KR with Microsoft's extension.
    let korean = ["cp949", "ms949", "uhc"].iter().any(|name| label.eq_ignore_ascii_case(name));
    if korean { Some(EUC_KR) } else { Encoding::for_label(label.as_bytes()) }.ok_or_else(|| {
        let problem = format!("{label:?} is not known");
        Error::invalid(
            "encoding",
            problem,
            "give \"utf-8\", \"cp949\", \"utf-16le\", \"windows-1252\" or another web encoding",
        )
    })
}

pub(super) fn shown(encoding: &'static Encoding) -> &'static str {
    if encoding == EUC_KR { "CP949" } else { encoding.name() }
}

/// The line of a byte, counted from 1.
fn line_at(bytes: &[u8], position: usize) -> usize {
    bytes[..position].split(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], label: Option<&str>) -> (String, String) {
        let decoded = decode(Path::new("a"), bytes.to_vec(), label).unwrap();
        (decoded.text, decoded.encoding)
    }

    fn problem(bytes: &[u8], label: Option<&str>) -> String {
        decode(Path::new("a"), bytes.to_vec(), label).unwrap_err().to_string()
    }

    /// The bytes were written by Python: "가,1".encode(...).
    #[test]
    fn encodings_are_recognized() {
        for (bytes, encoding) in [
            (&b"\xea\xb0\x80,1"[..], "UTF-8"),
            (b"\xef\xbb\xbf\xea\xb0\x80,1", "UTF-8 with a byte order mark"),
            (b"\xff\xfe\x00\xac,\x001\x00", "UTF-16LE with a byte order mark"),
            (b"\xfe\xff\xac\x00\x00,\x001", "UTF-16BE with a byte order mark"),
            (b"\xb0\xa1,1", "CP949"),
        ] {
            assert_eq!(decoded(bytes, None), ("가,1".to_owned(), encoding.to_owned()));
        }
        // A syllable that CP949 has and EUC-KR has not.
        assert_eq!(decoded(b"\x8c\x63", None), ("똠".to_owned(), "CP949".to_owned()));
        assert_eq!(decoded(b"", None), (String::new(), "UTF-8".to_owned()));
    }

    #[test]
    fn an_encoding_can_be_named() {
        assert_eq!(decoded(b"Gr\xf6\xdfe", Some("windows-1252")).0, "Größe");
        assert_eq!(decoded(b"\xb0\xa1", Some("CP949")), ("가".to_owned(), "CP949".to_owned()));
        assert_eq!(decoded(b"1\x00,\x002\x00", Some("utf-16le")).0, "1,2");
        assert_eq!(decoded(b"\xff\xfe1\x00", Some("utf-16le")).0, "1");
        assert!(problem(b"a", Some("utf-9")).contains("\"utf-9\" is not known"));
        assert!(problem(b"\xff", Some("utf-8")).contains("it is not valid in UTF-8"));
    }

    #[test]
    fn what_is_no_text_is_named() {
        assert!(problem(b"PK\x03\x04", None).contains("spreadsheet"));
        assert!(problem(b"\x1f\x8b\x08", None).contains("gzip"));
        let text = problem(b"a,b\n1,\xff\xff", None);
        assert!(text.contains("line 2") && text.contains("0xff") && text.contains("windows-1252"), "{text}");
        // UTF-16 without a mark.
        assert!(problem(b"a\x00\n\x00b\x00", None).contains("line 1 has a zero byte"));
        // Half of a character at the end.
        assert!(problem(b"\xff\xfe1", None).contains("UTF-16LE"));
    }
}
