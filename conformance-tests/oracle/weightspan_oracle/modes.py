"""The arithmetic of the predictor `modes` (encodings/modes.md).

Binary32 throughout; numpy multiplies and adds element by element and rounds each result, so nothing is fused.
"""
import numpy as np

from . import residuals
from .residuals import U64

F32 = np.float32


def elements_f32(data, dtype):
    """Stored elements as binary32: I8 as integers, F16 and BF16 widened, F32 as it is."""
    if dtype == "I8":
        return np.frombuffer(data, np.int8).astype(F32)
    if dtype == "F16":
        return np.frombuffer(data, "<f2").astype(F32)
    if dtype == "BF16":
        return (np.frombuffer(data, "<u2").astype(np.uint32) << np.uint32(16)).view(F32)
    return np.frombuffer(data, "<f4").astype(F32)


def plain_direction_values(data, dtype, shape, count, side):
    """value(k, x) of the first `count` rows (side `right`) or columns (`left`) of a plain tensor of that many rows and columns."""
    elements = elements_f32(data, dtype).reshape(shape)
    return elements[:count] if side == "right" else elements[:, :count].T


def direction_values(data, dtype, scales, count, length):
    """value(k, x) of the first `count` directions, one a row."""
    elements = elements_f32(data, dtype)[:count * length].reshape(count, length)
    factors = np.frombuffer(scales, "<f4")[:count].reshape(count, 1)
    with np.errstate(all="ignore"):
        return elements * factors


def summed(pairs, shape):
    """The sum of products, term by term in the order given, from +0."""
    total = np.zeros(shape, F32)
    with np.errstate(all="ignore"):
        for one, other in pairs:
            total = total + one * other
    return total


def difference(q, left, right):
    """d(i, j) from the k x l coefficients; `left` and `right` hold values by direction, None: the identity."""
    t = coefficients_f32(q)
    if right is not None:
        t = summed(((t[:, b:b + 1], right[b]) for b in range(len(right))), (len(t), right.shape[1]))
    if left is None:
        return t
    return summed(((left[a].reshape(-1, 1), t[a]) for a in range(len(left))), (left.shape[1], t.shape[1]))


def coefficients_f32(q):
    """Coefficients as binary32, to nearest even."""
    return q.astype(F32)


def predicted(d, step, center, dtype, center_bits):
    """The bits of the predicted elements; `center` holds p, or None, `center_bits` the center's elements as converted ones."""
    return finite_or(sums(d, step, center), dtype, np.zeros(d.size, U64) if center_bits is None else center_bits)


def sums(d, step, center):
    """y; `center` holds p, or None."""
    with np.errstate(all="ignore"):
        y = F32(step) * d.reshape(-1)
        return (np.zeros(d.size, F32) if center is None else center) + y


def finite_or(y, dtype, fallback):
    """R-MOD-005 and R-MOD-006."""
    return np.where(np.isfinite(y), rounded(y, dtype), fallback)


def rounded(y, dtype):
    """R-MOD-005."""
    if dtype == "F16":
        with np.errstate(all="ignore"):
            return y.astype("<f2").view("<u2").astype(U64)
    return residuals.predict(y.view(np.uint32).astype(U64), dtype, "F32")
