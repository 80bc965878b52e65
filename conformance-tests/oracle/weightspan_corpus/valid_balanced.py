"""The valid cases of the predictor `balanced`."""
from . import valid
from .build import Spec, assemble, zstd_raw
from .cases import Case, Made, rng
from .coder import f32, f32_bits
from .directions import BASIS, Group, basis, group
from .plans import LEFT, RIGHT, balanced_pair
from .valid_bounded import DTYPES
from .valid_product import FINE, core, mixed_of, upon

IDS = ["R-BAL-001", "R-BAL-002", "R-BAL-004"]
F32S = ("F32", "F32")
# Found by trying: columns of which one order of the sum of squares gives another last element than another.
ORDER = (0x3CD0804E, 0x3C52DCA0, 0x3C8F184E, 0x3CF6AB3B, 0x3D990F8A, 0x3E0A3194, 0x3F686192, 0x3EDDD324, 0x3E72AFCC, 0x17C820B2)
RUNS = (0x3DAFF646, 0x3EB05715, 0x3B8E03BA, 0x3E46C248, 0x3DBB7164, 0x3F7F7CA2, 0x3DA8B033, 0x3BD97CB3, 0x3C2C0B0C, 0x1790F95C)


def of_pair(shapes, qs, steps=(1e-2, 1e-2), groups=(), **options):
    """A record of one pair; the dependencies are bases, one of each list of groups."""

    def make():
        stored = [basis(*one) for one in groups]
        tensors = balanced_pair(shapes, qs, steps, stored, **options)
        return Made(assemble(Spec(tensors, dependencies=stored, roles=[BASIS] * len(stored))), stored)

    return make


def plain(m, r, n, seed, size=300, fall=0.3):
    """The numbers of a pair without directions."""
    return core(m, r, "balanced " + seed, size, fall), core(r, n, seed + " balanced", size, fall)


def shapes():
    for dtype in DTYPES:
        for first, name in ((LEFT, "left"), (RIGHT, "right")):
            yield Case(f"v-balanced-{name}-{dtype.lower()}", f"No directions, the {name} factor first, {dtype}", IDS,
                       of_pair(([6, 3], [3, 7]), plain(6, 3, 7, name + dtype), dtypes=(dtype, dtype), first=first))
    for one, other in (("F32", "BF16"), ("BF16", "F16"), ("F16", "F32")):
        yield Case(f"v-balanced-{one.lower()}-{other.lower()}", f"A left factor of {one} and a right one of {other}, other steps and scales", IDS,
                   of_pair(([5, 2], [2, 4]), plain(5, 2, 4, one + other), (0.3, 7e-4), dtypes=(one, other),
                           each=({"scale": 3, "ends": (3, 4, 128)}, {"scale": 9, "ends": (9, 10, 128)})))
    groups = [[group("I8", 4, 6, "balanced left"), group("I8", 2, 2, "balanced components"), group("I8", 3, 9, "balanced right")]]
    left, components, right = [(0, 0, 4)], [(0, 3, 2)], [(0, 6, 3)]
    for name, sides in (("all", (left, components, components, right)), ("outer", (left, (), (), right)), ("inner", ((), components, components, ())),
                        ("left", (left, (), (), ())), ("right", ((), (), (), right))):
        k, l = (4 if sides[0] else 6), (3 if sides[3] else 9)
        for first in (LEFT, RIGHT):
            yield Case(f"v-balanced-directions-{name}-{first}", f"Directions: {name}; factor {first} first, a segment for every context",
                       [*IDS, "R-MOD-001", "R-MOD-002", "R-COF-001"],
                       of_pair(([6, 2], [2, 9]), plain(k, 2, l, name), groups=groups, sides=sides, first=first, dtypes=("F32", "BF16"), scale=9, ends=FINE))
    for name, left_shape, right_shape, dims, m, r, n in (
            ("convolution", [6, 3, 1, 1], [3, 2, 2, 2], (1, 1), 6, 3, 8), ("four", [2, 3, 2, 2], [2, 2, 1, 5], (2, 2), 6, 4, 5),
            ("vectors", [5], [7], (1, 0), 5, 1, 7), ("vectors-inner", [4], [4], (0, 1), 1, 4, 1), ("scalars", [], [1], (0, 0), 1, 1, 1),
            ("uneven", [2, 3, 4], [2, 2, 1, 3], (2, 3), 6, 4, 3)):
        for first in (LEFT, RIGHT):
            yield Case(f"v-balanced-dims-{name}-{first}", f"Shapes {left_shape} and {right_shape}, matrix_dims {dims}; factor {first} first", IDS,
                       of_pair((left_shape, right_shape), plain(m, r, n, name), dims=dims, first=first, dtypes=F32S))


def deep(depth):
    """A pair whose right factor's right direction, a plain tensor of 20 elements, is at the given depth."""
    stored = valid.chained(depth)
    tensors = balanced_pair(([4], [20]), (core(4, 1, "deep"), core(1, 1, "deep b")), (1e-3, 1e-3), [stored[-1]], ((), (), (), [(0, 0, 1)]), dims=(1, 0),
                            roles=[2], dtypes=F32S)
    return Made(assemble(Spec(tensors, dependencies=[stored[-1]], roles=[2])), stored)


def numbers():
    """Zeros, overflow, signs of zero, and sums whose order shows."""
    one = [0x3F800000]
    y, x = plain(6, 3, 7, "numbers")
    yield Case("v-balanced-zero-column", "A column of zeros in the left factor: the right one's row is zeros, too", ["R-BAL-004"],
               of_pair(([6, 3], [3, 7]), ([[row[0], 0, row[2]] for row in y], x), dtypes=F32S))
    yield Case("v-balanced-zero", "A left factor of zeros", ["R-BAL-004", "R-COF-001"],
               of_pair(([6, 3], [3, 7]), ([[0] * 3] * 6, x), each=({"modes": [1]}, {}), dtypes=F32S))
    for name, steps in (("subnormal", (2.0 ** -149, 1.0)), ("both-subnormal", (2.0 ** -149,) * 2), ("small", (1e-30, 1e-36)), ("large", (1e30, 1e33)),
                        ("opposed", (1e-35, 1e34)), ("largest", (3.4028234663852886e38, 1.0))):
        yield Case(f"v-balanced-step-{name}", f"Steps of {steps[0]} and {steps[1]}", ["R-BAL-002", "R-BAL-004"],
                   of_pair(([6, 3], [3, 7]), (y, x), steps, dtypes=F32S))
    yield Case("v-balanced-underflow-f16", "F16 factors with elements that round to zeros and to subnormals", ["R-BAL-004", "R-DEC-007"],
               of_pair(([6, 3], [3, 7]), (y, x), (1e-12, 1e-13), dtypes=("F16", "F16")))
    tiny = [[1 << 30]] + [[-1]] * 5, [[1 << 30, 1]]
    yield Case("v-balanced-minus-zero", "Products that binary32 rounds to -0: they are +0", ["R-BAL-004"],
               of_pair(([6, 1], [1, 2]), tiny, (2.0 ** -149, 1e28), dtypes=F32S))
    yield Case("v-balanced-long", "Long columns and rows", ["R-BAL-004"],
               of_pair(([400, 2], [2, 300]), plain(400, 2, 300, "sums", 30_000, 0.001), (0.37, 0.91), dtypes=F32S))
    for name, column in (("order", ORDER), ("runs", RUNS)):
        yield Case(f"v-balanced-sum-{name}", "A column whose last element lies next to the middle of two of binary32: the order of the sums shows", ["R-BAL-004"],
                   of_pair(([10, 1], [1, 1]), ([[1]], [[1]]), (1.0, 1.0), groups=[[Group("F32", [list(column)], one)]], sides=([(0, 0, 1)], (), (), ()),
                           dtypes=F32S))
    r = rng("balanced wide")
    wide = [[Group("F32", [[f32_bits(f32(r.uniform(-3e38, 3e38))) for _ in range(6)]], one)]]
    yield Case("v-balanced-infinite", "A factor of infinities, whose column is +0 in both", ["R-BAL-004"],
               of_pair(([6, 1], [1, 7]), ([[60_000]], core(1, 7, "infinite")), (1.0, 1.0), groups=wide, sides=([(0, 0, 1)], (), (), ()), dtypes=F32S))
    yield Case("v-balanced-inner-65536", "A left factor of 65,536 columns, at the limit", ["R-BAL-003", "R-LIM-019"],
               of_pair(([1, 1 << 16], [1 << 16, 1]), plain(1, 1 << 16, 1, "inner", 30, 0.001), dtypes=("BF16", "F32"), lanes_log=5), recipe=True)
    many = [[group("I8", 300, 3, "b many")]]
    yield Case("v-balanced-blocks", "66,000 coefficients of the left factor: a full block and one of 464", ["R-BAL-002", "R-COF-002", "R-IDX-012"],
               of_pair(([3, 220], [220, 2]), (core(300, 220, "b many", 300, 0.1), core(220, 2, "b few")), groups=many, sides=([(0, 0, 300)], (), (), ()),
                       lanes_log=5, dtypes=("BF16", "F32")), recipe=True)


def depths():
    yield Case("v-balanced-depth-4", "A factor of depth 4, by its partner's directions", ["R-DEC-005"], lambda: deep(3))


def layered(dtype, equal=False, zstd=None, first=LEFT):
    """A pair in the layer, the file by delta or equal on it."""
    stored = [basis(group("I8", 3, 6, "b layer"), group("I8", 4, 8, "b layer"))]
    layer = balanced_pair(([6, 2], [2, 8]), plain(3, 2, 4, "layer"), (1e-3, 2e-3), stored, ([(0, 0, 3)], (), (), [(0, 3, 4)]), dtypes=(dtype, dtype),
                          first=first)
    return upon(layer, stored, dtype, "on balanced ", equal, zstd)


def mixed():
    return mixed_of(balanced_pair(([4, 2], [2, 5]), plain(4, 2, 5, "mixed"), (1e-3, 1e-3)),
                    balanced_pair(([3, 2], [2, 3]), plain(3, 2, 3, "mixed 2"), (1e-3, 1e-3), places=(3, 4), names=("d", "e")))


def layers():
    for dtype in DTYPES:
        yield Case(f"v-balanced-layer-{dtype.lower()}", f"A pair in the layer, {dtype}, and the file by delta on it", [*IDS, "R-LYR-003", "R-LYR-005"],
                   lambda d=dtype: layered(d))
    yield Case("v-balanced-layer-equal", "The file that is its layer's, a pair, the right factor first", ["R-LYR-005", "R-BAL-001"],
               lambda: layered("F32", True, first=RIGHT))
    yield Case("v-balanced-layer-zstd", "The layer's Index as a zstd frame", ["R-LYR-001", "R-MSG-007"], lambda: layered("BF16", zstd=zstd_raw))
    yield Case("v-balanced-layer-mixed", "A pair in the layer, another in the file", ["R-LYR-003", "R-BAL-001"], mixed)


def all_cases():
    for cases in (shapes, numbers, depths, layers):
        yield from cases()
