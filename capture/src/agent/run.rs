//! The recorder's own thread: what any recording does, into the ring.

use super::config::{self, Config, Mode};
use super::desk::{Ask, Desk, Event, Parts, Shared};
use super::doors::Keeper;
use super::log::Log;
use super::metrics::Metrics;
use super::notify::Notify;
use super::ring::{Limit, RingEnd, SharedRing};
use super::select::World;
use super::writing::Writing;
use super::{folder, held, older, recover};
use crate::conduct::{self, CpuLimit, OwnPages};
use crate::containers::Asked;
use crate::executed::Executed;
use crate::probe::{self, Wanted, Way};
use crate::profile::Profile;
use crate::record::{self, Begun, Drain, Options, Output, Rotation, Sink};
use crate::redact::Redactor;
use crate::scope::Scope;
use crate::state::What;
use crate::{cli, clock, heap, host, signals};
use afterimage_format::file::{Summary, WriterOptions};
use afterimage_format::model::Header;
use afterimage_format::segment::SegmentBuilder;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Where the configuration is unless another is named.
const CONFIG: &str = "/etc/afterimage/agent.toml";
/// How long the recorder sleeps at most while captures are written.
const ATTENTIVE: Duration = Duration::from_millis(10);
/// Between two times that containers are forgotten which have gone.
const FORGET: Duration = Duration::from_secs(10);
/// Files of the ring on disk: the oldest is deleted as a whole.
const DISK_FILES: u64 = 8;

#[derive(Args)]
pub(crate) struct AgentArgs {
    /// Configuration [default: the built-in one where there is no /etc/afterimage/agent.toml].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the default configuration, with what each key means.
    #[arg(long)]
    print_config: bool,
    /// Check the configuration and end.
    #[arg(long)]
    check: bool,
    /// Create this file once everything is recorded.
    #[arg(long, value_name = "FILE", hide = true)]
    ready_file: Option<PathBuf>,
    /// End when nothing is left to be captured, with the status 75.
    #[arg(long, hide = true)]
    once: bool,
}

/// Runs until a signal ends it; returns the exit status.
pub(crate) fn agent(args: &AgentArgs) -> Result<u8> {
    if args.print_config {
        let _ = std::io::Write::write_all(&mut std::io::stdout(), config::DEFAULT.as_bytes());
        return Ok(0);
    }
    let path = args.config.clone();
    let read = move || read(path.as_deref());
    let (config, writing) = read()?;
    let options = options(&config)?;
    config.kubernetes.check()?;
    if args.check {
        if let Err(reasons) = afterimage_alerts::check(&config.doors) {
            bail!("alerts and deliveries: {}", reasons.join("; "));
        }
        eprintln!("capture: the configuration is right");
        return Ok(0);
    }
    if config.recording.mode == Mode::OnDemand && !args.once {
        return super::again::and_again(&config, || read().map(|(config, _)| config));
    }
    if args.once {
        // Whoever is left alone seals what it has and ends.
        // SAFETY: no memory is involved.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) };
    }
    run(args, config, writing, options, Box::new(read))
}

fn read(path: Option<&Path>) -> Result<(Config, Writing)> {
    let config = match path {
        Some(path) => Config::read(path)?,
        None if Path::new(CONFIG).exists() => Config::read(Path::new(CONFIG))?,
        None => Config::default(),
    };
    let writing = Writing::read(&config.captures)?;
    Ok((config, writing))
}

/// As a recording takes it.
fn options(config: &Config) -> Result<Options> {
    let recording = &config.recording;
    let profile = Profile::find(recording.profile.get_ref()).context("`profile` of [recording]")?;
    let ring = probe::ring_size(recording.kernel_ring.get_ref()).map_err(|error| anyhow!("`kernel_ring`: {error}"))?;
    let mut scope = Scope::default();
    let of = &recording.scope;
    for (what, patterns) in [
        (What::Container, &of.containers),
        (What::Pod, &of.pods),
        (What::Cgroup, &of.cgroups),
        (What::Image, &of.images),
        (What::Label, &of.labels),
        (What::Namespace, &of.namespaces),
    ] {
        scope.select(what, patterns, false);
    }
    Ok(Options {
        output: PathBuf::new(),
        writer: WriterOptions::default(),
        rotation: Rotation::default(),
        attached: Vec::new(),
        duration: None,
        snaplen: recording.snaplen.or(profile.snaplen).unwrap_or(cli::SNAPLEN),
        latency: recording.latency,
        way: Way {
            wanted: Wanted::Auto,
            size: ring,
        },
        scope,
        profile,
        filter: None,
        redactor: Redactor::new(&recording.redact(), true).context("`redact` of [recording]")?,
        tags: Vec::new(),
        ready_file: None,
        nice: None,
        cpu_limit: (recording.cpu_limit > 0).then_some(recording.cpu_limit),
        quiet: true,
        keep_executed: false,
        asked: Asked {
            runtimes: cli::runtimes(&recording.runtimes()).context("`runtimes` of [recording]")?,
            ..Asked::default()
        },
    })
}

/// Makes a folder that only this user can look into.
fn make_folder(path: &Path) -> Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true).mode(0o700);
    folder
        .create(path)
        .with_context(|| format!("cannot make the folder {}", path.display()))
}

/// The exit status of an agent on demand that has nothing more to write: it is to be started again.
pub(super) const AGAIN: u8 = 75;

fn run(
    args: &AgentArgs,
    config: Config,
    writing: Writing,
    mut options: Options,
    reread: Box<dyn Fn() -> Result<(Config, Writing)> + Send>,
) -> Result<u8> {
    let log = Log::new(config.log.format);
    let on_demand = config.recording.mode == Mode::OnDemand;
    let mut folders = vec![config.captures.folder.clone()];
    folders.extend(config.ring.disk.iter().map(|disk| disk.folder.clone()));
    folders.iter().try_for_each(|folder| make_folder(folder))?;
    let lock = folder::lock(&config.captures.folder)?;
    // Recovering can take a while, and none of them shall end it half-way.
    signals::install()?;
    // Before anything is recorded: nobody else writes there now.
    let doors = &config.doors;
    let delivers = !(doors.webhook.is_empty() && doors.command.is_empty() && doors.upload.is_empty());
    recover::unfinished(&config.captures.folder, &writing, delivers, &log);
    let notify = Notify::connect();
    let keeper = Keeper::start(&config)?;
    held::keep_to_oneself();
    let others: Vec<u32> = keeper.iter().map(Keeper::pid).collect();
    config.kubernetes.add_to(&mut options.asked)?;
    let begun = match on_demand {
        true => None,
        false => Some(record::begin(&mut options, &others)?),
    };
    // Behind the fork: nobody else shall hold it open.
    let door = held::door(&config.trigger.socket)?;
    let header = begun
        .as_ref()
        .map_or_else(|| waiting_header(&options), |begun| begun.header.clone());
    let ring = SharedRing::default();
    ring.lock().set_limit(Limit::of(&config.ring));
    let (to_desk, events) = channel();
    let (asks, asked) = channel();
    let place = Place {
        ring: ring.clone(),
        desk: to_desk.clone(),
        disk: config.ring.disk.clone(),
        min_free: config.retention.min_free.0,
        folders: folders.clone(),
        nice: config.recording.nice,
    };
    // With CAP_SYS_NICE alone all threads get it. Where there is neither, `Place::drain` says so.
    if place.nice != 0 && conduct::allow_nice(place.nice).is_err() {
        let _ = conduct::set_nice(place.nice);
    }
    if !on_demand {
        conduct::keep_what_is_needed(&folders)?;
    }
    let shared = Arc::new(Shared::default());
    // From here on there are threads, each with rights of its own: where this one still has all, they give them up themselves.
    // Later, once the recorder is confined, they could not. The keeper starts nothing before it is told to: by then its
    // births are recorded.
    let given_up = if on_demand { folders.clone() } else { Vec::new() };
    let talk = |keeper: Keeper| keeper.talk(to_desk.clone(), given_up.clone());
    let link = keeper.map(talk).transpose()?.unwrap_or_default();
    let desk = Desk::new(Parts {
        config,
        writing,
        ring,
        header,
        events,
        asks,
        shared: Arc::clone(&shared),
        link,
        log: log.clone(),
        metrics: Metrics::default(),
        recording: !on_demand,
        reread,
    });
    let kept = given_up.clone();
    let desk = std::thread::Builder::new()
        .name("desk".into())
        .spawn(move || give_up(&kept).map(|()| desk.run()))
        .context("cannot start the agent's thread")?;
    if let Some(door) = &door {
        let closing = on_demand.then(|| Arc::clone(&shared));
        door.serve(to_desk.clone(), log.clone(), given_up.clone(), closing)?;
    }
    let ready = || -> Result<()> {
        if let Some(path) = &args.ready_file {
            std::fs::write(path, "").with_context(|| format!("cannot create {}", path.display()))?;
        }
        notify.say("READY=1");
        Ok(())
    };
    let (begun, wanted) = match begun {
        Some(begun) => (Some(begun), None),
        None => {
            ready()?;
            log.info("waiting for a trigger", &[]);
            match wait(&asked, &to_desk) {
                None => (None, None),
                Some(wanted) => match record::begin(&mut options, &others) {
                    Ok(begun) => (Some(begun), Some(wanted)),
                    Err(error) => {
                        let _ = wanted.send(Err(format!("{error:#}")));
                        return Err(error);
                    }
                },
            }
        }
    };
    let (world, ended) = match begun {
        None => {
            drop(asked);
            (World::default(), Ok(()))
        }
        Some(begun) => {
            let header = begun.header.clone();
            let pages = OwnPages::find();
            let drain = place.drain(begun, &log)?;
            pages.forget();
            match wanted {
                Some(wanted) => drop(wanted.send(Ok(Box::new(header.clone())))),
                None => ready()?,
            }
            log.info("recording", &[("scope", &header.scope), ("profile", &header.profile)]);
            let mut limit = options.cpu_limit.map(CpuLimit::new);
            let watched = Watched {
                asked: &asked,
                to_desk: &to_desk,
                desk: &desk,
                shared: &shared,
            };
            let (drain, ended) = turns(drain, &watched, &mut limit, pages);
            if let Err(error) = &ended {
                log.error("recording has ended", &[("error", &error.to_string())]);
            }
            // Nobody answers the desk any more, and it must not wait for that; what it needs comes with the last word.
            drop(asked);
            (finish(drain, &log), ended)
        }
    };
    let again = on_demand && shared.idle.load(Ordering::Relaxed);
    if !again {
        notify.say("STOPPING=1");
    }
    let _ = to_desk.send(Event::Stop(Box::new(world)));
    desk.join().map_err(|_| anyhow!("the agent's thread ended early"))??;
    drop((door, lock));
    // The service's manager starts another one.
    ended?;
    log.info(if again { "nothing more to capture" } else { "ended" }, &[]);
    Ok(if again { AGAIN } else { 0 })
}

/// Gives up the rights of a thread, but for what these folders take; where there are none, they were given up before it
/// began.
pub(super) fn give_up(folders: &[PathBuf]) -> Result<()> {
    match folders {
        [] => Ok(()),
        folders => conduct::keep_what_is_needed(folders),
    }
}

/// What the desk says of this host before anything is recorded.
fn waiting_header(options: &Options) -> Header {
    Header {
        host: host::describe(),
        clock: clock::anchor(),
        scope: options.scope.text(),
        profile: options.profile.name.clone(),
        ..Header::default()
    }
}

/// Waits until something is to be recorded, and who wants to know when; nothing where a signal ends the agent.
fn wait(asked: &Receiver<Ask>, desk: &Sender<Event>) -> Option<Sender<Result<Box<Header>, String>>> {
    loop {
        match asked.recv_timeout(Duration::from_millis(100)) {
            Ok(Ask::Begin(wanted)) => return Some(wanted),
            Ok(Ask::World(_, answer)) => drop(answer.send(World::default())),
            Ok(Ask::Flush(_)) => {}
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
        pass_on_signals(desk);
        if signals::received().is_some() {
            return None;
        }
    }
}

fn pass_on_signals(desk: &Sender<Event>) {
    if signals::wants_rotation() {
        let _ = desk.send(Event::Reload);
    }
    if signals::wants_status() {
        let _ = desk.send(Event::Signal);
    }
}

/// Where what is recorded goes.
struct Place {
    ring: SharedRing,
    desk: Sender<Event>,
    disk: Option<config::Disk>,
    min_free: u64,
    folders: Vec<PathBuf>,
    /// Of this thread and those that encode; captures and answers can wait.
    nice: i32,
}

impl Place {
    /// Begins to drain, with no more rights than that takes.
    fn drain(self, begun: Begun, log: &Log) -> Result<Drain> {
        if self.nice != 0
            && let Err(error) = conduct::set_nice(self.nice)
        {
            let error = format!("{error:#}; `nice` of [recording]");
            log.warn(
                "the recorder goes on with the priority it was started with",
                &[("error", &error)],
            );
        }
        let (mut probe, tracker, header) = (begun.probe, begun.tracker, begun.header);
        let disk = self.disk.map(|disk| {
            let rotation = Rotation {
                bytes: Some(disk.size.0 / DISK_FILES),
                age: None,
                keep: Some(DISK_FILES as usize),
            };
            let name = format!("{}.scap", older::name(&header.capture_id));
            let options = WriterOptions {
                min_free: self.min_free,
                ..WriterOptions::default()
            };
            Output::create(&disk.folder.join(name), header.clone(), options, rotation, Vec::new())
        });
        let end = RingEnd {
            ring: self.ring,
            desk: self.desk,
            clock: header.clock,
            disk: disk.transpose().context("the ring on disk ([ring.disk])")?,
            failed: None,
        };
        let builder = || SegmentBuilder::new(tracker.catalogue.kinds.clone(), 1);
        let (first, spare) = (builder(), builder());
        conduct::keep_what_is_needed(&self.folders)?;
        let since = header.clock.realtime as i64;
        let executed = Executed::start(probe.take_executed()?, false, since)?;
        let drain = Drain::new(probe, tracker, first, Sink::start(end, spare), executed);
        if let Err(error) = conduct::confine_agent() {
            log.warn(
                "the recorder could not confine itself",
                &[("error", &format!("{error:#}"))],
            );
        }
        Ok(drain)
    }
}

/// Takes the rest; what was known in the end.
fn finish(drain: Drain, log: &Log) -> World {
    let (tracker, sink) = drain.finish();
    let world = World {
        containers: tracker.cgroups.containers(),
        ..World::default()
    };
    if let Ok(mut written) = sink.finish() {
        let summary = Summary {
            end: tracker.real_time(clock::boottime()),
            reason: "the agent was told to end".to_owned(),
            containers: world.containers.clone(),
            ..Summary::default()
        };
        if let Err(error) = written.seal(summary) {
            log.warn("the ring on disk could not be sealed", &[("error", &error.to_string())]);
        }
    }
    world
}

/// What is looked at beside draining.
struct Watched<'a> {
    asked: &'a Receiver<Ask>,
    to_desk: &'a Sender<Event>,
    desk: &'a JoinHandle<Result<Metrics>>,
    shared: &'a Shared,
}

/// Drains until a signal ends it, or until it cannot go on: why.
fn turns(
    mut drain: Drain,
    watched: &Watched<'_>,
    limit: &mut Option<CpuLimit>,
    pages: OwnPages,
) -> (Drain, Result<()>) {
    let Watched {
        asked,
        to_desk,
        desk,
        shared,
    } = *watched;
    let stopped = || Err(anyhow!("the thread that keeps what is recorded ended early"));
    let mut forgot = Instant::now();
    let mut pages = Some(pages);
    loop {
        let pause = limit.as_mut().map_or(Duration::ZERO, CpuLimit::pause);
        if limit.is_some() {
            drain.hurry(pause > Duration::ZERO);
        }
        drain.be_attentive((shared.running.load(Ordering::Relaxed) > 0).then_some(ATTENTIVE));
        if pause > Duration::ZERO {
            std::thread::sleep(pause);
        } else if drain.turn().is_err() {
            return (drain, stopped());
        }
        while let Ok(ask) = asked.try_recv() {
            match ask {
                Ask::World(pids, answer) => {
                    // An alert may be about what began while the recorder slept.
                    if drain.catch_up().is_err() {
                        return (drain, stopped());
                    }
                    let known = |pid: u32| Some((pid, drain.tracker.process(pid)?));
                    let world = World {
                        processes: pids.into_iter().filter_map(known).collect(),
                        containers: drain.tracker.cgroups.containers(),
                    };
                    let _ = answer.send(world);
                }
                // It records already.
                Ask::Begin(_) => {}
                Ask::Flush(mark) => {
                    if drain.flush(mark).is_err() {
                        return (drain, stopped());
                    }
                }
            }
        }
        pass_on_signals(to_desk);
        if forgot.elapsed() >= FORGET {
            forgot = Instant::now();
            // Once more: by now it has recorded, which brings in what that needs and not what starting did.
            if let Some(pages) = pages.take() {
                pages.forget();
            }
            heap::give_back();
            drain
                .tracker
                .cgroups
                .forget(shared.needed_since.load(Ordering::Relaxed));
        }
        if signals::received().is_some() || shared.idle.load(Ordering::Relaxed) {
            return (drain, Ok(()));
        }
        if drain.has_failed() {
            return (drain, Err(anyhow!("what is recorded cannot be encoded any more")));
        }
        if desk.is_finished() {
            return (drain, Err(anyhow!("the agent's thread ended early")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_configuration_can_be_recorded_with() {
        let options = options(&Config::default()).unwrap();
        assert_eq!(options.scope.text(), "everything on this host");
        assert_eq!(options.snaplen, cli::SNAPLEN);
    }
}
