//! The work in Retrograde, through what any program can use: a training session over a data set; for a regression and
//! for elementwise operations a plan.
mod elementwise;
mod networks;
mod regression;

use retrograde::data::Dataset;
use retrograde::nn::{Init, Mlp};
use retrograde::optim::{Adam, Sgd};
use retrograde::train::{Session, Trainer};
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let get = |name: &str| {
        let at = words.iter().position(|word| *word == format!("--{name}"));
        at.and_then(|at| words.get(at + 1)).ok_or_else(|| format!("--{name} is missing"))
    };
    if get("kind")? == "elementwise" {
        let (elements, threads, seconds) = (get("elements")?, get("threads")?, get("seconds")?);
        return elementwise::run(get("chain")?, elements.parse()?, threads.parse()?, seconds.parse()?);
    }
    if matches!(get("kind")?.as_str(), "network" | "inference") {
        let inference = get("kind")? == "inference";
        let (rows, threads, seconds) =
            (get("batch")?.parse()?, get("threads")?.parse()?, get("seconds")?.parse()?);
        return networks::run(get("network")?, rows, inference, threads, seconds, get("profile").is_ok());
    }
    let sizes: Vec<usize> = get("sizes")?.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let init = if get("init")? == "he" { Init::He } else { Init::Normal(get("init")?.parse()?) };
    let (chunk, seconds): (usize, f64) = (get("chunk")?.parse()?, get("seconds")?.parse()?);
    let (rate, evaluate) = (get("rate")?.parse()?, get("kind")? == "evaluate");

    if get("kind")? == "regression" {
        return regression::run(
            &sizes,
            get("batch")?.parse()?,
            rate,
            get("threads")?.parse()?,
            chunk,
            seconds,
        );
    }
    let data = Dataset::from_folder(get("data")?)?;
    let net = Mlp::new(sizes).init(init).build()?;
    let trainer = if get("optimizer")? == "adam" {
        Trainer::new(Adam::new(rate))
    } else {
        Trainer::new(Sgd::new(rate))
    };
    let trainer = trainer.batch(get("batch")?.parse()?).threads(get("threads")?.parse()?);
    let mut session = Session::<f32>::new(&trainer, &net, &data)?;

    for _ in 0..chunk {
        session.step()?;
    }
    let (mut seen, start) = (Vec::new(), Instant::now());
    while seen.len() < 5 || start.elapsed().as_secs_f64() < seconds {
        let begin = Instant::now();
        if evaluate {
            session.evaluate()?;
            seen.push(begin.elapsed().as_secs_f64());
        } else {
            for _ in 0..chunk {
                session.step()?;
            }
            seen.push(begin.elapsed().as_secs_f64() / chunk as f64);
        }
    }
    seen.sort_by(f64::total_cmp);
    let (_, test) = session.evaluate()?;
    let (seconds, accuracy) = (seen[seen.len() / 2], test.accuracy.unwrap_or(f64::NAN));
    println!(
        "{{\"peer\":\"retrograde\",\"version\":\"{}\",\"seconds\":{seconds},\"accuracy\":{accuracy}}}",
        retrograde::kernel::instruction_set()
    );
    Ok(())
}
