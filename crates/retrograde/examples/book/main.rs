//! The figures of the book's chapters 6 and 7 (Saito, *Deep Learning from Scratch*), computed and drawn as SVG files.
//!
//!     cargo run --release -p retrograde --example book                      lists the figures
//!     cargo run --release -p retrograde --example book -- 6-19              draws one, into this folder
//!     cargo run --release -p retrograde --example book -- all figures       draws all, into the folder `figures`
//!
//! Each is one file in `figures/`, and none takes more than some seconds. They use the embedded digits, 5,000 of MNIST's, so that
//! curves differ from the book's in detail. docs/BOOK.md lists what else the book has, and where it is.

mod figures;

use figures::Figure;
use retrograde::{Error, Result};
use std::path::{Path, PathBuf};
use std::time::Instant;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(wanted) = arguments.next() else {
        println!("usage: book NUMBER|all [FOLDER]\n");
        for figure in &figures::ALL {
            println!("{:26} {}", figure.numbers.join(", "), figure.title);
        }
        return Ok(());
    };
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| ".".to_owned()));
    let wanted = wanted.replace('.', "-");
    let is_wanted = |figure: &&Figure| wanted == "all" || figure.numbers.contains(&wanted.as_str());
    let chosen: Vec<_> = figures::ALL.iter().filter(is_wanted).collect();
    if chosen.is_empty() {
        let numbers: Vec<_> = figures::ALL.iter().flat_map(|figure| figure.numbers).copied().collect();
        let help = format!("give all or one of {}", numbers.join(", "));
        return Err(Error::invalid("figure", format!("there is no figure {wanted} here"), help));
    }
    for figure in chosen {
        let start = Instant::now();
        let path = folder.join(format!("figure-{}.svg", figure.numbers[0]));
        write(&path, &(figure.draw)()?)?;
        println!("{}: {} ({:.1?})", path.display(), figure.title, start.elapsed());
    }
    Ok(())
}

fn write(path: &Path, svg: &str) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(path, svg)).map_err(|error| {
        Error::invalid(path.display().to_string(), error.to_string(), "give a folder that can be written")
    })
}
