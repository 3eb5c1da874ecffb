//! The examination with fixed seeds, and the invariants of its generator.

use std::collections::BTreeMap;
use std::rc::Rc;

use retrograde_examination::adapter::{self, CheckVerdict};
use retrograde_examination::case::{Case, Subject};
use retrograde_examination::examine::{Settings, Tally, examine};
use retrograde_examination::judge::{Evidence, TestableCause};
use retrograde_examination::layers::{Base, LAYERS, LOSSES};
use retrograde_examination::mutant::{self, Mutant, Outcome};
use retrograde_examination::mutate::{KINDS, Kind};
use retrograde_examination::program::Program;
use retrograde_examination::random::Random;
use retrograde_examination::{draw, truth, visible};

/// The seed of the cases below.
const SEED: u64 = 20_261_129;

/// Upper bounds on the events of 1,000 right cases. The target is 0 false positives and 10 inconclusive cases.
const RIGHT: [(&str, usize); 3] = [("right called wrong", 0), ("right inconclusive", 6), ("right failed", 0)];

/// Lower bounds on the events of 300 faulty cases: an event, the event that it is a fraction of, and the fraction.
const FAULTY: [(&str, &str, f64); 3] =
    [("detected", "faulty", 0.99), ("place", "detected", 0.99), ("plain, true", "plain", 0.92)];

fn run(right: usize, faulty: usize) -> Tally {
    examine(&Settings { right, faulty, seed: SEED, only: None, precision: None, threads: 1 }, &|_, _| {})
}

/// The failures, for the message of an assertion.
fn failures(tally: &Tally) -> String {
    let texts = tally.failed.iter().map(|failed| format!("{:?}, seed {}", failed.failure, failed.seed));
    format!("{tally}\n{}", texts.collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_thousand_right_cases() {
    let tally = run(1000, 0);
    for (event, most) in RIGHT {
        assert!(tally.of(event) <= most, "{event}: at most {most}\n{}", failures(&tally));
    }
    // Not an examination of the check but of the draws.
    assert!(tally.of("right beyond f64") * 50 <= tally.of("right drawn"), "{}", failures(&tally));
}

/// Cases that were once called wrong, or stopped the check, and are right: saturated cross entropies with an epsilon in their
/// logarithm, a normalization in `bfloat16`, a sequence with as many steps as another probe has rows, attentions whose
/// gradients cancel, a clipped number in `bfloat16`.
#[test]
fn right_cases_that_were_once_called_wrong() {
    for seed in [
        9_512_657_149_316_754_960,
        2_231_719_870_233_728_769,
        1_910_098_505_328_871_069,
        15_955_545_478_094_474_319,
        18_099_762_978_873_173_104,
        7_308_223_290_569_304_911,
        14_676_012_645_082_332_176,
        3_353_462_378_757_433_145,
        6_316_640_633_835_340_181,
        1_860_160_764_009_485_837,
    ] {
        let result = adapter::run(&draw::right(seed, None));
        assert_eq!(result.verdict, CheckVerdict::Right, "{seed}: {}", result.text);
    }
}

/// Normalizations in `f32` whose gradient cancels to its rounding: they are not wrong, but inconclusive.
#[test]
fn gradients_that_cancel_are_not_called_wrong() {
    for seed in [15_472_701_478_267_489_245, 7_808_799_823_947_684_187] {
        let result = adapter::run(&draw::right(seed, None));
        assert_eq!(result.verdict, CheckVerdict::Inconclusive, "{seed}: {}", result.text);
    }
}

#[test]
fn three_hundred_faulty_cases() {
    let tally = run(0, 300);
    for (event, of, least) in FAULTY {
        let share = tally.of(event) as f64 / tally.of(of) as f64;
        assert!(share >= least, "{event} of {of}: at least {least}\n{}", failures(&tally));
    }
    assert_eq!(tally.of("false cause"), 0, "{}", failures(&tally));
}

/// Every base layer and loss, in each of its shapes, is the derivative that dual numbers give: `visible::exact` panics
/// where it is not.
#[test]
fn every_base_layer_is_right() {
    let mut random = Random::new(SEED);
    for base in LAYERS.iter().chain(LOSSES) {
        let mut seen = 0;
        for _ in 0..6 {
            let case = draw::right(random.seed(), Some(base.file));
            seen += usize::from(visible::exact(&case, &mut random).is_ok());
        }
        assert!(seen > 0, "{}: all draws are left out", base.file);
    }
}

#[test]
fn draws_vary_in_all_that_they_promise() {
    let mut random = Random::new(SEED);
    let cases: Vec<Case> = (0..2000).map(|_| draw::right(random.seed(), None)).collect();
    let some = |what: &str, holds: &dyn Fn(&Case) -> bool| {
        assert!(cases.iter().any(holds), "no case has {what}");
    };
    for length in 2..=6 {
        some("a network of this length", &|case| {
            case.subject == Subject::Network && case.units.len() == length
        });
    }
    some("an input of 1e-5 and less", &|case| case.x.iter().all(|x| x.abs() < 1e-5));
    some("an input of 1e5 and more", &|case| case.x.iter().any(|x| x.abs() > 1e5));
    some("one row", &|case| case.shape[0] == 1);
    some("twenty rows", &|case| case.shape[0] > 20);
    some("a kink", &|case| case.on_a_kink);
    let mut conventions = BTreeMap::new();
    for convention in cases.iter().flat_map(|case| &case.conventions) {
        *conventions.entry(*convention).or_insert(0) += 1;
    }
    assert!(conventions.len() == 6, "{conventions:?}");
    let precisions: std::collections::BTreeSet<_> = cases.iter().map(|case| case.precision).collect();
    assert_eq!(precisions.len(), 3);
}

#[test]
fn mutants_of_every_kind_are_classified() {
    let mut random = Random::new(SEED);
    let mut kinds = BTreeMap::new();
    let mut outcomes = BTreeMap::new();
    for _ in 0..3000 {
        let outcome = mutant::faulty(random.seed(), None);
        *outcomes.entry(outcome.name()).or_insert(0) += 1;
        if let Outcome::Faulty(mutant) = outcome {
            assert!(!mutant.difference.is_empty() && !mutant.wrong.is_empty());
            *kinds.entry(mutant.kind).or_insert(0) += 1;
        }
    }
    assert_eq!(kinds.len(), KINDS.len(), "{kinds:?}");
    assert_eq!(outcomes.len(), 6, "{outcomes:?}");
    assert!(outcomes["wrong by less than f64 can show"] * 20 < outcomes["faulty"], "{outcomes:?}");
}

/// The same seed gives the same case and the same mutant.
#[test]
fn a_seed_repeats_its_case() {
    assert_eq!(draw::right(7, None).describe(), draw::right(7, None).describe());
    let text = |seed| match mutant::faulty(seed, None) {
        Outcome::Faulty(mutant) => mutant.case.describe(),
        other => other.name().to_owned(),
    };
    (0..20).for_each(|seed| assert_eq!(text(seed), text(seed)));
}

/// A mutant: a layer with one replaced line.
fn changed(file: &str, from: &str, to: &str) -> Mutant {
    let text = Base::named(file).expect("a base layer").programs()[0].to_string();
    let changed = text.replacen(from, to, 1);
    assert_ne!(text, changed, "{file} has no `{from}`");
    let mut random = Random::new(SEED);
    let right = std::iter::repeat_with(|| draw::plain(&mut random, Some(file)))
        .find(|case| {
            case.subject != Subject::Network && !case.on_a_kink && case.x.len() > 5 && case.shape[0] > 1
        })
        .expect("draws do not end");
    let mut case = right.clone();
    case.units[0].program = Rc::new(Program::parse(&changed));
    Mutant { case, right, unit: 0, kind: Kind::Sign, difference: String::new(), wrong: Vec::new() }
}

/// Faults whose cause is known by derivation: the blocks that are wrong, and the cause.
#[test]
fn plain_causes_are_seen_in_the_numbers() {
    let cases: [(&str, &str, &str, usize, TestableCause); 9] = [
        ("affine", "dw[d, m] += x", "dw[d, m] -= x", 1, TestableCause::Sign),
        ("affine", "db[m] += dout[n, m]", "db[m] += 2 * dout[n, m]", 2, TestableCause::Factor),
        ("affine", "dx[n, d] += dout[n, m]", "dx[n, d] += 1", 0, TestableCause::DoutIgnored),
        ("affine", "dx[n, d] += dout[n, m] * w[d, m]", "dx[n, d] += 0", 0, TestableCause::Zero),
        ("affine", "db = 0", "# db = 0", 2, TestableCause::Accumulated),
        ("affine", "db[m] += dout[n, m]", "db[m] += dout[n, m] / N", 2, TestableCause::Rows),
        ("cumulative_sum", "for d in D down", "for d in D", 0, TestableCause::Transposed),
        (
            "gain_of_all",
            "dg[0] += dout[n, d] * x[n, d]",
            "dg[0] += dout[n, d]",
            1,
            TestableCause::Another("b".into()),
        ),
        (
            "dropout",
            "dx[n, d] = dout[n, d] * keep[d] / 0.8",
            "dx[n, d] = dout[n, d]",
            0,
            TestableCause::Passes,
        ),
    ];
    for (file, from, to, block, testable) in cases {
        let evidence = Evidence::new(&changed(file, from, to), &mut Random::new(1)).expect("it runs");
        assert_eq!(evidence.wrong(), [block], "{file}: {to}");
        assert!(evidence.holds(&testable, block), "{file}: {to}: {:?}", evidence.plain(block));
        let others =
            [TestableCause::Sign, TestableCause::Zero, TestableCause::Accumulated, TestableCause::Transposed];
        for other in others.into_iter().filter(|other| *other != testable) {
            assert!(!evidence.holds(&other, block), "{file}: {to}: {other:?}");
        }
    }
}

/// What a mutant changes by 1e-12 is seen in double-double arithmetic.
#[test]
fn the_truth_sees_what_f64_cannot_show() {
    let mutant = changed("affine", "dw[d, m] += x[n, d]", "dw[d, m] += 1.000000000001 * x[n, d]");
    let mut random = Random::new(2);
    let dout = visible::upstream(&mutant.case, &mut random);
    let mut row = retrograde_examination::layer_sequence::LayerSequence::new(&mutant.case).expect("it runs");
    let evaluate = truth::evaluate(&mut row, &mutant.case.x, &dout).expect("it runs");
    let compared = truth::compare(&mutant.case, &mutant.case.x, &evaluate, &mut random).expect("it runs");
    let wrong: Vec<usize> =
        compared.iter().filter(|compared| compared.is_wrong()).map(|compared| compared.block.block).collect();
    assert_eq!(wrong, [1]);
}
