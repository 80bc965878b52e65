"""The predictor `lowrank` and the residual `factors` (encodings/lowrank.md): binary32, nothing fused."""
import numpy as np

from .modes import coefficients_f32, summed


def contexts(places, rows, columns):
    """The contexts of the numbers at these places of the residual."""
    k, place = places // (rows + columns), places % (rows + columns)
    return np.minimum(2 * k, 126) + (place >= rows)


def difference(numbers, rank, rows, columns):
    """d(i, j) from the r * (m + n) integers."""
    numbers = coefficients_f32(numbers).reshape(rank, rows + columns)
    return summed(((one[:rows].reshape(-1, 1), one[rows:]) for one in numbers), (rows, columns))
