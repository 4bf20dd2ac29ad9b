//! Everything that a trace says, as one JSON document: what tests/spec/reader.py prints of the same file, as this crate's
//! reader understands it.
//!
//! describe FILE

use afterimage_format::Result;
use afterimage_format::file::{Group, IndexEntry, Integrity, Summary, Trace, Verdict, verify};
use afterimage_format::model::{
    Accounts, AttachmentEntry, Container, Credentials, CustodyEntry, Descriptor, Group as UserGroup, Header, Kind,
    Kube, Loss, Mount, Source, Thread, Told, User, Value as Arg,
};
use afterimage_format::segment::{ContainerCount, FdChange, FdState, KindCount, Segment, Zone};
use serde_json::{Map, Value, json};
use std::fmt::Debug;
use std::net::IpAddr;
use std::path::Path;

fn main() {
    let file = std::env::args().nth(1).unwrap_or_else(|| {
        eprintln!("usage: describe FILE");
        std::process::exit(2);
    });
    match describe(file.as_ref()) {
        Ok(document) => println!("{document}"),
        Err(error) => {
            eprintln!("describe: {error}");
            std::process::exit(1);
        }
    }
}

pub(crate) fn describe(file: &Path) -> Result<Value> {
    let found = verify(file, &[])?;
    let trace = if found.encrypted {
        Value::Null
    } else {
        contents(&Trace::open(file)?)?
    };
    Ok(json!({ "verdict": verdict(&found), "trace": trace }))
}

fn verdict(verdict: &Verdict) -> Value {
    let (integrity, segments) = match &verdict.integrity {
        Integrity::Intact => ("intact", Some(verdict.segments)),
        Integrity::Truncated { .. } => ("truncated", Some(verdict.segments)),
        Integrity::Altered(_) => ("altered", None),
    };
    json!({
        "integrity": integrity,
        "root": verdict.root.map(|root| hex(&root)),
        "capture_id": verdict.capture_id.map(|id| hex(&id)),
        "encrypted": verdict.encrypted,
        "segments": segments,
        "bytes": verdict.bytes,
        "signatures": list(&verdict.signatures, |each| json!({
            "algorithm": debug(&each.algorithm),
            "comment": text(each.comment.as_bytes()),
            "valid": each.valid,
        })),
    })
}

fn contents(trace: &Trace) -> Result<Value> {
    let entries: Vec<_> = trace.entries().map(|(_, entry)| entry).collect::<Result<_>>()?;
    let segments = (0..trace.segment_count()).map(|at| {
        let document = trace.segment(at).and_then(|read| segment(&read));
        document.unwrap_or_else(damaged)
    });
    let content = |entry: &AttachmentEntry| match trace.attachment(entry) {
        Ok(content) => json!(hex(blake3::hash(&content).as_bytes())),
        Err(error) => damaged(error),
    };
    let is_sealed = trace.summary().is_some();
    Ok(json!({
        "header": header(trace.header()),
        "summary": trace.summary().map(summary),
        "groups": is_sealed.then(|| list(trace.groups(), group)),
        "entries": list(&entries, |entry| index_entry(entry)),
        "segments": segments.collect::<Vec<Value>>(),
        "attachments": list(trace.attachments(), attachment),
        "contents": list(trace.attachments(), content),
        "custody": list(trace.custody(), custody),
    }))
}

fn damaged(error: afterimage_format::Error) -> Value {
    eprintln!("{error}");
    Value::Null
}

fn list<T>(items: &[T], describe: impl Fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(describe).collect()
}

/// Bytes as JSON can say them: one character a byte.
fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn debug(value: &impl Debug) -> String {
    format!("{value:?}")
}

fn pairs(pairs: &[(String, String)]) -> Vec<Value> {
    list(pairs, |(a, b)| json!([text(a.as_bytes()), text(b.as_bytes())]))
}

fn header(header: &Header) -> Value {
    let (host, clock, series) = (&header.host, &header.clock, &header.series);
    json!({
        "capture_id": hex(&header.capture_id),
        "host": {
            "hostname": text(host.hostname.as_bytes()),
            "machine_id": text(host.machine_id.as_bytes()),
            "boot_id": text(host.boot_id.as_bytes()),
            "kernel": text(host.kernel.as_bytes()),
            "arch": text(host.arch.as_bytes()),
            "cpus": host.cpus,
        },
        "clock": { "boottime": clock.boottime, "realtime": clock.realtime },
        "recorder": text(header.recorder.as_bytes()),
        "scope": text(header.scope.as_bytes()),
        "snaplen": header.snaplen,
        "tags": pairs(&header.tags),
        "degraded": list(&header.degraded, |each| json!(text(each.as_bytes()))),
        "series": {
            "number": series.number,
            "previous": hex(&series.previous),
            "previous_name": text(series.previous_name.as_bytes()),
        },
        "profile": text(header.profile.as_bytes()),
        "filter": text(header.filter.as_bytes()),
        "accounts": accounts(&header.accounts),
        "redactions": list(&header.redactions, |each| json!(text(each.as_bytes()))),
    })
}

fn custody(entry: &CustodyEntry) -> Value {
    json!({
        "time": entry.time,
        "action": text(entry.action.as_bytes()),
        "tool": text(entry.tool.as_bytes()),
        "user": text(entry.user.as_bytes()),
        "host": text(entry.host.as_bytes()),
        "source": entry.source.as_ref().map(source),
        "note": text(entry.note.as_bytes()),
    })
}

fn source(source: &Source) -> Value {
    json!({
        "capture_id": hex(&source.capture_id),
        "root": hex(&source.root),
        "file": hex(&source.file),
        "name": text(source.name.as_bytes()),
        "verdict": text(source.verdict.as_bytes()),
    })
}

fn attachment(entry: &AttachmentEntry) -> Value {
    json!({
        "name": text(entry.name.as_bytes()),
        "media_type": text(entry.media_type.as_bytes()),
        "size": entry.size,
        "hash": hex(&entry.hash),
        "offset": entry.offset,
        "length": entry.length,
    })
}

fn accounts(accounts: &Accounts) -> Value {
    let user = |user: &User| {
        json!({
            "uid": user.uid,
            "gid": user.gid,
            "name": text(user.name.as_bytes()),
            "home": text(user.home.as_bytes()),
            "shell": text(user.shell.as_bytes()),
            "container": user.container,
        })
    };
    let group = |group: &UserGroup| json!({"gid": group.gid, "name": text(group.name.as_bytes()), "container": group.container});
    json!({"users": list(&accounts.users, user), "groups": list(&accounts.groups, group)})
}

fn summary(summary: &Summary) -> Value {
    json!({
        "end": summary.end,
        "reason": text(summary.reason.as_bytes()),
        "losses": list(&summary.losses, loss),
        "containers": list(&summary.containers, container),
        "next_name": text(summary.next_name.as_bytes()),
        "accounts": accounts(&summary.accounts),
    })
}

fn index_entry(entry: &IndexEntry) -> Value {
    json!({
        "offset": entry.offset,
        "length": entry.length,
        "hash": hex(&entry.hash),
        "zone": zone(&entry.zone),
    })
}

fn group(group: &Group) -> Value {
    json!({
        "offset": group.offset,
        "length": group.length,
        "hash": hex(&group.hash),
        "start": group.start,
        "segments": group.segments,
        "rows": group.rows,
        "first_num": group.first_num,
        "time_min": group.time_min,
        "time_max": group.time_max,
        "kinds": list(&group.kinds, kind_count),
        "containers": list(&group.containers, container_count),
        "loss_records": group.loss_records,
        "loss_events": group.loss_events,
        "keyframes": group.keyframes,
        "incomplete": group.incomplete,
    })
}

fn zone(zone: &Zone) -> Value {
    json!({
        "first_num": zone.first_num,
        "rows": zone.rows,
        "time_min": zone.time_min,
        "time_max": zone.time_max,
        "kinds": list(&zone.kinds, kind_count),
        "containers": list(&zone.containers, container_count),
        "loss_records": zone.loss_records,
        "loss_events": zone.loss_events,
        "keyframe": zone.keyframe,
        "pids": zone.pids,
        "incomplete": zone.incomplete,
    })
}

fn kind_count(count: &KindCount) -> Value {
    json!({ "name": text(count.name.as_bytes()), "events": count.events, "errors": count.errors })
}

fn container_count(count: &ContainerCount) -> Value {
    json!({ "key": count.key, "events": count.events })
}

fn segment(segment: &Segment<'_>) -> Result<Value> {
    let rows: Vec<Value> = (0..segment.rows()).map(|at| row(segment, at)).collect::<Result<_>>()?;
    let live: Vec<u64> = segment.live()?.iter().map(|thread| thread.id).collect();
    Ok(json!({
        "zone": zone(segment.zone()),
        "kinds": list(segment.kinds(), kind),
        "rows": rows,
        "threads": list(segment.threads()?, thread),
        "descriptors": list(segment.descriptors()?, descriptor),
        "live": live,
        "tables": list(&segment.fd_changes()?, fd_change),
        "containers": list(segment.containers()?, container),
        "losses": list(segment.losses()?, loss),
        "incomplete": list(segment.incomplete()?, loss),
    }))
}

fn kind(kind: &Kind) -> Value {
    json!({
        "name": text(kind.name.as_bytes()),
        "category": kind.category.name(),
        "syscall": kind.syscall,
        "params": list(&kind.params, |param| json!({ "name": text(param.name.as_bytes()), "type": debug(&param.ty) })),
    })
}

fn row(segment: &Segment<'_>, at: usize) -> Result<Value> {
    let params: Vec<Value> = (0..segment.kind(at)?.params.len())
        .map(|param| segment.arg(at, param).map(arg))
        .collect::<Result<_>>()?;
    Ok(json!({
        "num": segment.num(at),
        "kind": segment.kind_indexes()?[at],
        "cpu": segment.cpus()?[at],
        "time": segment.times()?[at],
        "thread": segment.thread(at)?.map(|thread| thread.id),
        "flags": segment.flags(at)?.0,
        "result": segment.result(at)?,
        "duration": segment.duration(at)?,
        "descriptor": segment.descriptor(at)?.map(|descriptor| descriptor.id),
        "params": params,
    }))
}

fn arg(arg: Arg<'_>) -> Value {
    match arg {
        Arg::Missing => Value::Null,
        Arg::Int(value) => json!(value),
        Arg::Bytes(bytes) => json!(text(bytes)),
    }
}

fn thread(thread: &Thread) -> Value {
    json!({
        "id": thread.id,
        "life": thread.life,
        "parent": thread.parent,
        "tid": thread.tid,
        "pid": thread.pid,
        "ppid": thread.ppid,
        "vtid": thread.vtid,
        "vpid": thread.vpid,
        "sid": thread.sid,
        "tty": thread.tty,
        "uid": thread.uid,
        "gid": thread.gid,
        "loginuid": thread.loginuid,
        "comm": text(&thread.comm),
        "exe": text(&thread.exe),
        "exepath": text(&thread.exepath),
        "args": text(&thread.args),
        "cwd": text(&thread.cwd),
        "cgroup": text(&thread.cgroup),
        "inode": thread.exe_ino,
        "device": thread.exe_dev,
        "args_cut": thread.args_truncated,
        "start": thread.start,
        "exec_time": thread.exec_time,
        "container": thread.container,
        "cgroup_id": thread.cgroup_id,
        "env": text(&thread.executable.env),
        "host_path": text(&thread.executable.host_path),
        "interpreter": text(&thread.executable.interpreter),
        "script": text(&thread.executable.script),
        "sha256": text(&thread.executable.sha256),
        "no_sha256": text(&thread.executable.no_sha256),
        "exe_mode": thread.executable.mode,
        "exe_size": thread.executable.size,
        "exe_mtime": thread.executable.mtime,
        "exe_ctime": thread.executable.ctime,
        "exe_marks": thread.executable.marks,
        "credentials": thread.credentials.as_deref().map(credentials),
    })
}

fn credentials(c: &Credentials) -> Vec<u64> {
    let sets = [c.inheritable, c.permitted, c.effective, c.bounding, c.ambient];
    let ids = [c.ruid, c.rgid, c.suid, c.sgid];
    sets.into_iter().chain(ids.map(u64::from)).collect()
}

fn descriptor(descriptor: &Descriptor) -> Value {
    let side = |(address, port): (IpAddr, u16)| match address {
        IpAddr::V4(address) => json!([hex(&address.octets()), port]),
        IpAddr::V6(address) => json!([hex(&address.octets()), port]),
    };
    json!({
        "id": descriptor.id,
        "type": descriptor.ty.names().0,
        "transport": debug(&descriptor.l4).to_lowercase(),
        "role": debug(&descriptor.role).to_lowercase(),
        "name": text(&descriptor.name),
        "local": descriptor.tuple.map(|tuple| side(tuple.local)),
        "remote": descriptor.tuple.map(|tuple| side(tuple.remote)),
        "device": descriptor.dev,
        "inode": descriptor.ino,
        "missing": text(&descriptor.missing),
    })
}

fn fd_change(change: &FdChange) -> Value {
    let mut document = Map::new();
    document.insert("row".into(), json!(change.row));
    document.insert("process".into(), json!(change.process));
    match change.state {
        FdState::CopyOf(process) => document.insert("copy_of".into(), json!(process)),
        FdState::Ended => document.insert("ended".into(), json!(true)),
        FdState::Closed | FdState::Open(_) => {
            let open = match change.state {
                FdState::Open(id) => Some(id),
                _ => None,
            };
            document.insert("fd".into(), json!(change.fd));
            document.insert("descriptor".into(), json!(open))
        }
    };
    Value::Object(document)
}

fn container(container: &Container) -> Value {
    let given = |text_of: &Option<String>| text_of.as_ref().map(|given| text(given.as_bytes()));
    json!({
        "key": container.key,
        "full_id": text(container.full_id.as_bytes()),
        "runtime": container.runtime.name(),
        "cgroup_id": container.cgroup_id,
        "cgroup": text(container.cgroup.as_bytes()),
        "birth": container.birth,
        "death": container.death,
        "first": container.first,
        "last": container.last,
        "events": container.events,
        "name": given(&container.name),
        "image": given(&container.image),
        "pod": container.pod.as_ref().map(|(namespace, name, uid)| {
            [namespace, name, uid].map(|part| text(part.as_bytes()))
        }),
        "labels": pairs(&container.labels),
        "told": told(&container.told),
        "processes": container.processes,
        "kube": kube(&container.kube),
    })
}

fn kube(kube: &Kube) -> Value {
    let all = |texts: &[String]| texts.iter().map(|one| text(one.as_bytes())).collect::<Vec<_>>();
    let owners = kube.owners.iter().map(|owner| {
        json!({
            "kind": text(owner.kind.as_bytes()),
            "name": text(owner.name.as_bytes()),
            "uid": text(owner.uid.as_bytes()),
        })
    });
    let execs = kube.execs.iter().map(|exec| {
        json!({
            "pid": exec.pid,
            "start": exec.start,
            "missing": text(exec.missing.as_bytes()),
            "user": text(exec.user.as_bytes()),
            "groups": all(&exec.groups),
            "impersonated": text(exec.impersonated.as_bytes()),
            "source_ips": all(&exec.source_ips),
            "audit_id": text(exec.audit_id.as_bytes()),
            "time": exec.time,
            "command": all(&exec.command),
        })
    });
    json!({
        "owners": owners.collect::<Vec<_>>(),
        "node": text(kube.node.as_bytes()),
        "node_labels": pairs(&kube.node_labels),
        "missing": text(kube.missing.as_bytes()),
        "execs": execs.collect::<Vec<_>>(),
    })
}

fn told(told: &Told) -> Value {
    let given = |text_of: &Option<String>| text_of.as_ref().map(|given| text(given.as_bytes()));
    let all = |texts: &[String]| texts.iter().map(|one| text(one.as_bytes())).collect::<Vec<_>>();
    let mount = |mount: &Mount| {
        json!({
            "source": text(mount.source.as_bytes()),
            "dest": text(mount.dest.as_bytes()),
            "mode": text(mount.mode.as_bytes()),
            "writable": mount.writable,
            "propagation": text(mount.propagation.as_bytes()),
        })
    };
    json!({
        "source": text(told.source.as_bytes()),
        "missing": text(told.missing.as_bytes()),
        "image_id": given(&told.image_id),
        "image_digest": given(&told.image_digest),
        "env": all(&told.env),
        "mounts": told.mounts.iter().map(mount).collect::<Vec<_>>(),
        "privileged": told.privileged,
        "capabilities": all(&told.capabilities),
        "network": given(&told.network),
        "ips": all(&told.ips),
        "created": told.created,
        "started": told.started,
        "finished": told.finished,
        "exit_code": told.exit_code,
        "oom_killed": told.oom_killed,
        "restarts": told.restarts,
        "is_sandbox": told.is_sandbox,
        "sandbox_id": text(told.sandbox_id.as_bytes()),
        "pod_labels": pairs(&told.pod_labels),
        "pod_ip": given(&told.pod_ip),
    })
}

fn loss(loss: &Loss) -> Value {
    json!({
        "cause": loss.cause.name(),
        "cpu": loss.cpu,
        "events": loss.events,
        "from": loss.from,
        "to": loss.to,
    })
}
