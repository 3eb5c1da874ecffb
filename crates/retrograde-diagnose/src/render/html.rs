//! A diagnosis as a part of a page: the top of a training report, or a notebook's output.

use crate::diagnosis::Diagnosis;
use crate::outcome::Outcome;
use crate::text::Sentence;
use retrograde_base::Result;
use retrograde_base::file_signature::FileSignature;
use retrograde_base::files::write_whole;
use retrograde_base::markup::{both, escaped as escape};
use retrograde_base::page::{COMMON_SCRIPT, HEAD, LANGUAGE_SCRIPT, REPORT_STYLE, THEME};
use retrograde_check::Language;
use std::fmt::Write;
use std::path::Path;

/// The size of the picture of the curves, in pixels.
const SIZE: (f64, f64) = (640.0, 180.0);

impl Diagnosis {
    /// Writes the diagnosis as a self-contained page in both languages.
    ///
    /// # Errors
    /// [`Error::File`](retrograde_base::Error::File) if the file cannot be written.
    pub fn save_html(&self, path: impl AsRef<Path>) -> Result<()> {
        write_whole(path.as_ref(), self.page().as_bytes())
    }

    /// The page.
    fn page(&self) -> String {
        let sections = Language::ALL.map(|language| {
            let (code, section) = (language.code(), self.html(language));
            format!("<div lang=\"{code}\">{section}</div>")
        });
        let titles = Language::ALL.map(|language| Sentence::new("page-title").text(language));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n{HEAD}{mark}\n<title>{title} – Retrograde</title>\n\
            <style>{THEME}{REPORT_STYLE}</style></head>\n<body>\n<header><div><h1>{heading}</h1></div>\
            <nav><button type=\"button\" id=\"language\" lang=\"ko\">한국어</button>\
            <button type=\"button\" id=\"theme\">◐</button></nav></header>\n<main>{body}</main>\n\
            <footer>Retrograde {version}</footer>\n<script>{COMMON_SCRIPT}{LANGUAGE_SCRIPT}</script>\n</body></html>\n",
            mark = FileSignature::DiagnosisPage.text(),
            title = escape(&titles[0]),
            heading = both(&titles[0], &titles[1]),
            body = sections.concat(),
            version = env!("CARGO_PKG_VERSION")
        )
    }

    /// The diagnosis as a section of HTML, in one language, without styles or scripts of its own.
    pub fn html(&self, language: Language) -> String {
        let say = |sentence: &Sentence| escape(&sentence.text(language));
        let label = |id: &'static str| escape(&Sentence::new(id).text(language));
        let mut page = String::from("<section class=\"diagnosis\">\n");
        let _ = writeln!(page, "<p><strong>{}</strong></p>", say(&self.answer()));
        if let (Some(cause), Some(evidence)) = (self.cause, &self.evidence) {
            let title = say(&cause.title());
            let _ = writeln!(page, "<p>{}: <b>{title}</b> <code>{cause}</code></p>", label("label-cause"));
            let _ = writeln!(page, "<p>{}</p>", say(evidence));
        }
        for suggestion in self.suggestions() {
            let _ = writeln!(page, "<p>{}: {}</p>", label("label-help"), say(&suggestion));
        }
        if let Some(trial) = &self.repair {
            page.push_str(&picture(
                &[(label("curve-own"), &self.outcome), (label("curve-repaired"), &trial.outcome)],
                SIZE,
            ));
        }
        let mut list = |title: &'static str, items: Vec<String>| {
            if !items.is_empty() {
                let _ = writeln!(page, "<p>{}</p>\n<ul>", label(title));
                items.iter().for_each(|item| {
                    let _ = writeln!(page, "<li>{item}</li>");
                });
                page.push_str("</ul>\n");
            }
        };
        list(
            "label-others",
            self.other_repairs.iter().map(|trial| escape(&self.changes(trial, language))).collect(),
        );
        list("label-advice", self.advice.iter().map(|finding| say(&finding.evidence)).collect());
        page.push_str("</section>\n");
        page
    }
}

/// The curves as a picture: losses over steps, logarithmic where they differ much.
fn picture(curves: &[(String, &Outcome)], (width, height): (f64, f64)) -> String {
    let points = || curves.iter().flat_map(|(_, outcome)| &outcome.curve);
    let finite = || points().map(|(_, loss)| *loss).filter(|loss| loss.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let last = points().map(|(step, _)| *step).max().unwrap_or(1) as f64;
    let is_log = low > 0.0 && high / low > 100.0;
    let place = |step: u64, loss: f64| {
        let part = if is_log {
            (loss / low).ln() / (high / low).ln()
        } else {
            (loss - low) / (high - low).max(1e-300)
        };
        (10.0 + (width - 20.0) * step as f64 / last, height - 20.0 - (height - 40.0) * part)
    };
    let mut svg = format!("<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\">\n");
    let colours = ["#c0392b", "#1e8449"];
    for (index, ((name, outcome), colour)) in curves.iter().zip(colours).enumerate() {
        let mut line = String::new();
        for (step, loss) in outcome.curve.iter().filter(|(_, loss)| loss.is_finite()) {
            let (x, y) = place(*step, *loss);
            let _ = write!(line, "{x:.1},{y:.1} ");
        }
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{}\"/>",
            line.trim_end()
        );
        let x = 16.0 + 220.0 * index as f64;
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"14\" fill=\"{colour}\" font-size=\"12\">{name}</text>");
    }
    svg.push_str("</svg>\n");
    svg
}
