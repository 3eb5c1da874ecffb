//! Each optimizer by hand against the engine's: a hundred steps from the same numbers, with the same gradients.

use retrograde::optim::{self, Optimizer};
use retrograde::textbook::{AdaGrad, Adam, Momentum, Nesterov, RmsProp, Sgd, Tensor as Array};
use retrograde::{Graph, Planner, Result, textbook};

use super::engine::{array, assert_agree, numbers, tensor};

const STEPS: usize = 100;

/// A name, the optimizer by hand, and the engine's.
type Pair = (&'static str, Box<dyn textbook::Optimizer>, Box<dyn Optimizer>);

/// Every optimizer, with the engine's ε where that differs from the book's.
pub fn pairs() -> [Pair; 6] {
    [
        ("SGD", Box::new(Sgd::new(0.1)), Box::new(optim::Sgd::new(0.1))),
        ("Momentum", Box::new(Momentum::new(0.05)), Box::new(optim::Momentum::new(0.05, 0.9))),
        ("Nesterov", Box::new(Nesterov::new(0.05)), Box::new(optim::Momentum::nesterov(0.05, 0.9))),
        ("AdaGrad", Box::new(AdaGrad::new(0.1).epsilon(1e-10)), Box::new(optim::AdaGrad::new(0.1))),
        ("RMSprop", Box::new(RmsProp::new(0.01).epsilon(1e-8)), Box::new(optim::RmsProp::new(0.01))),
        ("Adam", Box::new(Adam::new(0.01).corrected_epsilon(1e-8)), Box::new(optim::Adam::new(0.01))),
    ]
}

/// The loss ½ Σ a·(w − c)², whose gradient is a·(w − c), with other a and c for each number.
#[test]
fn a_hundred_steps_of_each_are_the_engines() -> Result<()> {
    let (a, c) = (numbers(&[4, 3], 0.2).mapv(|a| 0.1 + a * a), numbers(&[4, 3], 0.6));
    for (name, mut by_hand, engine) in pairs() {
        let start = 2.0 * numbers(&[4, 3], 0.9);
        let graph = Graph::new();
        let w = graph.parameter("w", tensor(&start));
        let [factor, centre] = [&a, &c].map(|array| graph.constant(tensor(array)));
        let distance = &w - &centre;
        let loss = 0.5 * (factor * &distance * &distance).sum_all();
        let gradient = loss.gradient(&[&w])?;
        let rate = graph.state("learning_rate", engine.learning_rate());
        let mut planner = Planner::new(&graph).fetch(&w);
        for update in engine.record(&graph, &rate, std::slice::from_ref(&w), &gradient) {
            planner = planner.update(&update.leaf, &update.value);
        }
        let mut plan = planner.compile::<f64>()?;
        let mut ours: Array = start.clone();
        for step in 1..=STEPS {
            plan.run()?;
            let gradient = &a * &(&ours - &c);
            by_hand
                .update(vec![("w".to_owned(), ours.view_mut())], &[("w", gradient)].into_iter().collect())?;
            assert_agree(&ours, &array(&plan.value(&w)?), &format!("{name}, step {step}"));
        }
        let height = |w: &Array| (&a * &(w - &c).mapv(|d| d * d)).sum();
        assert!(height(&ours) < 0.5 * height(&start), "{name} descends");
    }
    Ok(())
}
