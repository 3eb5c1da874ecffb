//! Downloads from a loopback server that behaves well and badly.
//!
//! It serves the embedded digits under the names of MNIST. Their checksums were computed with `sha256sum`.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use retrograde::Error;
use retrograde::data::{Dataset, Mnist};

const FILES: [(&str, &[u8]); 4] = [
    (
        "train-images-idx3-ubyte.gz",
        include_bytes!("../../../retrograde-digits/mnist-5k/train-images-idx3-ubyte.gz"),
    ),
    (
        "train-labels-idx1-ubyte.gz",
        include_bytes!("../../../retrograde-digits/mnist-5k/train-labels-idx1-ubyte.gz"),
    ),
    (
        "t10k-images-idx3-ubyte.gz",
        include_bytes!("../../../retrograde-digits/mnist-5k/t10k-images-idx3-ubyte.gz"),
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        include_bytes!("../../../retrograde-digits/mnist-5k/t10k-labels-idx1-ubyte.gz"),
    ),
];

const CHECKSUMS: [&str; 4] = [
    "74422b12132c7d8b0957cdb994d971a505f77a57ddac808ef1ea84f4bb9e7a2e",
    "5dbd7686910cb66a8a6303f16940c2fae43896243c187897cd3976aab00f4817",
    "39a5f23fe7320d50d2b650bd96c756db7999a84cb13541d939296ed59f1e0663",
    "66e4c6deb5f2a061f7d8cd5ec53025fdb9dabb08265e449acb8cf64b8cd36cac",
];

/// The response of the server to the request of a file.
#[derive(Clone, Copy)]
enum Answer {
    /// The file.
    Good,
    /// The file, without a content length.
    GoodWithoutLength,
    /// 404.
    NotFound,
    /// Half of the file, with its full content length.
    Truncated,
    /// Half of the file, without a content length.
    TruncatedWithoutLength,
    /// Another file of the set.
    Another,
    /// An HTML page.
    Page,
    /// A redirect to this path.
    Redirect(&'static str),
    /// A redirect to the same server with TLS, as captive portals do.
    RedirectToTls,
    /// Nothing, with an open connection.
    Silence,
    /// A byte at intervals, forever.
    Drip,
    /// Endless bytes.
    Endless,
    /// A content length of one terabyte.
    Terabyte,
}

/// A loopback server and its requests.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Responds with `Good`, except for these files.
    fn new(answers: impl IntoIterator<Item = (usize, Answer)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/mnist/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answers: HashMap<usize, Answer> = answers.into_iter().collect();
        let log = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answers) = (Arc::clone(&log), answers.clone());
                // Connection errors are ignored.
                thread::spawn(move || {
                    let _ = serve(stream, &answers, &log);
                });
            }
        });
        Server { address, requests }
    }

    /// The same response for all files.
    fn always(answer: Answer) -> Self {
        Self::new((0..4).map(|file| (file, answer)))
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    answers: &HashMap<usize, Answer>,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    log.lock().unwrap().push(path.to_owned());
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some(file) = FILES.iter().position(|(known, _)| *known == name) else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    };
    let content = FILES[file].1;
    let length = content.len();
    let here = stream.local_addr()?;
    let moved = path.starts_with("/moved/");
    let mut send = |head: &str, body: &[u8]| {
        stream.write_all(format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes())?;
        stream.write_all(body)
    };
    let with_length = format!("200 OK\r\ncontent-length: {length}");
    match answers.get(&file).copied().filter(|_| !moved).unwrap_or(Answer::Good) {
        Answer::Good => send(&with_length, content),
        Answer::GoodWithoutLength => send("200 OK", content),
        Answer::NotFound => send("404 Not Found\r\ncontent-length: 4", b"none"),
        Answer::Truncated => send(&with_length, &content[..length / 2]),
        Answer::TruncatedWithoutLength => send("200 OK", &content[..length / 2]),
        Answer::Another => send("200 OK", FILES[(file + 2) % 4].1),
        Answer::Page => send("200 OK", b"<!DOCTYPE html><title>Please log in</title>"),
        Answer::Redirect(to) => send(&format!("302 Found\r\nlocation: {to}{name}\r\ncontent-length: 0"), b""),
        Answer::RedirectToTls => {
            send(&format!("302 Found\r\nlocation: https://{here}/{name}\r\ncontent-length: 0"), b"")
        }
        Answer::Terabyte => send("200 OK\r\ncontent-length: 1099511627776", &[0; 1000]),
        Answer::Silence => {
            thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        Answer::Drip => {
            send("200 OK", b"")?;
            loop {
                stream.write_all(b"\x1f")?;
                thread::sleep(Duration::from_millis(20));
            }
        }
        Answer::Endless => {
            send("200 OK", b"")?;
            let zeros = vec![0; 1 << 16];
            loop {
                stream.write_all(&zeros)?;
            }
        }
    }
}

struct CacheDir {
    folder: tempfile::TempDir,
}

impl CacheDir {
    fn new() -> Self {
        CacheDir { folder: tempfile::tempdir().unwrap() }
    }

    /// A cache folder that does not exist, and the mirrors.
    fn mnist(&self, servers: &[&Server]) -> Mnist {
        Mnist::in_folder(self.folder.path().join("cache/mnist"))
            .checksums(CHECKSUMS)
            .mirrors(servers.iter().map(|server| server.address.clone()))
            .timeouts(Duration::from_secs(5), Duration::from_secs(20))
    }

    fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("cache/mnist")) else { return Vec::new() };
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn assert_contains(error: &Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

/// Asserts that the response for the first file is an error with these words, and that nothing is cached.
fn assert_rejected(answer: Answer, words: &[&str]) {
    let cache = CacheDir::new();
    let server = Server::always(answer);
    let mnist = cache.mnist(&[&server]);
    let mnist = match answer {
        Answer::Silence | Answer::Drip => {
            mnist.timeouts(Duration::from_millis(300), Duration::from_millis(600))
        }
        _ => mnist,
    };
    let error = mnist.fetch(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Download { .. }), "{error:?}");
    assert_contains(&error, &[FILES[0].0, &server.address, "RETROGRADE_MIRRORS"]);
    assert_contains(&error, words);
    assert_eq!(cache.names(), [""; 0]);
    assert_eq!(mnist.cached().unwrap(), None);
}

#[test]
fn a_good_mirror_is_fetched_once_and_cached() {
    let cache = CacheDir::new();
    let server = Server::new([(3, Answer::GoodWithoutLength)]);
    let mnist = cache.mnist(&[&server]);
    assert_eq!(mnist.cached().unwrap(), None);
    assert_eq!(server.requests(), [""; 0], "reading the cache does not access the network");

    let mut progress = Vec::new();
    let data = mnist.fetch(|p| progress.push((p.file.to_owned(), p.received, p.total))).unwrap();
    let digits = Dataset::embedded().unwrap();
    assert_eq!((data.name(), data.train(), data.test()), ("mnist", digits.train(), digits.test()));
    assert_eq!(server.requests(), FILES.map(|(name, _)| format!("/mnist/{name}")));
    let mut names = FILES.map(|(name, _)| name);
    names.sort_unstable();
    assert_eq!(cache.names(), names, "only the four files");
    for (file, (name, content)) in FILES.iter().enumerate() {
        assert_eq!(fs::read(mnist.folder().join(name)).unwrap(), *content);
        let of_file: Vec<_> = progress.iter().filter(|(file, ..)| file == name).collect();
        assert!(of_file.windows(2).all(|pair| pair[0].1 < pair[1].1), "{of_file:?}");
        let length = content.len() as u64;
        assert_eq!(of_file.last().unwrap().1, length);
        assert!(of_file.iter().all(|(_, _, total)| *total == (file != 3).then_some(length)));
    }

    assert_eq!(mnist.cached().unwrap().as_ref(), Some(&data));
    assert_eq!(mnist.fetch(|_| panic!("nothing to fetch")).unwrap(), data);
    assert_eq!(server.requests().len(), 4);
    assert_eq!(Dataset::from_folder(mnist.folder()).unwrap().train(), data.train());
}

#[test]
fn only_missing_and_damaged_files_are_fetched() {
    let cache = CacheDir::new();
    // The third file is not available: the first two stay cached.
    let poor = Server::new([(2, Answer::NotFound)]);
    let error = cache.mnist(&[&poor]).fetch(|_| ()).unwrap_err();
    assert_contains(&error, &[FILES[2].0, "404"]);
    assert_eq!(cache.names(), [FILES[0].0, FILES[1].0]);
    assert_eq!(cache.mnist(&[]).cached().unwrap(), None);

    let server = Server::new([]);
    cache.mnist(&[&server]).fetch(|_| ()).unwrap();
    assert_eq!(server.requests(), [FILES[2].0, FILES[3].0].map(|name| format!("/mnist/{name}")));

    // A damaged file, and a valid IDX file with other content.
    let folder = cache.mnist(&[]).folder().to_path_buf();
    fs::write(folder.join(FILES[0].0), &FILES[0].1[..500_000]).unwrap();
    let error = cache.mnist(&[]).cached().unwrap_err();
    assert_contains(&error, &[FILES[0].0, "corrupt or truncated"]);
    fs::write(folder.join(FILES[3].0), FILES[1].1).unwrap();
    let server = Server::new([]);
    cache.mnist(&[&server]).fetch(|_| ()).unwrap();
    assert_eq!(server.requests(), [FILES[0].0, FILES[3].0].map(|name| format!("/mnist/{name}")));
    assert!(cache.mnist(&[]).cached().unwrap().is_some());

    // A valid file with other content is an error.
    fs::write(folder.join(FILES[3].0), FILES[1].1).unwrap();
    let error = cache.mnist(&[]).cached().unwrap_err();
    assert_contains(&error, &[FILES[3].0, CHECKSUMS[1], CHECKSUMS[3]]);
}

#[test]
fn each_mirror_is_tried_and_each_reason_reported() {
    let [bad, page, good] = [Server::always(Answer::NotFound), Server::always(Answer::Page), Server::new([])];
    let cache = CacheDir::new();
    cache.mnist(&[&bad, &page, &good]).fetch(|_| ()).unwrap();
    assert_eq!([bad.requests().len(), page.requests().len(), good.requests().len()], [4, 4, 4]);

    let cache = CacheDir::new();
    let error = cache.mnist(&[&bad, &page]).fetch(|_| ()).unwrap_err();
    assert_contains(&error, &[&bad.address, "404", &page.address, "<!DO"]);
}

#[test]
fn a_redirect_is_followed_and_a_loop_is_not() {
    let cache = CacheDir::new();
    let server = Server::always(Answer::Redirect("/moved/"));
    cache.mnist(&[&server]).fetch(|_| ()).unwrap();
    assert_eq!(server.requests()[..2], [format!("/mnist/{}", FILES[0].0), format!("/moved/{}", FILES[0].0)]);

    assert_rejected(Answer::Redirect("/mnist/"), &["redirect"]);
    assert_rejected(Answer::RedirectToTls, &["TLS"]);
}

#[test]
fn a_truncated_or_wrong_body_is_an_error() {
    assert_rejected(Answer::NotFound, &["404"]);
    assert_rejected(Answer::Truncated, &["disconnected, after 325197 bytes"]);
    assert_rejected(Answer::TruncatedWithoutLength, &["gzip data is corrupt or truncated"]);
    assert_rejected(Answer::Another, &["SHA-256", CHECKSUMS[0], CHECKSUMS[2]]);
    assert_rejected(Answer::Page, &["<!DO"]);
}

#[test]
fn an_endless_body_is_stopped_at_the_size_limit() {
    assert_rejected(Answer::Endless, &["larger than 67108864 bytes"]);
    assert_rejected(Answer::Terabyte, &["larger than 67108864 bytes"]);
}

#[test]
fn a_mirror_that_hangs_times_out() {
    let start = Instant::now();
    assert_rejected(Answer::Silence, &["timeout"]);
    assert_rejected(Answer::Drip, &["timeout", "after "]);
    // The timeouts are 0.3 s and 0.6 s; the server would hold the connection for 20 s and forever.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());

    let cache = CacheDir::new();
    let (silent, good) = (Server::new([(1, Answer::Silence)]), Server::new([]));
    let mnist = cache.mnist(&[&silent, &good]).timeouts(Duration::from_secs(1), Duration::from_secs(20));
    mnist.fetch(|_| ()).unwrap();
    assert_eq!(good.requests(), [format!("/mnist/{}", FILES[1].0)]);
}

#[test]
fn invalid_addresses_are_reported() {
    let cache = CacheDir::new();
    let mnist = cache.mnist(&[]).mirrors(["https://127.0.0.1:1/", "not an address", "http://127.0.0.1:1/"]);
    let error = mnist.fetch(|_| ()).unwrap_err();
    assert_contains(
        &error,
        &["https://127.0.0.1:1/", "must start with http://", "not an address", "http://127.0.0.1:1/"],
    );
    let error = cache.mnist(&[]).fetch(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
}

#[test]
fn a_folder_that_cannot_be_created_is_an_error() {
    let cache = CacheDir::new();
    fs::write(cache.folder.path().join("cache"), b"a file where a folder should be").unwrap();
    let server = Server::new([]);
    let error = cache.mnist(&[&server]).fetch(|_| ()).unwrap_err();
    assert!(matches!(error, Error::File { action: "create", .. }), "{error}");
}
