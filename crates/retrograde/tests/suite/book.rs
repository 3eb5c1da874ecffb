//! The book's chapters 6 to 8 (Saito, *Deep Learning from Scratch*): the layers, optimizers and networks that the textbook crate
//! has by hand against the engine's modules, and the claims of the book's figures.

mod engine;
mod figures;
mod layers;
mod networks;
mod optimizers;
