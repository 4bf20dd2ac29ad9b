//! The filter language of sysdig and Falco, the fields it names, and its evaluation.
//!
//! A filter goes through three steps, each a module of its own:
//! text → [`lang`] (syntax tree, unknown names allowed) → [`check`] (names and types, values parsed
//! once) → [`Filter`], which tests rows through the [`Row`] trait. [`fields`] defines every field
//! once, for filters, output and documentation alike. [`row`] gives the values of fields for the
//! events of a trace, [`scan`](mod@scan) finds the matching ones, [`output`] writes them.

pub mod aggregate;
pub mod check;
mod copy;
mod error;
pub mod eval;
pub mod fields;
pub mod follow;
pub mod lang;
mod losses;
mod nearest;
pub mod output;
mod position;
pub mod reconstruct;
pub mod row;
mod rules;
pub mod scan;
pub mod sessions;

pub use check::{Filter, Settings};
pub use copy::{RowCopier, copy, copy_while};
pub use error::{FilterError, Span};
pub use eval::{Row, Value};
pub use fields::{FieldArg, FieldDef, FieldId};
pub use losses::{Losses, losses};
pub use output::Format;
pub use position::Position;
pub use row::{EventRow, Observed, TraceContext};
pub use rules::{Rule, Rules, RulesError, compile_all};
pub use scan::{
    Found, Hits, Made, Outcome, Progress, Query, Scanner, count, scan, scan_fold, scan_pieces, scan_several, search,
};
