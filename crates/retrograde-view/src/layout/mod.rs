//! Where everything stands in a figure: layered drawing (Sugiyama, Tagawa and Toda 1981) with rectangular lines.
//!
//! Terminal and pictures share it: its units are the letters and rows of a terminal, which a picture scales. What is
//! promised: a line never runs through a box, and two lines never share a stretch unless they carry the same value.
//! Stages, one file each:
//!
//! | stage | what it does |
//! | --- | --- |
//! | `levels` | the column of each block |
//! | `content` | from a diagram to a sheet: what is drawn, and what is written on it |
//! | `sheet` | items in columns and links between them; long links cut into pieces |
//! | `order` | the order in each column: few crossings |
//! | `rows` | the row of each item: straight lines |
//! | `route` | the lines between two columns: no two share a stretch |
//! | `place` | puts the stages together |

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
