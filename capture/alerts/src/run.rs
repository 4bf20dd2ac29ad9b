//! The helper: two threads for the pipes, and one for everything else.

use crate::dedup::Answer;
use crate::deliver::{Order, Queue, Targets};
use crate::error::Error;
use crate::lines::{self, Line};
use crate::outside::Outside;
use crate::protocol::{Said, Told};
use crate::server::{Door, InForce, Listeners};
use crate::settings::Settings;
use std::io::{BufReader, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

/// Lines that wait for a pipe. A payload is a line: this bounds their memory. Beyond, requests wait and then give up.
const SAID_MAX: usize = 8;
const TOLD_MAX: usize = 8;
/// How long the last lines may take when the recorder is gone.
const GRACE: Duration = Duration::from_secs(3);

/// Takes alerts and delivers captures until the recorder says to stop or closes its end. The first line of `input` must be
/// [`Told::Settings`].
///
/// # Errors
/// The first settings cannot be used, the event loop cannot be started, or nobody takes what is said. Nothing that comes over
/// the network is an error.
pub fn run(input: impl Read + Send + 'static, output: impl Write + Send + 'static) -> Result<(), Error> {
    run_in(&Outside::default(), input, output)
}

/// The same with names, roots and clock of the caller's.
///
/// # Errors
/// As [`run`].
pub fn run_in(
    outside: &Outside,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> Result<(), Error> {
    let mut input = BufReader::new(input);
    let settings = match lines::read_line(&mut input).map_err(Error::Start)? {
        Some(Ok(Told::Settings(settings))) => settings,
        Some(Ok(_)) => return Err(Error::Settings("the first line is something else".to_owned())),
        Some(Err(why)) => return Err(Error::Settings(why)),
        None => return Err(Error::Settings("there is no line".to_owned())),
    };
    // SAFETY: plain system call. What is written into folders is for the owner alone.
    unsafe { libc::umask(0o077) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .build();
    let runtime = runtime.map_err(Error::Start)?;
    let (said, to_say) = mpsc::channel(SAID_MAX);
    let (tell, told) = mpsc::channel(TOLD_MAX);
    let writer = spawn("alerts-write", move || lines::write(output, to_say))?;
    // Not joined: it may hang in the pipe for as long as the recorder lives.
    spawn("alerts-read", move || lines::read(input, &tell))?;
    let served = runtime.block_on(serve(*settings, outside, told, said));
    runtime.shutdown_timeout(Duration::from_millis(200));
    let wrote = writer.join().unwrap_or(Ok(()));
    served?;
    // After the end of the recorder nobody reads; that is no fault.
    match wrote {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::Write(error)),
        _ => Ok(()),
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<std::thread::JoinHandle<T>, Error> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(Error::Start)
}

/// Everything that settings become.
struct Parts {
    in_force: InForce,
    targets: Targets,
    addresses: Vec<SocketAddr>,
}

impl Parts {
    /// Reads everything that the settings name, and changes nothing.
    fn new(settings: Settings, outside: &Outside) -> Result<Parts, Vec<String>> {
        let settings = settings
            .checked()
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let (in_force, targets) = match (InForce::new(&settings, outside), Targets::new(&settings, outside)) {
            (Ok(in_force), Ok(targets)) => (in_force, targets),
            (one, other) => return Err([one.err(), other.err()].into_iter().flatten().flatten().collect()),
        };
        let mut addresses: Vec<SocketAddr> = settings
            .http
            .listen
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect();
        addresses.sort();
        addresses.dedup();
        Ok(Parts {
            in_force,
            targets,
            addresses,
        })
    }

    /// The same, ready to be used.
    fn open(settings: Settings, outside: &Outside) -> Result<Parts, Vec<String>> {
        let parts = Parts::new(settings, outside)?;
        parts.targets.make_state()?;
        Ok(parts)
    }
}

/// Reads the secrets, certificates and stores that settings name, as the helper does when it is given them.
///
/// # Errors
/// Everything that cannot be used: which key, and why.
pub fn check(settings: &Settings) -> Result<(), Vec<String>> {
    Parts::new(settings.clone(), &Outside::default()).map(|_| ())
}

async fn serve(
    settings: Settings,
    outside: &Outside,
    mut told: mpsc::Receiver<Line>,
    said: mpsc::Sender<Said>,
) -> Result<(), Error> {
    let mut listeners = Listeners::new(&outside.listeners);
    let first = Parts::open(settings, outside).and_then(|parts| {
        let bound = listeners.bind(&parts.addresses).map_err(|why| vec![why])?;
        Ok((parts, bound))
    });
    let (parts, bound) = match first {
        Ok(first) => first,
        Err(reasons) => {
            let _ = timeout(
                GRACE,
                said.send(Said::Failed {
                    reasons: reasons.clone(),
                }),
            )
            .await;
            return Err(Error::Unusable(reasons));
        }
    };
    let Parts {
        in_force,
        targets,
        addresses,
    } = parts;
    let (end, ending) = watch::channel(false);
    let notes = in_force.notes.clone();
    let door = Door::new(said.clone(), ending, in_force);
    listeners.listen(&door, &addresses, bound);
    // As many as there are captures. This loop must not wait for the queue, which may wait for a disk: it also reads answers.
    let (order, orders) = mpsc::unbounded_channel();
    let queue = tokio::spawn(Queue::new(targets, said.clone()).run(orders));
    let listening = listeners.addresses();
    let _ = said.send(Said::Ready { listening, notes }).await;

    // Beside the loop: it must go on reading when the recorder is slow to take lines.
    let tally = tokio::spawn(tell_tally(door.clone(), said.clone()));
    let within = loop {
        match told.recv().await {
            None => break GRACE,
            Some(Ok(Told::Stop { within_ms })) => break Duration::from_millis(within_ms),
            Some(Ok(Told::Answer { ticket, status, body })) => {
                door.tickets.answer(ticket, Answer { status, body });
            }
            Some(Ok(Told::Text {
                ticket,
                status,
                content_type,
                body,
            })) => {
                door.tickets.text(ticket, (status, content_type, body));
            }
            Some(Ok(Told::Deliver {
                capture,
                files,
                summary,
            })) => {
                let _ = order.send(Order::Deliver {
                    capture,
                    files,
                    summary,
                });
            }
            Some(Ok(Told::Settings(new))) => {
                let replaced = replace(*new, outside, &door, &mut listeners, &order).await;
                let _ = said.send(replaced).await;
            }
            Some(Err(message)) => {
                let level = "error".to_owned();
                let _ = said.send(Said::Log { level, message }).await;
            }
        }
    };
    let until = Instant::now() + within;
    stop(&door, &mut listeners, told, &end, until).await;
    drop(order);
    tally.abort();
    let left = timeout(GRACE, queue).await.ok().and_then(Result::ok).unwrap_or(0);
    for line in door.take_tally().into_iter().chain([Said::Stopped { left }]) {
        let _ = timeout(GRACE, said.send(line)).await;
    }
    Ok(())
}

async fn tell_tally(door: Arc<Door>, said: mpsc::Sender<Said>) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        for line in door.take_tally() {
            if said.send(line).await.is_err() {
                return;
            }
        }
    }
}

/// Takes no more, and answers what is under way.
async fn stop(
    door: &Arc<Door>,
    listeners: &mut Listeners,
    mut told: mpsc::Receiver<Line>,
    end: &watch::Sender<bool>,
    until: Instant,
) {
    listeners.close();
    end.send_replace(true);
    let mut open = true;
    while listeners.open() > 0 && Instant::now() < until {
        tokio::select! {
            line = told.recv(), if open => match line {
                Some(Ok(Told::Answer { ticket, status, body })) => {
                    door.tickets.answer(ticket, Answer { status, body });
                }
                Some(Ok(Told::Text { ticket, status, content_type, body })) => {
                    door.tickets.text(ticket, (status, content_type, body));
                }
                Some(_) => {}
                // Nobody will answer.
                None => open = false,
            },
            () = sleep(Duration::from_millis(10)) => {}
        }
    }
}

async fn replace(
    new: Settings,
    outside: &Outside,
    door: &Arc<Door>,
    listeners: &mut Listeners,
    order: &mpsc::UnboundedSender<Order>,
) -> Said {
    let parts = Parts::open(new, outside).and_then(|parts| {
        let bound = listeners.bind(&parts.addresses).map_err(|why| vec![why])?;
        Ok((parts, bound))
    });
    let (parts, bound) = match parts {
        Ok(parts) => parts,
        Err(reasons) => return Said::Failed { reasons },
    };
    let notes = parts.in_force.notes.clone();
    door.replace(parts.in_force);
    listeners.listen(door, &parts.addresses, bound);
    let _ = order.send(Order::Targets(Box::new(parts.targets)));
    let listening = listeners.addresses();
    Said::Ready { listening, notes }
}
