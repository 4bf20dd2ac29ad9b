"""What the blocks of a file say together: from its index where it has one, from the blocks themselves where not."""

import sys
from collections import Counter

import blocks
import metadata
import segment
from blake3 import blake3
from blocks import HEADER, little
from compression import unpack
from damage import Damage, require


def packed(body):
    require(len(body) >= 4, "a packed body without its length")
    return unpack(body[4:], little(body[:4]))


def attachment(block):
    """The content that a block has."""
    head = told(block)
    content = block.body[4 + little(block.body[:4]) :]
    require(head["storing"] in ("plain", "zstd"), "an attachment's content is not here")
    if head["storing"] == "zstd":
        content = unpack(content, head["size"])
    require(len(content) == head["size"], "an attachment has another length")
    require(blake3(content).hex() == head["hash"], "an attachment has another hash")
    return content


def told(block):
    """The metadata in a block's body, without anything that it leads to."""
    body = block.body
    if not block.readable:
        return None
    if block.tag in ("HEAD", "CUST", "SIGN"):
        return metadata.read(getattr(metadata, block.tag), body)
    if block.tag in ("LEAF", "INDX"):
        return metadata.read(getattr(metadata, block.tag), packed(body))
    if block.tag == "ATCH":
        return metadata.read(metadata.ATCH, body[4 : 4 + little(body[:4])])
    return segment.Segment(body).directory if block.tag == "SEGM" else None


def entry_of(block):
    """The index entry of a segment; None where its directory is damaged."""
    try:
        zone = segment.Segment(block.body).zone
    except Damage as damage:
        print(f"segment at {block.offset}: {damage}", file=sys.stderr)
        return None
    return {"offset": block.offset, "length": HEADER + block.length, "hash": block.hash.hex(), "zone": zone}


class Contents:
    def __init__(self, data):
        self.size = len(data)
        self.footer = blocks.footer_of(data)
        self.end = len(data) - (blocks.FOOTER if self.footer else 0)
        self.blocks, self.misplaced, self.lost, self.torn = blocks.walk(data, self.end)
        self.by_offset = {block.offset: block for block in self.blocks}
        self.rest = data[self.torn :] if self.torn else b""
        self.encrypted = any(block.tag == "KEYS" for block in self.blocks)
        self.root = self.find_root()

    def of(self, tag):
        return [block for block in self.blocks if block.tag == tag]

    def find_root(self):
        """The INDX block that the footer names."""
        block = self.by_offset.get(self.footer["index"]) if self.footer else None
        return block if block and block.tag == "INDX" and block.hash.hex() == self.footer["root"] else None

    def describe_blocks(self):
        described = []
        for block in self.blocks:
            try:
                content = told(block)
            except Damage:
                content = None
            described.append({**block.describe(), "content": content})
        return described

    def codecs(self):
        """How many columns have each codec."""
        directories = [block["content"] for block in self.describe_blocks() if block["tag"] == "SEGM" and block["content"]]
        return Counter(codec for directory in directories for codec in directory["codecs"])

    def header(self):
        require(self.blocks and self.blocks[0].tag == "HEAD" and self.blocks[0].readable, "no header")
        return metadata.read(metadata.HEAD, self.blocks[0].body)

    def index(self):
        return metadata.read(metadata.INDX, packed(self.root.body))

    def named(self, tag, offset):
        block = self.by_offset.get(offset)
        require(block is not None and block.tag == tag and block.readable, f"no {tag} where the index says there is one")
        return block

    def leaf(self, group):
        block = self.named("LEAF", group["offset"])
        require(block.hash.hex() == group["hash"], "a leaf has another hash than the index says")
        return metadata.read(metadata.LEAF, packed(block.body))["entries"]

    def describe(self):
        index = self.index() if self.root else None
        if index:
            entries = [entry for group in index["groups"] for entry in self.leaf(group)]
            attachments = index["attachments"]
            custody = [self.named("CUST", offset) for offset in index["custody"]]
        else:
            entries = [entry for entry in map(entry_of, self.of("SEGM")) if entry]
            attachments = self.find_attachments()
            custody = [block for block in self.of("CUST") if block.readable]
        return {
            "header": self.header(),
            "summary": index["summary"] if index else None,
            "groups": index["groups"] if index else None,
            "entries": entries,
            "segments": [self.segment(entry) for entry in entries],
            "attachments": attachments,
            "contents": [self.content(each) for each in attachments],
            "custody": [metadata.read(metadata.CUST, block.body) for block in custody],
        }

    def segment(self, entry):
        """What a segment says; None if any of it is damaged."""
        try:
            return segment.read(self.named("SEGM", entry["offset"]).body)
        except Damage as damage:
            print(f"segment at {entry['offset']}: {damage}", file=sys.stderr)
            return None

    def content(self, entry):
        """Hash of the content that an attachment's block really has; None if it is damaged."""
        try:
            return blake3(attachment(self.named("ATCH", entry["offset"]))).hex()
        except Damage as damage:
            print(f"attachment at {entry['offset']}: {damage}", file=sys.stderr)
            return None

    def find_attachments(self):
        found, places = [], {}
        for block in filter(lambda block: block.readable, self.of("ATCH")):
            entry = told(block)
            if entry["storing"] != "reference":
                places[entry["hash"]] = {"offset": block.offset, "length": HEADER + block.length}
            require(entry["hash"] in places, "an attachment's content is not there")
            del entry["storing"]
            found.append({**entry, **places[entry["hash"]]})
        return found
