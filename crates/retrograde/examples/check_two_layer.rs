//! The gradient check of the two-layer network, 784-50-10, on three digits: every parameter, and in random directions;
//! with the time that each takes, graph and all.
//!
//!     cargo run --release -p retrograde --example check_two_layer

use retrograde::check;
use retrograde::data::Dataset;
use retrograde::nn::Mlp;
use std::time::Instant;

fn main() -> retrograde::Result<()> {
    let rows = Dataset::embedded()?.train().select(&[0, 1, 2])?;
    let net = Mlp::new([784, 50, 10]).build()?;
    for _ in 0..3 {
        let begun = Instant::now();
        let whole = check::model(&net, &rows)?.run()?;
        let (took, begun) = (begun.elapsed(), Instant::now());
        let directions = check::model(&net, &rows)?.in_random_directions().run()?;
        println!("every parameter: {}, {took:.1?}", whole.verdict);
        println!("random directions: {}, {:.1?}", directions.verdict, begun.elapsed());
    }
    println!("\n{}", check::model(&net, &rows)?.run()?);
    Ok(())
}
