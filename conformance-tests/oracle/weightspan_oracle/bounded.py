"""The residual `bounded` (encodings/bounded.md): binary32, nothing fused."""
import numpy as np

from . import integers, modes

F32 = np.float32


def contexts(scales):
    return np.clip(scales, 0, 127)


def stepped(p, step, q):
    """y(i)."""
    with np.errstate(all="ignore"):
        return p + F32(step) * q.astype(F32)


def decode(stored, scales, table_of, tensor, step, p, predicted):
    """The bits of a block's elements; p: the predicted elements as binary32, `predicted` their bits, converted."""
    q, escape, raw = integers.decode(stored, contexts(scales), table_of, tensor.bits)
    near = modes.finite_or(stepped(p, step, q), tensor.dtype, predicted)
    return np.where(escape, raw.astype(np.uint64), near)
