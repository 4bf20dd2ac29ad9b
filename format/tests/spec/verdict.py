"""Whether a file is what was written. See "Verifying" in docs/format.md."""

import metadata
from blocks import FOOTER, HEADER
from contents import packed
from ed25519 import verify as verify_signature

SIGNED = b"afterimage trace signature v1\0"


def signatures(contents):
    """The SIGN record, with what is true of each signature; None if there is none to read."""
    blocks = contents.of("SIGN")
    if not blocks or not blocks[0].readable or contents.root is None:
        return None
    told = metadata.read(metadata.SIGN, blocks[0].body)
    is_of_this_file = contents.encrypted or told["capture_id"] == contents.header()["capture_id"]
    message = SIGNED + bytes.fromhex(told["capture_id"]) + contents.root.hash
    for each in told["signatures"]:
        key, signature = bytes.fromhex(each["key"]), each["signature"].encode("latin-1")
        is_known = is_of_this_file and each["algorithm"] == "Ed25519"
        each["valid"] = is_known and verify_signature(key, signature, message)
    return told


def index_fits(contents):
    """Whether index and leaves list what is there."""
    pending, groups = [], []
    for block in contents.blocks:
        if block.tag == "SEGM":
            pending.append([block.offset, HEADER + block.length, block.hash.hex()])
        elif block.tag == "LEAF":
            entries = metadata.read(metadata.LEAF, packed(block.body))["entries"]
            if [[each["offset"], each["length"], each["hash"]] for each in entries] != pending:
                return False
            groups.append([block.offset, HEADER + block.length, block.hash.hex(), *sums(entries)])
            pending = []
    index = contents.index()
    listed = [[each["offset"], each["length"], each["hash"], *totals(each)] for each in index["groups"]]
    return not pending and listed == groups and index["custody"] == [block.offset for block in contents.of("CUST")]


def totals(group):
    names = "start segments rows first_num time_min time_max kinds containers loss_records loss_events keyframes incomplete"
    return [group[name] for name in names.split()]


def sums(entries):
    """What a group says of a leaf with these entries, in the order of `totals`."""
    zones = [entry["zone"] for entry in entries]
    full = [zone for zone in zones if zone["rows"]]
    kinds, containers = {}, {}
    for zone in zones:
        for kind in zone["kinds"]:
            total = kinds.setdefault(kind["name"], {"name": kind["name"], "events": 0, "errors": 0})
            total["events"] += kind["events"]
            total["errors"] += kind["errors"]
        for container in zone["containers"]:
            total = containers.setdefault(container["key"], {"key": container["key"], "events": 0})
            total["events"] += container["events"]
    return [
        entries[0]["offset"] if entries else 0,
        len(entries),
        sum(zone["rows"] for zone in zones),
        full[0]["first_num"] if full else 0,
        min((zone["time_min"] for zone in full), default=0),
        max((zone["time_max"] for zone in full), default=0),
        list(kinds.values()),
        list(containers.values()),
        sum(zone["loss_records"] for zone in zones),
        sum(zone["loss_events"] for zone in zones),
        sum(zone["keyframe"] for zone in zones),
        sum(zone["incomplete"] for zone in zones),
    ]


def has_other_end(contents):
    """Whether something else stands where the footer should."""
    rest = contents.rest
    return len(rest) >= FOOTER and any(rest) and not (len(rest) < HEADER and rest.startswith(b"SIGN"))


def integrity(contents, signed):
    whole = all(block.is_whole and block.is_chained for block in contents.blocks) and not contents.misplaced
    if not whole or contents.lost:
        return "altered"
    tags = [block.tag for block in contents.blocks]
    if contents.footer is None:
        return "altered" if "INDX" in tags and has_other_end(contents) else "truncated"
    behind = tags[tags.index("INDX") + 1 :] if "INDX" in tags else None
    if contents.root is None or contents.torn or behind not in ([], ["SIGN"]):
        return "altered"
    if not contents.encrypted and not index_fits(contents):
        return "altered"
    if signed and not all(each["valid"] for each in signed["signatures"] if each["algorithm"] == "Ed25519"):
        return "altered"
    return "intact"


def verify(contents):
    signed = signatures(contents)
    capture_id = signed["capture_id"] if signed else None
    if not contents.encrypted:
        capture_id = contents.header()["capture_id"]
    found = integrity(contents, signed)
    return {
        "integrity": found,
        "root": contents.root.hash.hex() if contents.root else None,
        "capture_id": capture_id,
        "encrypted": contents.encrypted,
        "segments": None if found == "altered" else len(contents.of("SEGM")),
        "bytes": contents.size,
        "signatures": [
            {name: each[name] for name in ("algorithm", "comment", "valid")} for each in signed["signatures"]
        ] if signed else [],
    }
