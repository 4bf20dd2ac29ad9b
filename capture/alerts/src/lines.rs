//! Lines from the recorder and to it. Pipes may block, so each has a thread.

use crate::protocol::{LINE_MAX, Said, Told};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use tokio::sync::mpsc;

/// What one line of the recorder is.
pub(crate) type Line = Result<Told, String>;

/// Reads a line; `None` at the end.
pub(crate) fn read_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let most = LINE_MAX as u64;
    let count = input.by_ref().take(most).read_until(b'\n', &mut line)?;
    if count == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && count as u64 == most {
        skip_line(input)?;
        return Ok(Some(Err(format!(
            "a line of the recorder has more than {LINE_MAX} bytes"
        ))));
    }
    let told = serde_json::from_slice(&line);
    // What is wrong about it, never what it is.
    Ok(Some(told.map_err(|error| {
        format!("a line of the recorder is not understood: {error}")
    })))
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let part = input.fill_buf()?;
        if part.is_empty() {
            return Ok(());
        }
        let end = part.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(part.len(), |end| end + 1);
        input.consume(count);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// Reads until the recorder says no more.
pub(crate) fn read(input: impl Read, told: &mpsc::Sender<Line>) {
    let mut input = BufReader::new(input);
    while let Ok(Some(line)) = read_line(&mut input) {
        if told.blocking_send(line).is_err() {
            return;
        }
    }
}

/// Writes until there is nothing more to say.
pub(crate) fn write(output: impl Write, mut said: mpsc::Receiver<Said>) -> io::Result<()> {
    let mut output = BufWriter::new(output);
    while let Some(line) = said.blocking_recv() {
        serde_json::to_writer(&mut output, &line)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}
