//! The marks by which written files are known again.

/// How long the beginning of a file is in which its mark stands.
const BEGINNING: usize = 1024;

/// A kind of file that is written here. Each has a mark of its own near its beginning, so that a program can refuse to
/// replace any other file, however alike it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileSignature {
    /// A graph for the terminal.
    GraphText,
    /// A graph for Graphviz.
    GraphDot,
    /// A graph as a picture.
    GraphSvg,
    /// A graph as a page.
    GraphPage,
    /// A graph as JSON.
    GraphJson,
    /// The page of an image's story.
    Explanation,
    /// The page of a training's report.
    Report,
    /// The figures of a report as CSV.
    Figures,
    /// The page of a gradient check.
    CheckPage,
    /// A gradient check as Markdown.
    CheckMarkdown,
    /// The page of a diagnosis.
    DiagnosisPage,
}

impl FileSignature {
    /// All of them.
    pub const ALL: [FileSignature; 11] = [
        FileSignature::GraphText,
        FileSignature::GraphDot,
        FileSignature::GraphSvg,
        FileSignature::GraphPage,
        FileSignature::GraphJson,
        FileSignature::Explanation,
        FileSignature::Report,
        FileSignature::Figures,
        FileSignature::CheckPage,
        FileSignature::CheckMarkdown,
        FileSignature::DiagnosisPage,
    ];

    /// What stands in the file.
    pub fn text(self) -> &'static str {
        match self {
            FileSignature::GraphText => "Above each line: the value, forward ",
            FileSignature::GraphDot => "// A graph, drawn by Retrograde.",
            FileSignature::GraphSvg => "<!-- A graph, drawn by Retrograde. -->",
            FileSignature::GraphPage => "<meta name=\"generator\" content=\"Retrograde, graph\">",
            FileSignature::GraphJson => "{\"format\":\"retrograde trace\"",
            FileSignature::Explanation => "<meta name=\"generator\" content=\"Retrograde, explanation\">",
            FileSignature::Report => "<meta name=\"generator\" content=\"Retrograde, report\">",
            FileSignature::Figures => "figure,of,step,value\n",
            FileSignature::CheckPage => "<meta name=\"generator\" content=\"Retrograde, gradient check\">",
            FileSignature::CheckMarkdown => "<!-- A gradient check by Retrograde. -->",
            FileSignature::DiagnosisPage => "<meta name=\"generator\" content=\"Retrograde, diagnosis\">",
        }
    }

    /// Whether these bytes, the first of a file or all of them, have this mark where it belongs.
    pub fn is_in(self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(BEGINNING)]);
        match self {
            // Nothing can stand beside a table's heading: what is known is also how its first row begins, which is of an
            // evaluation where no step was done.
            FileSignature::Figures => text.strip_prefix(self.text()).is_some_and(|rows| {
                rows.is_empty() || ["loss,batch,", "loss,train,"].iter().any(|row| rows.starts_with(row))
            }),
            FileSignature::GraphJson | FileSignature::CheckMarkdown => text.starts_with(self.text()),
            // Below the title and an empty line.
            FileSignature::GraphText => text.lines().nth(2).is_some_and(|line| line.starts_with(self.text())),
            _ => text.contains(self.text()),
        }
    }
}
