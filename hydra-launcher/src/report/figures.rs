//! The drawings of the page, as SVG that takes its colours from the page's style: columns of shares, and heat maps.

use super::data::Tally;
use maud::{Markup, PreEscaped, html};

/// Shades of the heat map besides "nothing"; the style has a colour for each.
const SHADES: usize = 8;
/// The most rows of a heat map: more ranks share rows.
const ROWS: usize = 96;
/// Width of the page's drawings.
const WIDTH: f64 = 960.0;

/// One column per rank, as high as its share (0 to 1); None stands for a rank that told nothing.
pub fn columns(shares: &[Option<f64>]) -> Markup {
    const HEIGHT: f64 = 180.0;
    const LEFT: f64 = 44.0;
    let step = ((WIDTH - LEFT) / shares.len().max(1) as f64).min(56.0);
    let gap = if step > 6.0 { step * 0.2 } else { 0.0 };
    let width = LEFT + step * shares.len() as f64;
    let every = shares.len().div_ceil((width - LEFT) as usize / 28 + 1).max(1);
    html! {
        svg viewBox=(format!("0 0 {:.0} {:.0}", WIDTH, HEIGHT + 34.0)) role="img" aria-label="Share of time in MPI by rank" {
            @for percent in [0, 25, 50, 75, 100] {
                @let y = 8.0 + HEIGHT * (1.0 - f64::from(percent) / 100.0);
                line.grid x1=(LEFT) x2=(format!("{width:.1}")) y1=(format!("{y:.1}")) y2=(format!("{y:.1}")) {}
                text.tick x=(LEFT - 8.0) y=(format!("{:.1}", y + 4.0)) text-anchor="end" { (percent) " %" }
            }
            @for (rank, share) in shares.iter().enumerate() {
                @let x = LEFT + step * rank as f64 + gap / 2.0;
                @if let Some(share) = share {
                    @let height = HEIGHT * share.clamp(0.0, 1.0);
                    rect.bar x=(format!("{x:.1}")) y=(format!("{:.1}", 8.0 + HEIGHT - height)) width=(format!("{:.1}", step - gap))
                        height=(format!("{height:.1}")) { title { "rank " (rank) ": " (format!("{:.1}", share * 100.0)) " % in MPI" } }
                }
                @if rank % every == 0 {
                    text.tick x=(format!("{:.1}", x + (step - gap) / 2.0)) y=(HEIGHT + 24.0) text-anchor="middle" { (rank) }
                }
            }
        }
    }
}

/// What went from whom (rows) to whom (columns), by `value`: the darker the more, on a logarithmic scale.
pub fn heat_map(
    size: usize,
    traffic: &[Vec<Tally>],
    value: impl Fn(Tally) -> u64,
    shown: impl Fn(u64) -> String,
) -> Markup {
    const LEFT: f64 = 40.0;
    const TOP: f64 = 26.0;
    let each = size.div_ceil(ROWS).max(1);
    let rows = size.div_ceil(each);
    let mut cells = vec![vec![Tally::default(); rows]; rows];
    for (from, row) in traffic.iter().enumerate() {
        for (to, tally) in row.iter().enumerate() {
            cells[from / each][to / each].add(*tally);
        }
    }
    let values = || cells.iter().flatten().map(|&tally| value(tally)).filter(|&value| value > 0);
    let (least, most) = (values().min().unwrap_or(1), values().max().unwrap_or(1));
    let side = (440.0 / rows as f64).min(64.0);
    let edge = side * rows as f64;
    let every = rows.div_ceil((edge / 24.0) as usize + 1).max(1);
    let name = |index: usize| match each {
        1 => format!("rank {index}"),
        _ => format!("ranks {} to {}", index * each, (index * each + each).min(size) - 1),
    };
    let gap = if side > 7.0 { 1.0 } else { 0.0 };
    let mut body = String::new();
    for (from, row) in cells.iter().enumerate() {
        for (to, &tally) in row.iter().enumerate() {
            // Written without the template: there may be nearly ten thousand.
            let (x, y) = (LEFT + side * to as f64, TOP + side * from as f64);
            let shade = shade(value(tally), least, most);
            let title = match tally.messages {
                0 => format!("{} to {}: nothing", name(from), name(to)),
                count => {
                    format!("{} to {}: {} in {count} messages", name(from), name(to), super::page::bytes(tally.bytes))
                }
            };
            body += &format!(
                "<rect class=\"q{shade}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{0:.1}\" height=\"{0:.1}\"><title>{title}</title></rect>",
                side - gap
            );
        }
    }
    html! {
        svg.map viewBox=(format!("0 0 490 {:.0}", TOP + edge + 48.0)) role="img" aria-label="Traffic between ranks" {
            @for index in (0..rows).step_by(every) {
                @let middle = side * (index as f64 + 0.5);
                text.tick x=(format!("{:.1}", LEFT + middle)) y=(TOP - 8.0) text-anchor="middle" { (index * each) }
                text.tick x=(LEFT - 7.0) y=(format!("{:.1}", TOP + middle + 4.0)) text-anchor="end" { (index * each) }
            }
            (PreEscaped(body))
            @for shade in 0..=SHADES {
                rect class=(format!("q{shade}")) x=(format!("{:.1}", LEFT + 22.0 * shade as f64)) y=(format!("{:.1}", TOP + edge + 16.0))
                    width="21" height="10" {}
            }
            text.tick x=(LEFT) y=(format!("{:.1}", TOP + edge + 40.0)) { "0" }
            @if least < most { text.tick x=(LEFT + 22.0) y=(format!("{:.1}", TOP + edge + 40.0)) { (shown(least)) } }
            text.tick x=(LEFT + 22.0 * (SHADES + 1) as f64) y=(format!("{:.1}", TOP + edge + 40.0)) text-anchor="end" { (shown(most)) }
        }
    }
}

/// From 0 for nothing and 1 for the least to `SHADES` for the most.
fn shade(value: u64, least: u64, most: u64) -> usize {
    if value == 0 {
        return 0;
    }
    let (value, least, most) = ((value as f64).ln(), (least as f64).ln(), (most as f64).ln());
    let place = if most > least { (value - least) / (most - least) } else { 1.0 };
    1 + (place * (SHADES - 1) as f64).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_go_from_nothing_to_the_most() {
        assert_eq!([0, 1, 10, 1000].map(|value| shade(value, 1, 1000)), [0, 1, 3, SHADES]);
        assert_eq!(shade(5, 5, 5), SHADES);
    }

    #[test]
    fn many_ranks_share_rows() {
        let traffic = vec![vec![Tally { messages: 1, bytes: 8 }; 500]; 500];
        let map = heat_map(500, &traffic, |tally| tally.bytes, |value| value.to_string()).into_string();
        assert_eq!(map.matches("<title>").count(), 84 * 84);
        assert!(map.contains("ranks 498 to 499 to ranks 0 to 5: 96 B in 12 messages"), "{}", &map[map.len() - 900..]);
    }
}
