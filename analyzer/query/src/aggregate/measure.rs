//! What is found of a group.

use crate::eval::Value;
use crate::fields::{FieldArg, FieldDef, FieldType};
use hashbrown::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// What is asked of a group of events.
#[derive(Debug, Clone)]
pub enum Measure {
    /// How many there are.
    Count,
    /// The sum of a number.
    Sum(&'static FieldDef, FieldArg),
    /// Its least value.
    Min(&'static FieldDef, FieldArg),
    /// Its greatest value.
    Max(&'static FieldDef, FieldArg),
    /// Its mean.
    Avg(&'static FieldDef, FieldArg),
    /// How many different values there are.
    Distinct(&'static FieldDef, FieldArg),
}

impl Measure {
    /// The field that it is about.
    pub fn field(&self) -> Option<(&'static FieldDef, &FieldArg)> {
        match self {
            Measure::Count => None,
            Measure::Sum(def, arg)
            | Measure::Min(def, arg)
            | Measure::Max(def, arg)
            | Measure::Avg(def, arg)
            | Measure::Distinct(def, arg) => Some((def, arg)),
        }
    }

    /// What its column is called: `count`, `sum(evt.buflen)`.
    pub fn name(&self) -> String {
        let Some((def, arg)) = self.field() else {
            return "count".to_owned();
        };
        let function = match self {
            Measure::Sum(..) => "sum",
            Measure::Min(..) => "min",
            Measure::Max(..) => "max",
            Measure::Avg(..) => "avg",
            Measure::Count | Measure::Distinct(..) => "distinct",
        };
        format!("{function}({})", crate::output::field_name(def, arg))
    }

    /// Whether a field can be measured so: all but counting different values takes numbers,
    /// or truth values as 0 and 1.
    pub fn fits(&self) -> bool {
        use FieldType::{Bool, Duration, Int, Time, Uint};
        match self {
            Measure::Count | Measure::Distinct(..) => true,
            Measure::Sum(def, _) | Measure::Avg(def, _) => matches!(def.ty, Int | Uint | Duration | Bool),
            Measure::Min(def, _) | Measure::Max(def, _) => matches!(def.ty, Int | Uint | Duration | Time),
        }
    }

    /// What it is of no events.
    pub(crate) fn start(&self) -> Total {
        match self {
            Measure::Count | Measure::Sum(..) => Total::Sum(0),
            Measure::Min(..) => Total::Min(None),
            Measure::Max(..) => Total::Max(None),
            Measure::Avg(..) => Total::Avg { sum: 0, count: 0 },
            Measure::Distinct(..) => Total::Distinct(HashSet::new()),
        }
    }
}

/// What was found.
#[derive(Debug, Clone)]
pub enum Total {
    /// A count or sum.
    Sum(i128),
    /// The least value.
    Min(Option<i64>),
    /// The greatest value.
    Max(Option<i64>),
    /// For the mean.
    Avg {
        /// The sum of all values.
        sum: i128,
        /// How many there are.
        count: u64,
    },
    /// Hashes of the different values.
    Distinct(HashSet<u64>),
}

impl Total {
    /// Adds `count` events with this number; those without count for nothing.
    pub(crate) fn add(&mut self, number: i64) {
        match self {
            Total::Sum(sum) => *sum += i128::from(number),
            Total::Min(least) => *least = Some(least.map_or(number, |least| least.min(number))),
            Total::Max(most) => *most = Some(most.map_or(number, |most| most.max(number))),
            Total::Avg { sum, count } => {
                *sum += i128::from(number);
                *count += 1;
            }
            Total::Distinct(_) => self.add_value(&Value::Int(number)),
        }
    }

    /// Adds an event with this value.
    pub(crate) fn add_value(&mut self, value: &Value<'_>) {
        static HASHER: OnceLock<RandomState> = OnceLock::new();
        if let Total::Distinct(seen) = self {
            for one in value.iter() {
                if let Some(text) = one.to_text() {
                    seen.insert(HASHER.get_or_init(RandomState::new).hash_one(&*text));
                }
            }
            return;
        }
        for one in value.iter() {
            let number = one.as_number().and_then(|number| i64::try_from(number).ok());
            number.into_iter().for_each(|number| self.add(number));
        }
    }

    /// What two groups have together.
    pub(crate) fn merge(&mut self, other: Total) {
        match (self, other) {
            (Total::Sum(sum), Total::Sum(other)) => *sum += other,
            (Total::Min(least), Total::Min(Some(other))) => {
                *least = Some(least.map_or(other, |least| least.min(other)));
            }
            (Total::Max(most), Total::Max(Some(other))) => *most = Some(most.map_or(other, |most| most.max(other))),
            (Total::Avg { sum, count }, Total::Avg { sum: more, count: of }) => {
                *sum += more;
                *count += of;
            }
            (Total::Distinct(seen), Total::Distinct(other)) => seen.extend(other),
            _ => {}
        }
    }

    /// The result as a number, for putting groups in order.
    pub fn number(&self) -> f64 {
        match self {
            Total::Sum(sum) => *sum as f64,
            Total::Min(value) | Total::Max(value) => value.map_or(f64::NEG_INFINITY, |value| value as f64),
            Total::Avg { count: 0, .. } => f64::NEG_INFINITY,
            Total::Avg { sum, count } => *sum as f64 / *count as f64,
            Total::Distinct(seen) => seen.len() as f64,
        }
    }

    /// The result as it is shown; nothing where no event had a value.
    pub fn shown(&self) -> Option<String> {
        match self {
            Total::Sum(sum) => Some(sum.to_string()),
            Total::Min(value) | Total::Max(value) => value.map(|value| value.to_string()),
            Total::Avg { count: 0, .. } => None,
            Total::Avg { sum, count } => Some((sum / i128::from(*count)).to_string()),
            Total::Distinct(seen) => Some(seen.len().to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(mut total: Total, numbers: &[i64]) -> Option<String> {
        numbers.iter().for_each(|number| total.add(*number));
        total.shown()
    }

    #[test]
    fn totals_are_what_they_are_called() {
        let numbers = [5, -2, 5, 10];
        let avg = || Total::Avg { sum: 0, count: 0 };
        for (start, of_numbers, of_none) in [
            (Total::Sum(0), "18", Some("0")),
            (Total::Min(None), "-2", None),
            (Total::Max(None), "10", None),
            (avg(), "4", None),
            (Total::Distinct(HashSet::new()), "3", Some("0")),
        ] {
            assert_eq!(total(start.clone(), &numbers).as_deref(), Some(of_numbers));
            assert_eq!(total(start.clone(), &[]).as_deref(), of_none);
            let (mut one, mut other) = (start.clone(), start);
            numbers[..2].iter().for_each(|number| one.add(*number));
            numbers[2..].iter().for_each(|number| other.add(*number));
            one.merge(other);
            assert_eq!(one.shown().as_deref(), Some(of_numbers));
        }
    }
}
