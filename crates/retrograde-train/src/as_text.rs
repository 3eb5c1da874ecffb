//! Types whose serialized form is their text.

/// The conversions that `#[serde(into = "String", try_from = "String")]` needs, by `Display` and `FromStr`.
macro_rules! as_text {
    ($type:ty) => {
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }

        impl TryFrom<String> for $type {
            type Error = retrograde_base::error::Error;

            fn try_from(text: String) -> retrograde_base::error::Result<Self> {
                text.parse()
            }
        }
    };
}

pub(crate) use as_text;
