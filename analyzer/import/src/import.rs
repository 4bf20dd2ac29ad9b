//! From the first block of a capture to the seal of the trace.

use crate::blocks::{Block, BlockType, Broken, EventShape, SECTION, broken};
use crate::error::Error;
use crate::events::{Event, Params};
use crate::fields::Fields;
use crate::limits::MAX_EVENT;
use crate::lists::{self, Machine};
use crate::report::{Progress, Report, block_name};
use crate::source::Source;
use crate::state::World;
use crate::to_native::{NativeWriter, is_state};
use afterimage_format::file::{Storage, Summary, TraceWriter};
use afterimage_format::model::{CustodyEntry, Header, Host, Loss, LossCause, Source as Origin, action};
use std::io::Read;
use std::ops::ControlFlow;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often whoever waits is told.
const TELL: Duration = Duration::from_millis(50);
/// Events after which the clock is looked at.
const LOOK: u64 = 4096;
/// Magic of a section, as little-endian machines write it.
const MAGIC: u32 = 0x1A2B_3C4D;
/// Events that may wait for a time, of up to [`MAX_WAITING_SIZE`] bytes each.
const MAX_WAITING: usize = 256;
/// See [`MAX_WAITING`].
const MAX_WAITING_SIZE: usize = 16 << 10;
/// `drop`: the recorder did not keep up.
const DROP: u16 = 148;

/// What is read of a capture so far.
struct Reader<R: Read> {
    source: Source<R>,
    world: World,
    machine: Machine,
    version: (u16, u16),
    report: Report,
    /// Lists were read that no event has followed yet.
    lists: bool,
    body: Vec<u8>,
    /// Events without a time at the beginning: they get that of the first one that has one.
    waiting: Vec<(Vec<u8>, EventShape)>,
}

/// Reads a capture called `name` and writes what it tells to the trace that `create` makes from its header. The trace is
/// sealed.
///
/// `progress` is asked now and then whether to go on.
///
/// # Errors
/// [`Error::NotACapture`] where it is none, [`Error::Trace`] where the trace cannot be written, [`Error::Stopped`]. A capture
/// that is damaged is no error: what comes before is there, and [`Report::damage`] says where it ends.
pub fn import<R: Read, S: Storage + Send>(
    input: R,
    name: &str,
    create: impl FnOnce(&Header) -> afterimage_format::Result<TraceWriter<S>>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<(TraceWriter<S>, Report), Error> {
    let source = Source::new(input).map_err(|source| Error::Read { offset: 0, source })?;
    let mut reader = Reader {
        source,
        world: World::new(),
        machine: Machine::default(),
        version: (0, 0),
        report: Report::default(),
        lists: false,
        body: Vec::new(),
        waiting: Vec::new(),
    };
    reader.report.is_gzip = reader.source.is_gzip();
    let first = reader.first_block()?;
    let pending = match first {
        Some(()) => reader.until_event(progress)?,
        None => None,
    };
    reader.begin_events();
    let header = reader.header();
    let mut trace = create(&header)?;
    let (losses, last) = std::thread::scope(|scope| {
        let mut native = NativeWriter::new(scope, &mut trace);
        native.keyframe(&mut reader.world);
        let done = reader.events(pending, &mut native, progress);
        let done = done.and_then(|()| reader.tell_waiting(&mut native, 0));
        let (losses, last, events) = (std::mem::take(&mut native.losses), native.last, native.events);
        reader.report.events = events;
        let finished = native.finish(&mut reader.world);
        // What the writing thread says comes first: it is the reason.
        finished?;
        done?;
        Ok::<_, Error>((losses, last))
    })?;
    let _ = losses;
    let Reader {
        source,
        world,
        mut report,
        ..
    } = reader;
    let damaged = report.damage.iter().any(|damage| damage.is_end);
    (report.bytes, report.hash) = source.finish();
    report.left_out = world.left_out + world.containers.left_out + world.accounts.left_out;
    trace.add_custody(&custody(name, &report))?;
    let mut summary = Summary {
        end: last,
        reason: "end of the capture".to_owned(),
        containers: world.containers.all().to_vec(),
        accounts: world.accounts.accounts(),
        ..Summary::default()
    };
    if let Some(damage) = report.damage.iter().find(|damage| damage.is_end) {
        summary.reason = damage.to_string();
    }
    if damaged {
        // How many events came behind, nobody can tell.
        summary.losses.push(Loss {
            cause: LossCause::Damage,
            cpu: None,
            events: 1,
            from: last,
            to: last,
        });
    }
    trace.seal(&summary)?;
    Ok((trace, report))
}

fn custody(name: &str, report: &Report) -> CustodyEntry {
    let env = |name: &str| std::env::var(name).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let blocks: Vec<String> = report
        .blocks
        .iter()
        .map(|(name, count)| format!("{} {count}", block_name(*name)))
        .collect();
    let mut note = format!("blocks: {}", blocks.join(", "));
    if report.left_out > 0 {
        note.push_str(&format!(
            "; {} threads, descriptors, containers or users were more than is kept",
            report.left_out
        ));
    }
    let verdict = match report.damage.first() {
        None => format!("{} events in {} bytes", report.events, report.bytes),
        Some(damage) => format!("{} events in {} bytes; {damage}", report.events, report.bytes),
    };
    CustodyEntry {
        time: now.as_nanos() as u64,
        action: action::CONVERTED.to_owned(),
        tool: format!("afterimage-import {}", env!("CARGO_PKG_VERSION")),
        user: env("USER"),
        host: env("HOSTNAME"),
        source: Some(Origin {
            file: report.hash,
            name: name.to_owned(),
            verdict,
            ..Origin::default()
        }),
        note,
    }
}

impl<R: Read> Reader<R> {
    /// The section header with which a capture begins; nothing where it is cut off right behind the mark.
    fn first_block(&mut self) -> Result<Option<()>, Error> {
        let not = |what: &str| Err(Error::NotACapture(what.to_owned()));
        let mut start = [0; 8];
        let read = match self.source.fill(&mut start) {
            Ok(read) => read,
            Err(error) if self.source.is_gzip() => {
                return Err(Error::NotACapture(format!(
                    "it is gzip, and cannot be decompressed: {error}"
                )));
            }
            Err(source) => return Err(Error::Read { offset: 0, source }),
        };
        if read < 8 || start[..4] != SECTION.to_le_bytes() {
            return not(if self.source.is_gzip() {
                "it is gzip, but what is compressed is no sysdig capture"
            } else {
                "it is no sysdig capture: it does not begin with a section"
            });
        }
        let length = u32::from_le_bytes([start[4], start[5], start[6], start[7]]);
        let block = Block {
            ty: BlockType::Section,
            offset: 0,
            body: u64::from(length.max(12) - 12),
        };
        let mut magic = [0; 4];
        if let Ok(4) = self.source.fill(&mut magic)
            && u32::from_be_bytes(magic) == MAGIC
        {
            return not("it was written by a big-endian machine, which is not read");
        }
        if u32::from_le_bytes(magic) != MAGIC {
            return not("it begins like a sysdig capture, but its section has no magic number");
        }
        match self.section_rest(&block) {
            Ok(()) => Ok(Some(())),
            Err(what) => {
                self.report.damaged(self.source.offset(), what, true);
                Ok(None)
            }
        }
    }

    fn section_rest(&mut self, block: &Block) -> Result<(), Broken> {
        let mut version = [0; 4];
        if block.body < 16 || self.source.fill(&mut version)? < 4 {
            return broken("the header of a section is cut off");
        }
        let mut fields = Fields(&version);
        self.version = (fields.u16().unwrap_or(0), fields.u16().unwrap_or(0));
        self.report.count(BlockType::Section);
        block.finish(&mut self.source)
    }

    /// Reads lists up to the first event.
    fn until_event(
        &mut self,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Option<(Block, EventShape)>, Error> {
        loop {
            let found = match Block::next(&mut self.source) {
                Ok(Some(block)) => block,
                Ok(None) => return Ok(None),
                Err(what) => {
                    self.report.damaged(self.source.offset(), what, true);
                    return Ok(None);
                }
            };
            if let BlockType::Event(shape) = found.ty {
                return Ok(Some((found, shape)));
            }
            if let BlockType::Other(1 | 6) = found.ty
                && self.report.blocks.len() <= 1
            {
                return Err(Error::NotACapture(
                    "it is a pcapng capture of packets, not a sysdig capture".to_owned(),
                ));
            }
            if let Err(what) = self.list(&found) {
                self.report.damaged(self.source.offset(), what, true);
                return Ok(None);
            }
            let so_far = Progress {
                bytes: self.source.file_bytes(),
                events: 0,
            };
            if progress(so_far).is_break() {
                return Err(Error::Stopped);
            }
        }
    }

    /// Reads a block that is no event.
    fn list(&mut self, block: &Block) -> Result<(), Broken> {
        self.report.count(block.ty);
        let Reader { source, world, .. } = self;
        match block.ty {
            BlockType::Section => {
                let mut magic = [0; 4];
                if source.fill(&mut magic)? < 4 || u32::from_le_bytes(magic) != MAGIC {
                    return broken("a section has no magic number");
                }
                // Another capture follows: nothing of the one before holds.
                world.restart();
            }
            BlockType::Machine => {
                let mut body = Vec::new();
                source.append(&mut body, block.body.min(4096) as usize)?;
                match lists::machine(&body) {
                    Some(machine) => self.machine = machine,
                    None => return broken("the machine block is too short"),
                }
            }
            BlockType::Processes(version) => {
                lists::processes(source, block.body, version, |entry| world.add_process(entry))?;
            }
            BlockType::Descriptors(version) => {
                lists::descriptors(source, block.body, version, |tid, entry| {
                    world.add_descriptor(tid, entry)
                })?;
            }
            BlockType::Interfaces(version) => {
                lists::interfaces(source, block.body, version, |interface| world.add_interface(interface))?;
            }
            BlockType::Users(version) => {
                lists::accounts(source, block.body, version, |account| world.accounts.add(0, account))?;
            }
            BlockType::Event(_) | BlockType::Other(_) => {}
        }
        self.lists = true;
        block.finish(&mut self.source)
    }

    /// Lists are complete when the first event comes.
    fn begin_events(&mut self) {
        if self.lists {
            self.lists = false;
            self.world.begin_events();
        }
    }

    fn header(&self) -> Header {
        let (major, minor) = self.version;
        let compressed = if self.source.is_gzip() { ", gzip" } else { "" };
        Header {
            capture_id: *uuid::Uuid::new_v4().as_bytes(),
            host: Host {
                hostname: self.machine.hostname.clone(),
                cpus: self.machine.cpus,
                ..Host::default()
            },
            recorder: format!(
                "sysdig capture, version {major}.{minor}{compressed}, imported by afterimage {}",
                env!("CARGO_PKG_VERSION")
            ),
            scope: "what the capture has".to_owned(),
            tags: self.tags(),
            accounts: self.world.accounts.accounts(),
            ..Header::default()
        }
    }

    fn tags(&self) -> Vec<(String, String)> {
        let mut tags = vec![("origin".to_owned(), "sysdig".to_owned())];
        for (name, value) in [("memory_bytes", self.machine.memory), ("boot_ns", self.machine.boot)] {
            if value != 0 {
                tags.push((name.to_owned(), value.to_string()));
            }
        }
        tags
    }

    /// Reads all events, and lists between them.
    fn events<S: Storage + Send>(
        &mut self,
        mut pending: Option<(Block, EventShape)>,
        native: &mut NativeWriter<'_, S>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        if pending.is_none() {
            return Ok(());
        }
        let mut params = Params::default();
        let mut told = Instant::now();
        let mut is_leading = true;
        loop {
            let block = match pending.take() {
                Some((block, _)) => Some(block),
                None => match Block::next(&mut self.source) {
                    Ok(block) => block,
                    Err(what) => {
                        self.report.damaged(self.source.offset(), what, true);
                        return Ok(());
                    }
                },
            };
            let Some(block) = block else { return Ok(()) };
            let BlockType::Event(shape) = block.ty else {
                match self.list(&block) {
                    Ok(()) => continue,
                    Err(what) => {
                        self.report.damaged(self.source.offset(), what, true);
                        return Ok(());
                    }
                }
            };
            if self.lists {
                self.begin_events();
                native.keyframe(&mut self.world);
            }
            match self.event(&block, shape, native, &mut params, &mut is_leading) {
                Ok(()) => {}
                Err(Stop::Broken(what)) => {
                    self.report.damaged(self.source.offset(), what, true);
                    return Ok(());
                }
                Err(Stop::Error(error)) => return Err(error),
            }
            if native.events.is_multiple_of(LOOK) && told.elapsed() >= TELL {
                told = Instant::now();
                let so_far = Progress {
                    bytes: self.source.file_bytes(),
                    events: native.events,
                };
                if progress(so_far).is_break() {
                    return Err(Error::Stopped);
                }
            }
        }
    }

    fn event<S: Storage + Send>(
        &mut self,
        block: &Block,
        shape: EventShape,
        native: &mut NativeWriter<'_, S>,
        params: &mut Params,
        is_leading: &mut bool,
    ) -> Result<(), Stop> {
        self.report.count(block.ty);
        self.body.clear();
        let kept = block.body.min(MAX_EVENT as u64) as usize;
        self.source.append(&mut self.body, kept)?;
        block.finish(&mut self.source)?;
        self.row(shape, block, native, params, is_leading)
    }

    /// Makes a row of the event in `body`.
    fn row<S: Storage + Send>(
        &mut self,
        shape: EventShape,
        block: &Block,
        native: &mut NativeWriter<'_, S>,
        params: &mut Params,
        is_leading: &mut bool,
    ) -> Result<(), Stop> {
        let is_cut = (self.body.len() as u64) < block.body;
        if !self.waiting.is_empty() {
            let waits = |event: &Event<'_>| *is_leading && tells_state(event.code) && event.time == 0;
            let next = Event::parse(&self.body, shape, is_cut, params);
            let next = next.map_or((0, false), |event| (event.time, waits(&event)));
            if !next.1 {
                self.tell_waiting(native, next.0)?;
            }
        }
        let event = match Event::parse(&self.body, shape, is_cut, params) {
            Ok(event) => event,
            Err(what) => {
                // The block is whole, so the next one can be read; this one keeps its number.
                self.report.damaged(block.offset, &what, false);
                let Some(event) = Event::header_only(&self.body, shape, params) else {
                    native.loss(LossCause::Decode, None, 1, native.last);
                    return Ok(());
                };
                native.loss(LossCause::Decode, Some(event.cpu), 1, event.time);
                event
            }
        };
        if *is_leading && tells_state(event.code) && event.time == 0 && self.may_wait() {
            self.waiting.push((self.body.clone(), shape));
            return Ok(());
        }
        if event.info.is_none() {
            self.report.unknown += 1;
        }
        if event.code == DROP {
            native.loss(LossCause::RingFull, Some(event.cpu), 1, event.time);
        }
        // What stands before the first real event belongs to the lists.
        *is_leading = *is_leading && tells_state(event.code);
        let is_state = *is_leading || is_state(&event);
        let seen = self.world.event(&event);
        native.push(&event, &seen, &mut self.world, is_state)?;
        Ok(())
    }

    fn may_wait(&self) -> bool {
        self.waiting.len() < MAX_WAITING && self.body.len() <= MAX_WAITING_SIZE
    }

    /// Makes rows of the events that waited for a time.
    fn tell_waiting<S: Storage + Send>(&mut self, native: &mut NativeWriter<'_, S>, time: u64) -> Result<(), Error> {
        for (body, shape) in std::mem::take(&mut self.waiting) {
            let mut params = Params::default();
            if let Ok(mut event) = Event::parse(&body, shape, true, &mut params) {
                event.time = time;
                event.is_cut = false;
                let seen = self.world.event(&event);
                native.push(&event, &seen, &mut self.world, true)?;
            }
        }
        Ok(())
    }
}

/// Containers, users and groups.
fn tells_state(code: u16) -> bool {
    matches!(code, 228 | 272 | 324 | 354 | 358)
}

/// Why an event was the last one.
enum Stop {
    Broken(Broken),
    Error(Error),
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Stop {
        Stop::Broken(broken)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Stop {
        Stop::Broken(Broken::Io(error))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Error(error)
    }
}
