//! One file over HTTP, bounded in size and in time.
//!
//! What arrives is not believed here and not looked at: the caller compares its checksum. So plain HTTP is enough,
//! and no TLS is compiled in.

use std::io::Read;
use std::time::Duration;

/// How long a mirror may be silent, and how long one file may take in all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub silence: Duration,
    pub whole: Duration,
}

/// Fetches `url`, of at most `limit` bytes. `received` hears of each piece: the bytes so far, and their number in
/// all where the server says it. The error is the reason in words.
pub(super) fn fetch(
    url: &str,
    limit: u64,
    patience: Patience,
    mut received: impl FnMut(u64, Option<u64>),
) -> Result<Vec<u8>, String> {
    const PIECE: usize = 1 << 16;
    if !url.starts_with("http://") {
        return Err(
            "only http:// is spoken here (the checksum, not the channel, is what is trusted)".to_owned()
        );
    }
    let silence = Some(patience.silence);
    let mut config = ureq::Agent::config_builder()
        .user_agent(concat!("retrograde/", env!("CARGO_PKG_VERSION")))
        .max_redirects(5)
        .timeout_global(Some(patience.whole))
        .timeout_resolve(silence)
        .timeout_connect(silence)
        .timeout_recv_response(silence)
        .timeout_per_read(silence);
    if is_loopback(url) {
        // A proxy named in the environment has its own loopback.
        config = config.proxy(None);
    }
    let response = config.build().new_agent().get(url).call().map_err(|error| error.to_string())?;
    let total = response.body().content_length();
    let too_long = || format!("it sends more than {limit} bytes");
    if total.is_some_and(|total| total > limit) {
        return Err(too_long());
    }
    let mut body = response.into_body().into_reader();
    let mut bytes = Vec::new();
    loop {
        // A body that ends before its announced length is an error of the reader's.
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
        received(bytes.len() as u64, total);
    }
}

fn is_loopback(url: &str) -> bool {
    ["http://127.", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start))
}
