//! The gradient check, examined: faults are found, in the right place, by their names; what is right is never called
//! wrong.

mod calls;
mod cases;
mod catalogue;
mod failing;
mod laws;
mod no_false_positives;
mod notebook;
mod right;
mod slow;
mod support;
mod texts;
mod unseen;
mod varied;
mod worded;
