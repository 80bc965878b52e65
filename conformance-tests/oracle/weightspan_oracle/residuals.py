"""The residual codings `bytes`, `direct` and `delta`: one block each (encodings/)."""
import numpy as np

from . import rans, zstd
from .bits import extract
from .errors import FormatError

U64 = np.uint64
RAW, PREDICTED, CONSTANT, CODED = 0, 1, 2, 3


def bad(message):
    return FormatError("MALFORMED_BLOCK", message)


def decode_bytes(stored, length):
    """A block of residual `bytes` (R-BYT-001)."""
    if not stored or stored[0] > 1:
        raise bad("no byte of mode 0 or 1")
    if stored[0] == 0:
        if len(stored) != 1 + length:
            raise bad(f"{len(stored) - 1} bytes instead of {length}")
        return stored[1:]
    try:
        return zstd.decompress(stored[1:], length)
    except zstd.ZstdError as error:
        raise bad(str(error)) from None


class Coding:
    """The numbers of scales.md for a dtype and a shift."""

    def __init__(self, tensor, shift):
        self.bits, self.shift = tensor.bits, shift
        self.w = tensor.bits - shift
        self.t = tensor.mantissa - shift
        self.m = self.t if tensor.bits == 8 else min(self.t, 2)
        self.low = self.t - self.m  # mantissa bits below a key
        self.type = {8: "<u1", 16: "<u2", 32: "<u4", 64: "<u8"}[tensor.bits]

    def mag(self, c):
        return c & U64((1 << (self.w - 1)) - 1)

    def neg(self, c):
        return c >> U64(self.w - 1) == 1

    def key(self, c):
        return (self.mag(c) >> U64(self.low)).astype(np.int64)

    def signed(self, x):
        """x modulo 2^w into [-2^(w-1), 2^(w-1)), as int64."""
        up = U64(64 - self.w)
        return (x.astype(np.uint64) << up).view(np.int64) >> np.int64(64 - self.w)

    def ord(self, x):
        return np.where(self.neg(x), -1 - self.mag(x).view(np.int64), self.mag(x).view(np.int64))

    def from_ord(self, o):
        mag = np.where(o < 0, -1 - o, o).view(np.uint64)
        return mag | np.where(o < 0, U64(1 << (self.w - 1)), U64(0))


def predict(u, own, source):
    """Elements of the dtype `source` as predictions of the dtype `own` (R-PRD-004, R-PRD-005)."""
    if own == "F32" and source == "BF16":
        return u << U64(16)
    if own == "BF16" and source == "F32":
        return ((u + U64(0x7FFF) + ((u >> U64(16)) & U64(1))) & U64(0xFFFFFFFF)) >> U64(16)
    return u


def decode_float(stored, count, coding, scale, table_of, predicted=None, cells=None):
    """A block of residual `direct`, or `delta` with the predicted elements.

    `scale` is S(i) for the block's elements, `table_of(contexts)` gives a table an element. `cells` holds the contexts of the elements
    and whether they are turned, where the residual is `cells`. Returns the elements' bytes.
    """
    if not stored:
        raise bad("an empty block")
    mode, lanes_log = stored[0] & 15, stored[0] >> 4
    if mode > CODED or (mode == PREDICTED and predicted is None):
        raise bad(f"mode {mode}")
    if lanes_log > (5 if mode == CODED else 0):
        raise bad(f"{lanes_log} above mode {mode}")
    size = coding.bits // 8
    payload = stored[1:]
    wanted = {RAW: count * size, PREDICTED: 0, CONSTANT: size}.get(mode)
    if wanted is not None and len(payload) != wanted:
        raise bad(f"{len(payload)} bytes instead of {wanted} in mode {mode}")
    if mode == RAW:
        return payload
    if mode == CONSTANT:
        return payload * count
    if mode == PREDICTED:
        coded = round_prediction(predicted, coding)
    elif predicted is None:
        coded = coded_direct(payload, 1 << lanes_log, count, coding, scale, table_of)
    else:
        coded = coded_delta(payload, 1 << lanes_log, count, coding, scale, table_of, round_prediction(predicted, coding), cells)
    return (coded << U64(coding.shift)).astype(coding.type).tobytes()


def raw_fields(raw, lanes, lengths):
    """The raw bits in the lanes and behind the rANS stream (R-DIR-002)."""
    total = int(lengths.sum())
    wanted = max((total + 7) // 8, 2 * lanes)
    if len(raw) != wanted:
        raise bad(f"{len(raw)} bytes of raw bits instead of {wanted}")
    if int.from_bytes(raw, "little") >> total:
        raise bad("unused bits that are not zero")
    return extract(raw, lengths)[0]


def coded_direct(payload, lanes, count, coding, scale, table_of):
    symbols, raw_bytes = rans.decode(payload, lanes, table_of(np.zeros(count, np.int64)))
    symbols = np.array(symbols, np.int64)
    escape, zero = symbols == 0, symbols == 1
    key = np.where(escape | zero, 0, symbols - 128 + scale)
    if ((key < 0) | (key >= 1 << (coding.w - 1 - coding.low))).any():
        raise bad("a key out of range")
    lengths = np.where(escape, coding.w, np.where(zero, 1, coding.low + 1))
    raw = raw_fields(raw_bytes, lanes, lengths)
    low = raw & (U64(1) << (lengths - 1).astype(np.uint64)) - U64(1)
    sign = raw >> (lengths - 1).astype(np.uint64)
    return sign << U64(coding.w - 1) | key.astype(np.uint64) << U64(coding.low) | low


def round_prediction(u, coding):
    """p of delta.md."""
    z, top = coding.shift, coding.bits - 1
    most = U64((1 << top) - 1)
    half = U64(1 << (z - 1) if z else 0)
    mag = np.minimum((u & most) + half, most) >> U64(z)
    return mag | (u >> U64(top)) << U64(coding.w - 1)


def turned_symbols(symbols, sides):
    """The symbols of delta.md for those of cells.md."""
    return np.where(sides & (symbols > 0), 256 - symbols, symbols)


def coded_delta(payload, lanes, count, coding, scale, table_of, p, cells=None):
    contexts = np.clip(coding.key(p) - scale + 32, 0, 127) if cells is None else cells[0]
    symbols, raw_bytes = rans.decode(payload, lanes, table_of(contexts))
    symbols = np.array(symbols, np.int64)
    if cells is not None:
        symbols = turned_symbols(symbols, cells[1])
    s = 2 if coding.w <= 32 else 1
    b = np.abs(symbols - 128)
    r = np.maximum((b >> s) - 1, 0)
    head = np.where(b < 1 << s, b, (1 << s) + (b & ((1 << s) - 1)))  # a >> r
    escape = symbols == 0
    if (~escape & (b >= 1 << s) & (r + 1 + s > coding.w)).any():
        raise bad("a difference of too many bits")
    lengths = np.where(escape, coding.w, r)
    raw = raw_fields(raw_bytes, lanes, lengths)
    a = (np.where(escape, 0, head).astype(np.uint64) << np.where(escape, 0, r).astype(np.uint64)) | raw
    d = np.where(symbols < 128, U64(0) - a, a)
    d = np.where(escape, raw, d)
    op = coding.ord(p)
    o = np.where(op >= 0, op.view(np.uint64) + d, op.view(np.uint64) - d)
    return coding.from_ord(coding.signed(o))
