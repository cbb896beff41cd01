//! The transitions as a diagram: a column of states for applications, one for cards and one for electronic cards, steps forward on
//! the right, steps back and steps that stay on the left. Every label has lines of its own.

use super::{Object, Rules};
use card_model::words::Lang;
use std::collections::BTreeMap;
use std::fmt::Write;

const BOX: (i32, i32) = (150, 40);
const ROW: i32 = 150;
const LINE: i32 = 17;
const SIDE: i32 = 400;
const TOP: i32 = 70;
/// Widest line of a label, a Chinese character counting two.
const WIDEST: usize = 40;

impl Rules {
    /// The diagram as an SVG document.
    pub fn diagram(&self, lang: Lang) -> String {
        let states: [(Object, Vec<&str>); 3] = [
            (
                Object::Application,
                self.application
                    .states
                    .iter()
                    .map(|state| state.name.as_str())
                    .collect(),
            ),
            (
                Object::Card,
                self.card.states.iter().map(|state| state.name.as_str()).collect(),
            ),
            (
                Object::Ecard,
                self.electronic.states.iter().map(|state| state.name.as_str()).collect(),
            ),
        ];
        let rows = states.iter().map(|(_, names)| names.len()).max().unwrap_or(0);
        let height = TOP + ROW * i32::try_from(rows).unwrap_or(0) + LINE * 4;
        let width = (SIDE * 2 + BOX.0) * 3;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
             markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"#567\"/></marker></defs>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
        );
        for (column, (object, names)) in (0..).zip(&states) {
            let left = SIDE + column * (SIDE * 2 + BOX.0);
            self.column(&mut svg, *object, names, left, lang);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn column(&self, svg: &mut String, object: Object, names: &[&str], left: i32, lang: Lang) {
        let middle = |state: &str| {
            let row = names
                .iter()
                .position(|name| *name == state)
                .and_then(|row| i32::try_from(row).ok());
            TOP + row.unwrap_or(0) * ROW + BOX.1 / 2
        };
        let mut sides: [BTreeMap<(i32, i32), Vec<String>>; 2] = Default::default();
        for transition in self.transition.iter().filter(|transition| transition.on == object) {
            let mut label = self.act_words(&transition.act, lang);
            if let Some(kind) = &transition.kind {
                label = format!("{label}{}{}", lang.pick("：", ": "), self.words(kind, lang));
            }
            for from in &transition.from {
                let to = if transition.to.is_empty() { from } else { &transition.to };
                let ends = (middle(from), middle(to));
                sides[usize::from(ends.1 <= ends.0)]
                    .entry(ends)
                    .or_default()
                    .push(label.clone());
            }
            if transition.from.is_empty() {
                let end = middle(&transition.to);
                sides[0].entry((end - BOX.1, end)).or_default().push(label);
            }
        }
        for (side, edges) in sides.into_iter().enumerate() {
            let (edge, sign, anchor) = if side == 0 {
                (left + BOX.0, 1, "start")
            } else {
                (left, -1, "end")
            };
            let mut edges: Vec<_> = edges.into_iter().collect();
            edges.sort_by_key(|((from, to), _)| (from + to, (from - to).abs()));
            let mut free = LINE;
            for ((from, to), labels) in edges {
                let at = free.max((from + to) / 2);
                let out = edge + sign * 120;
                let _ = writeln!(
                    svg,
                    "<path d=\"M{edge},{from} C{near},{from} {near},{at} {out},{at} C{near},{at} {near},{to} {edge},{to}\" fill=\"none\" \
                     stroke=\"#9ab\" marker-end=\"url(#tip)\"/>",
                    near = edge + sign * 70,
                );
                for (row, line) in (0..).zip(wrapped(&labels, lang)) {
                    let base = at + row * LINE;
                    free = base + LINE;
                    let _ = writeln!(
                        svg,
                        "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
                        out + sign * 6,
                        base + 4,
                        escape(&line),
                    );
                }
            }
        }
        for name in names {
            let y = middle(name);
            let code = self
                .card_state_named(name)
                .filter(|_| object == Object::Card)
                .map(|state| format!("{} ", state.code));
            let _ = writeln!(
                svg,
                "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"#eef4fa\" stroke=\"#567\"/>\n<text x=\"{x}\" \
                 y=\"{base}\" text-anchor=\"middle\" font-weight=\"bold\">{}{}</text>",
                BOX.0,
                BOX.1,
                code.unwrap_or_default(),
                escape(&self.words(name, lang)),
                top = y - BOX.1 / 2,
                x = left + BOX.0 / 2,
                base = y + 4,
            );
        }
    }
}

/// The acts of one arrow in lines that fit between two columns.
fn wrapped(labels: &[String], lang: Lang) -> Vec<String> {
    let comma = lang.pick("、", ", ");
    let width = |text: &str| text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
    let mut lines: Vec<String> = Vec::new();
    for label in labels {
        match lines.last_mut() {
            Some(line) if width(line) + width(label) <= WIDEST => *line = format!("{line}{comma}{label}"),
            _ => lines.push(label.clone()),
        }
    }
    lines
}

/// Text inside SVG.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
