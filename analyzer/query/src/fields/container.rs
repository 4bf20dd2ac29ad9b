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
    Privileged = "container.privileged" Bool, "Whether it runs with all privileges.", "container.privileged = true";
    StartTs = "container.start_ts" Time, "When it started.", "container.start_ts > '2026-11-21 10:00'";
    Duration = "container.duration" Duration, "How long it had been running.", "container.duration < 10s";
}
