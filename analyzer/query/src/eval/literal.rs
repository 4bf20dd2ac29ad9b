//! What every text that passes a test has in it.

use super::matcher::{Matcher, TextTest};
use crate::lang::Quantifier;
use std::borrow::Cow;

/// Texts of which one stands in every value that passes. None is empty.
pub(crate) struct Literals<'m> {
    pub(crate) texts: Vec<Cow<'m, [u8]>>,
    /// In any case of its letters.
    pub(crate) any_case: bool,
}

impl Matcher {
    /// Those of this test; nothing where values pass that have nothing in common, or are no text.
    pub(crate) fn literals(&self) -> Option<Literals<'_>> {
        let found = match self {
            Matcher::Text(test) => return test.literal(),
            Matcher::Texts(set) => Literals {
                texts: set.iter().map(|text| Cow::Borrowed(text.as_slice())).collect(),
                any_case: false,
            },
            Matcher::Prefixes(prefixes) => Literals {
                texts: prefixes.literals()?,
                any_case: false,
            },
            Matcher::Quantified(Quantifier::AnyOf | Quantifier::OneOf, tests) => {
                let each: Vec<Literals<'_>> = tests.iter().map(Matcher::literals).collect::<Option<_>>()?;
                Literals {
                    any_case: each.iter().any(|one| one.any_case),
                    texts: each.into_iter().flat_map(|one| one.texts).collect(),
                }
            }
            Matcher::Quantified(Quantifier::AllOf, tests) => return tests.iter().find_map(Matcher::literals),
            _ => return None,
        };
        found.texts.iter().all(|text| !text.is_empty()).then_some(found)
    }
}

impl TextTest {
    fn literal(&self) -> Option<Literals<'_>> {
        use super::NumberOp::Eq;
        let any_case = match self {
            TextTest::ContainsLower(_) => true,
            TextTest::Glob(glob) => glob.folds_case(),
            _ => false,
        };
        let text = match self {
            TextTest::Order(Eq, text) | TextTest::StartsWith(text) | TextTest::EndsWith(text) => {
                Cow::Borrowed(text.as_slice())
            }
            TextTest::Contains(finder) | TextTest::ContainsLower(finder) => Cow::Borrowed(finder.needle()),
            TextTest::Glob(glob) => Cow::Owned(glob.literal()),
            TextTest::Order(..) | TextTest::Regex(_) => return None,
        };
        (!text.is_empty()).then(|| Literals {
            texts: vec![text],
            any_case,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::Settings;
    use crate::eval::Node;

    #[track_caller]
    fn check(filter: &str, expected: Option<&[&str]>) {
        let filter = crate::Filter::compile(filter, &Settings::default()).unwrap();
        let Node::Test(test) = filter.root() else {
            panic!("several tests")
        };
        let found = test.matcher.literals().map(|found| {
            let texts = found
                .texts
                .iter()
                .map(|text| String::from_utf8_lossy(text).into_owned());
            let mut texts: Vec<String> = texts.collect();
            texts.sort();
            texts
        });
        assert_eq!(
            found.as_deref(),
            expected
                .map(|texts| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
                .as_deref()
        );
    }

    #[test]
    fn tests_have_texts() {
        check("fd.name contains passwd", Some(&["passwd"]));
        check("fd.name icontains PassWD", Some(&["passwd"]));
        check("fd.name = /etc/passwd", Some(&["/etc/passwd"]));
        check("fd.name in (/a, /b)", Some(&["/a", "/b"]));
        check("fd.name glob '/home/*/.ssh/id_?'", Some(&["/.ssh/id_"]));
        check("fd.name glob *", None);
        check("fd.name pmatch (/etc, /usr/lib)", Some(&["etc", "usr"]));
        check("fd.name pmatch (/etc, /)", None);
        check("fd.name != /etc/passwd", None);
        check("fd.name regex 'a.*'", None);
        check("fd.name exists", None);
        check("evt.rawres = 3", None);
    }
}
