//! `check`: verdicts and exit codes.

use super::{bytes, expect, fails, lines, place};

#[test]
fn a_correct_network_passes_all_checks() {
    let place = place();
    for more in [&[][..], &["--directions"], &["--sample", "20", "--second-order"], &["--rows", "7"]] {
        let (out, _) = expect(0, &[&["check"], more].concat(), place.path());
        assert!(out.contains("right") && out.contains("affine1.weight"), "{out}");
    }
    let (out, _) = expect(0, &["check", "--precision", "f32"], place.path());
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("rounding") && words.contains("the gradient in f32"), "{out}");
    let (out, _) = expect(0, &["check", "--json", "--html", "c.html", "--markdown", "c.md"], place.path());
    let report = &lines(&out)[0];
    assert_eq!((report["event"].as_str(), report["verdict"].as_str()), (Some("check"), Some("right")));
    assert_eq!(report["blocks"][0]["compared"].as_u64(), Some(39_200));
    let page = String::from_utf8(bytes(&place.path().join("c.html"))).expect("text");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(!page.contains("http://") && !page.contains("https://"), "the page asks for something");
    let markdown = String::from_utf8(bytes(&place.path().join("c.md"))).expect("text");
    assert!(markdown.contains("| affine1.weight | all 39200 |"), "{markdown}");
}

#[test]
fn a_trained_network_is_checked_from_its_run_directory() {
    let place = place();
    expect(0, &["train", "--steps", "20", "--out", "run", "--hidden", "7"], place.path());
    let (out, _) = expect(0, &["check", "--model", "run"], place.path());
    assert!(out.contains("784-7-10"), "{out}");
    // The exit code 1 is only for a wrong gradient.
    fails(2, &["check", "--model", "nowhere"], place.path(), &["nowhere"]);
    fails(2, &["check", "--html", "no/where.html"], place.path(), &["does not exist"]);
    fails(2, &["check", "--rows", "0"], place.path(), &["1 to 4000"]);
    let (_, complaint) = expect(2, &["check", "--fault", "none-such"], place.path());
    assert!(complaint.contains("none-such"), "{complaint}");
}

#[test]
fn a_bug_is_diagnosed_and_fails_the_check() {
    let place = place();
    let (out, _) = expect(1, &["check", "--fault", "softmax-batch", "--html", "f.html"], place.path());
    for words in ["softmax over the whole batch", "first wrong", "0.0667"] {
        assert!(out.contains(words), "it does not say `{words}`: {out}");
    }
    let korean = ["check", "--fault", "softmax-batch", "--language", "ko"];
    let (out, _) = expect(1, &korean, place.path());
    assert!(out.contains("배치 전체에 대한 소프트맥스") && out.contains("처음 틀린 곳"), "{out}");
    let page = String::from_utf8(bytes(&place.path().join("f.html"))).expect("text");
    assert!(page.contains("softmax over the whole batch") && page.contains("the first wrong one"));
    let (out, _) = expect(0, &["check", "--all-faults", "--json"], place.path());
    let faults = lines(&out);
    let recognised = faults.iter().filter(|fault| fault["recognised"] == true).count();
    assert!(faults.len() >= 40 && recognised + 2 >= faults.len(), "{recognised} of {}", faults.len());
}
