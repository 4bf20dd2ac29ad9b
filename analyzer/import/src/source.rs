//! The bytes of a capture, decompressed where need be and counted.

use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};

/// Bytes that are read at a time.
const CHUNK: usize = 256 << 10;

/// A capture that is read from front to back.
pub(crate) struct Source<R: Read> {
    from: From<R>,
    offset: u64,
}

enum From<R: Read> {
    Plain(Box<BufReader<Counted<R>>>),
    Gzip(Box<BufReader<MultiGzDecoder<BufReader<Counted<R>>>>>),
}

/// Counts and hashes what is read of the file.
struct Counted<R> {
    inner: R,
    bytes: u64,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes += read as u64;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

/// Whether a file that begins so is compressed with gzip.
pub(crate) fn is_gzip(start: &[u8]) -> bool {
    start.starts_with(&[0x1f, 0x8b])
}

impl<R: Read> Source<R> {
    /// Looks at the first bytes.
    pub(crate) fn new(input: R) -> io::Result<Source<R>> {
        let counted = Counted {
            inner: input,
            bytes: 0,
            hasher: blake3::Hasher::new(),
        };
        let mut reader = BufReader::with_capacity(CHUNK, counted);
        let from = if is_gzip(reader.fill_buf()?) {
            let decoder = MultiGzDecoder::new(reader);
            From::Gzip(Box::new(BufReader::with_capacity(CHUNK, decoder)))
        } else {
            From::Plain(Box::new(reader))
        };
        Ok(Source { from, offset: 0 })
    }

    /// Where the next byte stands in the decompressed capture.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether it is compressed.
    pub(crate) fn is_gzip(&self) -> bool {
        matches!(self.from, From::Gzip(_))
    }

    /// Bytes of the file so far.
    pub(crate) fn file_bytes(&self) -> u64 {
        self.counted().bytes
    }

    fn counted(&self) -> &Counted<R> {
        match &self.from {
            From::Plain(reader) => reader.get_ref(),
            From::Gzip(reader) => reader.get_ref().get_ref().get_ref(),
        }
    }

    /// Reads the rest of the file; returns its size and BLAKE3.
    pub(crate) fn finish(self) -> (u64, [u8; 32]) {
        let mut counted = match self.from {
            From::Plain(reader) => reader.into_inner(),
            From::Gzip(reader) => reader.into_inner().into_inner().into_inner(),
        };
        // What cannot be read has no hash that anybody could compare with.
        match io::copy(&mut counted, &mut io::sink()) {
            Ok(_) => (counted.bytes, *counted.hasher.finalize().as_bytes()),
            Err(_) => (counted.bytes, [0; 32]),
        }
    }

    fn reader(&mut self) -> &mut dyn BufRead {
        match &mut self.from {
            From::Plain(reader) => reader.as_mut(),
            From::Gzip(reader) => reader.as_mut(),
        }
    }

    /// Fills `buffer`; says how much of it could be filled before the capture ended.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader().read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => {
                    filled += read;
                    self.offset += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Adds `count` bytes to `buffer`, which grows with what is there and not with what is promised; says how many came.
    pub(crate) fn append(&mut self, buffer: &mut Vec<u8>, count: usize) -> io::Result<usize> {
        const STEP: usize = 64 << 10;
        let mut done = 0;
        while done < count {
            let step = STEP.min(count - done);
            let start = buffer.len();
            buffer.resize(start + step, 0);
            let read = self.fill(&mut buffer[start..])?;
            buffer.truncate(start + read);
            done += read;
            if read < step {
                break;
            }
        }
        Ok(done)
    }

    /// Skips `count` bytes; says how many there were.
    pub(crate) fn skip(&mut self, count: u64) -> io::Result<u64> {
        let mut left = count;
        while left > 0 {
            let there = match self.reader().fill_buf() {
                Ok(there) => there.len(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if there == 0 {
                break;
            }
            let take = left.min(there as u64);
            self.reader().consume(take as usize);
            self.offset += take;
            left -= take;
        }
        Ok(count - left)
    }
}
