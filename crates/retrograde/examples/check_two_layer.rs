//! The gradient check of the two-layer network, 784-50-10, on three digits: every parameter, and random directions, with
//! their times.
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
        let start = Instant::now();
        let whole = check::model(&net, &rows)?.run()?;
        let (time, start) = (start.elapsed(), Instant::now());
        let directions = check::model(&net, &rows)?.in_random_directions().run()?;
        println!("every parameter: {}, {time:.1?}", whole.verdict);
        println!("random directions: {}, {:.1?}", directions.verdict, start.elapsed());
    }
    println!("\n{}", check::model(&net, &rows)?.run()?);
    Ok(())
}
