//! How much is told about one container. A label of 4 KiB comes through as it is; a runtime that tells more than a
//! container can sensibly have is cut short, and the answer says so.

use crate::protocol::{Metadata, Mount};
use std::collections::BTreeMap;

/// Bytes of one text.
const TEXT_MAX: usize = 4096;
/// Bytes of everything about one container.
const TOTAL_MAX: usize = 256 << 10;
/// Entries of each list.
const LIST_MAX: usize = 1024;
/// What an entry costs beside its text.
const ENTRY: usize = 32;

/// Cuts what is too much; what was cut, in words.
pub(crate) fn bound(metadata: &mut Metadata) -> Option<String> {
    let mut cut = Vec::new();
    let mut note = |was_cut: bool, what: &str| {
        if was_cut {
            cut.push(what.to_owned());
        }
    };
    let Metadata {
        source,
        name,
        image,
        image_id,
        image_digest,
        network_mode,
        ..
    } = metadata;
    let mut texts = vec![source, name, image, image_id];
    texts.extend(image_digest.as_mut());
    texts.extend(network_mode.as_mut());
    if let Some(pod) = &mut metadata.pod {
        texts.extend([&mut pod.namespace, &mut pod.name, &mut pod.uid, &mut pod.sandbox_id]);
        texts.extend(pod.ip.as_mut());
    }
    note(texts.into_iter().fold(false, |was, text| shorten(text) | was), "names");

    let mut budget = TOTAL_MAX - 16 * TEXT_MAX;
    note(fit_map(&mut metadata.labels, &mut budget), "labels");
    if let Some(pod) = &mut metadata.pod {
        note(fit_map(&mut pod.labels, &mut budget), "labels of the pod");
    }
    note(fit(&mut metadata.capabilities, &mut budget, text), "capabilities");
    note(fit(&mut metadata.ips, &mut budget, text), "addresses");
    note(fit(&mut metadata.mounts, &mut budget, mount), "mounts");
    note(fit(&mut metadata.env_names, &mut budget, text), "names of variables");
    (!cut.is_empty()).then(|| format!("too much is told about it: {} were cut", cut.join(", ")))
}

/// About how many bytes it takes.
pub(crate) fn size(metadata: &Metadata) -> usize {
    let map = |m: &BTreeMap<String, String>| m.iter().map(|(k, v)| k.len() + v.len() + 2 * ENTRY).sum::<usize>();
    let list = |l: &[String]| l.iter().map(|t| t.len() + ENTRY).sum::<usize>();
    let mounts = metadata.mounts.iter();
    size_of::<Metadata>()
        + map(&metadata.labels)
        + metadata.pod.as_ref().map_or(0, |pod| map(&pod.labels))
        + list(&metadata.env_names)
        + list(&metadata.capabilities)
        + mounts
            .map(|m| m.source.len() + m.destination.len() + 4 * ENTRY)
            .sum::<usize>()
}

/// Cuts at a character; whether there was something to cut.
fn shorten(text: &mut String) -> bool {
    if text.len() <= TEXT_MAX {
        return false;
    }
    text.truncate(text.floor_char_boundary(TEXT_MAX));
    true
}

fn fit_map(map: &mut BTreeMap<String, String>, budget: &mut usize) -> bool {
    let mut cut = false;
    map.retain(|key, value| {
        cut |= shorten(value);
        let cost = key.len() + value.len() + ENTRY;
        let kept = key.len() <= TEXT_MAX && cost <= *budget;
        if kept {
            *budget -= cost;
        }
        cut |= !kept;
        kept
    });
    cut
}

/// Shortens a text; its length.
fn text(text: &mut String) -> usize {
    shorten(text);
    text.len()
}

fn mount(mount: &mut Mount) -> usize {
    text(&mut mount.source) + text(&mut mount.destination) + text(&mut mount.mode) + text(&mut mount.propagation)
}

fn fit<T>(list: &mut Vec<T>, budget: &mut usize, cost: impl Fn(&mut T) -> usize) -> bool {
    let before = list.len();
    list.truncate(LIST_MAX);
    list.retain_mut(|item| {
        let cost = cost(item) + ENTRY;
        let kept = cost <= *budget;
        if kept {
            *budget -= cost;
        }
        kept
    });
    list.len() < before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_of_4_kib_is_kept_and_a_longer_one_is_cut() {
        let mut metadata = Metadata::default();
        metadata.labels.insert("whole".into(), "x".repeat(4096));
        assert_eq!(bound(&mut metadata), None);
        metadata.labels.insert("long".into(), "ü".repeat(4096));
        assert!(bound(&mut metadata).unwrap().contains("labels"));
        assert_eq!(metadata.labels["whole"].len(), 4096);
        assert_eq!(metadata.labels["long"], "ü".repeat(2048));
    }

    #[test]
    fn everything_together_has_a_bound() {
        let mut metadata = Metadata::default();
        for at in 0..1000 {
            metadata.labels.insert(format!("l{at}"), "x".repeat(4000));
            metadata.env_names.push("E".repeat(4000));
        }
        let said = bound(&mut metadata).unwrap();
        assert!(said.contains("labels") && said.contains("variables"), "{said}");
        assert!(size(&metadata) < TOTAL_MAX);
        assert!(metadata.labels.len() > 40);
    }
}
