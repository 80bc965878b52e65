"""Hostile cases of the predictor `balanced`."""
from .build import BALANCED, COEFFICIENTS, PRODUCT, Spec, Tensor, assemble
from .cases import Case, Made
from .directions import BASIS, basis, group
from .hostile_product import refused
from .plans import LEFT, RIGHT, balanced_pair
from .spoil import entry
from .spoil_blocks import bad_blocks, bad_dtypes, bad_steps, claimed, spoiled_of
from .valid_balanced import deep, plain
from .valid_layer import exact

ONE = {"predictor": BALANCED, "residual": COEFFICIENTS, "step": 1.0, "matrix_dims": 1, "factor": LEFT, "partner": 1}
TWO = {**ONE, "factor": RIGHT, "partner": 0}


def small(dtypes=("BF16", "BF16"), first=LEFT, **options):
    """A pair along a basis's directions, and a third tensor: (Spec, dependencies)."""
    stored = [basis(group("I8", 3, 6, "hostile b"), group("I8", 4, 5, "hostile b"))]
    each = ({"scale": 4, "ends": (4, 10, 128), **options}, {})
    tensors = balanced_pair(([6, 2], [2, 5]), plain(3, 2, 4, "hostile"), (1e-3, 2e-3), stored, ([(0, 0, 3)], (), (), [(0, 3, 4)]), dtypes=dtypes,
                            first=first, each=each)
    return Spec([*tensors, Tensor("c", "U8", [3], b"abc")], dependencies=stored, roles=[BASIS]), stored


def alone(**options):
    """A pair without directions."""
    return Spec(balanced_pair(([3, 2], [2, 4]), plain(3, 2, 4, "alone"), (1e-3, 1e-3), each=(options, {}))), []


def indexes():
    def index(id, title, requirement, number=0, code="MALFORMED_INDEX", **values):
        return Case(f"h-balanced-{id}", title, [requirement], spoiled_of(small, index=entry(number, **values)), code)

    for residual in (1, 2, 3, 4, 6, 7):
        yield index(f"combination-8-{residual}", f"Predictor balanced with residual {residual}", "R-IDX-003", residual=residual)
    yield from bad_dtypes("h-balanced", "A factor", ONE)
    for factor in (0, 3, (1 << 32) - 1):
        yield index(f"factor-{factor}", f"Factor {factor}", "R-BAL-001", factor=factor)
    yield index("factor-0-second", "Factor 0 of the second of a pair", "R-BAL-001", number=1, factor=0)
    yield index("factor-same", "Two left factors", "R-BAL-001", number=1, factor=LEFT)
    yield Case("h-balanced-factor-same-square", "Two left factors, of as many rows as columns", ["R-BAL-001"], lambda: claimed(
        [("a", "F32", [2, 2]), ("b", "F32", [2, 2])], [ONE, {**TWO, "factor": LEFT}]), "MALFORMED_INDEX")
    yield index("partner-itself", "A tensor that is its own partner", "R-BAL-001", partner=0)
    yield index("partner-range", "A partner past the tensors", "R-BAL-001", partner=3)
    yield index("partner-huge", "Partner 2^32 - 1", "R-BAL-001", partner=(1 << 32) - 1)
    yield index("partner-other", "A partner of another predictor", "R-BAL-001", partner=2)
    yield index("partner-of-second", "The second's partner is another tensor than the first", "R-BAL-001", number=1, partner=2)
    yield index("partner-core", "A partner of the predictor product", "R-BAL-001", number=1, predictor=PRODUCT)
    yield index("core-partner", "A core whose partner has coefficients of its own", "R-PRO-001", predictor=PRODUCT)
    yield Case("h-balanced-partner-shared", "Two left factors with one right factor", ["R-BAL-001"], lambda: claimed(
        [("a", "F32", [2, 2]), ("b", "F32", [2, 2]), ("c", "F32", [2, 2])], [ONE, TWO, {**ONE, "partner": 1}]), "MALFORMED_INDEX")
    yield index("dims-3", "matrix_dims 3 of two dimensions", "R-BAL-001", matrix_dims=3)
    yield index("dims-3-second", "matrix_dims 3 of two dimensions, in the second", "R-BAL-001", number=1, matrix_dims=3)
    for name, one, two in (("columns", [3, 2], [3, 2]), ("rows", [2, 3], [2, 3]), ("transposed", [2, 3], [4, 2])):
        yield Case(f"h-balanced-{name}", f"A left factor of {one} and a right one of {two}", ["R-BAL-001"],
                   lambda o=one, t=two: claimed([("a", "F32", o), ("b", "F32", t)], [ONE, TWO]), "MALFORMED_INDEX")
    for name, one, two in (("left", [0, 2], [2, 3]), ("right", [3, 2], [2, 0]), ("inner", [3, 0], [0, 2])):
        yield Case(f"h-balanced-empty-{name}", f"A pair without elements: {one} and {two}", ["R-BAL-001"],
                   lambda o=one, t=two: claimed([("a", "F32", o), ("b", "F32", t)], [ONE, TWO]), "MALFORMED_INDEX")
    yield from bad_steps("h-balanced", "R-BAL-002", small)
    yield index("step-second", "A step of 0 in the second of a pair", "R-BAL-002", number=1, step=0.0)
    left, right = {"dependency": 0, "tensor": 0, "count": 3}, {"dependency": 0, "tensor": 3, "count": 4}
    yield index("dependency-range", "Directions of a dependency out of range", "R-MOD-002", left=[{**left, "dependency": 1}])
    yield index("dependency-range-second", "Directions of a dependency out of range, in the second", "R-BAL-002", number=1,
                right=[{**right, "dependency": 1}])
    yield index("count-0", "A count of 0", "R-MOD-002", left=[left, {**left, "count": 0}])
    yield index("table-set", "A table set out of range", "R-IDX-005", table_set=7)
    yield index("table-set-second", "A table set out of range in the second of a pair", "R-IDX-005", number=1, table_set=7)
    yield index("shift", "A shift", "R-IDX-008", shift=1)
    yield index("scale-second", "Scale 65,537 in the second of a pair", "R-IDX-011", number=1, scale=65_537)
    for number in (0, 1):
        more = lambda m, n=number: m["tensors"][n].update(block_lengths=m["tensors"][n]["block_lengths"] + [0],
                                                          block_crc32c=m["tensors"][n]["block_crc32c"] + [0])
        yield Case(f"h-balanced-blocks-more-{number}", f"A block too many in tensor {number}", ["R-COF-002"], spoiled_of(small, index=more), "MALFORMED_INDEX")
    yield Case("h-balanced-blocks-first", "A pair of which the first alone has a block, as of a core", ["R-COF-002", "R-BAL-002"],
               lambda: claimed([("a", "F32", [2, 2]), ("b", "F32", [2, 2])], [ONE, TWO]), "MALFORMED_INDEX")
    yield index("blocks-counted", "As many directions as need two blocks, one block", "R-COF-002", left=[{**left, "count": 40_000}])
    yield Case("h-balanced-layer-partner", "A pair in a layer whose second has another partner", ["R-BAL-001"],
               lambda: layered(layer_index=entry(1, partner=1)), "MALFORMED_INDEX")


def limits():
    """Pairs at a limit are refused for their number of blocks, pairs above it for the limit."""
    stored = {"dependencies": [basis(group("I8", 1, 1, "limit"))], "roles": [BASIS]}

    def case(id, title, one, two, requirements, code="LIMIT_EXCEEDED", left=None, right=None, **more):
        first = {**ONE, "left": [{"count": left}] if left else [], "right": [{"count": right}] if right else [], **more}
        return Case(f"h-balanced-{id}", title, requirements, lambda: claimed([("a", "BF16", one), ("b", "F32", two)], [first, TWO], spec_of=stored), code)

    yield case("limit-inner-at", "65,536 columns of the left factor: at the limit, two blocks needed", [2, 1 << 16], [1 << 16, 1], ["R-COF-002"], "MALFORMED_INDEX")
    yield case("limit-inner", "65,537 columns of the left factor", [1, (1 << 16) + 1], [(1 << 16) + 1, 1], ["R-BAL-003", "R-LIM-019"])
    yield case("limit-kn-at", "2^27 left directions: at the limit, many blocks needed", [1, 1], [1, 1], ["R-COF-002"], "MALFORMED_INDEX", left=1 << 27)
    yield case("limit-kn", "2^27 + 1 left directions", [1, 1], [1, 1], ["R-LIM-015"], left=(1 << 27) + 1)
    yield case("limit-kl", "2^27 + 1 right directions", [1, 1], [1, 1], ["R-LIM-015"], right=(1 << 27) + 1)
    yield case("limit-huge", "Directions of 2^32 - 1 on both sides", [1, 1], [1, 1], ["R-LIM-015"], left=(1 << 32) - 1, right=(1 << 32) - 1)
    yield case("limit-after-step", "Above the limit and a step of 0: the step first", [1, 1], [1, 1], ["R-BAL-002"], "MALFORMED_INDEX", left=1 << 28, step=0.0)


def layered(**spoil):
    stored = [basis(group("I8", 3, 6, "hostile b"), group("I8", 4, 5, "hostile b"))]
    layer = balanced_pair(([6, 2], [2, 5]), plain(3, 2, 4, "hostile"), (1e-3, 1e-3), stored, ([(0, 0, 3)], (), (), [(0, 3, 4)]))
    return Made(assemble(exact(layer, dependencies=stored, roles=[BASIS]), **spoil), stored)


def dependencies():
    def wrong(id, title, number=0, requirement="R-MOD-001", **values):
        return Case(f"h-balanced-{id}", title, [requirement], spoiled_of(small, index=entry(number, **values)), "WRONG_DEPENDENCY")

    left, right = {"dependency": 0, "tensor": 0, "count": 3}, {"dependency": 0, "tensor": 3, "count": 4}
    yield wrong("left-length", "Left directions as long as the right factor has columns", left=[{**right, "count": 3}])
    yield wrong("right-length", "Right directions of the second as long as the left factor has rows", 1, right=[{**left}, {**left, "count": 1}])
    yield wrong("left-count", "One left direction more than there are", left=[{**left, "count": 4}])
    yield Case("h-balanced-missing", "The basis is not at hand", ["R-DEC-002"], spoiled_of(small, keep=()), "MISSING_DEPENDENCY")
    yield Case("h-balanced-depth-5", "Depth 5 of a factor whose partner has directions of depth 4", ["R-DEC-005", "R-LIM-014"], lambda: refused(deep(4)),
               "LIMIT_EXCEEDED")
    for number in (0, 1):
        yield Case(f"h-balanced-digest-{number}", f"Tensor {number} of a pair with another digest", ["R-DEC-006"],
                   spoiled_of(small, index=entry(number, sha256=bytes(32))), "TENSOR_DIGEST")


def all_cases():
    for cases in (indexes, limits, dependencies):
        yield from cases()
    yield from bad_blocks("h-balanced", "R-COF-001", small)
    yield from bad_blocks("h-balanced-alone", "R-COF-001", alone)
