//! What the desk does with what the helper says.

use super::super::desk::Desk;
use super::super::folder::{self, Files};
use super::super::sidecar;
use afterimage_alerts::protocol::{DeliveryResult, Said, Told};
use serde_json::{Value, json};

impl Desk {
    /// Tells the helper what it is to do, at the start and after a change.
    pub(crate) fn tell_settings(&self) {
        self.link.tell(Told::Settings(Box::new(self.config.doors.clone())));
    }

    pub(crate) fn heard(&mut self, said: Said) {
        match said {
            Said::Ready { listening, notes } => {
                self.log
                    .info("alerts are taken", &[("listening", &listening.join(", "))]);
                for note in notes {
                    self.log.warn("alerts", &[("note", &note)]);
                }
                self.deliver_what_is_left();
            }
            Said::Failed { reasons } => {
                self.log.error(
                    "alerts and deliveries: the settings cannot be used",
                    &[("reasons", &reasons.join("; "))],
                );
            }
            Said::Trigger { ticket, trigger } => {
                let body = self.trigger(&trigger);
                let status = body["status"]
                    .as_u64()
                    .and_then(|status| u16::try_from(status).ok())
                    .unwrap_or(500);
                self.link.tell(Told::Answer { ticket, status, body });
            }
            Said::Refused {
                source,
                status,
                reason,
                count,
            } => {
                self.metrics.requests(&source, &format!("refused {status}"), count);
                let (status, count) = (status.to_string(), count.to_string());
                let fields = [
                    ("source", source.as_str()),
                    ("status", &status),
                    ("count", &count),
                    ("reason", &reason),
                ];
                self.log.warn("requests were refused", &fields);
            }
            Said::Passed { source, reason, count } => self.metrics.requests(&source, &reason, count),
            Said::Delivered { capture, what, result } => self.delivered(&capture, &what, result),
            Said::Settled { capture } => {
                self.unsettled.remove(&capture);
                self.amend(&capture, |summary| summary["delivery"] = "done".into());
            }
            Said::Asked { ticket, what } => {
                let (status, content_type, body) = self.text_of(&what);
                self.link.tell(Told::Text {
                    ticket,
                    status,
                    content_type,
                    body,
                });
            }
            Said::Log { level, message } => match level.as_str() {
                "error" => self.log.error(&message, &[]),
                "warn" => self.log.warn(&message, &[]),
                _ => self.log.info(&message, &[]),
            },
            Said::Stopped { .. } => self.helper_stopped(),
        }
    }

    /// A finished capture goes out.
    pub(crate) fn deliver(&mut self, files: &Files, summary: &Value) {
        if !self.delivers() || summary["sealed"] != true {
            return;
        }
        self.unsettled.insert(files.id.clone());
        let told = self.link.tell(Told::Deliver {
            capture: files.id.clone(),
            files: vec![files.trace(), files.sidecar()],
            summary: sidecar::brief(summary),
        });
        self.untold |= !told;
    }

    /// Whether anything is done with finished captures.
    pub(crate) fn delivers(&self) -> bool {
        let doors = &self.config.doors;
        let nothing = doors.webhook.is_empty() && doors.command.is_empty() && doors.upload.is_empty();
        self.link.is_there() && !nothing
    }

    /// After a start, of the agent or of its helper alone: what nobody has said is done.
    pub(crate) fn deliver_what_is_left(&mut self) {
        for files in folder::list(&self.config.captures.folder) {
            let summary = sidecar::read(&files.sidecar()).unwrap_or_default();
            if summary["delivery"] == "pending" {
                self.deliver(&files, &summary);
            }
        }
    }

    fn delivered(&mut self, capture: &str, what: &str, result: DeliveryResult) {
        let (name, detail) = match &result {
            DeliveryResult::Done { place, .. } => ("done", place.clone()),
            DeliveryResult::Retrying { reason, .. } => ("retrying", reason.clone()),
            DeliveryResult::GaveUp { reason, .. } => ("gave up", reason.clone()),
        };
        self.metrics.delivered(name);
        let fields = [
            ("capture", capture),
            ("what", what),
            ("result", name),
            ("detail", &detail),
        ];
        match result {
            DeliveryResult::Done { .. } => self.log.info("a delivery", &fields),
            _ => self.log.warn("a delivery", &fields),
        }
        if !matches!(result, DeliveryResult::Retrying { .. }) {
            self.amend(capture, |summary| {
                summary["deliveries"][what] = json!({"result": name, "detail": detail});
            });
        }
    }

    /// Changes the side-car of a capture that has ended.
    fn amend(&self, capture: &str, change: impl FnOnce(&mut Value)) {
        if !folder::is_id(capture) {
            return;
        }
        let path = Files::new(&self.config.captures.folder, capture).sidecar();
        if let Some(mut summary) = sidecar::read(&path).filter(Value::is_object) {
            change(&mut summary);
            let _ = sidecar::write(&path, &summary);
        }
    }

    /// GET /metrics, /healthz, /readyz.
    fn text_of(&mut self, what: &str) -> (u16, String, String) {
        match what {
            "metrics" => (200, "text/plain; version=0.0.4".into(), self.metrics_text()),
            "healthz" => (200, "text/plain".into(), "recording\n".into()),
            "readyz" => match self.ask_world(Vec::new()) && !self.stopping {
                true => (200, "text/plain".into(), "ready\n".into()),
                false => (503, "text/plain".into(), "the recorder does not answer\n".into()),
            },
            _ => (404, "text/plain".into(), "there is no such thing\n".into()),
        }
    }
}
