//! Conditions on process, user and container: they narrow the kernel's scope.

use super::Filter;
use crate::scope::Scope;
use crate::state::What;
use afterimage_query::eval::{Apply, Matcher, Node, NumberOp, Source, Test, TextTest};
use afterimage_query::fields::{ContainerField, FieldArg, FieldId, ProcField, ThreadField, UserField};

/// What the kernel can do for one condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Narrowing {
    Processes(Vec<u32>),
    Users(Vec<u32>),
    Containers(Vec<String>),
}

impl Filter {
    /// The conditions that must all hold.
    pub(super) fn terms(&self) -> &[Node] {
        match self.query.root() {
            Node::And(terms) => terms,
            one => std::slice::from_ref(one),
        }
    }

    /// What the kernel can do for one of [`Filter::terms`] in this scope.
    pub(super) fn narrowing(&self, term: &Node, scope: &Scope) -> Option<Narrowing> {
        // Parents outside the scope are not known, so that a question for them would have no answer.
        if self.asks_for_ancestors() {
            return None;
        }
        let Node::Test(test) = term else { return None };
        let narrowing = of_test(test)?;
        let taken = match &narrowing {
            // A scope that the user gave stays as it is; both must hold.
            Narrowing::Processes(_) => !(scope.trees.is_empty() && scope.command.is_empty()),
            Narrowing::Users(_) => !scope.users.is_empty(),
            Narrowing::Containers(_) => scope.selectors.iter().any(|s| s.what == What::Container),
        };
        (!taken).then_some(narrowing)
    }

    /// Narrows the scope.
    pub(crate) fn narrow(&self, scope: &mut Scope) {
        let given = scope.clone();
        for term in self.terms() {
            match self.narrowing(term, &given) {
                // Of several conditions of a kind the first narrows: what they have in common is less than it.
                Some(Narrowing::Processes(ids)) if scope.alone.is_empty() => scope.alone.extend(ids),
                Some(Narrowing::Users(ids)) if scope.users.is_empty() => scope.users.extend(ids),
                Some(Narrowing::Containers(names)) if !scope.selectors.iter().any(|s| s.what == What::Container) => {
                    scope.select(What::Container, &names, false);
                }
                _ => {}
            }
        }
    }

    fn asks_for_ancestors(&self) -> bool {
        let mut asks = false;
        self.query.root().each_test(&mut |test| {
            asks |= asks_for_ancestors(&test.source);
            if let Matcher::Against { right, .. } = &test.matcher {
                asks |= asks_for_ancestors(right);
            }
        });
        asks
    }
}

fn asks_for_ancestors(source: &Source) -> bool {
    use ProcField::{Acmdline, Aexe, Aexepath, Aname, Apid, LoginShellId, Pcmdline, Pexe, Pexepath, Pname};
    match source {
        Source::Field { def, .. } => matches!(
            def.id,
            FieldId::Proc(
                Acmdline | Aexe | Aexepath | Aname | Apid | LoginShellId | Pcmdline | Pexe | Pexepath | Pname
            )
        ),
        Source::Text(_) => false,
        Source::List(parts) => parts.iter().any(asks_for_ancestors),
        Source::Apply(apply) => match &**apply {
            Apply::ToLower(inner)
            | Apply::ToUpper(inner)
            | Apply::Base64(inner)
            | Apply::Basename(inner)
            | Apply::Len(inner) => asks_for_ancestors(inner),
            Apply::Join { separator, values } => asks_for_ancestors(separator) || asks_for_ancestors(values),
            Apply::Concat(parts) => parts.iter().any(asks_for_ancestors),
            Apply::Getopt { args, options, .. } => asks_for_ancestors(args) || asks_for_ancestors(options),
        },
    }
}

fn of_test(test: &Test) -> Option<Narrowing> {
    let Source::Field {
        def,
        arg: FieldArg::None,
    } = &test.source
    else {
        return None;
    };
    match def.id {
        FieldId::Proc(ProcField::Pid) => numbers(&test.matcher).map(Narrowing::Processes),
        FieldId::Thread(ThreadField::Tid) => {
            let threads = numbers(&test.matcher)?;
            let processes: Option<Vec<u32>> = threads.into_iter().map(crate::snapshot::process_of).collect();
            processes.map(Narrowing::Processes)
        }
        FieldId::User(UserField::Uid) => numbers(&test.matcher).map(Narrowing::Users),
        FieldId::User(UserField::Name) => {
            let names = texts(&test.matcher)?;
            // In a trace a user's name is known for 0 only.
            names
                .iter()
                .all(|name| name == "root")
                .then(|| Narrowing::Users(vec![0]))
        }
        FieldId::Container(ContainerField::Id | ContainerField::FullId) => {
            let names = texts(&test.matcher)?;
            // Only ids are recognised wherever they stand; a name is one by what runs in it, or by being asked for.
            let usable = names.iter().all(|name| is_id(name));
            usable.then_some(Narrowing::Containers(names))
        }
        _ => None,
    }
}

fn is_id(name: &str) -> bool {
    matches!(name.len(), 12 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn numbers(matcher: &Matcher) -> Option<Vec<u32>> {
    let of = |number: &i128| u32::try_from(*number).ok();
    match matcher {
        Matcher::Number(NumberOp::Eq, number) => Some(vec![of(number)?]),
        Matcher::Numbers(set) => {
            let mut numbers = set.iter().map(of).collect::<Option<Vec<u32>>>()?;
            numbers.sort_unstable();
            Some(numbers)
        }
        _ => None,
    }
}

fn texts(matcher: &Matcher) -> Option<Vec<String>> {
    let of = |text: &Vec<u8>| String::from_utf8(text.clone()).ok();
    match matcher {
        Matcher::Text(TextTest::Order(NumberOp::Eq, text)) => Some(vec![of(text)?]),
        Matcher::Texts(set) => {
            let mut texts = set.iter().map(of).collect::<Option<Vec<String>>>()?;
            texts.sort_unstable();
            Some(texts)
        }
        _ => None,
    }
}
