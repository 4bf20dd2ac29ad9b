"""Metadata: fields one behind the other, in records that may grow at their end. See "Metadata" in docs/format.md.

A type is a decoder, a function of a cursor, together with the value of a field that is missing.
"""

from collections import namedtuple

from damage import Damage, require

Type = namedtuple("Type", "read missing")


class Cursor:
    def __init__(self, data):
        self.data, self.at = bytes(data), 0

    def take(self, count):
        require(count <= len(self.data) - self.at, "metadata ends early")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self):
        return self.take(1)[0]

    def integer(self):
        first = self.byte()
        if first < 251:
            return first
        widths = {251: 2, 252: 4, 253: 8}
        require(first in widths, f"{first} does not begin an integer")
        return int.from_bytes(self.take(widths[first]), "little")

    def ended(self):
        return self.at == len(self.data)


def text_of(data):
    """Bytes as JSON can say them: one character a byte."""
    return bytes(data).decode("latin-1")


def array(size):
    return Type(lambda cursor: cursor.take(size).hex(), bytes(size).hex())


def code(names, otherwise=None):
    """`names` by their codes; `otherwise` is the one marked *else*, by default the last."""
    names = dict(enumerate(names)) if isinstance(names, list) else names
    otherwise = otherwise or names[max(names)]
    return Type(lambda cursor: names.get(cursor.integer(), otherwise), names[0])


def sequence(of):
    return Type(lambda cursor: [of.read(cursor) for _ in range(cursor.integer())], [])


def optional(of):
    def read(cursor):
        there = cursor.byte()
        require(there <= 1, f"{there} says neither missing nor present")
        return of.read(cursor) if there else None

    return Type(read, None)


def several(*types):
    return Type(lambda cursor: [each.read(cursor) for each in types], [each.missing for each in types])


def record(**fields):
    missing = {name: each.missing for name, each in fields.items()}

    def read(cursor):
        body = Cursor(cursor.take(cursor.integer()))
        found = dict(missing)
        for name, each in fields.items():
            if body.ended():
                break
            found[name] = each.read(body)
        return found

    return Type(read, missing)


def plain(**fields):
    """A structure that is not a record: it never grows."""
    return Type(lambda cursor: {name: each.read(cursor) for name, each in fields.items()}, None)


INTEGER = Type(Cursor.integer, 0)
BYTE = Type(Cursor.byte, 0)
BOOL = Type(lambda cursor: cursor.byte() != 0, False)
BYTES = Type(lambda cursor: text_of(cursor.take(cursor.integer())), "")
STR = BYTES
HASH = array(32)

SOURCE = record(capture_id=array(16), root=HASH, file=HASH, name=STR, verdict=STR)
ACCOUNTS = record(
    users=sequence(record(uid=INTEGER, gid=INTEGER, name=STR, home=STR, shell=STR, container=INTEGER)),
    groups=sequence(record(gid=INTEGER, name=STR, container=INTEGER)),
)
HEAD = record(
    capture_id=array(16),
    host=record(hostname=STR, machine_id=STR, boot_id=STR, kernel=STR, arch=STR, cpus=INTEGER),
    clock=record(boottime=INTEGER, realtime=INTEGER),
    recorder=STR,
    scope=STR,
    snaplen=INTEGER,
    tags=sequence(several(STR, STR)),
    degraded=sequence(STR),
    series=record(number=INTEGER, previous=HASH, previous_name=STR),
    profile=STR,
    filter=STR,
    redactions=sequence(STR),
    accounts=ACCOUNTS,
)
CUST = record(time=INTEGER, action=STR, tool=STR, user=STR, host=STR, source=optional(SOURCE), note=STR)
ATCH = record(name=STR, media_type=STR, size=INTEGER, hash=HASH, storing=code(["plain", "zstd", "reference", "other"]))
SIGN = record(
    capture_id=array(16),
    signatures=sequence(record(algorithm=code(["other", "Ed25519"], "other"), key=HASH, signature=BYTES, comment=STR)),
)

KINDS = sequence(record(name=STR, events=INTEGER, errors=INTEGER))
SHARES = sequence(record(key=INTEGER, events=INTEGER))
MOUNT = record(source=STR, dest=STR, mode=STR, writable=BOOL, propagation=STR)
TOLD = record(
    source=STR,
    missing=STR,
    image_id=optional(STR),
    image_digest=optional(STR),
    env=sequence(STR),
    mounts=sequence(MOUNT),
    privileged=optional(BOOL),
    capabilities=sequence(STR),
    network=optional(STR),
    ips=sequence(STR),
    created=INTEGER,
    started=INTEGER,
    finished=INTEGER,
    exit_code=optional(INTEGER),
    oom_killed=optional(BOOL),
    restarts=optional(INTEGER),
    is_sandbox=BOOL,
    sandbox_id=STR,
    pod_labels=sequence(several(STR, STR)),
    pod_ip=optional(STR),
)
OWNER = record(kind=STR, name=STR, uid=STR)
KUBE_EXEC = record(
    pid=INTEGER,
    start=INTEGER,
    missing=STR,
    user=STR,
    groups=sequence(STR),
    impersonated=STR,
    source_ips=sequence(STR),
    audit_id=STR,
    time=INTEGER,
    command=sequence(STR),
)
KUBE = record(
    owners=sequence(OWNER),
    node=STR,
    node_labels=sequence(several(STR, STR)),
    missing=STR,
    execs=sequence(KUBE_EXEC),
)
CONTAINER = record(
    key=INTEGER,
    full_id=STR,
    runtime=code(["runc", "docker", "containerd", "cri", "cri-o", "podman", "unknown"]),
    cgroup_id=INTEGER,
    cgroup=STR,
    birth=INTEGER,
    death=INTEGER,
    first=INTEGER,
    last=INTEGER,
    events=INTEGER,
    name=optional(STR),
    image=optional(STR),
    pod=optional(several(STR, STR, STR)),
    labels=sequence(several(STR, STR)),
    told=TOLD,
    processes=INTEGER,
    kube=KUBE,
)
CAUSES = [
    "ring full", "ring busy", "scope table full", "undecodable record", "write failed", "lost by damage to the file",
    "other", "cut at a limit", "memory not readable",
]
LOSS = record(
    cause=code(CAUSES, "other"),
    cpu=optional(INTEGER),
    events=INTEGER,
    **{"from": INTEGER, "to": INTEGER},
)
ZONE = record(
    first_num=INTEGER,
    rows=INTEGER,
    time_min=INTEGER,
    time_max=INTEGER,
    kinds=KINDS,
    containers=SHARES,
    loss_records=INTEGER,
    loss_events=INTEGER,
    keyframe=BOOL,
    pids=sequence(INTEGER),
    incomplete=INTEGER,
)
LEAF = record(entries=sequence(record(offset=INTEGER, length=INTEGER, hash=HASH, zone=ZONE)))
INDX = record(
    groups=sequence(
        record(
            offset=INTEGER,
            length=INTEGER,
            hash=HASH,
            start=INTEGER,
            segments=INTEGER,
            rows=INTEGER,
            first_num=INTEGER,
            time_min=INTEGER,
            time_max=INTEGER,
            kinds=KINDS,
            containers=SHARES,
            loss_records=INTEGER,
            loss_events=INTEGER,
            keyframes=INTEGER,
            incomplete=INTEGER,
        )
    ),
    summary=record(
        end=INTEGER,
        reason=STR,
        losses=sequence(LOSS),
        containers=sequence(CONTAINER),
        next_name=STR,
        accounts=ACCOUNTS,
    ),
    attachments=sequence(
        record(name=STR, media_type=STR, size=INTEGER, hash=HASH, offset=INTEGER, length=INTEGER)
    ),
    custody=sequence(INTEGER),
)

CATEGORIES = [
    "other", "file", "net", "ipc", "process", "sleep", "wait", "signal", "user", "time", "memory", "io_read", "io_write",
    "io_other", "processing", "internal", "system", "state",
]
INTEGER_TYPES = [
    "Int", "Uint", "Hex", "Errno", "Fd", "DirFd", "Pid", "Uid", "Gid", "Mode", "Signal", "OpenFlags", "CloneFlags",
    "MountFlags", "AtFlags", "MsgFlags", "Family", "SocketType", "PtraceRequest",
]
BYTE_STRING_TYPES = ["Path", "Text", "TextList", "Bytes", "SockAddr", "PollFds"]
CONSTANTS = [
    "ProtFlags", "MapFlags", "MremapFlags", "MadviseAdvice", "MsyncFlags", "MlockFlags", "MlockallFlags",
    "MemfdFlags", "PkeyRights", "PrctlOption", "ArchPrctlOption", "Resource", "Capabilities", "WaitOptions",
    "WaitIdType", "SchedulerPolicy", "PriorityWhich", "PidfdFlags", "PidfdSignalFlags", "KcmpType",
    "MembarrierCommand", "Personality", "PerfFlags", "BpfCommand", "SeccompOperation", "SeccompFlags",
    "KeyctlOperation", "Key", "ModuleFlags", "KexecFlags", "KexecFileFlags", "RebootCommand", "SyslogAction",
    "SwapFlags", "LandlockRule", "LandlockFsAccess", "LandlockNetAccess", "LandlockCreateFlags",
    "LandlockRestrictFlags", "GetrandomFlags", "UserfaultfdFlags", "IoUringOperation", "IoUringSetupFlags",
    "IoUringEnterFlags", "IoUringFeatures", "IoUringRegisterOp", "IoUringEntryFlags", "RenameFlags",
    "UmountFlags", "AccessMode", "AccessAtFlags", "XattrFlags", "FallocateMode", "SpliceFlags", "InotifyMask",
    "FanotifyInitFlags", "FanotifyMarkFlags", "FanotifyMask", "ResolveFlags", "FlockOperation", "Whence",
    "StatxMask", "OpenTreeFlags", "MoveMountFlags", "FsopenFlags", "FsmountFlags", "FspickFlags",
    "FsconfigCommand", "MountAttributes", "SyncRangeFlags", "FadviseAdvice", "QuotaCommand", "RwFlags",
    "CloseRangeFlags", "DescriptorFlags", "EventfdFlags", "FcntlCommand", "EpollOperation", "EpollEvents",
    "IoctlRequest", "FutexOperation", "MsgIpcFlags", "ShmgetFlags", "ShmatFlags", "SemopFlags", "SemctlCommand",
    "ShmctlCommand", "MsgctlCommand", "ShutdownHow", "SocketLevel", "SocketOption", "ClockId", "TimerFlags",
    "TimerfdFlags", "ItimerWhich", "Duration", "SignalSet", "SigmaskHow", "SigactionFlags", "SignalCode",
    "Device", "Socketcall", "IpcCall",
]


def parameter_type(cursor):
    number = cursor.integer()
    names, otherwise = (INTEGER_TYPES, "Hex") if number < 64 else (BYTE_STRING_TYPES, "Text")
    return dict(enumerate(names)).get(number % 64 if number < 128 else None, otherwise)


PARAMETER_TYPE = Type(parameter_type, "Int")


def parameter(cursor):
    stored = record(name=STR, type=PARAMETER_TYPE, constants=INTEGER).read(cursor)
    constants = stored["constants"]
    if constants != 0:
        stored["type"] = dict(enumerate(CONSTANTS, start=1)).get(constants, "Hex")
    return {"name": stored["name"], "type": stored["type"]}


DIRECTORY = record(
    zone=ZONE,
    kinds=sequence(
        record(
            name=STR,
            category=code(CATEGORIES, "other"),
            syscall=optional(INTEGER),
            params=sequence(Type(parameter, None)),
        )
    ),
    tables=sequence(BYTE),
    keys=sequence(INTEGER),
    fields=sequence(INTEGER),
    codecs=sequence(BYTE),
    rows=sequence(INTEGER),
    frames=sequence(INTEGER),
    lengths=sequence(INTEGER),
    stored=sequence(INTEGER),
    raw=sequence(INTEGER),
    crc=sequence(INTEGER),
)


def read(schema, data):
    """The one value that `data` holds, and nothing behind it."""
    cursor = Cursor(data)
    value = schema.read(cursor)
    if not cursor.ended():
        raise Damage("bytes behind the metadata")
    return value
