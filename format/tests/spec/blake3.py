"""BLAKE3, 32 bytes of output, without a key: https://github.com/BLAKE3-team/BLAKE3-specs

Many chunks are worked on at once: the words of all of them stand side by side in one long integer, 64 bits apart, so that
the 32 bits above each word take what an addition or a shift carries over.
"""

from array import array

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
CHUNK = 1024
MIXES = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)


def lanes(values):
    """One integer with the values 64 bits apart."""
    return int.from_bytes(array("Q", values).tobytes(), "little")


def unlanes(number, count):
    return array("Q", number.to_bytes(8 * count, "little"))


def compress(state, words, counters, length, flags, count):
    """The first eight words of the compression function, for `count` inputs at once."""
    every = lanes([1] * count)
    mask = every * 0xFFFFFFFF
    low = lanes(counter & 0xFFFFFFFF for counter in counters)
    high = lanes(counter >> 32 for counter in counters)
    v = list(state) + [every * word for word in IV[:4]] + [low, high, every * length, every * flags]

    def turn(value, by):
        return (value >> by | value << (32 - by)) & mask

    for _ in range(7):
        for step, (a, b, c, d) in enumerate(MIXES):
            v[a] = v[a] + v[b] + words[2 * step] & mask
            v[d] = turn(v[d] ^ v[a], 16)
            v[c] = v[c] + v[d] & mask
            v[b] = turn(v[b] ^ v[c], 12)
            v[a] = v[a] + v[b] + words[2 * step + 1] & mask
            v[d] = turn(v[d] ^ v[a], 8)
            v[c] = v[c] + v[d] & mask
            v[b] = turn(v[b] ^ v[c], 7)
        words = [words[at] for at in PERMUTATION]
    return [v[at] ^ v[at + 8] for at in range(8)]


def whole_chunks(data, count):
    """Chaining values of `count` whole chunks, a list of eight words each."""
    words = array("I", data)
    state = [lanes([word] * count) for word in IV]
    for block in range(16):
        flags = (CHUNK_START if block == 0 else 0) | (CHUNK_END if block == 15 else 0)
        message = [lanes(words[16 * block + word :: 256]) for word in range(16)]
        state = compress(state, message, range(count), 64, flags, count)
    return list(zip(*(unlanes(word, count) for word in state)))


def last_chunk(data, counter, root):
    """Chaining value of the chunk that ends the input: the one that may be short."""
    state = IV
    blocks = range(0, max(len(data), 1), 64)
    for at in blocks:
        block = data[at : at + 64]
        flags = CHUNK_START if at == 0 else 0
        if at == blocks[-1]:
            flags |= CHUNK_END | root
        message = array("I", block.ljust(64, b"\0"))
        state = compress(state, message, [counter], len(block), flags, 1)
    return tuple(state)


def parents(values):
    """The level above: pairs become one, an odd one out stays as it is."""
    pairs = len(values) // 2
    message = [lanes(value[word] for value in values[0 : 2 * pairs : 2]) for word in range(8)]
    message += [lanes(value[word] for value in values[1 : 2 * pairs : 2]) for word in range(8)]
    root = ROOT if len(values) == 2 else 0
    state = compress([lanes([word] * pairs) for word in IV], message, [0] * pairs, 64, PARENT | root, pairs)
    joined = list(zip(*(unlanes(word, pairs) for word in state)))
    return joined + values[2 * pairs :]


def blake3(data):
    data = bytes(data)
    whole = max(len(data) - 1, 0) // CHUNK
    values = whole_chunks(data[: whole * CHUNK], whole) if whole else []
    values.append(last_chunk(data[whole * CHUNK :], whole, 0 if whole else ROOT))
    while len(values) > 1:
        values = parents(values)
    return b"".join(word.to_bytes(4, "little") for word in values[0])
