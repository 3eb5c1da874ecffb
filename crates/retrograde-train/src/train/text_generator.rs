//! Texts of a trained language model.

use crate::data::{DatasetDescription, Task};
use crate::nn::{Mode, Model};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Var};
use retrograde_core::plan::{Plan, Planner};
use std::path::Path;

use super::run_dir::RunDir;

/// A compiled language model that continues texts, a token at a time.
#[derive(Debug)]
pub struct TextGenerator {
    plan: Plan<f32>,
    x: Var,
    logits: Var,
    /// The character of each token.
    vocabulary: Vec<String>,
    context: usize,
    temperature: f64,
    random: Xoshiro256PlusPlus,
}

impl TextGenerator {
    /// The model of a run, trained on a text.
    ///
    /// # Errors
    /// Those of reading a run; [`Error::Invalid`] if it was not trained on a text.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let model = RunDir::model(path)?;
        match RunDir::description(path)? {
            Some(description) => Self::new(&model, &description),
            None => Err(not_of_text("it has no description of its data")),
        }
    }

    /// Compiles a model for data of this description. The temperature is 1, the seed 0.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the task is not the next token, and the errors of recording.
    pub fn new(model: &impl Model, description: &DatasetDescription) -> Result<Self> {
        if description.task != Task::NextToken {
            return Err(not_of_text(&format!("its task is a {}", description.task)));
        }
        let (context, vocabulary) = (model.inputs(), description.class_names.clone());
        let graph = Graph::new();
        let x = graph.index_input("x", [1, context]);
        let output = model.record(&x, Mode::Evaluate).output.checked()?;
        let logits = output.reshape([context, vocabulary.len()]).checked()?;
        let plan = Planner::new(&graph).fetch(&logits).threads(1).compile()?;
        let random = Xoshiro256PlusPlus::seed_from_u64(0);
        Ok(TextGenerator { plan, x, logits, vocabulary, context, temperature: 1.0, random })
    }

    /// The temperature by which logits are divided: below 1 for more probable texts, 0 for the most probable token each time.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is negative or not finite.
    pub fn temperature(mut self, temperature: f64) -> Result<Self> {
        if !(temperature.is_finite() && temperature >= 0.0) {
            let problem = format!("{temperature} is out of range");
            return Err(Error::invalid("temperature", problem, "give a finite number >= 0"));
        }
        self.temperature = temperature;
        Ok(self)
    }

    /// The random seed of the tokens.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.random = Xoshiro256PlusPlus::seed_from_u64(seed);
        self
    }

    /// The tokens of a text.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a character that the text of the training did not have.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        let token = |character: char| {
            let mut buffer = [0; 4];
            let character = &*character.encode_utf8(&mut buffer);
            self.vocabulary.iter().position(|known| known == character).map(|token| token as u32).ok_or_else(
                || {
                    let problem = format!("the text of the training had no {character:?}");
                    let known: Vec<String> = self
                        .vocabulary
                        .iter()
                        .map(|character| character.escape_debug().to_string())
                        .collect();
                    Error::invalid("prompt", problem, format!("use its characters: {}", known.concat()))
                },
            )
        };
        text.chars().map(token).collect()
    }

    /// Continues a text, which may be empty, by so many characters, and hands each to `emit` as soon as it is there. Stops when
    /// that breaks off.
    ///
    /// # Errors
    /// As [`tokens`](Self::tokens), and the errors of `emit`.
    pub fn generate<E: From<Error>>(
        &mut self,
        prompt: &str,
        length: usize,
        mut emit: impl FnMut(&str) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let mut tokens = self.tokens(prompt)?;
        if tokens.is_empty() {
            // As at the beginning of a line.
            tokens.push(self.vocabulary.iter().position(|character| character == "\n").unwrap_or(0) as u32);
        }
        for _ in 0..length {
            let token = self.next(&tokens)?;
            emit(&self.vocabulary[token as usize])?;
            tokens.push(token);
        }
        Ok(())
    }

    /// Draws the token behind these, of which there is at least one.
    fn next(&mut self, tokens: &[u32]) -> Result<u32> {
        let seen = &tokens[tokens.len().saturating_sub(self.context)..];
        // Causal attention does not see what stands behind the last one.
        let mut window = seen.to_vec();
        window.resize(self.context, 0);
        self.plan.set_indices(&self.x, &window)?;
        self.plan.run()?;
        let width = self.vocabulary.len();
        let logits = &self.plan.read(&self.logits)?[(seen.len() - 1) * width..][..width];
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if !largest.is_finite() {
            let problem = "its outputs are not finite: the weights overflow";
            return Err(Error::invalid("prediction", problem, "give another model"));
        }
        let weight = |logit: f32| match self.temperature {
            0.0 => f64::from(u8::from(logit == largest)),
            temperature => (f64::from(logit - largest) / temperature).exp(),
        };
        let total: f64 = logits.iter().map(|&logit| weight(logit)).sum();
        let mut left = self.random.random::<f64>() * total;
        let drawn = logits.iter().position(|&logit| {
            left -= weight(logit);
            left < 0.0
        });
        Ok(drawn.unwrap_or_else(|| logits.iter().rposition(|&logit| weight(logit) > 0.0).unwrap_or(0)) as u32)
    }
}

fn not_of_text(problem: &str) -> Error {
    Error::invalid(
        "model",
        problem,
        "give the directory of a run on a text: retrograde train --data FILE.txt --out DIR",
    )
}
