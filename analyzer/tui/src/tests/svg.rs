//! A drawn screen as a picture.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write as _;

/// Units of a cell: those of a usual monospaced font at 14.
const WIDTH: f64 = 8.4;
const HEIGHT: f64 = 17.0;
/// Around the screen.
const EDGE: f64 = 10.0;
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d8dbe2";

/// The screen as SVG.
pub(super) fn svg(buffer: &Buffer) -> String {
    let (columns, lines) = (buffer.area.width, buffer.area.height);
    let (width, height) = (
        f64::from(columns) * WIDTH + 2.0 * EDGE,
        f64::from(lines) * HEIGHT + 2.0 * EDGE,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{BACKGROUND}\"/>\n"
    );
    for y in 0..lines {
        let mut x = 0;
        while x < columns {
            let cell = &buffer[(x, y)];
            let mut text = String::new();
            let start = x;
            while x < columns && same_style(cell, &buffer[(x, y)]) {
                let symbol = buffer[(x, y)].symbol();
                text.push_str(symbol);
                // What a wide character covers is left out.
                x += u16::try_from(ratatui::text::Span::raw(symbol).width())
                    .unwrap_or(1)
                    .max(1);
            }
            run(&mut out, cell, &text, (start, y), x - start);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn same_style(one: &Cell, other: &Cell) -> bool {
    (one.fg, one.bg, one.modifier) == (other.fg, other.bg, other.modifier)
}

/// Text of one style.
fn run(out: &mut String, cell: &Cell, text: &str, (x, y): (u16, u16), columns: u16) {
    let (mut front, mut back) = (color(cell.fg, FOREGROUND), color(cell.bg, BACKGROUND));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut front, &mut back);
    }
    let (left, top) = (EDGE + f64::from(x) * WIDTH, EDGE + f64::from(y) * HEIGHT);
    let width = f64::from(columns) * WIDTH;
    if back != BACKGROUND {
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{HEIGHT}\" fill=\"{back}\"/>"
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let mut style = String::new();
    if cell.modifier.contains(Modifier::BOLD) {
        style.push_str(" font-weight=\"bold\"");
    }
    if cell.modifier.contains(Modifier::DIM) {
        style.push_str(" opacity=\"0.6\"");
    }
    if cell.modifier.contains(Modifier::UNDERLINED) {
        style.push_str(" text-decoration=\"underline\"");
    }
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let base = top + 13.0;
    let _ = writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{base:.1}\" fill=\"{front}\" textLength=\"{width:.1}\" xml:space=\"preserve\"{style}>{escaped}</text>"
    );
}

fn color(color: Color, reset: &'static str) -> &'static str {
    match color {
        Color::Red | Color::LightRed => "#ff6b6b",
        Color::Green | Color::LightGreen => "#7bd88f",
        Color::Yellow | Color::LightYellow => "#fcd667",
        Color::Blue | Color::LightBlue => "#6ca8ff",
        Color::Magenta | Color::LightMagenta => "#d59bf6",
        Color::Cyan | Color::LightCyan => "#6fd7dd",
        Color::Gray | Color::DarkGray => "#8a8f98",
        Color::White => "#ffffff",
        Color::Black => "#000000",
        _ => reset,
    }
}
