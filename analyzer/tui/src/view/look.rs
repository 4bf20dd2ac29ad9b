//! What the terminal can show, and the few styles that are used.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Colours.
    pub(crate) color: bool,
    /// Characters beyond ASCII.
    pub(crate) unicode: bool,
    /// Which colours.
    pub(crate) theme: &'static Theme,
}

/// Colours of what the styles below mean. Those are in the colours of the first theme, which stand for their meaning; the
/// others put their own in place of them when all is drawn. Indexed and RGB colours stay what they are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Theme {
    /// Its name in the configuration.
    pub(crate) name: &'static str,
    names: Color,
    alarm: Color,
    warning: Color,
    bars: Color,
    marks: Color,
}

/// All themes; the first one is the usual one.
pub(crate) static THEMES: [Theme; 3] = [
    Theme {
        name: "dark",
        names: Color::Cyan,
        alarm: Color::Red,
        warning: Color::Yellow,
        bars: Color::Blue,
        marks: Color::Magenta,
    },
    // Cyan and yellow are not read on white.
    Theme {
        name: "light",
        names: Color::Blue,
        alarm: Color::Red,
        warning: Color::Magenta,
        bars: Color::Blue,
        marks: Color::Green,
    },
    Theme {
        name: "mono",
        names: Color::Reset,
        alarm: Color::Reset,
        warning: Color::Reset,
        bars: Color::Reset,
        marks: Color::Reset,
    },
];

impl Theme {
    fn color(&self, meaning: Color) -> Color {
        match meaning {
            Color::Cyan => self.names,
            Color::Red => self.alarm,
            Color::Yellow => self.warning,
            Color::Blue => self.bars,
            Color::Magenta => self.marks,
            other => other,
        }
    }
}

impl Look {
    /// What environment variables say: `NO_COLOR` (no-color.org), and the locale as POSIX orders its variables.
    pub(crate) fn from_env(variable: impl Fn(&str) -> Option<String>) -> Look {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        Look {
            color: set(&"NO_COLOR").is_none(),
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
            theme: &THEMES[0],
        }
    }

    /// The same with the theme of a configuration.
    pub(crate) fn with(self, theme: &'static Theme) -> Look {
        Look {
            color: self.color && theme.name != "mono",
            theme,
            ..self
        }
    }

    /// Takes out of a drawn screen what the terminal cannot show. In one place, so that nothing else needs to know.
    pub(super) fn apply(self, buffer: &mut Buffer) {
        for cell in &mut buffer.content {
            if !self.color {
                (cell.fg, cell.bg) = (Color::Reset, Color::Reset);
            }
            (cell.fg, cell.bg) = (self.theme.color(cell.fg), self.theme.color(cell.bg));
            if !self.unicode && !cell.symbol().is_ascii() {
                let plain = match cell.symbol() {
                    "─" => "-",
                    "…" => "~",
                    "›" => ">",
                    "▼" => "v",
                    "▲" => "^",
                    "◆" => "*",
                    "¶" => "\"",
                    "│" => "|",
                    "└" => "`",
                    "┌" | "┐" | "┘" => "+",
                    "▁" | "▂" | "░" => ".",
                    "▃" | "▄" | "▒" | "▓" => ":",
                    "▅" | "▆" | "▇" | "█" => "#",
                    _ => "?",
                };
                cell.set_symbol(plain);
            }
        }
    }
}

/// Names of columns, sections and fields.
pub(super) const TITLE: Style = Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD);
/// Names that stand before values.
pub(super) const NAME: Style = Style::new().fg(Color::Cyan);
/// What must not be overlooked: losses, damage, errors.
pub(super) const ALARM: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
/// What should be looked at.
pub(super) const WARNING: Style = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);
/// What a process wrote or sent.
pub(super) const WRITTEN: Style = Style::new().fg(Color::Green);
/// What it read or received.
pub(super) const READ: Style = Style::new().fg(Color::Magenta);
/// Bookmarks.
pub(super) const MARK: Style = Style::new().fg(Color::Magenta).add_modifier(Modifier::BOLD);
/// Bars of the histogram.
pub(super) const BARS: Style = Style::new().fg(Color::Blue);
/// A wrong place in the filter.
pub(super) const WRONG: Style = Style::new().fg(Color::Red).add_modifier(Modifier::UNDERLINED);
/// Events that failed.
pub(super) const FAILED: Style = Style::new().fg(Color::Yellow);
/// What is good to know.
pub(super) const QUIET: Style = Style::new().add_modifier(Modifier::DIM);
/// The selected line.
pub(super) const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);
/// The keys in the hint bar.
pub(super) const KEY: Style = Style::new().add_modifier(Modifier::BOLD);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        for (variables, color, unicode) in [
            (&[][..], true, false),
            (&[("LANG", "C.UTF-8")], true, true),
            (&[("LANG", "de_DE.utf8"), ("LC_ALL", "")], true, true),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "C")], true, false),
            (&[("NO_COLOR", "1"), ("LC_CTYPE", "ja_JP.UTF-8")], false, true),
            (&[("NO_COLOR", "")], true, false),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.to_string())
            };
            let look = Look::from_env(variable);
            assert_eq!((look.color, look.unicode), (color, unicode), "{variables:?}");
        }
    }
}
