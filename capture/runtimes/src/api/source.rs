//! One socket of a runtime: a task that connects, asks what it is given and passes on what it hears. Whatever the other
//! side does, it only ever holds up this task, and that never longer than the timeout.

use super::backoff::Backoff;
use super::{Client, Notice, Trouble, explain, within};
use crate::protocol::Metadata;
use crate::settings::Socket;
use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::Instant;

/// Questions that wait for the socket to answer again.
const KEPT_MAX: usize = 1024;
/// How long events that are on their way may take.
const LISTEN: Duration = Duration::from_millis(20);
/// How many of them are waited for.
const LISTEN_MAX: usize = 64;
/// Times that a question may end a connection.
const FAILURES_MAX: u8 = 5;
/// A question is a reason to look again for a socket that nobody listened at, but not more often than this.
const IMPATIENT: Duration = Duration::from_secs(1);
/// A connection that holds for this long was a good one.
const GOOD: Duration = Duration::from_secs(5);

/// A question to a socket.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// Whose question.
    pub(crate) key: u64,
    /// Full id.
    pub(crate) id: String,
    /// containerd: where to look first.
    pub(crate) namespace: Option<String>,
    /// How often it went wrong although there was a connection.
    pub(crate) failures: u8,
}

/// What a socket says.
pub(crate) enum Word {
    /// To a question: what is known, or that it is not known, or why it cannot be asked (it is asked again later).
    Reply {
        source: usize,
        key: u64,
        reply: Result<Option<Box<Metadata>>, Trouble>,
    },
    /// There is a connection: what happened while there was none was not told.
    Connected { source: usize },
    /// Unasked.
    Notice { source: usize, notice: Notice },
}

/// The task's own.
pub(crate) struct Source {
    pub(crate) number: usize,
    pub(crate) socket: Socket,
    pub(crate) timeout: Duration,
    pub(crate) asks: Receiver<Ask>,
    pub(crate) words: Sender<Word>,
}

/// Nobody listens to this task any more.
struct Over;

impl Source {
    /// Runs until nobody can ask any more.
    pub(crate) async fn run(mut self) {
        // Errors mean that the other end is gone: that is how it ends.
        let _ = self.turn().await;
    }

    async fn turn(&mut self) -> Result<(), Over> {
        let mut backoff = Backoff::new();
        let mut kept = VecDeque::new();
        let mut since = now();
        loop {
            let trouble = match Client::connect(&self.socket, self.timeout, since).await {
                Ok(client) => {
                    let began = Instant::now();
                    let word = Word::Connected { source: self.number };
                    self.words.send(word).await.map_err(|_| Over)?;
                    let trouble = self.serve(client, &mut kept).await?;
                    since = now();
                    if began.elapsed() > GOOD {
                        backoff.reset();
                    }
                    trouble
                }
                Err(trouble) => {
                    for ask in &kept {
                        self.fail(ask, &trouble).await?;
                    }
                    trouble
                }
            };
            self.pause(backoff.wait(), &trouble, &mut kept).await?;
        }
    }

    /// Asks and listens until the connection fails.
    async fn serve(&mut self, mut client: Client, kept: &mut VecDeque<Ask>) -> Result<Trouble, Over> {
        loop {
            let mut ask = match kept.pop_front() {
                Some(ask) => ask,
                None => tokio::select! {
                    ask = self.asks.recv() => ask.ok_or(Over)?,
                    notice = client.next() => match notice {
                        Ok(notice) => {
                            self.tell(notice).await?;
                            continue;
                        }
                        Err(text) => return Ok(explain(&self.socket, &text)),
                    },
                },
            };
            match within(self.timeout, client.ask(&ask)).await {
                Ok(reply) => {
                    // One that is gone already: its events are on their way, and are worth more than this reply.
                    let failed = match reply {
                        Some(_) => None,
                        None => self.listen(&mut client).await?,
                    };
                    self.reply(ask.key, Ok(reply.map(Box::new))).await?;
                    if let Some(trouble) = failed {
                        return Ok(trouble);
                    }
                }
                Err(text) => {
                    let trouble = explain(&self.socket, &text);
                    self.fail(&ask, &trouble).await?;
                    // At the end, and not for ever: one question that cannot be answered is no obstacle for others.
                    ask.failures += 1;
                    if ask.failures < FAILURES_MAX {
                        keep(kept, ask);
                    }
                    return Ok(trouble);
                }
            }
        }
    }

    /// Passes on what has been told up to now; or why the connection is over.
    async fn listen(&self, client: &mut Client) -> Result<Option<Trouble>, Over> {
        for _ in 0..LISTEN_MAX {
            match tokio::time::timeout(LISTEN, client.next()).await {
                Ok(Ok(notice)) => self.tell(notice).await?,
                Ok(Err(text)) => return Ok(Some(explain(&self.socket, &text))),
                Err(_) => break,
            }
        }
        Ok(None)
    }

    async fn tell(&self, notice: Notice) -> Result<(), Over> {
        let word = Word::Notice {
            source: self.number,
            notice,
        };
        self.words.send(word).await.map_err(|_| Over)
    }

    /// Leaves the socket alone. Whoever asks meanwhile hears why at once, and the answer when there is one.
    async fn pause(&mut self, wait: Duration, trouble: &Trouble, kept: &mut VecDeque<Ask>) -> Result<(), Over> {
        let began = Instant::now();
        let mut until = began + wait;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return Ok(()),
                ask = self.asks.recv() => {
                    let ask = ask.ok_or(Over)?;
                    self.fail(&ask, trouble).await?;
                    keep(kept, ask);
                    if trouble.absent {
                        until = until.min((began + IMPATIENT).max(Instant::now()));
                    }
                }
            }
        }
    }

    async fn fail(&self, ask: &Ask, trouble: &Trouble) -> Result<(), Over> {
        self.reply(ask.key, Err(trouble.clone())).await
    }

    async fn reply(&self, key: u64, reply: Result<Option<Box<Metadata>>, Trouble>) -> Result<(), Over> {
        let word = Word::Reply {
            source: self.number,
            key,
            reply,
        };
        self.words.send(word).await.map_err(|_| Over)
    }
}

fn keep(kept: &mut VecDeque<Ask>, ask: Ask) {
    if kept.len() >= KEPT_MAX {
        kept.pop_front();
    }
    kept.push_back(ask);
}

/// Seconds since the epoch.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
