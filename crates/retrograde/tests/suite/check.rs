//! The gradient check, examined: faults are found, in the right place, by their names; what is right is never called
//! wrong.

mod calls;
mod cases;
mod catalogue;
mod failing;
mod honest;
mod laws;
mod notebook;
mod right;
mod slow;
mod strangers;
mod support;
mod texts;
mod varied;
mod worded;
