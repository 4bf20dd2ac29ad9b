//! Descriptors by what they are, so that equal ones are stored once.

use super::missing::Missing;
use afterimage_format::model::{Descriptor, DescriptorType, L4Proto, Role};
use hashbrown::Equivalent;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// A descriptor as a key: what it is, whatever its id. Its hash is that of [`Named`], so that one can be looked up by the other.
pub(super) struct Content(pub(super) Rc<Descriptor>);

/// A descriptor that may be there.
pub(super) struct Wanted<'a>(pub(super) &'a Descriptor);

/// Type and name of a descriptor of which nothing else is known.
pub(super) struct Named<'a> {
    pub(super) ty: DescriptorType,
    pub(super) name: &'a [u8],
}

impl Hash for Named<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ty.hash(state);
        self.name.hash(state);
    }
}

impl Hash for Wanted<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Descriptor { ty, ref name, .. } = *self.0;
        Named { ty, name }.hash(state);
    }
}

impl Hash for Content {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Wanted(&self.0).hash(state);
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Content) -> bool {
        Wanted(&self.0).equivalent(other)
    }
}

impl Eq for Content {}

impl Equivalent<Content> for Wanted<'_> {
    fn equivalent(&self, key: &Content) -> bool {
        let what = |descriptor: &Descriptor| {
            let Descriptor {
                id: _,
                ty,
                l4,
                role,
                name: _,
                tuple,
                dev,
                ino,
                missing: _,
            } = *descriptor;
            (ty, l4, role, tuple, dev, ino)
        };
        let (wanted, key) = (self.0, &*key.0);
        what(wanted) == what(key) && wanted.name == key.name && wanted.missing == key.missing
    }
}

impl Equivalent<Content> for Named<'_> {
    fn equivalent(&self, key: &Content) -> bool {
        let Descriptor {
            id: _,
            ty,
            l4,
            role,
            ref name,
            tuple,
            dev,
            ino,
            ref missing,
        } = *key.0;
        (ty, name.as_slice()) == (self.ty, self.name)
            && (l4, role, tuple, dev, ino) == (L4Proto::Unknown, Role::Unknown, None, 0, 0)
            && missing.is_empty()
    }
}

impl Hash for Missing {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (ty, name) = (DescriptorType::Unknown, &[][..]);
        Named { ty, name }.hash(state);
    }
}

impl Equivalent<Content> for Missing {
    fn equivalent(&self, key: &Content) -> bool {
        key.0.missing == self.text().as_bytes()
    }
}

/// A descriptor that is known by type and name.
pub(crate) fn named(ty: DescriptorType, name: Vec<u8>) -> Descriptor {
    Descriptor {
        ty,
        name,
        ..Descriptor::unknown(0)
    }
}
