//! Loss curves as lines of blocks.

use crate::outcome::Outcome;
use std::fmt::Write;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Two losses whose ratio is below this are drawn on a linear scale.
const LINEAR: f64 = 100.0;

/// One line for each curve, over the same range of steps and losses: its name, its blocks, its first and last loss.
pub(super) fn lines(curves: &[(String, &Outcome)], width: usize) -> String {
    let losses = || curves.iter().flat_map(|(_, outcome)| outcome.curve.iter().map(|(_, loss)| *loss));
    let finite = || losses().filter(|loss| loss.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let is_log = low > 0.0 && high / low > LINEAR;
    let scale =
        |loss: f64| if is_log { (loss / low).ln() / (high / low).ln() } else { (loss - low) / (high - low) };
    let longest =
        curves.iter().map(|(name, _)| retrograde_base::text_width::columns(name)).max().unwrap_or(0);
    let last = curves
        .iter()
        .filter_map(|(_, outcome)| outcome.curve.last())
        .map(|(step, _)| *step)
        .max()
        .unwrap_or(1);
    let mut text = String::new();
    for (name, outcome) in curves {
        let padding = longest - retrograde_base::text_width::columns(name);
        // Writing to a string cannot fail.
        let _ = write!(text, "  {name}{:padding$}  ", "");
        let mut points = outcome.curve.iter().peekable();
        let mut current = None;
        for column in 0..width {
            let step = last * (column as u64 + 1) / width as u64;
            while points.peek().is_some_and(|(at, _)| *at <= step) {
                current = points.next().map(|(_, loss)| *loss);
            }
            let is_over = outcome.curve.last().is_none_or(|(end, _)| step > *end && column > 0);
            text.push(match current.or_else(|| outcome.curve.first().map(|(_, loss)| *loss)) {
                _ if is_over && column > 0 && step.saturating_sub(last / width as u64) >= outcome.steps => {
                    ' '
                }
                Some(loss) if loss.is_finite() && high > low => {
                    BLOCKS[(scale(loss).clamp(0.0, 1.0) * 7.0).round() as usize]
                }
                Some(loss) if loss.is_finite() => BLOCKS[3],
                Some(_) => '×',
                None => ' ',
            });
        }
        let word = |loss: f64| if loss.is_finite() { crate::text::numeral(loss) } else { loss.to_string() };
        let ends = (outcome.curve.first(), outcome.curve.last());
        if let (Some((_, first)), Some((_, last))) = ends {
            let _ = write!(text, "  {} → {}", word(*first), word(*last));
        }
        text.push('\n');
    }
    text
}
