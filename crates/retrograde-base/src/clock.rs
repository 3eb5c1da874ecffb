//! The clock. Rust's own panics in a browser, which has another one.

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use std::time;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use web_time as time;

pub use time::Instant;
pub use time::SystemTime;
