//! The messages of faults: known characters, a title that names the fault, 80 columns.

use retrograde::check::{self, Invariant, Report};
use retrograde::textbook::{Layer, Tensor};
use retrograde::{Graph, Result};

use super::support::text;

/// A layer whose backward is a function of x, dout and the number of calls.
struct Own(fn(f64) -> f64, fn(&Tensor, &Tensor, u64) -> Tensor, Tensor, u64);

impl Layer for Own {
    fn name(&self) -> &'static str {
        "own"
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.2.clone_from(x);
        Ok(x.mapv(self.0))
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        self.3 += 1;
        Ok((self.1)(&self.2, dout, self.3))
    }
}

fn examined(forward: fn(f64) -> f64, backward: fn(&Tensor, &Tensor, u64) -> Tensor) -> Result<Report> {
    let x = Tensor::from_shape_fn(vec![4, 6], |at| 0.3 * (at[0] * 6 + at[1]) as f64 - 3.2);
    check::layer(&mut Own(forward, backward, x.clone(), 0), &x)
}

#[test]
fn a_wrong_slope_is_written_in_x_where_it_can_be() -> Result<()> {
    let report = examined(|x| x.powi(3), |x, d, _| d * &(3.0 * x))?;
    let causes: Vec<String> = report.causes().map(ToString::to_string).collect();
    assert_eq!(causes, ["wrong slope 3 · x for 3 · x²"]);
    Ok(())
}

#[test]
fn the_edit_of_a_slope_is_named() -> Result<()> {
    type Forward = fn(f64) -> f64;
    type Backward = fn(&Tensor, &Tensor, u64) -> Tensor;
    fn inner(x: f64) -> f64 {
        (0.7 * x).tanh()
    }
    // Functions and slopes that no list has.
    let cases: [(Forward, Backward, &str); 3] = [
        (|x| x * inner(x), |x, d, _| d * &x.mapv(inner), "is left out"),
        (|x| (x * x + 2.0).ln(), |x, d, _| d * &(2.0 * x), "is left out"),
        (
            |x| x * inner(x),
            |x, d, _| d * &x.mapv(|x| inner(x) - 0.7 * x * (1.0 - inner(x).powi(2))),
            "in place of",
        ),
    ];
    for (forward, backward, said) in cases {
        let report = examined(forward, backward)?;
        let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("wrong slope") && text.contains(said), "{text}");
    }
    Ok(())
}

#[test]
fn a_random_backward_is_not_called_nonlinear() -> Result<()> {
    let report = examined(f64::tanh, |x, d, count| {
        let slope = x.mapv(|x| 1.0 - x.tanh().powi(2));
        let mut at: u64 = 0;
        (d * &slope).mapv(|d| {
            at += 1;
            // A product with an odd number whose bits have no pattern.
            let bits = (at + 37 * count).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            if bits >> 63 == 1 { d } else { 0.0 }
        })
    })?;
    let laws: Vec<Invariant> = report.findings.iter().filter_map(|finding| finding.invariant).collect();
    assert_eq!(laws, [Invariant::Repeatable], "{report}");
    // Of an axis most of whose positions are wrong nothing is said.
    assert!(!report.to_string().contains("All of them are at"), "{report}");
    Ok(())
}

/// exp(x[i]) + 3 · x[i + 1], with what backward makes of an element and its right gradient.
fn coupled(x: &[f64], made: fn(f64, f64) -> f64) -> Result<String> {
    let x = Tensor::from_shape_vec(vec![x.len()], x.to_vec()).expect("as many numbers as the shape has");
    let next = |x: &Tensor, at: usize| x[(at + 1) % x.len()];
    let report = check::vjp(
        &[("x", x)],
        |p| {
            Ok(vec![Tensor::from_shape_fn(p[0].raw_dim(), |at| p[0][at[0]].exp() + 3.0 * next(&p[0], at[0]))])
        },
        |p, g| {
            let (x, g) = (&p[0], &g[0]);
            let before = |at: usize| g[(at + x.len() - 1) % x.len()];
            let slope = |at: usize| g[at] * x[at].exp() + 3.0 * before(at);
            Ok(vec![Some(Tensor::from_shape_fn(x.raw_dim(), |at| made(x[at[0]], slope(at[0]))))])
        },
    )?;
    Ok(text(&report))
}

#[test]
fn a_ratio_that_all_wrong_elements_have_is_said() -> Result<()> {
    let x = [-1.4, -1.1, -0.8, -0.3, 0.2, 0.6, 0.9, 1.3];
    let ratio = "Each wrong element is 1.37 times the right one.";
    let same = |x: f64, slope: f64| if (7.0 * x).sin() > 0.2 { 1.37 * slope } else { slope };
    assert!(coupled(&x, same)?.contains(ratio));
    let added = |x: f64, slope: f64| if (7.0 * x).sin() > 0.2 { 0.37 + slope } else { slope };
    assert!(!coupled(&x, added)?.contains("times the right one"));
    Ok(())
}

#[test]
fn a_single_wrong_value_is_named() -> Result<()> {
    let wrong = |x: f64, slope: f64| if x == 0.0 { slope + 1.0 } else { slope };
    let said = coupled(&[0.0, -1.1, 0.8, 0.0, 0.2, 0.0], wrong)?;
    let expected =
        "Only the given input shows it, in the elements that are 0; at random inputs the gradient is right.";
    assert!(said.contains(expected), "{said}");
    Ok(())
}

#[test]
fn a_report_fits_a_terminal() -> Result<()> {
    let graph = Graph::new();
    let w = graph.parameter("affine1.weight", [0.5, -1.0]);
    let mut x = w.tanh().named("the first of many layers");
    for _ in 0..8 {
        x = x.tanh();
    }
    let report = check::gradients(&x.sum_all(), &[&w])?;
    let text = report.to_string();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
    assert_eq!(text.matches('→').count(), report.layers.len() - 1, "{text}");
    Ok(())
}

#[test]
fn a_name_stays_text_in_the_page() -> Result<()> {
    let graph = Graph::new();
    let w = graph.parameter("<b onclick='x'>\u{1b}", [0.5, -1.0]);
    let page = check::gradients(&w.tanh().sum_all(), &[&w])?.html();
    assert!(page.contains("&lt;b onclick=&#39;x&#39;&gt;␛") && !page.contains('\u{1b}'));
    Ok(())
}
