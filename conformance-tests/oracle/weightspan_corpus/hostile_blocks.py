"""Hostile chunks, tables, blocks, digests and dependencies: what only decoding meets."""
import struct

from . import build, coder
from .build import BASE, SELF, Spec, Tensor, assemble, blocks_plan, equal_plan, pack, zstd_raw
from .cases import Case, Made, floats, floats_tensor, rng
from .frames import frame_bytes
from .spoil import (
    base, based, bytes_block, bytes_changed, cut, entry, fields, one_block, opaque, schema_frame, small, spoiled, spoiled_based,
    weights, zstd_block, zstd_frame)
from .valid import chain, plain


def checksums():
    for place, name, requirement in (("first", "schema", "R-MSG-008"), ("data_at", "tables", "R-MSG-008")):
        yield Case(f"h-chunk-flip-{name}", f"A bit of the {name} chunk flipped", [requirement, "R-ROL-002"], bytes_changed(weights, place, 1, 3), "CHUNK_CHECKSUM")
    for name, at in (("scales", lambda s: len(coder.tables_chunk(s.tables))), ("block", lambda s: len(coder.tables_chunk(s.tables)) + 4 + 5),
                     ("second-tensor", None)):
        def make(at=at):
            stored = assemble(weights())
            data = bytearray(stored.data)
            data[stored.places["data_at"] + at(stored.spec) if at else data.index(b"\0xyz") + 1] ^= 1
            return Made(bytes(data))
        yield Case(f"h-chunk-flip-{name}", f"A bit flipped: {name}", ["R-MSG-008", "R-ROL-002"], make, "CHUNK_CHECKSUM")
    yield Case("h-schema-checksum", "The schema chunk's CRC32C is wrong", ["R-MSG-008"], spoiled(weights, schema_chunk={"crc32c": 0}), "CHUNK_CHECKSUM")
    yield Case("h-block-checksum", "A block's CRC32C is wrong", ["R-MSG-008"], spoiled(weights, index=entry(1, block_crc32c=[0])), "CHUNK_CHECKSUM")


def frames():
    """Bad zstd frames, as the schema chunk and as a block of eight zero bytes."""
    zeros = zstd_block(bytes(8))
    size = struct.pack("<I", 8)
    good = zstd_frame(0xA0, size=size, blocks=zeros)
    bad = {
        "empty": b"", "garbage": b"not a zstd frame", "magic": b"\x27" + good[1:], "cut-header": good[:6], "cut-block": good[:-1],
        "no-content-size": zstd_frame(0x00, window=b"\x00", blocks=zeros), "trailing": good + b"\0", "two-frames": good + good,
        "skippable-first": b"\x50\x2a\x4d\x18" + struct.pack("<I", 4) + b"abcd" + good, "skippable-last": good + b"\x50\x2a\x4d\x18" + bytes(4),
        "content-size-more": zstd_frame(0xA0, size=struct.pack("<I", 9), blocks=zeros), "content-less": zstd_frame(0xA0, size=size, blocks=zstd_block(bytes(7))),
        "content-more": zstd_frame(0xA0, size=size, blocks=zstd_block(bytes(9))), "reserved-bit": zstd_frame(0xA8, size=size, blocks=zeros),
        "reserved-block": zstd_frame(0xA0, size=size, blocks=zstd_block(b"", kind=3)), "no-last-block": zstd_frame(0xA0, size=size, blocks=zstd_block(bytes(8), last=0)),
        "dictionary": zstd_frame(0xA1, dictionary=b"\x07", size=size, blocks=zeros), "checksum": zstd_frame(0xA4, size=size, blocks=zeros + b"abcd"),
        "checksum-cut": zstd_frame(0xA4, size=size, blocks=zeros), "window-9-mib": zstd_frame(0x80, window=bytes([13 << 3 | 1]), size=size, blocks=zeros),
        "window-huge": zstd_frame(0x80, window=b"\xff", size=size, blocks=zeros), "rle-more": zstd_frame(0xA0, size=size, blocks=zstd_block(b"\0", kind=1, size=1 << 17)),
        "too-long": zstd_frame(0xA0, size=size, blocks=zstd_block(b"", last=0) * 342 + zeros),
        "block-past": zstd_frame(0xA0, size=size, blocks=zstd_block(bytes(8), size=1000)), "compressed-empty": zstd_frame(0xA0, size=size, blocks=zstd_block(b"", kind=2)),
        "literals-past": zstd_frame(0xA0, size=size, blocks=zstd_block(b"\xf8abc\0", kind=2)),
        "no-tree": zstd_frame(0xA0, size=size, blocks=zstd_block(b"\x83\x80\x00\xff\x00", kind=2)),
        "no-tables": zstd_frame(0xA0, size=size, blocks=zstd_block(b"\x00\x01\xfc\x01", kind=2)),
        "offset-past": zstd_frame(0xA0, size=size, blocks=zstd_block(b"\x08a\x01\x54\x00\x05\x00\x80", kind=2)),
    }
    for name, frame in bad.items():
        yield Case(f"h-block-zstd-{name}", f"A block with a bad zstd frame: {name}", ["R-MSG-007", "R-BYT-001"], bytes_block(b"\1" + frame), "MALFORMED_BLOCK")
        if name in ("empty", "garbage", "no-content-size", "trailing", "content-size-more", "content-less", "dictionary", "checksum", "window-9-mib", "rle-more", "two-frames"):
            # the schema's length is what the frame claims, or eight bytes: these fail before the schema is looked at
            yield Case(f"h-chunk-zstd-{name}", f"A schema chunk with a bad zstd frame: {name}", ["R-MSG-007"], schema_frame(frame, 8), "MALFORMED_CHUNK")
    yield Case("h-chunk-zstd-length", "A schema frame whose content size is not decoded_length", ["R-MSG-007"],
               schema_frame(lambda s: zstd_raw(s), 9), "MALFORMED_CHUNK")
    text = frame_bytes("text-fast")
    for at in (12, 40, len(text) // 2, len(text) - 8):
        broken = text[:at] + bytes([text[at] ^ 0x55]) + text[at + 1:]
        yield Case(f"h-block-zstd-damaged-{at}", f"A compressed frame with byte {at} damaged: refused by the frame or by its content checksum", ["R-MSG-007"],
                   lambda b=broken: zstd_of(b), "MALFORMED_BLOCK")
    claim = zstd_frame(0xA0, size=struct.pack("<I", 1 << 30), blocks=zstd_block(b"\0", kind=1, size=1 << 17, last=0) * 8 + zeros)
    yield Case("h-block-zstd-bomb", "A frame that claims 1 GiB for a block of eight bytes", ["R-MSG-007"], bytes_block(b"\1" + claim), "MALFORMED_BLOCK")

    def scales_frame():
        spec = weights()
        spec.scales_zstd = b"\x28\xb5\x2f\xfd" + bytes(5)
        return Made(assemble(spec))

    yield Case("h-scales-zstd", "A scales chunk with a bad zstd frame", ["R-MSG-007"], scales_frame, "MALFORMED_CHUNK")


def zstd_of(frame):
    from .frames import frame_content
    content = frame_content("text-fast")
    tensor = Tensor("", "U8", [len(content)], content, build.bytes_plan, frames=[frame])
    return Made(assemble(Spec([tensor], opaque=content)))


def bytes_residual():
    bad = {"empty": b"", "mode-2": b"\2" + bytes(8), "mode-255": b"\xff" + bytes(8), "raw-short": b"\0" + bytes(7), "raw-long": b"\0" + bytes(9), "raw-nothing": b"\0"}
    for name, block in bad.items():
        yield Case(f"h-bytes-{name}", f"Residual bytes: {name}", ["R-BYT-001"], bytes_block(block), "MALFORMED_BLOCK")


def tables():
    def table(id, title, put, requirement="R-TAB-001"):
        def make():
            def chunk(_):
                bits = coder.Bits()
                put(bits)
                return bits.bytes()
            return Made(assemble(small(), tables=chunk))
        return Case(id, title, [requirement], make, "MALFORMED_TABLE")

    def head(lo, hi, rest, *lengths):
        def put(bits):
            for value in (lo, hi, rest):
                bits.put(value, 8)
            previous = 6
            for length, value in lengths:
                coder.put_length(bits, length - previous)
                previous = length
                bits.put(value, min(length - 1, 3) if length > 0 else 0)
        return put

    yield table("h-table-lo-above-hi", "lo above hi", head(130, 129, 130))
    yield table("h-table-rest-below", "rest below lo", head(128, 129, 127, (6, 0), (6, 0)))
    yield table("h-table-rest-above", "rest above hi", head(128, 129, 130, (6, 0), (6, 0)))
    yield table("h-table-length-13", "A frequency of 13 bits", head(128, 129, 128, (13, 0)))
    yield table("h-table-length-negative", "A frequency of -1 bits", head(128, 130, 128, (0, 0), (-1, 0)))
    yield table("h-table-one-symbol", "One symbol that takes all: 4,096", head(128, 128, 128))
    yield table("h-table-rest-4096", "Two symbols, the rest takes all: 4,096", head(128, 129, 128, (0, 0)))
    yield table("h-table-rest-0", "The rest gets 0", head(128, 130, 128, (12, 0), (12, 0)))
    yield table("h-table-rest-negative", "The frequencies sum to more than 4,096", head(128, 131, 128, (12, 7), (12, 7), (12, 7)))
    yield table("h-table-ones-25", "25 ones", lambda bits: (head(128, 129, 128)(bits), bits.put((1 << 25) - 1, 25), bits.put(0, 1), bits.put(0, 16)))
    yield table("h-table-ones-only", "Ones to the end", lambda bits: (head(0, 255, 0)(bits), bits.put((1 << 64) - 1, 64)))
    yield table("h-table-cut-head", "The stream ends in a table's head", lambda bits: (bits.put(128, 8), bits.put(129, 8)))
    yield table("h-table-cut", "The stream ends before the last frequency", head(128, 250, 128, (6, 0)))

    def extra(more):
        return lambda: Made(assemble(small(), tables=lambda b: b + more))

    yield Case("h-table-byte-left", "A whole byte left over", ["R-TAB-001"], extra(b"\0"), "MALFORMED_TABLE")
    yield Case("h-table-byte-missing", "The last byte is missing", ["R-TAB-001"], lambda: Made(assemble(small(), tables=lambda b: b[:-1])), "MALFORMED_TABLE")
    yield Case("h-table-unused-bits", "Unused bits that are not zero", ["R-TAB-001"], unused_table_bits, "MALFORMED_TABLE")

    def two_tables():
        spec = small()
        return Made(assemble(spec, index=fields(table_count=2)))

    yield Case("h-table-count-more", "table_count 2, one table", ["R-TAB-001"], two_tables, "MALFORMED_TABLE")

    def unused():
        spec = Spec(opaque=b"abc")
        spec.tables = [(128, 129, 128, {128: 2048, 129: 2048})]
        return Made(assemble(spec, tables=lambda b: b + b"\0\0"))

    yield Case("h-table-unused-bad", "A bad table that no tensor needs", ["R-TAB-001"], unused, "MALFORMED_TABLE", role="strict-validator")


def unused_table_bits():
    for count in range(20, 60):
        spec = small(count=count)
        stored = assemble(spec)
        bits = coder.Bits()
        for table in spec.tables:
            coder.put_table(bits, table)
        if bits.size:
            return Made(assemble(small(count=count), tables=lambda b: b[:-1] + bytes([b[-1] | 0x80])))
    raise AssertionError(stored)


def streams():
    def direct(id, title, requirement, block, options=None):
        return Case(id, title, [requirement], spoiled(lambda: small(**(options or {})), blocks=one_block(block)), "MALFORMED_BLOCK")

    def broken(id, title, requirement, **spoil):
        return Case(id, title, [requirement], spoiled(lambda: small(broken=spoil)), "MALFORMED_BLOCK")

    for name, length in (("empty", 0), ("head", 1), ("half-state", 3), ("one-state", 5), ("states", 9), ("half-word", 10)):
        yield direct(f"h-rans-cut-{name}", f"A coded block of {length} bytes", "R-RNS-001" if length else "R-DIR-003", lambda b, n=length: b[:n])
    yield broken("h-rans-state-low", "A state below 2^16", "R-RNS-002", states=lambda x: [x[0] & 0xFFFF] + x[1:])
    yield broken("h-rans-state-zero", "A state of 0", "R-RNS-002", states=lambda x: x[:-1] + [0])
    yield broken("h-rans-states-swapped", "The states of two lanes swapped", "R-RNS-002", states=lambda x: x[::-1])
    yield broken("h-rans-word-missing", "A word missing: raw bits are read for it", "R-RNS-002", words=lambda w: w[:-1])
    yield broken("h-rans-words-none", "No words: raw bits are read for them", "R-RNS-002", words=lambda w: [])
    yield broken("h-rans-word-left", "A word left over", "R-DIR-002", words=lambda w: w + [0])
    yield broken("h-rans-words-left", "Words left over", "R-DIR-002", words=lambda w: w + w)
    yield broken("h-rans-final-state", "A lane that ends in a state above 2^17", "R-RNS-002", final=lambda x: [x[0] | 1 << 17] + x[1:])
    yield broken("h-rans-final-last", "The last lane ends in a state of 2^31 and more", "R-RNS-002", final=lambda x: x[:-1] + [x[-1] | 1 << 31])
    for name, state, requirement in (("state", 1 << 17, "R-RNS-002"), ("bit", 1 << 16 | 1 << 15, "R-DIR-002")):
        yield Case(f"h-rans-unused-lane-{name}", f"A lane without elements whose state is {state}", [requirement], spoiled(
            lambda s=state: small(count=3, lanes_log=3, broken={"states": lambda x: x[:-1] + [s]})), "MALFORMED_BLOCK")
    yield Case("h-raw-byte-unneeded", "A byte behind raw bits that all fit the lanes", ["R-DIR-002"], spoiled(
        lambda: small(count=3, lanes_log=3, broken={"raw": lambda r: b"\0"})), "MALFORMED_BLOCK")
    for log in (6, 15):
        yield broken(f"h-lanes-log-{log}", f"2^{log} lanes", "R-DIR-003", lanes_log=log)
    yield broken("h-raw-byte-more", "A byte behind the raw bits", "R-DIR-002", raw=lambda r: r + b"\0")
    yield broken("h-raw-byte-less", "The last byte of the raw bits is missing", "R-DIR-002", raw=lambda r: r[:-1])
    yield broken("h-raw-none", "No raw bits", "R-DIR-002", raw=lambda r: b"")
    yield Case("h-raw-unused-bits", "Unused raw bits that are not zero", ["R-DIR-002"], unused_raw_bits, "MALFORMED_BLOCK")
    for mode in (4, 15):
        yield direct(f"h-mode-{mode}", f"Mode {mode}", "R-DIR-003", lambda b, m=mode: bytes([m]) + b[1:])
    yield direct("h-mode-1-direct", "Mode 1 with the residual direct", "R-DIR-003", b"\1")
    for mode, length in ((0, 60), (2, 2)):
        yield direct(f"h-mode-{mode}-high", f"Mode {mode} with h div 16 of 1", "R-DIR-003", bytes([0x10 | mode]) + bytes(length))
        yield direct(f"h-mode-{mode}-short", f"Mode {mode}, a byte missing", "R-DIR-003", bytes([mode]) + bytes(length - 1))
        yield direct(f"h-mode-{mode}-long", f"Mode {mode}, a byte more", "R-DIR-003", bytes([mode]) + bytes(length + 1))
    yield Case("h-mode-1-long", "Mode 1 with a payload", ["R-DIR-003"], spoiled_based(blocks=one_block(b"\1\0")), "MALFORMED_BLOCK")
    yield Case("h-mode-1-high", "Mode 1 with h div 16 of 5", ["R-DIR-003"], spoiled_based(blocks=one_block(b"\x51")), "MALFORMED_BLOCK")
    yield Case("h-mode-4-delta", "Mode 4 with the residual delta", ["R-DIR-003"], spoiled_based(blocks=one_block(lambda b: b"\4" + b[1:])), "MALFORMED_BLOCK")
    yield Case("h-delta-word-left", "Residual delta, a word left over", ["R-DIR-002"], spoiled_based({"broken": {"words": lambda w: w + [1]}}), "MALFORMED_BLOCK")


def unused_raw_bits():
    for count in range(20, 60):
        stored, spoilt = assemble(small(count=count)), assemble(small(count=count, broken={"unused": 0xFF}))
        if stored.data != spoilt.data:
            return Made(spoilt)
    raise AssertionError


def symbols():
    """Symbols out of range: one symbol for every element of a block."""

    def one_symbol(dtype, symbol, raw_bits, scale, predicted=None):
        def make():
            table = coder.make_table({symbol: 3, 128 if symbol != 128 else 129: 1})
            values = [0] * 4
            raws = [[(0, raw_bits)]] * 4
            block = coder.coded_block(0, [symbol] * 4, raws, [table] * 4)
            fields = {"residual": 3 if predicted is None else 4, "scale": scale, **({"predictor": 1} if predicted is not None else {})}
            spec = Spec([floats_tensor("w", dtype, [4], values, blocks_plan, entry=fields, blocks=[block])], dependencies=[predicted] if predicted else [])
            spec.add_table_set([table])
            return Made(assemble(spec), [predicted] if predicted else [])
        return make

    yield Case("h-key-negative", "A key of -1", ["R-DIR-001"], one_symbol("BF16", 127, 6, 0), "MALFORMED_BLOCK")
    yield Case("h-key-negative-far", "A key far below 0", ["R-DIR-001"], one_symbol("BF16", 2, 6, -65_536), "MALFORMED_BLOCK")
    yield Case("h-key-1024", "A key of 1,024 for BF16, one above the largest", ["R-DIR-001"], one_symbol("BF16", 255, 6, 1024 - 127), "MALFORMED_BLOCK")
    yield Case("h-key-huge", "A key far above the largest", ["R-DIR-001"], one_symbol("F64", 255, 51, 65_536), "MALFORMED_BLOCK")
    yield Case("h-key-f8", "A key of 128 for F8_E4M3", ["R-DIR-001"], one_symbol("F8_E4M3", 200, 1, 56), "MALFORMED_BLOCK")
    for dtype, symbol, raw in (("BF16", 255, 30), ("BF16", 1, 30), ("BF16", 128 + 60, 14)):
        zero = plain(dtype, [0] * 4)
        yield Case(f"h-difference-{symbol}", f"Symbol {symbol}: a difference of {raw + 3} bits for 16", ["R-DEL-002"],
                   one_symbol(dtype, symbol, raw, 0, zero), "MALFORMED_BLOCK")
    zero = plain("F8_E5M2", [0] * 4)
    yield Case("h-difference-f8", "A difference of 9 bits for 8", ["R-DEL-002"], one_symbol("F8_E5M2", 128 + 28, 6, 0, zero), "MALFORMED_BLOCK")


def digests():
    yield Case("h-tensor-digest", "A tensor with another digest", ["R-DEC-006"], spoiled(weights, index=entry(1, sha256=bytes(32))), "TENSOR_DIGEST")
    yield Case("h-tensor-digest-equal", "A tensor of residual equal with another digest", ["R-DEC-006"], spoiled(weights, index=entry(2, sha256=bytes(32))), "TENSOR_DIGEST")
    yield Case("h-tensor-digest-empty", "A tensor without elements with another digest", ["R-DEC-006"], spoiled(
        lambda: Spec([Tensor("w", "F32", [0], b"")]), index=entry(0, sha256=bytes(32))), "TENSOR_DIGEST")
    yield Case("h-file-digest", "A file with another digest", ["R-DEC-006"], spoiled(weights, front=fields(file_sha256=bytes(32))), "FILE_DIGEST")
    yield Case("h-file-digest-opaque", "An opaque file with another digest", ["R-DEC-006"], spoiled(opaque, front=fields(file_sha256=bytes(32))), "FILE_DIGEST")
    yield Case("h-both-digests", "Tensor and file with other digests: the tensor first", ["R-DEC-006"],
               spoiled(weights, front=fields(file_sha256=bytes(32)), index=entry(0, sha256=bytes(32))), "TENSOR_DIGEST")
    yield Case("h-other-content", "A block of other bytes, its checksum right", ["R-DEC-006", "R-ROL-003"], spoiled(opaque, blocks=one_block(b"\0hostilE\n")), "TENSOR_DIGEST")


def dependencies():
    yield Case("h-dependency-missing", "The base is not at hand", ["R-DEC-002"], spoiled_based(keep=False), "MISSING_DEPENDENCY")

    def missing_of_base():
        made = chain(2)
        del made.objects[next(iter(made.objects))]
        made.file = None
        return made

    yield Case("h-dependency-of-base-missing", "The base's base is not at hand", ["R-DEC-002"], missing_of_base, "MISSING_DEPENDENCY")

    def other_bytes():
        stored = base()
        made = Made(assemble(based(stored)), [stored])
        made.objects[stored.digest] = plain("BF16", floats("BF16", 30, rng("other"))).data
        return made

    yield Case("h-dependency-bytes", "The stored bytes of the base have another digest", ["R-DEC-003"], other_bytes, "WRONG_DEPENDENCY", role="store")
    yield Case("h-dependency-file", "The record names another file digest for the base", ["R-DEC-003"],
               spoiled_based(front=lambda m: m["dependencies"][0].update(file_sha256=bytes(32))), "WRONG_DEPENDENCY")
    yield Case("h-source-range", "source_tensor past the base's tensors", ["R-DEC-004"], spoiled_based(index=entry(0, source_tensor=1)), "WRONG_DEPENDENCY")
    yield Case("h-source-huge", "source_tensor 2^32 - 1", ["R-DEC-004"], spoiled_based(index=entry(0, source_tensor=(1 << 32) - 1)), "WRONG_DEPENDENCY")

    def other(stored, tensor, **spoil):
        def make():
            kept = stored()
            return Made(assemble(Spec([tensor], dependencies=[kept]), **spoil), [kept])
        return make

    raw = pack("BF16", floats("BF16", 8, rng("x")))
    equal = lambda dtype, shape, data: Tensor("w", dtype, shape, data, equal_plan)
    yield Case("h-base-opaque", "The base decodes to an opaque file", ["R-DEC-004"], other(
        lambda: assemble(Spec(opaque=b"12345678")), equal("U8", [8], b"12345678")), "WRONG_DEPENDENCY")
    yield Case("h-base-longer", "The source tensor has more elements, residual equal", ["R-PRD-001", "R-DEC-004"], other(
        lambda: plain("U8", list(b"123456789")), equal("U8", [8], b"12345678")), "WRONG_DEPENDENCY")
    yield Case("h-base-dtype", "The source tensor has another dtype of the same size, residual equal", ["R-PRD-001", "R-PRD-006"], other(
        lambda: plain("F16", [1, 2]), equal("BF16", [2], pack("BF16", [1, 2]))), "WRONG_DEPENDENCY")
    yield Case("h-base-equal-converted", "F32 on BF16 with the residual equal", ["R-PRD-001"], other(
        lambda: plain("BF16", [0, 0]), equal("F32", [2], bytes(8))), "WRONG_DEPENDENCY")

    def delta_of(dtype, count):
        def make():
            kept = plain(dtype, floats("F32" if dtype == "F64" else dtype, count, rng("y")))
            table = coder.make_table({128: 1})
            fields = {"residual": 4, "predictor": BASE}
            spec = Spec([Tensor("w", "BF16", [8], raw, blocks_plan, entry=fields, blocks=[b"\1"])], dependencies=[kept])
            spec.add_table_set([table])
            return Made(assemble(spec), [kept])
        return make

    for dtype in ("F16", "F64", "F8_E4M3"):
        yield Case(f"h-delta-on-{dtype.lower().replace('_', '-')}", f"BF16 by delta on {dtype}", ["R-PRD-002", "R-DEC-004"], delta_of(dtype, 8), "WRONG_DEPENDENCY")
    yield Case("h-delta-on-fewer", "The source tensor has fewer elements, residual delta", ["R-PRD-002"], delta_of("BF16", 7), "WRONG_DEPENDENCY")
    yield Case("h-base-garbage", "The base is no container", ["R-DEC-004"], garbage_base, "TRUNCATED", also=["WRONG_DEPENDENCY", "BAD_MAGIC"])
    yield Case("h-base-damaged", "A block of the base is damaged, the object named by its damaged bytes", ["R-ROL-002", "R-DEC-004"], damaged_base,
               "CHUNK_CHECKSUM", also=["WRONG_DEPENDENCY"])
    yield Case("h-depth-5", "A chain of depth 5", ["R-DEC-005", "R-LIM-014"], lambda: without_file(chain(5)), "LIMIT_EXCEEDED")
    yield Case("h-depth-5-self", "A chain of depth 5 within a record", ["R-DEC-005", "R-LIM-014"], spoiled(lambda: Spec(
        [Tensor("a", "U8", [2], b"ab")] + [Tensor(n, "U8", [2], b"ab", equal_plan, predictor=SELF, source=i) for i, n in enumerate("bcdef")])), "LIMIT_EXCEEDED")


def without_file(made):
    made.file = None
    return made


def garbage_base():
    data = b"no container at all"
    stored = build.Stored(data, base().spec)
    return Made(assemble(based(stored)), [stored])


def damaged_base():
    good = base()
    data = bytearray(good.data)
    data[good.places["data_at"] + 9] ^= 4
    stored = build.Stored(bytes(data), good.spec)
    return Made(assemble(based(stored)), [stored])


def all_cases():
    for group in (checksums, frames, bytes_residual, tables, streams, symbols, digests, dependencies):
        yield from group()
