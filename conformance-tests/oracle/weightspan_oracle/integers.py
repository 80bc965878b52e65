"""Blocks of integers: the residuals `coefficients`, `factors` and `bounded` (encodings/coefficients.md, lowrank.md, bounded.md)."""
import numpy as np

from . import rans, residuals
from .residuals import CODED

ZERO = 1


def decode(stored, contexts, table_of, escape_bits):
    """One block: (signed integers, which of them are escapes, the escapes' raw bits). `contexts` holds one a number."""
    if not stored:
        raise residuals.bad("an empty block")
    mode, lanes_log = stored[0] & 15, stored[0] >> 4
    if mode not in (ZERO, CODED) or lanes_log > (5 if mode == CODED else 0):
        raise residuals.bad(f"mode {mode} with {lanes_log}")
    if mode == ZERO:
        if len(stored) != 1:
            raise residuals.bad(f"{len(stored) - 1} bytes in mode 1")
        zeros = np.zeros(len(contexts), np.int64)
        return zeros, zeros == 1, zeros
    symbols, raw_bytes = rans.decode(stored[1:], 1 << lanes_log, table_of(contexts))
    symbols = np.array(symbols, np.int64)
    escape = symbols == 0
    v = np.abs(symbols - 128)
    r = np.where(escape | (v < 4), 0, (v >> 2) - 1)
    if (~escape & (v >= 4) & (r + 3 > 31)).any():
        raise residuals.bad("a number of too many bits")
    raw = residuals.raw_fields(raw_bytes, 1 << lanes_log, np.where(escape, escape_bits, r)).astype(np.int64)
    a = np.where(escape, 0, np.where(v < 4, v, 4 + (v & 3)) << r | raw)
    return np.where(symbols < 128, -a, a), escape, raw


def decode_whole(stored, contexts, table_of):
    """A block whose escapes are integers of 32 bits (R-COF-001)."""
    q, escape, raw = decode(stored, contexts, table_of, 32)
    return np.where(escape, (raw ^ 1 << 31) - (1 << 31), q)
