//! `k8s`.

use super::define::class;

class! {
    /// The pod of the event.
    K8sField, K8s, "k8s";
    NsName = "k8s.ns.name" Str, "Name of the namespace.", "k8s.ns.name = default";
    PodName = "k8s.pod.name" Str, "Name of the pod.", "k8s.pod.name startswith web-";
    PodUid = "k8s.pod.uid" Str, "Unique id of the pod.", "k8s.pod.uid startswith 6f1a";
}
