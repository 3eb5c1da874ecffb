//! The notebook's own case: its softmax over the batch on the first three training images.

use retrograde::Result;
use retrograde::check::{self, Cause, Report, Severity, Verdict};
use retrograde::faults::{self, Faulty};
use retrograde::textbook::{Layer, TwoLayerNet};

use crate::digits::first_three;

/// The report in one line, as it would be read.
fn read(report: &Report) -> String {
    report.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says(report: &Report, phrases: &[&str]) {
    let text = read(report);
    for phrase in phrases {
        assert!(text.contains(phrase), "`{phrase}` is not in\n{report}");
    }
}

const IN_SUBSTANCE: [&str; 6] = [
    "normalizes over all 3 rows at once",
    "The probabilities of a row sum to 1/3",
    "np.max(x, axis=1, keepdims=True)",
    "(1 − 1/3)/10 = 0.0667",
    "ln 30 = 3.40",
    "the accuracy stays at 1/10",
];

#[test]
fn the_network_check_answers_both_questions() -> Result<()> {
    let (x, labels) = first_three()?;
    let Some(Faulty::Loss(loss, ..)) = faults::find("softmax-batch").map(|fault| fault.isolated(3, 10))
    else {
        panic!("the catalogue has the notebook's loss");
    };
    let mut network = TwoLayerNet::new(784, 50, 10, 0.01, 0)?.with_loss(loss);
    let report = check::two_layer_net(&mut network, &x, &labels)?;
    println!("{report}");
    assert_eq!(report.verdict, Verdict::Wrong);
    assert_eq!(report.first_wrong().map(|station| station.kind.as_str()), Some("SoftmaxWithLoss"));
    assert_eq!(report.layers.iter().filter(|station| station.verdict.is_wrong()).count(), 1);
    assert_eq!(report.findings[0].cause, Some(Cause::SoftmaxOverBatch));
    says(&report, &IN_SUBSTANCE);
    says(&report, &["b2 is off by 0.0667", "the first loss is 3.4"]);
    let b2 = report.blocks.iter().find(|block| block.block == "b2").expect("b2 is compared");
    assert!((b2.mean_difference - 0.2 / 3.0).abs() <= 1e-9, "{b2:?}");
    Ok(())
}

#[test]
fn the_layer_check_does_too() -> Result<()> {
    let (x, labels) = first_three()?;
    let mut network = TwoLayerNet::new(784, 50, 10, 0.01, 0)?;
    let logits = network.predict(&x)?;
    let Some(Faulty::Loss(mut loss, ..)) = faults::find("softmax-batch").map(|fault| fault.isolated(3, 10))
    else {
        panic!("the catalogue has the notebook's loss");
    };
    let report = check::loss(&mut loss, &logits, &labels)?;
    println!("{report}");
    assert_eq!(report.findings[0].cause, Some(Cause::SoftmaxOverBatch));
    says(&report, &IN_SUBSTANCE);
    // The book's other mistake in the same line is a finding beside it.
    assert!(report.causes().any(|cause| *cause == Cause::DoutIgnored), "{report}");
    Ok(())
}

#[test]
fn a_report_is_plain_data() -> Result<()> {
    let (x, labels) = faults::example(4);
    let fault = faults::find("tanh-not-squared").expect("a fault of the catalogue");
    let report = check::network(&mut fault.network(6, 5, 5, 0)?, &x, &labels)?;
    let json = serde_json::to_value(&report).expect("plain data");
    assert_eq!(json["verdict"], "wrong");
    assert_eq!(json["findings"][0]["cause"]["cause"], "wrong_slope");
    assert_eq!(json["findings"][0]["cause"]["code"], "1 − y");
    assert_eq!(json["findings"][0]["cause"]["right"], "1 − y²");
    assert_eq!(json["layers"][1]["kind"], "Tanh");
    assert!(
        report.findings.iter().all(|finding| finding.severity != Severity::Fault || finding.help().is_some())
    );
    assert_eq!(
        fault.network(6, 5, 5, 0)?.layers_mut().nth(1).map(|(_, layer)| Layer::name(layer).to_owned()),
        Some("Tanh".into())
    );
    Ok(())
}
