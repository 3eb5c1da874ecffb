//! The common parts of HTML pages: head, theme, scripts.

/// The encoding, and a policy that forbids loading anything.
pub const HEAD: &str = include_str!("head.html");

/// The colors of the light and the dark theme.
pub const THEME: &str = include_str!("theme.css");

/// The style of a report, after [`THEME`].
pub const REPORT_STYLE: &str = include_str!("report.css");

/// The first script: functions of all scripts.
pub const COMMON_SCRIPT: &str = include_str!("common.js");

/// The language switch, after [`COMMON_SCRIPT`].
pub const LANGUAGE_SCRIPT: &str = include_str!("language.js");
