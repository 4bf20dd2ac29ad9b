//! What of a configuration can change while the agent runs.

use super::config::Config;

/// Keys whose change counts from the next start on.
pub(crate) fn needs_start(old: &Config, new: &Config) -> Vec<&'static str> {
    let mut keys = Vec::new();
    let mut differs = |key: &'static str, differs: bool| {
        if differs {
            keys.push(key);
        }
    };
    differs("recording", old.recording != new.recording);
    differs("kubernetes", old.kubernetes != new.kubernetes);
    differs("ring.disk", old.ring.disk != new.ring.disk);
    differs("trigger.socket", old.trigger.socket != new.trigger.socket);
    differs("captures.folder", old.captures.folder != new.captures.folder);
    // The helper is started at the start alone.
    let nothing = |config: &Config| config.doors == Default::default();
    if nothing(old) && !nothing(new) {
        keys.push("http, source, webhook, command, upload");
    }
    keys
}

/// The new configuration, with the old one's values where those cannot change.
pub(crate) fn merged(old: &Config, new: Config) -> Config {
    let mut merged = new;
    merged.recording = old.recording.clone();
    merged.kubernetes = old.kubernetes.clone();
    merged.ring.disk.clone_from(&old.ring.disk);
    merged.trigger.socket = old.trigger.socket.clone();
    merged.captures.folder.clone_from(&old.captures.folder);
    merged
}
