"""The contexts and sides of the residual `cells` (encodings/cells.md): binary32, nothing fused."""
import numpy as np

from .modes import elements_f32

F32 = np.float32
LEAST = {"BF16": -126, "F16": -14}
NOT_FINITE = 127


def keys(x):
    """K: the upper 11 bits."""
    return (x.view(np.uint32) >> np.uint32(21)).astype(np.int64)


def half_widths(y, tensor):
    """h."""
    exponents = (y.view(np.uint32) >> np.uint32(23) & np.uint32(255)).astype(np.int64) - 127
    return np.ldexp(np.ones(len(y)), np.maximum(exponents, LEAST[tensor.dtype]) - tensor.mantissa - 1).astype(F32)


def edges(y, rounded, tensor):
    """g."""
    return half_widths(y, tensor) - np.abs(y - rounded)


def contexts_and_sides(y, predicted, scale, tensor):
    """ctx(i), and whether element i is turned; predicted: the bits of p(i)."""
    rounded = elements_f32(predicted.astype("<u2").tobytes(), tensor.dtype)
    finite = np.isfinite(y) & np.isfinite(rounded)
    y, rounded = np.where(finite, y, F32(0)), np.where(finite, rounded, F32(0))
    width = np.clip((keys(half_widths(y, tensor)) - scale) // 4 + 4, 0, 7)
    distance = np.clip((keys(edges(y, rounded, tensor)) - scale) // 2, 0, 15)
    return np.where(finite, 16 * width + distance, NOT_FINITE), finite & (np.abs(y) < np.abs(rounded))
