//! Your own table: from a CSV file to a checked, trained, saved and reloaded network.
//!
//! ```text
//! cargo run --release --example own_table
//! ```

use retrograde::check::{self, Verdict};
use retrograde::data::{DataOptions, Table};
use retrograde::nn::{Init, Mlp};
use retrograde::optim::Adam;
use retrograde::train::{TablePredictor, Trainer};

fn main() -> retrograde::Result<()> {
    // 150 flowers: four lengths in centimeters, and their species.
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/iris.csv");
    println!("{}", Table::read(file)?);

    let iris = DataOptions { target: Some("species".into()), ..DataOptions::default() }.read(file)?;
    iris.description().notes.iter().for_each(|note| println!("  {note}"));
    let (inputs, classes) = (iris.train().row_len(), iris.train().outputs());
    let mut net = Mlp::new([inputs, 20, classes]).init(Init::He).build()?;

    let report = check::model(&net, &iris.train().select(&[0, 1, 2])?)?.run()?;
    assert_eq!(report.verdict, Verdict::Right);

    let run = std::env::temp_dir().join(format!("iris-{}", std::process::id()));
    let trainer = Trainer::new(Adam::new(0.01)).batch(20).epochs(100).patience(20).keep_best(true);
    let history = trainer.run_dir(&run).fit(&mut net, &iris)?;
    let best = history.best().map(|epoch| (epoch.epoch, epoch.held_out().accuracy));
    println!("\n{} steps, the best epoch and its test accuracy: {best:?}", history.steps());

    // Later, and elsewhere: new rows, with the columns in another order.
    let mut predictor = TablePredictor::open(&run)?;
    let new = "petal width,petal length,sepal width,sepal length\n0.2,1.4,3.5,5.1\n2.1,5.9,3.0,7.1\n";
    let new = predictor.reader().parse("new.csv", new.as_bytes())?;
    let predictions = predictor.predict(&new)?;
    println!("\n{}", new.to_csv(&predictor.columns(&predictions))?);
    std::fs::remove_dir_all(&run).map_err(|error| retrograde::Error::file("remove", &run, error))
}
