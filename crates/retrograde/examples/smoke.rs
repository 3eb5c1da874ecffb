use retrograde::{Graph, Planner, Tensor};
use retrograde::data::*;
use std::time::Instant;
use rand::{Rng, SeedableRng};
use rand_distr::{Normal, Distribution};
fn main() -> retrograde::Result<()> {
    let path = std::env::args().nth(1).unwrap();
    let threads: usize = std::env::args().nth(2).unwrap().parse().unwrap();
    let data = Dataset::from_folder(&path)?;
    let n = data.train().len();
    let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(0);
    let normal = Normal::new(0.0, 0.01).unwrap();
    let mut init = |shape: [usize; 2]| Tensor::from_fn(shape, |_| normal.sample(&mut rng));
    let g = Graph::new();
    let images = g.bytes("images", [n, 784], data.train().images().clone(), 1.0 / 255.0);
    let labels = g.indices("labels", [n], data.train().labels().clone());
    let rows = g.index_input("rows", [100]);
    let (w1, b1) = (g.parameter("w1", init([784, 50])), g.parameter("b1", Tensor::zeros([50])));
    let (w2, b2) = (g.parameter("w2", init([50, 10])), g.parameter("b2", Tensor::zeros([10])));
    let x = images.gather_rows(&rows);
    let h = (x.matmul(&w1) + b1.broadcast([100, 50])).relu();
    let logits = h.matmul(&w2) + b2.broadcast([100, 10]);
    let loss = logits.softmax_with_loss(&labels.gather_rows(&rows));
    let params = [&w1, &b1, &w2, &b2];
    let grads = loss.gradient(&params)?;
    let mut planner = Planner::new(&g).want(&loss).threads(threads);
    for (p, gr) in params.iter().zip(&grads) { planner = planner.update(p, &(*p - 0.1 * gr)); }
    let t = Instant::now();
    let mut plan = planner.compile::<f32>()?;
    println!("compiled {} steps, {} bytes in {:?}", plan.steps(), plan.memory(), t.elapsed());
    let mut pick = vec![0u32; 100];
    let mut last = 0.0;
    let t = Instant::now();
    for step in 0..10000 {
        for p in pick.iter_mut() { *p = (rng.next_u64() % n as u64) as u32; }
        plan.set_indices(&rows, &pick)?;
        plan.run()?;
        if step % 1000 == 0 { last = plan.scalar(&loss)?; println!("{step} {last}"); }
    }
    println!("{:.1} us/step {last}", t.elapsed().as_secs_f64() * 1e2);
    Ok(())
}
