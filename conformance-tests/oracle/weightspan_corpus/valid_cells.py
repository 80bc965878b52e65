"""The valid cases of the residual `cells`."""
from . import valid
from .build import Tensor, assemble, on_layer_plan, pack
from .cases import Case, Made, floats, floats_tensor, near, rng, specials
from .plans import cells_plan, lowrank_tensor
from .valid_layer import exact
from .valid_lowrank import FINE, factor

DTYPES = {"BF16": 440, "F16": 460}
WIDTHS = tuple(range(16, 129, 16))
IDS = ["R-CEL-001", "R-CEL-002"]


def upon(dtype, shape, u, v, center=None, center_dtype=None, step=1e-4, values=None, matrix_dims=1, beside=False, **options):
    """A record whose only tensor is coded by cells upon a layer of factors; values: bits of the file's, near the layer's otherwise."""

    def make():
        stored = [valid.plain(center_dtype or dtype, center, shape)] if center else []
        layer = lowrank_tensor("w", dtype, shape, stored, u, v, step, (0, 0) if center else None, matrix_dims=matrix_dims)
        own = near(dtype, layer.elements(), rng(f"cells {dtype} {len(v[0])}")) if values is None else values(layer.elements())
        tensors, layers = [floats_tensor("w", dtype, shape, own, cells_plan, **options)], [layer]
        if beside:
            other = lowrank_tensor("x", dtype, shape, stored, v=v, u=u, step=step / 2, center=(0, 0) if center else None)
            layers.append(other)
            tensors.append(floats_tensor("x", dtype, shape, near(dtype, other.elements(), rng("beside")), on_layer_plan, scale=470))
        return Made(assemble(exact(layers, tensors, stored)), stored)

    return make


def usual(dtype, seed="usual", center=True, **options):
    u, v = factor(3, 12, f"cells {seed} u"), factor(3, 10, f"cells {seed} v")
    options = {"scale": DTYPES[dtype], "ends": WIDTHS, **options}
    return upon(dtype, [12, 10], u, v, floats(dtype, 120, rng(f"cells {seed}")) if center else None, **options)


def moved(*steps):
    """The layer's elements a few neighbours on."""
    return lambda elements: [(u + steps[n % len(steps)]) % (1 << 16) for n, u in enumerate(elements)]


def kinds():
    for dtype in DTYPES:
        name = dtype.lower()
        yield Case(f"v-cells-{name}", f"Cells upon factors and a base, {dtype}", [*IDS, "R-LYR-003"], usual(dtype))
        yield Case(f"v-cells-uncentred-{name}", f"Cells upon factors alone, {dtype}", IDS, usual(dtype, "alone", False, scale=430))
        yield Case(f"v-cells-rows-{name}", f"Row scales, {dtype}", [*IDS, "R-SCL-001"], usual(dtype, row_dims=1, rows=list(range(-24, 24, 4))))
        yield Case(f"v-cells-lines-{name}", f"Row and column scales, {dtype}", [*IDS, "R-SCL-001"],
                   usual(dtype, row_dims=1, rows=[5, -5] * 6, columns=[20, -20, 3, 0, -128, 127, 1, 2, 3, 4]))
        yield Case(f"v-cells-escapes-{name}", f"Every second element escaped: an escape's difference is not turned, {dtype}", [*IDS, "R-DEL-001"],
                   usual(dtype, "escapes", escapes=range(0, 120, 2)))
    yield Case("v-cells-beside-delta", "A tensor by cells and one by delta upon one layer", IDS, usual("BF16", "beside", beside=True))
    yield Case("v-cells-f32-center", "A BF16 tensor around a center of F32", [*IDS, "R-PRD-002"],
               upon("BF16", [5, 6], factor(2, 5, "cells f32"), factor(2, 6, "cells f32 v"), floats("F32", 30, rng("cells f32")), "F32",
                    scale=440, ends=WIDTHS))
    yield Case("v-cells-dims", "Shape [2, 3, 2, 2], matrix_dims 2", IDS,
               upon("F16", [2, 3, 2, 2], factor(2, 6, "cells dims"), factor(2, 4, "cells dims v"), floats("F16", 24, rng("cells dims")),
                    matrix_dims=2, scale=460, ends=WIDTHS))
    for log in (0, 2, 5):
        yield Case(f"v-cells-lanes-{1 << log}", f"{1 << log} lanes", [*IDS, "R-RNS-002"], usual("BF16", "lanes", lanes_log=log))
    for scale in (-65_536, 380, 420, 500, 65_536):
        yield Case(f"v-cells-scale-{scale}", f"Scale {scale}, a segment for every context", [*IDS, "R-IDX-011"],
                   usual("BF16", "scales", scale=scale, ends=FINE))
    yield Case("v-cells-mode-raw", "Mode 0", ["R-CEL-002"], usual("BF16", "raw", modes=[0]))
    yield Case("v-cells-mode-predicted", "Mode 1: the layer's elements", ["R-CEL-002"], usual("F16", "predicted", modes=[1], values=list))
    yield Case("v-cells-mode-constant", "Mode 2", ["R-CEL-002"], usual("BF16", "constant", modes=[2], values=lambda e: [0x3F81] * len(e)))


def edges():
    """Numbers around 1, 2 and others, in steps of a fraction of a cell."""
    for dtype, step in (("BF16", 2.0 ** -12), ("F16", 2.0 ** -15)):
        one = int(1 / step)
        cell = 32
        some = [sign * (at + part) for at in (one, one + cell, 2 * one, one // 2 + cell // 2, one - cell // 2) for part in (*range(-17, 18), 24, 32, 40)
                for sign in (1, -1)]
        for scale in (440, 456) if dtype == "BF16" else (430, 450):
            yield Case(f"v-cells-edges-{dtype.lower()}-{scale}", f"Middles, edges and ties of cells, and those below powers of two, {dtype}", IDS,
                       upon(dtype, [1, len(some)], [[1]], [some], step=step, scale=scale, ends=FINE, values=moved(0, 1, 0, -1, 2, 0, -3)))
    zeros = [0, 1, -1, 2, 3, -5, 7, 100, 1 << 14, -(1 << 15), 3 << 14, (1 << 16) - 1, 1 << 16, -(1 << 17) - 77, 5 << 20, -(1 << 23) + 1, 1 << 24]
    for scale in (-8, 0, 20):
        yield Case(f"v-cells-subnormal-bf16-{scale}", "Subnormals and zeros of BF16", IDS,
                   upon("BF16", [1, len(zeros)], [[1]], [zeros], step=2.0 ** -149, scale=scale, ends=FINE, values=moved(0, 1, 2)))
    for scale in (300, 390):
        yield Case(f"v-cells-subnormal-f16-{scale}", "Subnormals and zeros of F16", IDS,
                   upon("F16", [1, len(zeros)], [[1]], [zeros], step=2.0 ** -40, scale=scale, ends=FINE, values=moved(0, 1, 2)))
    yield Case("v-cells-overflow-f16", "F16: sums around its largest number; those that become infinite have context 127 and are not turned", IDS,
               upon("F16", [1, 10], [[1]], [[65504, 65503, -65519, 65520, -65520, 65488, 65487, 1 << 20, -(1 << 20), 65519]], step=1.0, scale=500,
                    ends=FINE, values=moved(0, -1)))
    for dtype in DTYPES:
        bits = specials(dtype)
        yield Case(f"v-cells-specials-{dtype.lower()}", f"A base with infinities, NaNs, subnormals and zeros, {dtype}", [*IDS, "R-MOD-006"],
                   upon(dtype, [2, len(bits) // 2], [[1, -2]], [[n % 3 - 1 for n in range(len(bits) // 2)]], bits, step=2.0 ** -12,
                        scale=DTYPES[dtype], ends=FINE, values=moved(0, 1, -1)))
    big = 0x7F7F
    yield Case("v-cells-overflow-bf16", "y overflows, or only its element: context 127, the difference not turned", [*IDS, "R-MOD-006"],
               upon("BF16", [2, 3], [[2, -3]], [[1, 2, 0]], [big, big ^ 0x8000, 0x7F7E, big, 0xFF7F, 5], step=1e38, scale=900, ends=FINE,
                    values=moved(0, 3, -3)))
    yield Case("v-cells-blocks", "65,600 elements: a full block and one of 64", [*IDS, "R-IDX-004", "R-IDX-012"],
               upon("BF16", [65_600, 1], [factor(1, 65_600, "cells blocks", 2000)[0]], [[7]], step=2.0 ** -20, scale=430, ends=WIDTHS, lanes_log=5,
                    values=moved(0, 0, 1, 0, -1)), recipe=True)


def all_cases():
    for cases in (kinds, edges):
        yield from cases()
