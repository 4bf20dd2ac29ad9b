//! A terminal session, shown again as its user saw it.

use super::Position;
use std::fmt;

/// The player.
pub(crate) struct Replay {
    /// Number of the session among those of the trace.
    pub(crate) session: usize,
    /// Terminal, container, user.
    pub(crate) title: String,
    /// What went through the terminal, in order.
    pub(crate) frames: Vec<Frame>,
    /// Bytes that were not recorded.
    pub(crate) lacking: u64,
    /// Whether there is more than is kept.
    pub(crate) more: bool,
    /// How far it is, nanoseconds since the first frame.
    pub(crate) at: i64,
    /// Whether it goes on by itself.
    pub(crate) playing: bool,
    /// How fast, in percent.
    pub(crate) speed: u32,
    /// What the user saw, with the frames before this one shown.
    pub(crate) terminal: vt100::Parser,
    /// See `terminal`.
    pub(crate) shown: usize,
    /// What was typed last.
    pub(crate) typed: String,
}

/// Something that went through the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Where the event is.
    pub(crate) position: Position,
    /// Nanoseconds since the first frame.
    pub(crate) at: i64,
    /// Whether it was typed; else it was shown.
    pub(crate) typed: bool,
    /// The bytes. They are captured: only the parser gets them.
    pub(crate) data: Vec<u8>,
}

/// Lines and columns of a terminal unless more of them are used.
const SIZE: (u16, u16) = (24, 80);
/// More are not believed.
const MAX_SIZE: (u16, u16) = (120, 320);
/// Longer pauses are cut to this while playing, nanoseconds.
const MAX_PAUSE: i64 = 2_000_000_000;
/// What was typed last is cut to this, in bytes.
const MAX_TYPED: usize = 120;
/// The speeds, in percent.
pub(crate) const SPEEDS: [u32; 7] = [25, 50, 100, 200, 400, 1000, 5000];

impl Replay {
    /// Nothing is known of it yet.
    pub(crate) fn new(session: usize) -> Replay {
        Replay {
            session,
            title: String::new(),
            frames: Vec::new(),
            lacking: 0,
            more: false,
            at: 0,
            playing: true,
            speed: 100,
            terminal: vt100::Parser::new(SIZE.0, SIZE.1, 0),
            shown: 0,
            typed: String::new(),
        }
    }

    /// Takes more frames.
    pub(crate) fn take(&mut self, frames: Vec<Frame>) {
        let size = frames
            .iter()
            .filter(|frame| !frame.typed)
            .fold(self.terminal.screen().size(), |size, frame| larger(size, &frame.data));
        if size != self.terminal.screen().size() {
            self.terminal.screen_mut().set_size(size.0, size.1);
        }
        self.frames.extend(frames);
        self.show();
    }

    /// How long the session lasted, nanoseconds.
    pub(crate) fn length(&self) -> i64 {
        self.frames.last().map_or(0, |frame| frame.at)
    }

    /// Time passes: so many nanoseconds.
    pub(crate) fn pass(&mut self, nanoseconds: i64) {
        if !self.playing {
            return;
        }
        let step = i128::from(nanoseconds.max(0)) * i128::from(self.speed) / 100;
        self.at = self.at.saturating_add(i64::try_from(step).unwrap_or(i64::MAX));
        // A pause that goes on for long is cut.
        if let Some(next) = self.frames.get(self.shown) {
            self.at = self.at.max(next.at.saturating_sub(MAX_PAUSE));
        }
        if self.at >= self.length() {
            self.at = self.length();
            self.playing = false;
        }
        self.show();
    }

    /// Goes to a time.
    pub(crate) fn seek(&mut self, at: i64) {
        let at = at.clamp(0, self.length());
        if at < self.at {
            let (rows, columns) = self.terminal.screen().size();
            self.terminal = vt100::Parser::new(rows, columns, 0);
            self.typed.clear();
            self.shown = 0;
        }
        self.at = at;
        self.show();
    }

    /// Goes to the next frame, or to the one before.
    pub(crate) fn step(&mut self, forwards: bool) {
        self.playing = false;
        let at = match forwards {
            true => self.frames.get(self.shown),
            false => self.shown.checked_sub(2).and_then(|at| self.frames.get(at)),
        };
        self.seek(at.map_or(if forwards { self.length() } else { 0 }, |frame| frame.at));
    }

    /// Faster or slower.
    pub(crate) fn change_speed(&mut self, faster: bool) {
        let now = SPEEDS.iter().position(|speed| *speed >= self.speed).unwrap_or(2);
        let next = if faster { now + 1 } else { now.saturating_sub(1) };
        self.speed = SPEEDS[next.min(SPEEDS.len() - 1)];
    }

    /// The frame that was shown last.
    pub(crate) fn frame(&self) -> Option<&Frame> {
        self.frames.get(self.shown.saturating_sub(1))
    }

    /// Shows what was there until now.
    fn show(&mut self) {
        while let Some(frame) = self.frames.get(self.shown).filter(|frame| frame.at <= self.at) {
            if frame.typed {
                self.typed.push_str(&afterimage_query::output::escaped(&frame.data));
                if self.typed.len() > MAX_TYPED {
                    let cut = self.typed.ceil_char_boundary(self.typed.len() - MAX_TYPED);
                    self.typed.drain(..cut);
                }
            } else {
                self.terminal.process(&frame.data);
            }
            self.shown += 1;
        }
    }
}

/// The size that a terminal has at least, if these bytes put its cursor somewhere: `CSI row ; column H`, which programs that
/// draw the whole screen do, and `CSI first ; last r`.
fn larger(size: (u16, u16), data: &[u8]) -> (u16, u16) {
    let (mut rows, mut columns) = size;
    for (at, _) in data.windows(2).enumerate().filter(|(_, pair)| *pair == b"\x1b[") {
        let rest = &data[at + 2..];
        let end = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';'));
        let Some((text, last)) = end.and_then(|end| Some((std::str::from_utf8(&rest[..end]).ok()?, rest[end]))) else {
            continue;
        };
        let mut numbers = text.split(';').map(|number| number.parse::<u16>().unwrap_or(1));
        let (first, second) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1));
        match last {
            // 999;999 is how programs ask for the corner.
            b'H' | b'f' if first < 500 && second < 500 => (rows, columns) = (rows.max(first), columns.max(second)),
            b'r' if second < 500 => rows = rows.max(second),
            _ => {}
        }
    }
    (rows.min(MAX_SIZE.0), columns.min(MAX_SIZE.1))
}

impl fmt::Debug for Replay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Replay")
            .field("session", &self.session)
            .field("frames", &self.frames.len())
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(at: i64, data: &str) -> Frame {
        Frame {
            position: Position::default(),
            at,
            typed: false,
            data: data.into(),
        }
    }

    #[test]
    fn a_session_is_played_and_sought() {
        const SECOND: i64 = 1_000_000_000;
        let mut replay = Replay::new(0);
        replay.take(vec![
            frame(0, "$ "),
            frame(SECOND, "ls"),
            frame(100 * SECOND, "\r\x1b[2Kgone"),
        ]);
        let text = |replay: &Replay| replay.terminal.screen().contents();
        assert_eq!(text(&replay), "$ ");
        replay.pass(SECOND);
        assert_eq!(text(&replay), "$ ls");
        replay.pass(1);
        assert_eq!(replay.at, 98 * SECOND, "the pause is cut");
        replay.pass(3 * SECOND);
        assert_eq!((text(&replay).as_str(), replay.playing), ("gone", false));
        replay.seek(2 * SECOND);
        assert_eq!(text(&replay), "$ ls");
        replay.step(false);
        assert_eq!(text(&replay), "$ ");
        replay.step(true);
        replay.step(true);
        assert_eq!(text(&replay), "gone");
    }

    #[test]
    fn a_terminal_is_as_large_as_its_cursor_goes() {
        for (data, expected) in [
            (&b"plain"[..], (24, 80)),
            (b"\x1b[50;132Hx", (50, 132)),
            (b"\x1b[999;999H", (24, 80)),
            (b"\x1b[1;40r", (40, 80)),
            (b"\x1b[H\x1b[;Hx\x1b[", (24, 80)),
            (b"\x1b[400;450H", (120, 320)),
        ] {
            assert_eq!(larger(SIZE, data), expected, "{data:?}");
        }
    }
}
