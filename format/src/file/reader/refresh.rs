//! A file that is still being written: what has come since it was opened.

use super::Trace;
use super::map::Map;
use crate::file::layout::Footer;
use crate::{Error, Result};
use std::io::ErrorKind;

/// What became of the file of an open trace.
pub enum Refreshed {
    /// Nothing new.
    Unchanged,
    /// There is more: the trace as it is now. Segments and events keep their numbers.
    Grown(Box<Trace>),
    /// The recorder has sealed it: the trace as it is now. Segments and events keep their numbers.
    Sealed(Box<Trace>),
    /// It is shorter than what was read of it. Reading the open trace further can end the program (SIGBUS): drop it.
    Truncated,
    /// Another file stands at its path. The open trace can be read as before.
    Replaced,
    /// Nothing stands at its path any more. The open trace can be read as before.
    Deleted,
}

impl Trace {
    /// Looks at the file again. Only blocks that were appended since are read, whatever the size of the file; what was cut
    /// off at its end before may be complete now. This trace stays as it is.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be opened or mapped.
    pub fn refresh(&self) -> Result<Refreshed> {
        let map = match Map::open(&self.path) {
            Ok(map) => map,
            Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(Refreshed::Deleted),
            Err(Error::Empty(_)) => return Ok(Refreshed::Truncated),
            Err(error) => return Err(error),
        };
        if map.id() != self.map.id() {
            return Ok(Refreshed::Replaced);
        }
        let read = self.standing.as_ref().map_or(self.map.len(), |standing| standing.at);
        if map.len() < read {
            return Ok(Refreshed::Truncated);
        }
        if map.len() == self.map.len() {
            return Ok(Refreshed::Unchanged);
        }
        let again = |map| Trace::behind(map, &self.path, self.beginning(), false, Vec::new());
        if Footer::at_end(&map).is_some() {
            let trace = again(map);
            return Ok(match trace.summary().is_some() {
                true => Refreshed::Sealed(Box::new(trace)),
                false => Refreshed::Grown(Box::new(trace)),
            });
        }
        let trace = match &self.standing {
            Some(standing) if standing.still_holds(&map) => self.grown(map, standing),
            // What a failed write had left was taken back, and something else came in its place.
            _ => again(map),
        };
        Ok(Refreshed::Grown(Box::new(trace)))
    }
}
