//! Downloads of single files over HTTP, bounded in size and time.
//!
//! The caller verifies the checksum of the content. Plain HTTP is therefore sufficient, and TLS is not compiled in.

use std::io::Read;
use std::time::Duration;

/// Timeouts: without received data, and for a whole file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    pub idle: Duration,
    pub total: Duration,
}

/// Fetches `url`, of at most `limit` bytes. `progress` is called with the received bytes, and with the total if the server
/// sends it. The error is the reason as text.
pub(super) fn fetch(
    url: &str,
    limit: u64,
    timeouts: Timeouts,
    mut progress: impl FnMut(u64, Option<u64>),
) -> Result<Vec<u8>, String> {
    const PIECE: usize = 1 << 16;
    if !url.starts_with("http://") {
        return Err("the URL must start with http:// (the checksum is verified, not the channel)".to_owned());
    }
    let idle = Some(timeouts.idle);
    let mut config = ureq::Agent::config_builder()
        .user_agent(concat!("retrograde/", env!("CARGO_PKG_VERSION")))
        .max_redirects(5)
        .timeout_global(Some(timeouts.total))
        .timeout_resolve(idle)
        .timeout_connect(idle)
        .timeout_recv_response(idle)
        .timeout_per_read(idle);
    if is_loopback(url) {
        // The loopback of a proxy is another machine.
        config = config.proxy(None);
    }
    let response = config.build().new_agent().get(url).call().map_err(|error| error.to_string())?;
    let total = response.body().content_length();
    let too_long = || format!("the file is larger than {limit} bytes");
    if total.is_some_and(|total| total > limit) {
        return Err(too_long());
    }
    let mut body = response.into_body().into_reader();
    let mut bytes = Vec::new();
    loop {
        // The reader returns an error for a body that is shorter than its announced length.
        let read = match body.by_ref().take(PIECE as u64).read_to_end(&mut bytes) {
            Ok(read) => read,
            Err(error) => return Err(format!("{error}, after {} bytes", bytes.len())),
        };
        if bytes.len() as u64 > limit {
            return Err(too_long());
        }
        if read == 0 {
            return Ok(bytes);
        }
        progress(bytes.len() as u64, total);
    }
}

fn is_loopback(url: &str) -> bool {
    ["http://127.", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start))
}
