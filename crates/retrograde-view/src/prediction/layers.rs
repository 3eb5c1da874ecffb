//! The part of a page that shows what the layers see: the filters of convolutions and their feature maps, and the weights of
//! attention.

use super::PredictionExplanation;
use crate::heat_map::HeatMap;
use crate::html::{both, escaped};
use crate::thumbnail::{Kind, Thumbnails};
use crate::trace::{NodeKind, TracedNode, Value};
use retrograde_core::graph::Tensor;
use std::fmt::Write;

/// The width of a picture on the page, and the largest size of a pixel of it there.
const WIDTH: usize = 880;
const PIXEL: usize = 8;

impl PredictionExplanation {
    /// Empty for a network without convolutions and attention.
    pub(super) fn layers_section(&self) -> String {
        let shown = Thumbnails::new(&self.trace);
        let (mut convolutions, mut attentions) = (String::new(), String::new());
        let nodes = self.trace.nodes();
        for (index, node) in nodes.iter().enumerate() {
            let NodeKind::Operation { name, .. } = &node.what else { continue };
            if *name == "conv2d" {
                convolutions += &self.convolution(&shown, index).unwrap_or_default();
            }
            // An operation that does not keep the weights computes them again to be shown; a network of one's own may record a softmax.
            let own = match &node.value {
                Value::Real(tensor) if *name == "softmax" => Some(tensor),
                _ => None,
            };
            let computed = node.intermediate.iter().map(|intermediate| &intermediate.value);
            for weights in own.into_iter().chain(computed) {
                attentions += &attention(&nodes[index], weights).unwrap_or_default();
            }
        }
        let section = |title: String, layers: String| {
            if layers.is_empty() {
                layers
            } else {
                format!("<section class=\"wide\"><h2>{title}</h2>{layers}</section>")
            }
        };
        let of_convolutions = both(
            "What the convolutions look for, and where they find it",
            "합성곱이 찾는 무늬와 그 무늬를 찾은 자리",
        );
        let of_attention = both("Where attention looks", "어텐션이 주목하는 자리");
        section(of_convolutions, convolutions) + &section(of_attention, attentions)
    }

    /// The filters of a convolution, and its feature maps after what follows it element by element.
    fn convolution(&self, shown: &Thumbnails, index: usize) -> Option<String> {
        let (nodes, edges) = (self.trace.nodes(), self.trace.edges());
        let filters = edges[*nodes[index].inputs.get(1)?].from;
        let (last, after) = self.last_of_equal_shape(index);
        let &[count, channels, height, width] = &nodes[filters].value.shape()[..] else { return None };
        let &[_, _, rows, columns] = &nodes[last].value.shape()[..] else { return None };
        let name = layer_name(&nodes[index]);
        let about_filters = both(
            &format!(
                "Layer {name}: {count} filters of {height} × {width}, for each of {channels} {}. Where a filter is orange, a \
                large number makes its output larger; where it is blue, smaller.",
                if channels == 1 { "channel" } else { "channels" }
            ),
            &format!(
                "층 {name}: 크기 {height} × {width}인 필터 {count}개(채널 {channels}개). 필터의 주황색 자리에서는 입력이 클수록 출력이 \
                커지고, 파란색 자리에서는 작아집니다."
            ),
        );
        let (after_english, after_korean) = match after {
            Some(after) => (format!(", after {after}"), format!("({after}까지 거친 값)")),
            None => (String::new(), String::new()),
        };
        let about_maps = both(
            &format!(
                "Its feature maps for this row, one for each filter, {rows} × {columns}{after_english}: orange where the filter \
                has found what it looks for."
            ),
            &format!(
                "이 입력에 대한 특징 맵입니다{after_korean}. 필터마다 하나이고 크기는 {rows} × {columns}입니다. 필터가 찾는 무늬가 있는 자리가 \
                주황색입니다."
            ),
        );
        Some(
            figure(&about_filters, &picture(shown, nodes, filters)?, "alt_filters")
                + &figure(&about_maps, &picture(shown, nodes, last)?, "alt_maps"),
        )
    }

    /// The last of the operations that follow a node alone and keep its shape: a bias, a normalization, an activation. With its
    /// name, if it is an activation.
    fn last_of_equal_shape(&self, from: usize) -> (usize, Option<&'static str>) {
        let (nodes, edges) = (self.trace.nodes(), self.trace.edges());
        let mut at = from;
        while let [edge] = nodes[at].outputs[..] {
            let next = edges[edge].to;
            if nodes[next].value.shape() != nodes[at].value.shape() {
                break;
            }
            at = next;
        }
        match &nodes[at].what {
            NodeKind::Operation { name, .. } if at != from && nodes[at].inputs.len() == 1 => (at, Some(name)),
            _ => (at, None),
        }
    }
}

/// The weights of attention, `[rows, heads, queries, keys]`, of this row.
fn attention(node: &TracedNode, weights: &Tensor) -> Option<String> {
    let heads = match weights.shape()[..] {
        [_, heads, queries, keys] if queries * keys > 1 => heads,
        _ => return None,
    };
    let name = layer_name(node);
    let about = both(
        &format!(
            "Layer {name}: the weights of {heads} {}. A row is a position that asks, from the first at the top; its cells are the \
            positions that it takes values from, and sum to 1.",
            if heads == 1 { "head" } else { "heads" }
        ),
        &format!(
            "층 {name}: 헤드 {heads}개의 가중치입니다. 한 행이 묻는 위치 하나이고(맨 위가 첫 위치), 그 행의 칸들은 값을 가져오는 위치로 \
            모두 더하면 1입니다."
        ),
    );
    Some(figure(&about, &Kind::of_shape(weights.shape()).picture(weights, false)?, "alt_attention"))
}

/// The layer of a node, as HTML: its scope.
fn layer_name(node: &TracedNode) -> String {
    let name = if node.scope.is_empty() { &node.label } else { &node.scope };
    format!("<b>{}</b>", escaped(name))
}

fn picture(shown: &Thumbnails, nodes: &[TracedNode], index: usize) -> Option<HeatMap> {
    let Value::Real(tensor) = &nodes[index].value else { return None };
    shown.kind(index).picture(tensor, false)
}

/// A picture below its sentence; `alt` is the key of its alternative text.
fn figure(about: &str, picture: &HeatMap, alt: &str) -> String {
    let pixel = (WIDTH / picture.width().max(1)).clamp(1, PIXEL);
    let mut html = format!("<figure><figcaption class=\"soft\">{about}</figcaption>");
    // Writing to a string cannot fail.
    let _ = write!(
        html,
        "<img class=\"tiles\" src=\"{}\" width=\"{}\" height=\"{}\" alt=\"\" data-alt=\"{alt}\"></figure>",
        picture.address(),
        picture.width() * pixel,
        picture.height() * pixel,
    );
    html
}
