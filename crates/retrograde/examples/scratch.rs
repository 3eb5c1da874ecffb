//! Scratch.
use retrograde::check;
use retrograde::check::faults::{self, Faulty};
fn main() {
    let (x, labels) = faults::example(4);
    let said = |r: &check::Report| r.causes().map(|c| c.to_string()).collect::<Vec<_>>().join("; ");
    let (mut bad, mut n) = (0, 0);
    let verbose = std::env::args().nth(1);
    for f in faults::all() {
        if verbose.as_deref().is_some_and(|v| v != f.name) {
            continue;
        }
        n += 1;
        match check::network(&mut f.network(6, 5, 5, 3).unwrap(), &x, &labels) {
            Ok(r) => {
                let wrong: Vec<usize> =
                    (0..r.stations.len()).filter(|at| r.stations[*at].verdict.is_wrong()).collect();
                if verbose.is_some() {
                    println!("{r}");
                }
                if wrong != [f.position()] || !r.causes().any(|c| c.to_string().starts_with(f.cause)) {
                    bad += 1;
                    println!("NET {} {wrong:?} want {}: {} | {}", f.name, f.position(), f.cause, said(&r));
                }
            }
            Err(e) => {
                bad += 1;
                println!("NET {} error {e}", f.name)
            }
        }
        for (rows, width) in [(3, 4), (4, 4), (2, 7)] {
            let r = match f.alone(rows, width) {
                Faulty::Layer(mut l, x) => check::layer(&mut l, &x),
                Faulty::Loss(mut l, x, t) => check::loss(&mut l, &x, &t),
            };
            match r {
                Ok(r) => {
                    if !r.verdict.is_wrong() || !r.causes().any(|c| c.to_string().starts_with(f.cause)) {
                        bad += 1;
                        println!(
                            "ALONE {rows}x{width} {} {} want {}: {}",
                            f.name,
                            r.verdict,
                            f.cause,
                            said(&r)
                        );
                        if verbose.is_some() {
                            println!("{r}");
                        }
                    }
                }
                Err(e) => {
                    bad += 1;
                    println!("ALONE {rows}x{width} {} error {e}", f.name)
                }
            }
        }
    }
    println!("{bad} bad of {n}");
}
