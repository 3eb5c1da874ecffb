//! What most programs use: `use retrograde::prelude::*;`.

pub use crate::view::Explain;
pub use crate::{Error, Gradients, Graph, Plan, Planner, Result, Tensor, Var};
