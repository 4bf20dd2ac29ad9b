//! File, host and integrity; span and counts.

use super::look::{ALARM, NAME, QUIET, TITLE};
use super::text::{put, put_right};
use crate::state::{Live, State};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let (mut end, y) = (area.right(), area.y);
    let Some(trace) = &state.trace else {
        let x = put(buffer, area.x, y, area.width, &state.file, TITLE);
        put(buffer, x, y, end.saturating_sub(x), "  opening…", QUIET);
        return;
    };
    // From the right, because what is wrong must be seen even where the name of the file is long.
    if trace.lost > 0 {
        end = put_right(buffer, area.x, end, y, &format!("{} LOST", trace.lost), ALARM).saturating_sub(2);
    }
    let broken = match &state.live {
        Live::Broken(why) => Some(why),
        _ => None,
    };
    let damage = broken.or(trace.damage.first()).or(state.damage.as_ref());
    if damage.is_some() {
        end = put_right(buffer, area.x, end, y, "DAMAGED", ALARM).saturating_sub(2);
    }
    let (sealed, style) = match (&state.live, trace.sealed) {
        (Live::Growing, _) if state.paused => ("PAUSED".into(), ALARM),
        (Live::Growing, _) => ("being recorded".into(), NAME),
        (Live::Importing(percent), _) => (format!("importing {percent}%"), NAME),
        (_, true) => ("sealed".to_owned(), QUIET),
        (_, false) => ("not sealed".into(), ALARM),
    };
    end = put_right(buffer, area.x, end, y, &sealed, style).saturating_sub(2);
    let x = put(buffer, area.x, y, end.saturating_sub(area.x), &state.file, TITLE);
    let host = format!("  {}", trace.host);
    put(buffer, x, y, end.saturating_sub(x), &host, Style::new());

    let y = y + 1;
    let plural = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let counts = plural(trace.rows.len(), "event");
    let span = format!("{}  {counts}  ", trace.span);
    let x = put(buffer, area.x, y, area.width, &span, Style::new());
    if let Some(damage) = damage {
        put(buffer, x, y, area.right().saturating_sub(x), damage, ALARM);
    }
}
