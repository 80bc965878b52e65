"""Frequency tables and the interleaved rANS decoder (encodings/tables.md, encodings/rans.md)."""
import struct

from .bits import BitReader
from .errors import FormatError

TOTAL = 4096


class Table:
    """One frequency table: symbol, frequency and sum of the smaller ones' frequencies for each of 4,096 slots."""

    def __init__(self, lo, frequencies):
        self.lo = lo
        self.frequencies = frequencies
        self.symbol, self.frequency, self.start = [], [], []
        below = 0
        for n, f in enumerate(frequencies):
            self.symbol += [lo + n] * f
            self.frequency += [f] * f
            self.start += [below] * f
            below += f
        assert below == TOTAL


def read_tables(data, count):
    """The `count` tables of a tables chunk (R-TAB-001)."""
    bits = BitReader(data)
    try:
        tables = [read_table(bits) for _ in range(count)]
    except EOFError:
        raise bad_table("the stream ends too early") from None
    if bits.size - bits.at >= 8:
        raise bad_table("whole bytes left over")
    if bits.read(bits.size - bits.at):
        raise bad_table("unused bits that are not zero")
    return tables


def read_table(bits):
    lo, hi, rest = bits.read(8), bits.read(8), bits.read(8)
    if lo > hi or not lo <= rest <= hi:
        raise bad_table(f"symbols {lo} to {hi}, rest {rest}")
    previous = 6
    frequencies = []
    for symbol in range(lo, hi + 1):
        if symbol == rest:
            frequencies.append(0)
            continue
        z = 0
        while bits.read(1):
            z += 1
            if z > 24:
                raise bad_table("more than 24 ones")
        length = previous + z // 2 if z % 2 == 0 else previous - (z + 1) // 2
        if not 0 <= length <= 12:
            raise bad_table(f"a frequency of {length} bits")
        previous = length
        if length == 0:
            frequencies.append(0)
        else:
            k = min(length - 1, 3)
            frequencies.append((1 << (length - 1)) + (bits.read(k) << (length - 1 - k)))
    left = TOTAL - sum(frequencies)
    if not 1 <= left <= TOTAL - 1:
        raise bad_table(f"the rest is {left}")
    frequencies[rest - lo] = left
    return Table(lo, frequencies)


def decode(data, lanes, tables):
    """The symbols of a block: element i has the table tables[i]. Returns (symbols, the bytes of raw bits)."""
    if len(data) < 4 * lanes:
        raise bad_block("it ends before its states")
    states = list(struct.unpack_from(f"<{lanes}I", data))
    words = (len(data) - 4 * lanes) // 2
    stream = struct.unpack_from(f"<{words}H", data, 4 * lanes)
    if min(states) < 1 << 16:
        raise bad_block("a state below 2^16 at the start")
    symbols = []
    word = 0
    lane = 0
    for table in tables:
        x = states[lane]
        slot = x & 4095
        symbols.append(table.symbol[slot])
        x = table.frequency[slot] * (x >> 12) + slot - table.start[slot]
        if x < 1 << 16:
            if word == words:
                raise bad_block("it ends before a word")
            x = x << 16 | stream[word]
            word += 1
        states[lane] = x
        lane = lane + 1 if lane + 1 < lanes else 0
    if any(x >> 16 != 1 for x in states):
        raise bad_block("a state of 2^17 or more at the end")
    return symbols, struct.pack(f"<{lanes}H", *(x & 0xFFFF for x in states)) + data[4 * lanes + 2 * word:]


def bad_table(message):
    return FormatError("MALFORMED_TABLE", message)


def bad_block(message):
    return FormatError("MALFORMED_BLOCK", message)
