//! The layout of figures: layered drawing (Sugiyama, Tagawa and Toda 1981) with orthogonal lines.
//!
//! Terminal and pictures share it: its units are the columns and rows of a terminal, which a picture scales. Invariants: no
//! line runs through a box, and two lines share a segment only if they carry the same value. One stage per file:
//!
//! | stage | result |
//! | --- | --- |
//! | `levels` | the column of each block |
//! | `content` | the layered graph of a diagram, with its annotations |
//! | `layered_graph` | items in columns and links between them; long links are cut at dummy items |
//! | `order` | the order in each column: few crossings |
//! | `rows` | the row of each item: straight lines |
//! | `route` | the lines between two columns: no two share a segment |
//! | `place` | the combined result |

mod content;
mod layered_graph;
mod levels;
mod order;
mod place;
mod route;
mod rows;

pub(super) use content::{Annotations, Content};
pub(super) use layered_graph::{LayeredGraph, NodeShape};
pub(super) use place::{Frame, Layout, Role};
