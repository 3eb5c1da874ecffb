//! A canvas of character cells: lines, frames and text, printed with or without color.
//!
//! A cell stores the lines that touch it and their nets, and becomes a character only when it is printed: a corner, a joint
//! (`●`) where a value branches, or a crossing (`┼`) of two values. As in a circuit diagram, lines are joined only at a
//! dot.

use retrograde_base::text_width::columns_of;
use std::fmt::Write;

/// The role of a character, which determines its color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Name,
    Operation,
    Value,
    Gradient,
    Line,
}

impl Ink {
    /// The terminal's own colors that are readable on light and dark backgrounds.
    fn code(self) -> &'static str {
        match self {
            Ink::Plain => "",
            Ink::Name | Ink::Operation => "1",
            Ink::Value => "36",
            Ink::Gradient => "35",
            Ink::Line => "2",
        }
    }

    /// A text in this color.
    pub(crate) fn write(self, text: &str, color: bool) -> String {
        if !color || self == Ink::Plain || text.is_empty() {
            return text.to_string();
        }
        format!("\u{1b}[{}m{text}\u{1b}[0m", self.code())
    }
}

/// The characters of lines, in Unicode or in ASCII.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoxDrawing {
    horizontal: char,
    vertical: char,
    /// Corners that join down and right, down and left, up and right, up and left.
    corners: [char; 4],
    frame_corners: [char; 4],
    /// The side of a frame.
    frame_side: char,
    /// The exit of a line from a frame.
    exit: char,
    joint: char,
    crossing: char,
    arrow: char,
}

const UNICODE: BoxDrawing = BoxDrawing {
    horizontal: '─',
    vertical: '│',
    corners: ['╭', '╮', '╰', '╯'],
    frame_corners: ['╭', '╮', '╰', '╯'],
    frame_side: '│',
    exit: '├',
    joint: '●',
    crossing: '┼',
    arrow: '▶',
};

const ASCII: BoxDrawing = BoxDrawing {
    horizontal: '-',
    vertical: '|',
    corners: ['.', '.', '\'', '\''],
    frame_corners: ['+', '+', '+', '+'],
    frame_side: '|',
    exit: '|',
    joint: 'o',
    crossing: '+',
    arrow: '>',
};

/// Cells in rows and columns.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, Default)]
struct Cell {
    /// A character with its combining marks, or the second half of a wide one (empty).
    written: Option<(String, Ink)>,
    /// The net of a horizontal line, and the sides that it touches: left, right.
    across: Option<(usize, [bool; 2])>,
    /// The net of a vertical line, and the sides that it touches: up, down.
    along: Option<(usize, [bool; 2])>,
}

impl Canvas {
    fn cell(&mut self, row: usize, column: usize) -> &mut Cell {
        if self.rows.len() <= row {
            self.rows.resize(row + 1, Vec::new());
        }
        let cells = &mut self.rows[row];
        if cells.len() <= column {
            cells.resize(column + 1, Cell::default());
        }
        &mut cells[column]
    }

    /// Writes a text that starts in this column.
    pub(super) fn write(&mut self, row: usize, column: usize, text: &str, ink: Ink) {
        let mut at = column;
        for letter in text.chars() {
            match columns_of(letter) {
                0 if at > column => {
                    // A combining mark belongs to the previous character, which may have two cells.
                    let before = (column..at).rev().find(|&before| {
                        let written = self.cell(row, before).written.as_ref();
                        written.is_some_and(|(text, _)| !text.is_empty())
                    });
                    if let Some((text, _)) = before.and_then(|before| self.cell(row, before).written.as_mut())
                    {
                        text.push(letter);
                    }
                }
                0 => {}
                width => {
                    self.cell(row, at).written = Some((letter.to_string(), ink));
                    for half in 1..width {
                        self.cell(row, at + half).written = Some((String::new(), ink));
                    }
                    at += width;
                }
            }
        }
    }

    /// Draws a line of `net` along a row.
    pub(super) fn across(&mut self, net: usize, row: usize, from: usize, to: usize) {
        for column in from..=to {
            let (_, sides) = self.cell(row, column).across.get_or_insert((net, [false; 2]));
            *sides = [sides[0] || column > from, sides[1] || column < to];
        }
    }

    /// Draws a line of `net` along a column.
    pub(super) fn along(&mut self, net: usize, column: usize, from: usize, to: usize) {
        for row in from..=to {
            let (_, sides) = self.cell(row, column).along.get_or_insert((net, [false; 2]));
            *sides = [sides[0] || row > from, sides[1] || row < to];
        }
    }

    /// Draws the head of an arrow.
    pub(super) fn arrow(&mut self, row: usize, column: usize, ascii: bool) {
        self.write(row, column, &box_drawing(ascii).arrow.to_string(), Ink::Line);
    }

    /// Draws a frame with exits on its right side.
    pub(super) fn frame(
        &mut self,
        rows: (usize, usize),
        columns: (usize, usize),
        exits: &[usize],
        ascii: bool,
    ) {
        let box_drawing = box_drawing(ascii);
        for (row, corners) in
            [(rows.0, &box_drawing.frame_corners[..2]), (rows.1, &box_drawing.frame_corners[2..])]
        {
            let inner = box_drawing.horizontal.to_string().repeat(columns.1 - columns.0 - 1);
            self.write(row, columns.0, &format!("{}{inner}{}", corners[0], corners[1]), Ink::Plain);
        }
        for row in rows.0 + 1..rows.1 {
            let right = if exits.contains(&row) { box_drawing.exit } else { box_drawing.frame_side };
            self.write(row, columns.0, &box_drawing.frame_side.to_string(), Ink::Plain);
            self.write(row, columns.1, &right.to_string(), Ink::Plain);
        }
    }

    /// The width in columns.
    pub(super) fn width(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// The rows as text, without trailing spaces.
    pub(super) fn print(&self, color: bool, ascii: bool) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let mut runs: Vec<(Ink, String)> = Vec::new();
            for cell in row {
                let (letter, ink) = cell.letter(ascii);
                match runs.last_mut() {
                    Some((last, run)) if *last == ink => run.push_str(&letter),
                    _ => runs.push((ink, letter)),
                }
            }
            if let Some((Ink::Plain, run)) = runs.last_mut() {
                run.truncate(run.trim_end().len());
            }
            for (ink, run) in runs {
                text.push_str(&ink.write(&run, color));
            }
            let _ = writeln!(text);
        }
        text
    }
}

impl Cell {
    fn letter(&self, ascii: bool) -> (String, Ink) {
        if let Some((text, ink)) = &self.written {
            return (text.clone(), *ink);
        }
        let box_drawing = box_drawing(ascii);
        let letter = match (self.across, self.along) {
            (None, None) => return (" ".into(), Ink::Plain),
            (Some(_), None) => box_drawing.horizontal,
            (None, Some(_)) => box_drawing.vertical,
            (Some((a, _)), Some((b, _))) if a != b => box_drawing.crossing,
            (Some((_, [left, right])), Some((_, [up, down]))) => match (left, right, up, down) {
                (false, true, false, true) => box_drawing.corners[0],
                (true, false, false, true) => box_drawing.corners[1],
                (false, true, true, false) => box_drawing.corners[2],
                (true, false, true, false) => box_drawing.corners[3],
                _ => box_drawing.joint,
            },
        };
        (letter.into(), Ink::Line)
    }
}

fn box_drawing(ascii: bool) -> &'static BoxDrawing {
    if ascii { &ASCII } else { &UNICODE }
}
