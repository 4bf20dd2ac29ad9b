//! The way to the recorder, which all threads share.

use crate::protocol::Said;
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Writes lines, each whole. A pipe that is full makes the writer wait.
#[derive(Clone)]
pub(crate) struct Out(Arc<Mutex<BufWriter<Box<dyn Write + Send>>>>);

impl Out {
    pub(crate) fn new(output: impl Write + Send + 'static) -> Out {
        Out(Arc::new(Mutex::new(BufWriter::new(Box::new(output)))))
    }

    /// Says something; an error means that nobody listens any more.
    pub(crate) fn say(&self, said: &Said) -> io::Result<()> {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_writer(&mut *output, said)?;
        output.write_all(b"\n")?;
        output.flush()
    }
}
