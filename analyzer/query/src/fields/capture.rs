//! `capture`.

use super::define::class;

class! {
    /// The capture that the event comes from.
    CaptureField, Capture, "capture";
    Tag = "capture.tag" Str [Key], "A tag given when recording.", "capture.tag[ticket] = INC-17";
}
