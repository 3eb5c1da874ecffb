//! Every operation has a worked numeric example: its value, and its contribution to the gradient of each operand.

use super::trials;
use retrograde::graph::Kind;
use retrograde::view::Explain;
use serde_json::Value;

#[test]
fn every_operation_shows_its_arithmetic_forward_and_backward() {
    let mut contributions = 0;
    for (label, entry, trial) in trials() {
        let made = trial.output.node();
        // Indices have no gradient, empty tensors have no arithmetic, and identities are not recorded.
        let is_recorded = made.operation().is_some_and(|operation| operation.name() == entry.name);
        if !is_recorded || trial.output.kind() == Kind::Index || trial.output.shape().elements() == 0 {
            continue;
        }
        let loss = (&trial.output * &trial.upstream).sum_all();
        let Ok(trace) = loss.trace() else {
            panic!("{label} cannot be traced");
        };
        let json: Value = serde_json::from_str(&trace.json()).expect("JSON");
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let tensor = |place: &Value| &json["tensors"][place.as_u64().expect("a place") as usize];
        // There is no arithmetic for values that are not finite.
        let is_finite = |place: &Value| {
            tensor(place)["values"].as_array().is_some_and(|values| values.iter().all(Value::is_number))
        };
        let is_empty = |place: &Value| tensor(place)["values"].as_array().is_some_and(Vec::is_empty);
        let check = |what: &str, numbers: &Value, result: &Value| {
            if is_empty(result) || !is_finite(result) {
                return;
            }
            let text = numbers["numbers"].as_str().unwrap_or_else(|| panic!("{label}: {what} is not shown"));
            assert!(!text.is_empty() && !text.contains("NaN"), "{label}: {what} is shown as {text}");
            assert!(
                text.contains(|letter: char| letter.is_ascii_digit()),
                "{label}: {what} is shown as {text}"
            );
            let shown: f64 = numbers["result"].as_str().and_then(|text| text.parse().ok()).expect("a number");
            let values: Vec<f64> = list(&tensor(result)["values"]).iter().filter_map(Value::as_f64).collect();
            // The example is one of the elements, in three digits.
            let near = |value: &f64| (value - shown).abs() <= 0.005 * value.abs();
            assert!(values.iter().any(near), "{label}: {what} is {values:?} and shown as {numbers}");
        };
        let node =
            list(&json["nodes"]).into_iter().rev().find(|node| node["operation"]["name"] == entry.name);
        let Some(node) = node else { panic!("{label} is not in its trace") };
        // The user's operation has no formula in the list.
        if node["operation"]["formula"].is_string() {
            check("the value", &node["step"]["numbers"], &node["value"]);
        }
        for contribution in list(&node["step"]["shares"]) {
            let edge = contribution["edge"].as_u64().expect("a place") as usize;
            check(
                &format!("∂{}", contribution["operand"]),
                &contribution["numbers"],
                &json["edges"][edge]["gradient"],
            );
            contributions += 1;
        }
    }
    assert!(contributions > 150, "only {contributions} contributions are shown");
}
