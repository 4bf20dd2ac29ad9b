//! The vectors of the reference implementation (corpus/filter): grammar, places and types.

mod corpus;

use afterimage_query::lang::{Expr, Operand, Right, parse};
use afterimage_query::{Filter, Settings, fields};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    parser_accept: Vec<Vector>,
    parser_reject: Vec<Vector>,
    parser_reject_with_message: Vec<Vector>,
    parser_equal_ast: Vec<Vector>,
    compile_error_message: Vec<Vector>,
    parser_node_positions: Vec<Positions>,
    operator_type_compile: Vec<Compiles>,
    filter_compiles: Vec<Expected>,
}

#[derive(Deserialize)]
struct Vector {
    expr: String,
}

#[derive(Deserialize)]
struct Positions {
    expr: String,
    expected_node_positions: String,
}

#[derive(Deserialize)]
struct Compiles {
    expr: String,
    must_compile: bool,
}

#[derive(Deserialize)]
struct Expected {
    expr: String,
    expected: bool,
}

fn vectors() -> Option<Vectors> {
    let path = corpus::locate("filter/libsinsp-filter-vectors.json")?;
    let text = std::fs::read_to_string(path).expect("the vectors can be read");
    Some(serde_json::from_str(&text).expect("the vectors have the known form"))
}

#[test]
fn accepted_expressions_parse() {
    let Some(vectors) = vectors() else { return };
    assert_eq!(vectors.parser_accept.len(), 216);
    for vector in vectors.parser_accept.iter().chain(&vectors.parser_equal_ast) {
        if let Err(error) = parse(&vector.expr) {
            panic!("{}", error.render(&vector.expr));
        }
    }
}

#[test]
fn rejected_expressions_do_not() {
    let Some(vectors) = vectors() else { return };
    assert_eq!(vectors.parser_reject.len(), 124);
    for vector in vectors.parser_reject.iter().chain(&vectors.parser_reject_with_message) {
        let Err(error) = parse(&vector.expr) else {
            panic!("accepted: {}", vector.expr)
        };
        assert!(
            error.span.start <= error.span.end && error.span.end <= vector.expr.len(),
            "{}",
            vector.expr
        );
    }
}

#[test]
fn nodes_stand_where_the_reference_sees_them() {
    let Some(vectors) = vectors() else { return };
    for vector in &vectors.parser_node_positions {
        let mut places = Places {
            text: &vector.expr,
            out: String::new(),
        };
        places.expr(&parse(&vector.expr).expect("the vector parses"));
        // The reference counts white space before the first condition as part of it; here no node begins with any.
        let expected = match vector.expr.starts_with('\n') {
            true => vector.expected_node_positions.replacen("or0 1 1", "or1 2 1", 1),
            false => vector.expected_node_positions.clone(),
        };
        assert_eq!(places.out, expected, "{}", vector.expr);
    }
}

/// Kind, byte, line and column of every node.
struct Places<'t> {
    text: &'t str,
    out: String,
}

impl Places<'_> {
    fn add(&mut self, kind: &str, at: usize) {
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let column = at - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
        self.out.push_str(&format!("{kind}{at} {line} {column}"));
    }

    fn expr(&mut self, expr: &Expr) {
        let start = expr.span().start;
        match expr {
            Expr::And { terms, .. } | Expr::Or { terms, .. } => {
                self.add(if matches!(expr, Expr::And { .. }) { "and" } else { "or" }, start);
                terms.iter().for_each(|term| self.expr(term));
            }
            Expr::Not { term, .. } => {
                self.add("not", start);
                self.expr(term);
            }
            Expr::Macro { .. } => self.add("identifier", start),
            Expr::Exists { left, .. } => {
                self.add("unary", start);
                self.operand(left);
            }
            Expr::Compare { left, right, .. } => {
                self.add("binary", start);
                self.operand(left);
                let kind = if matches!(right, Right::List(_)) {
                    "list"
                } else {
                    "value"
                };
                self.add(kind, right.span().start);
            }
        }
    }

    fn operand(&mut self, operand: &Operand) {
        self.add("field", operand.span().start);
    }
}

/// Fields that are not defined here, or belong to the reference's own mock, with a defined one of the same type.
const STAND_INS: [(&str, &str); 1] = [("c.buffer", "evt.buffer")];

/// A field of the reference's mock that has no type: every operator fits.
const NO_TYPE: &str = "c.true ";

#[test]
fn operators_fit_types_as_in_the_reference() {
    let Some(vectors) = vectors() else { return };
    let (mut compared, mut left_out) = (0, 0);
    for vector in &vectors.operator_type_compile {
        if vector.expr.starts_with(NO_TYPE) {
            left_out += 1;
            continue;
        }
        let missing = STAND_INS.iter().filter(|(name, _)| fields::lookup(name).is_none());
        let expr = missing.fold(vector.expr.clone(), |expr, (name, stand_in)| {
            expr.replace(name, stand_in)
        });
        let result = Filter::compile(&expr, &Settings::default());
        let shown = result.as_ref().err().map(|error| error.render(&expr));
        assert_eq!(
            result.is_ok(),
            vector.must_compile,
            "{}\n{}",
            vector.expr,
            shown.unwrap_or_default()
        );
        compared += 1;
    }
    assert_eq!((compared, left_out), (211, 15));
}

#[test]
fn whole_filters_compile_as_in_the_reference() {
    let Some(vectors) = vectors() else { return };
    for vector in &vectors.compile_error_message {
        assert!(
            Filter::compile(&vector.expr, &Settings::default()).is_err(),
            "{}",
            vector.expr
        );
    }
    for vector in &vectors.filter_compiles {
        let compiles = Filter::compile(&vector.expr, &Settings::default()).is_ok();
        assert_eq!(compiles, vector.expected, "{}", vector.expr);
    }
}

#[test]
fn cut_expressions_never_panic() {
    let Some(vectors) = vectors() else { return };
    for Vector { expr } in vectors.parser_accept.iter().chain(&vectors.parser_reject) {
        for end in (0..expr.len()).filter(|&end| expr.is_char_boundary(end)) {
            let cut = &expr[..end];
            if let Err(error) = Filter::compile(cut, &Settings::default()) {
                assert!(error.render(cut).contains('^'), "{cut}");
            }
        }
    }
}
