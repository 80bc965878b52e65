"""The valid cases of the predictor `product`."""
from . import valid
from .build import EQUAL, LAYER, Spec, Tensor, assemble, on_layer_plan, zstd_raw
from .cases import Case, Made, floats, floats_tensor, near, normal, rng
from .coder import f32, f32_bits
from .directions import BASIS, Group, basis, group
from .plans import LEFT, RIGHT, bounded_tensor, product_pair
from .valid_bounded import DTYPES
from .valid_layer import exact

IDS = ["R-PRO-001", "R-PRO-002", "R-PRO-003", "R-PRO-005"]
FINE = tuple(range(1, 129))


def core(rows, columns, seed, size=300, fall=0.3):
    """Coefficients that get smaller towards the last directions."""
    r = rng("core " + seed)
    return [[int(normal(r, size / (1 + fall * (a + b)))) for b in range(columns)] for a in range(rows)]


def deficient(rows, columns, rank, seed):
    """A core of that rank exactly."""
    r = rng("deficient " + seed)
    u, v = ([[r.randrange(-9, 10) for _ in range(n)] for _ in range(rank)] for n in (rows, columns))
    return [[sum(u[t][a] * v[t][b] for t in range(rank)) for b in range(columns)] for a in range(rows)]


def of_pair(shapes, q, rank, step=1e-4, groups=(), left=(), right=(), **options):
    """A record of one pair; the dependencies are bases, one of each list of groups."""

    def make():
        stored = [basis(*one) for one in groups]
        tensors = product_pair(shapes, q, step, rank, stored, left, right, **options)
        return Made(assemble(Spec(tensors, dependencies=stored, roles=[BASIS] * len(stored))), stored)

    return make


def identities(q, rank, **options):
    """A pair without directions: k = m and l = n."""
    return of_pair(([len(q), rank], [rank, len(q[0])]), q, rank, **options)


def shapes():
    for dtype in DTYPES:
        for first, name in ((LEFT, "left"), (RIGHT, "right")):
            yield Case(f"v-product-{name}-{dtype.lower()}", f"No directions, the {name} factor first, {dtype}", IDS,
                       identities(core(6, 7, name + dtype), 3, dtypes=(dtype, dtype), first=first))
    for one, other in (("F32", "BF16"), ("BF16", "F16"), ("F16", "F32")):
        yield Case(f"v-product-{one.lower()}-{other.lower()}", f"A left factor of {one} and a right one of {other}", IDS,
                   identities(core(5, 4, one + other), 2, dtypes=(one, other)))
    groups = [[group("I8", 4, 6, "product left"), group("I8", 3, 9, "product right")]]
    left, right = {"left": [(0, 0, 4)]}, {"right": [(0, 3, 3)]}
    for name, sides, k, l in (("both", {**left, **right}, 4, 3), ("left", left, 4, 9), ("right", right, 6, 3)):
        for first in (LEFT, RIGHT):
            yield Case(f"v-product-directions-{name}-{first}", f"Directions: {name}; factor {first} first, a segment for every context",
                       [*IDS, "R-MOD-001", "R-MOD-002", "R-COF-001"],
                       of_pair(([6, 2], [2, 9]), core(k, l, name), 2, groups=groups, first=first, dtypes=("F32", "BF16"), scale=9, ends=FINE, **sides))
    more = [[group("F32", 3, 6, "product a"), group("BF16", 2, 9, "product b")], [group("I8", 2, 6, "product c"), group("F32", 4, 9, "product d")]]
    yield Case("v-product-two-bases", "Directions of two bases on both sides", [*IDS, "R-MOD-001"],
               of_pair(([6, 4], [4, 9]), core(5, 6, "two bases"), 4, groups=more, left=[(0, 0, 3), (1, 0, 2)], right=[(1, 3, 4), (0, 3, 2)],
                       dtypes=("F32", "F32"), lanes_log=2))
    for name, left_shape, right_shape, dims, m, r, n in (
            ("convolution", [6, 3, 1, 1], [3, 2, 2, 2], (1, 1), 6, 3, 8), ("four", [2, 3, 2, 2], [2, 2, 1, 5], (2, 2), 6, 4, 5),
            ("vectors", [5], [7], (1, 0), 5, 1, 7), ("vectors-inner", [4], [4], (0, 1), 1, 4, 1), ("scalars", [], [1], (0, 0), 1, 1, 1),
            ("uneven", [2, 3, 4], [2, 2, 1, 3], (2, 3), 6, 4, 3)):
        for first in (LEFT, RIGHT):
            yield Case(f"v-product-dims-{name}-{first}", f"Shapes {left_shape} and {right_shape}, matrix_dims {dims}; factor {first} first", IDS,
                       of_pair((left_shape, right_shape), core(m, n, name), r, dims=dims, first=first, dtypes=("F32", "F32")))
    for k, l, r in ((1, 1, 1), (1, 1, 5), (1, 6, 3), (6, 1, 3), (3, 5, 5), (5, 3, 5), (4, 4, 9), (3, 2, 40), (8, 8, 8)):
        yield Case(f"v-product-ranks-{k}-{l}-{r}", f"A core of {k} x {l} brought to rank {r}", ["R-PRO-005", "R-PRO-004"],
                   identities(core(k, l, f"ranks {k} {l} {r}"), r, dtypes=("F32", "F32")))
    wide = [[group("F32", 5, 2, "more than rows"), group("F32", 6, 3, "more than columns")]]
    yield Case("v-product-directions-many", "More directions than rows and columns", IDS,
               of_pair(([2, 4], [4, 3]), core(5, 6, "many"), 4, groups=wide, left=[(0, 0, 5)], right=[(0, 3, 6)], dtypes=("F32", "F32")))
    yield Case("v-product-pairs", "Two pairs that interleave, tensors between them", [*IDS, "R-IDX-004"], pairs)
    yield Case("v-product-other-fields", "Fields that a factor without the core does not use are ignored", ["R-PRO-002", "R-IDX-005"], identities(
        core(4, 5, "fields"), 2, entry={"dependency": 9, "source_tensor": 9, "centred": True, "rank": 77},
        other={"step": -1.0, "table_set": 99, "scale": 77, "dependency": 9, "centred": True, "rank": 5}))
    yield Case("v-product-scales-claimed", "Row and column scales that both entries claim mean nothing", ["R-IDX-007", "R-IDX-009", "R-PRO-002"],
               scales_claimed)
    yield Case("v-product-depth-4", "Depth 4: directions of depth 3", ["R-DEC-005"], lambda: deep(3))


def pairs():
    one = product_pair(([5, 2], [2, 6]), core(5, 6, "pairs 1"), 1e-4, 2, dtypes=("F32", "BF16"), places=(0, 4), names=("a", "e"))
    two = product_pair(([4, 3], [3, 4]), core(4, 4, "pairs 2"), 1e-3, 3, dtypes=("BF16", "F16"), places=(1, 5), first=RIGHT, names=("b", "f"), scale=8)
    between = bounded_tensor("d", "F16", [5], [1, 2, -3, 4, 0], 0.01)
    return Made(assemble(Spec([one[0], two[0], Tensor("c", "U8", [3], b"abc"), between, one[1], two[1]])))


def scales_claimed():
    entry = {"row_dims": 1, "has_row_scales": True}
    tensors = product_pair(([3, 2], [2, 4]), core(3, 4, "claimed"), 1e-3, 2, entry=entry, other={**entry, "has_column_scales": True})
    plan = tensors[0].plan

    def claimed(part, tensor, **options):
        part.scales += bytes(range(3 + 2 + 4))
        return plan(part, tensor, **options)

    tensors[0].plan = claimed
    return Made(assemble(Spec(tensors)))


def deep(depth):
    """A pair whose left direction, a plain tensor of 20 elements, is at the given depth."""
    stored = valid.chained(depth)
    tensors = product_pair(([20], [4]), core(1, 4, "deep"), 1e-3, 1, [stored[-1]], left=[(0, 0, 1)], dims=(1, 0), roles=[2], dtypes=("F32", "F32"))
    return Made(assemble(Spec(tensors, dependencies=[stored[-1]], roles=[2])), stored)


def cores():
    def case(id, title, q, rank, requirements=("R-PRO-005",), dtypes=("F32", "F32"), **options):
        return Case(f"v-product-core-{id}", title, requirements, identities(q, rank, dtypes=dtypes, **options))

    yield case("zero", "A core of zeros: factors of +0", [[0] * 5 for _ in range(4)], 3, modes=[1])
    yield case("zero-coded", "A core of zeros in mode 3", [[0] * 5 for _ in range(4)], 3)
    single = [[0] * 6 for _ in range(5)]
    single[4][5] = -1234
    yield case("single", "One number, the last, that is not 0", single, 3)
    yield case("rank-1", "A core of rank 1 brought to rank 3", deficient(6, 7, 1, "one"), 3)
    yield case("rank-2", "A core of rank 2 brought to rank 4", deficient(6, 7, 2, "two"), 4)
    yield case("rank-3-exact", "A core of rank 3 brought to rank 3", deficient(7, 5, 3, "three"), 3)
    yield case("columns-equal", "Columns that are equal, negative and zero", [[a * s for s in (1, 1, -1, 0, 2, 1)] for a in (3, -5, 7, 2)], 2)
    late = [[(1 if a + b < 8 else 5000) * n for b, n in enumerate(row)] for a, row in enumerate(core(6, 7, "late", 20, 0))]
    yield case("late", "Nearly all energy in the last rows and columns", late, 2)
    row = [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 90_000], [0, 2, -3, 0]]
    yield case("sparse", "A few numbers far apart, nothing along the diagonal", row, 2)
    for n, rank in ((3, 2), (4, 1), (5, 3)):
        equal = [[7 if (a + 2) % n == b else 0 for b in range(n)] for a in range(n)]
        yield case(f"ties-{n}-{rank}", f"{n} columns of the same length at right angles, rank {rank}: the first ones are taken", equal, rank)
    tied = [[9, 1, 4, -9], [1, 9, 8, 1], [4, 4, 1, -4]]
    yield case("ties-oblique", "Columns of the same length, not at right angles", tied, 2)
    close = core(9, 9, "close", 1000, 0)
    for rank in (1, 2, 4):
        yield case(f"close-{rank}", f"Singular values close to each other: four iterations do not settle, rank {rank}", close, rank)
    hilbert = [[round(1e9 / (a + b + 1)) for b in range(7)] for a in range(7)]
    yield case("falling", "Singular values that fall by seven orders of magnitude, rank 7", hilbert, 7, step=1e-9)
    nearly = [[10_000_000 * (a + 1) * (b + 2) + ((a * 7 + b * 3) % 5 - 2) for b in range(6)] for a in range(6)]
    yield case("nearly-rank-1", "A core of rank 1 and small numbers", nearly, 4, step=1e-8)
    nearly = [[4_000_000 * (a + 1) * (b + 2) + ((a * 7 + b * 3 + a * b) % 5 - 2) for b in range(20)] for a in range(24)]
    yield case("nearly-rank-1-24-20", "The same of 24 x 20: the small ones' columns show every rounding of the sums", nearly, 6, step=1e-9, lanes_log=1)
    ends = [[(1 << 31) - 1, -(1 << 31), (1 << 24) + 1], [1, -1, (1 << 30) + 1], [-(1 << 24) - 3, 0, 5]]
    yield case("range", "Coefficients of up to 32 bits, each exact in binary64", ends, 3, ("R-PRO-005", "R-COF-001"), step=1e-9, lanes_log=1)
    yield case("escapes", "Every coefficient escaped", core(3, 4, "escapes"), 2, ("R-COF-001",), escapes=range(12))
    for log in (3, 5):
        yield case(f"lanes-{1 << log}", f"{1 << log} lanes", core(5, 6, f"lanes {log}"), 2, ("R-COF-001",), lanes_log=log)


def twice(q, rows, columns):
    """A core whose first rows and columns stand once more at its end."""
    q = [row + row[:columns] for row in q]
    return q + q[:rows]


def opposed(large, small, length):
    """Directions of which the first are large, and the last these with the other sign."""
    r = rng(f"opposed {length}")
    first = [[f32_bits(f32(normal(r, 1e10))) for _ in range(length)] for _ in range(large)]
    middle = [floats("F32", length, r, 0.5) for _ in range(small)]
    rows = [*first, *middle, *([u ^ 1 << 31 for u in row] for row in first)]
    return Group("F32", rows, [0x3F800000] * len(rows), [0] * len(rows))


def roots():
    tensors = []
    for n, (q, step) in enumerate(((65_342_667, 4_312_803), (66_411_075, 4_255_443), (136_971_147, 2_162_403), (137_701_875, 2_793_675))):
        tensors += product_pair(([1, 1], [1, 1]), [[q]], step, 1, dtypes=("F32", "F32"), places=(2 * n, 2 * n + 1), names=(f"a{n}", f"b{n}"))
    return Made(assemble(Spec(tensors)))


def numbers():
    """Roundings, overflow and signs of zero."""
    q = core(5, 6, "numbers")
    for name, step in (("subnormal", 2.0 ** -149), ("small", 1e-30), ("large", 1e30), ("largest", 3.4028234663852886e38)):
        yield Case(f"v-product-step-{name}", f"A step of {step}", ["R-PRO-002", "R-PRO-005"], identities(q, 3, step=step, dtypes=("F32", "F32")))
    one = [0x3F800000]
    huge = [[Group("F32", [[f32_bits(f32(x)) for x in (3e38, -3e38, 1e30, 1, 1e-30, 0)]], one),
             Group("F32", [[f32_bits(f32(x)) for x in (-2e38, 1e-38, 1e-42, 1e5, 2e9, -1e-44)]], one)]]
    for dtype in DTYPES:
        yield Case(f"v-product-overflow-{dtype.lower()}", f"Values that overflow binary32 (+0), values that only {dtype} cannot hold, and subnormal ones",
                   ["R-PRO-005"], of_pair(([6, 2], [2, 6]), [[-60_000]], 2, step=1.0, groups=huge, left=[(0, 0, 1)], right=[(0, 3, 1)],
                                          dtypes=(dtype, dtype)))
    yield Case("v-product-underflow-f16", "F16 factors with elements that round to -0 and to subnormals", ["R-PRO-005", "R-DEC-007"],
               identities(core(6, 7, "underflow"), 5, step=1e-15, dtypes=("F16", "F16")))
    yield Case("v-product-sums", "Directions whose sums cancel: the order and each rounding show", ["R-PRO-005"],
               of_pair(([30, 6], [6, 25]), twice(core(16, 13, "sums", 30_000, 0.05), 8, 7), 6, groups=[[opposed(8, 8, 30), opposed(7, 6, 25)]],
                       left=[(0, 0, 24)], right=[(0, 3, 20)], dtypes=("F32", "F32"), step=0.37e-6))
    yield Case("v-product-roots", "Cores of one number whose factors lie next to the middle of two of binary32: the two roots are each rounded",
               ["R-PRO-005"], roots)
    many = {"groups": [[group("I8", 300, 3, "p many"), group("I8", 220, 4, "p many")]], "left": [(0, 0, 300)], "right": [(0, 3, 220)]}
    q = core(300, 220, "p many", 300, 0.1)
    yield Case("v-product-blocks", "66,000 coefficients: a full block and one of 464", ["R-PRO-003", "R-IDX-012"],
               of_pair(([3, 1], [1, 4]), q, 1, lanes_log=5, dtypes=("F32", "F32"), **many), recipe=True)
    zero = [row if a < 298 else [0] * 220 for a, row in enumerate(q)]
    zero[297] = [n if 297 * 220 + b < 65_536 else 0 for b, n in enumerate(zero[297])]
    yield Case("v-product-blocks-zero", "66,000 coefficients, the second block of zeros", ["R-PRO-003"],
               of_pair(([3, 2], [2, 4]), zero, 2, modes=[3, 1], lanes_log=4, dtypes=("BF16", "F32"), **many), recipe=True)


def layered(dtype, equal=False, zstd=None, first=LEFT):
    """A pair in the layer, the file by delta or equal on it."""
    stored = [basis(group("I8", 3, 6, "p layer"), group("I8", 4, 8, "p layer"))]
    layer = product_pair(([6, 2], [2, 8]), core(3, 4, "layer"), 1e-4, 2, stored, [(0, 0, 3)], [(0, 3, 4)], dtypes=(dtype, dtype), first=first)
    return upon(layer, stored, dtype, "on product ", equal, zstd)


def upon(layer, stored, dtype, seed, equal, zstd):
    """The record of a pair in the layer, the file by delta or equal on it."""
    if equal:
        return Made(assemble(exact(layer, None, stored, [BASIS], {"zstd": zstd})), stored)
    tensors = [floats_tensor(t.name, dtype, t.shape, near(dtype, t.elements(), rng(seed + t.name)), on_layer_plan, scale=470) for t in layer]
    return Made(assemble(exact(layer, tensors, stored, [BASIS], {"zstd": zstd})), stored)


def mixed():
    return mixed_of(product_pair(([4, 2], [2, 5]), core(4, 5, "mixed"), 1e-3, 2),
                    product_pair(([3, 2], [2, 3]), core(3, 3, "mixed 2"), 1e-3, 2, places=(3, 4), names=("d", "e")))


def mixed_of(pair, file):
    """In the layer a pair, in the file one factor equal and the other within a bound; then a pair in the file alone."""
    layer = [*pair, Tensor("c", "U8", [2], b"ab"), bounded_tensor("d", "BF16", [3, 2], [1] * 6, 0.5), bounded_tensor("e", "BF16", [2, 3], [-1] * 6, 0.5)]
    within = bounded_tensor("b", "BF16", [2, 5], [n - 5 for n in range(10)], 0.001, layer[1], LAYER)
    tensors = [Tensor("a", "BF16", [4, 2], layer[0].data, on_layer_plan, residual=EQUAL), within, layer[2], *file]
    return Made(assemble(exact(layer, tensors)))


def layers():
    for dtype in DTYPES:
        yield Case(f"v-product-layer-{dtype.lower()}", f"A pair in the layer, {dtype}, and the file by delta on it", [*IDS, "R-LYR-003", "R-LYR-005"],
                   lambda d=dtype: layered(d))
    yield Case("v-product-layer-equal", "The file that is its layer's, a pair, the right factor first", ["R-LYR-005", "R-PRO-001"],
               lambda: layered("F32", True, first=RIGHT))
    yield Case("v-product-layer-zstd", "The layer's Index as a zstd frame", ["R-LYR-001", "R-MSG-007"], lambda: layered("BF16", zstd=zstd_raw))
    yield Case("v-product-layer-mixed", "A pair in the layer, another in the file", ["R-LYR-003", "R-PRO-001"], mixed)


def all_cases():
    for cases in (shapes, cores, numbers, layers):
        yield from cases()
