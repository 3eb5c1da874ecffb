//! Images and bars, drawn with characters.

use std::fmt::Write;

/// One image as lines of text, two rows of pixels a line: as half blocks in 256-colour grey, or without colour as
/// blocks of four shades. 0 is dark, as on a terminal.
pub fn draw(pixels: &[u8], columns: usize, colour: bool) -> Vec<String> {
    let rows: Vec<&[u8]> = pixels.chunks(columns).collect();
    let blank = vec![0; columns];
    rows.chunks(2)
        .map(|pair| {
            let (upper, lower) = (pair[0], pair.get(1).copied().unwrap_or(&blank));
            let cells = upper.iter().zip(lower);
            if colour { coloured(cells) } else { cells.map(|(upper, lower)| shade(*upper, *lower)).collect() }
        })
        .collect()
}

/// The upper pixel is the colour of the half block, the lower one that of its ground.
fn coloured<'a>(cells: impl Iterator<Item = (&'a u8, &'a u8)>) -> String {
    let mut text = String::new();
    let mut before = None;
    for (upper, lower) in cells {
        let colours = (grey(*upper), grey(*lower));
        if before != Some(colours) {
            // Writing to a string cannot fail.
            let _ = write!(text, "\x1b[38;5;{};48;5;{}m", colours.0, colours.1);
            before = Some(colours);
        }
        text.push('▀');
    }
    text + "\x1b[0m"
}

/// The nearest of the 256 colours: black, 24 greys from 8 to 238 in steps of 10, white.
fn grey(lightness: u8) -> u8 {
    match lightness {
        0..=3 => 16,
        4..=246 => 232 + (lightness.saturating_sub(3) / 10).min(23),
        247.. => 231,
    }
}

fn shade(upper: u8, lower: u8) -> char {
    [' ', '░', '▒', '▓', '█'][(usize::from(upper) + usize::from(lower) + 63) / 128]
}

/// A bar as long as `share` of `width` characters, to an eighth of a character.
pub fn bar(share: f64, width: usize) -> String {
    let eighths = (share.clamp(0.0, 1.0) * (8 * width) as f64).round() as usize;
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_run_from_blank_to_full() {
        let image = [0, 255, 60, 128, 0, 0, 255, 60, 128, 255];
        assert_eq!(draw(&image, 5, false), [" █░▒▒"]);
        assert_eq!(draw(&[255, 255, 255], 1, false), ["█", "▒"]);
    }

    #[test]
    fn colours_are_the_nearest_greys_and_end_with_the_line() {
        assert_eq!(draw(&[0, 0, 255, 255], 2, true), ["\x1b[38;5;16;48;5;231m▀▀\x1b[0m"]);
        for lightness in 0..=255_u8 {
            let shown = match grey(lightness) {
                16 => 0,
                231 => 255,
                level => 8 + 10 * (i32::from(level) - 232),
            };
            // Half a step of 10; between 238 and white, half of 17.
            assert!((shown - i32::from(lightness)).abs() <= 8, "{lightness} is shown as {shown}");
        }
    }

    #[test]
    fn bars_have_the_length_of_their_share() {
        assert_eq!((bar(0.0, 10), bar(1.0, 3), bar(0.5, 3)), (String::new(), "███".into(), "█▌".into()));
        assert_eq!(bar(f64::NAN, 3), "");
        assert_eq!(bar(7.0, 2), "██");
    }
}
