//! The examination with fixed seeds.

use retrograde_examination::random::Random;
use retrograde_examination::{draw, visible};

#[test]
fn what_is_drawn_as_right_is_the_derivative() {
    let mut beyond = std::collections::BTreeMap::new();
    let mut random = Random::new(1);
    for _ in 0..1000 {
        let seed = random.seed();
        let case = draw::right(seed, None);
        println!("seed {seed}");
        let result = visible::exact(&case, &mut random);
        if let Err(reason) = result {
            *beyond.entry(reason).or_insert(0) += 1;
        }
    }
    println!("{beyond:?}");
}
