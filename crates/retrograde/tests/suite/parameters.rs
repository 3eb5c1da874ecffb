//! Copying parameters from plan to plan and into the graph.

#[path = "../../examples/train_and_predict.rs"]
#[allow(dead_code, reason = "its main is for those who run it")]
mod train_and_predict;

use retrograde::check::{GraphCheck, Verdict};
use retrograde::kernel::Real;
use retrograde::view::Explain;
use retrograde::{Graph, Plan, Planner, Result, Var};

/// w = [0.1, 0.2] and a running mean m = 0. A step updates w to 3w + 1/7 and m to m/2 + sum w.
struct Model {
    graph: Graph,
    w: Var,
    m: Var,
    /// 2w + m.
    y: Var,
}

impl Model {
    fn new() -> Self {
        let graph = Graph::new();
        let (w, m) = (graph.parameter("w", [0.1, 0.2]), graph.state("m", 0.0));
        let y = 2.0 * &w + m.broadcast([2]);
        Model { graph, w, m, y }
    }

    fn training<T: Real>(&self) -> Result<Plan<T>> {
        let planner = Planner::new(&self.graph).update(&self.w, &(3.0 * &self.w + 1.0 / 7.0));
        planner.update(&self.m, &(0.5 * &self.m + self.w.sum_all())).compile()
    }

    fn inference<T: Real>(&self) -> Result<Plan<T>> {
        Planner::new(&self.graph).fetch(&self.y).compile()
    }
}

/// The values of the model after two steps, computed here.
fn trained<T: Real>() -> ([T; 2], T) {
    let of = T::of;
    let (mut w, mut m) = ([of(0.1), of(0.2)], of(0.0));
    for _ in 0..2 {
        m = of(0.5) * m + (w[0] + w[1]);
        w = w.map(|w| of(3.0) * w + of(1.0 / 7.0));
    }
    (w, m)
}

/// Trains in `T` and copies to `U`, which must have the rounded values.
fn copy_parameters<T: Real, U: Real>() -> Result<()> {
    let model = Model::new();
    let (mut training, mut inference) = (model.training::<T>()?, model.inference::<U>()?);
    training.run()?;
    training.run()?;
    let (w, m) = trained::<T>();
    assert_eq!((training.read(&model.w)?, training.read(&model.m)?), (&w[..], &[m][..]));
    inference.set_parameters_from(&training)?;
    let round = |value: T| U::of(value.widen());
    assert_eq!(inference.read(&model.w)?, w.map(round));
    assert_eq!(inference.read(&model.m)?, [round(m)]);
    inference.run()?;
    assert_eq!(inference.read(&model.y)?, w.map(|w| U::of(2.0) * round(w) + round(m)));
    // Back again by `set`.
    let mut again = model.training::<T>()?;
    again.set(&model.w, inference.read(&model.w)?)?;
    assert_eq!(again.read(&model.w)?, w.map(|w| T::of(round(w).widen())));
    Ok(())
}

#[test]
fn parameters_are_copied_between_plans_of_any_precision() -> Result<()> {
    copy_parameters::<f32, f32>()?;
    copy_parameters::<f64, f64>()?;
    copy_parameters::<f32, f64>()?;
    copy_parameters::<f64, f32>()
}

#[test]
fn states_that_the_other_plan_lacks_do_not_change() -> Result<()> {
    let model = Model::new();
    let mut training = model.training::<f64>()?;
    training.run()?;
    let mut small = Planner::new(&model.graph).fetch(&model.w).compile::<f64>()?;
    small.set(&model.w, &[5.0, 6.0])?;
    training.set_parameters_from(&small)?;
    assert_eq!(training.read(&model.w)?, [5.0, 6.0]);
    assert_eq!(training.read(&model.m)?, [0.1 + 0.2]);
    Ok(())
}

#[test]
fn a_partial_copy_is_an_error_and_changes_nothing() -> Result<()> {
    let model = Model::new();
    let (other, more) = (Model::new(), model.graph.parameter("more", [1.0, 1.0]));
    let (mut training, both) = (model.training::<f32>()?, (&model.y * &more).sum_all());
    training.run()?;
    let mut both = Planner::new(&model.graph).fetch(&both).compile::<f32>()?;
    let error = both.set_parameters_from(&training).expect_err("`more` is not trained").to_string();
    assert!(error.contains("does not have `more`") && error.contains("set each by `set`"), "{error}");
    assert_eq!(both.read(&model.w)?, [0.1_f32, 0.2]);
    for error in [
        other.inference::<f32>()?.set_parameters_from(&training).expect_err("another graph"),
        other.graph.set_parameters_from(&training).expect_err("another graph"),
    ] {
        assert!(error.to_string().contains("belongs to another graph"), "{error}");
    }
    assert_eq!(other.w.value()?.values(), [0.1, 0.2]);
    Ok(())
}

#[test]
fn parameters_are_copied_to_the_graph() -> Result<()> {
    let model = Model::new();
    let loss = (&model.y * &model.y).sum_all();
    let mut before = model.inference::<f32>()?;
    let mut training = model.training::<f32>()?;
    training.run()?;
    training.run()?;
    let initial = [0.2, 0.4];
    assert_eq!(model.y.value()?.values(), initial, "a plan has its own values");
    model.graph.set_parameters_from(&training)?;
    let (w, m) = trained::<f32>();
    let (w, m) = (w.map(f64::from), f64::from(m));
    let y = w.map(|w| 2.0 * w + m);
    assert_eq!(model.w.value()?.values(), w);
    assert_eq!(model.y.value()?.values(), y);
    let trace = loss.trace()?;
    // The first node is w.
    let gradient = trace.nodes()[0].gradient.as_ref().map(|gradient| gradient.values());
    assert_eq!(gradient, Some(y.map(|y| 2.0 * y * 2.0).as_slice()));
    let explained = loss.explain()?.to_string();
    assert!(!explained.contains("0.2"), "no initial values remain: {explained}");
    let report = GraphCheck::new(&loss).run()?;
    assert_eq!(report.verdict, Verdict::Right);
    let mut after = model.inference::<f32>()?;
    assert_eq!(after.read(&model.w)?, trained::<f32>().0, "a new plan starts with them");
    after.run()?;
    before.run()?;
    assert_eq!(before.read(&model.y)?, [0.2_f32, 0.4], "an existing plan keeps its own");
    // Two values of one plan at a time.
    let (w, y) = (after.read(&model.w)?, after.read(&model.y)?);
    assert!(w.iter().zip(y).all(|(w, y)| y > w));
    Ok(())
}

#[test]
fn the_example_trains_and_predicts() -> Result<()> {
    let [untrained, trained] = train_and_predict::predictions(3_000)?;
    let error = |found: &[f32]| -> f64 {
        let off = train_and_predict::INPUTS.iter().zip(found).map(|(x, y)| (x.sin() - f64::from(*y)).abs());
        off.fold(0.0, f64::max)
    };
    // The error of nearly straight lines is most of the curve; that of a fit is a few hundredths.
    assert!(error(&untrained) > 0.5 && error(&trained) < 0.1, "{untrained:?} {trained:?}");
    Ok(())
}
