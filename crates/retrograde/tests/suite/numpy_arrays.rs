//! Arrays as NumPy writes them.
//!
//! `data/arrays.npz` was written by `np.savez_compressed` from `np.arange(24).reshape(2, 3, 4)` in each type and byte order, by
//! turns in the order of C and of Fortran.

use retrograde::data::{NpyArray, NpyValues};

fn arrays() -> Vec<(String, NpyArray)> {
    NpyArray::read_npz(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/arrays.npz")).expect("the fixture")
}

#[test]
fn arrays_of_each_type_and_order_have_their_numbers() {
    let expected: Vec<f64> = (0..24).map(f64::from).collect();
    let mut seen = 0;
    for (name, array) in arrays() {
        if name.contains("bool") || array.shape() != [2, 3, 4] {
            continue;
        }
        assert_eq!(array.to_f64().unwrap(), expected, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 17);
}

#[test]
fn values_keep_their_type() {
    let all = arrays();
    let find = |name: &str| &all.iter().find(|(other, _)| other == name).expect("an array of the fixture").1;
    assert!(matches!(find("big_f4").values(), NpyValues::F32(_)));
    assert!(matches!(find("little_f8").values(), NpyValues::F64(_)));
    assert!(matches!(find("u1").values(), NpyValues::U8(_)));
    assert!(matches!(find("big_i2").values(), NpyValues::I64(_)));
    for name in ["bool", "fortran_bool"] {
        let expected: Vec<bool> = (0..24).map(|value| value % 2 == 0).collect();
        assert_eq!(*find(name).values(), NpyValues::Bool(expected), "{name}");
    }
    assert_eq!((find("scalar_f8").shape(), find("scalar_f8").to_f64().unwrap()), (&[][..], vec![0.5]));
    assert_eq!((find("empty_f4").shape(), find("empty_f4").values().len()), (&[0, 3][..], 0));
}
