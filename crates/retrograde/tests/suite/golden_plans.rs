//! Compiled plans, printed, beside those that are kept in `tests/golden/plans`: a pass that changes a plan shows how. They are
//! rewritten by `RETROGRADE_UPDATE=1 cargo test -p retrograde --test suite golden_plans`.

use retrograde::kernel::Threads;
use retrograde::plan::{Pass, PlanIr};
use retrograde::{Graph, Planner, Result, Tensor, Var};
use std::path::Path;

/// Compares a plan with the one that is kept.
fn check(name: &str, plan: &PlanIr) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/plans").join(name);
    let text = plan.to_string();
    if std::env::var_os("RETROGRADE_UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &text).expect("a file that can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == kept, "{} differs from this plan:\n{text}", path.display());
}

fn tensor(shape: [usize; 2]) -> Tensor {
    Tensor::from_fn(shape, |i| (i as f64 * 0.7).sin()).unwrap()
}

/// The training step of a two-layer network on a batch gathered from bytes, of which four fifths are zero.
fn training_step() -> Result<Planner> {
    let (count, width, hidden, classes, batch) = (200, 64, 16, 4, 32);
    let graph = Graph::new();
    let bytes: Vec<u8> =
        (0..count * width).map(|i| if i * 7919 % 5 == 0 { (i % 255) as u8 } else { 0 }).collect();
    let table = graph.bytes("images", [count, width], bytes, 1.0 / 255.0);
    let labels = graph.index_input("labels", [batch]);
    let rows = graph.index_input("rows", [batch]);
    let rate = graph.state("rate", 0.1);
    let (w1, w2) =
        (graph.parameter("w1", tensor([width, hidden])), graph.parameter("w2", tensor([hidden, classes])));
    let b1 = graph.parameter("b1", Tensor::zeros([hidden]).unwrap());
    let hidden = (table.gather_rows(&rows).matmul(&w1) + b1.broadcast([batch, hidden])).relu();
    let loss = hidden.matmul(&w2).softmax_with_loss(&labels);
    let gradients = loss.backward()?;
    let mut planner = Planner::new(&graph).fetch(&loss);
    for leaf in [&w1, &b1, &w2] {
        let new = leaf - rate.broadcast(leaf.shape()) * gradients.wrt(leaf)?;
        planner = planner.update(leaf, &new);
    }
    Ok(planner)
}

#[test]
fn a_training_step_on_compressed_rows() -> Result<()> {
    check("training_step.txt", &training_step()?.threads(2).ir::<f32>(Pass::Lower)?);
    Ok(())
}

#[test]
fn a_running_mean_is_fused_with_its_update() -> Result<()> {
    let graph = Graph::new();
    let (w, mean) =
        (graph.parameter("w", tensor([20, 30])), graph.state("mean", Tensor::zeros([20, 30]).unwrap()));
    let x = graph.input("x", [10, 20]);
    let loss = x.matmul(&w).tanh().sum_all();
    let new = 0.9 * &mean + 0.1 * loss.backward()?.wrt(&w)?;
    let planner = Planner::new(&graph).fetch(&loss).update(&mean, &new).update(&w, &(&w - 0.1 * &new));
    check("running_mean.txt", &planner.ir::<f32>(Pass::Lower)?);
    Ok(())
}

#[test]
fn a_reduction_in_two_stages_and_a_stack_of_products_in_whole_matrices() -> Result<()> {
    let graph = Graph::new();
    let (x, y) = (graph.input("x", [8, 6, 4]), graph.input("y", [8, 6, 4]));
    // The products read whole matrices, and the sums over the axes 0 and 2 those of each row before those of the rows.
    let products = x.tanh().matmul_t(&y.exp());
    let wanted = [products.sum([0, 2]), products.softmax(2)];
    let planner = Planner::new(&graph).fetch_all(&wanted).threads(Threads::new(2).min_work(0));
    check("two_stages.txt", &planner.ir::<f32>(Pass::Lower)?);
    Ok(())
}

#[test]
fn views_are_copied_only_for_consumers_that_need_them_in_order() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", tensor([6, 4]));
    let turned = x.t();
    let wanted: [Var; 3] = [&turned * 2.0, turned.sum([1]), turned.slice(0, 1..3)];
    check("views.txt", &Planner::new(&graph).fetch_all(&wanted).ir::<f64>(Pass::Views)?);
    Ok(())
}

#[test]
fn a_plan_can_be_drawn_and_its_passes_are_named() -> Result<()> {
    let dot = training_step()?.ir::<f32>(Pass::Epilogues)?.dot();
    assert!(
        dot.starts_with("digraph") && dot.contains("cluster_region 0") && dot.contains("style=dashed"),
        "{dot}"
    );
    for pass in Pass::ALL {
        assert_eq!(pass.name().parse(), Ok(pass));
    }
    let error = "fusion".parse::<Pass>().expect_err("not a pass");
    assert!(error.contains("`fusion`") && error.contains("simplify, stages, views"), "{error}");
    Ok(())
}

/// The activations of a deep network share the memory of a few layers, on one thread and on several.
#[test]
fn the_memory_of_a_deep_network_is_that_of_a_few_layers() -> Result<()> {
    let (batch, width) = (500, 256);
    let widths = [&[784][..], &[width; 100], &[10]].concat();
    let graph = Graph::new();
    let mut x = graph.input("x", [batch, widths[0]]);
    let mut leaves = x.shape().elements();
    for (layer, pair) in widths.windows(2).enumerate() {
        let w = graph.parameter(&format!("w{layer}"), Tensor::full(pair, 0.01).unwrap());
        let b = graph.parameter(&format!("b{layer}"), Tensor::zeros([pair[1]]).unwrap());
        x = (x.matmul(&w) + b.broadcast([batch, pair[1]])).relu();
        leaves += w.shape().elements() + pair[1].next_multiple_of(16);
    }
    for threads in [1, 2] {
        let text = Planner::new(&graph).fetch(&x).threads(threads).ir::<f32>(Pass::Place)?.to_string();
        let (_, after) = text.split_once("\nmemory: ").expect("the length of the arena");
        let arena: usize = after.split(' ').next().and_then(|number| number.parse().ok()).expect("a number");
        let layers = (arena - leaves) as f64 / (batch * width) as f64;
        assert!(layers <= 4.0, "{threads} threads: the activations of {layers} layers");
    }
    Ok(())
}
