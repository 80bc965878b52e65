"""Hostile cases of the residual `bounded` and of `Front.approximation`."""
from . import valid
from .build import BASE, BOUNDED, LAYER, MODES, NONE, SIBLING, Spec, Tensor, assemble, sha
from .cases import Case, Made, floats, rng
from .plans import bounded_tensor
from .spoil import entry, fields, opaque, spoiled
from .spoil_blocks import bad_blocks, bad_dtypes, bad_steps, spoiled_of
from .valid_bounded import steps
from .valid_layer import exact, small_layer


def small(dtype="BF16", **options):
    """One tensor within a bound of its base, with row scales: (Spec, dependencies)."""
    stored = [valid.plain(dtype, floats(dtype, 30, rng("hostile bounded")), [6, 5])]
    options = {"scale": 9, "row_dims": 1, "rows": [0, 1, 2, 3, 4, 5], "ends": (11, 13, 128), **options}
    whole = {n: n for n in options.pop("escapes", ())}
    tensor = bounded_tensor("w", dtype, [6, 5], steps(30, "hostile bounded", 40), 0.001, stored[0].spec.tensors[0], whole=whole, **options)
    return Spec([tensor], dependencies=stored), stored


def alone(**options):
    """One tensor without a prediction."""
    whole = {n: n for n in options.pop("escapes", ())}
    return Spec([bounded_tensor("w", "F32", [12], steps(12, "alone", 40), 0.001, whole=whole, **options)]), []


def indexes():
    def index(id, title, requirement, code="MALFORMED_INDEX", make=small, **values):
        return Case(f"h-bounded-{id}", title, [requirement], spoiled_of(make, index=entry(0, **values)), code)

    yield from bad_steps("h-bounded", "R-BND-002", small)
    yield from bad_steps("h-bounded-alone", "R-BND-002", alone)
    yield Case("h-bounded-step-none-empty", "No step, of a tensor without elements", ["R-BND-002"], lambda: Made(assemble(Spec(
        [bounded_tensor("w", "F32", [0], [], 1.0, entry={"step": 0.0})]))), "MALFORMED_INDEX")
    for predictor in (3, MODES, 6, 7):
        yield index(f"predictor-{predictor}", f"Predictor {predictor} with the residual bounded", "R-IDX-003", predictor=predictor, matrix_dims=1)
    yield from bad_dtypes("h-bounded", "Residual bounded", {"predictor": NONE, "residual": BOUNDED, "step": 1.0})
    yield index("shift", "A shift with the residual bounded", "R-IDX-008", shift=1)
    yield index("scale", "Scale 65,537", "R-IDX-011", scale=65_537)
    yield index("row-dims", "row_dims above the dimensions", "R-IDX-007", row_dims=3)
    yield index("row-dims-alone", "row_dims without scales", "R-IDX-007", make=alone, row_dims=1)
    yield index("scales-columns", "Column scales announced and not there", "R-IDX-009", has_column_scales=True)
    yield index("table-set", "A table set out of range", "R-IDX-005", table_set=1)
    yield index("dependency", "A dependency out of range", "R-IDX-005", dependency=1)
    yield index("dependency-huge", "Dependency 2^32 - 1", "R-IDX-005", dependency=(1 << 32) - 1)
    yield index("dependency-none", "Predictor sibling without dependencies", "R-IDX-005", make=alone, predictor=SIBLING)
    yield index("layer-nowhere", "Predictor layer in a record without a layer", "R-LYR-003", predictor=LAYER)
    yield Case("h-bounded-layer-in-layer", "Predictor layer with the residual bounded in a layer", ["R-LYR-003"],
               lambda: in_layer(entry(0, predictor=LAYER)), "MALFORMED_INDEX")
    yield Case("h-bounded-layer-step", "A step of 0 in a layer", ["R-BND-002"], lambda: in_layer(entry(0, step=0.0)), "MALFORMED_INDEX")
    more = lambda m: m["tensors"][0].update(block_lengths=m["tensors"][0]["block_lengths"] + [0], block_crc32c=m["tensors"][0]["block_crc32c"] + [0])
    yield Case("h-bounded-blocks-more", "A block too many", ["R-IDX-004"], spoiled_of(small, index=more), "MALFORMED_INDEX")
    yield Case("h-bounded-blocks-none", "No block", ["R-IDX-004"], without_block, "MALFORMED_INDEX")
    yield index("source", "A source past the base's tensors", "R-DEC-004", "WRONG_DEPENDENCY", source_tensor=1)
    yield Case("h-bounded-missing", "The base is not at hand", ["R-DEC-002"], spoiled_of(small, keep=()), "MISSING_DEPENDENCY")
    yield Case("h-bounded-depth-5", "Depth 5: bounded upon a chain of depth 4", ["R-DEC-005", "R-LIM-014"], deep, "LIMIT_EXCEEDED")


def in_layer(change):
    stored, _ = small_layer()
    layer = bounded_tensor("w", "BF16", [6, 5], steps(30, "in layer"), 0.01)
    return Made(assemble(exact([layer], dependencies=stored, roles=[1, 3]), layer_index=change), stored)


def without_block():
    spec, stored = small()
    tensor, plan = spec.tensors[0], spec.tensors[0].plan
    tensor.plan = lambda part, one, **options: (plan(part, one, **options)[0], [])
    return Made(assemble(spec), stored)


def deep():
    stored = valid.chained(4, "F16")
    tensor = bounded_tensor("w", "F16", [20], steps(20, "deep"), 0.001, stored[-1].spec.tensors[0])
    made = Made(assemble(Spec([tensor], dependencies=[stored[-1]])), stored)
    made.file = None
    return made


def sources():
    """Bases that do not fit; their blocks are of zeros, as nothing is decoded."""
    for own, other in (("BF16", "F16"), ("F16", "BF16"), ("F16", "F32"), ("F32", "F16"), ("F32", "F64"), ("BF16", "F8_E4M3")):
        yield Case(f"h-bounded-{own.lower()}-of-{other.lower().replace('_', '-')}", f"A {own} tensor from a source of {other}",
                   ["R-PRD-002", "R-PRD-006", "R-DEC-004"], lambda o=own, s=other: source(o, s, 8), "WRONG_DEPENDENCY")
    for count in (7, 9):
        yield Case(f"h-bounded-source-{count}", f"A source of {count} elements for 8", ["R-PRD-002", "R-DEC-004"],
                   lambda n=count: source("BF16", "BF16", n), "WRONG_DEPENDENCY")


def source(own, other, count, **spoil):
    stored = [valid.plain(other, floats("F32" if other == "F64" else other, count, rng("source")))]
    fields_of = {"predictor": BASE, "residual": BOUNDED, "step": 1.0}
    spec = Spec([Tensor("w", own, [8], bytes(32 if own == "F32" else 16), lambda part, t: (fields_of, [b"\1"]))], dependencies=stored)
    spec.tables, spec.table_sets = [(128, 129, 128, {128: 2048, 129: 2048})], [{"first_table": 0, "segment_ends": [128]}]
    return Made(assemble(spec, **spoil), stored)


def orders():
    yield Case("h-bounded-scales-first", "The scales' checksum is wrong and the base not at hand: the scales first", ["R-ROL-002", "R-DEC-002"],
               spoiled_of(small, keep=(), index=lambda m: m["scales"].update(crc32c=7)), "CHUNK_CHECKSUM")
    yield Case("h-bounded-table-first", "A bad table and a bad block: the table first", ["R-TAB-001"],
               spoiled_of(small, tables=lambda b: b + b"\0", blocks=lambda b: b[0].__setitem__(0, b"\2")), "MALFORMED_TABLE")
    yield Case("h-bounded-source-first", "A source that does not fit and a bad block: the source first", ["R-DEC-004"],
               lambda: source("BF16", "F16", 8, blocks=lambda b: b[0].__setitem__(0, b"\2")), "WRONG_DEPENDENCY")
    yield Case("h-bounded-upon-layer-block", "A layer of modes and a bad block of bounded upon it", ["R-BND-001"], upon_layer_bad, "MALFORMED_BLOCK")


def upon_layer_bad():
    stored, layer = small_layer()
    tensor = bounded_tensor("w", "BF16", [6, 5], steps(30, "upon"), 0.01, layer, LAYER)
    return Made(assemble(exact([layer], [tensor], stored, [1, 3]), blocks=lambda b: b[0].__setitem__(0, b"\0" + bytes(60))), stored)


def approximations():
    good = {"original_sha256": sha(b"the original")}

    def front(id, title, requirement, code="MALFORMED_FRONT", near=None, **spoil):
        return Case(f"h-approximation-{id}", title, [requirement],
                    lambda: Made(assemble(Spec(opaque=b"abc", front={"approximation": {**good, **(near or {})}}), **spoil)), code)

    for length in (0, 31, 33):
        yield front(f"digest-{length}", f"A digest of the original of {length} bytes", "R-MSG-003", near={"original_sha256": bytes([1] * length)})
    yield Case("h-approximation-empty", "An empty message Approximation", ["R-MSG-003"], spoiled(opaque, front=fields(approximation={})), "MALFORMED_FRONT")
    yield front("double-cut", "An Approximation that ends within a double", "R-MSG-001", "MALFORMED_MESSAGE", near={"_more": b"\x11abcd"})
    yield front("digest-cut", "An Approximation that ends within its digest", "R-MSG-001", "MALFORMED_MESSAGE", near={"_more": b"\x0a\x20abc"})
    yield Case("h-approximation-digest-twice", "A digest of 32 bytes, then one of 31: the last counts", ["R-MSG-003"], lambda: Made(assemble(
        Spec(opaque=b"abc", front={"approximation": {**good, "_more": b"\x0a\x1f" + bytes(31)}}))), "MALFORMED_FRONT")
    yield Case("h-approximation-file-digest", "The digest of the original is no excuse for a file with another digest", ["R-DEC-006"], lambda: Made(assemble(
        Spec(opaque=b"abc", front={"approximation": {"original_sha256": sha(b"other")}}), front=fields(file_sha256=sha(b"other")))), "FILE_DIGEST")


def all_cases():
    yield from indexes()
    yield from sources()
    yield from bad_blocks("h-bounded", "R-BND-001", small)
    yield from bad_blocks("h-bounded-alone", "R-BND-001", alone)
    yield from orders()
    yield from approximations()
