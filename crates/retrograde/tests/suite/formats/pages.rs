//! The contents of the page of a graph: numbers, pictures and steps; and that no name becomes code.

use super::between;
use flate2::read::ZlibDecoder;
use retrograde::data::{Preprocessing, TableReader, Task};
use retrograde::nn::{Activation, Init, Layers, Mlp, Model, Network};
use retrograde::train::Predictor;
use retrograde::view::Explain;
use retrograde::view::{self, Trace};
use retrograde::{Graph, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Read;

/// What the page holds, with its packed scenes unpacked.
pub fn data_of(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").expect("the data");
    let (data, _) = rest.split_once("</script>").expect("its end");
    let mut data: Value = serde_json::from_str(data).expect("JSON");
    let more = data["more"].as_str().expect("text").to_string();
    if !more.is_empty() {
        let mut text = String::new();
        ZlibDecoder::new(&bytes(&more)[..]).read_to_string(&mut text).expect("packed text");
        let more: Vec<Value> = serde_json::from_str(&text).expect("JSON");
        data["scenes"].as_array_mut().expect("scenes").extend(more);
    }
    data
}

/// What was written in base 64.
fn bytes(text: &str) -> Vec<u8> {
    let digit = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let letters: Vec<u8> = text.bytes().filter(|letter| *letter != b'=').collect();
    let four = |four: &[u8]| {
        let bits = four
            .iter()
            .enumerate()
            .fold(0, |bits, (place, &letter)| bits | u32::from(digit(letter)) << (18 - 6 * place));
        bits.to_be_bytes()[1..four.len()].to_vec()
    };
    letters.chunks(4).flat_map(four).collect()
}

fn two_layers() -> Result<Trace> {
    let graph = Graph::new();
    view::two_layer(&graph, retrograde::data::Dataset::embedded()?.train())?.trace()
}

#[test]
fn the_page_of_the_two_layer_network_is_small_and_requests_nothing() -> Result<()> {
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
    assert!(numbers.starts_with("-(1 × (-2.") && numbers.matches(" + ").count() == 2, "{loss}");
    assert!(numbers.ends_with(") / 3"), "{loss}");
    // The gradient of the loss: (softmax - t) × g / N of the first image's label.
    assert!(told.iter().any(|numbers| numbers.ends_with(" - 1) × 1 / 3")), "{told:?}");
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

/// What the units say and the bias make the score; the gradient of the pixels is that of differences.
#[test]
fn an_images_story_adds_up() -> Result<()> {
    let digits = retrograde::data::Dataset::embedded()?;
    let net = Mlp::new([784, 30, 10]).seed(3).build()?;
    let image = digits.test().image(5).expect("1,000 images");
    let story = view::PredictionExplanation::new(&net, image, Some(4))?;
    let said = story.contributions();
    assert!(
        said.len() == 30 && said.windows(2).all(|pair| pair[0].product().abs() >= pair[1].product().abs())
    );
    let nodes = story.trace().nodes();
    let class = story.prediction().expect("a class").class;
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
        view::PredictionExplanation::new(&net, &image, Some(4))?
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
    let story = view::PredictionExplanation::new(&net, &there, Some(4))?;
    let slope = story.trace().nodes()[0].gradient.as_ref().expect("a gradient").values()[pixel];
    // Second order in a step of 1/127, of a function whose slope is some thousandths.
    assert!((slope - difference).abs() < 1e-5, "{slope} {difference}");
    Ok(())
}

/// A prediction of a number is in the unit of the target; what the units add and the bias make it; slopes are those of
/// differences.
#[test]
fn a_numbers_story_adds_up() -> Result<()> {
    let table = "size,age,price\n50,10,200\n80,30,260\n120,5,480\n65,50,180\n95,20,350\n70,15,270\n";
    let table = TableReader::new().parse("houses.csv", table.as_bytes())?;
    let prepared = Preprocessing::new("price").fit(&table)?;
    let description = prepared.dataset("houses")?.description().clone();
    let scale = description.preprocessor.as_ref().expect("a table").target().scale();
    let net = Mlp::new([2, 5, 1]).activation(Activation::Tanh).init(Init::He).seed(4).build()?;
    let row = [0.7, -0.4];
    let story = view::PredictionExplanation::of_row(&net, &row, None, &description)?;
    let number = story.number().expect("a regression");
    let output =
        |row: &[f64]| -> Result<f64> { Ok(Predictor::for_task(&net, 2, Task::Regression)?.outputs(row)?[0]) };
    // A few roundings of numbers of some hundreds.
    assert!((number - scale.invert(output(&row)?)).abs() < 1e-10, "{number}");
    assert!(story.prediction().is_none());
    let bias =
        net.parameters().get("affine2.bias").expect("a bias").values()[0] * scale.deviation + scale.mean;
    let sum = bias + story.contributions().iter().map(|unit| unit.product()).sum::<f64>();
    assert!(story.contributions().len() == 5 && (sum - number).abs() < 1e-10, "{sum} {number}");
    let inputs = story.input_contributions();
    assert_eq!(inputs.len(), 2);
    for input in inputs {
        assert_eq!(input.value, row[input.input]);
        let moved = |by: f64| {
            let mut row = row;
            row[input.input] += by;
            output(&row)
        };
        let slope = (moved(1e-5)? - moved(-1e-5)?) / 2e-5 * scale.deviation;
        // Second order in the step, and rounding divided by it.
        assert!((input.slope - slope).abs() < 1e-6 * slope.abs().max(1.0), "{input:?} {slope}");
    }
    let page = story.html("row 7")?;
    for part in ["row 7: price = ", "<span>size</span>", "<span>age</span>", "입력마다 예측에 더한 값"]
    {
        assert!(page.contains(part), "{part}");
    }
    let refused = view::PredictionExplanation::of_row(&net, &row, Some(0), &description);
    assert!(refused.expect_err("a number has no class").to_string().contains("no class"));
    let two = Mlp::new([2, 5, 2]).build()?;
    let refused = view::PredictionExplanation::of_row(&two, &row, None, &description);
    assert!(refused.expect_err("two numbers").to_string().contains("2 numbers"));
    Ok(())
}

/// Filters, feature maps after the activation, and attention have a picture of their tiles each.
#[test]
fn a_story_shows_what_the_layers_see() -> Result<()> {
    let layers = |text: &str| serde_json::from_str::<Layers>(text).expect("layers");
    let convolutional = layers(
        r#"[{"layer": "conv2d", "channels": 3, "kernel": 3}, {"layer": "relu"}, {"layer": "max_pool2d", "kernel": 2},
        {"layer": "flatten"}, {"layer": "linear", "outputs": 4}]"#,
    );
    let attentive = layers(
        r#"[{"layer": "multi_head_attention", "heads": 2}, {"layer": "flatten"}, {"layer": "linear", "outputs": 4}]"#,
    );
    let row: Vec<f64> = (0..64).map(|i| f64::from(i % 7) / 7.0).collect();
    let page = |layers: &Layers, shape: &[usize]| -> Result<String> {
        let net = Network::new(layers.clone(), shape.to_vec()).build()?;
        view::PredictionExplanation::of_row(&net, &row, None, &Task::Classification.into())?.html("row")
    };
    let convolution = page(&convolutional, &[1, 8, 8])?;
    for part in [
        "3 filters of 3 × 3, for each of 1 channel.",
        "6 × 6, after relu",
        "alt_filters",
        "alt_maps",
        "특징 맵",
    ] {
        assert!(convolution.contains(part), "{part}");
    }
    // Three tiles of 6 × 6 with a gap between, and each pixel 8 pixels large.
    assert!(convolution.contains("width=\"160\" height=\"48\""), "the size of the feature maps");
    assert!(!convolution.contains("data-alt=\"alt_attention"));
    let attention = page(&attentive, &[8, 8])?;
    for part in ["the weights of 2 heads", "data-alt=\"alt_attention", "어텐션이 주목하는 자리"] {
        assert!(attention.contains(part), "{part}");
    }
    assert!(!page(&layers(r#"[{"layer": "linear", "outputs": 4}]"#), &[64])?.contains("class=\"tiles"));
    Ok(())
}
