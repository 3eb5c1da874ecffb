//! Tests of reading folders of images.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, GrayImage, ImageFormat, Rgb, RgbImage, RgbaImage};
use retrograde_base::ErrorKind;
use tempfile::TempDir;

use super::*;
use crate::data::Channels;

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    encoded(image, ImageFormat::Png)
}

fn gray(rows: u32, columns: u32, value: u8) -> GrayImage {
    GrayImage::from_pixel(columns, rows, image::Luma([value]))
}

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn read(folder: &Path) -> ImageFolder {
    ImageFolderReader::new().read(folder).unwrap()
}

fn problem(folder: &Path) -> String {
    ImageFolderReader::new().read(folder).unwrap_err().to_string()
}

#[test]
fn images_have_the_class_of_their_folder() {
    let [a, b, c] = [10, 20, 30].map(|value| png(gray(2, 3, value)));
    let files = folder(&[
        ("dog/1.png", &a),
        ("cat/2.PNG", &b),
        ("cat/1.png", &c),
        ("cat/notes.txt", b"x"),
        (".git/x", b""),
    ]);
    fs::create_dir(files.path().join("bird")).unwrap();
    let images = read(files.path());
    assert_eq!(images.classes(), ["cat", "dog"]);
    assert_eq!((images.labels(), images.len()), (&[0, 0, 1][..], 3));
    assert_eq!((images.image_shape(), images.channels()), ([2, 3], 1));
    assert_eq!(images.pixels(), [[30; 6], [20; 6], [10; 6]].concat());
    assert!(images.paths()[1].ends_with("cat/2.PNG"));
    let text = images.to_string();
    for part in
        ["3 images of 2 classes: cat (2), dog (1)", "2 × 3 pixels, gray", "1 file that", "left out: bird"]
    {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn sizes_and_colors_become_one() {
    let wide = png(RgbImage::from_pixel(200, 30, Rgb([255, 0, 0])));
    let small = png(gray(20, 10, 7));
    let files = folder(&[("a/1.png", &wide), ("b/1.png", &small)]);
    let images = read(files.path());
    // The longest sides: 30 rows, 200 columns, of which 64 are the most.
    assert_eq!((images.image_shape(), images.channels()), ([30, 64], 3));
    assert_eq!(images.pixels()[..3], [255, 0, 0]);
    assert_eq!(images.pixels()[30 * 64 * 3..][..3], [7, 7, 7]);
    assert!(images.to_string().contains("2 images scaled"), "{images}");

    let images = ImageFolderReader::new().size([4, 5]).channels(Channels::Gray).read(files.path()).unwrap();
    assert_eq!((images.image_shape(), images.channels(), images.pixels().len()), ([4, 5], 1, 40));
    // Rec. 601: 0.299 · 255 = 76.2.
    assert_eq!((images.pixels()[0], images.pixels()[20]), (76, 7));
}

#[test]
fn opacity_depth_and_orientation_are_applied() {
    let transparent = png(RgbaImage::from_pixel(2, 2, image::Rgba([0, 100, 200, 128])));
    let deep = png(image::ImageBuffer::<image::Luma<u16>, Vec<u16>>::from_pixel(2, 2, image::Luma([0x8080])));
    let files = folder(&[("a/1.png", &transparent), ("b/1.png", &deep)]);
    let images = read(files.path());
    // Half of white and half of the color: 127/255 · 255 + 128/255 · value.
    assert_eq!(images.pixels()[..3], [127, 177, 227]);
    assert_eq!(images.pixels()[12..15], [128; 3]);

    // A picture of 16 × 32 pixels, the left half white, with the orientation 6: turned clockwise, the upper half is white.
    let picture = GrayImage::from_fn(32, 16, |column, _| image::Luma([if column < 16 { 255 } else { 0 }]));
    let turned = with_orientation(&encoded(picture, ImageFormat::Jpeg), 6);
    let files = folder(&[("a/1.jpg", &turned), ("b/1.jpg", &turned)]);
    let images = read(files.path());
    assert_eq!((images.image_shape(), images.channels()), ([32, 16], 1));
    assert!(images.pixels()[..16 * 15].iter().all(|value| *value > 250));
    assert!(images.pixels()[16 * 17..16 * 32].iter().all(|value| *value < 5));
}

/// A JPEG with an EXIF segment that has this orientation alone.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    // Big-endian TIFF: one entry, tag 0x0112, type 3 (16 bits), count 1.
    let tiff = [
        b"MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00".as_slice(),
        &[orientation, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let segment = [b"Exif\x00\x00".as_slice(), &tiff].concat();
    let length = (segment.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &segment, &jpeg[2..]].concat()
}

#[test]
fn other_layouts_are_errors_that_name_the_right_one() {
    let image = png(gray(2, 2, 1));
    let flat = folder(&[("1.png", &image)]);
    assert!(problem(flat.path()).contains("not in folders of classes"));
    let single = folder(&[("cat/1.png", &image)]);
    assert!(problem(single.path()).contains("a single class, cat"));
    let nested =
        folder(&[("test/cat/1.png", &image), ("train/cat/1.png", &image), ("train/dog/1.png", &image)]);
    let text = problem(nested.path());
    assert!(text.contains("not one folder deep") && text.contains("such as"), "{text}");
    assert_eq!(read(&nested.path().join("train")).classes(), ["cat", "dog"]);
    assert!(problem(folder(&[]).path()).contains("no folder with images"));
    let absent = ImageFolderReader::new().read(flat.path().join("absent")).unwrap_err();
    assert_eq!(absent.kind(), ErrorKind::File);
    for (rows, columns) in [(0, 5), (5, 0), (4097, 1), (usize::MAX, usize::MAX)] {
        let error = ImageFolderReader::new().size([rows, columns]).read(flat.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    let error = ImageFolderReader::new().channels(Channels::Rgba).read(flat.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[test]
fn files_that_are_no_images_are_named() {
    let image = png(gray(2, 2, 1));
    for (content, words) in [
        (&b"text"[..], "neither PNG nor JPEG"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00", "image/gif"),
        (b"", "neither PNG nor JPEG"),
        (&image[..image.len() / 2], "cannot be decoded"),
        (b"\x89PNG\r\n\x1a\n", "cannot be decoded"),
        (b"\xff\xd8\xff\xe0", "cannot be decoded"),
    ] {
        let files = folder(&[("a/good.png", &image), ("b/bad.png", content)]);
        let text = problem(files.path());
        assert!(text.contains("bad.png") && text.contains(words) && text.contains("help"), "{text}");
    }
}

/// The header declares 60000 × 60000 pixels; the file has none.
#[test]
fn sizes_are_bounded_before_memory_is_taken() {
    let mut image = png(gray(1, 1, 1));
    // Width and height of the chunk IHDR, and its checksum.
    image[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let mut crc = flate2::Crc::new();
    crc.update(&image[12..29]);
    image[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    let good = png(gray(1, 1, 1));
    let files = folder(&[("a/1.png", &good), ("b/1.png", &image)]);
    let text = problem(files.path());
    assert!(text.contains("60000"), "{text}");
}

/// Every byte of a small PNG and JPEG is changed.
#[test]
fn damaged_images_do_not_panic() {
    let picture = RgbImage::from_fn(9, 7, |column, row| Rgb([column as u8 * 20, row as u8 * 30, 77]));
    let good = png(gray(7, 9, 1));
    for (name, bytes) in [("b/1.png", png(picture.clone())), ("b/1.jpg", encoded(picture, ImageFormat::Jpeg))]
    {
        let files = folder(&[("a/1.png", &good)]);
        fs::create_dir(files.path().join("b")).unwrap();
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x55;
            fs::write(files.path().join(name), &damaged).unwrap();
            let _ = ImageFolderReader::new().size([7, 9]).read(files.path());
        }
    }
}
