//! One scale for what every source says in its own words.

use std::collections::BTreeMap;

/// How bad it is; the order is that of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// As in triggers and settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// Of its name.
    pub(crate) fn of_name(name: &str) -> Option<Severity> {
        Some(match name {
            "info" => Severity::Info,
            "low" => Severity::Low,
            "medium" => Severity::Medium,
            "high" => Severity::High,
            "critical" => Severity::Critical,
            _ => return None,
        })
    }

    /// What a word of a source means: `own` first, then the words of Falco's priorities (those of syslog), of Alertmanager
    /// rules in the wild, of Security Command Center. A word nobody knows is `medium`: too much rather than nothing.
    pub(crate) fn of_word(word: &str, own: &BTreeMap<String, String>) -> Severity {
        let set = own.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        if let Some(severity) = set.and_then(|(_, severity)| Severity::of_name(severity)) {
            return severity;
        }
        match word.to_ascii_lowercase().as_str() {
            "emergency" | "emerg" | "alert" | "critical" | "crit" | "fatal" | "page" | "p1" => Severity::Critical,
            "error" | "err" | "high" | "major" | "p2" => Severity::High,
            "warning" | "warn" | "medium" | "moderate" | "minor" | "p3" => Severity::Medium,
            "notice" | "low" | "p4" => Severity::Low,
            "informational" | "information" | "info" | "debug" | "none" | "ok" | "p5" => Severity::Info,
            word => word.parse().map_or(Severity::Medium, Severity::of_number),
        }
    }

    /// GuardDuty's scale: from 9 critical, from 7 high, from 4 medium, from 1 low.
    fn of_number(number: f64) -> Severity {
        match number {
            n if n >= 9.0 => Severity::Critical,
            n if n >= 7.0 => Severity::High,
            n if n >= 4.0 => Severity::Medium,
            n if n >= 1.0 => Severity::Low,
            n if n.is_nan() => Severity::Medium,
            _ => Severity::Info,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers() {
        let own = BTreeMap::from([
            ("Page".to_owned(), "high".to_owned()),
            ("5".to_owned(), "info".to_owned()),
        ]);
        let check = |word: &str, expected: &str| assert_eq!(Severity::of_word(word, &own).name(), expected, "{word}");
        check("Emergency", "critical");
        check("Error", "high");
        check("Warning", "medium");
        check("Notice", "low");
        check("Informational", "info");
        check("page", "high");
        check("HIGH", "high");
        check("SEVERITY_UNSPECIFIED", "medium");
        check("8.9", "high");
        check("9", "critical");
        check("5", "info");
        check("NaN", "medium");
        check("", "medium");
        assert!(Severity::Critical > Severity::High && Severity::Low > Severity::Info);
    }
}
