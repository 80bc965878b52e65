"""The valid cases."""
from . import build, wire
from .build import BASE, SELF, SIBLING, Spec, Tensor, assemble, delta_plan, equal_plan, float_plan, pack
from .cases import Case, Made, bf16_of, float_bits, floats, floats_tensor, near, normal, rng, specials
from .coder import FLOATS
from .frames import FRAMES, frame_bytes, frame_content


def direct(dtype, shape, values, **options):
    return Spec([floats_tensor("w", dtype, shape, values, float_plan, **options)])


def plain(dtype, values, shape=None, name="w", **options):
    """A stored safetensors record to depend on: one tensor, residual bytes."""
    return assemble(Spec([Tensor(name, dtype, shape or [len(values)], pack(dtype, values))], **options))


def made(spec, *objects, **spoil):
    return lambda: Made(assemble(spec() if callable(spec) else spec, **spoil), objects)


def with_base(dtype, values, base, base_dtype=None, convert=None, shape=None, role=1, **options):
    """A record of one tensor coded by delta against a plain record of the base's values."""

    def make():
        stored = plain(base_dtype or dtype, base, shape)
        tensor = floats_tensor("w", dtype, shape or [len(values)], values, delta_plan, base=stored, convert=convert, **options)
        return Made(assemble(Spec([tensor], dependencies=[stored], roles=[role])), [stored])

    return make


def containers():
    yield Case("v-opaque-empty", "The smallest container: an opaque file of no bytes", ["R-SCH-010", "R-LAY-001", "R-HDR-001"],
               made(lambda: Spec(opaque=b"")))
    yield Case("v-opaque-raw", "An opaque file, one raw block", ["R-SCH-010", "R-BYT-001"], made(lambda: Spec(opaque=b"not weights\n")))
    yield Case("v-opaque-two-blocks", "Opaque, a full block of 1,048,576 bytes and one byte more, zstd RLE blocks",
               ["R-IDX-004", "R-BYT-001", "R-MSG-007"],
               made(lambda: Spec([Tensor("", "U8", [1048577], b"\7" * 1048577, build.bytes_plan,
                                         frames=[build.zstd_rle(7, 1 << 20), build.zstd_rle(7, 1)])], opaque=b"\7" * 1048577)))
    for n in range(8):
        yield Case(f"v-alignment-{n}", f"Section ends at offset {n} from alignment", ["R-LAY-001", "R-LAY-003", "R-LAY-004"],
                   made(lambda n=n: Spec(opaque=b"a" * n, front={"writer": {"name": "x" * (n + 1), "version": "1"}})))
    yield Case("v-index-zstd", "INDEX is a zstd frame", ["R-TRL-003", "R-MSG-007"],
               made(lambda: Spec([Tensor("a", "I8", [3], b"abc")]), index_zstd=build.zstd_raw))
    yield Case("v-no-tensor-digests", "An Index without digests of the tensors", ["R-MSG-003", "R-DEC-006"],
               made(lambda: direct("F32", [70], floats("F32", 70, rng("no digests"))), index=lambda m: m.update(tensor_sha256=b"")))
    yield Case("v-safetensors-empty", "A safetensors file without tensors", ["R-SCH-001", "R-SCH-002", "R-IDX-001"],
               made(lambda: Spec(json_header=b"{}")))
    yield Case("v-metadata-only", "Only __metadata__, and spaces behind the header", ["R-SCH-002", "R-SCH-004"],
               made(lambda: Spec(json_header=b'{"__metadata__":{"format":"pt","a":""}}     ')))
    json = b'{"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},"a":{"shape":[3],"data_offsets":[0,3],"dtype":"I8"}}'
    yield Case("v-header-reordered", "Members of the header out of data order", ["R-SCH-009", "R-DEC-001"],
               made(lambda: Spec([Tensor("a", "I8", [3], b"abc"), Tensor("b", "U8", [2], b"de")], json_header=json)))
    empty = (b'{"c":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},'
             b'"e":{"dtype":"I64","shape":[0],"data_offsets":[1,1]},"d":{"dtype":"F16","shape":[3,0],"data_offsets":[1,1]}}')
    yield Case("v-empty-tensors", "Tensors of no bytes before, between and behind, ordered by end, then by place",
               ["R-SCH-009", "R-SCH-007", "R-IDX-004"],
               made(lambda: Spec([Tensor("b", "F32", [0, 7], b""), Tensor("c", "U8", [1], b"c"), Tensor("e", "I64", [0], b""),
                                  Tensor("d", "F16", [3, 0], b"")], json_header=empty)))
    yield Case("v-zero-dimensional", "A tensor of shape [] holds one element", ["R-SCH-006"],
               made(lambda: Spec([floats_tensor("s", "F32", [], [0x3F800000], float_plan)])))
    yield Case("v-zero-dimension-first", "A dimension of 0 in front of two whose product is above 2^63 - 1", ["R-SCH-006"],
               made(lambda: Spec([Tensor("s", "F32", [0, 1 << 62, 1 << 62], b"")])))
    yield Case("v-names", "Names with escapes, the empty name, characters beyond the basic plane", ["R-SCH-002", "R-SCH-004"],
               made(lambda: Spec(
                   [Tensor(n, "U8", [1], b"x") for n in "abc"],
                   json_header='{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u00e4\\n\\"\\\\":{"dtype":"U8","shape":[1],'
                   '"data_offsets":[1,2]},\n\t"\U0001F9E0 \\ud83e\\udde0":{ "dtype" : "\\u00558", "shape" : [1],"data_offsets":[2,3]}}'
                   .encode())))
    yield Case("v-name-4096", "A name of 4,096 bytes", ["R-SCH-008", "R-LIM-006"],
               made(lambda: Spec([Tensor("\u00e4" * 2048, "U8", [1], b"x")], json_header=build.header_json(
                   [Tensor("\u00e4" * 2048, "U8", [1], b"x")]).replace(b"\\u00e4", "\u00e4".encode()))))
    yield Case("v-dimensions-32", "A tensor of 32 dimensions", ["R-LIM-005"],
               made(lambda: Spec([Tensor("w", "U8", [1] * 31 + [2], b"xy")])))
    yield Case("v-schema-zstd", "The schema chunk as a zstd frame", ["R-MSG-007", "R-MSG-008"],
               lambda: zstd_schema(Spec([Tensor("w", "U8", [3], b"abc")], metadata={"format": "pt"})))


    yield Case("v-everything", "Zstd schema, tables, scales, all residuals, all predictors, padding behind every section",
               ["R-HDR-002", "R-HDR-003", "R-HDR-004", "R-HDR-005", "R-HDR-008", "R-HDR-009", "R-HDR-010", "R-TRL-001", "R-TRL-002", "R-TRL-003",
                "R-TRL-004", "R-TRL-005", "R-LAY-002", "R-LAY-005", "R-MSG-003", "R-MSG-004", "R-MSG-005", "R-MSG-006", "R-IDX-002", "R-IDX-003",
                "R-IDX-006", "R-IDX-010", "R-SCH-003", "R-PRD-006", "R-DEC-002", "R-DEC-003", "R-DEC-006", "R-ROL-002", "R-ROL-003"], everything)


def everything():
    first, second = floats("BF16", 60, rng("every 1")), floats("F16", 12, rng("every 2"))
    one = assemble(Spec([floats_tensor("a", "BF16", [6, 10], first), Tensor("b", "I16", [12], pack("F16", second))]))
    two = plain("F16", second, name="s")
    spec = Spec([
        floats_tensor("a", "BF16", [6, 10], near("BF16", first, rng("every 3")), delta_plan, base=one, scale=470, row_dims=1,
                      rows=[0, 1, 2, -1, -2, 0], columns=[0, 2] * 5, ends=(28, 33, 128), lanes_log=2),
        floats_tensor("s", "F16", [12], near("F16", second, rng("every 4")), delta_plan, base=two, dependency=1, predictor=SIBLING, scale=40),
        floats_tensor("d", "F32", [3, 5], floats("F32", 15, rng("every 5")), scale=470, row_dims=1, columns=[3, 1, 4, 1, 5]),
        Tensor("b", "I16", [12], pack("F16", second), equal_plan, source=1), Tensor("u", "BOOL", [5], b"\0\1\0\0\1"),
        Tensor("z", "BOOL", [5], b"\0\1\0\0\1", equal_plan, predictor=SELF, source=4)],
        metadata={"format": "pt"}, dependencies=[one, two], roles=[1, 2], front={"writer": {"name": "corpus", "version": "1.0"}})
    spec.schema_zstd = build.zstd_raw(spec.schema)
    return Made(assemble(spec), [one, two])


def zstd_schema(spec):
    spec.schema_zstd = build.zstd_raw(spec.schema)
    return Made(assemble(spec))


def messages():
    unknown = (wire.tag(100, 0) + wire.varint(1 << 63) + wire.tag(101, 1) + bytes(8) + wire.length_delimited(102, b"\xff" * 9)
               + wire.tag(103, 3) + wire.tag(1, 3) + wire.tag(1, 4) + wire.tag(2, 5) + bytes(4) + wire.tag(103, 4)
               + wire.tag(104, 5) + b"abcd")
    yield Case("v-unknown-fields", "Unknown fields of every wire type, groups too, and a known number with another wire type",
               ["R-MSG-002"], made(lambda: Spec(opaque=b"abc"), front_bytes=lambda b: unknown + b + unknown,
                                   index_bytes=lambda b: b + unknown + wire.tag(3, 5) + bytes(4)))
    yield Case("v-last-value", "A field that stands twice takes the last value; messages are merged", ["R-MSG-001"],
               made(lambda: Spec([Tensor("w", "U8", [3], b"abc")]),
                    front_bytes=lambda b: wire.tag(2, 0) + wire.varint(7) + wire.length_delimited(4, wire.tag(1, 0) + b"\7") + b))

    def unpack(message):
        entry = message["tensors"][0]
        entry["_more"] = b"".join(wire.tag(11, 0) + wire.varint(n) for n in entry["block_lengths"])
        message["_more"] = b"".join(wire.tag(7, 5) + n.to_bytes(4, "little") for n in entry["block_crc32c"])
        message["block_crc32c"] = []
        entry["block_lengths"] = []

    yield Case("v-unpacked", "Repeated numbers that are not packed", ["R-MSG-001"], made(lambda: Spec(opaque=b"abc"), index=unpack))
    yield Case("v-ignorable", "Every bit of ignorable set", ["R-HDR-007"],
               made(lambda: Spec(opaque=b"abc"), header={"ignorable": (1 << 64) - 1}))
    yield Case("v-required-to-write", "Every bit of required_to_write set: a reader reads on", ["R-HDR-006"],
               made(lambda: Spec(opaque=b"abc"), header={"to_write": (1 << 64) - 1}))
    yield Case("v-extensions-64", "64 extensions", ["R-LIM-012"],
               made(lambda: Spec(opaque=b"abc", front={
                   "extensions": [{"key": f"com.example.e{n}", "value": bytes([n])} for n in range(64)]})))
    yield Case("v-front-1-mib", "A Front of exactly 1,048,576 bytes", ["R-LIM-001"], lambda: Made(front_of(1 << 20)), recipe=True)

    def dependencies_64():
        stored = [plain("U8", [n, 64 - n]) for n in range(64)]
        tensors = [Tensor("w", "U8", [2], bytes([63, 1]), equal_plan, dependency=63)]
        return Made(assemble(Spec(tensors, dependencies=stored)), stored)

    yield Case("v-dependencies-64", "64 dependencies, all at hand", ["R-LIM-007"], dependencies_64)

    def many_tables():
        spec = direct("BF16", [64], floats("BF16", 64, rng("tables")))
        spec.tables = [(128, 129, 128, {128: 2048, 129: 2048})] * 1023
        spec.table_sets = [{"first_table": n, "segment_ends": [128]} for n in range(1023)]
        return Made(assemble(spec))

    yield Case("v-tables-1024", "1,024 tables and 1,024 table sets", ["R-LIM-008", "R-LIM-009"], many_tables)


def front_of(size):
    """A record whose Front has exactly `size` bytes."""

    def fill(encoded):
        rest = size - len(encoded)
        body = rest - len(wire.tag(100, 2)) - len(wire.varint(rest - 6))
        return encoded + wire.length_delimited(100, bytes(body))

    return assemble(Spec(opaque=b"abc"), front_bytes=fill)


def byte_residual():
    sizes = {"F4": ([4], 2), "F6_E2M3": ([4], 3), "F6_E3M2": ([2, 4], 6)}
    for dtype, bits in sorted(build.BITS.items()):
        shape, length = sizes.get(dtype, ([3], 3 * bits // 8))
        yield Case(f"v-bytes-{dtype.lower().replace('_', '-')}", f"Residual bytes, dtype {dtype}", ["R-BYT-001", "R-SCH-005", "R-SCH-006"],
                   made(lambda d=dtype, s=shape, n=length: Spec([Tensor("w", d, s, bytes(range(200, 200 + n)))])))
    yield Case("v-zstd-longest", "A zstd frame as long as it may be for eight bytes: 1,040 bytes", ["R-MSG-007"], made(lambda: Spec(
        [Tensor("", "U8", [8], bytes(8), build.bytes_plan, frames=[longest_frame()])], opaque=bytes(8))))
    for name in FRAMES:
        content = frame_content(name)
        yield Case(f"v-zstd-{name}", f"A zstd frame: {FRAMES[name]}", ["R-MSG-007", "R-BYT-001"],
                   made(lambda c=content, n=name: Spec([Tensor("", "U8", [len(c)], c, build.bytes_plan, frames=[frame_bytes(n)])], opaque=c)))


def longest_frame():
    """Eight zero bytes in 1,024 + 2 * 8 bytes: empty raw blocks before, an RLE block at the end."""
    head = b"\x28\xb5\x2f\xfd\xa0" + (8).to_bytes(4, "little")
    last = (1 | 1 << 1 | 7 << 3).to_bytes(3, "little") + b"\0"
    one = (1 << 3).to_bytes(3, "little") + b"\0"
    empty = bytes(3)
    count, left = divmod(1040 - len(head) - len(one) - len(last), len(empty))
    assert left == 0, left
    return head + empty * count + one + last


def direct_residual():
    for dtype in FLOATS:
        values = floats(dtype, 200, rng(dtype)) + specials(dtype)
        yield Case(f"v-direct-{dtype.lower().replace('_', '-')}", f"Residual direct, {dtype}, with zeros, subnormals, infinities and NaNs",
                   ["R-DIR-001", "R-DIR-002", "R-DEC-007", "R-TAB-001", "R-RNS-002"],
                   made(lambda d=dtype, v=values: direct(d, [len(v)], v, scale=scale_for(d), lanes_log=2)))
    for log in range(6):
        values = floats("BF16", 77, rng(f"lanes {log}"))
        yield Case(f"v-direct-lanes-{1 << log}", f"{1 << log} lanes, 77 elements", ["R-RNS-001", "R-RNS-002", "R-DIR-003"],
                   made(lambda v=values, n=log: direct("BF16", [7, 11], v, scale=480, lanes_log=n)))
    few = floats("F16", 3, rng("few"))
    yield Case("v-direct-more-lanes", "More lanes than elements", ["R-RNS-002"], made(lambda: direct("F16", [3], few, scale=60, lanes_log=5)))
    yield Case("v-direct-lanes-full", "Raw bits that fill the lanes to the last: 16 of 6 bits and 2 escapes of 16 in 8 lanes",
               ["R-DIR-002", "R-RNS-002"],
               made(lambda: direct("BF16", [18], [0x3F80 + 3 * n for n in range(18)], scale=508, lanes_log=3, escapes=[4, 17])))
    yield Case("v-direct-raw", "Mode 0", ["R-DIR-003", "R-DIR-004"], made(lambda: direct("F32", [4], specials("F32")[:4], modes=[0])))
    yield Case("v-direct-constant", "Mode 2", ["R-DIR-003", "R-DIR-004"], made(lambda: direct("F64", [5], [0x8000000000000001] * 5, modes=[2])))
    yield Case("v-direct-escapes", "Every element escaped", ["R-DIR-002"],
               made(lambda: direct("BF16", [24], specials("BF16"), escapes=range(24))))
    yield Case("v-direct-scale-far", "Scales that leave every element to the escape", ["R-IDX-011"],
               made(lambda: Spec([floats_tensor("a", "BF16", [9], floats("BF16", 9, rng("far")), scale=65536),
                                  floats_tensor("b", "BF16", [9], floats("BF16", 9, rng("far")), scale=-65536)])))
    padded = [v << 16 for v in floats("BF16", 300, rng("padded"))]
    yield Case("v-direct-shift-bf16", "F32 that holds BF16: shift 16", ["R-IDX-008", "R-SCL-001"],
               made(lambda: direct("F32", [300], padded, shift=16, scale=480)))
    half = [(u >> 13 << 13) % (1 << 32) for u in floats("F32", 100, rng("half"))]
    yield Case("v-direct-shift-f16", "F32 with 13 zero bits: shift 13", ["R-IDX-008"], made(lambda: direct("F32", [100], half, shift=13, scale=480)))
    for dtype, shift in (("F64", 52), ("F32", 22), ("F8_E4M3", 3), ("F8_E5M2", 1), ("F16", 10)):
        values = [v >> shift << shift for v in floats(dtype, 60, rng("shift"))]
        yield Case(f"v-direct-shift-{dtype.lower().replace('_', '-')}-{shift}", f"{dtype}, shift {shift}: {FLOATS[dtype][1] - shift} mantissa bits coded",
                   ["R-IDX-008", "R-DIR-001"], made(lambda d=dtype, v=values, z=shift: direct(d, [60], v, shift=z, scale=scale_for(d) >> max(0, z + 2 - FLOATS[d][1]))))
    whole = [0x3F800001] * 9
    yield Case("v-direct-shift-whole", "Modes 0 and 2 hold whole elements whatever the shift", ["R-DIR-004"],
               made(lambda: Spec([floats_tensor("a", "F32", [9], whole, shift=16, modes=[0]), floats_tensor("b", "F32", [9], whole, shift=16, modes=[2])])))
    for name, extra in scales_of((6, 10)).items():
        values = [float_bits("BF16", normal(rng(f"{name}{i}"), 0.01 * 2.0 ** ((i // 10) - (i % 10))), None) for i in range(60)]
        yield Case(f"v-direct-scales-{name}", f"Scales: {name}", ["R-SCL-001", "R-IDX-007", "R-IDX-009"],
                   made(lambda v=values, e=extra: direct("BF16", [2, 3, 10], v, scale=476, row_dims=2, **e)))
    yield Case("v-direct-scales-zstd", "The scales chunk as a zstd frame, two tensors", ["R-SCL-001", "R-MSG-007"], scales_zstd)
    yield Case("v-direct-row-dims-all", "row_dims takes every dimension: one column", ["R-IDX-007", "R-SCL-001"],
               made(lambda: direct("BF16", [2, 2], floats("BF16", 4, rng("all")), scale=400, row_dims=2, rows=[1, -2, 3, 127], columns=[-128])))
    many = floats("F8_E5M2", 65_537, rng("blocks"))
    yield Case("v-direct-full-block", "A full block of 65,536 elements in 32 lanes, and one of a single element",
               ["R-IDX-004", "R-IDX-012", "R-RNS-002"], made(lambda: direct("F8_E5M2", [65_537], many, scale=60, lanes_log=5)))
    yield Case("v-direct-modes-mixed", "Blocks of three modes in a tensor", ["R-DIR-003", "R-LAY-003"],
               made(lambda: direct("F8_E4M3", [131_073], [0x38] * 131_073, modes=[2, 2, 0], scale=40)))
    yield Case("v-direct-empty", "No elements: no blocks", ["R-IDX-004"], made(lambda: direct("BF16", [0, 4], [])))


def scales_of(matrix):
    rows = [4 * r for r in range(matrix[0])]
    columns = [-4 * c for c in range(matrix[1])]
    return {"rows": {"rows": rows}, "columns": {"columns": columns}, "both": {"rows": rows, "columns": columns}}


def scale_for(dtype):
    """A key of usual elements."""
    bits, mantissa = FLOATS[dtype]
    kept = mantissa if bits == 8 else 2
    exponent = bits - 1 - mantissa
    return (1 << (exponent - 1)) - 6 << kept if bits > 8 else 1 << (exponent + kept - 1)


def scales_zstd():
    values = floats("BF16", 12, rng("zs"))
    spec = Spec([floats_tensor("a", "BF16", [3, 4], values, scale=476, row_dims=1, rows=[1, 2, 3]),
                 floats_tensor("b", "BF16", [3, 4], values, scale=476, row_dims=1, rows=[-1, -2, -3], columns=[4, 5, 6, 7])])
    spec.scales_zstd = build.zstd_raw(bytes(v % 256 for v in [1, 2, 3, -1, -2, -3, 4, 5, 6, 7]))
    return Made(assemble(spec))


def delta_residual():
    for dtype in FLOATS:
        base = floats(dtype, 200, rng("base" + dtype)) + specials(dtype)
        values = near(dtype, base, rng("near" + dtype))
        yield Case(f"v-delta-{dtype.lower().replace('_', '-')}", f"Residual delta, {dtype}, specials in the base, 2 lanes",
                   ["R-DEL-001", "R-PRD-003", "R-DEC-007"],
                   with_base(dtype, values, base, scale=scale_for(dtype), lanes_log=1, ends=(16, 20, 24, 28, 32, 128)))
        values = specials(dtype)
        yield Case(f"v-delta-far-{dtype.lower().replace('_', '-')}", f"Residual delta, {dtype}, differences across the whole range",
                   ["R-DEL-001", "R-DEL-002", "R-DEC-007"], with_base(dtype, values, values[::-1], lanes_log=0))
    base = floats("BF16", 120, rng("sib"))
    yield Case("v-delta-sibling", "Predictor sibling", ["R-PRD-003"],
               with_base("BF16", near("BF16", base, rng("sib2")), base, role=2, predictor=SIBLING, scale=470))
    yield Case("v-delta-escapes", "Every element escaped", ["R-DEL-001"],
               with_base("F16", near("F16", base, rng("esc")), base, escapes=range(120)))
    yield Case("v-delta-raw", "Mode 0", ["R-DIR-003"], with_base("BF16", base[::-1], base, modes=[0]))
    yield Case("v-delta-predicted", "Mode 1: every element is its prediction", ["R-DIR-003"], with_base("BF16", base, base, modes=[1]))
    yield Case("v-delta-constant", "Mode 2", ["R-DIR-003", "R-DIR-004"], with_base("BF16", [5] * 120, base, modes=[2]))
    to_f32 = lambda u: u << 16
    wide = [u << 16 for u in near("BF16", base, rng("wide"))]
    yield Case("v-delta-f32-on-bf16", "F32 predicted by BF16", ["R-PRD-002", "R-PRD-004"],
               with_base("F32", near("F32", wide, rng("wider")), base, "BF16", to_f32, scale=470))
    yield Case("v-delta-f32-on-bf16-shift", "F32 that holds BF16, predicted by BF16, shift 16", ["R-PRD-004", "R-IDX-008"],
               with_base("F32", wide, base, "BF16", to_f32, scale=470, shift=16))
    f32 = floats("F32", 200, rng("f32")) + specials("F32") + [0x7F7FFFFF, 0xFF7FFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x3F808000, 0x3F818000, 0x7F7F8000]
    yield Case("v-delta-bf16-on-f32", "BF16 predicted by F32: rounding of ties, of NaNs, past the largest", ["R-PRD-002", "R-PRD-005"],
               with_base("BF16", near("BF16", [bf16_of(u) for u in f32], rng("round")), f32, "F32", bf16_of, scale=470, lanes_log=3))
    yield Case("v-delta-bf16-on-f32-exact", "BF16 that is the rounded F32: mode 1", ["R-PRD-005"],
               with_base("BF16", [bf16_of(u) for u in f32], f32, "F32", bf16_of, modes=[1]))
    holds = [u >> 16 << 16 for u in f32]
    yield Case("v-delta-shift-rounds", "Shift 16 against a base with low bits: rounded half up, never past the top", ["R-DEL-001"],
               with_base("F32", holds, f32, shift=16, scale=470))

    def rounded(u):
        top = 1 << 31
        return (min(u % top + 0x8000, top - 1) >> 16 | (u >> 31) << 15) << 16

    yield Case("v-delta-shift-predicted", "Mode 1 under a shift: d = 0, so the rounded prediction", ["R-DEL-001", "R-DIR-003"],
               with_base("F32", [rounded(u) for u in f32], f32, shift=16, modes=[1]))
    yield Case("v-delta-shift-raw", "Mode 0 under a shift: whole elements", ["R-DIR-004"], with_base("F32", f32[::-1], f32, shift=16, modes=[0]))
    for name, extra in scales_of((12, 10)).items():
        yield Case(f"v-delta-scales-{name}", f"Scales: {name}, 128 segments", ["R-SCL-001"],
                   with_base("BF16", near("BF16", base, rng("rows")), base, shape=[3, 4, 10], row_dims=2, scale=470,
                             ends=tuple(range(1, 129)), **extra))
    many = floats("F8_E4M3", 65_540, rng("many"))
    yield Case("v-delta-full-block", "A full block in 32 lanes, and one of four elements predicted",
               ["R-IDX-004", "R-RNS-002"], with_base("F8_E4M3", near("F8_E4M3", many[:65_536], rng("m2"), 1) + many[65_536:], many,
                                                     modes=[3, 1], lanes_log=5, scale=40, ends=(30, 34, 128)))


def dependencies():
    base = floats("BF16", 30, rng("dep"))

    def equal(predictor, role):
        def make():
            stored = plain("BF16", base, [5, 6])
            return Made(assemble(Spec([Tensor("x", "BF16", [30], pack("BF16", base), equal_plan, predictor=predictor)],
                                      dependencies=[stored], roles=[role])), [stored])
        return make

    yield Case("v-equal-base", "Residual equal, predictor base, another shape", ["R-EQL-001", "R-PRD-001"], equal(BASE, 1))
    yield Case("v-equal-sibling", "Residual equal, predictor sibling", ["R-EQL-001", "R-PRD-001"], equal(SIBLING, 2))

    def equal_int():
        stored = assemble(Spec([Tensor("a", "U8", [2], b"zz"), Tensor("b", "I64", [2], bytes(range(16)))]))
        return Made(assemble(Spec([Tensor("x", "I64", [2, 1], bytes(range(16)), equal_plan, source=1)], dependencies=[stored])), [stored])

    yield Case("v-equal-int", "Residual equal, I64, the second tensor of the base", ["R-EQL-001", "R-DEC-004"], equal_int)
    yield Case("v-equal-self", "Predictor self: a tensor stored once", ["R-EQL-001", "R-IDX-005"],
               made(lambda: Spec([floats_tensor("a", "BF16", [30], base, scale=470),
                                  Tensor("b", "BF16", [6, 5], pack("BF16", base), equal_plan, predictor=SELF, source=0)])))

    def opaque_equal():
        stored = plain("U8", list(b"as before"))
        return Made(assemble(Spec([Tensor("", "U8", [9], b"as before", equal_plan)], opaque=b"as before", dependencies=[stored])), [stored])

    yield Case("v-opaque-equal", "An opaque file whose bytes are a tensor of the base", ["R-SCH-010", "R-EQL-001"], opaque_equal)

    def empty_equal():
        stored = assemble(Spec([Tensor("a", "F32", [0], b"")]))
        return Made(assemble(Spec([Tensor("a", "F32", [4, 0], b"", equal_plan)], dependencies=[stored])), [stored])

    yield Case("v-equal-empty", "Residual equal without elements", ["R-EQL-001"], empty_equal)
    yield Case("v-depth-4", "A chain of depth 4", ["R-DEC-005", "R-LIM-014"], lambda: chain(4))
    yield Case("v-depth-4-self", "A chain of depth 4 within a record", ["R-DEC-005"],
               made(lambda: Spec([Tensor("a", "U8", [2], b"ab")] + [Tensor(n, "U8", [2], b"ab", equal_plan, predictor=SELF, source=i)
                                                                   for i, n in enumerate("bcde")])))

    def two():
        one, other = plain("BF16", base), plain("BF16", base[::-1], name="v")
        return Made(assemble(Spec([
            floats_tensor("a", "BF16", [30], near("BF16", base[::-1], rng("2")), delta_plan, base=other, dependency=1, predictor=SIBLING, scale=470),
            floats_tensor("b", "BF16", [30], near("BF16", base, rng("1")), delta_plan, base=one, dependency=0, scale=470)],
            dependencies=[one, other], roles=[1, 2])), [one, other])

    yield Case("v-two-dependencies", "A base and a sibling", ["R-PRD-003"], two)


def chained(depth, dtype="BF16"):
    """Stored records, each predicted by the one before; the last is at the given depth."""
    values = floats(dtype, 20, rng("chain"))
    stored = [plain(dtype, values)]
    for n in range(depth):
        values = near(dtype, values, rng(f"chain {n}"))
        tensor = floats_tensor("w", dtype, [20], values, delta_plan, base=stored[-1], scale=470)
        stored.append(assemble(Spec([tensor], dependencies=[stored[-1]])))
    return stored


def chain(depth):
    """A record at the given depth."""
    stored = chained(depth)
    return Made(stored[-1], stored[:-1])


def all_cases():
    from . import valid_balanced, valid_bounded, valid_cells, valid_compact, valid_directions, valid_layer, valid_lowrank, valid_product
    for group in (containers, messages, byte_residual, direct_residual, delta_residual, dependencies):
        yield from group()
    for more in (valid_layer, valid_bounded, valid_lowrank, valid_cells, valid_product, valid_balanced, valid_directions, valid_compact):
        yield from more.all_cases()
