//! The forms of a traced graph: that all of them have the numbers of the notebook, and that drawings keep what they
//! promise: lines run through no box, and no name becomes code.

use proptest::prelude::*;
use retrograde::nn::{Activation, Mlp, Model};
use retrograde::view::{self, Style, Trace, Tracer};
use retrograde::{Graph, Result, Var};
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

/// What the page holds.
fn data_of(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").expect("the data");
    let (data, _) = rest.split_once("</script>").expect("its end");
    serde_json::from_str(data).expect("JSON")
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

/// Values and gradients: a drawing says by its places what they belong to.
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

fn two_layers() -> Result<Trace> {
    let graph = Graph::new();
    view::two_layer(&graph, retrograde::data::Dataset::embedded()?.train())?.trace()
}

#[test]
fn the_page_of_the_two_layer_network_is_small_and_asks_for_nothing() -> Result<()> {
    let trace = two_layers()?;
    let page = trace.html("two layers")?;
    assert!(page.len() < 500_000, "{} bytes", page.len());
    let addresses = page.matches("http").count();
    let namespaces = page.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(addresses, namespaces + page.matches("http-equiv").count());
    assert!(page.contains("default-src 'none'"));
    let data = data_of(&page);
    // Layers closed, each open, both open; the one of relu has nothing to open.
    let open: BTreeSet<String> =
        data["scenes"].as_array().expect("scenes").iter().map(|scene| scene["open"].to_string()).collect();
    let expected = ["[]", r#"["affine1"]"#, r#"["affine2"]"#, r#"["affine1","affine2"]"#];
    assert_eq!(open, expected.into_iter().map(str::to_string).collect());
    // Images as images, weights as a picture of 28 × 28 a unit.
    let tensor = |name: &str| {
        let nodes = data["document"]["nodes"].as_array().expect("nodes");
        nodes.iter().find(|node| node["label"] == name).expect("the node")["value"].to_string()
    };
    for (name, kind, pixels) in [
        ("x", "images", [86, 28]),
        ("affine1.weight", "units", [289, 144]),
        ("affine2.weight", "numbers", [10, 50]),
    ] {
        let picture = &data["pictures"][tensor(name)];
        assert_eq!(
            (&picture["kind"], &picture["pixels"]),
            (&kind.into(), &serde_json::json!(pixels)),
            "{name}"
        );
    }
    Ok(())
}

#[test]
fn a_step_calculates_an_element_of_its_own_result() -> Result<()> {
    let trace: Value = serde_json::from_str(&two_layers()?.json()).expect("JSON");
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let (nodes, edges, tensors) = (list(&trace["nodes"]), list(&trace["edges"]), list(&trace["tensors"]));
    let place = |value: &Value| value.as_u64().expect("a place") as usize;
    let mut told = Vec::new();
    let mut check = |numbers: &Value, tensor: usize| {
        let Some(element) = numbers["element"].as_str() else {
            return;
        };
        let indices: Vec<usize> = serde_json::from_str(element).expect("indices");
        let shape: Vec<usize> = list(&tensors[tensor]["shape"]).iter().map(place).collect();
        let at = indices.iter().zip(&shape).fold(0, |at, (index, length)| at * length + index);
        let value = tensors[tensor]["values"][at].as_f64().expect("a number");
        let result: f64 = numbers["result"].as_str().and_then(|text| text.parse().ok()).expect("a number");
        // Three digits are shown.
        assert!((value - result).abs() <= 0.005 * value.abs(), "{value} is told as {numbers}");
        told.push(numbers["numbers"].as_str().expect("text").to_string());
    };
    for node in nodes.iter().filter(|node| node["step"].is_object()) {
        check(&node["step"]["numbers"], place(&node["value"]));
        for share in list(&node["step"]["shares"]) {
            check(&share["numbers"], place(&edges[place(&share["edge"])]["gradient"]));
        }
    }
    // Of all seven operations before the loss, and of all eleven gradients.
    assert_eq!(told.len(), 7 + 11, "{told:?}");
    assert!(told.iter().any(|numbers| numbers.starts_with("affine1.bias[")), "{told:?}");
    let loss = &nodes.last().expect("the loss")["step"]["numbers"];
    let numbers = loss["numbers"].as_str().expect("it is told");
    assert!(numbers.starts_with("-(1/3) × (1 × (-2.") && numbers.matches(" + ").count() == 2, "{loss}");
    // The gradient of the loss: (softmax - t) / N of the first image's label.
    assert!(told.iter().any(|numbers| numbers.ends_with("× 1 - 1) × 1 / 3")), "{told:?}");
    Ok(())
}

#[test]
fn names_never_become_code() -> Result<()> {
    let graph = Graph::new();
    let names = [
        "</script><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "a\\\" -> b",
        "]]>&amp;<!--",
        "\u{0}\u{1b}\u{2028}",
        "{{data}}",
    ];
    let mut sum = graph.parameter("x", 1.0);
    for name in names {
        sum = graph.scope(name, || &sum * graph.parameter(name, 2.0) + 1.0);
    }
    let trace = sum.named("<b>loss</b>").trace()?;
    let page = trace.html("<img src=x onerror=alert(1)>")?;
    assert_eq!(page.matches("<script").count(), 2, "the data and the page's own");
    assert!(!page.contains("<img") && !page.contains("<b>"));
    let shown = data_of(&page).to_string();
    for name in &names[..4] {
        assert!(shown.contains(&serde_json::to_string(name).expect("JSON")[1..]), "{name} is not lost");
    }
    for fold in [true, false] {
        let svg = trace.svg(fold)?;
        assert!(!svg.contains("<img") && !svg.contains("<script") && !svg.contains(['\u{0}', '\u{1b}']));
        let dot = trace.dot(fold);
        for line in dot.lines().filter(|line| line.contains("[label=\"")) {
            let label = between(line, "[label=\"", "\", shape=");
            assert!(!label.replace("\\\\", "").replace("\\\"", "").contains('"'), "{line}");
        }
    }
    Ok(())
}

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
    let parameters = net.parameters().record(&graph);
    let (x, labels) = (graph.input("x", [2, 9]), graph.index_input("t", [2]));
    let loss = net.record(&x, &parameters).softmax_with_loss(&labels);
    let trace = Tracer::new(&loss).set(&x, &[0.5; 18]).set_indices(&labels, &[3, 4]).trace()?;
    assert!(trace.nodes().len() > 90, "{}", trace.nodes().len());
    let data = data_of(&trace.html("deep")?);
    let scenes = data["scenes"].as_array().expect("scenes");
    // Closed, each of 15 layers alone, and all open.
    assert_eq!(scenes.len(), 17);
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

/// What the units say and the bias make the score; the gradient of the pixels is that of differences.
#[test]
fn an_images_story_adds_up() -> Result<()> {
    let digits = retrograde::data::Dataset::embedded()?;
    let net = Mlp::new([784, 30, 10]).seed(3).build()?;
    let image = digits.test().image(5).expect("1,000 images");
    let story = view::ImageStory::new(&net, image, Some(4))?;
    let said = story.contributions();
    assert!(
        said.len() == 30 && said.windows(2).all(|pair| pair[0].product().abs() >= pair[1].product().abs())
    );
    let nodes = story.trace().nodes();
    let class = story.prediction().class;
    // The last layer is named by its scope; the loss takes its output first.
    let last = story.trace().output();
    let scores = &nodes[story.trace().edges()[last.inputs[0]].from];
    let (bias, score) = match (&net.parameters().get("affine2.bias"), &scores.value) {
        (Some(bias), view::Value::Real(scores)) => (bias.values()[class], scores.values()[class]),
        other => panic!("{other:?}"),
    };
    let sum = bias + said.iter().map(|unit| unit.product()).sum::<f64>();
    // Thirty roundings of numbers below one.
    assert!((sum - score).abs() < 1e-14, "{sum} {score}");

    let pixel = 14 * 28 + 14;
    let loss = |byte: u8| -> Result<f64> {
        let mut image = image.to_vec();
        image[pixel] = byte;
        view::ImageStory::new(&net, &image, Some(4))?
            .trace()
            .output()
            .value
            .scalar()
            .ok_or_else(|| unreachable!())
    };
    let step = 2;
    let middle = image[pixel].clamp(step, 255 - step);
    let difference = (loss(middle + step)? - loss(middle - step)?) / (2.0 * f64::from(step) / 255.0);
    let mut there = image.to_vec();
    there[pixel] = middle;
    let story = view::ImageStory::new(&net, &there, Some(4))?;
    let slope = story.trace().nodes()[0].gradient.as_ref().expect("a gradient").values()[pixel];
    // Second order in a step of 1/127, of a function whose slope is some thousandths.
    assert!((slope - difference).abs() < 1e-5, "{slope} {difference}");
    Ok(())
}
