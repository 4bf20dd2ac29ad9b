"""Standalone pco files of signed 64-bit integers: https://github.com/pcodec/pcodec/blob/main/docs/format.md

Only what integers can need: modes Classic, IntMult and Dict, differences None, Consecutive and Lookback.
"""

from damage import Damage, require

BATCH = 256
MASK = (1 << 64) - 1
I64 = 4


class Bits:
    def __init__(self, data):
        self.data, self.size, self.at = data, 8 * len(data), 0

    def take(self, count):
        require(self.at + count <= self.size, "pco data end early")
        first, last = self.at // 8, (self.at + count + 7) // 8
        value = int.from_bytes(self.data[first:last], "little") >> (self.at % 8)
        self.at += count
        return value & ((1 << count) - 1)

    def align(self):
        require(self.take(-self.at % 8) == 0, "pco padding is not zero")


class Latent:
    """One latent variable: its bins, the table of its decoder, and where this page is."""

    def __init__(self, bits, width):
        self.middle, self.mask, self.width = 1 << width - 1, (1 << width) - 1, width
        self.log = bits.take(4)
        offset_bits = width.bit_length()
        count = bits.take(15)
        self.bins = [(bits.take(self.log) + 1, bits.take(width), bits.take(offset_bits)) for _ in range(count)]
        weights = [weight for weight, _, _ in self.bins] or [1]
        require(sum(weights) == 1 << self.log, "weights of pco bins do not fill their table")
        self.table = self.spread(weights)
        self.states = []
        self.moments = []

    def spread(self, weights):
        size = 1 << self.log
        stride = 3 * size // 5 | 1
        owners, step = [0] * size, 0
        for owner, weight in enumerate(weights):
            for _ in range(weight):
                owners[stride * step % size] = owner
                step += 1
        table, seen = [], list(weights)
        for owner in owners:
            state = seen[owner]
            seen[owner] += 1
            read = size.bit_length() - state.bit_length()
            table.append((owner, read, (state << read) - size))
        return table

    def start_page(self, bits, moments):
        self.moments = [bits.take(self.width) for _ in range(moments)]
        self.states = [bits.take(self.log) for _ in range(4)]

    def batch(self, bits, count):
        if not self.bins:
            return [0] * count
        chosen = []
        for at in range(count):
            owner, read, base = self.table[self.states[at % 4]]
            self.states[at % 4] = base + bits.take(read)
            chosen.append(self.bins[owner])
        return [lower + bits.take(offset) & self.mask for _, lower, offset in chosen]


def undo_consecutive(latent, deltas):
    values = [delta ^ latent.middle for delta in deltas]
    for order in reversed(range(len(latent.moments))):
        moment = latent.moments[order]
        for at, delta in enumerate(values):
            values[at] = moment
            moment = moment + delta & latent.mask
        latent.moments[order] = moment
    return values


def undo_lookback(latent, deltas, lookbacks, states, window):
    """`latent.moments` is what was decoded so far: values of this batch are those `states` before its end."""
    known = latent.moments
    start = len(known) - states
    for delta, lookback in zip(deltas, lookbacks):
        require(1 <= lookback <= window, "a pco lookback leaves its window")
        before = known[-lookback] if lookback <= len(known) else 0
        known.append((delta ^ latent.middle) + before & latent.mask)
    return known[start : start + len(deltas)]


class Chunk:
    def __init__(self, bits):
        self.mode = bits.take(4)
        require(self.mode in (0, 1, 4), f"pco mode {self.mode} is not one of integers")
        self.multiple, self.values = 1, []
        if self.mode == 1:
            self.multiple = bits.take(64)
        if self.mode == 4:
            count = bits.take(25)
            bits.align()
            self.values = [bits.take(64) for _ in range(count)]
        self.delta = bits.take(4)
        require(self.delta <= 2, f"pco delta encoding {self.delta} is not one of 64-bit integers")
        self.state_count, self.window, secondary_delta = 0, 0, False
        if self.delta == 1:
            self.state_count, secondary_delta = bits.take(3), bits.take(1) == 1
        if self.delta == 2:
            self.window = 2 << bits.take(5)
            self.state_count, secondary_delta = 1 << bits.take(4), bits.take(1) == 1
        self.lookback = Latent(bits, 32) if self.delta == 2 else None
        self.latents = [(Latent(bits, 32 if self.mode == 4 else 64), self.delta > 0)]
        if self.mode == 1:
            self.latents.append((Latent(bits, 64), self.delta > 0 and secondary_delta))
        bits.align()

    def page(self, bits, count):
        if self.lookback:
            self.lookback.start_page(bits, 0)
        for latent, differs in self.latents:
            latent.start_page(bits, self.state_count if differs else 0)
        bits.align()
        numbers = []
        for done in range(0, count, BATCH):
            numbers += self.batch(bits, count - done)
        bits.align()
        return numbers

    def batch(self, bits, remaining):
        size = min(BATCH, remaining)
        # The last values of a page come out of the state: there is nothing in the page for them.
        stored = min(BATCH, max(remaining - self.state_count, 0))
        lookbacks = self.lookback.batch(bits, stored) if self.lookback else []
        parts = []
        for latent, differs in self.latents:
            values = latent.batch(bits, stored if differs else size)
            if differs and self.delta == 1:
                # What fills the batch up has no influence on the values that are wanted.
                values = undo_consecutive(latent, values + [0] * (size - stored))
            elif differs:
                filler = [0] * (size - stored)
                values = undo_lookback(latent, values + filler, lookbacks + [1] * len(filler), self.state_count, self.window)
            parts.append(values)
        return [self.number(*latents) for latents in zip(*parts)]

    def number(self, primary, secondary=0):
        if self.mode == 4:
            require(primary < len(self.values), "a pco value is not in its dictionary")
            primary = self.values[primary]
        return (primary * self.multiple + secondary & MASK) - (1 << 63)


def decode(data):
    require(data[:4] == b"pco!", "no pco magic")
    bits = Bits(data)
    bits.take(32)
    standalone = bits.take(8)
    require(standalone in (2, 3), f"standalone version {standalone} of pco is not known")
    if standalone == 3:
        require(bits.take(8) in (0, I64), "pco numbers are not signed 64-bit integers")
    bits.take(bits.take(6) + 1)
    bits.align()
    major = bits.take(8)
    require(major in (3, 4), f"format version {major} of pco is not known")
    if major == 4:
        bits.take(8)
    numbers = []
    while kind := bits.take(8):
        require(kind == I64, "pco numbers are not signed 64-bit integers")
        count = bits.take(24) + 1
        numbers += Chunk(bits).page(bits, count)
    if bits.at != bits.size:
        raise Damage("bytes behind the end of the pco data")
    return numbers
