//! The one form in which fields are defined.

/// Defines a class: an enum with a variant for each field, and the table behind it.
macro_rules! class {
    (
        $(#[doc = $class_doc:literal])+
        $enum:ident, $id:ident, $class:literal;
        $( $variant:ident = $name:literal $ty:ident $([$arg:ident])? $(many $many:ident)?, $description:literal, $example:literal; )+
    ) => {
        $(#[doc = $class_doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $enum {
            $( #[doc = concat!("`", $name, "`: ", $description)] $variant, )+
        }

        impl $enum {
            /// The class with the table of its fields.
            pub(super) const CLASS: $crate::fields::Class = $crate::fields::Class {
                name: $class,
                description: concat!($($class_doc),+).trim_ascii_start(),
                fields: Self::TABLE,
            };

            const TABLE: &'static [$crate::fields::FieldDef] = {
                static TABLE: &[$crate::fields::FieldDef] = &[
                    $( $crate::fields::FieldDef {
                        id: $crate::fields::FieldId::$id($enum::$variant),
                        name: $name,
                        ty: $crate::fields::FieldType::$ty,
                        arg: $crate::fields::define::first!($($crate::fields::ArgRule::$arg,)? $crate::fields::ArgRule::None,),
                        many: $crate::fields::define::first!($($crate::fields::Many::$many,)? $crate::fields::Many::No,),
                        description: $description,
                        example: $example,
                    }, )+
                ];
                TABLE
            };

            /// The definition of the field.
            pub fn def(self) -> &'static $crate::fields::FieldDef {
                &Self::TABLE[self as usize]
            }
        }
    };
}

/// The first of its arguments: what is given, or else the default behind it.
macro_rules! first {
    ($first:expr, $($rest:tt)*) => {
        $first
    };
}

pub(super) use {class, first};
