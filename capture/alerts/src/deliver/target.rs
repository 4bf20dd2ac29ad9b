//! Who is told, run and copied to, as the settings say now.

use super::job::{Job, Kind, Outcome, Pending, State};
use super::store::{self, Store};
use super::{command, upload, webhook};
use crate::outside::{Client, Outside};
use crate::settings::{Command, Settings, Upload, Webhook};
use std::collections::HashMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::Duration;

/// One target.
#[derive(Clone)]
pub(super) enum Target {
    Webhook(Webhook, Client),
    Command(Command),
    Upload(Upload, Store),
}

/// All of them, by kind and name.
#[derive(Default)]
pub(crate) struct Targets {
    all: HashMap<(Kind, String), Target>,
    /// Where the queue is kept.
    pub(super) state: PathBuf,
}

impl std::hash::Hash for Kind {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl Targets {
    /// Reads what the settings name.
    ///
    /// # Errors
    /// All that cannot be used.
    pub(crate) fn new(settings: &Settings, outside: &Outside) -> Result<Targets, Vec<String>> {
        let mut all = HashMap::new();
        let mut wrong = Vec::new();
        for (at, one) in settings.webhook.iter().enumerate() {
            let places = [one.token(), one.secret_url()];
            let missing = places.into_iter().flatten().find_map(|place| place.read().err());
            if let Some(missing) = missing {
                wrong.push(format!("webhook[{at}]: {missing}"));
            }
            match Client::new(outside, one.ca.as_ref()) {
                Ok(client) => drop(all.insert((Kind::Webhook, one.name.clone()), Target::Webhook(one.clone(), client))),
                Err(why) => wrong.push(format!("webhook[{at}].ca: {why}")),
            }
        }
        for one in &settings.command {
            all.insert((Kind::Command, one.name.clone()), Target::Command(one.clone()));
        }
        for (at, one) in settings.upload.iter().enumerate() {
            match store::open(one, outside) {
                Ok(store) => drop(all.insert((Kind::Upload, one.name.clone()), Target::Upload(one.clone(), store))),
                Err(why) => wrong.push(format!("upload[{at}]: {why}")),
            }
        }
        match wrong.is_empty() {
            true => Ok(Targets {
                all,
                state: settings.deliver.state.clone(),
            }),
            false => Err(wrong),
        }
    }

    /// Makes the folder in which it is written down how far deliveries are, where there are any.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub(crate) fn make_state(&self) -> Result<(), Vec<String>> {
        if self.all.is_empty() {
            return Ok(());
        }
        let made = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.state);
        made.map_err(|error| vec![format!("deliver.state: cannot make {}: {error}", self.state.display())])
    }

    /// A job for each.
    pub(super) fn jobs(&self, now: i64) -> Vec<Job> {
        let mut jobs: Vec<Job> = Vec::new();
        jobs.extend(self.all.keys().map(|(kind, name)| Job {
            kind: *kind,
            name: name.clone(),
            attempts: 0,
            since: now,
            state: State::Waiting,
        }));
        jobs.sort_by_key(Job::what);
        jobs
    }

    pub(super) fn of(&self, job: &Job) -> Option<Target> {
        self.all.get(&(job.kind, job.name.clone())).cloned()
    }
}

impl Target {
    /// One try.
    pub(super) async fn attempt(&self, pending: &Pending, progress: PathBuf) -> Outcome {
        match self {
            Target::Webhook(settings, client) => webhook::post(settings, client, pending).await,
            Target::Command(settings) => command::run(settings, pending).await,
            Target::Upload(settings, store) => upload::copy(settings, store, pending, &progress).await,
        }
    }

    /// Whether there is another try after this many, this long after the first.
    pub(super) fn may_go_on(&self, attempts: u32, since: Duration) -> bool {
        match self {
            Target::Webhook(settings, _) => attempts <= settings.retries,
            Target::Command(settings) => attempts <= settings.retries,
            Target::Upload(settings, _) => since < Duration::from_secs(settings.retry_s),
        }
    }
}
