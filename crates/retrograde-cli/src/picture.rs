//! Images and bars as text.

use std::fmt::Write;

/// An image as lines of text, two rows of pixels per line: half blocks in 256-color gray, or blocks of four shades. 0 is
/// dark, as on a terminal.
pub fn draw(pixels: &[u8], columns: usize, color: bool) -> Vec<String> {
    let rows: Vec<&[u8]> = pixels.chunks(columns).collect();
    let blank = vec![0; columns];
    rows.chunks(2)
        .map(|pair| {
            let (upper, lower) = (pair[0], pair.get(1).copied().unwrap_or(&blank));
            let cells = upper.iter().zip(lower);
            if color { colored(cells) } else { cells.map(|(upper, lower)| shade(*upper, *lower)).collect() }
        })
        .collect()
}

/// The upper pixel is the foreground of the half block, the lower one its background.
fn colored<'a>(cells: impl Iterator<Item = (&'a u8, &'a u8)>) -> String {
    let mut text = String::new();
    let mut before = None;
    for (upper, lower) in cells {
        let colors = (gray(*upper), gray(*lower));
        if before != Some(colors) {
            // Writing to a string cannot fail.
            let _ = write!(text, "\x1b[38;5;{};48;5;{}m", colors.0, colors.1);
            before = Some(colors);
        }
        text.push('▀');
    }
    text + "\x1b[0m"
}

/// The nearest of the 256 colors: black, 24 grays from 8 to 238 in steps of 10, white.
fn gray(lightness: u8) -> u8 {
    match lightness {
        0..=3 => 16,
        4..=246 => 232 + (lightness.saturating_sub(3) / 10).min(23),
        247.. => 231,
    }
}

fn shade(upper: u8, lower: u8) -> char {
    [' ', '░', '▒', '▓', '█'][(usize::from(upper) + usize::from(lower) + 63) / 128]
}

/// A bar of `fraction` of `width` characters, to an eighth of a character.
pub fn bar(fraction: f64, width: usize) -> String {
    let eighths = (fraction.clamp(0.0, 1.0) * (8 * width) as f64).round() as usize;
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_range_from_blank_to_full() {
        let image = [0, 255, 60, 128, 0, 0, 255, 60, 128, 255];
        assert_eq!(draw(&image, 5, false), [" █░▒▒"]);
        assert_eq!(draw(&[255, 255, 255], 1, false), ["█", "▒"]);
    }

    #[test]
    fn colors_are_the_nearest_grays_and_reset_at_the_end() {
        assert_eq!(draw(&[0, 0, 255, 255], 2, true), ["\x1b[38;5;16;48;5;231m▀▀\x1b[0m"]);
        for lightness in 0..=255_u8 {
            let shown = match gray(lightness) {
                16 => 0,
                231 => 255,
                level => 8 + 10 * (i32::from(level) - 232),
            };
            // Half a step of 10; between 238 and white, half of 17.
            assert!((shown - i32::from(lightness)).abs() <= 8, "{lightness} is shown as {shown}");
        }
    }

    #[test]
    fn bars_have_the_length_of_their_fraction() {
        assert_eq!((bar(0.0, 10), bar(1.0, 3), bar(0.5, 3)), (String::new(), "███".into(), "█▌".into()));
        assert_eq!(bar(f64::NAN, 3), "");
        assert_eq!(bar(7.0, 2), "██");
    }
}
