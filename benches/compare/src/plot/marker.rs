//! Markers: a shape for each colour, so that curves are told apart without colours.

use std::fmt::Write as _;

/// A thick cross.
const PLUS: [(f64, f64); 12] = [
    (-0.4, -1.2),
    (0.4, -1.2),
    (0.4, -0.4),
    (1.2, -0.4),
    (1.2, 0.4),
    (0.4, 0.4),
    (0.4, 1.2),
    (-0.4, 1.2),
    (-0.4, 0.4),
    (-1.2, 0.4),
    (-1.2, -0.4),
    (-0.4, -0.4),
];

/// The marker of a family at a place.
pub fn marker(family: usize, x: f64, y: f64, radius: f64) -> String {
    let corners: &[(f64, f64)] = match family % 8 {
        0 => return format!("<circle class=\"mark\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/>"),
        1 => &[(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
        2 => &[(0.0, -1.1), (1.05, 0.8), (-1.05, 0.8)],
        3 => &[(0.0, -1.2), (1.2, 0.0), (0.0, 1.2), (-1.2, 0.0)],
        4 => &[(0.0, 1.1), (1.05, -0.8), (-1.05, -0.8)],
        5 => &PLUS,
        6 => &[(-1.1, 0.0), (0.8, -1.05), (0.8, 1.05)],
        _ => &[(1.1, 0.0), (-0.8, -1.05), (-0.8, 1.05)],
    };
    let mut path = String::new();
    for (index, (dx, dy)) in corners.iter().enumerate() {
        let letter = if index == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{letter}{:.1} {:.1}", x + dx * radius, y + dy * radius);
    }
    format!("<path class=\"mark\" d=\"{path}Z\"/>")
}
