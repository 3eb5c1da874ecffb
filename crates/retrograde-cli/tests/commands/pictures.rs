//! `graph`, `explain`, `predict` and reports: what they write, and what they do not write over.

use super::{bytes, expect, lines, place, refuse, text};

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
fn graphs_and_explanations_are_written_whole_or_not_at_all() {
    let place = place();
    for (form, begin) in
        [("dot", "digraph"), ("svg", "<svg"), ("html", "<!doctype html>"), ("json", "{\"format\"")]
    {
        let (out, _) = expect(0, &["graph", "apple", "--format", form], place.path());
        assert!(out.starts_with(begin) && out.contains("110.00000000000001"), "{form}: {out}");
        let file = format!("apple.{form}");
        // A drawing of an earlier time is replaced.
        for _ in 0..2 {
            let (told, _) = expect(0, &["graph", "apple", "-f", form, "-o", &file], place.path());
            assert!(told.contains(&format!("wrote {file}")), "{told}");
            assert_eq!(text(&place.path().join(&file)).trim_end(), out.trim_end());
        }
    }
    refuse(1, &["graph", "apple", "-f", "svg", "-o", "no/such/folder"], place.path(), &["no/such/folder"]);
    expect(2, &["graph"], place.path());
    expect(2, &["graph", "apple", "--data", "mnist-5k"], place.path());
    expect(2, &["graph", "apple", "--model", "run"], place.path());
    expect(2, &["graph", "apple", "--format", "png"], place.path());

    expect(0, &["train", "--steps", "100", "--out", "run", "--json"], place.path());
    let (out, _) = expect(0, &["graph", "--model", "run"], place.path());
    assert!(out.contains("affine2") && out.contains("loss"), "{out}");
    refuse(1, &["graph", "--model", "nowhere"], place.path(), &["nowhere"]);
    std::fs::write(place.path().join("<b>.raw"), [100; 784]).expect("a file");
    expect(0, &["explain", "--model", "run", "<b>.raw", "--label", "3", "-o", "why.html"], place.path());
    let page = String::from_utf8(bytes(&place.path().join("why.html"))).expect("text");
    assert!(
        page.contains("&lt;b&gt;.raw: ") && !page.contains("<b>.raw") && page.len() < 500_000,
        "{}",
        page.len()
    );
    assert!(page.contains("The loss for the label 3 is"));
    refuse(
        1,
        &["explain", "--model", "run", "<b>.raw", "--label", "10"],
        place.path(),
        &["class 10", "0 to 9"],
    );
    refuse(1, &["explain", "--model", "run", "why.html"], place.path(), &["28"]);
}

#[test]
fn reports_are_written_where_they_are_wanted() {
    let place = place();
    let (out, _) = expect(0, &["train", "--steps", "40", "--report", "--csv", "my.csv"], place.path());
    assert!(out.contains("report.html") && out.contains("my.csv"), "{out}");
    let page = text(&place.path().join("report.html"));
    let command = "retrograde train --data mnist-5k --learning-rate 0.1 --steps 40 --seed 0 --report";
    assert!(page.starts_with("<!doctype html>") && page.contains(command), "{page}");
    assert!(text(&place.path().join("my.csv")).starts_with("figure,of,step,value\nloss,batch,1,"));

    // The same steps again, by the command on the page: the same numbers.
    let again: Vec<&str> = command.split(' ').skip(1).chain(["--csv", "again.csv"]).collect();
    expect(0, &again, place.path());
    assert_eq!(text(&place.path().join("my.csv")), text(&place.path().join("again.csv")));

    refuse(2, &["train", "--report", "no/where.html"], place.path(), &["no/where.html", "no folder"]);
    refuse(2, &["train", "--csv", "."], place.path(), &["it is a folder"]);
    std::fs::write(place.path().join("tensorboard"), "mine").expect("a file");
    refuse(1, &["train", "--tensorboard", "--steps", "9"], place.path(), &["tensorboard", "a file is where"]);
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

/// Whatever is no drawing stays what it is, whichever command is told to write there.
#[test]
fn nobodys_file_is_written_over() {
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
        refuse(1, arguments, place.path(), &["something else is in it already"]);
    }
    assert_eq!(bytes(&model), before);
    assert_eq!(bytes(&place.path().join("digit.raw")), [100; 784]);
    expect(0, &[&explain[..], &["empty"]].concat(), place.path());
}

#[cfg(unix)]
#[test]
fn a_drawing_can_go_to_standard_output_by_its_name() {
    let place = place();
    let (out, _) = expect(0, &["graph", "apple", "-f", "svg", "-o", "/dev/stdout"], place.path());
    assert!(out.starts_with("<svg") && out.contains("</svg>"), "{out}");
}
