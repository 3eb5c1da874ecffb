//! The formats of a traced graph: all of them have the numbers of the notebook.
//!
//! `pages` tests the contents of the page; `places` the invariants of drawings, such as that no line runs through a box.

mod pages;
mod places;

use pages::data_of;
use retrograde::view::Explain;
use retrograde::view::{self, Style};
use retrograde::{Graph, Result};
use serde_json::Value;
use std::collections::BTreeSet;

/// An edge of a figure: where it comes from and goes to, its value, and its gradient.
type Edge = (&'static str, &'static str, &'static str, &'static str);

/// The book's figures 5-18 and 5-20, with the numbers that the notebook prints.
const APPLE: &[Edge] = &[
    ("apple", "×", "100", "2.2"),
    ("apple_count", "×", "2", "110.00000000000001"),
    ("×", "×", "200", "1.1"),
    ("tax", "×", "1.1", "200"),
    ("×", "price", "220.00000000000003", "1"),
];
const APPLES_AND_ORANGES: &[Edge] = &[
    ("apple", "×", "100", "2.2"),
    ("apple_count", "×", "2", "110.00000000000001"),
    ("orange", "×", "150", "3.3000000000000003"),
    ("orange_count", "×", "3", "165"),
    ("×", "+", "200", "1.1"),
    ("×", "+", "450", "1.1"),
    ("+", "×", "650", "1.1"),
    ("tax", "×", "1.1", "650"),
    ("×", "price", "715.0000000000001", "1"),
];

fn expected(edges: &[Edge]) -> BTreeSet<[String; 4]> {
    edges.iter().map(|&(from, to, value, gradient)| [from, to, value, gradient].map(str::to_string)).collect()
}

/// A number of a JSON file as figures write it.
fn written(number: &Value) -> String {
    number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string())
}

fn of_json(json: &str) -> BTreeSet<[String; 4]> {
    let trace: Value = serde_json::from_str(json).expect("JSON");
    let number =
        |place: &Value| written(&trace["tensors"][place.as_u64().expect("a place") as usize]["values"][0]);
    let node = |place: &Value| &trace["nodes"][place.as_u64().expect("a place") as usize];
    let shown = |node: &Value| {
        node["operation"]["symbol"].as_str().or(node["label"].as_str()).expect("a label").to_string()
    };
    let edge = |edge: &Value| {
        let (from, to) = (node(&edge["from"]), node(&edge["to"]));
        [shown(from), shown(to), number(&from["value"]), number(&edge["gradient"])]
    };
    let mut edges: BTreeSet<_> = trace["edges"].as_array().expect("edges").iter().map(edge).collect();
    let last = trace["nodes"].as_array().and_then(|nodes| nodes.last()).expect("nodes");
    let name = last["name"].as_str().expect("a name").to_string();
    edges.insert([shown(last), name, number(&last["value"]), number(&last["gradient"])]);
    edges
}

fn of_scene(scene: &Value) -> BTreeSet<[String; 4]> {
    let label = |block: &Value| {
        scene["blocks"][block.as_u64().expect("a place") as usize]["label"]
            .as_str()
            .expect("a label")
            .to_string()
    };
    let words = |wire: &Value, is_gradient: bool| {
        let words = wire["words"].as_array().expect("words").iter();
        let mut own = words.filter(|words| words["is_gradient"] == is_gradient);
        own.next().expect("a number")["text"].as_str().expect("text").to_string()
    };
    let wires = scene["wires"].as_array().expect("wires").iter();
    wires
        .map(|wire| [label(&wire["from"]), label(&wire["to"]), words(wire, false), words(wire, true)])
        .collect()
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} in {text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("{after} in {text}")).0
}

fn of_dot(dot: &str) -> BTreeSet<[String; 4]> {
    let label = |block: &str| between(dot, &format!("  {block} [label=\""), "\"").to_string();
    let edges = dot.lines().filter(|line| line.contains(" -> "));
    edges
        .map(|line| {
            let (from, rest) = line.trim().split_once(" -> ").expect("an arrow");
            let (to, rest) = rest.split_once(' ').expect("a label");
            let numbers: Vec<&str> =
                rest.split("<font color=").skip(1).map(|part| between(part, ">", "<")).collect();
            [label(from), label(to), numbers[0].to_string(), numbers[1].to_string()]
        })
        .collect()
}

/// Values and gradients: a drawing associates them by position.
fn of_svg(svg: &str) -> BTreeSet<[String; 2]> {
    let wires = svg.split("<g class=\"wire\">").skip(1).map(|rest| rest.split("</g>").next().unwrap_or(rest));
    let number = |line: &str, class: &str| {
        between(line, &format!("<text class=\"{class}\""), "</text>")
            .split_once('>')
            .expect("text")
            .1
            .to_string()
    };
    wires.map(|line| [number(line, "value"), number(line, "gradient")]).collect()
}

#[test]
fn all_five_forms_have_the_notebooks_numbers_on_every_edge() -> Result<()> {
    let graph = Graph::new;
    for (trace, edges) in [
        (view::apple(&graph()).trace()?, APPLE),
        (view::apples_and_oranges(&graph()).trace()?, APPLES_AND_ORANGES),
    ] {
        let expected = expected(edges);
        assert_eq!(of_json(&trace.json()), expected);
        assert_eq!(of_dot(&trace.dot(true)), expected);
        let data = data_of(&trace.html("prices")?);
        assert_eq!(of_scene(&data["scenes"][0]), expected);
        assert_eq!(of_json(&data["document"].to_string()), expected);
        let numbers: BTreeSet<[String; 2]> =
            expected.iter().map(|[_, _, value, gradient]| [value.clone(), gradient.clone()]).collect();
        assert_eq!(of_svg(&trace.svg(true)?), numbers);
        // Which edge has which number in the terminal is read back in `view::figures_read_back_as_their_graphs`.
        let text = trace.text(Style::default());
        assert!(numbers.iter().flatten().all(|number| text.contains(number)), "{text}");
    }
    Ok(())
}

#[test]
fn numbers_that_json_lacks_are_words() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", [f64::NAN, f64::INFINITY, -0.0, 5e-324]);
    let trace = x.sum_all().trace()?;
    let json: Value = serde_json::from_str(&trace.json()).expect("JSON");
    assert_eq!(json["tensors"][0]["values"], serde_json::json!(["NaN", "Infinity", -0.0, 5e-324]));
    trace.html("strange")?;
    trace.svg(true)?;
    Ok(())
}
