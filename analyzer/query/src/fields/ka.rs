//! `ka` and `jevt`: the audit log of Kubernetes' API server.

use super::define::class;

class! {
    /// An entry of the audit log of Kubernetes' API server (`evt.type = k8s_audit`): who asked it for what. The names are those of Falco.
    KaField, Ka, "ka";
    AuditId = "ka.auditid" Str, "Id of the request; its stages have it in common.", "ka.auditid exists";
    Stage = "ka.stage" Str, "How far the request has come: `RequestReceived`, `ResponseStarted`, `ResponseComplete` or `Panic`.", "ka.stage = ResponseComplete";
    AuthDecision = "ka.auth.decision" Str, "Whether it was granted: `allow` or `forbid`.", "ka.auth.decision = forbid";
    AuthReason = "ka.auth.reason" Str, "Why.", "ka.auth.reason contains cluster-admin";
    UserName = "ka.user.name" Str, "Who asked, as the API server authenticated it.", "ka.user.name = system:anonymous";
    UserGroups = "ka.user.groups" Str many Elements, "Groups of the user.", "ka.user.groups intersects (system:masters)";
    ImpuserName = "ka.impuser.name" Str, "As whom the user acted.", "ka.impuser.name exists";
    Verb = "ka.verb" Str, "What was asked for: `create`, `get`, `delete` and so on.", "ka.verb in (create, update, patch)";
    Uri = "ka.uri" Str, "Path and query of the request; tokens in it are replaced.", "ka.uri startswith /api/v1";
    UriParam = "ka.uri.param" Str [Key], "The first value of a parameter of the query, decoded.", "ka.uri.param[container] = app";
    TargetName = "ka.target.name" Str, "Name of the object that the request is about.", "ka.target.name = web-0";
    TargetNamespace = "ka.target.namespace" Str, "Its namespace.", "ka.target.namespace = kube-system";
    TargetResource = "ka.target.resource" Str, "Its kind: `pods`, `secrets` and so on.", "ka.target.resource = pods";
    TargetSubresource = "ka.target.subresource" Str, "What of it: `exec`, `log`, `token` and so on.", "ka.target.subresource in (exec, attach)";
    TargetPodName = "ka.target.pod.name" Str, "Its name, where it is a pod or a part of one.", "ka.target.pod.name startswith web-";
    BindingSubjects = "ka.req.binding.subjects" Str many Elements, "Of a role binding in the request: whom it gives the role, as JSON.", "ka.req.binding.subjects exists";
    BindingRole = "ka.req.binding.role" Str, "Of a role binding in the request: the role.", "ka.req.binding.role = cluster-admin";
    BindingSubjectHasName = "ka.req.binding.subject.has_name" Str [Key], "Whether a role binding in the request gives the role to somebody of this name.", "ka.req.binding.subject.has_name[alice] = true";
    ConfigmapName = "ka.req.configmap.name" Str, "Name of the config map that the request is about.", "ka.req.configmap.name exists";
    ConfigmapObj = "ka.req.configmap.obj" Str, "Data of the config map in the request, as JSON.", "ka.req.configmap.obj contains aws_access_key_id";
    PodImages = "ka.req.pod.containers.image" Str [MayIndex] many Elements, "Of a pod in the request: the containers' images.", "ka.req.pod.containers.image intersects (nginx)";
    PodImageRepositories = "ka.req.pod.containers.image.repository" Str [MayIndex] many Elements, "The same without tag and digest.", "ka.req.pod.containers.image.repository in (nginx, redis)";
    ContainerImage = "ka.req.container.image" Str, "Of a pod in the request: the first container's image.", "ka.req.container.image = nginx";
    ContainerImageRepository = "ka.req.container.image.repository" Str, "The same without tag and digest.", "ka.req.container.image.repository = nginx";
    PodHostIpc = "ka.req.pod.host_ipc" Str, "Of a pod in the request: whether it shares the host's System V IPC.", "ka.req.pod.host_ipc = true";
    PodHostNetwork = "ka.req.pod.host_network" Str, "Of a pod in the request: whether it has the host's network.", "ka.req.pod.host_network = true";
    ContainerHostNetwork = "ka.req.container.host_network" Str, "The same as `ka.req.pod.host_network`.", "ka.req.container.host_network = true";
    PodHostPid = "ka.req.pod.host_pid" Str, "Of a pod in the request: whether it sees the host's processes.", "ka.req.pod.host_pid = true";
    PodHostPorts = "ka.req.pod.containers.host_port" Str [MayIndex] many Elements, "Of a pod in the request: the containers' ports on the host, or else their own.", "ka.req.pod.containers.host_port intersects (22)";
    PodPrivileged = "ka.req.pod.containers.privileged" Str [MayIndex] many Elements, "Of a pod in the request: whether its containers are privileged, of those that say it.", "ka.req.pod.containers.privileged intersects (true)";
    ContainerPrivileged = "ka.req.container.privileged" Str, "Of a pod in the request: whether any of its containers is privileged.", "ka.req.container.privileged = true";
    PodAllowEscalation = "ka.req.pod.containers.allow_privilege_escalation" Str [MayIndex] many Elements, "Of a pod in the request: whether its containers may gain privileges, of those that say it.", "ka.req.pod.containers.allow_privilege_escalation intersects (true)";
    PodReadOnly = "ka.req.pod.containers.read_only_fs" Str [MayIndex] many Elements, "Of a pod in the request: whether its containers' root file systems are read-only, of those that say it.", "ka.req.pod.containers.read_only_fs intersects (false)";
    PodRunAsUser = "ka.req.pod.run_as_user" Str, "Of a pod in the request: the user id of its processes.", "ka.req.pod.run_as_user = 0";
    ContainersRunAsUser = "ka.req.pod.containers.run_as_user" Str [MayIndex] many Elements, "The same of its containers, of those that say it.", "ka.req.pod.containers.run_as_user intersects (0)";
    EffectiveRunAsUser = "ka.req.pod.containers.eff_run_as_user" Str [MayIndex] many Elements, "What holds for each container: what it says, or else the pod, or else 0.", "ka.req.pod.containers.eff_run_as_user intersects (0)";
    PodRunAsGroup = "ka.req.pod.run_as_group" Str, "Of a pod in the request: the group id of its processes.", "ka.req.pod.run_as_group = 0";
    ContainersRunAsGroup = "ka.req.pod.containers.run_as_group" Str [MayIndex] many Elements, "The same of its containers, of those that say it.", "ka.req.pod.containers.run_as_group intersects (0)";
    EffectiveRunAsGroup = "ka.req.pod.containers.eff_run_as_group" Str [MayIndex] many Elements, "What holds for each container: what it says, or else the pod, or else 0.", "ka.req.pod.containers.eff_run_as_group intersects (0)";
    ProcMount = "ka.req.pod.containers.proc_mount" Str [MayIndex] many Elements, "Of a pod in the request: how its containers see /proc, of those that say it.", "ka.req.pod.containers.proc_mount intersects (Unmasked)";
    AddCapabilities = "ka.req.pod.containers.add_capabilities" Str [MayIndex] many Elements, "Of a pod in the request: capabilities that its containers get beside the usual ones.", "ka.req.pod.containers.add_capabilities intersects (SYS_ADMIN)";
    FsGroup = "ka.req.pod.fs_group" Str, "Of a pod in the request: the group that owns its volumes.", "ka.req.pod.fs_group = 0";
    SupplementalGroups = "ka.req.pod.supplemental_groups" Str many Elements, "Of a pod in the request: further groups of its processes.", "ka.req.pod.supplemental_groups intersects (0)";
    HostPaths = "ka.req.pod.volumes.hostpath" Str [MayIndex] many Elements, "Of a pod in the request: the host's folders that it mounts.", "ka.req.pod.volumes.hostpath intersects (/, /etc)";
    VolumeHostPath = "ka.req.volume.hostpath" Str [Key], "Of a pod in the request: whether it mounts this folder of the host; with `*` at the end, whether one that begins so.", "ka.req.volume.hostpath[/proc*] = true";
    FlexVolumeDrivers = "ka.req.pod.volumes.flexvolume_driver" Str [MayIndex] many Elements, "Of a pod in the request: drivers of its flex volumes.", "ka.req.pod.volumes.flexvolume_driver exists";
    VolumeTypes = "ka.req.pod.volumes.volume_type" Str [MayIndex] many Elements, "Of a pod in the request: the kinds of its volumes.", "ka.req.pod.volumes.volume_type intersects (hostPath)";
    RoleRules = "ka.req.role.rules" Str many Elements, "Of a role in the request: its rules, as JSON.", "ka.req.role.rules exists";
    RoleApiGroups = "ka.req.role.rules.apiGroups" Str [MayIndex] many Elements, "The API groups in them.", "ka.req.role.rules.apiGroups intersects ('*')";
    RoleUrls = "ka.req.role.rules.nonResourceURLs" Str [MayIndex] many Elements, "The URLs in them.", "ka.req.role.rules.nonResourceURLs intersects ('*')";
    RoleVerbs = "ka.req.role.rules.verbs" Str [MayIndex] many Elements, "The verbs in them.", "ka.req.role.rules.verbs intersects (create)";
    RoleResources = "ka.req.role.rules.resources" Str [MayIndex] many Elements, "The resources in them.", "ka.req.role.rules.resources intersects ('pods/exec')";
    ServiceType = "ka.req.service.type" Str, "Of a service in the request: its type.", "ka.req.service.type = NodePort";
    ServicePorts = "ka.req.service.ports" Str [MayIndex] many Elements, "Of a service in the request: its ports, as JSON.", "ka.req.service.ports exists";
    RespName = "ka.resp.name" Str, "Name of the object in the response.", "ka.resp.name startswith web-";
    ResponseCode = "ka.response.code" Str, "HTTP status of the response.", "ka.response.code startswith 2";
    ResponseReason = "ka.response.reason" Str, "Why it failed, in a word.", "ka.response.reason = Forbidden";
    UserAgent = "ka.useragent" Str, "The program that asked, as it says.", "ka.useragent startswith kubectl";
    SourceIps = "ka.sourceips" Str [MayIndex] many Elements, "Where the request came from: the client first, then proxies.", "ka.sourceips intersects (10.0.0.7)";
}

class! {
    /// An entry of the audit log of Kubernetes' API server as JSON, as far as it is kept.
    JevtField, Jevt, "jevt";
    Value = "jevt.value" Str [Key], "What a JSON pointer (RFC 6901) leads to.", "jevt.value[/user/username] = alice";
    Obj = "jevt.obj" Str, "The whole entry.", "jevt.obj contains alice";
    Time = "jevt.time" Time, "When the request came to its stage, by the API server's clock.", "jevt.time > '2026-11-21 10:00'";
    RawTime = "jevt.rawtime" Uint, "The same in nanoseconds since 1970.", "jevt.rawtime exists";
}
