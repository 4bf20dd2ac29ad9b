"""Reads a trace by docs/format.md alone, and prints all that is in it as one JSON document.

It is not for use, it is there to tell whether that page says enough: a test compares its document with the one that
`format/examples/describe.rs` prints with the reader that everybody uses. It needs Python 3 and the program `zstd`.
"""

import json
import sys

import blocks
from damage import Damage, require
from contents import Contents
from verdict import verify


def describe(data):
    require(data[:12] == blocks.MAGIC, "not a trace")
    version = blocks.little(data[12:16])
    require(version == 1, f"version {version} is not known")
    contents = Contents(data)
    return {
        "verdict": verify(contents),
        "footer": contents.footer,
        "blocks": contents.describe_blocks(),
        "codecs": contents.codecs(),
        "trace": None if contents.encrypted else trace(contents),
    }


def trace(contents):
    """What is in it; where a part beside the segments is damaged, only that: going on without it is not its task."""
    try:
        return contents.describe()
    except Damage as damage:
        return {"refused": str(damage)}


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    try:
        document = describe(data)
    except Damage as damage:
        sys.exit(f"{sys.argv[1]}: {damage}")
    json.dump(document, sys.stdout, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
