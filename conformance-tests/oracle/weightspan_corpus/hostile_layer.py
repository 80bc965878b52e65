"""Hostile layers, modes and coefficients."""
import struct

from . import build, coder, plans, valid, wire
from .build import Layer, Spec, Tensor, assemble, equal_plan, on_layer_plan, pack, zstd_raw
from .cases import Case, Made, floats, floats_tensor, near, rng
from .coder import f32, f32_bits
from .spoil import cut, entry, fields, inner, one_block, opaque, weights
from .directions import BASIS, basis, group
from .valid_layer import apart, coefficients, deep, deep_basis, exact, modes_tensor, small_layer, unused_layer


def small(layer_options=None, **options):
    """The record that most of these spoil, and its dependencies: a centred tensor of modes in the layer, the file by delta on it."""
    stored, layer = small_layer(**(layer_options or {}))
    values = near("BF16", layer.elements(), rng("hostile layer"))
    tensor = floats_tensor("w", "BF16", [6, 5], values, on_layer_plan, scale=470)
    return exact([layer], [tensor], stored, [1, BASIS], **options), stored


def spoiled(options=None, layer_options=None, keep=(0, 1), **spoil):
    """A maker of it with what assemble() is told to spoil; keep: the dependencies that are at hand."""

    def make():
        spec, stored = small(layer_options, **(options or {}))
        return Made(assemble(spec, **spoil), [stored[n] for n in keep])

    return make


def flipped(make, shift=0, place="layer"):
    """The record that make() gives as (Spec, dependencies), a bit of it flipped."""

    def flip():
        spec, dependencies = make()
        stored = assemble(spec)
        data = bytearray(stored.data)
        data[(stored.places[place] if isinstance(place, str) else place(stored)) + shift] ^= 4
        return Made(bytes(data), dependencies)

    return flip


def unused(**spoil):
    """A layer that no tensor of the file is predicted by."""

    def make():
        stored, layer = small_layer()
        spec = exact([layer], [Tensor("w", "BF16", [6, 5], bytes(range(60)))], stored, [1, BASIS])
        return Made(assemble(spec, **spoil), stored)

    return make


def unused_spec():
    stored, layer = small_layer()
    return exact([layer], [Tensor("w", "BF16", [6, 5], bytes(range(60)))], stored, [1, BASIS]), stored


def fronts():
    def front(id, title, requirement, code="MALFORMED_FRONT", **spoil):
        return Case(id, title, [requirement], spoiled(**spoil), code)

    yield front("h-layer-bit-missing", "A layer without the feature bit", "R-LYR-001", header={"to_read": 0})
    yield Case("h-layer-bit-alone", "The feature bit without a layer", ["R-LYR-001"], lambda: Made(assemble(weights(), header={"to_read": 1})),
               "MALFORMED_FRONT")
    yield front("h-layer-bit-and-another", "The feature bit and one that is not known", "R-HDR-005", "UNSUPPORTED_FEATURE", header={"to_read": 3})
    yield front("h-layer-no-index", "A layer without an index chunk", "R-LYR-001", layer=fields(index=None))
    yield Case("h-layer-empty", "An empty message Layer", ["R-LYR-001"],
               lambda: Made(assemble(weights(), header={"to_read": 1}, front=fields(layer={}))), "MALFORMED_FRONT")
    chunk = {"stored_length": 0, "decoded_length": 0, "crc32c": 0}
    yield Case("h-layer-opaque", "A layer of an opaque file", ["R-LYR-001"], lambda: Made(assemble(opaque(), header={"to_read": 1}, front=fields(
        layer={"index": chunk, "file_sha256": bytes(32)}))), "MALFORMED_FRONT")
    for length in (0, 31, 33):
        yield front(f"h-layer-digest-{length}-bytes", f"A layer's digest of {length} bytes", "R-MSG-003",
                    layer=fields(file_sha256=bytes([1] * length)))
    yield front("h-layer-coding-3", "The layer's index chunk of coding 3", "R-MSG-004", layer=inner("index", coding=3))
    yield front("h-layer-raw-lengths", "The layer's index chunk RAW, with two lengths", "R-MSG-005", layer=inner("index", decoded_length=9))
    yield front("h-layer-index-limit", "A layer's Index of 268,435,457 bytes", "R-LIM-002", "LIMIT_EXCEEDED",
                layer=inner("index", decoded_length=(1 << 28) + 1, coding=1))
    yield front("h-layer-index-claim", "A layer's Index that claims 268,435,456 bytes and has no frame of them", "R-MSG-007", "MALFORMED_CHUNK",
                layer=inner("index", decoded_length=1 << 28, coding=1))
    for name, more in (("more", 1), ("less", -1), ("huge", (1 << 63))):
        yield front(f"h-layer-data-length-{name}", f"data_length is {more:+} bytes off", "R-HDR-009", "BAD_LAYOUT",
                    layer=lambda m, n=more: m.update(data_length=m["data_length"] + n))
    yield front("h-layer-front-double-cut", "A Layer that ends within a double", "R-MSG-001", "MALFORMED_MESSAGE", layer=fields(_more=b"\x21abcd"))


def layouts():
    def layout(id, title, requirements, make):
        return Case(id, title, requirements, make, "BAD_LAYOUT")

    yield layout("h-layer-byte-more", "A byte behind the layer's blocks, within data_length", ["R-LYR-004", "R-LAY-003"], spoiled(
        first_end=b"\0", layer=lambda m: m.update(data_length=m["data_length"] + 1)))
    yield layout("h-layer-byte-less", "The layer's last byte is not within data_length, FIRST ends before it", ["R-LYR-004"], byte_less)
    yield layout("h-layer-gap", "Eight bytes in FIRST behind the layer that belong to nothing", ["R-LAY-003", "R-HDR-009"],
                 spoiled(first_end=bytes(8)))
    yield layout("h-layer-block-longer", "A block length of the layer one more", ["R-LYR-004"], spoiled(
        layer_index=lambda m: m["tensors"][0].update(block_lengths=[m["tensors"][0]["block_lengths"][0] + 1])))
    yield layout("h-layer-block-huge", "A block length of the layer of 2^32 - 1", ["R-LYR-004"],
                 spoiled(layer_index=entry(0, block_lengths=[(1 << 32) - 1])))
    yield layout("h-layer-tables-huge", "The layer's tables chunk is 8 bytes longer than stored", ["R-LYR-004"], spoiled(
        layer_index=lambda m: m["tables"].update(stored_length=m["tables"]["stored_length"] + 8)))

    def overflow(index):
        index["scales"]["stored_length"] = (1 << 64) - 8
        index["tables"]["stored_length"] += 8 + 7  # seven bytes of scales

    yield layout("h-layer-sum-overflow", "Stored lengths of the layer whose sum is right modulo 2^64", ["R-LYR-004"],
                 lambda: apart(None, layer_index=overflow))
    yield layout("h-layer-overflow", "Lengths of FIRST whose sum is right modulo 2^64", ["R-HDR-009"], spoiled(
        layer=lambda m: m.update(data_length=m["data_length"] + (1 << 63)),
        front=lambda m: m["schema"].update(stored_length=m["schema"]["stored_length"] + (1 << 63), coding=1)))
    yield Case("h-layer-padding", "Padding behind the layer that is not zero", ["R-LAY-002"], padded, "NONZERO_PADDING", role="strict-validator")


def byte_less():
    """The bytes of FIRST as they are, its end and the layer's one byte sooner; the byte is padding then."""
    for n in range(1, 9):
        spec = lambda: exact([Tensor("b", "U8", [n], b"a" * (n - 1) + b"\0")])
        end = assemble(spec()).places["first_end"]
        if end % 8 not in (0, 1):
            return Made(assemble(spec(), header={"first_end": end - 1}, layer=lambda m: m.update(data_length=m["data_length"] - 1)))
    raise AssertionError


def padded():
    for n in range(1, 9):
        stored = assemble(exact([Tensor("b", "U8", [n], b"a" * n)]), padding=b"\0\1\0\0")
        if stored.places["first_end"] % 8:
            return Made(stored)
    raise AssertionError


def chunks():
    for place in ("layer", "first_end"):
        yield Case(f"h-layer-cut-{place.replace('_', '-')}", f"Cut at the place `{place}` of a record with a layer", ["R-TRL-001"],
                   cut(lambda: small()[0], place, 3 if place == "layer" else 0), "TRUNCATED")
    yield Case("h-layer-flip-index", "A bit of the layer's Index flipped", ["R-MSG-008", "R-ROL-002"], flipped(small, 5), "CHUNK_CHECKSUM")
    yield Case("h-layer-index-checksum", "The CRC32C of the layer's index chunk is wrong", ["R-MSG-008"], spoiled(layer=inner("index", crc32c=0)),
               "CHUNK_CHECKSUM")
    yield Case("h-layer-flip-block", "A bit of the layer's last block flipped", ["R-MSG-008", "R-ROL-002"], flipped(small, -1, "first_end"),
               "CHUNK_CHECKSUM")
    yield Case("h-layer-block-checksum", "The CRC32C of a layer's block is wrong", ["R-MSG-008"], spoiled(layer_index=entry(0, block_crc32c=[7])),
               "CHUNK_CHECKSUM")
    yield Case("h-layer-tables-checksum", "The CRC32C of the layer's tables is wrong", ["R-MSG-008"], spoiled(layer_index=inner("tables", crc32c=7)),
               "CHUNK_CHECKSUM")
    yield Case("h-layer-scales-checksum", "The CRC32C of the layer's scales is wrong", ["R-MSG-008"],
               lambda: apart(None, layer_index=inner("scales", crc32c=7)), "CHUNK_CHECKSUM")
    for name, make in {"block": flipped(unused_spec, -1, "first_end"), "tables": unused(layer_index=inner("tables", crc32c=7))}.items():
        yield Case(f"h-layer-unused-{name}", f"A layer that the file does not need: the CRC32C of its {name} is wrong", ["R-LYR-005", "R-MSG-008"],
                   make,
                   "CHUNK_CHECKSUM", role="strict-validator")
    frames = {"trailing": lambda b: zstd_raw(b) + b"\0", "content-less": lambda b: zstd_raw(b[:-1]), "garbage": lambda b: b"not a frame",
              "empty": lambda b: b""}
    for name, frame in frames.items():
        yield Case(f"h-layer-zstd-{name}", f"The layer's Index as a bad zstd frame: {name}", ["R-MSG-007"], spoiled({"layer": {"zstd": frame}}),
                   "MALFORMED_CHUNK")
    for name, more in {"field-past": b"\xa2\x06\x7fab", "varint-cut": b"\x18\xff", "wire-7": b"\x0f\0", "step-cut": b"\x0a\x03\x85\x01\x00"}.items():
        yield Case(f"h-layer-index-{name}", f"The layer's Index does not parse: {name}", ["R-MSG-001"],
                   spoiled(layer_index_bytes=lambda b, m=more: b + m), "MALFORMED_MESSAGE")
    yield Case("h-layer-table-byte-left", "A whole byte left over in the layer's tables", ["R-TAB-001"], spoiled(layer_tables=lambda b: b + b"\0"),
               "MALFORMED_TABLE")
    yield Case("h-layer-unused-table-bad", "A bad table of a layer that the file does not need", ["R-TAB-001", "R-LYR-005"],
               unused(layer_tables=lambda b: b + b"\0"),
               "MALFORMED_TABLE", role="strict-validator")


def digests():
    yield Case("h-layer-file-digest", "A layer with another digest", ["R-LYR-005"], spoiled(layer=fields(file_sha256=bytes(32))), "FILE_DIGEST",
               role="strict-validator")
    yield Case("h-layer-file-digest-of-file", "A layer with the digest of the file", ["R-LYR-005"], digest_of_file, "FILE_DIGEST",
               role="strict-validator")
    yield Case("h-layer-other-content", "A layer of other coefficients that the file does not need, all checksums right", ["R-LYR-005"],
               unused(layer_blocks=one_block(b"\1")),
               "FILE_DIGEST", role="strict-validator")
    yield Case("h-layer-other-content-needed", "A layer of other coefficients below a tensor of the file", ["R-DEC-006"],
               spoiled(layer_blocks=one_block(b"\1")), "TENSOR_DIGEST",
               also=["FILE_DIGEST"])
    yield Case("h-layer-tensor-digest", "A tensor by layer and equal with another digest", ["R-DEC-006"],
               lambda: is_file(index=entry(0, sha256=bytes(32))), "TENSOR_DIGEST")
    yield Case("h-layer-missing-unused", "A layer that the file does not need, its basis not at hand", ["R-LYR-005", "R-DEC-002"], missing_unused,
               "MISSING_DEPENDENCY",
               role="strict-validator")


def is_file(**spoil):
    stored, tensor = small_layer()
    return Made(assemble(exact([tensor], dependencies=stored, roles=[1, BASIS]), **spoil), stored)


def digest_of_file():
    spec, stored = small()
    return Made(assemble(spec, layer=fields(file_sha256=build.sha(spec.file))), stored)


def missing_unused():
    made = unused_layer()
    made.objects.popitem()
    return made


def layer_indexes():
    def index(id, title, requirements, change, code="MALFORMED_INDEX"):
        return Case(id, title, requirements, spoiled(layer_index=change), code)

    def of_apart(id, title, requirements, change, code="MALFORMED_INDEX"):
        return Case(id, title, requirements, lambda: apart(None, layer_index=change), code)

    yield index("h-layer-tensor-digests", "Digests of the tensors in a layer's Index", ["R-LYR-002"], fields(tensor_sha256=bytes(32)))
    yield index("h-layer-tensor-digest-byte", "A byte of digests in a layer's Index", ["R-LYR-002"], fields(tensor_sha256=b"\1"))
    for residual, number in ((1, 3), (4, 2)):
        yield of_apart(f"h-layer-in-layer-{residual}", f"Predictor layer in a layer, residual {residual}", ["R-LYR-003"], entry(number, predictor=5))
    plain = Tensor("w", "U8", [2], b"ab", lambda spec, t: ({"residual": 1, "predictor": 5}, []))
    yield Case("h-layer-nowhere", "Predictor layer in a record without a layer", ["R-LYR-003"], lambda: Made(assemble(Spec([plain]))),
               "MALFORMED_INDEX")
    yield Case("h-layer-nowhere-delta", "Predictor layer with delta in a record without a layer", ["R-LYR-003"],
               lambda: valid_base(index=entry(0, predictor=5)), "MALFORMED_INDEX")
    yield index("h-layer-entries-none", "A layer's Index without entries: its blocks are nobody's", ["R-LYR-004"], fields(tensors=[]), "BAD_LAYOUT")
    yield of_apart("h-layer-entries-more", "An entry too many in a layer's Index", ["R-IDX-001"], lambda m: m["tensors"].append({"residual": 2}))
    yield of_apart("h-layer-entries-less", "An entry missing of a tensor without blocks", ["R-IDX-001"], lambda m: m["tensors"].pop(4))
    yield index("h-layer-predictor-9", "Predictor 9 in a layer", ["R-IDX-002"], entry(0, predictor=9), "UNKNOWN_ENCODING")
    yield index("h-layer-residual-9", "Residual 9 in a layer", ["R-IDX-002"], entry(0, residual=9), "UNKNOWN_ENCODING")
    yield of_apart("h-layer-self-later", "Predictor self with a later tensor of the layer", ["R-IDX-005"], entry(4, source_tensor=6))
    yield of_apart("h-layer-self-dtype", "Predictor self with a source of another dtype", ["R-PRD-006"], entry(4, source_tensor=0))
    yield of_apart("h-layer-dependency-range", "A dependency of a layer's tensor out of range", ["R-IDX-005"], entry(2, dependency=2))
    yield of_apart("h-layer-source-range", "A source tensor of a layer's tensor that is not there", ["R-DEC-004"], entry(3, source_tensor=1),
                   "WRONG_DEPENDENCY")
    yield of_apart("h-layer-row-dims", "row_dims of a layer's tensor above its dimensions", ["R-IDX-007"], entry(1, row_dims=3))
    yield of_apart("h-layer-scales", "More scales in the layer than rows and columns", ["R-IDX-009"], entry(1, has_column_scales=False))
    yield of_apart("h-layer-shift", "A shift of a layer's tensor above the mantissa", ["R-IDX-008"], entry(1, shift=8))
    yield index("h-layer-checksums-more", "More checksums than blocks in a layer", ["R-IDX-012"], entry(0, block_crc32c=[1, 2]))
    yield index("h-layer-checksums-none", "No checksums in a layer", ["R-IDX-012"], entry(0, block_crc32c=[]))
    yield index("h-layer-segments", "segment_ends in a layer whose last is 127", ["R-IDX-006"],
                lambda m: m["table_sets"][0].update(segment_ends=[4, 10, 127]))
    yield index("h-layer-tables-zstd", "A layer's tables chunk of coding ZSTD", ["R-IDX-010"], inner("tables", coding=1))
    yield index("h-layer-tables-raw-lengths", "A layer's RAW tables chunk with two lengths", ["R-MSG-005"], inner("tables", decoded_length=1))
    yield index("h-layer-tables-1025", "table_count 1,025 in a layer", ["R-LIM-008"], fields(table_count=1025), "LIMIT_EXCEEDED")
    yield index("h-layer-table-sets-1025", "1,025 table sets in a layer", ["R-LIM-009"], lambda m: m.update(table_sets=m["table_sets"] * 1025),
                "LIMIT_EXCEEDED")
    yield index("h-layer-scales-limit", "A layer's scales chunk of 268,435,457 bytes", ["R-LIM-010"],
                fields(scales={"stored_length": 0, "decoded_length": (1 << 28) + 1, "coding": 1}), "LIMIT_EXCEEDED")
    yield Case("h-layer-index-first", "An error in the layer's Index and one in INDEX: the layer's first", ["R-LYR-002", "R-IDX-002"],
               spoiled(layer_index=fields(tensor_sha256=b"\1"), index=entry(0, predictor=9)), "MALFORMED_INDEX")
    yield Case("h-layer-schema-first", "A wrong schema and a layer's Index that does not parse: the schema first", ["R-SCH-002"],
               lambda: Made(assemble(
        exact([Tensor("b", "U8", [2], b"ab")], json_header=b"[]"), layer_index_bytes=lambda b: b"\x0f")), "MALFORMED_SCHEMA")


def valid_base(**spoil):
    """A record of one tensor by delta, its base at hand."""
    stored = valid.plain("BF16", floats("BF16", 30, rng("nowhere")))
    tensor = floats_tensor("w", "BF16", [30], near("BF16", stored.spec.tensors[0].elements(), rng("nowhere 2")), build.delta_plan, base=stored,
                           scale=470)
    return Made(assemble(Spec([tensor], dependencies=[stored]), **spoil), [stored])


def modes_indexes():
    def index(id, title, requirement, code="MALFORMED_INDEX", **values):
        return Case(id, title, [requirement], spoiled(layer_index=entry(0, **values)), code)

    left, right = {"dependency": 1, "tensor": 0, "count": 4}, {"dependency": 1, "tensor": 3, "count": 3}
    for predictor, residual in ((4, 1), (4, 2), (4, 3), (4, 4), (0, 5), (1, 5), (2, 5), (3, 5)):
        yield index(f"h-combination-{predictor}-{residual}", f"Predictor {predictor} with residual {residual}", "R-IDX-003", predictor=predictor,
                    residual=residual)
    for predictor, residual in ((5, 2), (5, 3), (5, 5)):
        yield Case(f"h-combination-{predictor}-{residual}", f"Predictor {predictor} with residual {residual}", ["R-IDX-003"],
                   spoiled(index=entry(0, predictor=predictor, residual=residual)), "MALFORMED_INDEX")
    for dtype, size in (("F64", 8), ("F8_E4M3", 1), ("I8", 1), ("C64", 8), ("I32", 4)):
        fields_of = {"predictor": 4, "residual": 5, "step": 1.0, "right": [{"count": 1}], "matrix_dims": 1}
        yield Case(f"h-modes-{dtype.lower().replace('_', '-')}", f"Modes of a tensor of {dtype}", ["R-IDX-003"], lambda d=dtype, s=size,
                   f=fields_of: dtype_of(d, s, f),
                   "MALFORMED_INDEX")
    yield index("h-modes-dependency-range", "Directions of a dependency out of range, left", "R-MOD-002", left=[{**left, "dependency": 2}])
    yield index("h-modes-dependency-huge", "Directions of dependency 2^32 - 1, right", "R-MOD-002", right=[{**right, "dependency": (1 << 32) - 1}])
    yield index("h-modes-count-0", "A count of 0, left", "R-MOD-002", left=[left, {**left, "count": 0}])
    yield index("h-modes-count-0-right", "A count of 0, right", "R-MOD-002", right=[{**right, "count": 0}])
    yield index("h-modes-dims-3", "matrix_dims 3 of two dimensions", "R-MOD-003", matrix_dims=3)
    yield index("h-modes-dims-huge", "matrix_dims 2^32 - 1", "R-MOD-003", matrix_dims=(1 << 32) - 1)
    for name, step in (("zero", 0.0), ("negative", -1.0), ("nan", float("nan")), ("infinite", float("inf")), ("minus-infinite", float("-inf"))):
        yield index(f"h-modes-step-{name}", f"A step of {step}", "R-MOD-003", step=step)
    yield Case("h-modes-step-minus-zero", "A step of -0", ["R-MOD-003"],
               spoiled(layer_index=entry(0, step=0.0, _more=b"\x85\x01" + struct.pack("<f", -0.0))), "MALFORMED_INDEX")
    yield Case("h-modes-empty", "Modes of a tensor without elements", ["R-MOD-003"], lambda: dtype_of(
        "F32", 0, {"predictor": 4, "residual": 5, "step": 1.0, "right": [{"count": 1}], "matrix_dims": 1}), "MALFORMED_INDEX")
    yield index("h-modes-center-range", "The center's dependency out of range", "R-MOD-004", dependency=2)
    yield index("h-modes-center-huge", "The center's dependency 2^32 - 1", "R-MOD-004", dependency=(1 << 32) - 1)
    yield index("h-modes-table-set", "Residual coefficients, a table set out of range", "R-IDX-005", table_set=1)
    yield index("h-coefficients-scale", "Residual coefficients, scale 65,537", "R-IDX-011", scale=65_537)
    yield Case("h-coefficients-blocks-more", "A block of coefficients too many", ["R-COF-002"], spoiled(
        layer_index=lambda m: m["tensors"][0].update(block_lengths=m["tensors"][0]["block_lengths"] + [0],
                                                     block_crc32c=m["tensors"][0]["block_crc32c"] + [0])), "MALFORMED_INDEX")
    yield Case("h-coefficients-blocks-none", "No block of coefficients", ["R-COF-002"], lambda: without_block(), "MALFORMED_INDEX")
    yield index("h-coefficients-shift", "A shift with the residual coefficients", "R-IDX-008", shift=1)
    yield index("h-coefficients-blocks-counted", "As many directions as need two blocks, one block", "R-COF-002", left=[{**left, "count": 30_000}])
    for name, count in (("", (1 << 25) + 1), ("-overflow", (1 << 30) + 3), ("-huge", (1 << 32) - 1)):
        yield index(f"h-coefficients-limit{name}", f"4 left directions times {count} right ones", "R-LIM-015", "LIMIT_EXCEEDED",
                    right=[{**right, "count": count}])
    yield Case("h-modes-limit", "8,193 left directions of 16,384 columns", ["R-LIM-015"], lambda: limit(8193), "LIMIT_EXCEEDED")
    yield Case("h-modes-limit-huge", "Left directions of 2^32 - 1 times three", ["R-LIM-015"], lambda: limit((1 << 32) - 1, 3), "LIMIT_EXCEEDED")
    yield index("h-modes-limit-after-table-set", "Directions above the limit and a table set out of range: the table set first", "R-IDX-005",
                right=[{**right, "count": (1 << 25) + 1}], table_set=1)
    yield Case("h-modes-limit-identity", "A matrix of 134,217,729 elements between identities", ["R-LIM-015"], identity_limit, "LIMIT_EXCEEDED")
    many = wire.length_delimited(1, b"\x72\0" * (1 << 19)) + wire.length_delimited(1, b"\x7a\0" * ((1 << 19) + 1))
    yield Case("h-directions-limit", "1,048,577 Directions in INDEX", ["R-LIM-016"],
               lambda: Made(assemble(weights(), index_bytes=lambda b: b + many)), "LIMIT_EXCEEDED",
               recipe=True)
    yield Case("h-directions-limit-layer", "1,048,577 Directions in a layer's Index", ["R-LIM-016"], spoiled(layer_index_bytes=lambda b: b + many),
               "LIMIT_EXCEEDED",
               recipe=True)


def dtype_of(dtype, size, fields_of):
    """A record with a tensor of 3 x 1 elements of the dtype coded as the fields say; it is refused before its basis is needed."""
    shape = [3, 1] if size else [3, 0]
    tensor = Tensor("w", dtype, shape, bytes(3 * size), lambda spec, t: (fields_of, [b"\1"] if size else []))
    spec = Spec([tensor], dependencies=[basis(group("I8", 1, 1, "dtype"))], roles=[BASIS])
    spec.add_table_set([coder.make_table({128: 1})])
    return Made(assemble(spec), spec.dependencies)


def without_block():
    def none(spec, tensor, **options):
        return {**plans.coefficients_plan(spec, tensor, **options)[0], "residual": 5}, []

    stored, layer = small_layer()
    layer.plan = none
    return Made(assemble(exact([layer], dependencies=stored, roles=[1, BASIS])), stored)


def limit(count, times=1):
    """A row of 16,384 elements with more left directions than the limit."""
    fields_of = {"predictor": 4, "residual": 5, "step": 1.0, "matrix_dims": 0, "left": [{"count": count}] * times,
                 "right": [{"tensor": 3, "count": 1}]}
    blocks = -(-count * times // 65_536) if count < 1 << 20 else 1
    tensor = Tensor("w", "F16", [16_384], bytes(32_768), lambda spec, t: (fields_of, [b"\1"] * blocks))
    spec = Spec([tensor], dependencies=[basis(group("I8", 1, 1, "limit"))], roles=[BASIS], layer=None)
    spec.add_table_set([coder.make_table({128: 1})])
    return Made(assemble(spec), spec.dependencies)


def identity_limit():
    """No directions; the file is as long as it says only in its header, and is refused before that shows."""
    elements = (1 << 27) + 1
    fields_of = {"predictor": 4, "residual": 5, "step": 1.0, "matrix_dims": 1}
    tensor = Tensor("w", "BF16", [1, elements], b"", lambda spec, t: (fields_of, [b"\1"] * (2049)))
    text = b'{"w":{"dtype":"BF16","shape":[1,%d],"data_offsets":[0,%d]}}' % (elements, 2 * elements)
    spec = Spec([tensor], json_header=text)
    spec.add_table_set([coder.make_table({128: 1})])
    return Made(assemble(spec, front=fields(file_length=8 + len(text) + 2 * elements)))


def bases():
    """Directions, scales and levels that do not fit."""
    good = list(group("I8", 3, 6, "bases").tensors("g"))
    ones = pack("F32", [0x3F800000] * 3)

    def case(id, title, tensors, left=None, requirement="R-MOD-001", code="WRONG_DEPENDENCY", also=()):
        def make():
            stored = [assemble(Spec(tensors))]
            right = basis(group("I8", 2, 4, "bases right"))
            use = {"dependency": 0, "tensor": 0, "count": 3, **(left or {})}
            sides = {"left": [use], "right": [{"dependency": 1, "tensor": 0, "count": 2}]}
            fields_of = {"predictor": 4, "residual": 5, "step": 1.0, "matrix_dims": 1, **sides}
            tensor = Tensor("w", "F32", [6, 4], bytes(96), lambda spec, t: (fields_of, [b"\1"]))
            layer = Layer([tensor])
            layer.add_table_set([coder.make_table({128: 1})])
            spec = Spec([Tensor("w", "F32", [6, 4], bytes(96), on_layer_plan, residual=1)], dependencies=[*stored, right], roles=[BASIS] * 2,
                        layer=layer)
            return Made(assemble(spec), [*stored, right])
        return Case(id, title, [requirement], make, code, also)

    directions, scales, levels = good
    for dtype, size in (("F16", 2), ("U8", 1), ("F64", 8), ("F8_E4M3", 1)):
        yield case(f"h-basis-{dtype.lower().replace('_', '-')}", f"Directions of {dtype}",
                   [Tensor("d", dtype, [3, 6], bytes(18 * size)), scales, levels])
    for name, shape in (("vector", [18]), ("cube", [3, 6, 1]), ("transposed", [6, 3]), ("longer", [2, 9]), ("none", [0, 6])):
        count = 1
        for n in shape:
            count *= n
        rows = shape[0]
        more = [Tensor("s", "F32", [rows], bytes(4 * rows)), Tensor("l", "I8", [rows], bytes(rows))]
        yield case(f"h-basis-{name}", f"Directions of shape {shape} for 6 rows", [Tensor("d", "I8", shape, bytes(count)), *more], {"count": 1})
    yield case("h-basis-alone", "Directions that nothing follows", [directions])
    yield case("h-basis-no-levels", "Directions and scales without levels", [directions, scales])
    yield case("h-basis-tensor-range", "The second tensor of the basis as directions", good, {"tensor": 1})
    yield case("h-basis-tensor-huge", "Tensor 2^32 - 1 of the basis", good, {"tensor": (1 << 32) - 1})
    yield case("h-basis-count", "One direction more than there are", good, {"count": 4})
    yield case("h-basis-scales-bf16", "Scales of BF16", [directions, Tensor("s", "BF16", [3], bytes(6)), levels])
    yield case("h-basis-scales-shape", "Scales of shape [3, 1]", [directions, Tensor("s", "F32", [3, 1], ones), levels])
    yield case("h-basis-scales-more", "A scale more than directions", [directions, Tensor("s", "F32", [4], ones + ones[:4]), levels])
    yield case("h-basis-levels-u8", "Levels of U8", [directions, scales, Tensor("l", "U8", [3], bytes(3))])
    yield case("h-basis-levels-less", "A level less than directions", [directions, scales, Tensor("l", "I8", [2], bytes(2))])
    yield case("h-basis-swapped", "Levels before scales", [directions, Tensor("l", "I8", [3], bytes(3)), Tensor("s", "F32", [3], ones)])
    for name, bits in (("nan", 0x7FC00000), ("infinite", 0xFF800000)):
        yield case(f"h-basis-scale-{name}", f"A scale in use that is {name}",
                   [directions, Tensor("s", "F32", [3], ones[:8] + pack("F32", [bits])), levels])
        zeros = Tensor("d", "I8", [3, 6], bytes(18))
        yield case(f"h-basis-scale-{name}-of-zeros", f"A scale that is {name}, of a direction of zeros",
                   [zeros, Tensor("s", "F32", [3], pack("F32", [bits]) + ones[:8]), levels])
        for dtype, shift in (("F32", 0), ("BF16", 16)):
            data = pack(dtype, [0] * 17 + [bits >> shift])
            yield case(f"h-basis-element-{name}-{dtype.lower()}", f"An element in use that is {name}, {dtype}",
                       [Tensor("d", dtype, [3, 6], data), scales, levels])
    big = f32_bits(f32(1e38))
    yield case("h-basis-value", "An element and a scale that are finite and a value that is not", [
        Tensor("d", "F32", [3, 6], pack("F32", [big] * 18)), Tensor("s", "F32", [3], pack("F32", [f32_bits(100.0)] * 3)), levels])


def sources():
    for name, keep in (("basis", (0,)), ("center", (1,)), ("both", ())):
        yield Case(f"h-modes-missing-{name}", f"Not at hand: {name}", ["R-DEC-002"], spoiled(keep=keep), "MISSING_DEPENDENCY")

    def center(id, title, dtype, count, own="BF16", requirement="R-MOD-004", entry_of=None):
        def make():
            stored = [valid.plain(dtype, [0] * count), basis(group("I8", 2, 5, "center"))]
            tensor = modes_tensor("w", own, [6, 5], stored, coefficients(6, 2, "center"), right=[(1, 0, 2)],
                                  entry={"dependency": 0, "centred": True, **(entry_of or {})})
            return Made(assemble(exact([tensor], dependencies=stored, roles=[1, BASIS])), stored)
        return Case(id, title, [requirement, "R-DEC-004"], make, "WRONG_DEPENDENCY")

    yield center("h-modes-center-fewer", "A center of fewer elements", "BF16", 29)
    yield center("h-modes-center-more", "A center of more elements", "BF16", 31)
    for own, other in (("BF16", "F16"), ("F16", "BF16"), ("F16", "F32"), ("F32", "F16"), ("F32", "F64")):
        yield center(f"h-modes-center-{other.lower()}-of-{own.lower()}", f"A {own} tensor around a center of {other}", other, 30, own)
    yield center("h-modes-center-source", "A center past the dependency's tensors", "BF16", 30, entry_of={"source_tensor": 1})
    yield center("h-modes-center-is-basis", "The basis's directions as center", "BF16", 30, entry_of={"dependency": 1})
    yield Case("h-basis-opaque", "A basis that decodes to an opaque file", ["R-DEC-004"], opaque_basis, "WRONG_DEPENDENCY")
    yield Case("h-basis-file", "The record names another file digest for the basis", ["R-DEC-003"],
               spoiled(front=lambda m: m["dependencies"][1].update(file_sha256=bytes(32))),
               "WRONG_DEPENDENCY")
    yield Case("h-layer-depth-5", "Depth 5: layer, modes, and a center of depth 3", ["R-DEC-005", "R-LIM-014"], lambda: refused(deep(3)),
               "LIMIT_EXCEEDED")
    yield Case("h-layer-depth-5-basis", "Depth 5: the levels of a basis at depth 3", ["R-DEC-005", "R-LIM-014"], lambda: refused(deep_basis(3)),
               "LIMIT_EXCEEDED")
    yield Case("h-layer-depth-5-self", "Depth 5 within a layer and the file above it", ["R-DEC-005"], lambda: Made(assemble(exact(
        [Tensor("a", "U8", [2], b"ab")] + [Tensor(n, "U8", [2], b"ab", equal_plan, predictor=3, source=i) for i,
                                           n in enumerate("bcde")]))), "LIMIT_EXCEEDED")


def refused(made):
    made.file = None
    return made


def opaque_basis():
    stored = [assemble(Spec(opaque=b"no basis"))]
    fields_of = {"predictor": 4, "residual": 5, "step": 1.0, "matrix_dims": 1, "right": [{"count": 1}]}
    spec = Spec([Tensor("w", "F32", [2, 2], bytes(16), lambda spec, t: (fields_of, [b"\1"]))], dependencies=stored, roles=[BASIS])
    spec.add_table_set([coder.make_table({128: 1})])
    return Made(assemble(spec), stored)


def blocks():
    def block(id, title, requirement, change):
        return Case(id, title, [requirement], spoiled(layer_blocks=one_block(change)), "MALFORMED_BLOCK")

    def broken(id, title, requirement, **spoil):
        return Case(id, title, [requirement], spoiled(layer_options={"broken": spoil}), "MALFORMED_BLOCK")

    for mode in (0, 2, 4, 15):
        yield block(f"h-coefficients-mode-{mode}", f"Mode {mode}", "R-COF-001", lambda b, m=mode: bytes([m]) + b[1:])
    yield block("h-coefficients-empty", "An empty block", "R-COF-001", b"")
    yield block("h-coefficients-zero-long", "Mode 1 with a payload", "R-COF-001", b"\1\0")
    yield block("h-coefficients-zero-high", "Mode 1 with h div 16 of 1", "R-COF-001", b"\x11")
    yield broken("h-coefficients-lanes-6", "64 lanes", "R-COF-001", lanes_log=6)
    for name, length in (("head", 1), ("states", 8), ("states-only", 9)):
        yield block(f"h-coefficients-cut-{name}", f"A coded block cut to {length} bytes", "R-RNS-001", lambda b, n=length: b[:n])
    yield broken("h-coefficients-state", "A state below 2^16", "R-RNS-002", states=lambda x: [x[0] & 0xFFFF] + x[1:])
    yield broken("h-coefficients-final", "A lane that ends above 2^17", "R-RNS-002", final=lambda x: [x[0] | 1 << 17] + x[1:])
    yield broken("h-coefficients-word-left", "A word left over", "R-DIR-002", words=lambda w: w + [0])
    yield broken("h-coefficients-raw-more", "A byte behind the raw bits", "R-DIR-002", raw=lambda r: r + b"\0")
    yield block("h-coefficients-cut-last", "The last byte is missing", "R-COF-001", lambda b: b[:-1])
    yield Case("h-coefficients-unused-bits", "Unused raw bits that are not zero", ["R-DIR-002"], unused_bits, "MALFORMED_BLOCK")
    for symbol, bits in ((248, 32), (8, 32), (255, 32), (1, 32)):
        yield Case(f"h-coefficients-symbol-{symbol}", f"Symbol {symbol}: a coefficient of {bits} bits", ["R-COF-001"],
                   lambda s=symbol: one_symbol(s), "MALFORMED_BLOCK")


def unused_bits():
    for n in range(1, 20):
        options = {"escapes": range(n % 5), "lanes_log": 0}
        good, bad = (spoiled(layer_options={**options, "broken": b})() for b in ({}, {"unused": 0xFF}))
        if good.data != bad.data and n % 5:
            return bad
    raise AssertionError


def one_symbol(symbol):
    """A block in which every coefficient has the symbol, with as many raw bits as its length asks for."""
    v = abs(symbol - 128)
    table = coder.make_table({symbol: 3, 128: 1})

    def plan(spec, tensor, **options):
        entry_of, _ = plans.coefficients_plan(spec, tensor, **options)
        spec.table_sets.clear()
        spec.tables.clear()
        spec.add_table_set([table])
        return {**entry_of, "table_set": 0}, [coder.coded_block(0, [symbol] * 12, [[(0, (v >> 2) - 1)]] * 12, [table] * 12)]

    stored, layer = small_layer()
    layer.plan = plan
    return Made(assemble(exact([layer], dependencies=stored, roles=[1, BASIS])), stored)


def all_cases():
    for cases in (fronts, layouts, chunks, digests, layer_indexes, modes_indexes, bases, sources, blocks):
        yield from cases()
