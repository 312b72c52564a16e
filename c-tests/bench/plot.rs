//! A plot for each scenario: over its size, the ratio ours to reference of wall time and CPU on each backend. Plain SVG.

use crate::report::Cell;
use std::collections::BTreeMap;
use std::fmt::Write;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
/// Of the axes within the picture: left, right, top, bottom.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 500.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 316.0;
const COLOURS: [&str; 6] = ["#1f6fb4", "#d9541a", "#2f8f3d", "#8b4aa8", "#8a6d1b", "#444444"];

/// Scenario and picture, of those with more than one size.
pub fn plots(cells: &[Cell]) -> Vec<(&'static str, String)> {
    let mut by_scenario: BTreeMap<&'static str, Vec<&Cell>> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| cell.ratio("cpu_ns").is_some()) {
        by_scenario.entry(cell.scenario).or_default().push(cell);
    }
    by_scenario.retain(|_, cells| cells.iter().any(|cell| cell.size != cells[0].size));
    by_scenario.into_iter().map(|(name, cells)| (name, plot(name, &cells))).collect()
}

/// Where values are drawn.
struct Axes {
    sizes: (f64, f64),
    top: f64,
}

impl Axes {
    fn x(&self, size: f64) -> f64 {
        let (low, high) = self.sizes;
        LEFT + (size.ln() - low.ln()) / (high.ln() - low.ln()) * (RIGHT - LEFT)
    }

    fn y(&self, ratio: f64) -> f64 {
        BOTTOM - ratio.min(self.top) / self.top * (BOTTOM - TOP)
    }
}

fn plot(name: &str, cells: &[&Cell]) -> String {
    let sizes = cells.iter().map(|cell| cell.size as f64);
    let ratios = cells.iter().flat_map(|cell| [cell.ratio("wall_ns"), cell.ratio("cpu_ns")]).flatten();
    let axes = Axes {
        sizes: (sizes.clone().fold(f64::INFINITY, f64::min), sizes.fold(1.0, f64::max)),
        top: (ratios.fold(1.0, f64::max) * 1.1 * 5.0).ceil() / 5.0,
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{name}: ours / reference, smaller is better</text>\n"
    );
    frame(&mut svg, &axes, cells);
    let mut lines: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    for cell in cells {
        lines.entry(cell.backend).or_default().push(cell);
    }
    let mut place = TOP + 8.0;
    for ((backend, cells), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        for (value, label, dashes) in [("cpu_ns", "CPU", "none"), ("wall_ns", "wall", "5 4")] {
            line(&mut svg, &axes, cells, value, &format!("stroke=\"{colour}\" stroke-dasharray=\"{dashes}\""));
            let _ = writeln!(
                svg,
                "<path d=\"M{} {place}h24\" stroke=\"{colour}\" stroke-dasharray=\"{dashes}\" stroke-width=\"2\"/>\
                 <text x=\"{}\" y=\"{}\">{backend} {label}</text>",
                RIGHT + 12.0,
                RIGHT + 42.0,
                place + 4.0
            );
            place += 18.0;
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn frame(svg: &mut String, axes: &Axes, cells: &[&Cell]) {
    let mut tick = 0.0;
    while tick <= axes.top + 1e-9 {
        let y = axes.y(tick);
        let colour = if (tick - 1.0).abs() < 1e-9 { "#888" } else { "#e4e4e4" };
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"{colour}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{tick:.1}</text>",
            LEFT - 6.0,
            y + 4.0
        );
        tick += if axes.top > 2.0 { 0.5 } else { 0.2 };
    }
    let mut sizes: Vec<u64> = cells.iter().map(|cell| cell.size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for size in sizes {
        let x = axes.x(size as f64);
        let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{size}</text>", BOTTOM + 18.0);
    }
    let of = cells.first().map_or("", |cell| cell.of);
    let middle = f64::midpoint(LEFT, RIGHT);
    let _ = writeln!(svg, "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{of}</text>", BOTTOM + 36.0);
}

fn line(svg: &mut String, axes: &Axes, cells: &[&Cell], value: &str, style: &str) {
    let points: Vec<String> = cells
        .iter()
        .filter_map(|cell| Some(format!("{:.1},{:.1}", axes.x(cell.size as f64), axes.y(cell.ratio(value)?))))
        .collect();
    let _ = writeln!(svg, "<polyline points=\"{}\" fill=\"none\" stroke-width=\"2\" {style}/>", points.join(" "));
}
