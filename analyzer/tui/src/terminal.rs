//! The terminal: taken over, and given back whatever happens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::CrosstermBackend;
use std::io::{self, Stdout, Write as _, stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal is taken over. Global, because a panic in any thread must find it.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is taken over; dropping this gives it back.
pub(crate) struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Stdout>>,
}

impl Terminal {
    /// Takes the terminal over: no echo, the alternate screen; the mouse where that is wanted.
    pub(crate) fn take(mouse: bool) -> io::Result<Terminal> {
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let taken = execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)
            .and_then(|()| match mouse {
                true => execute!(stdout(), EnableMouseCapture),
                false => Ok(()),
            })
            .and_then(|()| ratatui::Terminal::new(CrosstermBackend::new(stdout())));
        match taken {
            Ok(inner) => Ok(Terminal { inner }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Columns and lines.
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.inner.size()?;
        Ok((size.width, size.height))
    }

    /// Gives a text to the terminal for its clipboard: OSC 52 of xterm's control sequences. Whatever is in the text, what goes
    /// to the terminal is base64.
    pub(crate) fn copy(&mut self, text: &str) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) {
            let mut out = stdout();
            write!(out, "\x1b]52;c;{}\x07", STANDARD.encode(text))?;
            out.flush()?;
        }
        Ok(())
    }

    /// Draws a frame. Does nothing once the terminal was given back.
    pub(crate) fn draw(&mut self, view: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) {
            self.inner.draw(view)?;
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back if it is taken over.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Nothing better can be done with a terminal that does not answer.
        let _ = disable_raw_mode();
        let _ = execute!(
            stdout(),
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            Show
        );
    }
}

/// From now on a panic in any thread gives the terminal back before its message is printed, then calls `panicked`.
pub(crate) fn give_back_on_panic(panicked: impl Fn() + Send + Sync + 'static) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let taken = TAKEN.load(Ordering::SeqCst);
        give_back();
        before(info);
        if taken {
            panicked();
        }
    }));
}
