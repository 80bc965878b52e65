"""Encoding one element after the other, straight from the formulas of encodings/ (no numpy, nothing of the reader's)."""
import ctypes
import math
import struct

# bits, mantissa bits
FLOATS = {
    "F64": (64, 52), "F32": (32, 23), "F16": (16, 10), "BF16": (16, 7), "F8_E4M3": (8, 3), "F8_E4M3FNUZ": (8, 3),
    "F8_E5M2": (8, 2), "F8_E5M2FNUZ": (8, 2),
}


class Bits:
    """A stream of bits, least significant bit first."""

    def __init__(self):
        self.value = 0
        self.size = 0
        self.parts = bytearray()

    def put(self, value, count):
        assert 0 <= value < 1 << count or count == 0 and value == 0, (value, count)
        self.value |= value << self.size
        self.size += count
        while self.size >= 8:
            self.parts.append(self.value & 255)
            self.value >>= 8
            self.size -= 8

    def bytes(self, unused=0):
        """All of it; the last byte's unused bits are the low bits of `unused`."""
        if not self.size:
            return bytes(self.parts)
        return bytes(self.parts) + bytes([self.value | (unused << self.size) & 255])


def representable(f):
    """The largest frequency that tables.md can express and that is not above f."""
    length = f.bit_length()
    k = min(length - 1, 3)
    return f >> (length - 1 - k) << (length - 1 - k) if length else 0


def make_table(counts):
    """(lo, hi, rest, frequencies by symbol) for counted symbols; at least two symbols."""
    symbols = sorted(counts)
    if len(symbols) == 1:
        symbols = sorted([symbols[0], symbols[0] - 1 if symbols[0] else 1])
    total = sum(counts.values())
    rest = max(symbols, key=lambda s: counts.get(s, 0))
    freq = {s: max(1, representable(counts.get(s, 0) * 4096 // total)) for s in symbols if s != rest}
    while sum(freq.values()) > 4095:
        largest = max(freq, key=lambda s: freq[s])
        freq[largest] = representable(freq[largest] - 1)
    freq[rest] = 4096 - sum(freq.values())
    return symbols[0], symbols[-1], rest, freq


def put_table(bits, table):
    lo, hi, rest, freq = table
    for value in (lo, hi, rest):
        bits.put(value, 8)
    previous = 6
    for symbol in range(lo, hi + 1):
        if symbol == rest:
            continue
        f = freq.get(symbol, 0)
        length = f.bit_length()
        put_length(bits, length - previous)
        previous = length
        if length:
            k = min(length - 1, 3)
            assert representable(f) == f, f
            bits.put(f - (1 << (length - 1)) >> (length - 1 - k), k)


def put_length(bits, difference):
    z = 2 * difference if difference >= 0 else -2 * difference - 1
    bits.put((1 << z) - 1, z)
    bits.put(0, 1)


def tables_chunk(tables):
    bits = Bits()
    for table in tables:
        put_table(bits, table)
    return bits.bytes()


def rans(symbols, tables, held):
    """(states, words): the stream of symbols, symbol i with tables[i]; `held` is 16 raw bits a lane."""
    lanes = len(held)
    states = [1 << 16 | bits for bits in held]
    words = []
    for i in range(len(symbols) - 1, -1, -1):
        _, _, _, freq = tables[i]
        f = freq[symbols[i]]
        start = sum(n for s, n in freq.items() if s < symbols[i])
        x = states[i % lanes]
        if x >= f << 20:
            words.append(x & 0xFFFF)
            x >>= 16
        states[i % lanes] = (x // f << 12) + start + x % f
    return states, words[::-1]


class Coding:
    """The numbers and functions of scales.md and delta.md."""

    def __init__(self, dtype, shift):
        self.bits, man = FLOATS[dtype]
        self.z = shift
        self.w = self.bits - shift
        self.t = man - shift
        self.m = self.t if self.bits == 8 else min(self.t, 2)
        self.low = self.t - self.m

    def mag(self, c):
        return c % (1 << (self.w - 1))

    def neg(self, c):
        return c >> (self.w - 1)

    def key(self, c):
        return self.mag(c) >> self.low

    def ord(self, x):
        return self.mag(x) if not self.neg(x) else -1 - self.mag(x)

    def prediction(self, u):
        half = 1 << (self.z - 1) if self.z else 0
        top = 1 << (self.bits - 1)
        return min(u % top + half, top - 1) >> self.z | (u >> (self.bits - 1)) << (self.w - 1)

    def wrap(self, d):
        """d modulo 2^w into [-2^(w-1), 2^(w-1))."""
        d %= 1 << self.w
        return d - (1 << self.w) if d >> (self.w - 1) else d


def direct_symbol(coding, c, s, escape=False):
    """(symbol, raw fields as (value, bits)) of the coded bits c at scale s."""
    sign = (coding.neg(c), 1)
    symbol = coding.key(c) - s + 128
    if escape or (coding.mag(c) and not 2 <= symbol <= 255):
        return 0, [(coding.mag(c), coding.w - 1), sign]
    if coding.mag(c) == 0:
        return 1, [sign]
    return symbol, [(coding.mag(c) % (1 << coding.low), coding.low), sign]


def delta_symbol(coding, c, p, escape=False):
    """(symbol, raw fields) of c against p."""
    op = coding.ord(p)
    d = coding.wrap(coding.ord(c) - op if op >= 0 else op - coding.ord(c))
    a = abs(d)
    s = 2 if coding.w <= 32 else 1
    r = 0
    b = a
    if a >= 1 << s:
        r = a.bit_length() - 1 - s
        b = ((r + 1) << s) + (a >> r) % (1 << s)
    if escape or b > 127:
        return 0, [(d % (1 << coding.w), coding.w)]
    return 128 + b if d >= 0 else 128 - b, [(a % (1 << r), r)]


def context(coding, p, s):
    return min(max(coding.key(p) - s + 32, 0), 127)


def coded_block(log, symbols, raws, tables, **broken):
    """A block of mode 3. `broken` spoils one thing: final (16 raw bits a lane, or more), states, words, raw (the bytes after
    the words), unused (of the last byte with raw bits), lanes_log."""
    bits = Bits()
    for fields in raws:
        for value, count in fields:
            bits.put(value, count)
    raw = bits.bytes(broken.get("unused", 0)).ljust(2 << log, b"\0")
    held = broken.get("final", lambda x: x)(list(struct.unpack_from(f"<{1 << log}H", raw)))
    states, words = rans(symbols, tables, held)
    states = broken.get("states", lambda x: x)(list(states))
    words = broken.get("words", lambda x: x)(list(words))
    rest = broken.get("raw", lambda x: x)(raw[2 << log:])
    head = 3 | broken.get("lanes_log", log) << 4
    return (bytes([head]) + b"".join(struct.pack("<I", x) for x in states)
            + b"".join(struct.pack("<H", x) for x in words) + rest)


def f32(x):
    """A number rounded to binary32. Exact for sums and products of two of binary32: twice 24 bits and two more fit a double."""
    return ctypes.c_float(x).value


def f32_bits(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


def f32_of(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def widened(dtype, bits):
    """A stored element as binary32: I8 as an integer, floats exactly."""
    if dtype == "I8":
        return float(bits - 256 if bits > 127 else bits)
    if dtype == "F16":
        return struct.unpack("<e", struct.pack("<H", bits))[0]
    return f32_of(bits << 16 if dtype == "BF16" else bits)


def narrowed(dtype, y):
    """The bits of a finite binary32 rounded to the dtype (R-MOD-005)."""
    if dtype == "F16":
        try:
            return struct.unpack("<H", struct.pack("<e", y))[0]
        except OverflowError:
            return 0x7C00 | (0x8000 if y < 0 else 0)
    return f32_bits(y) if dtype == "F32" else converted(f32_bits(y), "F32", "BF16")


def converted(u, source, own):
    """R-PRD-004 and R-PRD-005."""
    if (source, own) == ("BF16", "F32"):
        return u << 16
    if (source, own) == ("F32", "BF16"):
        return (u + 0x7FFF + (u >> 16 & 1)) % (1 << 32) >> 16
    return u


def products(terms):
    """The sum of products, each product and each sum rounded, from +0 on."""
    total = 0.0
    for a, b in terms:
        total = f32(total + f32(a * b))
    return total


def modes(q, left, right, step, center, dtype, center_dtype=None):
    """The elements that modes.md predicts, as bits. q: rows of coefficients; left, right: rows of values or None; center: bits."""
    out = []
    for n, y in enumerate(modes_values(q, left, right, step, center, center_dtype)):
        if math.isfinite(y):
            out.append(narrowed(dtype, y))
        else:
            out.append(0 if center is None else converted(center[n], center_dtype, dtype))
    return out


def modes_values(q, left, right, step, center=None, center_dtype=None):
    """y(i, j) of modes.md, row by row."""
    q = [[f32(float(n)) for n in row] for row in q]
    k = len(q)
    columns = len(right[0]) if right else len(q[0])
    t = [[products((row[b], right[b][j]) for b in range(len(right))) for j in range(columns)] for row in q] if right else q
    out = []
    for i in range(len(left[0]) if left else k):
        for j in range(columns):
            d = products((left[a][i], t[a][j]) for a in range(k)) if left else t[i][j]
            u = center[len(out)] if center is not None else None
            out.append(f32((0.0 if u is None else widened(center_dtype, u)) + f32(step * d)))
    return out


def coefficient_symbol(q, escape=False):
    """(symbol, raw fields) of a coefficient."""
    a = abs(q)
    if escape or a >> 31:
        return 0, [(q % (1 << 32), 32)]
    r, v = 0, a
    if a >= 4:
        r = a.bit_length() - 3
        v = (r + 1 << 2) + (a >> r) % 4
    return 128 + v if q >= 0 else 128 - v, [(a % (1 << r), r)]
