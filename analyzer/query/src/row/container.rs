//! `container` and `k8s`.

use crate::eval::Value;
use crate::fields::{ContainerField, K8sField};
use afterimage_format::model::Container;

/// A field of a container at a time, nanoseconds since 1970; no container is the host.
pub(crate) fn container_field(container: Option<&Container>, field: ContainerField, time: i64) -> Value<'_> {
    let Some(container) = container else {
        return match field {
            ContainerField::Id | ContainerField::FullId | ContainerField::Name | ContainerField::Type => {
                Value::str("host")
            }
            _ => Value::Missing,
        };
    };
    let image = container.image.as_deref();
    match field {
        ContainerField::Id => Value::str(container.short_id()),
        ContainerField::FullId => Value::str(&container.full_id),
        ContainerField::Name => container.name.as_deref().map_or(Value::Missing, Value::str),
        ContainerField::Image => image.map_or(Value::Missing, Value::str),
        ContainerField::ImageRepository => image.map_or(Value::Missing, |image| Value::str(split_image(image).0)),
        ContainerField::ImageTag => image
            .and_then(|image| split_image(image).1)
            .map_or(Value::Missing, Value::str),
        ContainerField::Type => Value::str(container.runtime.name()),
        // Runtimes say it, not the kernel: not recorded yet.
        ContainerField::Privileged => Value::Missing,
        ContainerField::StartTs => match container.birth {
            0 => Value::Missing,
            birth => Value::Uint(birth),
        },
        ContainerField::Duration => match i64::try_from(container.birth) {
            Ok(birth) if birth > 0 => Value::Int(time.saturating_sub(birth)),
            _ => Value::Missing,
        },
    }
}

/// A field of the pod that a container belongs to.
pub(crate) fn pod_field(container: Option<&Container>, field: K8sField) -> Value<'_> {
    let Some((namespace, name, uid)) = container.and_then(|container| container.pod.as_ref()) else {
        return Value::Missing;
    };
    super::unless_empty(match field {
        K8sField::NsName => namespace.as_bytes(),
        K8sField::PodName => name.as_bytes(),
        K8sField::PodUid => uid.as_bytes(),
    })
}

/// Repository and tag of `registry:5000/name:tag@digest`.
fn split_image(image: &str) -> (&str, Option<&str>) {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (image, None),
    }
}

#[cfg(test)]
mod tests {
    use super::split_image;

    #[test]
    fn images_are_split() {
        for (image, expected) in [
            ("nginx", ("nginx", None)),
            ("nginx:1.25", ("nginx", Some("1.25"))),
            ("registry:5000/team/app", ("registry:5000/team/app", None)),
            ("registry:5000/team/app:2", ("registry:5000/team/app", Some("2"))),
            ("app:2@sha256:00ff", ("app", Some("2"))),
        ] {
            assert_eq!(split_image(image), expected);
        }
    }
}
