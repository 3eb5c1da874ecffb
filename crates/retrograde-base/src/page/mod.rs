//! What the pages of HTML have in common: head, theme, scripts.

/// The encoding, and the policy that keeps a page from loading anything.
pub const HEAD: &str = include_str!("head.html");

/// The colours of both themes, light and dark.
pub const THEME: &str = include_str!("theme.css");

/// The layout of a report, below [`THEME`].
pub const REPORT_STYLE: &str = include_str!("report.css");

/// What all scripts use; it stands first.
pub const COMMON_SCRIPT: &str = include_str!("common.js");

/// The switch between languages, behind [`COMMON_SCRIPT`].
pub const LANGUAGE_SCRIPT: &str = include_str!("language.js");
