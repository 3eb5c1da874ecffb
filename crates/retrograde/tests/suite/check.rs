//! The gradient check, examined: faults are found, in the right place, by their names; what is right is never called
//! wrong.

mod catalogue;
mod honest;
mod laws;
mod notebook;
mod right;
mod strangers;
mod worded;
