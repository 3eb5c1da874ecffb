//! MNIST, of a folder or the embedded part of it.

use super::{Random, one_hot, rows};
use retrograde::Result;
use retrograde::data::{Dataset, Matrix, Samples};
use retrograde::diagnose::Rows;
use std::path::Path;

/// At most so many training images are used of a folder: more only take longer.
const TRAIN: usize = 10_000;
/// At most so many test images.
const TEST: usize = 2_000;

/// Digits with pixels from 0 to 1.
pub struct Digits {
    /// Whether they are of a folder with the whole of MNIST.
    pub is_whole: bool,
    train: Rows,
    test: Rows,
    labels: [Vec<u32>; 2],
}

impl Digits {
    /// Those of a folder of IDX files, or the 5,000 embedded ones.
    pub fn read(folder: Option<&Path>) -> Result<Self> {
        let set = folder.map_or_else(Dataset::embedded, Dataset::from_folder)?;
        let part = |samples: &Samples, most: usize| -> Result<(Rows, Vec<u32>)> {
            let count = samples.len().min(most);
            // The embedded digits come as 0 1 2 … 9 0 1 2 …: each fourth of them would be even.
            let order = Random::new(0).order(count);
            let samples = samples.select(&order)?;
            let x = Matrix::new(count, samples.features().values().into_owned())?;
            Ok((Rows::of_classes(x, samples.labels(), 10)?, samples.labels().to_vec()))
        };
        let ((train, train_labels), (test, test_labels)) =
            (part(set.train(), TRAIN)?, part(set.test(), TEST)?);
        Ok(Digits { is_whole: folder.is_some(), train, test, labels: [train_labels, test_labels] })
    }

    /// Training images with one-hot targets.
    pub fn train(&self) -> &Rows {
        &self.train
    }

    /// Test images with one-hot targets.
    pub fn test(&self) -> &Rows {
        &self.test
    }

    /// Both, with the pixels multiplied by a factor.
    pub fn times(&self, factor: f64) -> Result<(Rows, Rows)> {
        let scaled = |rows: &Rows| {
            let values = rows.x().values().iter().map(|value| value * factor).collect();
            Rows::new(Matrix::new(rows.len(), values)?, rows.targets().clone())
        };
        Ok((scaled(&self.train)?, scaled(&self.test)?))
    }

    /// Both, with the number of the class as the only target.
    pub fn numbered(&self) -> Result<(Rows, Rows)> {
        let numbered = |rows: &Rows, labels: &[u32]| {
            Rows::new(
                rows.x().clone(),
                Matrix::new(rows.len(), labels.iter().copied().map(f64::from).collect())?,
            )
        };
        Ok((numbered(&self.train, &self.labels[0])?, numbered(&self.test, &self.labels[1])?))
    }

    /// The training images of the first `classes` digits in the order of their classes, equally many of each, with so many outputs.
    pub fn sorted(&self, classes: usize) -> Result<Rows> {
        let of = |class: usize| self.labels[0].iter().filter(move |label| **label as usize == class).count();
        let each = (0..classes).map(of).min().unwrap_or(0);
        let picked: Vec<usize> = (0..classes)
            .flat_map(|class| {
                let own =
                    self.labels[0].iter().enumerate().filter(move |(_, label)| **label as usize == class);
                own.map(|(row, _)| row).take(each)
            })
            .collect();
        rows(picked.len(), |index| {
            let row = self.train.x().row(picked[index]).unwrap_or_default();
            (row.to_vec(), one_hot(index / each.max(1), classes))
        })
    }

    /// The training images, of which each class keeps a part of its own.
    pub fn thinned(&self, parts: &[f64], random: &mut Random) -> Result<Rows> {
        let labels = self.labels[0].iter().zip(0_u32..);
        let kept: Vec<u32> =
            labels.filter(|(label, _)| random.chance(parts[**label as usize])).map(|(_, row)| row).collect();
        self.train.select(&kept)
    }
}
