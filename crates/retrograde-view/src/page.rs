//! A trace as one self-contained page: it needs no server, no network and no other file.
//!
//! All layouts of the page are computed here, for every available combination of open layers; the page's script only draws
//! them. Names and source lines reach the page as JSON and are only set as text.

use super::diagram::scopes_of;
use super::document::Document;
use super::heat_map::{encoded, packed};
use super::html::{escaped, script_safe};
use super::scene::Scene;
use super::thumbnail::{Kind, Thumbnails};
use super::trace::{Intermediate, Trace, Value};
use retrograde_base::error::Result;
use retrograde_base::file_signature::FileSignature;
use retrograde_base::page::{COMMON_SCRIPT, THEME};
use retrograde_core::graph::Tensor;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const PAGE: &str = include_str!("assets/page.html");
const STYLE: &str = concat!(include_str!("assets/figure.css"), include_str!("assets/page.css"));
const SCRIPT: &str = concat!(
    include_str!("assets/words.js"),
    include_str!("assets/tensor.js"),
    include_str!("assets/figure.js"),
    include_str!("assets/moving.js"),
    include_str!("assets/play.js"),
    include_str!("assets/main.js")
);
/// The Korean texts of the list of operations; the page falls back to English.
const KOREAN: &str = include_str!("assets/korean.json");

/// The number of combinations of open scopes with a layout: of seven scopes all, of more scopes the small combinations that
/// fit, all scopes, and all but one.
const MOST_SCENES: usize = 128;

#[derive(Serialize)]
struct Data<'a> {
    heading: &'a str,
    document: Document,
    /// The initial scene.
    scenes: &'a [Scene],
    /// The other scenes as JSON, packed by zlib, in base 64: they are very similar.
    more: String,
    /// By the index of the tensor.
    pictures: BTreeMap<usize, Picture>,
    korean: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct Picture {
    kind: &'static str,
    /// The rows and columns of a tile.
    tile: [usize; 2],
    /// The number of tiles side by side.
    across: usize,
    /// The size of the thumbnail on the screen.
    size: [f64; 2],
    address: String,
    /// The size of the whole picture.
    pixels: [usize; 2],
    /// The whole picture, if it is not the thumbnail.
    #[serde(skip_serializing_if = "Option::is_none")]
    full: Option<String>,
}

impl Trace {
    /// One page to explore the graph: it opens layers, shows the values of clicked items and plays both passes step by
    /// step, in English and Korean. `heading` is its title.
    ///
    /// # Errors
    /// If it has too many boxes to draw, even with its scopes folded.
    pub fn html(&self, heading: &str) -> Result<String> {
        page(self, heading, "", FileSignature::GraphPage)
    }
}

/// The page of a trace, with HTML above the figure, and its file signature.
pub(super) fn page(trace: &Trace, heading: &str, prediction: &str, mark: FileSignature) -> Result<String> {
    let shown = Thumbnails::new(trace);
    let mut document = Document::new(trace, true);
    let mut pictures = BTreeMap::new();
    let mut scenes = Vec::new();
    for open in choices(trace) {
        let scene = Scene::new(trace, &shown, &open);
        let mut scene = match scene {
            Ok(scene) => scene,
            // Too large with this scope open: it stays folded.
            Err(_) if !scenes.is_empty() => continue,
            Err(error) => return Err(error),
        };
        for wire in &mut scene.wires {
            let gradient = if wire.edges.is_empty() {
                trace.output().gradient.clone()
            } else {
                trace.sum_of_gradients(wire.edges.iter().copied())
            };
            wire.value = document.value(wire.node);
            wire.gradient = gradient.as_ref().map(|gradient| document.tensor(gradient));
            if let (Some(place), Some(gradient)) = (wire.gradient, gradient) {
                picture(&mut pictures, shown.kind(wire.node), place, &gradient, true);
            }
        }
        scenes.push(scene);
    }
    for (number, node) in trace.nodes().iter().enumerate() {
        if let Value::Real(value) = &node.value {
            picture(&mut pictures, shown.kind(number), document.value(number), value, false);
        }
        if let Some(gradient) = &node.gradient {
            picture(&mut pictures, shown.kind(number), document.tensor(gradient), gradient, true);
        }
        for Intermediate { value, .. } in &node.intermediate {
            let kind = Kind::of_shape(value.shape());
            picture(&mut pictures, kind, document.tensor(value), value, false);
        }
    }
    let korean = serde_json::from_str(KOREAN).unwrap_or_default();
    let json = "names are texts and numbers are finite or words";
    let (first, others) = scenes.split_at(1);
    let more = serde_json::to_vec(others).expect(json);
    let more = if others.is_empty() { String::new() } else { encoded(&packed(&more)) };
    let data = Data { heading, document, scenes: first, more, pictures, korean };
    let data = serde_json::to_string(&data).expect(json);
    Ok(filled(&[
        ("mark", mark.text()),
        ("title", &escaped(heading)),
        ("style", &[THEME, STYLE].concat()),
        ("prediction", prediction),
        ("data", &script_safe(&data)),
        ("script", &[COMMON_SCRIPT, SCRIPT].concat()),
    ]))
}

/// The page with its placeholders filled; inserted text is not searched for placeholders.
fn filled(fillings: &[(&str, &str)]) -> String {
    let mut pieces = PAGE.split("{{");
    let mut text = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or((piece, ""));
        let filling = fillings.iter().find(|(gap, _)| *gap == name).map_or("", |(_, filling)| *filling);
        text.push_str(filling);
        text.push_str(rest);
    }
    text
}

/// The combinations of open scopes of a page: none first, then by size.
fn choices(trace: &Trace) -> Vec<BTreeSet<String>> {
    let mut operations: BTreeMap<&str, usize> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for node in trace.nodes() {
        for scope in scopes_of(node) {
            if !order.contains(&scope) {
                order.push(scope);
            }
            *operations.entry(scope).or_default() += usize::from(!node.is_leaf());
        }
    }
    // A box of one operation cannot be opened.
    order.retain(|scope| operations[scope] > 1);
    openings(&order)
}

/// Combinations of scopes that can be open together: a scope only with its enclosing ones. `order` has each after its
/// enclosing ones.
fn openings(order: &[&str]) -> Vec<BTreeSet<String>> {
    let around =
        |scope: &str, outer: &str| scope.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
    let mut all = vec![BTreeSet::new()];
    // Each combination of one size with a later scope is one of the next size.
    let mut last: Vec<(usize, BTreeSet<String>)> = vec![(0, BTreeSet::new())];
    loop {
        let mut next = Vec::new();
        for (from, set) in &last {
            for (place, scope) in order.iter().enumerate().skip(*from) {
                let mut outer = order[..place].iter().filter(|outer| around(scope, outer));
                if outer.all(|outer| set.contains(*outer)) {
                    let mut set = set.clone();
                    set.insert((*scope).to_string());
                    next.push((place + 1, set));
                }
            }
            if all.len() + next.len() > MOST_SCENES && !next.is_empty() {
                break;
            }
        }
        if next.is_empty() {
            return all;
        }
        if all.len() + next.len() > MOST_SCENES {
            break;
        }
        all.extend(next.iter().map(|(_, set)| set.clone()));
        last = next;
    }
    // Too many: all scopes, and all but one with its inner ones.
    let every = || order.iter().map(|scope| (*scope).to_string());
    let without = order
        .iter()
        .take(MOST_SCENES)
        .map(|closed| every().filter(|scope| scope != closed && !around(scope, closed)).collect());
    let more: Vec<BTreeSet<String>> = without.chain([every().collect()]).collect();
    for set in more {
        if !all.contains(&set) {
            all.push(set);
        }
    }
    all
}

fn picture(
    pictures: &mut BTreeMap<usize, Picture>,
    kind: Kind,
    place: usize,
    tensor: &Arc<Tensor>,
    is_gradient: bool,
) {
    if pictures.contains_key(&place) {
        return;
    }
    let (Some(thumbnail), Some(whole)) =
        (kind.thumbnail(tensor, is_gradient), kind.picture(tensor, is_gradient))
    else {
        return;
    };
    let (kind, tile) = match kind {
        Kind::Images(tile) | Kind::Tiles(tile) => ("images", tile),
        Kind::Units(tile) => ("units", tile),
        Kind::Numbers => ("numbers", [0, 0]),
    };
    let pixels = [whole.width(), whole.height()];
    let is_whole = pixels == [thumbnail.picture.width(), thumbnail.picture.height()];
    pictures.insert(
        place,
        Picture {
            kind,
            tile,
            across: if tile[1] > 0 { (pixels[0] + 1) / (tile[1] + 1) } else { 0 },
            size: thumbnail.size,
            address: thumbnail.picture.address(),
            pixels,
            full: (!is_whole).then(|| whole.address()),
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_has_its_korean() {
        let korean: BTreeMap<&str, &str> = serde_json::from_str(KOREAN).expect("a list of sentences");
        let operations = retrograde_core::ops::ALL.iter().map(|entry| entry.summary);
        let examples = super::super::EXAMPLES.iter().map(|example| example.summary);
        let others = [super::super::LOSS_OF, "weights of attention"];
        let said: BTreeSet<&str> = operations.chain(examples).chain(others).collect();
        let translated: BTreeSet<&str> = korean.keys().copied().collect();
        let untranslated: Vec<_> = said.difference(&translated).collect();
        assert!(untranslated.is_empty(), "no Korean for {untranslated:#?}");
        let unused: Vec<_> = translated.difference(&said).collect();
        assert!(unused.is_empty(), "Korean of sentences that nothing has: {unused:#?}");
    }

    #[test]
    fn the_number_of_open_scopes_is_bounded() {
        let names: Vec<String> = (0..40).map(|number| format!("layer{number}")).collect();
        let layers = |count: usize| names[..count].iter().map(String::as_str).collect::<Vec<_>>();
        for (count, scenes) in [(0, 1), (2, 4), (7, 128)] {
            assert_eq!(openings(&layers(count)).len(), scenes, "every choice of {count}");
        }
        // Of nine: every one, two and three; of forty: each single one; then all, and all but one.
        for (count, at_once, rest) in [(8, 3, 9), (9, 2, 10), (40, 1, 41)] {
            let found = openings(&layers(count));
            let sizes: Vec<usize> = found.iter().map(BTreeSet::len).collect();
            assert_eq!(sizes.iter().filter(|size| **size > at_once).count(), rest, "{sizes:?}");
            assert!(sizes.contains(&at_once) && sizes.contains(&count) && sizes.contains(&(count - 1)));
        }
        let nested = openings(&["a", "a.b", "a.b.c", "d"]);
        assert!(nested.iter().all(|set| !set.contains("a.b") || set.contains("a")));
        assert_eq!(nested.len(), 4 * 2);
    }

    #[test]
    fn fillings_are_not_looked_through() {
        let page = filled(&[("title", "{{data}}"), ("data", "[]")]);
        assert!(page.contains("<title>{{data}}</title>"), "{page}");
    }
}
