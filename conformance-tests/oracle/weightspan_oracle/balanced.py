"""The predictor `balanced` (encodings/balanced.md): binary64, every sum in ascending order, nothing fused."""
import numpy as np

F64 = np.float64


def lengths(columns):
    """The root of the sum of squares of each row of `columns`."""
    total = np.zeros(len(columns), F64)
    for column in columns.T:
        total = total + column * column
    return np.sqrt(total)


def factors(y, x):
    """The left (m x r) and the right factor (r x n) in binary64, of y and x in binary32."""
    y, x = y.astype(F64), x.astype(F64)
    with np.errstate(all="ignore"):
        g = scale(lengths(y.T), lengths(x))
        return y * g, g.reshape(-1, 1) * x


def scale(b, a):
    """g(t)."""
    return 1.0 / np.sqrt(np.sqrt(b * a))
