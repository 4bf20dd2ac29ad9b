//! An alert as it asks for a capture, wherever it came from.

pub(crate) use afterimage_alerts::protocol::{Selector, Trigger};
