//! `ka` and `jevt`: fields of an entry of the audit log of Kubernetes' API server.

use super::{Fields, Observed};
use crate::eval::Value;
use crate::fields::{FieldArg, JevtField, KaField};
use afterimage_format::model;
use serde_json::{Map, Value as Json, json};

/// The kind of events that these fields are of.
pub(super) const KIND: &str = "k8s_audit";

impl<'s, E: Observed<'s>> Fields<'s, E> {
    fn audit_param(&self, name: &str) -> model::Value<'s> {
        let kind = self.kind().filter(|kind| kind.name == KIND);
        let at = kind.and_then(|kind| kind.param(name));
        at.map_or(model::Value::Missing, |at| self.raw_arg(at))
    }

    fn audit_bytes(&self, name: &str) -> Option<&'s [u8]> {
        match self.audit_param(name) {
            model::Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn audit_text(&self, name: &str) -> Value<'s> {
        self.audit_bytes(name).map_or(Value::Missing, Value::str)
    }

    fn audit_list(&self, name: &str, arg: &FieldArg) -> Value<'s> {
        let all = self
            .audit_bytes(name)
            .into_iter()
            .flat_map(|bytes| bytes.split(|byte| *byte == 0));
        picked(all.map(Value::str), arg)
    }

    fn audit_json(&self, name: &str) -> Json {
        let bytes = self.audit_bytes(name).unwrap_or_default();
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    fn audit_time(&self) -> Option<u64> {
        match self.audit_param("time") {
            model::Value::Int(time) => u64::try_from(time).ok(),
            _ => None,
        }
    }

    pub(super) fn ka(&self, field: KaField, arg: &FieldArg) -> Value<'s> {
        use KaField as F;
        if self.kind().is_none_or(|kind| kind.name != KIND) {
            return Value::Missing;
        }
        match field {
            F::AuditId => self.audit_text("auditid"),
            F::Stage => self.audit_text("stage"),
            F::AuthDecision => self.audit_text("decision"),
            F::AuthReason => self.audit_text("authreason"),
            F::UserName => self.audit_text("user"),
            F::UserGroups => self.audit_list("groups", arg),
            F::ImpuserName => self.audit_text("impuser"),
            F::Verb => self.audit_text("verb"),
            F::Uri => self.audit_text("uri"),
            F::UriParam => self.uri_param(arg),
            F::TargetName => self.audit_text("name"),
            F::TargetNamespace => self.audit_text("namespace"),
            F::TargetResource => self.audit_text("resource"),
            F::TargetSubresource => self.audit_text("subresource"),
            F::TargetPodName | F::ConfigmapName => {
                let resource: &[u8] = if field == F::TargetPodName {
                    b"pods"
                } else {
                    b"configmaps"
                };
                match self.audit_bytes("resource") {
                    Some(is) if is == resource => self.audit_text("name"),
                    _ => Value::Missing,
                }
            }
            F::RespName => one(self.audit_json("response").pointer("/metadata/name")),
            F::ResponseCode => match self.audit_param("code") {
                model::Value::Int(code) => Value::owned(code.to_string()),
                _ => Value::Missing,
            },
            F::ResponseReason => self.audit_text("reason"),
            F::UserAgent => self.audit_text("useragent"),
            F::SourceIps => self.audit_list("sourceips", arg),
            _ => match self.audit_json("request") {
                Json::Null => Value::Missing,
                request => requested(&request, field, arg),
            },
        }
    }

    fn uri_param(&self, arg: &FieldArg) -> Value<'s> {
        let (FieldArg::Name(wanted), Some(uri)) = (arg, self.audit_bytes("uri")) else {
            return Value::Missing;
        };
        let Some(start) = uri.iter().position(|byte| *byte == b'?') else {
            return Value::Missing;
        };
        for pair in uri[start + 1..].split(|byte| *byte == b'&') {
            let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            if decoded(&pair[..equals]) == wanted.as_bytes() {
                return Value::owned(decoded(pair.get(equals + 1..).unwrap_or_default()));
            }
        }
        Value::Missing
    }

    pub(super) fn jevt(&self, field: JevtField, arg: &FieldArg) -> Value<'s> {
        let Some(time) = self.audit_time().or_else(|| {
            let is = self.kind().is_some_and(|kind| kind.name == KIND);
            is.then(|| u64::try_from(self.time()).unwrap_or(0))
        }) else {
            return Value::Missing;
        };
        match (field, arg) {
            (JevtField::Time | JevtField::RawTime, _) => Value::Uint(time),
            (JevtField::Obj, _) => Value::owned(self.audit_event().to_string()),
            (JevtField::Value, FieldArg::Name(pointer)) => one(self.audit_event().pointer(pointer)),
            (JevtField::Value, _) => Value::Missing,
        }
    }

    /// The entry as the API server wrote it, as far as it is kept.
    fn audit_event(&self) -> Json {
        let mut event = Map::new();
        let text = |name: &str| {
            self.audit_bytes(name)
                .map(|bytes| Json::from(String::from_utf8_lossy(bytes)))
        };
        let list = |name: &str| {
            let bytes = self.audit_bytes(name)?;
            let parts = bytes
                .split(|byte| *byte == 0)
                .map(|part| String::from_utf8_lossy(part).into_owned());
            Some(parts.collect::<Json>())
        };
        let time = |name: &str| match self.audit_param(name) {
            model::Value::Int(time) => {
                let time = chrono::DateTime::from_timestamp_nanos(time);
                Some(Json::from(time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)))
            }
            _ => None,
        };
        let object = |parts: Vec<(&str, Option<Json>)>| {
            let map: Map<String, Json> = parts
                .into_iter()
                .filter_map(|(key, part)| Some((key.to_owned(), part?)))
                .collect();
            (!map.is_empty()).then_some(Json::Object(map))
        };
        let code = match self.audit_param("code") {
            model::Value::Int(code) => Some(json!(code)),
            _ => None,
        };
        for (key, part) in [
            ("kind", Some(json!("Event"))),
            ("auditID", text("auditid")),
            ("stage", text("stage")),
            ("verb", text("verb")),
            ("requestURI", text("uri")),
            (
                "user",
                object(vec![("username", text("user")), ("groups", list("groups"))]),
            ),
            ("impersonatedUser", object(vec![("username", text("impuser"))])),
            ("sourceIPs", list("sourceips")),
            ("userAgent", text("useragent")),
            (
                "objectRef",
                object(vec![
                    ("resource", text("resource")),
                    ("namespace", text("namespace")),
                    ("name", text("name")),
                    ("subresource", text("subresource")),
                ]),
            ),
            (
                "responseStatus",
                object(vec![("code", code), ("reason", text("reason"))]),
            ),
            (
                "annotations",
                object(vec![
                    ("authorization.k8s.io/decision", text("decision")),
                    ("authorization.k8s.io/reason", text("authreason")),
                ]),
            ),
            (
                "requestObject",
                Some(self.audit_json("request")).filter(|json| !json.is_null()),
            ),
            (
                "responseObject",
                Some(self.audit_json("response")).filter(|json| !json.is_null()),
            ),
            ("requestReceivedTimestamp", time("requested")),
            ("stageTimestamp", time("time")),
        ] {
            if let Some(part) = part {
                event.insert(key.to_owned(), part);
            }
        }
        Json::Object(event)
    }
}

/// A field of the object in the request.
fn requested(request: &Json, field: KaField, arg: &FieldArg) -> Value<'static> {
    use KaField as F;
    let at = |pointer: &str| one(request.pointer(pointer));
    let items = |pointer: &str| {
        request
            .pointer(pointer)
            .and_then(Json::as_array)
            .map_or(&[][..], Vec::as_slice)
    };
    let all = |pointer: &str| picked(items(pointer).iter().map(|item| one(Some(item))), arg);
    // Of each container, or of the one that is asked for.
    let containers = || {
        let containers = items("/spec/containers");
        match arg {
            FieldArg::Index(at) => containers.get(*at as usize).map_or(&[][..], std::slice::from_ref),
            _ => containers,
        }
    };
    let each = |pointer: &'static str| listed(containers().iter().flat_map(move |c| flat(c.pointer(pointer))));
    let effective = |key: &'static str| {
        let of_pod = request
            .pointer("/spec/securityContext")
            .and_then(|context| context.get(key));
        let of = |c: &Json| {
            let own = c.pointer("/securityContext").and_then(|context| context.get(key));
            own.or(of_pod).map_or_else(|| Value::owned("0"), |id| one(Some(id)))
        };
        listed(containers().iter().map(of))
    };
    let rules = |key: &'static str| {
        let rules = items("/rules");
        let rules = match arg {
            FieldArg::Index(at) => rules.get(*at as usize).map_or(&[][..], std::slice::from_ref),
            _ => rules,
        };
        listed(rules.iter().flat_map(move |rule| flat(rule.get(key))))
    };
    let volumes = |pointer: &'static str| {
        let found = items("/spec/volumes")
            .iter()
            .map(move |volume| one(volume.pointer(pointer)));
        picked(found.filter(|value| *value != Value::Missing), arg)
    };
    let yes = |is: bool| Value::owned(is.to_string());
    match field {
        F::BindingSubjects => all("/subjects"),
        F::BindingRole => at("/roleRef/name"),
        F::BindingSubjectHasName => match arg {
            FieldArg::Name(name) => yes(items("/subjects").iter().any(|s| s["name"].as_str() == Some(name))),
            _ => Value::Missing,
        },
        F::ConfigmapObj => at("/data"),
        F::PodImages => each("/image"),
        F::PodImageRepositories => listed(
            containers()
                .iter()
                .flat_map(|c| flat(c.pointer("/image")))
                .map(repository),
        ),
        F::ContainerImage => at("/spec/containers/0/image"),
        F::ContainerImageRepository => repository(at("/spec/containers/0/image")),
        F::PodHostIpc => at("/spec/hostIPC"),
        F::PodHostNetwork | F::ContainerHostNetwork => at("/spec/hostNetwork"),
        F::PodHostPid => at("/spec/hostPID"),
        F::PodHostPorts => {
            let ports = containers()
                .iter()
                .flat_map(|c| c["ports"].as_array().into_iter().flatten());
            listed(ports.map(|port| one(port.get("hostPort").or(port.get("containerPort")))))
        }
        F::PodPrivileged => each("/securityContext/privileged"),
        F::ContainerPrivileged => {
            let containers = items("/spec/containers");
            let privileged = |c: &Json| c.pointer("/securityContext/privileged") == Some(&Json::Bool(true));
            if containers.is_empty() {
                Value::Missing
            } else {
                yes(containers.iter().any(privileged))
            }
        }
        F::PodAllowEscalation => each("/securityContext/allowPrivilegeEscalation"),
        F::PodReadOnly => each("/securityContext/readOnlyRootFilesystem"),
        F::PodRunAsUser => at("/spec/securityContext/runAsUser"),
        F::ContainersRunAsUser => each("/securityContext/runAsUser"),
        F::EffectiveRunAsUser => effective("runAsUser"),
        F::PodRunAsGroup => at("/spec/securityContext/runAsGroup"),
        F::ContainersRunAsGroup => each("/securityContext/runAsGroup"),
        F::EffectiveRunAsGroup => effective("runAsGroup"),
        F::ProcMount => each("/securityContext/procMount"),
        F::AddCapabilities => each("/securityContext/capabilities/add"),
        F::FsGroup => at("/spec/securityContext/fsGroup"),
        F::SupplementalGroups => all("/spec/securityContext/supplementalGroups"),
        F::HostPaths => volumes("/hostPath/path"),
        F::VolumeHostPath => match arg {
            FieldArg::Name(wanted) => {
                let paths = items("/spec/volumes")
                    .iter()
                    .filter_map(|volume| volume.pointer("/hostPath/path")?.as_str());
                let fits = |path: &str| match wanted.strip_suffix('*') {
                    Some(beginning) => path.starts_with(beginning),
                    None => path == wanted,
                };
                let mut paths = paths.map(fits);
                yes(paths.any(|fits| fits))
            }
            _ => Value::Missing,
        },
        F::FlexVolumeDrivers => volumes("/flexVolume/driver"),
        F::VolumeTypes => {
            let kinds = items("/spec/volumes").iter().filter_map(|volume| {
                let kind = volume.as_object()?.keys().find(|key| *key != "name")?;
                Some(Value::owned(kind.as_bytes()))
            });
            picked(kinds, arg)
        }
        F::RoleRules => all("/rules"),
        F::RoleApiGroups => rules("apiGroups"),
        F::RoleUrls => rules("nonResourceURLs"),
        F::RoleVerbs => rules("verbs"),
        F::RoleResources => rules("resources"),
        F::ServiceType => at("/spec/type"),
        F::ServicePorts => all("/spec/ports"),
        _ => Value::Missing,
    }
}

/// A value as text: strings as they are, all else as JSON.
fn one(json: Option<&Json>) -> Value<'static> {
    match json {
        None | Some(Json::Null) => Value::Missing,
        Some(Json::String(text)) => Value::owned(text.as_bytes()),
        Some(other) => Value::owned(other.to_string()),
    }
}

/// The elements of a list, or what is none.
fn flat(json: Option<&Json>) -> impl Iterator<Item = Value<'static>> {
    let (list, single) = match json {
        Some(Json::Array(items)) => (items.as_slice(), None),
        other => (&[][..], other),
    };
    list.iter().chain(single).map(|item| one(Some(item)))
}

fn listed<'v>(values: impl Iterator<Item = Value<'v>>) -> Value<'v> {
    let all: Vec<Value<'v>> = values.filter(|value| *value != Value::Missing).collect();
    if all.is_empty() {
        Value::Missing
    } else {
        Value::List(all)
    }
}

/// All, or the one with the number that is asked for.
fn picked<'v>(mut values: impl Iterator<Item = Value<'v>>, arg: &FieldArg) -> Value<'v> {
    match arg {
        FieldArg::Index(at) => values.nth(*at as usize).unwrap_or_default(),
        _ => listed(values),
    }
}

/// An image without tag and digest.
fn repository(image: Value<'static>) -> Value<'static> {
    match image {
        Value::Str(image) => {
            let image = String::from_utf8_lossy(&image);
            Value::owned(super::container::split_image(&image).0.as_bytes())
        }
        other => other,
    }
}

/// `%41` is `A`, `+` a space.
fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let code = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match code.and_then(|code| Some(digit(code[0])? * 16 + digit(code[1])?)) {
            Some(code) => {
                out.push(code as u8);
                at += 3;
            }
            None => {
                out.push(if *byte == b'+' { b' ' } else { *byte });
                at += 1;
            }
        }
    }
    out
}
