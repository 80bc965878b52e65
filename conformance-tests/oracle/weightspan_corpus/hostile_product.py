"""Hostile cases of the predictor `product`."""
from .build import COEFFICIENTS, PRODUCT, Spec, Tensor, assemble
from .cases import Case, Made
from .directions import BASIS, basis, group
from .plans import LEFT, RIGHT, product_pair
from .spoil import entry
from .spoil_blocks import bad_blocks, bad_dtypes, bad_steps, claimed, spoiled_of
from .valid_layer import exact
from .valid_product import core, deep

HOLDER = {"predictor": PRODUCT, "residual": COEFFICIENTS, "step": 1.0, "matrix_dims": 1, "factor": LEFT, "partner": 1}
OTHER = {"predictor": PRODUCT, "residual": COEFFICIENTS, "matrix_dims": 1, "factor": RIGHT, "partner": 0}


def small(dtypes=("BF16", "BF16"), first=LEFT, **options):
    """A pair along a basis's directions, and a third tensor: (Spec, dependencies)."""
    stored = [basis(group("I8", 3, 6, "hostile p"), group("I8", 4, 5, "hostile p"))]
    options = {"scale": 4, "ends": (4, 10, 128), **options}
    tensors = product_pair(([6, 2], [2, 5]), core(3, 4, "hostile"), 1e-3, 2, stored, [(0, 0, 3)], [(0, 3, 4)], dtypes=dtypes, first=first, **options)
    return Spec([*tensors, Tensor("c", "U8", [3], b"abc")], dependencies=stored, roles=[BASIS]), stored


def alone(**options):
    """A pair without directions."""
    return Spec(product_pair(([3, 2], [2, 4]), core(3, 4, "alone"), 1e-3, 2, **options)), []


def indexes():
    def index(id, title, requirement, number=0, code="MALFORMED_INDEX", make=small, **values):
        return Case(f"h-product-{id}", title, [requirement], spoiled_of(make, index=entry(number, **values)), code)

    for residual in (1, 2, 3, 4, 6):
        yield index(f"combination-7-{residual}", f"Predictor product with residual {residual}", "R-IDX-003", residual=residual)
    yield index("combination-7-4-second", "The second of a pair with the residual delta", "R-IDX-003", number=1, residual=4)
    yield from bad_dtypes("h-product", "A product", HOLDER)
    for factor in (0, 3, (1 << 32) - 1):
        yield index(f"factor-{factor}", f"Factor {factor}", "R-PRO-001", factor=factor)
    yield index("factor-0-second", "Factor 0 of the second of a pair", "R-PRO-001", number=1, factor=0)
    yield index("factor-same", "Two left factors", "R-PRO-001", number=1, factor=LEFT)
    yield index("factor-same-right", "Two right factors", "R-PRO-001", factor=RIGHT)
    yield Case("h-product-factor-same-square", "Two left factors, of as many rows as columns", ["R-PRO-001"], lambda: claimed(
        [("a", "F32", [2, 2]), ("b", "F32", [2, 2])], [HOLDER, {**OTHER, "factor": LEFT}]), "MALFORMED_INDEX")
    yield index("partner-itself", "A tensor that is its own partner", "R-PRO-001", partner=0)
    yield index("partner-range", "A partner past the tensors", "R-PRO-001", partner=3)
    yield index("partner-huge", "Partner 2^32 - 1", "R-PRO-001", partner=(1 << 32) - 1)
    yield index("partner-other", "A partner of another predictor", "R-PRO-001", partner=2)
    yield index("partner-of-second", "The second's partner is another tensor than the first", "R-PRO-001", number=1, partner=2)
    yield index("partner-second-itself", "The second is its own partner", "R-PRO-001", number=1, partner=1)
    yield index("partner-unknown", "A partner of an unknown predictor: the first of the pair is refused first", "R-PRO-001", number=1, predictor=9)
    yield Case("h-product-partner-three", "Three tensors, each with the next one as partner", ["R-PRO-001"], lambda: claimed(
        [("a", "F32", [2, 2]), ("b", "F32", [2, 2]), ("c", "F32", [2, 2])],
        [HOLDER, {**OTHER, "partner": 2}, {**OTHER, "factor": LEFT, "partner": 0}]), "MALFORMED_INDEX")
    yield Case("h-product-partner-shared", "Two left factors with one right factor", ["R-PRO-001"], lambda: claimed(
        [("a", "F32", [2, 2]), ("b", "F32", [2, 2]), ("c", "F32", [2, 2])], [HOLDER, OTHER, {**HOLDER, "partner": 1}]), "MALFORMED_INDEX")
    yield index("dims-3", "matrix_dims 3 of two dimensions", "R-PRO-001", matrix_dims=3)
    yield index("dims-3-second", "matrix_dims 3 of two dimensions, in the second", "R-PRO-001", number=1, matrix_dims=3)
    yield index("dims-huge", "matrix_dims 2^32 - 1", "R-PRO-001", matrix_dims=(1 << 32) - 1)
    for name, one, two in (("columns", [3, 2], [3, 2]), ("rows", [2, 3], [2, 3]), ("transposed", [2, 3], [4, 2])):
        yield Case(f"h-product-{name}", f"A left factor of {one} and a right one of {two}", ["R-PRO-001"],
                   lambda o=one, t=two: claimed([("a", "F32", o), ("b", "F32", t)], [HOLDER, OTHER]), "MALFORMED_INDEX")
    yield index("columns-by-dims", "matrix_dims of the second that give it other rows", "R-PRO-001", number=1, matrix_dims=2)
    for name, one, two in (("left", [0, 2], [2, 3]), ("right", [3, 2], [2, 0]), ("inner", [3, 0], [0, 2])):
        yield Case(f"h-product-empty-{name}", f"A pair without elements: {one} and {two}", ["R-PRO-001"],
                   lambda o=one, t=two: claimed([("a", "F32", o), ("b", "F32", t)], [HOLDER, OTHER]), "MALFORMED_INDEX")
    yield from bad_steps("h-product", "R-PRO-002", small)
    side = [{"dependency": 0, "tensor": 0, "count": 1}]
    yield index("second-left", "Left directions in the second of a pair", "R-PRO-002", number=1, left=side)
    yield index("second-right", "Right directions in the second of a pair", "R-PRO-002", number=1, right=[{"dependency": 0, "tensor": 3, "count": 1}])
    yield Case("h-product-second-blocks", "A block in the second of a pair", ["R-PRO-002"], second_block, "MALFORMED_INDEX")
    yield Case("h-product-second-holds", "The core in the second of a pair, none in the first", ["R-PRO-002"], core_in_second, "MALFORMED_INDEX")
    yield Case("h-product-second-block-empty", "A block of no bytes in the second of a pair", ["R-PRO-002"],
               spoiled_of(small, index=entry(1, block_lengths=[0], block_crc32c=[0])), "MALFORMED_INDEX")
    left, right = {"dependency": 0, "tensor": 0, "count": 3}, {"dependency": 0, "tensor": 3, "count": 4}
    yield index("dependency-range", "Directions of a dependency out of range, left", "R-MOD-002", left=[{**left, "dependency": 1}])
    yield index("dependency-huge", "Directions of dependency 2^32 - 1, right", "R-PRO-002", right=[{**right, "dependency": (1 << 32) - 1}])
    yield index("count-0", "A count of 0, left", "R-MOD-002", left=[left, {**left, "count": 0}])
    yield index("count-0-right", "A count of 0, right", "R-PRO-002", right=[{**right, "count": 0}])
    yield index("table-set", "A table set out of range", "R-IDX-005", table_set=1)
    yield index("shift", "A shift", "R-IDX-008", shift=1)
    yield index("shift-second", "A shift in the second of a pair", "R-IDX-008", number=1, shift=1)
    yield index("scale", "Scale 65,537", "R-IDX-011", scale=65_537)
    yield index("scale-second", "Scale 65,537 in the second of a pair, where it means nothing", "R-IDX-011", number=1, scale=65_537)
    yield index("row-dims-second", "row_dims without scales in the second of a pair", "R-IDX-007", number=1, row_dims=1)
    more = lambda m: m["tensors"][0].update(block_lengths=m["tensors"][0]["block_lengths"] + [0], block_crc32c=m["tensors"][0]["block_crc32c"] + [0])
    yield Case("h-product-blocks-more", "A block too many", ["R-PRO-003"], spoiled_of(small, index=more), "MALFORMED_INDEX")
    yield Case("h-product-blocks-none", "No block", ["R-PRO-003"], lambda: claimed([("a", "F32", [2, 2]), ("b", "F32", [2, 2])], [HOLDER, OTHER], ()),
               "MALFORMED_INDEX")
    yield index("blocks-counted", "As many directions as need two blocks, one block", "R-PRO-003", left=[{**left, "count": 20_000}])
    yield Case("h-product-blocks-elements", "As many blocks as the first factor's elements would need", ["R-PRO-003"], lambda: claimed(
        [("a", "F32", [256, 512]), ("b", "F32", [512, 2])], [HOLDER, OTHER], [b"\1"] * 2), "MALFORMED_INDEX")
    yield Case("h-product-layer-partner", "A pair in a layer whose second has another partner", ["R-PRO-001"],
               lambda: layered(layer_index=entry(1, partner=1)), "MALFORMED_INDEX")
    yield Case("h-product-layer-half", "A pair in the layer, its first alone in the file", ["R-PRO-001"],
               lambda: layered(index=entry(0, predictor=PRODUCT, residual=COEFFICIENTS, factor=LEFT, partner=1, matrix_dims=1, step=1.0)), "MALFORMED_INDEX")


def second_block():
    spec, stored = small()
    tensor, plan = spec.tensors[1], spec.tensors[1].plan
    tensor.plan = lambda part, one, **options: (plan(part, one, **options)[0], [b"\1"])
    return Made(assemble(spec), stored)


def core_in_second():
    spec, stored = small()
    one, two = spec.tensors[:2]
    plans = {"one": one.plan, "two": two.plan, "options": one.options}

    def first(part, tensor):
        fields, blocks = plans["one"](part, tensor, **plans["options"])
        plans["blocks"] = blocks
        return {**fields, "left": [], "right": []}, []

    one.plan, one.options = first, {}
    two.plan = lambda part, tensor, **options: ({**plans["two"](part, tensor)[0], "step": 1.0}, plans["blocks"])
    return Made(assemble(spec), stored)


def limits():
    """Pairs at a limit are refused for their number of blocks, pairs above it for the limit."""
    stored = {"dependencies": [basis(group("I8", 1, 1, "limit"))], "roles": [BASIS]}

    def case(id, title, one, two, left=None, right=None, code="LIMIT_EXCEEDED", requirement="R-PRO-004", **more):
        holder = {**HOLDER, "left": [{"count": left}] if left else [], "right": [{"count": right}] if right else [], **more}
        return Case(f"h-product-{id}", title, [requirement],
                    lambda: claimed([("a", "BF16", one), ("b", "F32", two)], [holder, OTHER], spec_of=stored), code)

    at = {"code": "MALFORMED_INDEX", "requirement": "R-PRO-003"}
    core = {"requirement": "R-LIM-017"}
    at_core = {**core, "code": "MALFORMED_INDEX"}
    yield case("limit-kl-at", "4,096 directions on both sides, rank 1: at the limit, one block", [1, 1], [1, 1], 1 << 12, 1 << 12, **at_core)
    yield case("limit-kl", "4,096 left directions, 4,097 right ones, rank 1", [1, 1], [1, 1], 1 << 12, (1 << 12) + 1, **core)
    at_core["code"] = "WRONG_DEPENDENCY"
    yield case("limit-kr-at", "4,096 left directions, 1 right one, rank 4,096: at the limit", [1, 4096], [4096, 1], 1 << 12, 1, **at_core)
    yield case("limit-kr", "4,097 left directions, 1 right one, rank 4,096", [1, 4096], [4096, 1], (1 << 12) + 1, 1, **core)
    yield case("limit-lr-at", "1 left direction, 4,096 right ones, rank 4,096: at the limit", [1, 4096], [4096, 1], 1, 1 << 12, **at_core)
    yield case("limit-lr", "1 left direction, 4,097 right ones, rank 4,096", [1, 4096], [4096, 1], 1, (1 << 12) + 1, **core)
    yield case("limit-klr-at", "512 x 512 directions, rank 512: at the limit", [1, 512], [512, 1], 512, 512, **at)
    yield case("limit-klr", "512 x 512 directions, rank 513", [1, 513], [513, 1], 512, 512)
    yield case("limit-klr-identity", "Identities of 1,024 and 1,024, rank 129", [1024, 129], [129, 1024])
    yield case("limit-rank", "A core of one number, rank 134,217,729", [1, (1 << 27) + 1], [(1 << 27) + 1, 1])
    yield case("limit-huge", "Directions of 2^32 - 1 on both sides", [1, 1], [1, 1], (1 << 32) - 1, (1 << 32) - 1)
    yield case("limit-overflow", "k times l is 0 modulo 2^64", [1 << 32, 1], [1, 1 << 32])
    yield case("limit-after-table-set", "Above the limit and a table set out of range: the table set first", [1, 1], [1, 1], 1 << 20, 1 << 20,
               "MALFORMED_INDEX", "R-IDX-005", table_set=1)
    yield case("limit-after-step", "Above the limit and a step of 0: the step first", [1, 1], [1, 1], 1 << 20, 1 << 20, "MALFORMED_INDEX", "R-PRO-002",
               step=0.0)


def layered(**spoil):
    stored = [basis(group("I8", 3, 6, "hostile p"), group("I8", 4, 5, "hostile p"))]
    layer = product_pair(([6, 2], [2, 5]), core(3, 4, "hostile"), 1e-3, 2, stored, [(0, 0, 3)], [(0, 3, 4)])
    return Made(assemble(exact(layer, dependencies=stored, roles=[BASIS]), **spoil), stored)


def dependencies():
    def wrong(id, title, requirement="R-MOD-001", **values):
        return Case(f"h-product-{id}", title, [requirement], spoiled_of(small, index=entry(0, **values)), "WRONG_DEPENDENCY")

    left, right = {"dependency": 0, "tensor": 0, "count": 3}, {"dependency": 0, "tensor": 3, "count": 4}
    yield wrong("left-length", "Left directions as long as the right factor has columns", left=[{**right, "count": 3}])
    yield wrong("right-length", "Right directions as long as the left factor has rows", right=[{**left}, {**left, "count": 1}])
    yield wrong("left-count", "One left direction more than there are", left=[{**left, "count": 4}])
    yield wrong("right-tensor", "Right directions past the basis's tensors", right=[{**right, "tensor": 6}])
    yield wrong("right-scales", "The basis's scales as right directions", right=[{**right, "tensor": 4}])
    yield Case("h-product-missing", "The basis is not at hand", ["R-DEC-002"], spoiled_of(small, keep=()), "MISSING_DEPENDENCY")
    yield Case("h-product-depth-5", "Depth 5: directions of depth 4", ["R-DEC-005", "R-LIM-014"], lambda: refused(deep(4)), "LIMIT_EXCEEDED")
    for number in (0, 1):
        yield Case(f"h-product-digest-{number}", f"Tensor {number} of a pair with another digest", ["R-DEC-006"],
                   spoiled_of(small, index=entry(number, sha256=bytes(32))), "TENSOR_DIGEST")


def refused(made):
    made.file = None
    return made


def all_cases():
    for cases in (indexes, limits, dependencies):
        yield from cases()
    yield from bad_blocks("h-product", "R-COF-001", small)
    yield from bad_blocks("h-product-alone", "R-COF-001", alone)
