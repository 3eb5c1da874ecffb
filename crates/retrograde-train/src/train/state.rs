//! A training as it stands, for whoever reports on it.

use super::checkpoint::Identity;
use super::history::History;
use super::run_id::RunId;
use crate::nn::Parameters;
use retrograde_base::error::Error;

/// A training as it stands.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// Which run it is.
    pub run: RunId,
    /// What is trained, and how.
    pub identity: &'a Identity,
    /// What it has seen so far; its length says how many steps are done.
    pub history: &'a History,
    /// The parameters now.
    pub parameters: &'a Parameters,
    /// How many steps there will be.
    pub steps: u64,
    /// Whether it goes on.
    pub status: Status<'a>,
}

/// Whether a training goes on.
#[derive(Debug, Clone, Copy)]
pub enum Status<'a> {
    /// It does.
    Running,
    /// It is complete.
    Complete,
    /// Its observer stopped it.
    Stopped,
    /// It failed.
    Failed(&'a Error),
}
