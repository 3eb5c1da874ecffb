//! Tables, arrays and folders of images: trained, resumed, predicted, explained, checked.

use super::{expect, fails, lines, place, program, text};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The iris flowers of R. A. Fisher.
const IRIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../retrograde/tests/data/iris.csv");

/// 41 rows in CP949 with semicolons and decimal commas: a missing height, a missing target, and a column of text.
const PEOPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/people-cp949.csv");

fn train(folder: &Path, data: &str, target: &str, more: &[&str]) -> Vec<Value> {
    let arguments = ["train", "--data", data, "--target", target, "--threads", "1", "--json", "--out", "run"];
    lines(&expect(0, &[&arguments, more].concat(), folder).0)
}

#[test]
fn a_table_is_trained_and_new_rows_are_predicted() {
    let place = place();
    let folder = place.path();
    let all = train(folder, IRIS, "species", &["--epochs", "60"]);
    assert_eq!(all[0]["classes"], serde_json::json!(["setosa", "versicolor", "virginica"]));
    assert_eq!((&all[0]["train_images"], &all[0]["optimizer"]), (&120.into(), &"adam".into()));
    let last = all.last().expect("a result");
    assert!(last["test_accuracy"].as_f64().is_some_and(|accuracy| accuracy >= 0.9), "{last}");

    // Other columns in another order.
    let rows = "name,petal width,petal length,sepal width,sepal length\nmine,0.2,1.4,3.5,5.1\n\"a, b\",2.1,5.9,3.0,7.1\n";
    fs::write(folder.join("new.csv"), rows).expect("written");
    let (found, _) = expect(0, &["predict", "--model", "run", "new.csv"], folder);
    let found: Vec<&str> = found.lines().collect();
    assert_eq!(
        found[0],
        "name,petal width,petal length,sepal width,sepal length,predicted species,probability"
    );
    assert!(found[1].starts_with("mine,0.2,1.4,3.5,5.1,setosa,0."), "{found:?}");
    assert!(found[2].starts_with("\"a, b\",2.1,5.9,3.0,7.1,virginica,0."), "{found:?}");
    let (json, _) = expect(0, &["predict", "--model", "run", "new.csv", "--json"], folder);
    let json = lines(&json);
    assert_eq!((&json[1]["class"], &json[1]["row"]), (&"virginica".into(), &2.into()));
    let sum: f64 =
        json[1]["probabilities"].as_object().expect("names").values().filter_map(Value::as_f64).sum();
    assert!((sum - 1.0).abs() < 1e-12, "{sum}");

    fs::write(folder.join("few.csv"), "petal width,petal length\n0.2,1.4\n").expect("written");
    fails(1, &["predict", "--model", "run", "few.csv"], folder, &["lacks the columns", "sepal length"]);
    fs::write(folder.join("bad.csv"), "petal width,petal length,sepal width,sepal length\n0.2,1.4,x,5\n")
        .expect("written");
    fails(1, &["predict", "--model", "run", "bad.csv"], folder, &["line 2", "sepal width", "\"x\""]);
}

#[test]
fn a_validation_set_decides_and_the_test_rows_are_evaluated_once() {
    let place = place();
    let folder = place.path();
    let more = [
        "--validation-fraction",
        "0.25",
        "--patience",
        "5",
        "--keep-best",
        "--accumulate",
        "3",
        "--batch",
        "8",
        "--learning-rate",
        "0.05",
    ];
    let all =
        train(folder, IRIS, "species", &[&more[..], &["--epochs", "300", "--report", "--csv"]].concat());
    assert_eq!((&all[0]["train_images"], &all[0]["validation_images"]), (&90.into(), &30.into()));
    assert_eq!((&all[0]["test_images"], &all[0]["accumulate"]), (&30.into(), &3.into()));
    // 90 rows by 24 a step.
    let epochs: Vec<&Value> = all.iter().filter(|line| line["event"] == "epoch").collect();
    assert!(epochs.iter().all(|epoch| epoch["validation_loss"].is_f64() && epoch["test_loss"].is_null()));
    assert_eq!(epochs[0]["step"], 4);
    let last = all.last().expect("a result");
    assert!(last["test_accuracy"].as_f64().is_some_and(|accuracy| accuracy > 0.8), "{last}");
    assert!(last["validation_loss"].is_f64() && last["stopped_early"] == true, "{last}");
    let figures = text(&folder.join("run/report.csv"));
    let of = |start: &str| figures.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((of("loss,test,"), of("loss,validation,")), (1, epochs.len()));
    let page = text(&folder.join("run/report.html"));
    for words in ["validation", "--validation-fraction 0.25", "--accumulate 3", "3 × 8"] {
        assert!(page.contains(words), "{words}");
    }
    let (shown, _) = expect(0, &["train", "--resume", "run"], folder);
    assert!(
        shown.contains("validation accuracy") && shown.contains("the validation set has not fallen"),
        "{shown}"
    );
    fails(1, &["train", "--resume", "run", "--accumulate", "1"], folder, &["--accumulate is 3, not 1"]);
    fails(1, &["train", "--resume", "run", "--validation-fraction", "0.1"], folder, &["is 0.25, not 0.1"]);
    fails(1, &["train", "--validation-fraction", "1.5"], folder, &["validation fraction", "1.5"]);
    fails(2, &["train", "--accumulate", "0"], folder, &["accumulated batches"]);
}

#[test]
fn a_run_on_a_table_is_resumed_drawn_checked_and_explained() {
    let place = place();
    let folder = place.path();
    train(folder, IRIS, "species", &["--steps", "40", "--report"]);
    let whole = place.path().join("whole");
    expect(
        0,
        &["train", "--data", IRIS, "--target", "species", "--steps", "90", "--out", "whole", "--quiet"],
        folder,
    );
    expect(0, &["train", "--resume", "run", "--steps", "90", "--quiet"], folder);
    let model = |run: &Path| fs::read(run.join("model.safetensors")).expect("a model");
    assert!(model(&whole) == model(&folder.join("run")), "a resumed run has the same bytes");
    fails(1, &["train", "--resume", "run", "--split-seed", "3"], folder, &["--split-seed is 0, not 3"]);

    let page = text(&folder.join("run/report.html"));
    assert!(
        page.contains("<th scope=\"row\">versicolor</th>") && page.contains("--target"),
        "names and command"
    );
    let (graph, _) = expect(0, &["graph", "--model", "run"], folder);
    assert!(graph.contains("[3, 4]") || graph.contains("[3,4]"), "three rows of four features: {graph}");
    let (plan, _) = expect(0, &["plan", "--model", "run"], folder);
    assert!(plan.contains("affine1.weight"), "{plan}");
    let (check, _) = expect(0, &["check", "--model", "run", "--rows", "5"], folder);
    assert!(check.contains("5 rows") || check.contains("on 5"), "{check}");
    let (out, _) = expect(
        0,
        &["explain", "--model", "run", IRIS, "--row", "60", "--label", "setosa", "-o", "why.html"],
        folder,
    );
    assert!(out.contains("why.html"));
    let page = text(&folder.join("why.html"));
    assert!(
        page.contains("petal length") && page.contains("It should be setosa"),
        "names of features and classes"
    );
    fails(2, &["explain", "--model", "run", IRIS, "--row", "151"], folder, &["--row", "1 to 150"]);
    fails(1, &["explain", "--model", "run", IRIS, "--label", "rose"], folder, &["no class `rose`", "setosa"]);
}

#[test]
fn korean_tables_and_missing_values_are_read() {
    let place = place();
    let folder = place.path();
    let arguments = ["train", "--data", PEOPLE, "--target", "성별", "--epochs", "80", "--out", "run"];
    let (out, _) = expect(0, &arguments, folder);
    for part in [
        "CP949",
        "delimiter semicolon",
        "decimal comma",
        "2 classes: 남, 여",
        "not used: 메모",
        "키: 1 missing value",
        "1 row without a target",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let new = folder.join("new.csv");
    fs::write(&new, "몸무게;키\n72,5;175,0\n51,0;158,5\n").expect("written");
    let (out, _) = expect(0, &["predict", "--model", "run", "new.csv"], folder);
    let rows: Vec<&str> = out.lines().collect();
    assert_eq!(rows[0], "몸무게;키;predicted 성별;probability");
    assert!(rows[1].starts_with("72,5;175,0;남;0,") && rows[2].starts_with("51,0;158,5;여;0,"), "{out}");
}

#[test]
fn a_regression_has_its_own_scores() {
    let place = place();
    let folder = place.path();
    let all =
        train(folder, IRIS, "petal width", &["--exclude", "species", "--epochs", "60", "--patience", "50"]);
    let last = all.last().expect("a result");
    assert!(last["test_r2"].as_f64().is_some_and(|r2| r2 > 0.8), "{last}");
    assert!(
        last["test_mean_absolute_error"].as_f64().is_some_and(|error| error < 0.3),
        "in centimeters: {last}"
    );
    assert!(last.get("test_accuracy").is_none(), "{last}");
    let (out, _) = expect(0, &["predict", "--model", "run", IRIS, "--json"], folder);
    let first = &lines(&out)[0];
    assert!(first["value"].as_f64().is_some_and(|width| (width - 0.2).abs() < 0.5), "{first}");
    expect(0, &["explain", "--model", "run", IRIS, "--row", "60", "-o", "why.html"], folder);
    let page = fs::read_to_string(folder.join("why.html")).expect("a page");
    for part in [
        "row 60: petal width = 1.",
        "What each input adds",
        "입력마다 예측에 더한 값",
        "<span>petal length</span>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    fails(1, &["explain", "--model", "run", IRIS, "--label", "1"], folder, &["no class"]);
}

#[test]
fn errors_of_tables_teach() {
    let place = place();
    let folder = place.path();
    let write = |name: &str, content: &str| fs::write(folder.join(name), content).expect("written");
    let refused = |arguments: &[&str], words: &[&str]| {
        fails(1, &[&["train", "--steps", "20"], arguments].concat(), folder, words);
    };
    write("empty.csv", "");
    write("one.csv", "x,y\n1,a\n2,a\n3,a\n4,a\n");
    write("text.csv", "x,y\n1,red car\n2,blue bike\n3,green bus\n4,old tram\n");
    write("names.csv", "x,y\n");
    write("ragged.csv", "x,y\n1,a\n2\n3,b\n");
    write("data.bin", "x");
    refused(&["--data", "missing.csv", "--target", "y"], &["missing.csv", "no such file"]);
    refused(&["--data", "empty.csv", "--target", "y"], &["empty.csv", "it is empty"]);
    refused(&["--data", "names.csv", "--target", "y"], &["names.csv", "no rows"]);
    refused(&["--data", "one.csv", "--target", "y"], &["every row has the class a"]);
    refused(&["--data", "text.csv", "--target", "y"], &["column y is text"]);
    refused(&["--data", "ragged.csv", "--target", "y"], &["line 3"]);
    refused(&["--data", "data.bin"], &["data.bin", ".csv", ".npz"]);
    refused(&["--data", IRIS], &["--target", "sepal length", "species"]);
    refused(&["--data", IRIS, "--target", "sort"], &["no column \"sort\"", "species"]);
    refused(&["--data", IRIS, "--target", "species", "--task", "regression"], &["line 2", "setosa"]);
    refused(&["--data", IRIS, "--target", "species", "--test-fraction", "1.5"], &["1.5", "0.2"]);
    refused(&["--data", IRIS, "--target", "species", "--learning-rate", "1e30"], &["smaller learning rate"]);
    fails(
        2,
        &["train", "--target", "species"],
        folder,
        &["--target", "is a column of a table", "--data FILE.csv"],
    );
    fails(
        2,
        &["train", "--data", IRIS, "--target", "species", "--loss", "mse"],
        folder,
        &["squared-error is for a regression"],
    );
}

/// A run in which the target is missing of half of the rows, and its network is that of the best epoch.
#[test]
fn a_training_stops_early_and_keeps_the_best() {
    let place = place();
    let folder = place.path();
    let arguments = ["--patience", "3", "--keep-best", "--learning-rate", "0.3", "--epochs", "400"];
    let all = train(folder, IRIS, "species", &arguments);
    let last = all.last().expect("a result");
    assert_eq!(last["stopped_early"], true, "{last}");
    let (out, _) = expect(0, &["train", "--resume", "run", "--quiet"], folder);
    assert!(out.contains("has not fallen for 3 epochs") && out.contains("best"), "{out}");
}

#[test]
fn help_teaches_tables() {
    let place = place();
    let output = program(&["train", "--help"], place.path()).output().expect("the program");
    let help = String::from_utf8(output.stdout).expect("text");
    for part in ["--target", "--data iris.csv", "CP949", "--loss", "--patience"] {
        assert!(help.contains(part), "{part}");
    }
}

/// Eight red and eight blue images of 5 × 4 pixels.
#[test]
fn a_folder_of_images_is_trained_and_new_images_are_predicted() {
    let place = place();
    let folder = place.path();
    let picture = |path: &Path, color: [u8; 3], shade: u8| {
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        let file = fs::File::create(path).expect("created");
        let mut encoder = png::Encoder::new(file, 4, 5);
        encoder.set_color(png::ColorType::Rgb);
        let pixels: Vec<u8> = (0..20).flat_map(|_| color.map(|part| part.saturating_sub(shade))).collect();
        encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).expect("written");
    };
    for shade in 0..8 {
        picture(&folder.join(format!("photos/red/{shade}.png")), [250, 10, 20], 10 * shade);
        picture(&folder.join(format!("photos/blue/{shade}.png")), [20, 10, 250], 10 * shade);
    }
    picture(&folder.join("new.png"), [200, 0, 0], 0);
    let arguments = ["train", "--data", "photos", "--hidden", "8", "--steps", "300", "--init", "he"];
    let (out, _) = expect(0, &[&arguments[..], &["--out", "run"]].concat(), folder);
    assert!(out.contains("13 training, 3 test images") && out.contains("60 → 8 → 2"), "{out}");
    let (json, _) = expect(0, &["predict", "--model", "run", "new.png", "--json"], folder);
    let found = &lines(&json)[0];
    assert_eq!(found["class"], "red", "{found}");
    let (out, _) = expect(0, &["predict", "--model", "run", "new.png"], folder);
    assert!(out.contains("new.png is a red") && out.contains("blue"), "{out}");
    fs::write(folder.join("none.jpg"), "no image").expect("written");
    fails(1, &["predict", "--model", "run", "none.jpg"], folder, &["none.jpg"]);
}
