//! The clock. That of the standard library panics in browsers, where `web-time` replaces it.

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use std::time;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use web_time as time;

pub use time::Instant;
pub use time::SystemTime;
