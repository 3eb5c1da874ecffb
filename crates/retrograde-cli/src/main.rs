//! The command line of Retrograde.

fn main() {}
