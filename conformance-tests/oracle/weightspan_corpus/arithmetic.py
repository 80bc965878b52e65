"""What bounded.md, lowrank.md, product.md and balanced.md compute, number by number as they say it (no numpy, nothing of the reader's)."""
import math

from .coder import FLOATS, converted, f32, f32_bits, narrowed, products, widened


def added(d, step, p, p_dtype):
    """p + step * d, not yet rounded to a dtype."""
    return f32((0.0 if p is None else widened(p_dtype, p)) + f32(step * d))


def stepped(d, step, p, p_dtype, dtype):
    """The bits of p + step * d; p: bits of the dtype p_dtype, or None."""
    y = added(d, step, p, p_dtype)
    if math.isfinite(y):
        return narrowed(dtype, y)
    return 0 if p is None else converted(p, p_dtype, dtype)


def bounded(q, step, p, p_dtype, dtype):
    """The elements q steps from p (a list of bits, or None)."""
    return [stepped(f32(float(n)), step, None if p is None else p[i], p_dtype, dtype) for i, n in enumerate(q)]


def lowrank(u, v, step, center, center_dtype, dtype):
    """The elements of the product of u and v (a list of numbers each for every k) upon the center."""
    return [stepped(d, step, None if center is None else center[n], center_dtype, dtype) for n, d in enumerate(differences(u, v))]


def differences(u, v):
    """d(i, j) of lowrank.md."""
    u, v = ([[f32(float(n)) for n in one] for one in numbers] for numbers in (u, v))
    return [products((u[k][i], v[k][j]) for k in range(len(u))) for i in range(len(u[0])) for j in range(len(v[0]))]


def lowrank_sums(u, v, step, center, center_dtype):
    """y(i, j) of lowrank.md."""
    return [added(d, step, None if center is None else center[n], center_dtype) for n, d in enumerate(differences(u, v))]


def cell(dtype, y, p, s):
    """(the context, whether it is turned) of cells.md for y, the bits p of its element and the scale s."""
    rounded = widened(dtype, p)
    if not (math.isfinite(y) and math.isfinite(rounded)):
        return 127, False
    least = {"BF16": -126, "F16": -14}[dtype]
    h = 2.0 ** (max((f32_bits(y) >> 23 & 255) - 127, least) - FLOATS[dtype][1] - 1)
    g = f32(h - abs(f32(y - rounded)))
    width = min(max((f32_bits(h) >> 21) - s >> 2, -4) + 4, 7)
    distance = min(max((f32_bits(g) >> 21) - s >> 1, 0), 15)
    return 16 * width + distance, abs(y) < abs(rounded)


def ordered(terms):
    """The sum of products in binary64, each rounded, from +0 on."""
    total = 0.0
    for a, b in terms:
        product = a * b
        total = total + product
    return total


def orthonormalise(columns):
    for t, z in enumerate(columns):
        before = math.sqrt(ordered(zip(z, z)))
        for _ in range(2):
            for s in range(t):
                e = ordered(zip(columns[s], z))
                for i, other in enumerate(columns[s]):
                    taken = e * other
                    z[i] = z[i] - taken
        e = math.sqrt(ordered(zip(z, z)))
        for i in range(len(z)):
            z[i] = z[i] / e if e > before * 2.0 ** -40 else 0.0


def start(c, rank):
    """The columns of Z of step 1."""
    k, l = len(c), len(c[0])
    left = [list(row) for row in c]
    out = []
    for _ in range(rank):
        w = [ordered((left[a][b], left[a][b]) for a in range(k)) for b in range(l)]
        b = w.index(max(w))
        z = [left[a][b] / math.sqrt(w[b]) if w[b] else 0.0 for a in range(k)]
        for x in range(l):
            e = ordered((z[a], left[a][x]) for a in range(k))
            for a in range(k):
                taken = e * z[a]
                left[a][x] = left[a][x] - taken
        out.append(z)
    return out


def product(q, rank, step, left, right):
    """(B, A) in binary64, row by row; left, right: values by direction or None."""
    c = [[float(n) for n in row] for row in q]
    k, l = len(c), len(c[0])

    def transposed(z):
        return [[ordered((c[a][b], one[a]) for a in range(k)) for b in range(l)] for one in z]

    z = start(c, rank)
    for _ in range(4):
        x = transposed(z)
        orthonormalise(x)
        z = [[ordered((c[a][b], one[b]) for b in range(l)) for a in range(k)] for one in x]
        orthonormalise(z)
    x = transposed(z)
    g = [math.sqrt(math.sqrt(ordered(zip(one, one)))) * math.sqrt(step) for one in x]
    h = [step / one if one else 0.0 for one in g]
    m = len(left[0]) if left else k
    n = len(right[0]) if right else l
    of_left = lambda t, i: ordered((left[a][i], z[t][a]) for a in range(k)) if left else z[t][i]
    of_right = lambda t, j: ordered((x[t][b], right[b][j]) for b in range(l)) if right else x[t][j]
    return ([[g[t] * of_left(t, i) for t in range(rank)] for i in range(m)], [[h[t] * of_right(t, j) for j in range(n)] for t in range(rank)])


def factor_bits(rows, dtype):
    """The elements of a factor (R-PRO-005, R-BAL-004)."""
    values = (f32(x) for row in rows for x in row)
    return [narrowed(dtype, y) if math.isfinite(y) and y != 0 else 0 for y in values]


def balanced(y, x):
    """(the left factor, the right one) in binary64, of rows of y and of x."""
    g = []
    for t, row in enumerate(x):
        b, a = (math.sqrt(ordered(zip(one, one))) for one in ([other[t] for other in y], row))
        root = math.sqrt(math.sqrt(b * a)) if b * a == b * a else math.nan
        g.append(1.0 / root if root else math.inf)
    return [[g[t] * one for t, one in enumerate(row)] for row in y], [[g[t] * one for one in row] for t, row in enumerate(x)]
