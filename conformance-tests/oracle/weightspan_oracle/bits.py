"""Streams of bits, least significant bit first from bit 0 of the first byte."""
import numpy as np


def extract(data, lengths):
    """The fields of the given lengths (an array, each at most 64) that follow each other in `data`: (values, bits in all).

    The caller has made sure that `data` holds them.
    """
    lengths = np.asarray(lengths, np.int64)
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    stream = np.unpackbits(np.frombuffer(bytes(data), np.uint8), bitorder="little")
    starts = ends - lengths
    values = np.zeros(len(lengths), np.uint64)
    for bit in range(int(lengths.max()) if len(lengths) else 0):
        has = lengths > bit
        values[has] |= stream[starts[has] + bit].astype(np.uint64) << np.uint64(bit)
    return values, total


class BitReader:
    """One field after the other; raises EOFError past the end."""

    def __init__(self, data):
        self.value = int.from_bytes(data, "little")
        self.size = 8 * len(data)
        self.at = 0

    def read(self, count):
        if self.at + count > self.size:
            raise EOFError
        out = (self.value >> self.at) & ((1 << count) - 1)
        self.at += count
        return out
