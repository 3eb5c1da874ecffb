//! Numbers in JSON, which has no infinities and no NaN: they are written as strings.
//!
//! For `#[serde(with = "crate::number")]`. `null`, which earlier versions wrote, is read as NaN.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Serializes a number; infinities and NaN as strings.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives fields by reference")]
pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match *number {
        x if x.is_nan() => serializer.serialize_str("NaN"),
        f64::INFINITY => serializer.serialize_str("Infinity"),
        f64::NEG_INFINITY => serializer.serialize_str("-Infinity"),
        x => serializer.serialize_f64(x),
    }
}

/// Deserializes a number, a string for infinities and NaN, or `null`.
pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Word(String),
        Nothing(()),
    }
    match Written::deserialize(deserializer)? {
        Written::Number(number) => Ok(number),
        Written::Nothing(()) => Ok(f64::NAN),
        Written::Word(word) => match word.as_str() {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(serde::de::Error::custom(format!("`{word}` is not a number"))),
        },
    }
}

/// A number that may be absent, for `#[serde(default, with = "crate::number::optional", skip_serializing_if = "Option::is_none")]`.
pub mod optional {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Serializes a number as [`serialize`](super::serialize) does, or `null`.
    #[allow(clippy::ref_option, reason = "serde gives fields by reference")]
    pub fn serialize<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        match number {
            Some(number) => super::serialize(number, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Deserializes what is there.
    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        #[derive(Deserialize)]
        struct Written(#[serde(with = "super")] f64);
        Written::deserialize(deserializer).map(|Written(number)| Some(number))
    }
}

/// A short decimal; very large and very small numbers in scientific notation.
pub fn short(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && size.is_finite() && !(1e-6..1e16).contains(&size) {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}

/// A number for prose, with at most six decimals.
pub fn plain(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.replace('-', "−") }
}

/// A number in a list, serialized as by [`serialize`].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Number(#[serde(serialize_with = "serialize")] pub f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Record {
        #[serde(with = "crate::number")]
        loss: f64,
    }

    #[test]
    fn numbers_are_short() {
        for (number, text) in [
            (1e300, "1e300"),
            (-2.5e-300, "-2.5e-300"),
            (0.1, "0.1"),
            (1e-5, "0.00001"),
            (0.0, "0"),
            (3.0, "3"),
        ] {
            assert_eq!(short(number), text);
            assert_eq!(text.parse(), Ok(number));
        }
        assert_eq!(short(f64::INFINITY), "inf");
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Score {
        #[serde(default, with = "crate::number::optional", skip_serializing_if = "Option::is_none")]
        score: Option<f64>,
    }

    #[test]
    fn every_number_survives_json() {
        for loss in [0.1, -0.0, 5e-324, f64::MAX, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3.0] {
            let text = serde_json::to_string(&Record { loss }).expect("JSON");
            let back: Record = serde_json::from_str(&text).expect("a record");
            assert_eq!(back.loss.to_bits(), loss.to_bits(), "{text}");
        }
        let old: Record = serde_json::from_str(r#"{"loss":null}"#).expect("a record");
        assert!(old.loss.is_nan());
        for (score, text) in
            [(None, "{}"), (Some(0.5), r#"{"score":0.5}"#), (Some(f64::INFINITY), r#"{"score":"Infinity"}"#)]
        {
            assert_eq!(serde_json::to_string(&Score { score }).expect("JSON"), text);
            assert_eq!(serde_json::from_str::<Score>(text).expect("a score"), Score { score });
        }
        let error = serde_json::from_str::<Record>(r#"{"loss":"much"}"#).expect_err("not a number");
        assert!(error.to_string().contains("`much` is not a number"), "{error}");
    }
}
