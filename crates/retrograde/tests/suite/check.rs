//! Tests of the gradient check: it detects, locates and names faults, and has no false positives.

mod budget;
mod calls;
mod cases;
mod catalogue;
mod correct;
mod images;
mod invariants;
mod messages;
mod no_false_positives;
mod notebook;
mod regressions;
mod support;
mod texts;
mod unseen;
mod usual;
mod varied;
