//! The invariants of drawings: no two boxes overlap, lines run through none, and large graphs are folded.

use super::pages::data_of;
use proptest::prelude::*;
use retrograde::nn::{Activation, Mlp, Mode, Model};
use retrograde::view::Explain;
use retrograde::view::Tracer;
use retrograde::{Graph, Result, Var};
use serde_json::Value;

/// What a drawing must keep: no two boxes overlap, and no line runs through one.
fn check_places(scene: &Value) -> Result<(), TestCaseError> {
    let numbers = |value: &Value| -> Vec<f64> {
        value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
    };
    let blocks: Vec<Vec<f64>> =
        scene["blocks"].as_array().expect("blocks").iter().map(|block| numbers(&block["place"])).collect();
    let overlap = |a: &[f64], b: &[f64]| {
        a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3]
    };
    for (number, block) in blocks.iter().enumerate() {
        prop_assert!(block[2] > 0.0 && block[3] > 0.0, "block {number} has a place");
        for other in &blocks[..number] {
            prop_assert!(!overlap(block, other), "{block:?} lies over {other:?}");
        }
    }
    for wire in scene["wires"].as_array().expect("wires") {
        let points: Vec<Vec<f64>> = wire["points"].as_array().expect("points").iter().map(&numbers).collect();
        let end = |name: &str| &blocks[wire[name].as_u64().expect("a place") as usize];
        // It begins and ends where its blocks do, up to the rounding of places.
        let (first, last) = (&points[0], &points[points.len() - 1]);
        prop_assert!((first[0] - end("from")[0] - end("from")[2]).abs() < 0.3, "{wire}");
        prop_assert!((last[0] - end("to")[0]).abs() < 0.3, "{wire} {:?}", end("to"));
        for pair in points.windows(2) {
            let low = [pair[0][0].min(pair[1][0]), pair[0][1].min(pair[1][1])];
            let size = [(pair[0][0] - pair[1][0]).abs(), (pair[0][1] - pair[1][1]).abs()];
            prop_assert!(size[0] == 0.0 || size[1] == 0.0, "{pair:?} is askew");
            for block in &blocks {
                // Its own blocks it may touch.
                let inner = [block[0] + 1.0, block[1] + 1.0, block[2] - 2.0, block[3] - 2.0];
                prop_assert!(
                    !overlap(&[low[0], low[1], size[0], size[1]], &inner),
                    "{pair:?} runs through {block:?}"
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn lines_run_through_no_box(
        steps in prop::collection::vec((0..3_usize, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..24),
    ) {
        let graph = Graph::new();
        let mut vars: Vec<Var> = vec![graph.parameter("x", [1.0, 2.0]), graph.parameter("long_name_of_y", [0.5, 1.0])];
        for (number, (kind, a, b)) in steps.iter().enumerate() {
            let (a, b) = (a.get(&vars).clone(), b.get(&vars).clone());
            // Several steps share a layer.
            let layer = format!("layer{}", number / 3);
            vars.push(graph.scope(&layer, || match kind {
                0 => a + b,
                1 => a * b,
                _ => (a.tanh() - b).relu(),
            }));
        }
        let loss = vars.pop().expect("a step").sum_all().named("loss");
        let page = loss.trace().and_then(|trace| trace.html("random")).expect("it can be drawn");
        for scene in data_of(&page)["scenes"].as_array().expect("scenes") {
            check_places(scene)?;
        }
    }
}

#[test]
fn a_hundred_nodes_are_folded_by_scope() -> Result<()> {
    let graph = Graph::new();
    let net = Mlp::new(vec![9; 16]).activation(Activation::Tanh).build()?;
    let (x, labels) = (graph.input("x", [2, 9]), graph.index_input("t", [2]));
    let loss = net.record(&x, Mode::Train).output.softmax_with_loss(&labels);
    let trace = Tracer::new(&loss).set(&x, &[0.5; 18]).set_indices(&labels, &[3, 4]).trace()?;
    assert!(trace.nodes().len() > 90, "{}", trace.nodes().len());
    let data = data_of(&trace.html("deep")?);
    let scenes = data["scenes"].as_array().expect("scenes");
    // Closed, each single one of 15 layers open, any two of them, all, and all but one.
    assert_eq!(scenes.len(), 1 + 15 + 15 * 14 / 2 + 1 + 15);
    let blocks = |scene: &Value| scene["blocks"].as_array().expect("blocks").len();
    // A box for each of 15 layers and 14 activations, the loss, two inputs and the end.
    assert_eq!(blocks(&scenes[0]), 15 + 14 + 1 + 2 + 1);
    for scene in scenes {
        check_places(scene).expect("a drawing");
    }
    // Too many boxes for a picture are an error that says what to do; the other forms have no limit.
    let mut chain = graph.parameter("y", 1.0);
    for _ in 0..400 {
        chain = chain.tanh();
    }
    let trace = chain.trace()?;
    let error = trace.svg(true).expect_err("401 boxes").to_string();
    assert!(error.contains("402") && error.contains("scopes"), "{error}");
    assert!(trace.dot(true).len() > 10_000 && trace.json().len() > 10_000);
    Ok(())
}
