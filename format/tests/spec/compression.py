"""zstd, by the program of that name: the standard library of Python has no decoder."""

import subprocess

from damage import require


def unpack(stored, length):
    """What is plain where it is as long as what it stands for, and one zstd frame elsewhere."""
    if len(stored) == length:
        return stored
    done = subprocess.run(["zstd", "-dcq"], input=stored, capture_output=True)
    require(done.returncode == 0, "zstd cannot decompress: " + done.stderr.decode(errors="replace").strip())
    require(len(done.stdout) == length, f"{len(done.stdout)} bytes decompressed instead of {length}")
    return done.stdout
