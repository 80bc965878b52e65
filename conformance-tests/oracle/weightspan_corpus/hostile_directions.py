"""Hostile cases of directions that are plain tensors of a base or a sibling."""
from . import coder
from .build import COEFFICIENTS, MODES, PRODUCT, Layer, Spec, Tensor, assemble, on_layer_plan
from .cases import Case, Made
from .directions import BASIS, basis, group
from .plans import LEFT, RIGHT
from .valid_directions import BASE, SIBLING, deep, plain

LEFT_USE, RIGHT_USE = {"dependency": 0, "tensor": 0, "count": 3}, {"dependency": 0, "tensor": 1, "count": 2}


def modes_record(stored, roles, left, right, dims=1, block=b"\1"):
    """A layer of modes of 6 x 4 zeros along the directions, the file equal to it."""
    fields = {"predictor": MODES, "residual": COEFFICIENTS, "step": 1.0, "matrix_dims": dims, "left": left, "right": right}
    layer = Layer([Tensor("w", "F32", [6, 4], bytes(96), lambda spec, t: (fields, [block]))])
    layer.add_table_set([coder.make_table({128: 1})])
    file = [Tensor("w", "F32", [6, 4], bytes(96), on_layer_plan, residual=1)]
    return Made(assemble(Spec(file, dependencies=stored, roles=list(roles), layer=layer)), stored)


def product_record(stored, roles, left, right, dims=1, block=b"\1"):
    """A pair of 6 x 2 and 2 x 4 zeros."""
    fields = {"predictor": PRODUCT, "residual": COEFFICIENTS, "step": 1.0, "matrix_dims": dims, "left": left, "right": right, "factor": LEFT, "partner": 1}
    other = {"predictor": PRODUCT, "residual": COEFFICIENTS, "matrix_dims": 1, "factor": RIGHT}
    spec = Spec([Tensor("a", "F32", [6, 2], bytes(48), lambda s, t: (fields, [block])), Tensor("b", "F32", [2, 4], bytes(32), lambda s, t: (other, []))],
                dependencies=stored, roles=list(roles))
    spec.add_table_set([coder.make_table({128: 1})])
    return Made(assemble(spec), stored)


def tensors():
    """Plain tensors that do not fit a matrix of 6 x 4; the good ones are [6, 3] on the left and [2, 4] on the right."""

    def case(id, title, kinds, left=None, right=None, roles=(SIBLING,), dims=1, of=modes_record, block=b"\1", requirement="R-MOD-007", code="WRONG_DEPENDENCY"):
        def make():
            stored = [kinds() if callable(kinds) else plain(*kinds)]
            return of(stored, roles, [{**LEFT_USE, **(left or {})}], [{**RIGHT_USE, **(right or {})}], dims, block)

        return Case(f"h-directions-{id}", title, [requirement], make, code)

    one, two = ("F32", [6, 3]), ("F32", [2, 4])
    for of, name in ((modes_record, ""), (product_record, "product-")):
        for dtype, count in (("F64", 8), ("I8", 1), ("U8", 1), ("F8_E4M3", 1), ("I16", 2), ("I32", 4)):
            yield case(f"{name}{dtype.lower().replace('_', '-')}", f"A plain tensor of {dtype} as left directions",
                       lambda d=dtype, n=count: assemble(Spec([Tensor("a", d, [6, 3], bytes(18 * n)), Tensor("b", "F32", [2, 4], bytes(32))])), of=of)
        yield case(f"{name}i8-right", "A plain tensor of I8 as right directions",
                   lambda: assemble(Spec([Tensor("a", "F32", [6, 3], bytes(72)), Tensor("b", "I8", [2, 4], bytes(8))])), of=of)
        for side, kinds in (("left", [("F32", [5, 3]), two]), ("left-longer", [("F32", [7, 3]), two]), ("left-transposed", [("F32", [3, 6]), two]),
                            ("right", [one, ("F16", [2, 3])]), ("right-longer", [one, ("BF16", [2, 5])]), ("right-transposed", [one, ("F32", [4, 2])]),
                            ("left-dimensions", [("F32", [2, 3, 3]), two])):
            yield case(f"{name}length-{side}", f"Plain tensors of another length: {side}", kinds, of=of)
        yield case(f"{name}count-left", "One left direction more than columns", [one, two], {"count": 4}, of=of)
        yield case(f"{name}count-right", "One right direction more than rows", [one, two], right={"count": 3}, of=of)
        yield case(f"{name}count-huge", "As many directions as the limit lets pass", [one, two], {"count": 1 << 20}, of=of, block=b"\1",
                   requirement="R-COF-002" if of is modes_record else "R-PRO-003", code="MALFORMED_INDEX")
        yield case(f"{name}tensor-range", "Directions past the sibling's tensors", [one, two], {"tensor": 2}, of=of)
        yield case(f"{name}tensor-huge", "Tensor 2^32 - 1 of the sibling", [one, two], right={"tensor": (1 << 32) - 1}, of=of)
        for value, bits in (("nan", 0x7FC00000), ("infinite", 0xFF800000)):
            zeros = [0] * 18
            zeros[17] = bits
            yield case(f"{name}left-{value}", f"A left direction in use that is {value} at its end", [(*one, zeros), two], of=of)
            yield case(f"{name}right-{value}", f"A right direction in use that is {value} at its end", [one, (*two, zeros[10:])], of=of)
        yield case(f"{name}f16-infinite", "A direction of F16 that is infinite", [("F16", [6, 3], [0x7C00] + [0] * 17), two], of=of)
        yield case(f"{name}bf16-nan", "A direction of BF16 that is NaN", [one, ("BF16", [2, 4], [0] * 7 + [0xFFC1])], of=of)
        yield case(f"{name}role-basis", "Plain tensors of a dependency of the role basis", [one, two], roles=(BASIS,), of=of, requirement="R-MOD-001")
        yield case(f"{name}missing", "The sibling is not at hand", [one, two], of=lambda *a, of=of: missing(of(*a)), requirement="R-DEC-002",
                   code="MISSING_DEPENDENCY")
        yield case(f"{name}before-block", "A direction that is not finite and a bad block: the direction first", [(*one, [0x7F800000] * 18), two], of=of,
                   block=b"\2")
    vector = [("F32", [6]), two]
    yield case("dimensions-none", "A plain tensor of one dimension, matrix_dims 2", [("F32", [24]), ("F32", [24])], dims=2, left={"count": 1},
               right={"count": 1})
    yield case("dimensions-less", "A scalar as right directions, matrix_dims 1", [one, ("F32", [])], right={"count": 1})
    yield case("dimensions-vector", "A vector of six as left directions gives one, not three", vector)
    yield case("rows-none", "A plain tensor without rows as right directions", [one, ("F32", [0, 4])], right={"count": 1})
    yield case("columns-none", "A plain tensor without columns as left directions", [("F32", [6, 0]), two], left={"count": 1})
    good = lambda: basis(group("I8", 3, 6, "roles"), group("I8", 2, 4, "roles"))
    for role, name in ((BASE, "base"), (SIBLING, "sibling")):
        yield case(f"role-{name}", f"A basis of the role {name}: its directions are of I8", good, right={"tensor": 3}, roles=(role,))
    yield Case("h-directions-opaque", "A sibling that decodes to an opaque file", ["R-DEC-004"],
               lambda: modes_record([assemble(Spec(opaque=b"no tensors"))], (SIBLING,), [LEFT_USE], [RIGHT_USE]), "WRONG_DEPENDENCY")
    yield Case("h-directions-depth-5", "Depth 5: directions of a sibling at depth 4", ["R-DEC-005", "R-LIM-014"], lambda: refused(deep(4)), "LIMIT_EXCEEDED")


def missing(made):
    made.objects.clear()
    return made


def refused(made):
    made.file = None
    return made


def all_cases():
    yield from tensors()
