"""Columns and their codecs. See "Codecs" in docs/format.md."""

import pco
from damage import Damage, require

CONSTANT, VARINT, VARINT_DELTA, PLANES, PLANES_DELTA, PCO, ADDRESSES, RAW = range(8)


def wrap(value):
    """What 64 signed bits keep of a number."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        require(count <= len(self.data) - self.at, "a column ends early")
        self.at += count
        return self.data[self.at - count : self.at]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                require(value >> 64 == 0, "a varint has more than 64 bits")
                return value

    def signed(self):
        value = self.varint()
        return wrap(value >> 1 ^ -(value & 1))

    def end(self):
        require(self.at == len(self.data), "a column has bytes left over")


def planes(source, count):
    base, width = source.signed(), source.take(1)[0]
    require(width <= 8, f"{width} planes")
    each = [source.take(count) for _ in range(width)]
    return [wrap(base + int.from_bytes(value, "little")) for value in zip(*each)] if width else [base] * count


def sums(first, deltas):
    values = [first]
    for delta in deltas:
        values.append(wrap(values[-1] + delta))
    return values


def integers(codec, data, count):
    """The values of a column with one of the codecs 0 to 5."""
    source = Bytes(data)
    if codec == CONSTANT:
        values = [source.signed()] * count
    elif codec == VARINT:
        values = [source.signed() for _ in range(count)]
    elif codec == VARINT_DELTA:
        values = sums(0, (source.signed() for _ in range(count)))[1:]
    elif codec == PLANES:
        values = planes(source, count)
    elif codec == PLANES_DELTA:
        first = source.signed()
        values = sums(first, planes(source, count - 1))
    elif codec == PCO:
        values = pco.decode(source.take(len(data)))
    else:
        raise Damage(f"codec {codec} is not one of integers")
    source.end()
    require(len(values) == count, f"{len(values)} values instead of {count}")
    return values


def addresses(data, count):
    """Codec 6: numbers of bases (0: none), and distances from them."""
    source = Bytes(data)
    length = source.varint()
    codec, first = source.take(1)[0], source.take(length)
    second_codec, second = source.take(1)[0], source.take(len(data) - source.at)
    require(codec <= PLANES_DELTA and second_codec <= PLANES_DELTA, "a part of addresses has another codec")
    return integers(codec, first, count), integers(second_codec, second, count)


def split(lengths, data):
    """Strings that stand one behind the other."""
    source = Bytes(data)
    strings = [source.take(length) for length in lengths]
    source.end()
    return strings
