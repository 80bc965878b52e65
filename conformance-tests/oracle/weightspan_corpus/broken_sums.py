"""What broken readers have in common (see selftest.py)."""
import numpy as np


def lenient(checks, *texts):
    """A check() or require() that lets the messages with these texts pass."""

    def check(condition, *args, **kwargs):
        if not any(text in str(arg) for arg in args for text in texts):
            checks(condition, *args, **kwargs)

    return check


def double_sums(pairs, shape):
    """Sums in binary64, rounded once."""
    total = np.zeros(shape)
    with np.errstate(all="ignore"):
        for one, other in pairs:
            total = total + one.astype(float) * other.astype(float)
        return total.astype(np.float32)


def fused_sums(pairs, shape):
    """Products that are not rounded before they are added."""
    total = np.zeros(shape, np.float32)
    with np.errstate(all="ignore"):
        for one, other in pairs:
            total = (total.astype(float) + one.astype(float) * other.astype(float)).astype(np.float32)
    return total
