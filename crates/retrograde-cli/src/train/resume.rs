//! What `--resume` takes from its folder, and what of the options does not go with it.

use crate::arguments::Given;
use retrograde::data::Drawing;
use retrograde::train::{Recipe, RunFolder, RunId};
use retrograde::{Error, Result};
use std::path::Path;

/// The recipe of the run in `folder`, made longer if that was asked for, and which run it is. Errors when an option that was typed says
/// something else than the run.
pub fn recipe(folder: &Path, asked: Recipe, given: &Given<'_>) -> Result<(Recipe, Option<RunId>)> {
    let checkpoint = RunFolder::read_checkpoint(folder)?;
    let Some(stored) = checkpoint.recipe() else {
        let problem = "its checkpoint does not say with which settings it was trained";
        let help = "continue it with the program that made it";
        return Err(Error::format(RunFolder::checkpoint_file(folder), problem, help));
    };
    let differences: Vec<String> = settings(stored)
        .into_iter()
        .zip(settings(&asked))
        .filter(|((field, there), (_, here))| given.has(field) && there != here)
        .map(|((field, there), (_, here))| {
            format!("--{} is {there} there and {here} here", field.replace('_', "-"))
        })
        .collect();
    if !differences.is_empty() {
        let problem = format!("it is another training: {}", differences.join("; "));
        let help = "leave these options out, or begin a new run with --out";
        return Err(Error::format(folder, problem, help));
    }
    let mut recipe = stored.clone();
    if given.has("steps") || given.has("epochs") {
        recipe.length = asked.length;
    }
    // Data may have moved; that it is the same is seen from its content.
    if given.has("data") {
        recipe.data = asked.data;
    }
    Ok((recipe, checkpoint.run()))
}

/// The settings that must stay, by the names of their options.
fn settings(recipe: &Recipe) -> [(&'static str, String); 13] {
    let optimizer = &recipe.optimizer;
    let or_none = |number: Option<f64>| number.map_or("none".to_owned(), |number| number.to_string());
    let hidden: Vec<String> = recipe.hidden.iter().map(usize::to_string).collect();
    [
        ("hidden", hidden.join(",")),
        ("activation", recipe.activation.to_string()),
        ("init", recipe.init.to_string()),
        ("optimizer", optimizer.rule.to_string()),
        ("learning_rate", optimizer.learning_rate.to_string()),
        ("momentum", or_none(optimizer.momentum)),
        ("weight_decay", optimizer.weight_decay.to_string()),
        ("clip", or_none(optimizer.clip)),
        ("schedule", recipe.schedule.to_string()),
        ("batch", recipe.batch.to_string()),
        ("without_replacement", (recipe.drawing == Drawing::WithoutReplacement).to_string()),
        ("seed", recipe.seed.to_string()),
        ("precision", recipe.precision.to_string()),
    ]
}
