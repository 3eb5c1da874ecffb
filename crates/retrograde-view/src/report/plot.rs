//! Curves as SVG, drawn by plotters.
//!
//! Plotters draws with colors; the page needs classes, so that the style sheet determines the colors in light and dark. So
//! each class has a placeholder color, which is replaced by the class.

use crate::summary::rough;
use plotters::coord::Shift;
use plotters::coord::combinators::BindKeyPoints;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;
use retrograde_base::error::{Error, Result};

/// A curve.
#[derive(Debug)]
pub(super) struct Curve {
    /// The class of its line.
    pub class: Class,
    /// Steps and values.
    pub points: Vec<(u64, f64)>,
}

/// The style of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Class {
    /// The index of its color; `None` for the pale one.
    pub color: Option<u8>,
    /// The index of its dash pattern: 0 for none.
    pub dashes: u8,
}

/// The number of colors of the style sheet.
pub(super) const COLORS: u8 = 8;
/// The number of dash patterns.
pub(super) const DASHES: u8 = 3;

impl Class {
    /// The class in the page.
    pub fn name(self) -> String {
        match self.color {
            None => format!("line pale d{}", self.dashes % DASHES),
            Some(color) => format!("line c{} d{}", color % COLORS, self.dashes % DASHES),
        }
    }

    /// The placeholder color for plotters.
    fn stand_in(self) -> RGBColor {
        RGBColor(1, self.color.map_or(255, |color| color % COLORS), self.dashes % DASHES)
    }
}

/// A plot, with the mapping between pixels and values.
#[derive(Debug)]
pub(super) struct Plot {
    /// The element.
    pub svg: String,
    /// The pixels of the plane: left, right, top, bottom.
    pub plane: [i32; 4],
    /// The steps at left and right.
    pub steps: (f64, f64),
    /// The values at the bottom and the top.
    pub values: (f64, f64),
    /// Whether the scale of the values is logarithmic.
    pub logarithmic: bool,
}

/// Its width and height. Plotters rounds to whole pixels, which is not visible at this size.
pub(super) const SIZE: (u32, u32) = (2080, 1120);
/// The font size; the page shows a plot at a quarter of this size.
const LETTERS: f64 = 52.0;
const GRID: RGBColor = RGBColor(0, 0, 1);
const AXIS: RGBColor = RGBColor(0, 0, 2);
const LABEL: RGBColor = RGBColor(0, 0, 3);

/// Draws curves over steps from 0 to `steps`; `unit` determines the axis of values.
pub(super) fn draw(curves: &[Curve], steps: u64, unit: Unit) -> Result<Plot> {
    // Larger numbers overflow in differences.
    let tame = |x: &f64| if x.is_finite() { x.clamp(-1e290, 1e290) } else { *x };
    let numbers = || curves.iter().flat_map(|curve| curve.points.iter().map(|point| tame(&point.1)));
    let logarithmic = match unit {
        Unit::Logarithm => true,
        Unit::Falling => is_steep(numbers(), 8.0),
        Unit::Number | Unit::Share => is_steep(numbers(), 1e3),
    };
    let values = range(numbers(), logarithmic, unit);
    let steps = (0.0, steps.max(1) as f64);
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    let across = steps.0..steps.1;
    let plane = if logarithmic {
        let up = (values.0..values.1).log_scale().with_key_points(powers(values));
        fill(&root, curves, across, up, values, &|y| power(*y), |y| y > 0.0)
    } else if unit == Unit::Share {
        fill(
            &root,
            curves,
            across,
            values.0..values.1,
            values,
            &|y| format!("{} %", rough(100.0 * y)),
            |_| true,
        )
    } else {
        fill(&root, curves, across, values.0..values.1, values, &|y| rough(*y), |_| true)
    };
    let plane = plane.map_err(|error| {
        Error::invalid("a plot", error.to_string(), "this is a fault of the report: please tell its makers")
    })?;
    drop(root);
    Ok(Plot { svg: classes(&svg), plane, steps, values, logarithmic })
}

/// The unit of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Numbers from 0.
    Number,
    /// Numbers from 0 with a steep beginning, such as a loss.
    Falling,
    /// Fractions, shown in percent.
    Share,
    /// Numbers on a logarithmic scale.
    Logarithm,
}

/// Whether a linear axis would be dominated by outliers: the largest number is more than `factor` times the median.
fn is_steep(numbers: impl Iterator<Item = f64>, factor: f64) -> bool {
    let positive: Vec<f64> = numbers.filter(|x| *x > 0.0 && x.is_finite()).collect();
    let high = positive.iter().copied().fold(0.0, f64::max);
    middle(positive).is_some_and(|middle| high > factor * middle)
}

/// The median; of an even count the lower of the two.
fn middle(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len().saturating_sub(1) / 2).copied()
}

fn ends(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = numbers.filter(|x| x.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
}

/// The values at the bottom and the top of a plot.
fn range(numbers: impl Iterator<Item = f64>, logarithmic: bool, unit: Unit) -> (f64, f64) {
    if logarithmic {
        let positive: Vec<f64> = numbers.filter(|x| *x > 0.0 && x.is_finite()).collect();
        let (low, high) = ends(positive.iter().copied());
        let Some(middle) = middle(positive) else { return (0.1, 1.0) };
        // An outlier is drawn at the edge.
        return (low.max(middle * 1e-5).max(1e-290) / 1.3, high.min(middle * 1e4).max(1e-290) * 1.3);
    }
    let (low, high) = ends(numbers);
    match unit {
        _ if low > high => (0.0, 1.0),
        Unit::Share => {
            let (low, high) = (low.clamp(0.0, 1.0), high.clamp(0.0, 1.0));
            let gap = if high - low < 0.01 { 0.025 } else { (high - low) * 0.06 };
            ((low - gap).max(0.0), (high + gap).min(1.0))
        }
        _ => (low.min(0.0), if high > low.min(0.0) { high * 1.05 } else { 1.0 }),
    }
}

type PlotError = Box<dyn std::error::Error + Send + Sync>;

/// Draws grid and curves, and returns the pixels of the plane.
fn fill<Y>(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    curves: &[Curve],
    across: std::ops::Range<f64>,
    up: Y,
    values: (f64, f64),
    value: &dyn Fn(&f64) -> String,
    shows: impl Fn(f64) -> bool,
) -> Result<[i32; 4], PlotError>
where
    Y: plotters::coord::ranged1d::AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(root)
        .margin_top(28)
        .margin_right(64)
        .x_label_area_size(104)
        .y_label_area_size(212)
        .build_cartesian_2d(across, up)?;
    chart
        .configure_mesh()
        .x_labels(7)
        .y_labels(7)
        .max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(AXIS)
        .label_style(("sans-serif", LETTERS).into_font().color(&LABEL))
        // There is no half step.
        .x_label_formatter(&|step| if step.fract() == 0.0 { thousands(*step) } else { String::new() })
        .y_label_formatter(value)
        .draw()?;
    for curve in curves {
        let points = curve.points.iter().filter(|point| point.1.is_finite() && shows(point.1));
        let mut points: Vec<(f64, f64)> =
            points.map(|&(step, value)| (step as f64, value.clamp(values.0, values.1))).collect();
        if let [point] = points[..] {
            // The round caps of a line of length 0 are a dot.
            points.push(point);
        }
        chart.draw_series(LineSeries::new(points, curve.class.stand_in()))?;
    }
    let (x, y) = chart.plotting_area().get_pixel_range();
    root.present()?;
    Ok([x.start, x.end, y.start, y.end])
}

/// A number of steps with a thousands separator.
pub(super) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digit.is_ascii_digit() && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The labels of a logarithmic axis: at powers of ten, and if these are few, at twice and five times them, too.
fn powers((low, high): (f64, f64)) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let between: &[f64] = if last - first <= 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = ((last - first) / 6).max(1) as usize;
    let all =
        (first..=last).step_by(every).flat_map(|power| between.iter().map(move |x| x * 10_f64.powi(power)));
    all.filter(|x| (low..=high).contains(x)).collect()
}

/// A number, with a power of ten if it is far from one: `0.001` is `10⁻³`.
fn power(number: f64) -> String {
    if (0.009..9_999.0).contains(&number) {
        return rough(number);
    }
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let raised: String = exponent
        .chars()
        .map(|letter| match letter {
            '-' => '⁻',
            letter => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][letter as usize - '0' as usize],
        })
        .collect();
    match (digits, exponent) {
        (_, "0") => digits.to_string(),
        ("1", _) => format!("10{raised}"),
        _ => format!("{digits}·10{raised}"),
    }
}

/// The drawing with classes in place of colors, scaled to its container.
fn classes(svg: &str) -> String {
    let hexadecimal = |RGBColor(r, g, b): RGBColor| format!("#{r:02X}{g:02X}{b:02X}");
    let mut text = svg.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "");
    let size = format!(" width=\"{}\" height=\"{}\"", SIZE.0, SIZE.1);
    text =
        text.replacen(&size, " role=\"img\" aria-hidden=\"true\"", 1).replace(">\n", ">").replace("\n<", "<");
    for (color, class) in [(GRID, "grid"), (AXIS, "axis")] {
        let drawn = format!("stroke=\"{}\" stroke-width=\"1\"", hexadecimal(color));
        text = text.replace(&drawn, &format!("class=\"{class}\""));
    }
    text = text.replace(&format!("fill=\"{}\"", hexadecimal(LABEL)), "class=\"label\"");
    for color in (0..COLORS).map(Some).chain([None]) {
        for dashes in 0..DASHES {
            let class = Class { color, dashes };
            let drawn = format!("stroke=\"{}\" stroke-width=\"1\"", hexadecimal(class.stand_in()));
            text = text.replace(&drawn, &format!("class=\"{}\"", class.name()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(values: &[f64]) -> Curve {
        let class = Class { color: Some(2), dashes: 1 };
        Curve { class, points: (1..).zip(values.iter().copied()).collect() }
    }

    #[test]
    fn points_lie_where_the_page_reads_them() -> Result<()> {
        for unit in [Unit::Number, Unit::Falling, Unit::Share, Unit::Logarithm] {
            let plot = draw(&[curve(&[0.5, 0.25])], 2, unit)?;
            let [left, right, top, bottom] = plot.plane;
            let scale = |x: f64| if plot.logarithmic { x.ln() } else { x };
            let share = |x: f64, (low, high)| (scale(x) - scale(low)) / (scale(high) - scale(low));
            let x = f64::from(left) + f64::from(right - left) * (1.0 / 2.0);
            let y = f64::from(bottom) - f64::from(bottom - top) * share(0.5, plot.values);
            let line = plot.svg.split("class=\"line c2 d1\" points=\"").nth(1).expect("the line");
            let first: Vec<f64> =
                line.split([',', ' ']).take(2).map(|number| number.parse().expect("a number")).collect();
            assert!((first[0] - x).abs() <= 2.0 && (first[1] - y).abs() <= 2.0, "{first:?} is not {x}, {y}");
            assert!(!plot.svg.contains("#0"), "no color is left: {}", plot.svg);
        }
        Ok(())
    }

    #[test]
    fn whatever_comes_is_drawn() -> Result<()> {
        let cases: [&[f64]; 9] = [
            &[],
            &[1.0],
            &[0.0, 0.0],
            &[-1.0, 2.0],
            &[f64::NAN, f64::INFINITY],
            &[1e-320, 1.0],
            &[1e300, 2.0, f64::MAX],
            &[2.3, 1e30],
            &[f64::MIN, f64::MAX],
        ];
        for values in cases {
            for unit in [Unit::Number, Unit::Falling, Unit::Share, Unit::Logarithm] {
                let plot = draw(&[curve(values), curve(&[])], values.len() as u64, unit)?;
                assert!(plot.svg.starts_with("<svg") && plot.svg.trim_end().ends_with("</svg>"));
                assert!(plot.values.0 < plot.values.1, "{values:?}: {:?}", plot.values);
            }
        }
        Ok(())
    }

    #[test]
    fn numbers_are_read_easily() {
        for (number, text) in [(0.0, "0"), (999.0, "999"), (10_000.0, "10,000"), (1_234_567.0, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
        for (number, text) in
            [(0.01, "0.01"), (1e-3, "10⁻³"), (1.0, "1"), (2e-5, "2·10⁻⁵"), (1e12, "10¹²"), (1.5, "1.5")]
        {
            assert_eq!(power(number), text);
        }
    }
}
