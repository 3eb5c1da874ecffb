//! `graph`, `explain`, `predict` and reports: the files that they write, and those that they do not replace.

use super::{bytes, expect, fails, lines, place, text};
use std::path::Path;

#[test]
fn the_figures_have_the_notebooks_numbers() {
    let place = place();
    for (name, numbers) in [
        ("apple", &["220.00000000000003", "110.00000000000001", "2.2", "200"][..]),
        (
            "apples-and-oranges",
            &["715.0000000000001", "110.00000000000001", "3.3000000000000003", "165", "650"],
        ),
        ("two-layer", &["affine1", "relu1", "affine2", "2.30"]),
    ] {
        let (out, _) = expect(0, &["graph", name], place.path());
        for number in numbers {
            assert!(out.contains(number), "{name} does not show {number}: {out}");
        }
    }
    expect(2, &["graph", "pear"], place.path());
    let (out, _) = expect(0, &["operations"], place.path());
    assert!(out.contains("softmax_with_loss"), "{out}");
    let (out, _) = expect(0, &["data", "list"], place.path());
    assert!(out.contains("mnist-5k") && out.contains("not fetched"), "{out}");
    expect(0, &["data", "show", "--count", "2"], place.path());
}

#[test]
fn graphs_and_explanations_are_written_atomically() {
    let place = place();
    for (form, begin) in
        [("dot", "digraph"), ("svg", "<svg"), ("html", "<!doctype html>"), ("json", "{\"format\"")]
    {
        let (out, _) = expect(0, &["graph", "apple", "--format", form], place.path());
        assert!(out.starts_with(begin) && out.contains("110.00000000000001"), "{form}: {out}");
        let file = format!("apple.{form}");
        // An earlier drawing is replaced.
        for _ in 0..2 {
            let (message, _) = expect(0, &["graph", "apple", "-f", form, "-o", &file], place.path());
            assert!(message.contains(&format!("wrote {file}")), "{message}");
            assert_eq!(text(&place.path().join(&file)).trim_end(), out.trim_end());
        }
    }
    fails(1, &["graph", "apple", "-f", "svg", "-o", "no/such/folder"], place.path(), &["no/such/folder"]);
    expect(2, &["graph"], place.path());
    expect(2, &["graph", "apple", "--data", "mnist-5k"], place.path());
    expect(2, &["graph", "apple", "--model", "run"], place.path());
    expect(2, &["graph", "apple", "--format", "png"], place.path());

    expect(0, &["train", "--steps", "100", "--out", "run", "--json"], place.path());
    let (out, _) = expect(0, &["graph", "--model", "run"], place.path());
    assert!(out.contains("affine2") && out.contains("loss"), "{out}");
    fails(1, &["graph", "--model", "nowhere"], place.path(), &["nowhere"]);
    std::fs::write(place.path().join("<b>.raw"), [100; 784]).expect("a file");
    expect(0, &["explain", "--model", "run", "<b>.raw", "--label", "3", "-o", "why.html"], place.path());
    let page = String::from_utf8(bytes(&place.path().join("why.html"))).expect("text");
    assert!(
        page.contains("&lt;b&gt;.raw: ") && !page.contains("<b>.raw") && page.len() < 500_000,
        "{}",
        page.len()
    );
    assert!(page.contains("The loss for the label 3 is"));
    fails(
        1,
        &["explain", "--model", "run", "<b>.raw", "--label", "10"],
        place.path(),
        &["class 10", "0 to 9"],
    );
    fails(1, &["explain", "--model", "run", "why.html"], place.path(), &["28"]);
}

#[test]
fn a_plan_is_printed_after_each_pass() {
    let place = tempfile::tempdir().unwrap();
    let (out, _) = expect(0, &["plan", "two-layer", "--threads", "2"], place.path());
    for text in ["values", "region 0", "rows", "epilogue of", "memory: ", "steps", "flops"] {
        assert!(out.contains(text), "{text} is missing in {out}");
    }
    let (out, _) = expect(0, &["plan", "apple", "--after", "fuse"], place.path());
    assert!(out.contains("groups") && !out.contains("region 0"), "{out}");
    let (out, _) = expect(0, &["plan", "apple", "--format", "dot"], place.path());
    assert!(out.starts_with("digraph plan"), "{out}");
    expect(0, &["train", "--steps", "2", "--out", "run", "--quiet"], place.path());
    let (out, _) = expect(0, &["plan", "--model", "run"], place.path());
    assert!(out.contains("compressed rows") && out.contains("in place"), "{out}");
    expect(2, &["plan"], place.path());
    let (_, message) = expect(2, &["plan", "apple", "--after", "fusion"], place.path());
    assert!(message.contains("fusion") && message.contains("simplify"), "{message}");
    fails(2, &["plan", "apple", "--threads", "0"], place.path(), &["--threads", "1 to"]);
}

#[test]
fn reports_are_written_to_the_given_files() {
    let place = place();
    let (out, _) = expect(0, &["train", "--steps", "40", "--report", "--csv", "my.csv"], place.path());
    assert!(out.contains("report.html") && out.contains("my.csv"), "{out}");
    let page = text(&place.path().join("report.html"));
    let command = "retrograde train --data mnist-5k --learning-rate 0.1 --steps 40 --seed 0 --report";
    assert!(page.starts_with("<!doctype html>") && page.contains(command), "{page}");
    assert!(text(&place.path().join("my.csv")).starts_with("figure,of,step,value\nloss,batch,1,"));

    // The command on the page repeats the training.
    let again: Vec<&str> = command.split(' ').skip(1).chain(["--csv", "again.csv"]).collect();
    expect(0, &again, place.path());
    assert_eq!(text(&place.path().join("my.csv")), text(&place.path().join("again.csv")));

    fails(2, &["train", "--report", "no/where.html"], place.path(), &["no/where.html", "does not exist"]);
    fails(2, &["train", "--csv", "."], place.path(), &["it is a folder"]);
    std::fs::write(place.path().join("tensorboard"), "mine").expect("a file");
    fails(
        1,
        &["train", "--tensorboard", "--steps", "9"],
        place.path(),
        &["tensorboard", "a file is in the place of"],
    );
    assert_eq!(text(&place.path().join("tensorboard")), "mine");
}

#[test]
fn a_trained_model_reads_raw_pixels_and_pictures() {
    let place = place();
    expect(0, &["train", "--steps", "600", "--out", "run", "--json"], place.path());
    // A vertical stroke, white on black, as MNIST has it.
    let pixels: Vec<u8> = (0..784)
        .map(|i| if (13..16).contains(&(i % 28)) && (4..24).contains(&(i / 28)) { 255 } else { 0 })
        .collect();
    std::fs::write(place.path().join("one.raw"), &pixels).expect("a file");
    let file = std::fs::File::create(place.path().join("one.png")).expect("a file");
    let mut encoder = png::Encoder::new(file, 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&pixels).expect("pixels");
    writer.finish().expect("the end");
    let (out, _) = expect(0, &["predict", "--model", "run", "--json", "one.raw", "one.png"], place.path());
    let lines = lines(&out);
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_eq!(line["digit"], 1, "{line}");
    }
    expect(0, &["predict", "--model", "run", "one.png"], place.path());
}

/// A PNG of 28 × 28 black pixels with a palette of so many bytes.
fn png_with_palette(file: &Path, depth: png::BitDepth, palette: usize) {
    let file = std::fs::File::create(file).expect("a file");
    let mut encoder = png::Encoder::new(file, 28, 28);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(depth);
    // The encoder does not validate the palette.
    encoder.set_palette(vec![0; palette]);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&vec![0; 28 * (28 * depth as usize).div_ceil(8)]).expect("pixels");
    writer.finish().expect("the end");
}

#[test]
fn a_palette_of_any_length_is_read_or_an_error() {
    let place = place();
    expect(0, &["train", "--steps", "9", "--hidden", "2", "--out", "run", "--json"], place.path());
    for depth in [png::BitDepth::One, png::BitDepth::Two, png::BitDepth::Four, png::BitDepth::Eight] {
        let names: Vec<String> = (0..=800).map(|length| format!("{length}.png")).collect();
        for (length, name) in names.iter().enumerate() {
            png_with_palette(&place.path().join(name), depth, length);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (out, complaint) =
            expect(1, &[&["predict", "--json", "--model", "run"], &names[..]].concat(), place.path());
        let lines = lines(&out);
        assert_eq!(lines.len(), 801);
        for (length, line) in lines.iter().enumerate() {
            // The specification of PNG, 11.2.2: 1 to 256 entries of three bytes.
            let event = if length % 3 == 0 && (3..=768).contains(&length) { "prediction" } else { "error" };
            assert_eq!(line["event"], event, "{length} bytes at {depth:?}: {line}");
        }
        assert!(complaint.contains("4.png is not usable: its palette has 4 bytes"), "{complaint}");
        assert_eq!(complaint.matches("help: ").count(), 801 - 256);
    }
    fails(1, &["explain", "--model", "run", "4.png"], place.path(), &["4.png", "palette has 4 bytes"]);
}

/// Files of some kilobytes that would need gigabytes are rejected by their header.
#[test]
fn a_picture_of_too_many_pixels_is_rejected_before_decoding() {
    let place = place();
    expect(0, &["train", "--steps", "9", "--hidden", "2", "--out", "run", "--json"], place.path());
    for (width, height, words) in [
        (16_000, 16_000, "16000 × 16000 is more than 67108864 pixels"),
        (200_000_000, 1, "a side longer than 65535"),
        (1, 65_536, "a side longer than 65535"),
    ] {
        // Only the header: the size is checked before the pixels.
        let file = std::fs::File::create(place.path().join("large.png")).expect("a file");
        let mut encoder = png::Encoder::new(file, width, height);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header().expect("a header");
        writer.write_chunk(png::chunk::IDAT, &[]).expect("a chunk");
        drop(writer);
        fails(1, &["predict", "--model", "run", "large.png"], place.path(), &["large.png", words]);
    }
}

/// A file of another kind is not replaced by any command.
#[test]
fn files_of_another_kind_are_not_replaced() {
    let place = place();
    expect(0, &["train", "--steps", "50", "--out", "run", "--json"], place.path());
    let model = place.path().join("run/model.safetensors");
    let before = bytes(&model);
    std::fs::write(place.path().join("digit.raw"), [100; 784]).expect("a file");
    std::fs::write(place.path().join("empty"), "").expect("a file");
    let mine = "run/model.safetensors";
    let explain = ["explain", "--model", "run", "digit.raw", "-o"];
    for arguments in [
        &["graph", "apple", "-o", mine][..],
        &["graph", "apple", "--format", "html", "-o", "digit.raw"],
        &[&explain[..], &["digit.raw"]].concat(),
        &[&explain[..], &[mine]].concat(),
        &["train", "--steps", "9", "--report", mine],
        &["train", "--steps", "9", "--csv", mine],
        &["check", "--directions", "--html", mine],
        &["check", "--directions", "--markdown", mine],
    ] {
        let code = if arguments[0] == "check" { 2 } else { 1 };
        fails(code, arguments, place.path(), &["it has other content"]);
    }
    assert_eq!(bytes(&model), before);
    assert_eq!(bytes(&place.path().join("digit.raw")), [100; 784]);
    expect(0, &[&explain[..], &["empty"]].concat(), place.path());
}

/// A similar file of the user, or another kind of output, is not replaced.
#[test]
fn similar_files_are_not_replaced() {
    let place = place();
    expect(0, &["train", "--steps", "20", "--out", "run", "--json"], place.path());
    std::fs::write(place.path().join("digit.raw"), [100; 784]).expect("a file");
    expect(0, &["graph", "apple", "-f", "html", "-o", "graph.html"], place.path());
    let graph = &*text(&place.path().join("graph.html"));
    let graph_of = |form| vec!["graph", "apple", "-f", form, "-o"];
    let explain = vec!["explain", "--model", "run", "digit.raw", "-o"];
    let check = |form| vec!["check", "--directions", form];
    let report = |form| vec!["train", "--steps", "9", form];
    let (page, notes) = ("<!doctype html>\n<html><title>Mine</title></html>\n", "# My notes\n");
    for (arguments, code, own) in [
        (graph_of("html"), 1, page),
        (graph_of("svg"), 1, "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>\n"),
        (graph_of("dot"), 1, "digraph mine { a -> b }\n"),
        (graph_of("json"), 1, "{\"format\":\"mine\"}\n"),
        (graph_of("text"), 1, "The price of apples, with tax\n"),
        (explain.clone(), 1, page),
        (explain, 1, graph),
        (check("--html"), 2, page),
        (check("--html"), 2, graph),
        (check("--markdown"), 2, notes),
        (report("--report"), 1, page),
        (report("--report"), 1, graph),
        (report("--csv"), 1, "figure,of,step,value\nheight,me,1,180\n"),
    ] {
        std::fs::write(place.path().join("own"), own).expect("a file");
        let words = ["own", "it has other content", "another name"];
        fails(code, &[&arguments[..], &["own"]].concat(), place.path(), &words);
        assert_eq!(text(&place.path().join("own")), own, "{arguments:?}");
        // A file of the same kind is replaced.
        std::fs::remove_file(place.path().join("own")).expect("removed");
        for _ in 0..2 {
            expect(0, &[&arguments[..], &["own"]].concat(), place.path());
        }
    }
}

#[test]
fn reports_that_cannot_be_written_are_an_error_before_the_training() {
    let place = place();
    expect(
        0,
        &["train", "--steps", "9", "--out", "run", "--quiet", "--report", "--csv", "--tensorboard"],
        place.path(),
    );
    let page = text(&place.path().join("run/report.html"));
    std::fs::write(place.path().join("notes.txt"), "mine").expect("a file");
    for (arguments, word) in [
        (["--tensorboard", "notes.txt"], "a file is in the place of"),
        (["--tensorboard", "notes.txt/events"], "a file is in the place of"),
        (["--tensorboard", "run/tensorboard"], "another training"),
        (["--report", "run/report.html"], "another training"),
        (["--csv", "run/report.csv"], "another training"),
        #[cfg(target_os = "linux")]
        (["--report", "/dev/full"], "/dev/full"),
    ] {
        let arguments = [&["train", "--steps", "9"], &arguments[..]].concat();
        fails(1, &arguments, place.path(), &[word]);
        let (out, _) = expect(1, &arguments, place.path());
        assert!(!out.contains("Interrupted"), "{out}");
    }
    assert_eq!(text(&place.path().join("run/report.html")), page);
    // The report of the same run is continued.
    expect(0, &["train", "--resume", "run", "--steps", "12", "--report"], place.path());
}

#[test]
fn weights_that_are_not_finite_are_an_error() {
    let place = place();
    expect(0, &["train", "--steps", "9", "--hidden", "2", "--out", "run", "--json"], place.path());
    std::fs::write(place.path().join("digit.raw"), [100; 784]).expect("a file");
    let model = place.path().join("run/model.safetensors");
    let mut damaged = bytes(&model);
    let end = damaged.len();
    damaged[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    damaged[end - 8..end - 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    std::fs::write(&model, damaged).expect("a file");
    for (code, arguments) in [
        (1, &["predict", "--model", "run", "digit.raw"][..]),
        (1, &["explain", "--model", "run", "digit.raw"]),
        (1, &["graph", "--model", "run"]),
        (2, &["check", "--model", "run"]),
    ] {
        fails(code, arguments, place.path(), &["affine", "1 are NaN and 1 infinite", "model.safetensors"]);
    }
    // The training can be resumed from its checkpoint.
    expect(0, &["train", "--resume", "run", "--steps", "12"], place.path());
}

#[test]
fn long_output_is_wrapped_or_noted() {
    let place = place();
    let (out, _) = expect(0, &["operations"], place.path());
    // Without a terminal there are 100 columns.
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    let (_, message) = expect(0, &["graph", "two-layer", "--width", "40"], place.path());
    assert!(message.contains("more than --width 40"), "{message}");
}

#[cfg(unix)]
#[test]
fn a_path_does_not_move_the_cursor() {
    let place = place();
    // `expect` checks for the escape character.
    fails(1, &["predict", "--model", "a\u{1b}[2Jb", "x"], place.path(), &["a\\u{1b}[2Jb"]);
    fails(1, &["train", "--data", "a\u{1b}[2Jb"], place.path(), &["a\\u{1b}[2Jb"]);
}

#[cfg(unix)]
#[test]
fn a_drawing_can_be_written_to_dev_stdout() {
    let place = place();
    let (out, _) = expect(0, &["graph", "apple", "-f", "svg", "-o", "/dev/stdout"], place.path());
    assert!(out.starts_with("<svg") && out.contains("</svg>"), "{out}");
}
