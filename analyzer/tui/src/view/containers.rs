//! The list of containers.

use super::look::{QUIET, SELECTED, TITLE};
use super::text::put;
use crate::layout::Areas;
use crate::state::{ContainerLine, State};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub(super) fn draw(state: &State, areas: &Areas, buffer: &mut Buffer) {
    let titles = ContainerLine {
        id: "container".into(),
        name: "name".into(),
        image: "image".into(),
        runtime: "runtime".into(),
        life: "life".into(),
        events: 0,
        filter: String::new(),
    };
    let area = areas.columns;
    line(&titles, "events", area, area.y, TITLE, buffer);
    let Some(trace) = &state.trace else { return };
    if trace.containers.is_empty() {
        put(
            buffer,
            areas.table.x,
            areas.table.y,
            areas.table.width,
            "no containers and no events",
            QUIET,
        );
    }
    let top = usize::try_from(state.containers.top).unwrap_or(usize::MAX);
    let shown = trace.containers.iter().enumerate().skip(top);
    for ((at, container), y) in shown.zip(areas.table.y..areas.table.bottom()) {
        line(
            container,
            &container.events.to_string(),
            areas.table,
            y,
            Style::new(),
            buffer,
        );
        if at as u64 == state.containers.selected {
            buffer.set_style(Rect::new(areas.table.x, y, areas.table.width, 1), SELECTED);
        }
    }
}

fn line(container: &ContainerLine, events: &str, area: Rect, y: u16, style: Style, buffer: &mut Buffer) {
    let mut x = area.x;
    let left = area.width.saturating_sub(12 + 10 + 8 + 4);
    let (name, life) = (left / 3, left - left / 3);
    let (life, image) = if area.width >= 100 {
        (life / 2, life - life / 2)
    } else {
        (life, 0)
    };
    for (text, width) in [
        (container.id.as_str(), 12),
        (events, 10),
        (container.runtime.as_str(), 8),
        (container.name.as_str(), name),
        (container.life.as_str(), life),
        (container.image.as_str(), image),
    ] {
        put(buffer, x, y, width.min(area.right().saturating_sub(x)), text, style);
        x = x.saturating_add(width + 1);
    }
}
