//! `container`.

use super::define::class;

class! {
    /// The container of the event. `container.id` is `host` for what runs in none.
    ContainerField, Container, "container";
    Id = "container.id" Str, "First 12 characters of the container id; `host` outside of containers.", "container.id != host";
    FullId = "container.full_id" Str, "Whole container id.", "container.full_id startswith 3ad7b26ded6d";
    Name = "container.name" Str, "Name given by the runtime.", "container.name = web";
    Image = "container.image" Str, "Name of the image, with its tag.", "container.image startswith nginx";
    ImageRepository = "container.image.repository" Str, "Name of the image, without its tag.", "container.image.repository endswith /nginx";
    ImageTag = "container.image.tag" Str, "Tag of the image.", "container.image.tag = latest";
    Type = "container.type" Str, "The runtime: docker, containerd, cri-o, podman, runc and so on.", "container.type = docker";
    ImageId = "container.image.id" Str, "Id of the image: the digest of its configuration.", "container.image.id startswith 'sha256:1a'";
    ImageDigest = "container.image.digest" Str, "Digest of the image as it was pulled.", "container.image.digest startswith 'sha256:9f'";
    Privileged = "container.privileged" Bool, "Whether it runs with all privileges.", "container.privileged = true";
    Label = "container.label" Str [Key], "A label, as in `container.label[app]`.", "container.label[app] = web";
    Labels = "container.labels" Str, "All labels: `key:value`, separated by commas.", "container.labels contains team";
    Env = "container.env" Str, "Names of the variables in its environment, separated by spaces.", "container.env contains TOKEN";
    Capabilities = "container.capabilities" Str, "Capabilities of its first process, separated by spaces.", "container.capabilities contains CAP_SYS_ADMIN";
    Network = "container.network" Str, "How it is connected: `host`, `none`, `bridge` and so on.", "container.network = host";
    Ip = "container.ip" Str, "Its first address.", "container.ip = 10.88.0.7";
    Mounts = "container.mounts" Str, "All mounts: `source:dest:mode:rdwr:propagation`, separated by spaces.", "container.mounts contains docker.sock";
    Mount = "container.mount" Str [Key], "One mount, by number or by source (a glob).", "container.mount[/var/run/*] exists";
    MountSource = "container.mount.source" Str [Key], "Source of a mount, by number or by destination (a glob).", "container.mount.source[/data] startswith /srv";
    MountDest = "container.mount.dest" Str [Key], "Destination of a mount, by number or by source (a glob).", "container.mount.dest[/srv/web] = /data";
    MountMode = "container.mount.mode" Str [Key], "Mode of a mount, by number or by source (a glob).", "container.mount.mode[0] = ro";
    MountRdwr = "container.mount.rdwr" Str [Key], "Whether a mount, by number or by source (a glob), can be written to: `true` or `false`.", "container.mount.rdwr[/etc] = true";
    MountPropagation = "container.mount.propagation" Str [Key], "How mounts below a mount, by number or by source (a glob), spread.", "container.mount.propagation[0] = rprivate";
    StartTs = "container.start_ts" Time, "When it started: what the runtime says, or else when its cgroup was made.", "container.start_ts > '2026-11-21 10:00'";
    Duration = "container.duration" Duration, "How long it had been running.", "container.duration < 10s";
    ExitCode = "container.exit_code" Uint, "Exit status of its first process.", "container.exit_code = 137";
    OomKilled = "container.oom_killed" Bool, "Whether the kernel ended it because its memory was used up.", "container.oom_killed = true";
    Restarts = "container.restarts" Uint, "How often it has been started again.", "container.restarts > 3";
    Healthcheck = "container.healthcheck" Str, "The check of its health. Has no value: a trace does not tell it.", "container.healthcheck exists";
    LivenessProbe = "container.liveness_probe" Str, "Its liveness probe. Has no value: a trace does not tell it.", "container.liveness_probe exists";
    ReadinessProbe = "container.readiness_probe" Str, "Its readiness probe. Has no value: a trace does not tell it.", "container.readiness_probe exists";
    CniJson = "container.cni.json" Str, "What the network plugin said. Has no value: a trace does not tell it.", "container.cni.json exists";
    Entry = "container.entry" Str, "How the process came to be there: `init` for the runtime's own steps, `main` for its first process and what that started, `exec` for what entered later (docker exec, kubectl exec).", "container.entry = exec";
    Missing = "container.missing" Str, "Why nothing, or not all, of this is known.", "container.missing exists";
}
