//! Whether a chain is sound.

use super::{Chain, Kind};

impl Chain {
    /// Why the chain is not sound, if it is not: what is written must be apart from what is read, or be the very same elements,
    /// which are then read before they are written. That steps use only registers which the chain has follows from how it is
    /// [compiled](super::compile); that places lie in the arena is checked when it [runs](super::execute).
    pub(in crate::kernel) fn verify(&self) -> Option<&'static str> {
        let apart = |a: usize, length: usize, b: usize| a + length <= b || b + self.elements <= a;
        let written: Vec<usize> =
            self.memory().filter(|(_, writes)| *writes).map(|(start, _)| start).collect();
        for &write in &written {
            if self.loads.iter().any(|load| !apart(load.start, load.length, write))
                || self.numbers().any(|place| !apart(place, 1, write))
            {
                return Some("a chain loads what it writes");
            }
            if self.memory().any(|(other, _)| other != write && !apart(other, self.elements, write)) {
                return Some("a chain reads what it writes elsewhere");
            }
            if written.iter().filter(|&&other| other == write).count() > 1 {
                return Some("a chain writes a place twice");
            }
        }
        if self.operands(Kind::Loaded).any(|(slot, _)| slot >= self.loads.len()) {
            return Some("a chain reads a load that it does not have");
        }
        None
    }
}
