//! Panels of curves and bars as one SVG file, drawn by plotters.

use super::Curve;
use plotters::prelude::*;
use retrograde::{Error, Result};

/// One plot of a figure.
pub struct Panel {
    /// Its heading.
    pub title: String,
    /// What the axes are.
    pub axes: [&'static str; 2],
    /// The numbers at the left, right, bottom and top.
    pub range: [f64; 4],
    /// What is drawn.
    pub marks: Vec<Marks>,
    /// Whether the names of the lines are shown.
    pub legend: bool,
}

/// What is drawn in a panel.
pub enum Marks {
    /// A line with its name in the legend.
    Line { name: String, points: Curve },
    /// A thin gray line without a name, such as a contour.
    Contour { points: Curve },
    /// Bars of this width from 0, by their left edges.
    Bars { width: f64, bars: Curve },
}

/// Blue, orange, green, purple: distinguishable with any color vision.
const COLORS: [RGBColor; 4] =
    [RGBColor(31, 100, 200), RGBColor(220, 95, 20), RGBColor(20, 140, 90), RGBColor(140, 70, 170)];
const GRAY: RGBColor = RGBColor(190, 190, 190);

/// Draws panels of this width and height, so many side by side.
pub fn draw(panels: &[Panel], columns: usize, (width, height): (u32, u32)) -> Result<String> {
    let mut svg = String::new();
    drawn(&mut svg, panels, columns.max(1), (width, height)).map_err(|error| {
        Error::invalid("figure", error.to_string(), "give each panel a range that is not empty")
    })?;
    Ok(svg)
}

/// A label of an axis: `10000`, `0.5`.
fn number(x: f64) -> String {
    format!("{}", (x * 1000.0).round() / 1000.0)
}

fn drawn(
    svg: &mut String,
    panels: &[Panel],
    columns: usize,
    (width, height): (u32, u32),
) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let rows = panels.len().div_ceil(columns).max(1);
    let root =
        SVGBackend::with_string(svg, (width * columns as u32, height * rows as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    for (panel, area) in panels.iter().zip(root.split_evenly((rows, columns))) {
        let [left, right, bottom, top] = panel.range;
        let mut chart = ChartBuilder::on(&area)
            .caption(&panel.title, ("sans-serif", 15))
            .margin(8)
            .margin_right(24)
            .x_label_area_size(34)
            .y_label_area_size(46)
            .build_cartesian_2d(left..right, bottom..top)?;
        let [across, up] = panel.axes;
        let mut mesh = chart.configure_mesh();
        mesh.disable_mesh().x_labels(5).y_labels(5).x_desc(across).y_desc(up);
        mesh.x_label_formatter(&|x| number(*x)).y_label_formatter(&|y| number(*y)).draw()?;
        let mut named = 0;
        for marks in &panel.marks {
            match marks {
                Marks::Contour { points } => {
                    chart.draw_series(LineSeries::new(points.iter().copied(), GRAY))?;
                }
                Marks::Bars { width, bars } => {
                    let color = COLORS[0].mix(0.7).filled();
                    let bar =
                        |&(x, y): &(f64, f64)| Rectangle::new([(x, 0.0), (x + width, y.min(top))], color);
                    chart.draw_series(bars.iter().map(bar))?;
                }
                Marks::Line { name, points } => {
                    let color = COLORS[named % COLORS.len()];
                    let inside = |(x, y): (f64, f64)| (x, y.clamp(bottom, top));
                    let line = points.iter().copied().map(inside);
                    let line = LineSeries::new(line, color.stroke_width(2));
                    let key = move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2));
                    chart.draw_series(line)?.label(name).legend(key);
                    named += 1;
                }
            }
        }
        if panel.legend {
            let position = SeriesLabelPosition::MiddleRight;
            chart.configure_series_labels().position(position).background_style(WHITE.mix(0.8)).draw()?;
        }
    }
    root.present()?;
    Ok(())
}
