"""The file: blocks and the chain that their hashes make. See "The file", "Blocks" and "Footer" in docs/format.md."""

import zlib
from dataclasses import dataclass

from blake3 import blake3
from damage import Damage, require

MAGIC = b"\x89AFTERIMG\r\n\x1a"
START = 16
HEADER = 64
FOOTER = 56
LONGEST_BODY = 512 << 20
TAG = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
ENCRYPTED = 1


def little(data):
    return int.from_bytes(data, "little")


@dataclass
class Block:
    offset: int
    tag: str
    flags: int
    number: int
    previous: bytes
    length: int
    body: bytes
    hash: bytes
    is_whole: bool
    """The checksum of its body is right."""
    is_chained: bool = False
    """It names the hash of the block before."""

    @property
    def readable(self):
        return self.flags == 0 and self.is_whole

    @property
    def encrypted(self):
        return self.flags & ENCRYPTED != 0

    def describe(self):
        return {
            "offset": self.offset,
            "tag": self.tag,
            "encrypted": self.encrypted,
            "length": self.length,
            "number": self.number,
            "hash": self.hash.hex(),
            "whole": self.is_whole,
            "chained": self.is_chained,
        }


def header_at(data, offset):
    """Tag, flags, length and number if there is a header; None if there is not."""
    header = data[offset : offset + HEADER]
    if len(header) < HEADER or little(header[60:64]) != zlib.crc32(header[:60]):
        return None
    if not TAG.issuperset(header[:4]) or little(header[8:16]) > LONGEST_BODY:
        return None
    return header


def block_at(data, offset, end):
    """The block; None if there is no header; Damage if it runs past `end`."""
    require(offset + HEADER <= end, "torn")
    header = header_at(data, offset)
    if header is None:
        return None
    length = little(header[8:16])
    require(offset + HEADER + length <= end, "torn")
    whole = data[offset : offset + HEADER + length]
    return Block(
        offset=offset,
        tag=header[:4].decode("ascii"),
        flags=little(header[4:8]),
        number=little(header[16:24]),
        previous=header[24:56],
        length=length,
        body=whole[HEADER:],
        hash=blake3(whole),
        is_whole=zlib.crc32(whole[HEADER:]) == little(header[56:60]),
    )


def footer_of(data):
    """Offset and root of the index; None in a file that was not sealed."""
    footer = data[-FOOTER:]
    if len(data) < START + FOOTER or footer[48:] != b"AFTERIMG" or zlib.crc32(footer[:44]) != little(footer[44:48]):
        return None
    if footer[40:44] != bytes(4):
        return None
    return {"index": little(footer[:8]), "root": footer[8:40].hex()}


def next_block(data, offset, end, number):
    """The next place that is a header of a block with a higher number."""
    for at in range(offset + 1, end):
        header = header_at(data, at) if data[at] in TAG else None
        if header is not None and little(header[16:24]) > number:
            return at
    return end


def walk(data, end):
    """All blocks from the start, those that are passed over, places (from, to) that are none, and where it is torn."""
    blocks, misplaced, lost, offset, torn = [], [], [], START, None
    number, chained = -1, blake3(data[:START])
    while offset < end:
        try:
            block = block_at(data, offset, end)
        except Damage:
            torn = offset
            break
        if block is None:
            if not any(data[offset:end]):
                torn = offset
                break
            onward = next_block(data, offset, end, number)
            lost.append([offset, onward])
            offset = onward
            continue
        block.is_chained = block.previous == chained
        chained = block.hash
        offset += HEADER + block.length
        if block.number > number:
            number = block.number
            blocks.append(block)
        else:
            misplaced.append(block)
    return blocks, misplaced, lost, torn
