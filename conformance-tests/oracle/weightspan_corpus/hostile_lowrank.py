"""Hostile cases of the predictor `lowrank` and of the residual `factors`."""
from . import valid
from .build import FACTORS, LOWRANK, Spec, Tensor, assemble
from .cases import Case, Made, floats, rng
from .plans import lowrank_tensor
from .spoil import entry
from .spoil_blocks import bad_blocks, bad_dtypes, bad_steps, claimed, spoiled_of
from .valid_layer import exact
from .valid_lowrank import factor

FIELDS = {"predictor": LOWRANK, "residual": FACTORS, "step": 1.0, "matrix_dims": 1, "rank": 1}
LIMIT = 1 << 27


def small(**options):
    """One tensor of rank 2 upon a center: (Spec, dependencies)."""
    stored = [valid.plain("BF16", floats("BF16", 30, rng("hostile lowrank")), [6, 5])]
    options = {"ends": (1, 2, 3, 128), **options}
    tensor = lowrank_tensor("w", "BF16", [6, 5], stored, factor(2, 6, "hostile"), factor(2, 5, "hostile v"), 1e-4, (0, 0), **options)
    return Spec([tensor], dependencies=stored), stored


def alone(**options):
    """One tensor of rank 1 without a center."""
    return Spec([lowrank_tensor("w", "F32", [4, 3], [], factor(1, 4, "alone"), factor(1, 3, "alone v"), 1e-4, **options)]), []


def indexes():
    def index(id, title, requirement, code="MALFORMED_INDEX", make=small, **values):
        return Case(f"h-lowrank-{id}", title, [requirement], spoiled_of(make, index=entry(0, **values)), code)

    for predictor, residual in ((6, 1), (6, 2), (6, 3), (6, 4), (6, 5), (6, 6), (0, 7), (1, 7), (2, 7), (3, 7), (4, 7), (7, 7)):
        yield index(f"combination-{predictor}-{residual}", f"Predictor {predictor} with residual {residual}", "R-IDX-003", predictor=predictor,
                    residual=residual)
    yield Case("h-lowrank-combination-5-7", "Predictor layer with the residual factors", ["R-IDX-003"],
               lambda: layered(index=entry(0, predictor=5, residual=7, rank=1)), "MALFORMED_INDEX")
    yield from bad_dtypes("h-lowrank", "Lowrank", FIELDS)
    yield from bad_steps("h-lowrank", "R-LRK-001", small)
    yield index("dims-3", "matrix_dims 3 of two dimensions", "R-LRK-001", matrix_dims=3)
    yield index("dims-huge", "matrix_dims 2^32 - 1", "R-LRK-001", matrix_dims=(1 << 32) - 1)
    for shape in ([0, 3], [3, 0]):
        yield Case(f"h-lowrank-empty-{shape[0]}", f"A tensor without elements, of shape {shape}", ["R-LRK-001"],
                   lambda s=shape: claimed([("w", "F32", s)], [FIELDS]), "MALFORMED_INDEX")
    yield index("rank-0", "Rank 0", "R-LRK-002", rank=0)
    yield Case("h-lowrank-rank-0-blocks-none", "Rank 0 and no block", ["R-LRK-002"],
               lambda: claimed([("w", "F32", [2, 2])], [{**FIELDS, "rank": 0}], ()), "MALFORMED_INDEX")
    yield index("center-range", "The center's dependency out of range", "R-LRK-001", dependency=1)
    yield index("center-huge", "The center's dependency 2^32 - 1", "R-LRK-001", dependency=(1 << 32) - 1)
    yield index("center-none", "A center in a record without dependencies", "R-LRK-001", make=alone, centred=True)
    yield index("table-set", "A table set out of range", "R-IDX-005", table_set=1)
    yield index("shift", "A shift with the residual factors", "R-IDX-008", shift=1)
    yield index("scale", "Scale -65,537", "R-IDX-011", scale=-65_537)
    yield index("row-dims", "row_dims without scales", "R-IDX-007", row_dims=1)
    yield index("scales-missing", "Row scales that are not there", "R-IDX-009", row_dims=1, has_row_scales=True)
    more = lambda m: m["tensors"][0].update(block_lengths=m["tensors"][0]["block_lengths"] + [0], block_crc32c=m["tensors"][0]["block_crc32c"] + [0])
    yield Case("h-lowrank-blocks-more", "A block too many", ["R-LRK-003"], spoiled_of(small, index=more), "MALFORMED_INDEX")
    yield Case("h-lowrank-blocks-none", "No block", ["R-LRK-003"], lambda: claimed([("w", "F32", [2, 2])], [FIELDS], ()), "MALFORMED_INDEX")
    yield index("blocks-counted", "A rank that needs two blocks, one block", "R-LRK-003", rank=5958)
    yield Case("h-lowrank-blocks-elements", "As many blocks as the elements would need", ["R-LRK-003"],
               lambda: claimed([("w", "F32", [512, 256])], [FIELDS], [b"\1"] * 2), "MALFORMED_INDEX")
    yield Case("h-lowrank-layer-rank-0", "Rank 0 in a layer", ["R-LRK-002"], lambda: layered(layer_index=entry(0, rank=0)), "MALFORMED_INDEX")
    yield Case("h-lowrank-missing", "The center is not at hand", ["R-DEC-002"], spoiled_of(small, keep=()), "MISSING_DEPENDENCY")
    yield Case("h-lowrank-depth-5", "Depth 5: a center of depth 4", ["R-DEC-005", "R-LIM-014"], deep, "LIMIT_EXCEEDED")


def limits():
    """Ranks at the limit are refused for their number of blocks, ranks above it for the limit."""

    def case(id, title, shape, rank, code="LIMIT_EXCEEDED", requirement="R-LRK-002", **more):
        fields = {**FIELDS, "rank": rank, **more}
        return Case(f"h-lowrank-{id}", title, [requirement], lambda: claimed([("w", "BF16", shape)], [fields]), code)

    at = {"code": "MALFORMED_INDEX", "requirement": "R-LRK-003"}
    yield case("limit-at", "Rank 16,384 of 8,192 x 1: at the limit, one block", [8192, 1], 1 << 14, **at)
    yield case("limit-at-columns", "Rank 1 of 1 x 134,217,728: at the limit, one block", [1, LIMIT], 1, **at)
    yield case("limit", "Rank 16,385 of 8,192 x 1", [8192, 1], (1 << 14) + 1)
    yield case("limit-columns", "Rank 16,385 of 1 x 8,192", [1, 8192], (1 << 14) + 1)
    yield case("limit-rank-1", "Rank 1 of 134,217,729 x 1", [LIMIT + 1, 1], 1)
    yield case("limit-one", "Rank 134,217,729 of 1 x 1", [1, 1], LIMIT + 1)
    yield case("limit-huge", "Rank 2^32 - 1 of 2^31 x 1", [1 << 31, 1], (1 << 32) - 1)
    yield case("limit-overflow", "Rank 2^31 of 1 x 2^33: the product is 0 modulo 2^64", [1, 1 << 33], 1 << 31)
    yield case("limit-after-table-set", "A rank above the limit and a table set out of range: the table set first", [8192, 1], 1 << 20,
               "MALFORMED_INDEX", "R-IDX-005", table_set=1)
    yield case("limit-before-blocks", "A rank above the limit, and another number of blocks: the limit first", [100, 1], 1 << 30)
    yield case("limit-after-step", "A rank above the limit and a step of 0: the step first", [8192, 1], 1 << 20, "MALFORMED_INDEX", "R-LRK-001", step=0.0)


def layered(**spoil):
    stored = [valid.plain("BF16", floats("BF16", 30, rng("hostile lowrank")), [6, 5])]
    tensor = lowrank_tensor("w", "BF16", [6, 5], stored, factor(2, 6, "hostile"), factor(2, 5, "hostile v"), 1e-4, (0, 0))
    return Made(assemble(exact([tensor], dependencies=stored), **spoil), stored)


def deep():
    stored = valid.chained(4)
    tensor = lowrank_tensor("w", "BF16", [20], [stored[-1]], [[1] * 20], [[2]], 1e-4, (0, 0))
    made = Made(assemble(Spec([tensor], dependencies=[stored[-1]])), stored)
    made.file = None
    return made


def sources():
    def center(id, title, dtype, count, own="BF16", requirement="R-LRK-001", **more):
        def make():
            stored = [valid.plain(dtype, [0] * count)]
            size = 4 if own == "F32" else 2
            spec = Spec([Tensor("w", own, [6, 5], bytes(30 * size), lambda part, t: ({**FIELDS, "centred": True, **more}, [b"\1"]))], dependencies=stored)
            spec.add_table_set([(128, 129, 128, {128: 2048, 129: 2048})])
            return Made(assemble(spec), stored)

        return Case(f"h-lowrank-center-{id}", title, [requirement, "R-DEC-004"], make, "WRONG_DEPENDENCY")

    yield center("fewer", "A center of fewer elements", "BF16", 29)
    yield center("more", "A center of more elements", "BF16", 31)
    for own, other in (("BF16", "F16"), ("F16", "BF16"), ("F16", "F32"), ("F32", "F16"), ("F32", "F64")):
        yield center(f"{other.lower()}-of-{own.lower()}", f"A {own} tensor around a center of {other}", other, 30, own, "R-PRD-002")
    yield center("source", "A center past the dependency's tensors", "BF16", 30, source_tensor=1)


def all_cases():
    for cases in (indexes, limits, sources):
        yield from cases()
    yield from bad_blocks("h-lowrank", "R-COF-001", small)
    yield from bad_blocks("h-lowrank-alone", "R-LRK-003", alone)
