//! Rows that only tell of the state: which filters ask for them.

use super::{Matcher, Node, NumberOp, Source, Test, TextTest};
use crate::fields::{EvtField, FieldId};

/// Kinds of such rows, and their category.
const KINDS: [&[u8]; 8] = [
    b"state",
    b"procinfo",
    b"scapevent",
    b"container",
    b"useradded",
    b"userdeleted",
    b"groupadded",
    b"groupdeleted",
];

/// Whether a condition names a kind of rows that only tell of the state.
pub(crate) fn asks_for_state(node: &Node) -> bool {
    match node {
        Node::And(terms) | Node::Or(terms) => terms.iter().any(asks_for_state),
        Node::Not(_) => false,
        Node::Test(test) => names_state(test),
    }
}

fn names_state(test: &Test) -> bool {
    let Source::Field { def, .. } = &test.source else {
        return false;
    };
    if !matches!(def.id, FieldId::Evt(EvtField::Type | EvtField::Category)) {
        return false;
    }
    match &test.matcher {
        Matcher::Text(TextTest::Order(NumberOp::Eq, name)) => KINDS.contains(&name.as_slice()),
        Matcher::Texts(names) => KINDS.iter().any(|kind| names.contains(*kind)),
        _ => false,
    }
}
