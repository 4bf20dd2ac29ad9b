//! The bindings that count: those of the table, with the keys that a person chose.

use super::{Action, BINDINGS, Binding, Context, Key, ctrl, name_of, plain};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Bindings with their keys.
#[derive(Clone)]
pub(crate) struct Bound {
    bindings: Vec<(Vec<Key>, &'static Binding)>,
    /// Actions whose keys a person chose.
    chosen: Vec<Action>,
}

impl Default for Bound {
    fn default() -> Bound {
        let bindings = BINDINGS.iter().map(|binding| (binding.keys.to_vec(), binding));
        Bound {
            bindings: bindings.collect(),
            chosen: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Bound").field(&self.chosen).finish()
    }
}

/// Leaves the program, whatever was chosen.
const WAY_OUT: Key = ctrl('c');

impl Bound {
    /// All of them, in the order of the help.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&[Key], &'static Binding)> {
        self.bindings.iter().map(|(keys, binding)| (keys.as_slice(), *binding))
    }

    /// What a key does in a context.
    pub(crate) fn action(&self, context: Context, event: &KeyEvent) -> Option<Action> {
        let modifiers = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        // Terminals send ^H for Backspace or for Ctrl-Backspace; both mean the same here.
        let key = match (event.code, modifiers) {
            (KeyCode::Char('h'), KeyModifiers::CONTROL) => plain(KeyCode::Backspace),
            (code, modifiers) => Key(code, modifiers),
        };
        self.bindings
            .iter()
            .find(|(keys, binding)| binding.contexts.contains(&context) && keys.contains(&key))
            .map(|(_, binding)| binding.action)
    }

    /// Gives an action these keys instead of its own; who had them loses them, unless a person chose them for that.
    ///
    /// # Errors
    /// Why it cannot have them; then nothing changes.
    pub(crate) fn choose(&mut self, action: Action, keys: &[Key]) -> Result<(), String> {
        // A key that types a character does so where something is typed; the action keeps its own key there.
        let fits = |key: &Key, context: &Context| !context.takes_as_text(*key);
        let own = |keys: &[Key], binding: &Binding| binding.action == action && !keys.contains(&WAY_OUT);
        let mine = self.bindings.iter().filter(|(keys, binding)| own(keys, binding));
        let contexts: Vec<Context> = mine.flat_map(|(_, binding)| binding.contexts).copied().collect();
        let shared = |key: &Key, binding: &Binding| {
            let mut both = binding.contexts.iter().filter(|at| contexts.contains(at));
            both.any(|at| fits(key, at))
        };
        for key in keys {
            if *key == WAY_OUT {
                return Err(format!("{} always quits", key.name()));
            }
            if !contexts.iter().any(|context| fits(key, context)) {
                return Err(format!("{} types a character there", key.name()));
            }
            let taken = self.bindings.iter().find(|(of, binding)| {
                let chosen = binding.action != action && self.chosen.contains(&binding.action);
                chosen && of.contains(key) && shared(key, binding)
            });
            if let Some((_, binding)) = taken {
                return Err(format!("{} is taken by {} above", key.name(), name_of(binding.action)));
            }
        }
        for (of, binding) in &mut self.bindings {
            if own(of, binding) {
                let fitting = keys
                    .iter()
                    .filter(|key| binding.contexts.iter().all(|at| fits(key, at)));
                let fitting: Vec<Key> = fitting.copied().collect();
                if !fitting.is_empty() {
                    *of = fitting;
                }
            } else {
                of.retain(|key| !(keys.contains(key) && shared(key, binding)));
            }
        }
        self.chosen.push(action);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(bound: &Bound, context: Context, c: char) -> Option<Action> {
        bound.action(context, &KeyEvent::from(KeyCode::Char(c)))
    }

    #[test]
    fn chosen_keys_count_and_others_give_way() {
        let mut bound = Bound::default();
        let key = |name| Key::parse(name).expect("a key");
        assert_eq!(bound.choose(Action::Bookmark, &[key("x"), key("F7")]), Ok(()));
        assert_eq!(pressed(&bound, Context::Events, 'x'), Some(Action::Bookmark));
        assert_eq!(pressed(&bound, Context::Events, 'b'), None);
        assert!(
            bound
                .choose(Action::Export, &[key("x")])
                .is_err_and(|why| why.contains("bookmark"))
        );
        assert!(bound.choose(Action::Export, &[key("Ctrl-c")]).is_err());
        assert!(
            bound.choose(Action::Complete, &[key("z")]).is_err(),
            "it would type no z any more"
        );
        assert_eq!(bound.choose(Action::Accept, &[key("z")]), Ok(()));
        assert_eq!(pressed(&bound, Context::Menu, 'z'), Some(Action::Accept));
        assert_eq!(pressed(&bound, Context::Input, 'z'), None, "it is typed");
        let enter = KeyEvent::from(KeyCode::Enter);
        assert_eq!(bound.action(Context::Input, &enter), Some(Action::Accept));
        assert_eq!(bound.choose(Action::Quit, &[key("Q")]), Ok(()));
        let out = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(bound.action(Context::Input, &out), Some(Action::Quit));
    }
}
