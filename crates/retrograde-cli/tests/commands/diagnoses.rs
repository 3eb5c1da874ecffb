//! `diagnose`: verdicts and exit codes.

use super::{bytes, expect, fails, lines, place};

const HIGH: [&str; 9] =
    ["diagnose", "--data", "mnist-5k", "--learning-rate", "20", "--steps", "400", "--budget", "8"];

#[test]
fn a_rate_that_is_too_high_is_named_and_the_page_has_both_languages() {
    let place = place();
    let (out, _) = expect(1, &[&HIGH[..], &["--html", "why.html"]].concat(), place.path());
    for words in ["[lr.high]", "Change the learning rate from 20 to", "as it is", "with the change"] {
        assert!(out.contains(words), "it does not say `{words}`: {out}");
    }
    let page = String::from_utf8(bytes(&place.path().join("why.html"))).expect("text");
    assert!(
        page.contains("학습률") && page.contains("learning rate") && page.contains("<polyline"),
        "{page}"
    );
    let (out, _) = expect(1, &[&HIGH[..], &["--json"]].concat(), place.path());
    let diagnosis = &lines(&out)[0];
    assert_eq!(
        (diagnosis["event"].as_str(), diagnosis["cause"].as_str()),
        (Some("diagnosis"), Some("lr.high"))
    );
    assert!(diagnosis["text"]["ko"].as_str().is_some_and(|text| text.contains("학습률")), "{diagnosis}");
}

#[test]
fn the_training_of_a_run_is_diagnosed() {
    let place = place();
    let train = ["train", "--data", "mnist-5k", "--steps", "1500", "--out", "run", "--quiet"];
    expect(0, &train, place.path());
    let (out, _) = expect(0, &["diagnose", "--model", "run", "--budget", "20"], place.path());
    assert!(out.starts_with("It learns"), "{out}");
}

#[test]
fn what_cannot_be_diagnosed_says_why() {
    let place = place();
    fails(2, &["diagnose", "--model", "nowhere"], place.path(), &["nowhere"]);
    fails(2, &["diagnose", "--html", "no/where.html"], place.path(), &["does not exist"]);
    std::fs::write(place.path().join("poem.txt"), "so much depends upon ".repeat(200)).expect("a file");
    fails(2, &["diagnose", "--data", "poem.txt"], place.path(), &["does not examine texts"]);
}
