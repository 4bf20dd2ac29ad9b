//! `k8s`.

use super::define::class;

class! {
    /// The pod of the event.
    K8sField, K8s, "k8s";
    NsName = "k8s.ns.name" Str, "Name of the namespace.", "k8s.ns.name = default";
    PodName = "k8s.pod.name" Str, "Name of the pod.", "k8s.pod.name startswith web-";
    PodUid = "k8s.pod.uid" Str, "Unique id of the pod.", "k8s.pod.uid startswith 6f1a";
    PodId = "k8s.pod.id" Str, "The same as `k8s.pod.uid`.", "k8s.pod.id startswith 6f1a";
    PodSandboxId = "k8s.pod.sandbox_id" Str, "First 12 characters of the id of the container that holds the namespaces of the pod.", "k8s.pod.sandbox_id = 0b7f2a61c3de";
    PodFullSandboxId = "k8s.pod.full_sandbox_id" Str, "The whole of that id.", "k8s.pod.full_sandbox_id startswith 0b7f";
    PodLabel = "k8s.pod.label" Str [Key], "A label of the pod, as in `k8s.pod.label[app]`.", "k8s.pod.label[app] = web";
    PodLabels = "k8s.pod.labels" Str, "All labels of the pod: `key:value`, separated by commas.", "k8s.pod.labels contains 'app:web'";
    PodIp = "k8s.pod.ip" Str, "Address of the pod.", "k8s.pod.ip = 10.244.0.9";
}
