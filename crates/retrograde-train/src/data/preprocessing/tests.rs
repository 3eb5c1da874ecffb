//! Tests of preprocessing as a whole.

use super::*;
use crate::data::{Features, Matrix, Samples, Table, TableReader, Targets};
use proptest::prelude::*;
use retrograde_base::ErrorKind;

fn parse(text: &str) -> Table {
    TableReader::new().parse("some.csv", text.as_bytes()).unwrap()
}

fn matrix(samples: &Samples) -> &Matrix {
    match samples.features() {
        Features::Reals(matrix) => matrix,
        _ => panic!("a table has real numbers"),
    }
}

const PEOPLE: &str = "\
id,age,city,income,bought
1,20,Seoul,100.5,no
2,30,Busan,200.5,yes
3,NA,Seoul,300.5,yes
4,40,,400.5,no
5,50,Busan,500.5,yes
6,60,Seoul,600.5,no
";

#[test]
fn numbers_are_standardized_by_the_training_rows_and_categories_are_one_hot() {
    let table = parse(PEOPLE);
    let prepared = Preprocessing::new("bought").test_fraction(0.34).seed(3).fit(&table).unwrap();
    let Prepared { preprocessor, train, test, .. } = &prepared;
    assert_eq!(preprocessor.feature_names(), ["age", "city=Busan", "city=Seoul", "city missing", "income"]);
    assert_eq!((matrix(train).shape(), matrix(test).shape()), ([4, 5], [2, 5]));
    assert_eq!(preprocessor.target().classes(), ["no", "yes"]);
    // The definitions, on the training rows.
    for column in [0, 4] {
        let values: Vec<f64> = (0..4).map(|row| matrix(train).row(row).unwrap()[column]).collect();
        let (mean, squares) =
            values.iter().fold((0.0, 0.0), |(mean, squares), x| (mean + x / 4.0, squares + x * x));
        assert!(mean.abs() < 1e-15, "{mean}");
        // A missing age has the mean and adds nothing to the squares; the deviation is that of the ages present.
        let missing = (0..4).filter(|row| column == 0 && matrix(train).row(*row).unwrap()[0] == 0.0).count();
        assert!((squares - (4 - missing) as f64).abs() < 1e-14, "{squares}");
    }
    for samples in [train, test] {
        for row in 0..matrix(samples).shape()[0] {
            let hot = &matrix(samples).row(row).unwrap()[1..4];
            assert_eq!(hot.iter().sum::<f64>(), 1.0, "{hot:?}");
            assert!(hot.iter().all(|value| *value == 0.0 || *value == 1.0));
        }
    }
    let classes = |samples: &Samples| samples.labels().iter().sum::<u32>();
    assert_eq!((classes(train), classes(test)), (2, 1));
}

#[test]
fn the_choices_are_stated() {
    let prepared = Preprocessing::new("bought").test_fraction(0.34).seed(3).fit(&parse(PEOPLE)).unwrap();
    let text = prepared.to_string();
    for part in [
        "target bought: classification (its values are categories)",
        "2 classes: no, yes",
        "3 columns as 5 features",
        "not used: id",
        "age: 1 missing value, filled with the mean",
        "city: 1 missing value, filled with a category of their own",
        "4 training rows, 2 test rows (seed 3, stratified)",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn the_task_follows_from_the_target() {
    let task = |values: &[&str]| {
        let rows: Vec<String> =
            values.iter().enumerate().map(|(row, value)| format!("{value},{}", row * row)).collect();
        let prepared = Preprocessing::new("y").fit(&parse(&format!("y,x\n{}\n", rows.join("\n"))));
        prepared.map(|prepared| prepared.preprocessor.target().task())
    };
    assert_eq!(task(&["a", "b", "a", "b"]).unwrap(), Task::Classification);
    assert_eq!(task(&["0", "1", "0", "1"]).unwrap(), Task::Classification);
    assert_eq!(task(&["0.5", "1", "0", "1"]).unwrap(), Task::Regression);
    assert_eq!(task(&["1", "2", "3", "4"]).unwrap(), Task::Regression);
    assert!(task(&["a", "b", "c", "d"]).unwrap_err().to_string().contains("column y is text"));
    let table = parse("y,x\n0,1\n1,2\n0,3\n1,4\n");
    let forced = Preprocessing::new("y").task(Task::Regression).fit(&table).unwrap();
    assert!(forced.to_string().contains("regression (chosen)"));
    let error = Preprocessing::new("y").task(Task::MultiLabel).fit(&table).unwrap_err().to_string();
    assert!(error.contains("one label for each row"), "{error}");
}

#[test]
fn classes_of_numbers_are_in_numerical_order() {
    let table = parse("y,x\n10,1\n2,2\n10,3\n2.0,4\n-0,5\n0,6\n");
    let prepared = Preprocessing::new("y").task(Task::Classification).test_fraction(0.5).fit(&table).unwrap();
    assert_eq!(prepared.preprocessor.target().classes(), ["0", "2", "10"]);
    assert_eq!(
        prepared.preprocessor.transform_targets(&table).unwrap(),
        Targets::classes(vec![2, 1, 2, 1, 0, 0], 3).unwrap()
    );
}

#[test]
fn predictions_of_a_regression_have_their_unit_back() {
    let table = parse(PEOPLE);
    let prepared = Preprocessing::new("income").fit(&table).unwrap();
    let target = prepared.preprocessor.target();
    let Targets::Reals(scaled) = prepared.preprocessor.transform_targets(&table).unwrap() else {
        panic!("reals")
    };
    for (row, value) in scaled.values().iter().enumerate() {
        // One rounding each of a division, a product and a sum of numbers below 1000.
        assert!((target.scale().invert(*value) - (100.0 * (row + 1) as f64 + 0.5)).abs() < 1e-12);
    }
    let plain = Preprocessing::new("income").standardize_target(false).fit(&table).unwrap();
    assert_eq!(plain.preprocessor.target().scale(), Standardization::IDENTITY);
}

#[test]
fn numbers_can_stay_as_they_are() {
    let prepared =
        Preprocessing::new("bought").features(["income"]).standardize(false).fit(&parse(PEOPLE)).unwrap();
    let features = prepared.preprocessor.transform(&parse(PEOPLE)).unwrap();
    assert_eq!(features.values(), [100.5, 200.5, 300.5, 400.5, 500.5, 600.5]);
}

#[test]
fn columns_are_chosen_and_excluded() {
    let names = |choices: Preprocessing| {
        choices.fit(&parse(PEOPLE)).map(|prepared| prepared.preprocessor.feature_names())
    };
    let choices = || Preprocessing::new("bought");
    assert_eq!(names(choices().exclude(["city", "2"])).unwrap(), ["income"]);
    // Text that is named is used; numbers of rows are numbers.
    assert_eq!(names(choices().features(["income", "id", "income"])).unwrap(), ["id", "income"]);
    for (choices, words) in [
        (choices().features(["bought"]), "the target and a feature"),
        (choices().features(["height"]), "no column \"height\""),
        (choices().exclude(["age", "city", "income"]), "there is none beside the target"),
        (Preprocessing::new("sold"), "no column \"sold\""),
        (choices().test_fraction(1.0), "not between 0 and 1"),
    ] {
        let error = names(choices).unwrap_err();
        assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains(words), "{error}");
    }
}

#[test]
fn missing_values_are_refused_on_request() {
    let choices = Preprocessing::new("bought").missing_values(MissingValues::Refuse);
    let error = choices.fit(&parse(PEOPLE)).unwrap_err().to_string();
    for part in ["some.csv", "line 4", "column 2 (age)", "\"NA\"", "missing value"] {
        assert!(error.contains(part), "{error}");
    }
    let error = choices.clone().exclude(["age"]).fit(&parse(PEOPLE)).unwrap_err().to_string();
    assert!(error.contains("line 5") && error.contains("city"), "{error}");
    choices.features(["income"]).fit(&parse(PEOPLE)).unwrap();
}

#[test]
fn rows_without_a_target_are_left_out() {
    let table = parse("x,y\n1,a\n2,\n3,b\n4,a\n5,NA\n6,b\n");
    let prepared = Preprocessing::new("y").test_fraction(0.5).fit(&table).unwrap();
    assert_eq!(prepared.train.len() + prepared.test.len(), 4);
    assert!(prepared.to_string().contains("2 rows without a target left out"), "{prepared}");
    let error = prepared.preprocessor.transform_targets(&table).unwrap_err().to_string();
    assert!(error.contains("line 3") && error.contains("missing target"), "{error}");
    // New rows need no target.
    assert_eq!(prepared.preprocessor.transform(&parse("x\n7\n")).unwrap().shape(), [1, 1]);
}

#[test]
fn what_the_training_had_not_is_an_error_or_the_stated_default() {
    let prepared = |choices: Preprocessing| choices.fit(&parse(PEOPLE)).unwrap().preprocessor;
    let strict = prepared(Preprocessing::new("bought"));
    let problem = |text: &str| strict.transform(&parse(text)).unwrap_err().to_string();

    let text = problem("age,town\n20,Seoul\n");
    for part in
        ["it lacks the columns of the training: city, income", "it has age, town", "age, city, income"]
    {
        assert!(text.contains(part), "{text}");
    }
    let text = problem("income,age,city\n1,2,Seoul\n1,2,Paris\n");
    for part in ["line 3, column 3 (city)", "\"Paris\"", "Busan, Seoul", "unseen_categories"] {
        assert!(text.contains(part), "{text}");
    }
    let text = problem("income,age,city\n1,2,Seoul\n1,old,Seoul\n");
    assert!(text.contains("line 3, column 2 (age): \"old\" is not a finite number"), "{text}");
    let text = problem("income,age,city\n1,2,Seoul\n1,1e400,Seoul\n");
    assert!(text.contains("\"1e400\" is not a finite number"), "{text}");

    let lenient = prepared(Preprocessing::new("bought").unseen_categories(UnseenCategories::Zeros));
    let features = lenient.transform(&parse("more,income,age,city\nx,300.5,,Paris\n")).unwrap();
    assert_eq!(features.row(0).unwrap()[..4], [0.0; 4]);
    // The training had rows without a city.
    let features = strict.transform(&parse("income,age,city\n1,2,?\n1,2,Seoul\n")).unwrap();
    assert_eq!(features.row(0).unwrap()[1..4], [0.0, 0.0, 1.0]);
}

#[test]
fn new_files_are_read_as_that_of_the_training() {
    let german = "a;b\n1,5;x\n2,5;y\n3,5;x\n4,5;y\n";
    let prepared = Preprocessing::new("b").test_fraction(0.5).standardize(false).fit(&parse(german)).unwrap();
    let transform = |text: &str| {
        let table = prepared.preprocessor.reader().parse("new.csv", text.as_bytes())?;
        prepared.preprocessor.transform(&table).map(|matrix| matrix.values().to_vec())
    };
    // Alone, 1,234 may be either.
    assert_eq!(transform("a\n\"1,234\"\n").unwrap(), [1.234]);
    assert_eq!(transform("a,b\n0.25,x\n").unwrap(), [0.25]);
    let error = transform("1,5;x\n").unwrap_err().to_string();
    assert!(error.contains("no rows"), "{error}");
    // Files without a header are matched by position.
    let prepared =
        Preprocessing::new("2").test_fraction(0.5).standardize(false).fit(&parse("1,x\n2,y\n3,x\n4,y\n"));
    let preprocessor = prepared.unwrap().preprocessor;
    let new = preprocessor.reader().parse("new.csv", b"7\n8\n").unwrap();
    assert_eq!(preprocessor.transform(&new).unwrap().values(), [7.0, 8.0]);
}

#[test]
fn too_few_rows_or_classes_are_errors() {
    for (text, words) in [
        ("x,y\n1,a\n2,a\n3,a\n4,a\n", "every row has the class a"),
        ("x,y\n1,2.5\n", "1 cannot be split"),
        ("x,y\n1,\n2,\n", "text"),
    ] {
        let error = Preprocessing::new("y").fit(&parse(text)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let huge = parse("x,y\n1e308,1.5\n-1e308,2.5\n1e308,3\n-1e308,4\n");
    let error = Preprocessing::new("y").fit(&huge).unwrap_err().to_string();
    assert!(error.contains("column x are too large"), "{error}");
}

#[test]
fn constant_columns_become_zeros() {
    let table = parse("x,y\n0.1,1.5\n0.1,2\n0.1,3\n0.1,4\n0.1,5\n");
    let prepared = Preprocessing::new("y").fit(&table).unwrap();
    assert!(matrix(&prepared.train).values().iter().all(|value| value.abs() < 1e-15));
}

/// A generated table: numbers, categories, missing values.
fn table_text(rows: &[(Option<f64>, Option<u8>, i32)], order: &[usize]) -> String {
    let names = ["size", "kind", "price"];
    let mut text = order.iter().map(|column| names[*column]).collect::<Vec<_>>().join(",") + "\n";
    for (size, kind, price) in rows {
        let cells = [
            size.map_or_else(|| "NA".to_owned(), |size| size.to_string()),
            kind.map_or_else(String::new, |kind| format!("k{kind}")),
            format!("{price}.5"),
        ];
        text += &(order.iter().map(|column| cells[*column].as_str()).collect::<Vec<_>>().join(",") + "\n");
    }
    text
}

fn reader() -> TableReader {
    use crate::data::ColumnType::{Category, Number};
    TableReader::new().delimiter(',').header(true).column_type("size", Number).column_type("kind", Category)
}

proptest! {
    #[test]
    fn permuted_columns_restored_preprocessors_and_repeated_fits_give_the_same_finite_numbers(
        rows in prop::collection::vec(
            (prop::option::weighted(0.8, -1e6..1e6_f64), prop::option::weighted(0.8, 0_u8..4), -100..100_i32),
            2..30,
        ),
        order in Just(vec![0, 1, 2]).prop_shuffle(),
        seed: u64,
    ) {
        let table = reader().parse("a", table_text(&rows, &[0, 1, 2]).as_bytes()).unwrap();
        let permuted = reader().parse("b", table_text(&rows, &order).as_bytes()).unwrap();
        let choices = Preprocessing::new("price").task(Task::Regression).seed(seed);
        let prepared = choices.fit(&table).unwrap();
        prop_assert_eq!(&prepared, &choices.fit(&table).unwrap());

        let preprocessor = &prepared.preprocessor;
        let features = preprocessor.transform(&table).unwrap();
        prop_assert_eq!(&features, &preprocessor.transform(&permuted).unwrap());
        prop_assert!(features.values().iter().all(|value| value.is_finite()));

        let json = serde_json::to_string(preprocessor).unwrap();
        let restored: Preprocessor = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&restored, preprocessor);
        prop_assert_eq!(&restored.transform(&permuted).unwrap(), &features);

        // The training and test rows are the rows of the table.
        let count = prepared.train.len() + prepared.test.len();
        prop_assert_eq!(count, rows.len());
        let part = matrix(&prepared.train).values().iter().chain(matrix(&prepared.test).values());
        // The same numbers in another order; their sums differ by rounding only.
        let (sum, all): (f64, f64) = (part.sum(), features.values().iter().sum());
        prop_assert!((sum - all).abs() < 1e-9 * (1.0 + features.values().iter().map(|x| x.abs()).sum::<f64>()));
    }

    #[test]
    fn hostile_checkpoints_give_no_nan(mean in any::<f64>(), deviation in any::<f64>()) {
        let prepared = Preprocessing::new("income").features(["age"]).fit(&parse(PEOPLE)).unwrap();
        let mut json = serde_json::to_value(&prepared.preprocessor).unwrap();
        json["features"][0]["encoding"]["number"]["scale"] = serde_json::json!({"mean": mean, "deviation": deviation});
        if let Ok(restored) = serde_json::from_value::<Preprocessor>(json)
            && let Ok(features) = restored.transform(&parse(PEOPLE))
        {
            prop_assert!(features.values().iter().all(|value| value.is_finite()));
        }
    }
}
