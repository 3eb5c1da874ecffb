//! The figures of the glass box, compared by character. `reader` reads figures of random graphs back.

mod reader;

use retrograde::nn::{Mlp, Mode, Model};
use retrograde::view::Explain;
use retrograde::view::{self, BlockKind, Diagram, Style, Trace, Tracer};
use retrograde::{Graph, Result, Tensor, Var};

/// Lines without the margin that the raw string has.
fn drawn(text: &str) -> &str {
    text.strip_prefix('\n').unwrap_or(text)
}

#[test]
fn the_apples() -> Result<()> {
    let explanation = view::apple(&Graph::new()).explain()?.to_string();
    let expected = r"
Above each line: the value, forward →. Below: the gradient of price, backward ←.

                     100          ╭───╮
      apple ─────────────────────▶│   │
                     2.2          │   │  200  ╭───╮
                                  │ × ├──────▶│   │
                      2           │   │  1.1  │   │  220.00000000000003
apple_count ─────────────────────▶│   │       │ × ├─────────────────────▶ price
              110.00000000000001  ╰───╯       │   │          1
                                         1.1  │   │
        tax ─────────────────────────────────▶│   │
                                         200  ╰───╯

The chain rule from right to left; g is the upstream gradient:

  price = apple_price × tax    g = 1
      ∂apple_price = g × tax         = 1 × 1.1 = 1.1
      ∂tax         = g × apple_price = 1 × 200 = 200
  apple_price = apple × apple_count    g = 1.1
      ∂apple       = g × apple_count = 1.1 × 2 = 2.2
      ∂apple_count = g × apple       = 1.1 × 100 = 110.00000000000001
";
    assert_eq!(explanation, drawn(expected), "\n{explanation}");
    Ok(())
}

#[test]
fn the_apples_and_oranges() -> Result<()> {
    let figure = view::apples_and_oranges(&Graph::new()).trace()?.text(Style::default());
    let expected = r"
                      100          ╭───╮
       apple ─────────────────────▶│   │
                      2.2          │   │
                                   │ × ├─╮
                       2           │   │ │
 apple_count ─────────────────────▶│   │ │
               110.00000000000001  ╰───╯ │  200  ╭───╮
                                         ╰──────▶│   │
                      150          ╭───╮    1.1  │   │
      orange ─────────────────────▶│   │         │ + ├─╮
               3.3000000000000003  │   │    450  │   │ │
                                   │ × ├────────▶│   │ │  650  ╭───╮
                       3           │   │    1.1  ╰───╯ ╰──────▶│   │
orange_count ─────────────────────▶│   │                  1.1  │   │  715.0000000000001
                      165          ╰───╯                       │ × ├────────────────────▶ price
                                                          1.1  │   │          1
         tax ─────────────────────────────────────────────────▶│   │
                                                          650  ╰───╯
";
    assert_eq!(figure, drawn(expected), "\n{figure}");
    Ok(())
}

#[test]
fn plain_terminals_get_ascii() -> Result<()> {
    let style = Style { ascii: true, ..Style::default() };
    let explanation = view::apple(&Graph::new()).explain()?.styled(style).to_string();
    assert!(explanation.is_ascii(), "{explanation}");
    assert!(explanation.contains("| * |------>|   |"), "{explanation}");
    assert!(explanation.contains("d apple       = g * apple_count = 1.1 * 2 = 2.2"), "{explanation}");
    Ok(())
}

/// Color changes nothing but the color.
#[test]
fn color_is_only_color() -> Result<()> {
    let trace = view::apples_and_oranges(&Graph::new()).trace()?;
    let colored = trace.text(Style { color: true, ..Style::default() });
    assert!(colored.contains("\u{1b}[36m715.0000000000001\u{1b}[0m"), "{colored}");
    let mut plain = String::new();
    for (number, part) in colored.split('\u{1b}').enumerate() {
        plain.push_str(if number == 0 {
            part
        } else {
            part.split_once('m').expect("an escape ends with m").1
        });
    }
    assert_eq!(plain, trace.text(Style::default()));
    Ok(())
}

#[test]
fn wide_letters_keep_the_columns() -> Result<()> {
    let figure = |names: [&str; 3]| -> Result<String> {
        let graph = Graph::new();
        let [a, b] = [names[0], names[1]].map(|name| graph.parameter(name, 2.0));
        Ok((&a * &b + &a).named(names[2]).explain()?.to_string())
    };
    let (latin, korean) = (["appl", "count_", "loss"], ["사과", "개수_", "손실"]);
    let latin_figure = figure(latin)?;
    let mut expected = latin_figure.clone();
    for (latin, korean) in latin.iter().zip(korean) {
        expected = expected.replace(latin, korean);
    }
    // `count_` has a column more than the Korean name: the same figure only if both were measured in columns.
    let korean_figure = figure(["사과", "개수__", "손실"])?;
    assert_eq!(korean_figure, expected.replace("개수_", "개수__"), "\n{latin_figure}\n{korean_figure}");
    Ok(())
}

fn two_layers() -> Result<Trace> {
    let graph = Graph::new();
    let net = Mlp::new([8, 5, 10]).build()?;
    let (x, labels) = (graph.input("x", [3, 8]), graph.index_input("t", [3]));
    let loss = net.record(&x, Mode::Train).output.softmax_with_loss(&labels).named("loss");
    let images: Vec<f64> = (0..24).map(|i| f64::from(i) / 24.0).collect();
    Tracer::new(&loss).set(&x, &images).set_indices(&labels, &[5, 0, 4]).trace()
}

#[test]
fn layers_are_boxes() -> Result<()> {
    let trace = two_layers()?;
    let text = trace.text(Style { width: 180, ..Style::default() });
    let labels: Vec<String> = Diagram::folded(&trace).blocks.into_iter().map(|block| block.label).collect();
    assert_eq!(labels, ["x", "t", "affine1", "relu1", "affine2", "softmax_with_loss", "loss"]);
    for expected in ["│ affine1 ├──", "│ relu1 ├──", "│ affine2 ├──", "shape [3, 5]", "▶ loss", "[5, 0, 4]"]
    {
        assert!(text.contains(expected), "{expected} is missing:\n{text}");
    }
    // The contents of the boxes are listed below them.
    assert!(text.contains("affine1.weight") && text.contains("shape [8, 5]"), "{text}");
    let unfolded = trace.text(Style { width: 300, fold: false, ..Style::default() });
    assert!(unfolded.contains("matmul") && unfolded.contains("broadcast"), "{unfolded}");
    Ok(())
}

#[test]
fn a_scope_that_is_left_and_entered_again_stays_open() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", 2.0);
    let inside = graph.scope("layer", || &x * 3.0);
    let outside = inside.relu();
    let loss = graph.scope("layer", || outside * 2.0);
    let blocks = Diagram::folded(&loss.trace()?).blocks;
    assert!(blocks.iter().all(|block| block.kind != BlockKind::Scope), "{blocks:?}");
    Ok(())
}

#[test]
fn repeated_constants_are_constants() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", [1.0, 2.0, 4.0]);
    let trace = (2.0 * x).sum_all().trace()?;
    let text = trace.text(Style::default());
    assert!(!text.contains("broadcast") && text.contains("constant ──"), "{text}");
    // The table has all values.
    assert!(trace.listing(Style::default()).contains("broadcast"));
    Ok(())
}

#[test]
fn narrow_terminals_get_bands_then_a_table() -> Result<()> {
    let graph = Graph::new();
    let mut x = graph.parameter("start", 1.5);
    for step in 0..4 {
        x = (&x * f64::from(step)).relu() + 1.0;
    }
    let trace = x.named("end").trace()?;
    for width in [0, 1, 10, 40, 60, 80, 100, 200, 500] {
        let text = trace.text(Style { width, ..Style::default() });
        let is_table = text.starts_with("node");
        assert_eq!(is_table, width < 60, "{width} columns:\n{text}");
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(is_table || widest <= Some(width), "{width} columns:\n{text}");
        for node in trace.nodes() {
            let value = node.value.scalar().expect("a scalar").to_string();
            assert!(text.contains(&value), "{value} is missing in {width} columns:\n{text}");
        }
    }
    Ok(())
}

#[test]
fn strange_graphs_can_be_looked_at() -> Result<()> {
    let graph = Graph::new();
    let long = "long".repeat(200);
    let names = ["", "\u{1b}[31m\r\n", "e\u{301}", "\u{301}", long.as_str()];
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -0.0];
    let mut sum = graph.parameter("empty", Tensor::zeros([0, 3]).unwrap()).sum_all();
    for (name, value) in names.iter().zip(values) {
        sum = sum
            + graph.parameter(name, value)
                * graph.parameter(name, Tensor::full([2, 2], value).unwrap()).sum_all();
    }
    for (var, width) in [(&sum, 100), (&sum, 0), (&sum, 10_000), (&graph.parameter("alone", 1.0), 100)] {
        for (fold, ascii) in [(true, true), (false, false)] {
            let style = Style { width, fold, ascii, color: false };
            let text = var.explain()?.styled(style).to_string();
            assert!(!text.contains(['\u{1b}', '\r']), "{text:?}");
            assert!(text.lines().count() > 3, "{text}");
        }
    }
    let table = graph.bytes("table", [4, 2], [1_u8, 2, 3, 4, 5, 6, 7, 8].as_slice(), 0.5);
    let rows = table.gather_rows(&graph.indices("rows", [2], [3, 0].as_slice()));
    let text = rows.sum_all().explain()?.to_string();
    assert!(text.contains("[3, 0]") && text.contains("[[3.5, 4], [0.5, 1]]"), "{text}");
    Ok(())
}

#[test]
fn what_cannot_be_traced_says_why() {
    let graph = Graph::new();
    let x = graph.input("x", [2]);
    let message = |var: &Var| var.trace().expect_err("it cannot be traced").to_string();
    assert!(message(&x).contains("not one element"));
    assert!(message(&x.sum_all()).contains("no value was given to `x`"));
    assert!(message(&(&x + graph.input("y", [3]))).contains("[3]"));
    assert!(message(&graph.index_input("i", [])).contains("no gradient"));
}

/// Each operation's rule in numbers, for values that take one side of each kink.
#[test]
fn the_chain_rule_in_numbers() -> Result<()> {
    let graph = Graph::new();
    let (x, y) = (graph.parameter("x", 3.0), graph.parameter("y", -2.0));
    let text = (((&x - &y) / &y).relu() + -&x).explain()?.to_string();
    for line in [
        "∂subtract#2 = g / y             = 0 / (-2) = -0",
        "∂y          = -g × divide#3 / y = -0 × (-2.5) / (-2) = -0",
        "∂x = -g = -1",
        "∂divide#3 = divide#3 > 0 ? g : 0 = (-2.5) > 0 ? 1 : 0 = 0",
    ] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
    // Where paths meet, the contributions are added.
    let square = &x * &x;
    let text = (&square * &y + &square).explain()?.to_string();
    assert!(text.contains("g = 1 + (-2) = -1"), "{text}");
    assert!(text.contains("total -6"), "{text}");
    Ok(())
}
