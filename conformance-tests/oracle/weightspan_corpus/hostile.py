"""The hostile cases: each violates one requirement, everything else about it being right."""
import struct

from . import coder, hostile_balanced, hostile_blocks, hostile_bounded, hostile_cells, hostile_compact, hostile_directions, hostile_layer, hostile_lowrank, hostile_product, wire
from .build import END_MAGIC, MAGIC, SELF, Spec, Tensor, assemble, zstd_raw
from .cases import Case, Made
from .spoil import (
    based, base, bytes_changed, cut, entry, fields, inner, opaque, schema, schema_bytes, spoiled, spoiled_based, weights)
from .valid import front_of


def ends():
    for place, title in ((0, "no bytes"), (1, "one byte"), (63, "one byte less than a header"), (64, "a header only"),
                         (103, "one byte less than header and trailer"), (104, "in FRONT, 104 bytes")):
        yield Case(f"h-cut-{place}", f"Cut: {title}", ["R-LAY-005"] if place < 104 else ["R-TRL-001"], cut(weights, place), "TRUNCATED")
    for place in ("front_end", "first", "first_end", "data_at", "index", "index_end", "trailer"):
        yield Case(f"h-cut-{place.replace('_', '-')}", f"Cut at the place `{place}`", ["R-TRL-001"], cut(weights, place), "TRUNCATED")
    yield Case("h-cut-last-byte", "The last byte is missing", ["R-TRL-001"], cut(weights, "length", -1), "TRUNCATED")
    yield Case("h-byte-more", "A byte behind the trailer", ["R-TRL-001"], lambda: Made(assemble(weights()).data + b"\0"), "TRUNCATED")
    yield Case("h-end-magic", "Another end magic", ["R-TRL-001"], spoiled(weights, trailer={"magic": MAGIC}), "TRUNCATED")
    for name, more in (("more", 8), ("less", -8), ("huge", 1 << 63)):
        yield Case(f"h-container-length-{name}", f"container_length is {more:+} bytes off", ["R-TRL-001"], lambda m=more: Made(
            assemble(weights(), trailer={"length": assemble(weights()).places["length"] + m})), "TRUNCATED")


def headers():
    def header(id, title, requirement, code, **values):
        return Case(id, title, [requirement], spoiled(weights, header=values), code)

    yield header("h-magic", "Another magic", "R-HDR-001", "BAD_MAGIC", magic=END_MAGIC)
    yield header("h-magic-text-mode", "A magic as a text-mode copy leaves it", "R-HDR-001", "BAD_MAGIC", magic=MAGIC.replace(b"\r\n", b"\n\n"))
    for version in (0, 2, 256, 65535):
        yield header(f"h-version-{version}", f"Major version {version}", "R-HDR-002", "UNSUPPORTED_VERSION", version=version)
    yield header("h-version-and-checksum", "Another version and a wrong header checksum: the version first", "R-HDR-002", "UNSUPPORTED_VERSION",
                 version=2, crc=0)
    yield Case("h-magic-and-cut", "Another magic and no trailer: the magic first", ["R-HDR-001"],
               lambda: Made(b"\0" + assemble(weights()).data[1:150]), "BAD_MAGIC")
    yield header("h-header-checksum", "Wrong header checksum", "R-HDR-003", "HEADER_CHECKSUM", crc=0)
    for offset in (10, 16, 40, 59):
        yield Case(f"h-header-flip-{offset}", f"A bit of byte {offset} of the header flipped", ["R-HDR-003"], bytes_changed(weights, offset), "HEADER_CHECKSUM")
    for kind in (0, 2, 257):
        yield header(f"h-kind-{kind}", f"Kind {kind}", "R-HDR-004", "UNSUPPORTED_KIND", kind=kind)
    for bit in (1, 47, 63):
        yield header(f"h-feature-{bit}", f"Bit {bit} of required_to_read", "R-HDR-005", "UNSUPPORTED_FEATURE", to_read=1 << bit)
    yield header("h-kind-and-feature", "Unknown kind and feature: the kind first", "R-HDR-004", "UNSUPPORTED_KIND", kind=9, to_read=2)
    yield header("h-reserved-low", "The first reserved byte is set", "R-HDR-008", "RESERVED_NOT_ZERO", reserved=1)
    yield header("h-reserved-high", "The last reserved byte is set", "R-HDR-008", "RESERVED_NOT_ZERO", reserved=1 << 63)
    for difference in (-8, -1, 1, 8):
        yield Case(f"h-first-part-{difference:+}", f"first_part_length {difference:+} bytes off", ["R-HDR-009"], lambda d=difference: Made(
            assemble(weights(), header={"first_end": assemble(weights()).places["first_end"] + d})), "BAD_LAYOUT")
    yield header("h-first-part-huge", "first_part_length 2^64 - 1", "R-HDR-009", "BAD_LAYOUT", first_end=(1 << 64) - 1)
    yield header("h-first-part-zero", "first_part_length 0", "R-HDR-009", "BAD_LAYOUT", first_end=0)
    yield header("h-front-checksum", "Wrong front checksum", "R-HDR-010", "FRONT_CHECKSUM", front_crc=1)
    yield Case("h-front-flip", "A bit of FRONT flipped", ["R-HDR-010"], bytes_changed(weights, "front", 1, 3), "FRONT_CHECKSUM")
    yield header("h-front-length-limit", "front_length one above the limit", "R-LIM-001", "LIMIT_EXCEEDED", front_length=(1 << 20) + 1)
    yield header("h-front-length-huge", "front_length 2^32 - 1", "R-LIM-001", "LIMIT_EXCEEDED", front_length=(1 << 32) - 1)
    yield header("h-front-length-past", "FRONT reaches past the container", "R-LAY-004", "BAD_LAYOUT", front_length=1 << 20)
    yield header("h-front-length-zero", "An empty FRONT that is not", "R-HDR-010", "FRONT_CHECKSUM", front_length=0)
    yield Case("h-front-limit-real", "A Front of 1,048,577 bytes, all there", ["R-LIM-001"], lambda: Made(front_of((1 << 20) + 1)), "LIMIT_EXCEEDED", recipe=True)


def trailers():
    def trailer(id, title, requirement, code, **values):
        return Case(id, title, [requirement], spoiled(weights, trailer=values), code)

    def moved(id, title, requirement, code, **values):
        def make():
            places = assemble(weights()).places
            return Made(assemble(weights(), trailer={k: v(places) for k, v in values.items()}))
        return Case(id, title, [requirement], make, code)

    yield trailer("h-trailer-checksum", "Wrong trailer checksum", "R-TRL-002", "TRAILER_CHECKSUM", crc=0)
    for shift in (0, 17, 27):
        yield Case(f"h-trailer-flip-{shift}", f"A bit of byte {shift} of the trailer flipped", ["R-TRL-002"], bytes_changed(weights, "trailer", 1, shift),
                   "TRAILER_CHECKSUM")
    yield trailer("h-index-decoded-limit", "index_decoded_length one above the limit", "R-LIM-002", "LIMIT_EXCEEDED", index_decoded=(1 << 28) + 1)
    yield trailer("h-index-no-frame", "index_decoded_length set, INDEX is no zstd frame", "R-TRL-003", "MALFORMED_MESSAGE", index_decoded=1 << 10)
    yield Case("h-index-frame-length", "A zstd frame of INDEX with another content size", ["R-TRL-003", "R-MSG-007"],
               spoiled(weights, index_zstd=lambda m: zstd_raw(m + b"\0")), "MALFORMED_MESSAGE")
    yield Case("h-index-frame-unsaid", "INDEX is a zstd frame, index_decoded_length is 0", ["R-TRL-003"],
               spoiled(weights, index_bytes=zstd_raw), "MALFORMED_MESSAGE")
    yield trailer("h-index-length-limit", "index_length one above the limit", "R-LIM-002", "LIMIT_EXCEEDED", index_length=(1 << 28) + 1)
    yield trailer("h-index-length-huge", "index_length 2^32 - 1", "R-LIM-002", "LIMIT_EXCEEDED", index_length=(1 << 32) - 1)
    yield trailer("h-index-length-zero", "INDEX ends before the trailer's padding", "R-TRL-004", "BAD_LAYOUT", index_length=0)
    yield trailer("h-index-offset-huge", "index_offset 2^64 - 8", "R-TRL-004", "BAD_LAYOUT", index_offset=(1 << 64) - 8)
    yield trailer("h-index-offset-sign", "index_offset 2^63", "R-TRL-004", "BAD_LAYOUT", index_offset=1 << 63)
    yield moved("h-index-offset-odd", "index_offset is not a multiple of 8", "R-LAY-001", "BAD_LAYOUT", index_offset=lambda p: p["index"] + 1,
                index_length=lambda p: p["index_end"] - p["index"] - 1)
    yield moved("h-index-before-first", "INDEX begins before the end of FIRST", "R-TRL-004", "BAD_LAYOUT", index_offset=lambda p: 64,
                index_length=lambda p: p["index_end"] - 64)
    yield moved("h-index-longer", "INDEX takes the trailer's padding", "R-TRL-005", "INDEX_CHECKSUM", index_length=lambda p: p["trailer"] - p["index"])
    yield moved("h-index-at-trailer", "INDEX begins at the trailer", "R-TRL-004", "BAD_LAYOUT", index_offset=lambda p: p["trailer"])
    yield trailer("h-index-checksum", "Wrong index checksum", "R-TRL-005", "INDEX_CHECKSUM", index_crc=0)
    yield Case("h-index-flip", "A bit of INDEX flipped", ["R-TRL-005"], bytes_changed(weights, "index", 2, 5), "INDEX_CHECKSUM")
    yield Case("h-both-checksums", "FRONT and INDEX damaged: FRONT first", ["R-HDR-010", "R-TRL-005"],
               spoiled(weights, header={"front_crc": 0}, trailer={"index_crc": 0}), "FRONT_CHECKSUM")


def layouts():
    yield Case("h-gap-data", "Eight bytes in DATA that belong to nothing", ["R-LAY-003", "R-LAY-004"], spoiled(weights, gap=bytes(8)), "BAD_LAYOUT")
    yield Case("h-gap-first", "Eight bytes in FIRST that belong to nothing", ["R-LAY-003", "R-HDR-009"], spoiled(weights, first_end=bytes(8)), "BAD_LAYOUT")
    yield Case("h-block-short", "A block length 8 less than the block", ["R-LAY-003", "R-LAY-004"],
               spoiled(weights, index=lambda m: m["tensors"][0].update(block_lengths=[m["tensors"][0]["block_lengths"][0] - 8])), "BAD_LAYOUT")
    yield Case("h-block-huge", "A block length of 2^32 - 1", ["R-LAY-004"], spoiled(weights, index=entry(0, block_lengths=[(1 << 32) - 1])), "BAD_LAYOUT")
    yield Case("h-blocks-overlap", "The lengths of two tensors' blocks add up to more than DATA", ["R-LAY-003", "R-LAY-004"],
               spoiled(weights, index=entry(1, block_lengths=[1 << 20])), "BAD_LAYOUT")
    for name in ("tables", "scales"):
        yield Case(f"h-{name}-overflow", f"The {name} chunk's stored length is 2^64 - 8" if name == "scales" else
                   "The tables chunk is one byte longer than stored, so are the sums", ["R-LAY-004"],
                   spoiled(weights, index=inner(name, stored_length=(1 << 64) - 8) if name == "scales" else
                           lambda m: m["tables"].update(stored_length=m["tables"]["stored_length"] + 8)), "BAD_LAYOUT")
    yield Case("h-sum-overflow", "Stored lengths whose sum is right modulo 2^64", ["R-LAY-004"], sum_overflow, "BAD_LAYOUT")
    yield Case("h-schema-stored-huge", "The schema chunk's stored length is 2^64 - 1", ["R-HDR-009", "R-LAY-004"],
               spoiled(weights, schema_chunk={"stored_length": (1 << 64) - 1, "coding": 1}), "BAD_LAYOUT")
    for n, name in enumerate(("front", "first", "data", "index")):
        yield Case(f"h-padding-{name}", f"Padding behind {name.upper()} that is not zero", ["R-LAY-002"], padded(n), "NONZERO_PADDING", role="strict-validator")


def padded(n):
    """A record with padding behind each section, the n-th of which is not zero."""

    def make():
        for names in range(1, 400):
            spec = Spec([Tensor("w", "U8", [3], b"abc")], front={"writer": {"name": "x" * (names % 8 + 1)}}, metadata={"m": "y" * (names // 8 % 8)})
            stored = assemble(spec, padding=bytes(n) + b"\1" + bytes(3 - n), index_bytes=lambda b: b + wire.length_delimited(100, bytes(names // 64)))
            p = stored.places
            if p["front_end"] % 8 and p["first_end"] % 8 and p["index_end"] % 8:
                return Made(stored)
        raise AssertionError("no padding")

    return make


def sum_overflow():
    def change(index):
        index["scales"]["stored_length"] = (1 << 64) - 8
        index["tables"]["stored_length"] += 8 + 4  # four bytes of scales

    return Made(assemble(weights(), index=change))


def bad_messages():
    broken = {
        "varint-cut": b"\x10\xff", "varint-long": b"\x10" + b"\xff" * 10 + b"\x01", "field-0": b"\x02\x01a", "wire-6": b"\x36", "wire-7": b"\x0f\x00",
        "group-open": b"\x1b\x08\x01", "group-end": b"\x1c", "field-past": b"\xa2\x06\x7fab", "fixed32-cut": b"\xa5\x06ab", "fixed64-cut": b"\xa1\x06abcdefg",
    }
    for name, more in broken.items():
        yield Case(f"h-front-{name}", f"FRONT does not parse: {name}", ["R-MSG-001"], spoiled(weights, front_bytes=lambda b, m=more: b + m), "MALFORMED_MESSAGE")
        yield Case(f"h-index-{name}", f"INDEX does not parse: {name}", ["R-MSG-001"], spoiled(weights, index_bytes=lambda b, m=more: b + m), "MALFORMED_MESSAGE")
    yield Case("h-front-not-utf8", "A string that is not UTF-8", ["R-MSG-001"],
               spoiled(weights, front_bytes=lambda b: b + wire.length_delimited(6, b"\x0a\x02\xc3\x28")), "MALFORMED_MESSAGE")
    yield Case("h-index-packed-cut", "Packed checksums of five bytes", ["R-MSG-001"],
               spoiled(weights, index_bytes=lambda b: b + wire.length_delimited(7, b"abcde")), "MALFORMED_MESSAGE")
    yield Case("h-index-entry-cut", "A TensorEntry that does not parse", ["R-MSG-001"],
               spoiled(weights, index_bytes=lambda b: b + wire.length_delimited(1, b"\x6a\x20abc")), "MALFORMED_MESSAGE")
    yield Case("h-front-garbage", "FRONT is random bytes", ["R-MSG-001"], spoiled(weights, front_bytes=lambda b: bytes(range(247, 256)) * 3), "MALFORMED_MESSAGE")


def fronts():
    def front(id, title, requirement, make_or_change, code="MALFORMED_FRONT"):
        return Case(id, title, [requirement], spoiled(weights, front=make_or_change), code)

    for layout in (0, 3, -1):
        yield front(f"h-layout-{layout}", f"Layout {layout}", "R-MSG-004", fields(layout=layout))
    yield front("h-schema-missing", "LAYOUT_SAFETENSORS without a schema chunk", "R-MSG-004", fields(schema=None))
    yield Case("h-schema-present", "LAYOUT_OPAQUE with a schema chunk", ["R-MSG-004"],
               spoiled(opaque, front=fields(schema={"stored_length": 0, "decoded_length": 8, "coding": 1})), "MALFORMED_FRONT")
    yield front("h-schema-coding-3", "A schema chunk of coding 3", "R-MSG-004", inner("schema", coding=3))
    yield front("h-schema-raw-lengths", "A RAW schema chunk with two lengths", "R-MSG-005", inner("schema", decoded_length=9))
    for length in (0, 31, 33):
        yield front(f"h-file-digest-{length}-bytes", f"A file digest of {length} bytes", "R-MSG-003", fields(file_sha256=bytes([1] * length)))
    for name in ("object_sha256", "file_sha256"):
        yield Case(f"h-dependency-{name.replace('_', '-')}-31", f"A dependency's {name} of 31 bytes", ["R-MSG-003"],
                   spoiled_based(front=lambda m, n=name: m["dependencies"][0].update({n: bytes([1] * 31)})), "MALFORMED_FRONT")
    for role in (0, 4):
        yield Case(f"h-role-{role}", f"A dependency of role {role}", ["R-MSG-004"],
                   spoiled_based(front=lambda m, r=role: m["dependencies"][0].update(role=r)), "MALFORMED_FRONT")
    yield Case("h-dependency-twice", "The same object as two dependencies", ["R-MSG-006"],
               spoiled_based(front=lambda m: m["dependencies"].append(dict(m["dependencies"][0], role=2))), "MALFORMED_FRONT")
    yield front("h-dependencies-65", "65 dependencies", "R-LIM-007", fields(
        dependencies=[{"object_sha256": bytes([n] * 32), "file_sha256": bytes([n] * 32), "role": 1} for n in range(65)]), "LIMIT_EXCEEDED")
    yield front("h-extensions-65", "65 extensions", "R-LIM-012", fields(extensions=[{"key": "com.example.e"}] * 65), "LIMIT_EXCEEDED")
    yield front("h-file-length-limit", "file_length 2^62 + 1", "R-LIM-011", fields(file_length=(1 << 62) + 1), "LIMIT_EXCEEDED")
    yield front("h-file-length-sign", "file_length 2^64 - 1", "R-LIM-011", fields(file_length=(1 << 64) - 1), "LIMIT_EXCEEDED")
    yield front("h-header-limit", "A schema of 8 + 100,000,001 bytes", "R-LIM-003", inner("schema", decoded_length=100_000_009, coding=1), "LIMIT_EXCEEDED")
    yield front("h-header-claim", "A schema chunk that claims 100,000,008 bytes and has no frame of them", "R-MSG-007",
                inner("schema", decoded_length=100_000_008, coding=1), "MALFORMED_CHUNK")
    yield Case("h-limit-before-front", "65 extensions and an unknown layout: the limit first", ["R-LIM-012"],
               spoiled(weights, front=fields(extensions=[{"key": "com.example.e"}] * 65, layout=7)), "LIMIT_EXCEEDED")
    yield Case("h-opaque-claim", "An opaque file that claims 2^62 bytes and has one block", ["R-IDX-004"],
               spoiled(opaque, front=fields(file_length=1 << 62)), "MALFORMED_INDEX")
    yield Case("h-file-length-short", "A safetensors file shorter than its schema", ["R-SCH-007"], spoiled(weights, front=fields(file_length=9)), "MALFORMED_SCHEMA")


def schemas():
    def case(id, title, requirement, json, code="MALFORMED_SCHEMA", also=(), data=b"abcd"):
        return Case(id, title, [requirement], schema(json.encode() if isinstance(json, str) else json, data), code, also)

    good = '"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}'
    text = b"{" + good.encode() + b"}"
    for name, stored in {"empty": b"", "three-bytes": b"\2\0\0", "length-more": struct.pack("<Q", len(text) + 1) + text,
                         "length-less": struct.pack("<Q", len(text) - 1) + text, "length-huge": struct.pack("<Q", (1 << 64) - 8) + text,
                         "no-json": bytes(8)}.items():
        yield Case(f"h-schema-{name}", f"A schema whose length does not agree: {name}", ["R-SCH-001" if name != "no-json" else "R-SCH-002"],
                   schema_bytes(stored), "MALFORMED_SCHEMA", also=["LIMIT_EXCEEDED"] if name == "length-huge" else [])
    syntax = {
        "cut": '{"w":', "bom": b"\xef\xbb\xbf" + text, "space-first": b" " + text, "array": f"[{good}]", "string": '"{}"', "newline-last": text + b"\n",
        "nul-last": text + b"\0", "tab-last": text + b"\t", "garbage-last": text + b"x", "two-objects": text + text, "comma-last": "{" + good + ",}",
        "single-quotes": text.replace(b'"', b"'"), "nan": '{"w":{"dtype":"U8","shape":[NaN],"data_offsets":[0,4]}}', "comment": "{/**/" + good + "}",
        "control-character": "{" + good.replace("w", "w\n") + "}", "bad-escape": "{" + good.replace("w", "\\x") + "}",
        "not-utf8": text.replace(b"w", b"\xff"), "overlong": text.replace(b"w", b"\xc1\xb7"), "surrogate-utf8": text.replace(b"w", b"\xed\xa0\x80"),
        "leading-zero": "{" + good.replace("[4]", "[04]") + "}", "plus": "{" + good.replace("[4]", "[+4]") + "}", "hex": "{" + good.replace("[4]", "[0x4]") + "}",
        "deep": '{"w":' + "[" * 100_000 + "]" * 100_000 + "}", "deep-metadata": '{"__metadata__":' + '{"a":' * 50_000 + "1" + "}" * 50_001,
        "no-comma": "{" + good + '"v":1}', "surrogate-high": "{" + good.replace("w", "\\ud83e") + "}", "surrogate-low": "{" + good.replace("w", "\\udde0x") + "}",
        "surrogates-swapped": "{" + good.replace("w", "\\udde0\\ud83e") + "}", "surrogate-metadata": '{"__metadata__":{"a":"\\ud83e"},' + good + "}",
    }
    for name, json in syntax.items():
        yield case(f"h-json-{name}", f"The header is not one JSON object in UTF-8: {name}", "R-SCH-002", json)
    v = '"w":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}'
    twice = {
        "tensor": "{" + good + "," + v + "}", "escaped": "{" + good + "," + v.replace("w", "\\u0077") + "}", "metadata": '{"__metadata__":{},"__metadata__":{},' + good + "}",
        "in-metadata": '{"__metadata__":{"a":"1","a":"1"},' + good + "}", "dtype": "{" + good.replace("{", '{"dtype":"U8",') + "}",
    }
    for name, json in twice.items():
        yield case(f"h-twice-{name}", f"A name stands twice: {name}", "R-SCH-003", json, "DUPLICATE_NAME")

    def tensor(change, to):
        assert change in good
        return "{" + good.replace(change, to) + "}"

    members = {
        "metadata-string": '{"__metadata__":"x",' + good + "}", "metadata-number": '{"__metadata__":{"a":1},' + good + "}",
        "metadata-null": '{"__metadata__":null,' + good + "}", "metadata-nested": '{"__metadata__":{"a":{"b":"c"}},' + good + "}", "not-object": '{"w":[0,4]}',
        "no-dtype": tensor('"dtype":"U8",', ""), "no-shape": tensor('"shape":[4],', ""), "no-offsets": tensor(',"data_offsets":[0,4]', ""),
        "extra": tensor('"U8"', '"U8","x":1'), "dtype-number": tensor('"U8"', "8"), "dtype-null": tensor('"U8"', "null"), "shape-number": tensor("[4]", "4"),
        "dimension-negative": tensor("[4]", "[-4]"), "dimension-fraction": tensor("[4]", "[4.0]"), "dimension-exponent": tensor("[4]", "[4e0]"),
        "dimension-string": tensor("[4]", '["4"]'), "dimension-true": tensor("[4]", "[4,true]"), "dimension-null": tensor("[4]", "[null]"),
        "offsets-three": tensor("[0,4]", "[0,4,4]"), "offsets-one": tensor("[0,4]", "[4]"), "offsets-negative": tensor("[0,4]", "[-1,3]"),
        "offsets-fraction": tensor("[0,4]", "[0,4.5]"), "offsets-object": tensor("[0,4]", '{"0":4}'),
    }
    for name, json in members.items():
        yield case(f"h-member-{name}", f"A member of the header of another form: {name}", "R-SCH-004", json)
    for dtype in ("F128", "u8", "", "F8_E4M3 ", "TORCH"):
        yield case(f"h-dtype-{dtype.strip().lower().replace('_', '-') or 'empty'}", f"Dtype {dtype!r}", "R-SCH-005", tensor('"U8"', f'"{dtype}"'))
    sizes = {
        "more": tensor("[4]", "[5]"), "less": tensor("[4]", "[3]"), "half-byte": tensor('"U8","shape":[4]', '"F4","shape":[7]'),
        "dtype": tensor('"U8"', '"U16"'), "dimension-2-63": tensor("[4]", "[9223372036854775808]"), "dimension-2-64": tensor("[4]", "[18446744073709551620]"),
        "dimension-huge": tensor("[4]", "[1" + "0" * 5000 + "]"), "product": tensor("[4]", "[4294967296,4294967296]"), "product-wraps": tensor("[4]", "[4611686018427387905,4]"),
        "bits-wrap": tensor("[4]", "[2305843009213693956]"), "product-then-zero": '{"v":{"dtype":"U8","shape":[4611686018427387904,4,0],"data_offsets":[4,4]},' + good + "}",
        "offset-huge": tensor("[0,4]", "[0,18446744073709551620]"), "backwards": tensor("[0,4]", "[4,0]"),
    }
    for name, json in sizes.items():
        yield case(f"h-size-{name}", f"Shape, dtype and bytes do not agree: {name}", "R-SCH-006", json)
    x = '"x":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]}'
    ranges = {
        "gap-first": "{" + x % (3, 1, 4) + "}", "gap": "{" + x % (1, 0, 1) + "," + (x % (2, 2, 4)).replace("x", "y", 1) + "}",
        "overlap": "{" + x % (3, 0, 3) + "," + (x % (2, 2, 4)).replace("x", "y", 1) + "}", "same": "{" + x % (4, 0, 4) + "," + (x % (4, 0, 4)).replace("x", "y", 1) + "}",
        "inside": "{" + x % (4, 0, 4) + "," + (x % (1, 1, 2)).replace("x", "y", 1) + "}", "short": "{" + x % (3, 0, 3) + "}", "past": "{" + x % (5, 0, 5) + "}",
        "none": "{}", "empty-past": "{" + good + "," + (x % (0, 5, 5)).replace("x", "y", 1) + "}", "empty-inside": "{" + good + "," + (x % (0, 2, 2)).replace("x", "y", 1) + "}",
    }
    for name, json in ranges.items():
        yield case(f"h-range-{name}", f"The tensors' bytes do not cover the data: {name}", "R-SCH-007", json)
    yield case("h-name-4097", "A name of 4,097 bytes", "R-SCH-008", tensor("w", "w" * 4097), "LIMIT_EXCEEDED")
    yield case("h-name-4098-two-byte", "A name of 2,049 two-byte characters", "R-LIM-006", tensor("w", "\u00e4" * 2049), "LIMIT_EXCEEDED")
    yield case("h-dimensions-33", "A tensor of 33 dimensions", "R-LIM-005", tensor("[4]", "[" + "1," * 32 + "4]"), "LIMIT_EXCEEDED")


def indexes():
    def index(id, title, requirement, change, code="MALFORMED_INDEX", spec=weights):
        return Case(id, title, [requirement], spoiled(spec, index=change), code)

    none = {"sha256": bytes(32), "residual": 2}
    yield index("h-entries-more", "An entry too many", "R-IDX-001", lambda m: m["tensors"].append(none))
    yield index("h-entries-none", "No entries: DATA is too long for none", "R-LAY-004", lambda m: m.update(tensors=[]), "BAD_LAYOUT")
    yield Case("h-entries-less", "An entry missing, of a tensor without blocks", ["R-IDX-001"], spoiled(weights, index=lambda m: m["tensors"].pop()), "MALFORMED_INDEX")
    for predictor in (9, (1 << 32) - 1):
        yield index(f"h-predictor-{predictor}", f"Predictor {predictor}", "R-IDX-002", entry(1, predictor=predictor), "UNKNOWN_ENCODING")
    for residual in (0, 9, (1 << 32) - 1):
        yield index(f"h-residual-{residual}", f"Residual {residual}", "R-IDX-002", entry(1, residual=residual), "UNKNOWN_ENCODING")
    yield index("h-unknown-in-second", "A wrong digest length in tensor 0, an unknown residual in tensor 1: tensor 0 first", "R-IDX-002",
                lambda m: (m["tensors"][0].update(sha256=b"x"), m["tensors"][1].update(residual=9)))
    for predictor, residual in ((0, 1), (0, 4), (3, 2), (3, 3), (3, 4)):
        yield index(f"h-combination-{predictor}-{residual}", f"Predictor {predictor} with residual {residual}", "R-IDX-003",
                    entry(2, predictor=predictor, residual=residual))
    for predictor, residual in ((1, 2), (1, 3), (2, 2), (2, 3)):
        yield Case(f"h-combination-{predictor}-{residual}", f"Predictor {predictor} with residual {residual}", ["R-IDX-003"],
                   spoiled_based(index=entry(0, predictor=predictor, residual=residual)), "MALFORMED_INDEX")
    for dtype in ("I32", "U8", "F8_E8M0", "C64", "F6_E2M3"):
        yield Case(f"h-direct-{dtype.lower().replace('_', '-')}", f"Residual direct for {dtype}", ["R-IDX-003"], lambda d=dtype: Made(assemble(
            Spec([Tensor("w", d, [8 if d == "F6_E2M3" else 1], bytes(6 if d == "F6_E2M3" else {"U8": 1, "F8_E8M0": 1, "I32": 4, "C64": 8}[d]))]),
            index=lambda m: (m["tensors"][0].update(residual=3), m.update(table_sets=[])))), "MALFORMED_INDEX")
    for number, length in ((0, 31), (1, 0), (2, 33)):
        yield index(f"h-tensor-digest-{length}-bytes", f"A tensor digest of {length} bytes", "R-MSG-003", entry(number, sha256=bytes([1] * length)))
    yield index("h-tensor-digests-one", "The digest of one tensor of several", "R-MSG-003", fields(tensor_sha256=bytes(32)))
    yield index("h-shift-8", "Shift 8 for BF16, one above its mantissa", "R-IDX-008", entry(0, shift=8))
    yield index("h-shift-huge", "Shift 2^32 - 1", "R-IDX-008", entry(0, shift=(1 << 32) - 1))
    yield index("h-shift-bytes", "Shift 1 with the residual bytes", "R-IDX-008", entry(1, shift=1))
    yield index("h-shift-equal", "Shift 1 with the residual equal", "R-IDX-008", entry(2, shift=1))
    for scale in (65_537, -65_537, (1 << 31) - 1, -(1 << 31)):
        yield index(f"h-scale-{scale}", f"Scale {scale}", "R-IDX-011", entry(0, scale=scale))
    yield index("h-row-dims-0", "Row scales with row_dims 0", "R-IDX-007", entry(0, row_dims=0))
    yield index("h-row-dims-3", "row_dims 3 of two dimensions", "R-IDX-007", entry(0, row_dims=3))
    yield index("h-row-dims-huge", "row_dims 2^32 - 1", "R-IDX-007", entry(0, row_dims=(1 << 32) - 1))
    yield index("h-row-dims-without", "row_dims without any scales", "R-IDX-007", entry(1, row_dims=1))
    yield Case("h-dependency-range", "A dependency out of range", ["R-IDX-005"], spoiled_based(index=entry(0, dependency=1)), "MALFORMED_INDEX")
    yield Case("h-dependency-huge", "Dependency 2^32 - 1", ["R-IDX-005"], spoiled_based(index=entry(0, dependency=(1 << 32) - 1)), "MALFORMED_INDEX")
    yield index("h-dependency-none", "Predictor base without dependencies", "R-IDX-005", entry(2, predictor=1))
    yield index("h-table-set-range", "A table set out of range", "R-IDX-005", entry(0, table_set=1))
    yield index("h-table-set-huge", "Table set 2^32 - 1", "R-IDX-005", entry(0, table_set=(1 << 32) - 1))
    yield index("h-self-itself", "Predictor self with the tensor's own index", "R-IDX-005", entry(2, source_tensor=2))
    yield index("h-self-later", "Predictor self with a later tensor", "R-IDX-005", entry(1, predictor=SELF, residual=1, source_tensor=2))
    yield index("h-self-dependency", "A dependency with self", "R-PRD-006", entry(2, dependency=1))
    yield index("h-self-dtype", "Predictor self with a source of another dtype", "R-PRD-006", entry(2, source_tensor=1))
    for name, count in (("more", 2), ("none", 0)):
        yield index(f"h-blocks-{name}", f"{count} blocks instead of one", "R-IDX-004", lambda m, n=count: (
            m["tensors"][1].update(block_lengths=([4] if n else []) + [0] * (n - 1), block_crc32c=[0] * n), m["tensors"][0].update(
                block_lengths=[m["tensors"][0]["block_lengths"][0] + (0 if n else 4)])))
    yield index("h-block-checksums-more", "More checksums than blocks", "R-IDX-012", entry(0, block_crc32c=[1, 2]))
    yield index("h-block-checksums-none", "No checksums", "R-IDX-012", fields(block_crc32c=[]))
    yield index("h-blocks-equal", "A block with the residual equal", "R-IDX-004", entry(2, block_lengths=[0], block_crc32c=[0]))
    for name, ends in {"empty": [], "last-127": [127], "last-129": [129], "descending": [20, 10, 128], "same": [20, 20, 128], "zero-first": None}.items():
        if ends is not None:
            yield index(f"h-segments-{name}", f"segment_ends {ends}", "R-IDX-006", lambda m, e=ends: m["table_sets"][0].update(segment_ends=e))
    yield index("h-segments-past", "A table set that reaches past table_count", "R-IDX-006", lambda m: m["table_sets"][0].update(segment_ends=[64, 128]))
    yield index("h-first-table-past", "A table set that begins past table_count", "R-IDX-006", lambda m: m["table_sets"][0].update(first_table=1))
    yield index("h-first-table-wraps", "first_table 2^32 - 1", "R-IDX-006", lambda m: m["table_sets"][0].update(first_table=(1 << 32) - 1))
    yield Case("h-tables-missing", "table_count 1 without a tables chunk", ["R-IDX-010"], spoiled(
        weights, tables=lambda b: b"", index=fields(table_count=1)), "MALFORMED_INDEX")
    yield Case("h-tables-present", "A tables chunk while table_count is 0", ["R-IDX-010"],
               spoiled(opaque, tables=lambda b: bytes(8)), "MALFORMED_INDEX")
    yield index("h-tables-zstd", "A tables chunk of coding ZSTD", "R-IDX-010", inner("tables", coding=1))
    yield index("h-tables-coding-3", "A tables chunk of coding 3", "R-IDX-010", inner("tables", coding=3))
    yield index("h-tables-raw-lengths", "A RAW tables chunk with two lengths", "R-MSG-005", inner("tables", decoded_length=1))
    yield index("h-scales-raw-lengths", "A RAW scales chunk with two lengths", "R-MSG-005", inner("scales", decoded_length=3))
    yield index("h-scales-coding-3", "A scales chunk of coding 3", "R-IDX-009", inner("scales", coding=3))
    yield index("h-scales-more", "More scales than rows", "R-IDX-009", inner("scales", decoded_length=5, coding=1))
    yield index("h-scales-columns", "Column scales announced and not there", "R-IDX-009", entry(0, has_column_scales=True))
    yield Case("h-scales-missing", "Row scales without a scales chunk", ["R-IDX-009"], spoiled(weights, scales=lambda b: b""), "MALFORMED_INDEX")
    yield Case("h-scales-present", "A scales chunk without scales", ["R-IDX-009"], spoiled(opaque, index=fields(
        scales={"stored_length": 0, "decoded_length": 4, "coding": 1})), "MALFORMED_INDEX")
    yield index("h-tables-1025", "table_count 1,025", "R-LIM-008", fields(table_count=1025), "LIMIT_EXCEEDED")
    yield index("h-tables-huge", "table_count 2^32 - 1", "R-LIM-008", fields(table_count=(1 << 32) - 1), "LIMIT_EXCEEDED")
    yield index("h-table-sets-1025", "1,025 table sets", "R-LIM-009", lambda m: m.update(table_sets=m["table_sets"] * 1025), "LIMIT_EXCEEDED")
    yield index("h-scales-limit", "A scales chunk of 268,435,457 bytes", "R-LIM-010", inner("scales", decoded_length=(1 << 28) + 1, coding=1), "LIMIT_EXCEEDED")
    yield index("h-tables-bytes-limit", "A tables chunk of 1,048,577 bytes", "R-LIM-013",
                inner("tables", stored_length=(1 << 20) + 1, decoded_length=(1 << 20) + 1), "LIMIT_EXCEEDED")
    yield Case("h-tensors-limit", "1,048,577 entries in Index", ["R-LIM-004"],
               spoiled(opaque, index_bytes=lambda b: b"\x0a\0" * ((1 << 20) + 1)), "LIMIT_EXCEEDED", recipe=True)
    yield Case("h-scale-sum-overflow", "Columns whose product is above 2^63", ["R-IDX-009"], spoiled(
        lambda: Spec([Tensor("w", "U8", [0, 1 << 40, 1 << 40], b"")]), index=entry(0, has_column_scales=True, row_dims=1)), "MALFORMED_INDEX")


def all_cases():
    for group in (ends, headers, trailers, layouts, bad_messages, fronts, schemas, indexes):
        yield from group()
    yield from hostile_blocks.all_cases()
    for more in (hostile_layer, hostile_bounded, hostile_lowrank, hostile_cells, hostile_product, hostile_balanced, hostile_directions, hostile_compact):
        yield from more.all_cases()
