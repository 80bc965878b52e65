"""The valid cases of directions that are plain tensors of a base or a sibling."""
from . import valid
from .build import Spec, assemble, product
from .cases import Case, Made, floats, floats_tensor, rng
from .directions import BASIS, basis, group
from .plans import LEFT, RIGHT, product_pair
from .valid_bounded import DTYPES
from .valid_layer import coefficients, modes_tensor
from .valid_product import core

IDS = ["R-MOD-002", "R-MOD-007"]
BASE, SIBLING = 1, 2
FINE = tuple(range(1, 129))


def plain(*tensors):
    """A stored record of tensors given as (dtype, shape), or with their elements."""
    out = []
    for n, (dtype, shape, *values) in enumerate(tensors):
        elements = values[0] if values else floats(dtype, product(shape), rng(f"plain {n} {dtype} {shape}"), 0.5)
        out.append(floats_tensor(f"t{n}", dtype, shape, elements))
    return assemble(Spec(out))


def of_plain(dtype, shape, q, tensors, left=(), right=(), roles=(SIBLING,), more=(), center=None, **options):
    """A record of one tensor of modes whose dependency 0 is a plain record of `tensors`, the others those of `more`."""

    def make():
        stored = [plain(*tensors), *(one() for one in more)]
        tensor = modes_tensor("w", dtype, shape, stored, q, left, right, center, roles=roles, **options)
        return Made(assemble(Spec([tensor], dependencies=stored, roles=list(roles))), stored)

    return make


def modes_cases():
    for dtype in DTYPES:
        for role, name in ((BASE, "base"), (SIBLING, "sibling")):
            yield Case(f"v-directions-{name}-{dtype.lower()}", f"Left directions from the columns, right ones from the rows of a {name}'s tensors of {dtype}",
                       IDS, of_plain("F32", [5, 7], coefficients(3, 4, name), [(dtype, [5, 3]), (dtype, [4, 7])], [(0, 0, 3)], [(0, 1, 4)], (role,)))
    two = [("F32", [6, 4]), ("BF16", [5, 6])]
    yield Case("v-directions-count", "Fewer directions than rows and columns", IDS,
               of_plain("BF16", [6, 6], coefficients(2, 3, "count"), two, [(0, 0, 2)], [(0, 1, 3)]))
    yield Case("v-directions-left", "Left directions alone", IDS, of_plain("F16", [6, 3], coefficients(4, 3, "left"), two, [(0, 0, 4)]))
    yield Case("v-directions-right", "Right directions alone", IDS, of_plain("F16", [3, 6], coefficients(3, 5, "right"), two, right=[(0, 1, 5)]))
    yield Case("v-directions-square", "One square tensor: its columns on the left, its rows on the right, and the center too", [*IDS, "R-MOD-004"],
               of_plain("F32", [5, 5], coefficients(5, 4, "square"), [("F32", [5, 5])], [(0, 0, 5)], [(0, 0, 4)], center=(0, 0)))
    for dims, left, right in ((0, [1, 1, 24], [2, 3, 2, 2]), (1, [2, 5], [3, 3, 2, 2]), (2, [2, 3, 2], [2, 1, 4]), (3, [2, 3, 2, 3], [1, 4, 1, 2]),
                              (4, [2, 3, 2, 2, 2], [1, 3, 1, 1])):
        rows, columns = product([2, 3, 2, 2][:dims]), product([2, 3, 2, 2][dims:])
        sides = {}
        if product(left[:dims]) == rows:
            sides["left"] = [(0, 0, product(left[dims:]))]
        if product(right[dims:]) == columns:
            sides["right"] = [(0, 1, product(right[:dims]))]
        k, l = (sides[n][0][2] if n in sides else size for n, size in (("left", rows), ("right", columns)))
        yield Case(f"v-directions-dims-{dims}", f"matrix_dims {dims}: tensors of shape {left} and {right} seen as matrices too", IDS,
                   of_plain("F32", [2, 3, 2, 2], coefficients(k, l, f"dims {dims}"), [("F32", left), ("BF16", right)], matrix_dims=dims, **sides))
    one = lambda: basis(group("I8", 3, 6, "beside", levels=[40, -90, 127]), group("BF16", 2, 5, "beside", levels=[7, -3]))
    beside = {"roles": (SIBLING, BASIS), "more": (one,), "ends": FINE}
    yield Case("v-directions-beside-basis", "Directions of a sibling, of level 0, among those of a basis", [*IDS, "R-MOD-001", "R-COF-001"],
               of_plain("F32", [6, 5], coefficients(7, 5, "beside"), [("F16", [6, 2]), ("F32", [3, 5])], [(1, 0, 2), (0, 0, 2), (1, 0, 3)],
                        [(0, 1, 3), (1, 3, 2)], scale=20, **beside))
    nan = [0x7FC00000, 0x7F800000]
    spoilt = floats("F32", 6, rng("unused rows")) + nan * 3
    turned = [e for n in range(4) for e in (0x3F800000 + n, 0x3F000000 + n, nan[n % 2])]
    yield Case("v-directions-unused", "Rows and columns behind those in use that are not finite", IDS,
               of_plain("F32", [4, 3], coefficients(2, 2, "unused"), [("F32", [4, 3], turned), ("F32", [4, 3], spoilt)], [(0, 0, 2)], [(0, 1, 2)]))
    zeros = [0x8000, 0, 1, 0x8001, 0x7BFF, 0xFBFF]
    yield Case("v-directions-specials", "Directions with -0, subnormals and the largest F16", IDS,
               of_plain("F32", [1, 6], [[5]], [("F16", [1, 6], zeros)], right=[(0, 0, 1)]))
    yield Case("v-directions-many-dependencies", "Directions of three dependencies, a tensor named twice", IDS, of_plain(
        "BF16", [4, 5], coefficients(6, 3, "three"), [("F32", [4, 2])], [(0, 0, 2), (1, 0, 2), (0, 0, 2)], [(2, 1, 3)], (SIBLING, BASE, SIBLING),
        (lambda: plain(("BF16", [4, 3])), lambda: plain(("F16", [2, 5]), ("F16", [3, 5])))))
    yield Case("v-directions-depth-4", "Depth 4: directions of a sibling at depth 3", ["R-DEC-005"], lambda: deep(3))


def deep(depth):
    """Modes along a plain tensor of 20 elements at the given depth."""
    stored = valid.chained(depth)
    tensor = modes_tensor("w", "F32", [20, 3], [stored[-1]], [[3, 0, -2]], left=[(0, 0, 1)], roles=[SIBLING])
    return Made(assemble(Spec([tensor], dependencies=[stored[-1]], roles=[SIBLING])), stored)


def product_cases():
    """A sibling adapter's factors as the directions of an adapter's core."""
    for dtype in DTYPES:
        for first in (LEFT, RIGHT):
            yield Case(f"v-product-sibling-{dtype.lower()}-{first}", f"The core of a pair along the factors of a sibling's, {dtype}; factor {first} first",
                       [*IDS, "R-PRO-001", "R-PRO-002"], lambda d=dtype, f=first: sibling(d, f))
    yield Case("v-product-sibling-dims", "Factors of four dimensions, a sibling's too, seen with the holder's matrix_dims", [*IDS, "R-PRO-002"], convolution)
    yield Case("v-product-sibling-and-basis", "Directions of a sibling and of a basis on each side", [*IDS, "R-MOD-001", "R-PRO-002"], both)


def sibling(dtype, first):
    stored = [plain((dtype, [6, 3]), (dtype, [4, 8]))]
    tensors = product_pair(([6, 2], [2, 8]), core(3, 4, "sibling " + dtype), 1e-3, 2, stored, [(0, 0, 3)], [(0, 1, 4)], dtypes=(dtype, "F32"), first=first,
                           roles=[SIBLING], scale=7, ends=FINE)
    return Made(assemble(Spec(tensors, dependencies=stored, roles=[SIBLING])), stored)


def convolution():
    stored = [plain(("BF16", [2, 3, 2, 1]), ("F32", [1, 2, 2, 2]))]
    tensors = product_pair(([2, 3, 2, 2], [4, 4]), core(2, 2, "convolution"), 1e-3, 4, stored, [(0, 0, 2)], [(0, 1, 2)], dims=(2, 1), roles=[BASE],
                           dtypes=("F32", "BF16"))
    return Made(assemble(Spec(tensors, dependencies=stored, roles=[BASE])), stored)


def both():
    stored = [plain(("F16", [5, 3]), ("F16", [2, 6])), basis(group("I8", 2, 5, "both"), group("I8", 3, 6, "both"))]
    tensors = product_pair(([5, 3], [3, 6]), core(5, 4, "both"), 1e-3, 3, stored, [(1, 0, 2), (0, 0, 3)], [(0, 1, 2), (1, 3, 2)], roles=[SIBLING, BASIS],
                           scale=30, ends=FINE, first=RIGHT)
    return Made(assemble(Spec(tensors, dependencies=stored, roles=[SIBLING, BASIS])), stored)


def all_cases():
    for cases in (modes_cases, product_cases):
        yield from cases()
