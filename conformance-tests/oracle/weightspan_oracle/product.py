"""The predictor `product` (encodings/product.md): binary64, every sum in ascending order, nothing fused.

Sums run over an explicit loop; what is vectorised is the index that is not summed over. BLAS, numpy's sum() and Python's sum()
add in other orders or with corrections.
"""
import math

import numpy as np

ITERATIONS = 4
PASSES = 2
DROPPED = 2.0 ** -40
F64 = np.float64


def dot(x, y):
    total = 0.0
    for one, other in zip(x.tolist(), y.tolist()):
        total += one * other
    return total


def products(one, other):
    """out(x, y) = the sum over i of one(i, x) * other(i, y)."""
    total = np.zeros((one.shape[1], other.shape[1]), F64)
    for x, y in zip(one, other):
        total = total + x.reshape(-1, 1) * y
    return total


def pivot(w):
    """The column of the largest w, of several the first."""
    return int(np.argmax(w))


def start(c, rank):
    """Z of step 1."""
    left = c.copy()
    z = np.zeros((len(c), rank), F64)
    for t in range(rank):
        w = np.zeros(c.shape[1], F64)
        for row in left:
            w = w + row * row
        b = pivot(w)
        if w[b] == 0:
            break  # nothing is left, nor will be: the columns that follow are zeros too
        z[:, t] = left[:, b] / math.sqrt(w[b])
        e = products(z[:, t:t + 1], left)[0]
        left = left - z[:, t:t + 1] * e
    return z


def orthonormalise(z):
    for t in range(z.shape[1]):
        before = math.sqrt(dot(z[:, t], z[:, t]))
        others = [s for s in range(t) if z[:, s].any()] if z[:, t].any() else []  # from and of zeros nothing is taken away
        for s in PASSES * others:
            z[:, t] = z[:, t] - dot(z[:, s], z[:, t]) * z[:, s]
        e = math.sqrt(dot(z[:, t], z[:, t]))
        z[:, t] = z[:, t] / e if e > before * DROPPED else 0.0


def scaled(c, rank, step):
    """Z, X and the factors g and h of the columns (steps 1 to 3)."""
    z = start(c, rank)
    for _ in range(ITERATIONS):
        x = products(c, z)
        orthonormalise(x)
        z = products(c.T, x)
        orthonormalise(z)
    x = products(c, z)
    g, h = np.zeros(rank, F64), np.zeros(rank, F64)
    for t in range(rank):
        g[t] = math.sqrt(math.sqrt(dot(x[:, t], x[:, t]))) * math.sqrt(step)
        h[t] = step / g[t] if g[t] else 0.0
    return z, x, g, h


def factors(q, rank, step, left, right):
    """B (m x r) and A (r x n) in binary64; left, right: directions' values in binary32, one a row, or None."""
    z, x, g, h = scaled(q.astype(F64), rank, step)
    b = z if left is None else products(left.astype(F64), z)
    a = x.T if right is None else products(x, right.astype(F64))
    return b * g, h.reshape(-1, 1) * a


def narrowed(values):
    """As binary32, what is not finite and -0 as +0 (R-PRO-005, R-BAL-004)."""
    with np.errstate(all="ignore"):
        out = values.astype(np.float32)
    return np.where(np.isfinite(out), out, np.float32(0)) + np.float32(0)
