//! `k8s`.

use super::define::class;

class! {
    /// The pod of the event, who owns it, and who asked for what was brought into it.
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
    RsName = "k8s.rs.name" Str, "Name of the replica set that owns the pod.", "k8s.rs.name = web-7f";
    RsId = "k8s.rs.id" Str, "Unique id of that replica set.", "k8s.rs.id startswith 6f1a";
    DeploymentName = "k8s.deployment.name" Str, "Name of the deployment that owns the pod.", "k8s.deployment.name = web";
    DeploymentId = "k8s.deployment.id" Str, "Unique id of that deployment.", "k8s.deployment.id startswith 6f1a";
    RcName = "k8s.rc.name" Str, "Name of the replication controller that owns the pod.", "k8s.rc.name = web";
    RcId = "k8s.rc.id" Str, "Unique id of that replication controller.", "k8s.rc.id startswith 6f1a";
    StatefulSetName = "k8s.statefulset.name" Str, "Name of the stateful set that owns the pod.", "k8s.statefulset.name = db";
    StatefulSetId = "k8s.statefulset.id" Str, "Unique id of that stateful set.", "k8s.statefulset.id startswith 6f1a";
    DaemonSetName = "k8s.daemonset.name" Str, "Name of the daemon set that owns the pod.", "k8s.daemonset.name = agent";
    DaemonSetId = "k8s.daemonset.id" Str, "Unique id of that daemon set.", "k8s.daemonset.id startswith 6f1a";
    JobName = "k8s.job.name" Str, "Name of the job that owns the pod.", "k8s.job.name = backup-29";
    JobId = "k8s.job.id" Str, "Unique id of that job.", "k8s.job.id startswith 6f1a";
    CronJobName = "k8s.cronjob.name" Str, "Name of the cron job that owns the pod.", "k8s.cronjob.name = backup";
    CronJobId = "k8s.cronjob.id" Str, "Unique id of that cron job.", "k8s.cronjob.id startswith 6f1a";
    Owners = "k8s.owners" Str, "All that own the pod, the nearest first: `kind/name`, separated by commas.", "k8s.owners contains Deployment/web";
    NodeName = "k8s.node.name" Str, "Name of the node.", "k8s.node.name = node-1";
    NodeLabel = "k8s.node.label" Str [Key], "A label of the node, as in `k8s.node.label[zone]`.", "k8s.node.label[topology.kubernetes.io/zone] = eu-1";
    NodeLabels = "k8s.node.labels" Str, "All labels of the node: `key:value`, separated by commas.", "k8s.node.labels contains 'zone:eu-1'";
    Missing = "k8s.missing" Str, "Why owners or node, which the API server was asked for, are not known.", "k8s.missing exists";
    ExecUser = "k8s.exec.user" Str, "Who asked the API server for the program that was brought into the container, and from which the process descends (`kubectl exec`).", "k8s.exec.user = alice";
    ExecGroups = "k8s.exec.groups" Str many Elements, "Groups of that user.", "k8s.exec.groups intersects (system:masters)";
    ExecImpuser = "k8s.exec.impuser" Str, "As whom that user acted.", "k8s.exec.impuser exists";
    ExecSourceIps = "k8s.exec.sourceips" Str many Elements, "Where that request came from: the client first, then proxies.", "k8s.exec.sourceips intersects (10.0.0.7)";
    ExecAuditId = "k8s.exec.auditid" Str, "Id of that request in the audit log.", "k8s.exec.auditid exists";
    ExecTime = "k8s.exec.time" Time, "When the API server received it.", "k8s.exec.time > '2026-11-21 10:00'";
    ExecCommand = "k8s.exec.command" Str, "What it asked for.", "k8s.exec.command startswith 'sh -c'";
    ExecMissing = "k8s.exec.missing" Str, "Why it is not known who asked, although requests fit: several users asked for the same at the same time.", "k8s.exec.missing exists";
    PodCniJson = "k8s.pod.cni.json" Str, "What the network plugin said of the pod. Has no value: a trace does not tell it.", "k8s.pod.cni.json exists";
}

impl K8sField {
    /// Whether it depends on the process and not on the container alone.
    pub(crate) fn is_of_process(self) -> bool {
        use K8sField as F;
        matches!(
            self,
            F::ExecUser
                | F::ExecGroups
                | F::ExecImpuser
                | F::ExecSourceIps
                | F::ExecAuditId
                | F::ExecTime
                | F::ExecCommand
                | F::ExecMissing
        )
    }
}
