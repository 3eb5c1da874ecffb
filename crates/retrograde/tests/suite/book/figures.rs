//! What the book's figures claim, on the numbers of the example that draws them; with fewer steps where that is enough.

use retrograde::Result;
use retrograde::textbook::{Layer, Relu, Sigmoid, Tensor, WeightInit};

#[path = "../../../examples/book/figures/mod.rs"]
#[allow(dead_code, unreachable_pub, reason = "the example draws all of it")]
mod example;

use example::overfitting::Remedy;

/// The last value of a curve.
fn last(curve: &[(f64, f64)]) -> f64 {
    curve.last().expect("at least one point").1
}

#[test]
fn figure_6_8_sgd_zigzags_and_the_others_do_not() -> Result<()> {
    let paths = example::optimizer_paths::paths()?;
    let turns = |points: &[(f64, f64)]| points.windows(2).filter(|pair| pair[0].1 * pair[1].1 < 0.0).count();
    let found: Vec<(&str, usize)> = paths.iter().map(|(name, points)| (*name, turns(points))).collect();
    // y ← −0.9·y: SGD crosses the valley at each of its 30 steps.
    assert_eq!(found[0], ("SGD", 30));
    assert!(found[1..].iter().all(|(_, turns)| *turns <= 6), "{found:?}");
    let height = |(x, y): (f64, f64)| x * x / 20.0 + y * y;
    for (name, points) in &paths {
        assert!(height(points[30]) < 0.1 * height(points[0]), "{name}: {:?}", points[30]);
    }
    Ok(())
}

#[test]
fn figure_6_9_sgd_is_the_slowest() -> Result<()> {
    let curves = example::optimizers_on_digits::curves(300)?;
    let ends: Vec<_> = curves.iter().map(|(name, curve)| (*name, last(curve))).collect();
    assert_eq!(ends.len(), 4);
    assert!(ends[1..].iter().all(|(_, loss)| *loss < 0.8 * ends[0].1), "{ends:?}");
    Ok(())
}

/// The share of activations within a tenth of 0 or 1, and the deviation, of the first and of the last layer.
fn spread(activation: &mut dyn Layer, init: WeightInit) -> Result<[(f64, f64); 2]> {
    let all = example::activations::activations(activation, init)?;
    let of = |values: &Tensor| {
        let at_ends = values.iter().filter(|value| !(0.1..=0.9).contains(*value)).count();
        (at_ends as f64 / values.len() as f64, values.std(0.0))
    };
    Ok([of(&all[0]), of(&all[4])])
}

#[test]
fn figures_6_10_to_6_14_show_what_initial_weights_do() -> Result<()> {
    let mut sigmoid = Sigmoid::new();
    let [_, large] = spread(&mut sigmoid, WeightInit::Std(1.0))?;
    assert!(large.0 > 0.5, "at 0 and 1: {large:?}");
    let [_, small] = spread(&mut sigmoid, WeightInit::Std(0.01))?;
    assert!(small.0 == 0.0 && small.1 < 0.05, "at 0.5: {small:?}");
    let [_, xavier] = spread(&mut sigmoid, WeightInit::Xavier)?;
    assert!(xavier.0 < 0.1 && xavier.1 > 2.0 * small.1, "between: {xavier:?}");

    let mut relu = Relu::new();
    let [first, fifth] = spread(&mut relu, WeightInit::Std(0.01))?;
    assert!(fifth.1 < 1e-3 * first.1, "vanishes: {first:?}, {fifth:?}");
    let [first, fifth] = spread(&mut relu, WeightInit::Xavier)?;
    assert!(fifth.1 < 0.5 * first.1, "a half is lost in each layer: {first:?}, {fifth:?}");
    let [first, fifth] = spread(&mut relu, WeightInit::He)?;
    assert!((0.6..1.6).contains(&(fifth.1 / first.1)), "stays: {first:?}, {fifth:?}");
    Ok(())
}

#[test]
fn figure_6_15_small_weights_do_not_learn_and_hes_learn_fastest() -> Result<()> {
    let curves = example::initial_weights::curves(300)?;
    let [small, xavier, he] = [0, 1, 2].map(|index| last(&curves[index].1));
    // ln 10 is the loss of an equal guess.
    assert!((small - 10_f64.ln()).abs() < 0.01, "{small}");
    assert!(he < xavier && xavier < 2.0, "{he} {xavier}");
    Ok(())
}

#[test]
fn figures_6_18_and_6_19_batch_normalization_learns_faster() -> Result<()> {
    let mut ahead = 0;
    let deviations = [0.5, 0.1, 0.05, 0.01, 0.001];
    for deviation in deviations {
        let [with, without] = example::batch_normalization::curves(deviation, (10, 10))?;
        // A diverged training has no more points.
        ahead += usize::from(without.last().is_none_or(|point| last(&with) > point.1));
        if deviation <= 0.05 {
            assert!(last(&with) > 0.5, "{deviation}: {with:?}");
        }
        if deviation <= 0.01 {
            assert!(last(&without) < 0.2, "{deviation}: {without:?}");
        }
    }
    assert!(ahead >= 4, "ahead for {ahead} of {} scales", deviations.len());
    Ok(())
}

#[test]
fn figures_6_20_to_6_23_weight_decay_and_dropout_make_the_gap_smaller() -> Result<()> {
    let gap = |remedy| -> Result<(f64, f64)> {
        let [train, test] = example::overfitting::curves(remedy, (200, 200))?;
        Ok((last(&train), last(&train) - last(&test)))
    };
    let (train, without) = gap(Remedy::Without)?;
    assert!(train > 0.99 && without > 0.15, "all 300 are known by heart: {train}, {without}");
    for remedy in [Remedy::WeightDecay, Remedy::Dropout] {
        let (train, with) = gap(remedy)?;
        assert!(with < without - 0.02 && train > 0.6, "{remedy:?}: {train}, {with}; without {without}");
    }
    Ok(())
}

/// The correlation of neighbouring numbers within filters: 0 for random ones.
fn smoothness(filters: &[f64]) -> f64 {
    let (mut products, mut squares) = (0.0, 0.0);
    for filter in filters.chunks(25) {
        let mean = filter.iter().sum::<f64>() / 25.0;
        for (place, value) in filter.iter().enumerate() {
            squares += (value - mean).powi(2);
            if place % 5 < 4 {
                products += (value - mean) * (filter[place + 1] - mean);
            }
        }
    }
    // 20 pairs of neighbours among 25 numbers.
    products / 20.0 / (squares / 25.0)
}

#[test]
fn figure_7_24_filters_become_regular() -> Result<()> {
    let [before, after] = example::filters::filters(100)?;
    assert_eq!((before.len(), after.len()), (30 * 25, 30 * 25));
    // A mean of 600 products: a standard error of 0.04; the mean of a filter takes 1/25 off.
    assert!(smoothness(&before).abs() < 0.2, "{}", smoothness(&before));
    assert!(smoothness(&after) > 0.4, "{}", smoothness(&after));
    Ok(())
}

#[test]
fn figures_are_drawings_with_what_they_show() -> Result<()> {
    let of = |number: &str| {
        let figure = example::ALL.iter().find(|figure| figure.numbers.contains(&number)).expect("a figure");
        (figure.draw)()
    };
    let paths = of("6-8")?;
    for name in ["SGD", "Momentum", "AdaGrad", "Adam"] {
        assert!(paths.contains(name), "{name}");
    }
    let histograms = of("6-14")?;
    assert!(histograms.matches("layer 5").count() == 3 && histograms.contains("<rect"));
    for svg in [paths, histograms] {
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    }
    Ok(())
}
