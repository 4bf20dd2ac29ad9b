"""One segment: everything that its rows say, in the order of reading. See "Segments" in docs/format.md."""

import zlib
from itertools import accumulate

import columns
import metadata
from columns import wrap
from compression import unpack
from damage import Damage, require
from metadata import text_of

ROWS, RUNS, EVENTS, STRINGS, PAYLOADS, THREADS, DESCRIPTORS, CONTAINERS, LOSSES, LIVE, TABLES, BASES, INCOMPLETE, RUNS_OF_BYTES = range(14)
MEBIBYTE = 1 << 20
DESCRIPTOR_TYPES = [
    "file", "directory", "ipv4", "ipv6", "unix", "netlink", "socket", "pipe", "event", "signalfd", "eventpoll", "inotify",
    "timerfd", "memfd", "pidfd", "bpf", "io_uring", "userfaultfd", "unknown",
]
TRANSPORTS = ["unknown", "tcp", "udp", "icmp", "raw"]
ROLES = ["unknown", "client", "server", "localclient", "foreignserver"]


def unsigned(value):
    return value & (1 << 64) - 1


def name(names, code):
    return names[code] if 0 <= code < len(names) else "unknown"


class Segment:
    def __init__(self, body):
        require(len(body) >= 12, "a segment without its lengths")
        stored, raw, crc = (int.from_bytes(body[at : at + 4], "little") for at in (0, 4, 8))
        packed = body[12 : 12 + stored]
        require(len(packed) == stored, "the directory ends early")
        require(zlib.crc32(packed) == crc, "checksum of the directory")
        require(raw <= 4 * MEBIBYTE, "the directory is too long")
        require(raw <= 4096 + 64 * stored, "the directory is packed too densely")
        self.directory = metadata.read(metadata.DIRECTORY, unpack(packed, raw))
        self.zone, self.kinds = self.directory["zone"], self.directory["kinds"]
        self.column_list = self.rows_of(table="tables", key="keys", field="fields", codec="codecs", rows="rows", frame="frames", length="lengths")
        self.frame_list = self.rows_of(stored="stored", raw="raw", crc="crc")
        self.frames = body[12 + stored :]

    def rows_of(self, **lists):
        """Lists of the directory, one a field, as a list of what they tell of each column or frame."""
        values = [self.directory[name] for name in lists.values()]
        require(len({len(one) for one in values}) == 1, "the lists of the directory differ in length")
        return [dict(zip(lists, row)) for row in zip(*values)]

    def find_columns(self, body):
        """Bytes of every column, by its name."""
        frames, at = [], 0
        for frame in self.frame_list:
            stored = body[at : at + frame["stored"]]
            require(len(stored) == frame["stored"], "a frame ends early")
            require(zlib.crc32(stored) == frame["crc"], "checksum of a frame")
            require(frame["raw"] <= 64 * MEBIBYTE, "a frame is too long")
            frames.append(columns.Bytes(unpack(stored, frame["raw"])))
            at += frame["stored"]
        require(at == len(body), "the frames do not fill the body")
        found = {}
        for column in self.column_list:
            require(column["frame"] < len(frames), "a column in a frame that is not there")
            name = column["table"], column["key"], column["field"]
            require(name not in found, f"column {name} twice")
            found[name] = column, frames[column["frame"]].take(column["length"])
        return found

    def count(self, table, field=0):
        column, _ = self.columns.get((table, 0, field), ({"rows": 0}, None))
        return column["rows"]

    def integers(self, table, field, count, key=0, threads=()):
        """Values of a column; `threads` has the thread of each value, for columns of addresses."""
        if (table, key, field) not in self.columns:
            return [0] * count
        column, data = self.columns[table, key, field]
        require(column["rows"] == count, f"column {table}.{key}.{field} has {column['rows']} values instead of {count}")
        if column["codec"] != columns.ADDRESSES:
            return columns.integers(column["codec"], data, count)
        require(table == EVENTS, "addresses outside of events")
        numbers, distances = columns.addresses(data, count)
        return [
            wrap(distance + (self.base(thread, number) if number else 0))
            for thread, number, distance in zip(threads, numbers, distances)
        ]

    def base(self, thread, number):
        require(1 <= number <= self.base_counts[thread], "a base that the thread does not have")
        return self.bases[self.base_starts[thread] + number - 1]

    def raw(self, table, field):
        if (table, 0, field) not in self.columns:
            return b""
        column, data = self.columns[table, 0, field]
        require(column["codec"] == columns.RAW, f"column {table}.{field} is not raw")
        return data

    def dictionary(self, table):
        lengths = self.integers(table, 0, self.count(table))
        texts = columns.split(lengths, self.raw(table, 1))
        if table == STRINGS:
            self.check_runs_of_bytes(texts)
        return [None] + [text_of(data) for data in texts]

    def check_runs_of_bytes(self, texts):
        """The set of runs of three bytes must not deny one that is there."""
        bits = self.raw(RUNS_OF_BYTES, 0)
        if not bits or len(bits) & len(bits) - 1:
            return
        for text in texts:
            text = bytes(text).lower()
            for a, b, c in zip(text, text[1:], text[2:]):
                at = ((a + b * 256 + c * 65536) * 0x9E3779B1 % 2**32) // 2**14 % (8 * len(bits))
                require(bits[at // 8] >> at % 8 & 1, "a run of bytes that is denied")

    def read(self):
        """Everything in the segment as one document."""
        self.columns = self.find_columns(self.frames)
        self.strings, self.payloads = self.dictionary(STRINGS), self.dictionary(PAYLOADS)
        self.threads, self.descriptors = self.read_threads(), self.read_descriptors()
        listed = self.integers(LIVE, 0, self.count(LIVE)) if self.zone["keyframe"] else []
        live = [self.entity(self.threads, at) for at in listed]
        return {
            "zone": self.zone,
            "kinds": self.kinds,
            "rows": self.read_rows(),
            "threads": self.threads,
            "descriptors": self.descriptors,
            "live": live,
            "tables": self.read_tables(),
            "containers": self.metadata_column(CONTAINERS, metadata.CONTAINER),
            "losses": self.metadata_column(LOSSES, metadata.LOSS),
            "incomplete": self.metadata_column(INCOMPLETE, metadata.LOSS),
        }

    def metadata_column(self, table, of):
        data = self.raw(table, 0)
        return metadata.read(metadata.sequence(of), data) if data else []

    def text(self, number):
        require(0 <= number < len(self.strings), f"string {number} is not there")
        return self.strings[number]

    @staticmethod
    def entity(entities, index):
        require(0 <= index < len(entities), f"entity {index} is not there")
        return entities[index]["id"]

    def optional_entity(self, entities, number):
        return self.entity(entities, number - 1) if number else None

    def read_threads(self):
        count = self.count(THREADS)
        fields = [self.integers(THREADS, field, count) for field in range(46)]
        return [self.thread(row) for row in zip(*fields)]

    def thread(self, row):
        texts = [self.text(number) or "" for number in row[13:19]]
        tid, uid, start = row[3], row[10], row[22]
        pid = tid + row[4]
        return {
            "id": row[0],
            "life": row[0] - row[1],
            "parent": row[0] - row[2] if row[2] else 0,
            "tid": tid,
            "pid": pid,
            "ppid": row[5],
            "vtid": tid + row[6],
            "vpid": pid + row[7],
            "sid": row[8],
            "tty": row[9],
            "uid": uid,
            "gid": uid + row[11],
            "loginuid": row[12],
            "comm": texts[0],
            "exe": texts[1],
            "exepath": texts[2],
            "args": texts[3],
            "cwd": texts[4],
            "cgroup": texts[5],
            "inode": unsigned(row[19]),
            "device": unsigned(row[20]),
            "args_cut": row[21] & 1 == 1,
            "start": start,
            "exec_time": start + (row[23] - 1) // 2 if row[23] else 0,
            "container": unsigned(row[24]),
            "cgroup_id": unsigned(row[25]),
            **dict(zip(("env", "host_path", "interpreter", "script"), (self.text(n) or "" for n in row[26:30]))),
            "sha256": self.text(row[30]) or "",
            "no_sha256": self.text(row[31]) or "",
            "exe_mode": row[32],
            "exe_size": unsigned(row[33]),
            "exe_mtime": row[34],
            "exe_ctime": row[35],
            "exe_marks": row[36],
            "credentials": [unsigned(value) for value in row[37:46]] if row[21] & 2 else None,
        }

    def read_descriptors(self):
        count = self.count(DESCRIPTORS)
        fields = [self.integers(DESCRIPTORS, field, count) for field in range(10)]
        return [self.descriptor(row) for row in zip(*fields)]

    def descriptor(self, row):
        return {
            "id": row[0],
            "type": name(DESCRIPTOR_TYPES, row[1]),
            "transport": name(TRANSPORTS, row[2]),
            "role": name(ROLES, row[3]),
            "name": self.text(row[4]) or "",
            "local": self.side(row[5]),
            "remote": self.side(row[6]),
            "device": unsigned(row[7]),
            "inode": unsigned(row[8]),
            "missing": self.text(row[9]) or "",
        }

    def side(self, number):
        if number == 0:
            return None
        data = self.text(number).encode("latin-1")
        require(len(data) in (6, 18), "a side of a connection is neither IPv4 nor IPv6")
        return [data[:-2].hex(), int.from_bytes(data[-2:], "big")]

    def read_tables(self):
        fields = [self.integers(TABLES, field, self.count(TABLES)) for field in range(4)]
        changes = []
        for row, process, fd, state in zip(*fields):
            if fd == -1:
                change = {"copy_of": state}
            elif fd == -2:
                change = {"ended": True}
            else:
                change = {"fd": fd, "descriptor": self.optional_entity(self.descriptors, state)}
            changes.append({"row": row - 1 if row else None, "process": process, **change})
        return changes

    def read_rows(self):
        total = self.zone["rows"]
        require(total <= MEBIBYTE, "too many rows")
        kinds, cpus = self.integers(ROWS, 0, total), self.integers(ROWS, 1, total)
        versions, lives = self.owners(total)
        self.base_counts = self.integers(BASES, 1, self.count(BASES, 1))
        self.base_starts = [0, *accumulate(self.base_counts)]
        self.bases = self.integers(BASES, 0, self.base_starts[-1])
        rows = [None] * total
        for kind in range(len(self.kinds)):
            stored = [at for at in range(total) if kinds[at] == kind]
            for at, event in zip(stored, self.events(kind, [lives[at] for at in stored])):
                rows[at] = {"kind": kind, "cpu": cpus[at], "thread": self.entity(self.threads, versions[at]), **event}
        require(None not in rows, "a row of a kind that is not there")
        self.set_times(rows, lives)
        order = self.reading_order(rows)
        return [{"num": self.zone["first_num"] + at, **rows[stored]} for at, stored in enumerate(order)]

    def owners(self, total):
        """Of each stored row: index of its thread version, and which of the segment's threads that is."""
        runs = self.count(RUNS, 1)
        threads, lengths, firsts = (self.integers(RUNS, field, runs) for field in range(3))
        require(sum(lengths) == total, "the runs do not have as many rows as the segment")
        versions, lives, life = [], [], -1
        for thread, length, first in zip(threads, lengths, firsts):
            life += first
            versions += [thread] * length
            lives += [life] * length
        return versions, lives

    def events(self, kind, lives):
        count = len(lives)

        def values(field):
            return self.integers(EVENTS, field, count, kind, lives)

        gaps, flags, results, descriptors, durations = (values(field) for field in range(5))
        params = [self.parameter(kind, at, param["type"], values) for at, param in enumerate(self.kinds[kind]["params"])]
        for at in range(count):
            yield {
                "time": gaps[at],
                "flags": flags[at],
                "duration": durations[at] if durations[at] > 0 else None,
                "result": results[at] if flags[at] & 2 else None,
                "descriptor": self.optional_entity(self.descriptors, descriptors[at]),
                "params": [param[at] for param in params],
            }

    def parameter(self, kind, number, type_name, values):
        given = values(16 + 2 * number)
        if type_name in metadata.BYTE_STRING_TYPES:
            strings = self.payloads if type_name == "Bytes" else self.strings
            require(all(0 <= at < len(strings) for at in given), "a string that is not there")
            return [strings[at] for at in given]
        if (EVENTS, kind, 17 + 2 * number) not in self.columns:
            return given
        there = values(17 + 2 * number)
        return [value if known == 1 else None for value, known in zip(given, there)]

    def set_times(self, rows, lives):
        """Replaces the gaps, which the rows have as their times."""
        last = None
        for row, life in zip(rows, lives):
            before = time if life == last else self.zone["time_min"]
            time = row["time"] = wrap(before + row["time"])
            last = life

    def reading_order(self, rows):
        if (ROWS, 0, 2) not in self.columns:
            return sorted(range(len(rows)), key=lambda at: rows[at]["time"])
        order = self.integers(ROWS, 2, len(rows))
        require(sorted(order) == list(range(len(rows))), "the order of rows names a row twice")
        return order


def read(body):
    return Segment(body).read()
