//! The gradient check, examined: faults are found, in the right place, by their names; what is right is never called
//! wrong.

mod budget;
mod calls;
mod cases;
mod catalogue;
mod correct;
mod invariants;
mod messages;
mod no_false_positives;
mod notebook;
mod regressions;
mod support;
mod texts;
mod unseen;
mod varied;
