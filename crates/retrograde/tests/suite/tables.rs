//! A table from its file to the numbers of a training.
//!
//! `data/iris.csv`: 150 iris flowers. R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936.

use retrograde::data::{Preprocessing, Samples, Standardization, Table, Task};

fn iris() -> Table {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/iris.csv");
    Table::read(path).expect("the fixture")
}

/// The expected numbers are NumPy's: `X.mean(0)` and `X.std(0)` of `sklearn.datasets.load_iris`.
#[test]
fn means_and_deviations_are_those_of_numpy() {
    let means =
        [5.843_333_333_333_335, 3.057_333_333_333_334, 3.758_000_000_000_002_7, 1.199_333_333_333_334];
    let deviations =
        [0.825_301_291_785_140_9, 0.434_410_967_735_494_37, 1.759_404_065_775_303_2, 0.759_692_627_902_159_4];
    let table = iris();
    for column in 0..4 {
        let numbers: Vec<f64> = table.numbers(column).unwrap().into_iter().flatten().collect();
        assert_eq!(numbers.len(), 150);
        let scale = Standardization::of(&numbers).unwrap();
        // Sums of 150 numbers: some roundings of 2⁻⁵³ each.
        assert!((scale.mean - means[column]).abs() < 1e-14, "{scale:?}");
        assert!((scale.deviation - deviations[column]).abs() < 1e-14, "{scale:?}");
    }
}

#[test]
fn iris_is_prepared_without_options() {
    let table = iris();
    let prepared = Preprocessing::new("species").fit(&table).unwrap();
    let target = prepared.preprocessor.target();
    assert_eq!(target.task(), Task::Classification);
    assert_eq!(target.classes(), ["setosa", "versicolor", "virginica"]);
    let of_each_class = |samples: &Samples| {
        [0, 1, 2].map(|class| samples.labels().iter().filter(|other| **other == class).count())
    };
    assert_eq!(of_each_class(&prepared.train), [40; 3]);
    assert_eq!(of_each_class(&prepared.test), [10; 3]);
    assert_eq!((prepared.train.len(), prepared.test.len(), prepared.train.row_len()), (120, 30, 4));
    // The training rows are standardized by their own mean and deviation.
    for column in 0..4 {
        let numbers = prepared.train.features().values();
        let values = || numbers.iter().skip(column).step_by(4);
        let mean = values().sum::<f64>() / 120.0;
        let variance = values().map(|value| value * value).sum::<f64>() / 120.0;
        assert!(mean.abs() < 1e-14 && (variance - 1.0).abs() < 1e-13, "{mean} {variance}");
    }
    // A table without the target, with its columns in another order.
    let file = b"petal width,petal length,sepal width,sepal length\n0.2,1.4,3.5,5.1\n";
    let new = prepared.preprocessor.reader().parse("new.csv", file).unwrap();
    let features = prepared.preprocessor.transform(&new).unwrap();
    assert_eq!(features.row(0), prepared.preprocessor.transform(&table).unwrap().row(0));
}
