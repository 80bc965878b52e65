"""The valid cases of the predictor `lowrank` and of the residual `factors`."""
from . import valid
from .build import EQUAL, Spec, Tensor, assemble, on_layer_plan, zstd_raw
from .cases import Case, Made, floats, floats_tensor, near, normal, rng, specials
from .coder import f32, f32_bits
from .plans import bounded_tensor, lowrank_tensor
from .valid_bounded import DTYPES, ENDS
from .valid_layer import exact

IDS = ["R-LRK-001", "R-LRK-002", "R-LRK-003"]
FINE = tuple(range(1, 129))


def factor(rank, length, seed, size=30):
    """Numbers of one factor for every k."""
    r = rng("factor " + seed)
    return [[int(normal(r, size)) for _ in range(length)] for _ in range(rank)]


def of_rank(dtype, shape, u, v, center=None, center_dtype=None, step=1e-4, **options):
    """A record of one tensor; center: bits of a plain record's tensor."""

    def make():
        stored = [valid.plain(center_dtype or dtype, center, shape)] if center else []
        tensor = lowrank_tensor("w", dtype, shape, stored, u, v, step, (0, 0) if center else None, **options)
        return Made(assemble(Spec([tensor], dependencies=stored)), stored)

    return make


def usual(dtype, center=True, seed="usual", **options):
    u, v = factor(3, 6, f"{seed} u {dtype}"), factor(3, 10, f"{seed} v {dtype}")
    return of_rank(dtype, [6, 10], u, v, floats(dtype, 60, rng(f"{seed} {dtype}")) if center else None, **options)


def shapes():
    for dtype in DTYPES:
        yield Case(f"v-lowrank-{dtype.lower()}", f"Rank 3 upon a center, {dtype}", [*IDS, "R-MOD-005"], usual(dtype, ends=(1, 2, 3, 4, 5, 128)))
        yield Case(f"v-lowrank-uncentred-{dtype.lower()}", f"Rank 3 without a center, {dtype}", IDS, usual(dtype, False, lanes_log=1))
    for own, other in (("F32", "BF16"), ("BF16", "F32")):
        values = floats(other, 30, rng("lowrank " + own)) + specials(other)[:6]
        yield Case(f"v-lowrank-{own.lower()}-of-{other.lower()}", f"A {own} tensor around a center of {other}", ["R-LRK-001", "R-MOD-006", "R-PRD-002"],
                   of_rank(own, [6, 6], factor(2, 6, own), factor(2, 6, other), values, other, step=0.00037))
    for name, shape, dims, m, n in (
            ("row", [1, 9], 1, 1, 9), ("column", [9, 1], 1, 9, 1), ("one", [1, 1], 1, 1, 1), ("scalar", [], 0, 1, 1), ("vector-0", [7], 0, 1, 7),
            ("vector-1", [7], 1, 7, 1), ("four-0", [2, 3, 2, 2], 0, 1, 24), ("four-1", [2, 3, 2, 2], 1, 2, 12), ("four-2", [2, 3, 2, 2], 2, 6, 4),
            ("four-3", [2, 3, 2, 2], 3, 12, 2), ("four-4", [2, 3, 2, 2], 4, 24, 1)):
        yield Case(f"v-lowrank-dims-{name}", f"Shape {shape}, matrix_dims {dims}", ["R-LRK-001", "R-LRK-003"],
                   of_rank("F32", shape, factor(2, m, name), factor(2, n, name + " v"), floats("F32", m * n, rng(name)), matrix_dims=dims))
    for rank, m, n in ((1, 5, 4), (20, 3, 4), (64, 2, 2), (70, 2, 3)):
        yield Case(f"v-lowrank-rank-{rank}", f"Rank {rank} of {m} x {n}, a segment for every context", ["R-LRK-002", "R-LRK-003"],
                   of_rank("BF16", [m, n], factor(rank, m, f"rank {rank}"), factor(rank, n, f"rank {rank} v"),
                           floats("BF16", m * n, rng("rank")), ends=FINE))
    yield Case("v-lowrank-depth-4", "Depth 4: a center of depth 3", ["R-DEC-005"], lambda: deep(3))
    yield Case("v-lowrank-scales-claimed", "Row and column scales that an entry claims stand in the scales chunk and mean nothing",
               ["R-IDX-007", "R-IDX-009", "R-SCL-001"], scales_claimed)
    fields = {"scale": 500, "left": [{"dependency": 9}], "factor": 7, "partner": 9, "dependency": 4, "source_tensor": 8}
    yield Case("v-lowrank-other-fields", "Fields of other predictors, and the scale, are ignored", IDS, usual("F32", False, entry=fields, ends=FINE))


def deep(depth):
    stored = valid.chained(depth)
    tensor = lowrank_tensor("w", "BF16", [4, 5], [stored[-1]], factor(2, 4, "deep"), factor(2, 5, "deep v"), 1e-4, (0, 0))
    return Made(assemble(Spec([tensor], dependencies=[stored[-1]])), stored)


def scales_claimed():
    entry = {"row_dims": 1, "has_row_scales": True, "has_column_scales": True}
    one = lowrank_tensor("a", "F32", [2, 3], [], factor(1, 2, "claimed"), factor(1, 3, "claimed v"), 0.1, entry=entry)
    two = bounded_tensor("b", "F32", [2, 3], [1, -2, 3, 0, 5, -6], 0.1, row_dims=1, rows=[7, 90], ends=FINE)
    claimed, spec = one.plan, Spec([one, two])

    def plan(part, tensor, **options):
        part.scales += b"\1\2\3\4\5"
        return claimed(part, tensor, **options)

    one.plan = plan
    return Made(assemble(spec))


def numbers():
    """Roundings, overflow and signs of zero."""
    large = floats("F32", 24 * 20, rng("lowrank sums"), 0.3)
    yield Case("v-lowrank-sums", "Sums of 20 terms that cancel: the order and each rounding show", ["R-LRK-001", "R-MOD-005"],
               of_rank("F32", [24, 20], factor(20, 24, "sums", 30_000), factor(20, 20, "sums v", 30_000), large, step=0.37e-9))
    wide = [[n] for n in ENDS]
    ones = [[1]] * len(ENDS)
    yield Case("v-lowrank-range", "Every length of a number, more than 24 bits rounded to even, -2^31 by escape", ["R-LRK-003"], lambda: Made(
        assemble(Spec([lowrank_tensor("a", "F32", [1, 1], [], wide, ones, 1.0),
                       lowrank_tensor("b", "F32", [1, len(ENDS) + 1], [], [[1]], [ENDS + [-1 << 31]], 1.0),
                       lowrank_tensor("c", "F32", [len(ENDS) + 1, 2], [], [ENDS + [-1 << 31]], [[3, -(1 << 31)]], 1e-9)]))))
    yield Case("v-lowrank-escapes", "Every number escaped", ["R-LRK-003"], usual("F32", False, "escapes", escapes=range(48)))
    for log in range(6):
        yield Case(f"v-lowrank-lanes-{1 << log}", f"{1 << log} lanes", ["R-LRK-003", "R-RNS-002"], usual("F16", False, f"lanes {log}", lanes_log=log))
    some = [[1, 2], [0, 0], [3, -4], [5, 6]]
    others = [[1, -1, 2], [7, 8, 9], [0, 0, 0], [-1, 1, 1]]
    zeros = floats("BF16", 2, rng("zero")) + [0x8000, 0, 0x7F80, 0x8001]
    yield Case("v-lowrank-zero-terms", "A k of which every u, and one of which every v is 0", ["R-LRK-001"], of_rank("BF16", [2, 3], some, others, zeros))
    yield Case("v-lowrank-zero", "Mode 1: every number is 0, the center's -0 becomes +0", ["R-LRK-003"],
               of_rank("BF16", [2, 3], [[0, 0]] * 2, [[0, 0, 0]] * 2, zeros, modes=[1]))
    for dtype in DTYPES:
        values = specials(dtype)
        yield Case(f"v-lowrank-specials-{dtype.lower()}", f"A center with infinities, NaNs, subnormals and zeros, {dtype}", ["R-LRK-001", "R-MOD-006"],
                   of_rank(dtype, [2, len(values) // 2], [[1, -2]], [[n % 3 - 1 for n in range(len(values) // 2)]], values, step=0.25))
    big = f32_bits(f32(1e38))
    yield Case("v-lowrank-overflow", "y overflows: the center's element", ["R-MOD-006", "R-LRK-001"],
               of_rank("F32", [2, 2], [[2, -3]], [[1, 2]], [big, big ^ 1 << 31, 0, 0x7F7FFFFF], step=1e38))
    yield Case("v-lowrank-overflow-none", "y overflows without a center: +0", ["R-MOD-006"], of_rank("BF16", [2, 2], [[2, -3]], [[1, 2]], step=1e38))
    yield Case("v-lowrank-rounding-f16", "F16: overflow to infinity, ties, subnormals", ["R-MOD-005"],
               of_rank("F16", [1, 8], [[1]], [[1, 3, -3, 5, (1 << 31) - 1, -(1 << 30), 1 << 12, -7]], step=2.0 ** -26))
    yield Case("v-lowrank-rounding-f16-infinite", "F16: finite sums above its largest", ["R-MOD-005"],
               of_rank("F16", [1, 5], [[1]], [[65504, 65519, 65520, -65520, 1 << 20]], step=1.0))
    yield Case("v-lowrank-subnormal", "A subnormal step", ["R-MOD-005"],
               of_rank("F32", [1, 5], [[3]], [[1, -1, 1 << 20, 7, 0]], [0, 1, 5, 0x80000001, 0x80000000], step=2.0 ** -149))
    rows = factor(1, 65_599, "blocks", 5)[0]
    yield Case("v-lowrank-blocks", "65,600 numbers: a full block and one of 64", ["R-LRK-003", "R-IDX-012"],
               of_rank("BF16", [1, 65_599], [[7]], [rows], lanes_log=5), recipe=True)
    yield Case("v-lowrank-blocks-ranks", "Rank 2,130 of 30 x 1: a block that ends within a k", ["R-LRK-003", "R-IDX-012"],
               of_rank("F32", [30, 1], factor(2130, 30, "blocks u", 2), factor(2130, 1, "blocks v", 2), lanes_log=5, ends=(2, 126, 127, 128)), recipe=True)
    yield Case("v-lowrank-blocks-zero", "65,600 numbers, the first block of zeros", ["R-LRK-003"],
               of_rank("F16", [1, 65_599], [[0]], [[0] * 65_535 + rows[:64]], modes=[1, 3]), recipe=True)


def layered(dtype, residual=None, zstd=None):
    """A centred tensor of rank 3 in the layer, the file by delta, bounded or equal on it."""
    stored = [valid.plain(dtype, floats(dtype, 60, rng("lowrank layer")), [6, 10])]
    layer = lowrank_tensor("w", dtype, [6, 10], stored, factor(3, 6, "layer"), factor(3, 10, "layer v"), 1e-5, (0, 0), ends=(2, 4, 128))
    if residual == EQUAL:
        tensor = Tensor("w", dtype, [6, 10], layer.data, on_layer_plan, residual=EQUAL)
    else:
        tensor = floats_tensor("w", dtype, [6, 10], near(dtype, layer.elements(), rng("on lowrank")), on_layer_plan, scale=470)
    return Made(assemble(exact([layer], [tensor], stored, [1], {"zstd": zstd})), stored)


def layers():
    for dtype in DTYPES:
        yield Case(f"v-lowrank-layer-{dtype.lower()}", f"A layer of rank 3 upon a base, {dtype}, and the file by delta on it",
                   [*IDS, "R-LYR-003", "R-LYR-005"], lambda d=dtype: layered(d))
    yield Case("v-lowrank-layer-equal", "The file that is its layer of rank 3", ["R-LYR-005", "R-LRK-001"], lambda: layered("BF16", EQUAL))
    yield Case("v-lowrank-layer-zstd", "The layer's Index as a zstd frame", ["R-LYR-001", "R-MSG-007"], lambda: layered("F16", None, zstd_raw))


def all_cases():
    for cases in (shapes, numbers, layers):
        yield from cases()
