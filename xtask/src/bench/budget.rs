//! Goals beside what was measured.

use super::table::{row, table};

/// At most this much of something.
pub(crate) struct Goal {
    /// Of what.
    what: String,
    most: f64,
    measured: f64,
    unit: &'static str,
}

impl Goal {
    /// A goal for `what`, and the median that was measured.
    pub(crate) fn new(what: impl Into<String>, most: f64, measured: f64, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            most,
            measured,
            unit,
        }
    }

    fn cells(&self) -> Vec<String> {
        let Self {
            most, measured, unit, ..
        } = self;
        let unit = if unit.is_empty() {
            String::new()
        } else {
            format!(" {unit}")
        };
        row([
            self.what.clone(),
            format!("at most {most}{unit}"),
            format!("{measured:.2}{unit}"),
            if measured <= most { "met" } else { "missed" }.to_owned(),
        ])
    }
}

/// A table of goals and medians under a heading; empty where there is none.
pub(crate) fn render(goals: &[Goal]) -> String {
    render_as(goals, "median")
}

/// The same of what was measured once.
pub(crate) fn render_measured(goals: &[Goal]) -> String {
    render_as(goals, "measured")
}

fn render_as(goals: &[Goal], figure: &str) -> String {
    if goals.is_empty() {
        return String::new();
    }
    let mut rows = vec![row(["goal", "budget", figure, ""])];
    rows.extend(goals.iter().map(Goal::cells));
    format!("\n### Budget\n\n{}", table(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_up_to_its_limit() {
        let goals = [Goal::new("files", 4.2, 4.2, "bytes"), Goal::new("ratio", 1.3, 1.31, "")];
        assert_eq!(
            render(&goals),
            "\n### Budget\n\n\
             | goal  | budget            | median     |        |\n\
             |-------|-------------------|------------|--------|\n\
             | files | at most 4.2 bytes | 4.20 bytes | met    |\n\
             | ratio | at most 1.3       | 1.31       | missed |\n"
        );
        assert_eq!(render(&[]), "");
    }
}
