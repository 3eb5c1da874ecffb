//! The sentences of a diagnosis: in both languages, and in the docs.

use retrograde::check::Language;
use retrograde::diagnose::CauseName;
use std::collections::BTreeMap;
use std::path::Path;

/// The texts of a file by their ids, with the placeholders of each.
fn texts(language: Language) -> BTreeMap<String, Vec<String>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/texts/{}.ftl", language.code()));
    let text = std::fs::read_to_string(file).expect("a file of texts");
    let messages =
        text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let of = |(id, text): (&str, &str)| {
        let mut names: Vec<String> =
            text.split("{ $").skip(1).filter_map(|rest| Some(rest.split_once(" }")?.0.to_owned())).collect();
        names.sort();
        names.dedup();
        (id.to_owned(), names)
    };
    messages.map(of).collect()
}

#[test]
fn each_sentence_has_its_korean_with_the_same_numbers() {
    let [english, korean] = Language::ALL.map(texts);
    assert!(english.len() > 100, "{} sentences", english.len());
    for (id, names) in &english {
        assert_eq!(korean.get(id), Some(names), "{id}");
    }
    assert_eq!(english.len(), korean.len());
}

#[test]
fn each_cause_has_a_title_and_is_in_the_docs() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/DIAGNOSIS.md");
    let docs = std::fs::read_to_string(docs).expect("docs/DIAGNOSIS.md");
    for cause in CauseName::ALL {
        let title = cause.title();
        assert!(docs.contains(&format!("| `{cause}` | {} |", title.text(Language::English))), "{cause}");
        assert_ne!(title.text(Language::Korean), title.text(Language::English), "{cause}");
    }
}
