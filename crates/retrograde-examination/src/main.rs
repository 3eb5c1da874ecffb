//! The examination.
use retrograde_examination::{adapter, draw, random::Random, visible};
use std::collections::BTreeMap;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let count: usize = args[1].parse().unwrap();
    let mut random = Random::new(args[2].parse().unwrap());
    let mut table = BTreeMap::new();
    let start = std::time::Instant::now();
    let mut in_check = std::time::Duration::ZERO;
    for _ in 0..count {
        let seed = random.seed();
        let case = draw::right(seed, None);
        if visible::exact(&case, &mut Random::new(seed ^ 1)).is_err() {
            continue;
        }
        let t = std::time::Instant::now();
        let said = adapter::run(&case);
        let t = t.elapsed();
        in_check += t;
        *table.entry((said.verdict, case.subject)).or_insert(0) += 1;
        if said.verdict != adapter::Answer::Right || t.as_millis() > 1000 {
            println!("=== {seed} {t:?} {:?}\n{}\n{}", said.verdict, case.describe(), said.text);
        }
    }
    println!("{table:?} {:?} check {in_check:?}", start.elapsed());
}
