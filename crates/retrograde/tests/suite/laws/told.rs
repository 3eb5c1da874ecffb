//! That every operation is told in numbers: how its value comes about, and what it hands back to each operand.

use super::trials;
use retrograde::graph::Kind;
use retrograde::view::Explain;
use serde_json::Value;

#[test]
fn every_operation_shows_its_arithmetic_forward_and_backward() {
    let mut told = 0;
    for (label, entry, trial) in trials() {
        let made = trial.output.node();
        // Indices have no gradient, no numbers have no arithmetic, and what is its input already is not recorded.
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
        // No arithmetic leads to what is no number.
        let is_finite = |place: &Value| {
            tensor(place)["values"].as_array().is_some_and(|values| values.iter().all(Value::is_number))
        };
        let is_empty = |place: &Value| tensor(place)["values"].as_array().is_some_and(Vec::is_empty);
        let check = |what: &str, numbers: &Value, result: &Value| {
            if is_empty(result) || !is_finite(result) {
                return;
            }
            let text = numbers["numbers"].as_str().unwrap_or_else(|| panic!("{label}: {what} is not told"));
            assert!(!text.is_empty() && !text.contains("NaN"), "{label}: {what} is told as {text}");
            assert!(
                text.contains(|letter: char| letter.is_ascii_digit()),
                "{label}: {what} is told as {text}"
            );
            let shown: f64 = numbers["result"].as_str().and_then(|text| text.parse().ok()).expect("a number");
            let values: Vec<f64> = list(&tensor(result)["values"]).iter().filter_map(Value::as_f64).collect();
            // It is the result of one of its elements, in three digits.
            let near = |value: &f64| (value - shown).abs() <= 0.005 * value.abs();
            assert!(values.iter().any(near), "{label}: {what} is {values:?} and told as {numbers}");
        };
        let node =
            list(&json["nodes"]).into_iter().rev().find(|node| node["operation"]["name"] == entry.name);
        let Some(node) = node else { panic!("{label} is not in its trace") };
        // How a program's own operation makes its value, only its own formula could say.
        if node["operation"]["formula"].is_string() {
            check("the value", &node["step"]["numbers"], &node["value"]);
        }
        for share in list(&node["step"]["shares"]) {
            let edge = share["edge"].as_u64().expect("a place") as usize;
            check(&format!("∂{}", share["operand"]), &share["numbers"], &json["edges"][edge]["gradient"]);
            told += 1;
        }
    }
    assert!(told > 150, "{told} gradients were told");
}
