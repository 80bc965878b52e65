"""Hostile schemas with lengths in place of offsets, and hostile checksums of all blocks."""
import struct

from . import wire
from .build import Layer, Spec, Tensor, assemble, zstd_raw
from .cases import Case, Made, floats, floats_tensor, rng
from .spoil import entry, fields, inner, one_block, opaque, weights, zstd_block, zstd_frame
from .valid_compact import layered, lengths_spec, member, one_checksum, u8, wide

SHORT = "{" + member("w", 4, "[4]") + "}"
LONG = "{" + member("w", 4, "[0,4]") + "}"


def shortened(text=SHORT, result=LONG, length=None, frame=zstd_raw, chunk=None):
    """A maker of a record of a tensor of four bytes whose schema chunk holds the text; result: what decoded_length is made for."""

    def make():
        spec = lengths_spec(text, LONG, [u8("w", 4)], frame)
        decoded = 8 + len(result.encode()) if length is None else length
        front = fields(file_length=8 + len(result.encode()) + 4)
        return Made(assemble(spec, schema_chunk={"decoded_length": decoded, **(chunk or {})}, front=front))

    return make


def frames():
    text = SHORT.encode()
    size, block = len(text).to_bytes(4, "little"), zstd_block(text)
    good = zstd_frame(0xA0, size=size, blocks=block)
    bad = {
        "empty": b"", "garbage": b"not a zstd frame", "no-content-size": zstd_frame(0x00, window=b"\x00", blocks=block), "trailing": good + b"\0",
        "two-frames": good + good, "content-less": zstd_frame(0xA0, size=size, blocks=zstd_block(text[:-1])),
        "content-more": zstd_frame(0xA0, size=size, blocks=zstd_block(text + b" ")), "dictionary": zstd_frame(0xA1, dictionary=b"\7", size=size, blocks=block),
        "checksum": zstd_frame(0xA4, size=size, blocks=block + b"abcd"), "reserved-bit": zstd_frame(0xA8, size=size, blocks=block),
        "window-9-mib": zstd_frame(0x80, window=bytes([13 << 3 | 1]), size=size, blocks=block), "cut-block": good[:-1],
        "too-long": zstd_frame(0xA0, size=size, blocks=zstd_block(b"", last=0) * 400 + block), "plain": text,
        "size-2-64": zstd_frame(0xE0, size=b"\xff" * 8, blocks=block), "rle-more": zstd_frame(0xA0, size=size, blocks=zstd_block(b" ", kind=1, size=1 << 17)),
    }
    for name, frame in bad.items():
        yield Case(f"h-lengths-zstd-{name}", f"A schema of lengths with a bad zstd frame: {name}", ["R-MSG-010"], shortened(frame=lambda _, f=frame: f),
                   "MALFORMED_CHUNK")
    for name, more in (("one", 1), ("all", 1 << 20)):
        spaces = SHORT + " " * (8 + len(LONG) + more - len(SHORT))
        yield Case(f"h-lengths-content-{name}", f"A content size of {more} above decoded_length", ["R-MSG-010"],
                   shortened(frame=lambda _, t=spaces: compressed(t)), "MALFORMED_CHUNK")
    yield Case("h-lengths-checksum", "The CRC32C of a schema of lengths is wrong", ["R-MSG-008", "R-ROL-002"], shortened(chunk={"crc32c": 0}), "CHUNK_CHECKSUM")
    yield Case("h-lengths-limit", "A schema of lengths that becomes 8 + 100,000,001 bytes", ["R-LIM-003"], shortened(length=100_000_009), "LIMIT_EXCEEDED")
    yield Case("h-lengths-claim", "A schema of lengths that claims 100,000,008 bytes and is short", ["R-SCH-012"], shortened(length=100_000_008),
               "MALFORMED_CHUNK")


def compressed(text):
    """A frame of the text, the spaces at its end as RLE blocks."""
    front = text.rstrip(" ").encode()
    count, blocks = len(text) - len(front), []
    while count:
        run = min(count, 128 << 10)
        count -= run
        blocks.append(zstd_block(b" ", kind=1, size=run, last=int(count == 0)))
    return zstd_frame(0xA0, size=len(text).to_bytes(4, "little"), blocks=zstd_block(front, last=0) + b"".join(blocks))


def texts():
    def case(id, title, requirement, text, result=LONG, code="MALFORMED_CHUNK", **options):
        return Case(f"h-lengths-{id}", title, [requirement], shortened(text, result, **options), code)

    for more in (-1, 1):
        yield case("longer" if more < 0 else "shorter", f"A schema made of lengths is {-more:+} bytes off", "R-SCH-012", SHORT,
                   length=8 + len(LONG) + more)
    for length in (0, 7, 8):
        yield case(f"decoded-{length}", f"decoded_length {length} of a schema of lengths", "R-SCH-012" if length == 8 else "R-MSG-010", SHORT, length=length)
    for length in (0, 7):
        yield case(f"nothing-{length}", f"An empty text, which makes 8 bytes, and decoded_length {length}", "R-SCH-012", "", length=length)
    yield case("nothing", "An empty text: a schema of no JSON", "R-SCH-002", "", "", "MALFORMED_SCHEMA")
    with_length = struct.pack("<Q", len(LONG)).decode() + SHORT
    yield case("with-length", "A text that begins with the length of the header", "R-SCH-012", with_length)
    yield case("with-length-decoded", "A text that begins with the length of the header, and decoded_length is for it", "R-SCH-002", with_length,
               with_length[:8] + LONG, "MALFORMED_SCHEMA")
    copied = {
        "leading-zero": ("[04]", "a length with a leading zero"), "zeros": ("[00]", "a length of two zeros"), "16-digits": ("[1000000000000000]", "a length of 16 digits"),
        "16-zeros": ("[" + "0" * 16 + "]", "16 zeros"), "20-digits": ("[99999999999999999999]", "a length of 20 digits"), "none": ("[]", "no length"),
        "negative": ("[-4]", "a negative length"), "plus": ("[+4]", "a length with a sign"), "space": ("[4 ]", "a length and a space"),
        "space-first": ("[ 4]", "a space and a length"), "fraction": ("[4.00]", "a fraction"), "exponent": ("[4e00]", "an exponent"),
        "comma": ("[4,]", "a comma behind a length"), "open": ("[4", "no bracket behind a length"), "arabic": ("[\u0664]", "a digit beyond ASCII"),
    }
    for name, (number, title) in copied.items():
        text = "{" + member("w", 4, number) + "}"
        digits = number.strip("[]").replace("-", "").replace("+", "")
        value = int(digits) if digits.isdecimal() and digits.isascii() else 4
        yield case(name, f"A copied text, decoded_length as if it were not: {title}", "R-SCH-012", text, "{" + member("w", 4, f"[0,{value}]") + "}")
        yield case(f"{name}-copied", f"A copied text: {title}", "R-SCH-011", text, text, "MALFORMED_SCHEMA")
    most = "9" * 15
    yield case("15-digits", "A length of 15 digits, which is not the tensor's", "R-SCH-011", "{" + member("w", 4, f"[{most}]") + "}",
               "{" + member("w", 4, f"[0,{most}]") + "}", "MALFORMED_SCHEMA")
    yield case("15-digits-copied", "A length of 15 digits as if it were copied", "R-SCH-012", "{" + member("w", 4, f"[{most}]") + "}",
               "{" + member("w", 4, f"[{most}]") + "}")
    yield case("other", "A length that is not the tensor's", "R-SCH-011", "{" + member("w", 4, "[5]") + "}", "{" + member("w", 4, "[0,5]") + "}",
               "MALFORMED_SCHEMA")
    two = [member("w", 4, "[4]"), member("v", 0, "[10,10]"), member("u", 0, "[0]")]
    yield case("pair-counts", "A length after a pair, decoded_length as if the pair had counted", "R-SCH-012", "{" + ",".join(two) + "}",
               "{" + ",".join([member("w", 4, "[0,4]"), two[1], member("u", 0, "[10,10]")]) + "}")
    last = (1 << 62) - 4611 * int(most)
    for name, length, code in (("", last + 1, "MALFORMED_CHUNK"), ("-exact", last, "MALFORMED_SCHEMA")):
        yield Case(f"h-lengths-total{name}", f"Lengths of 2^62{' + 1' if not name else ''} bytes together", ["R-SCH-012"],
                   lambda n=length: totals([int(most)] * 4611 + [n]), code, recipe=True)
    yield Case("h-lengths-total-wraps", "Lengths whose sum wraps at 2^64", ["R-SCH-012"], lambda: totals([int(most)] * 18_447), "MALFORMED_CHUNK", recipe=True)


def totals(lengths):
    """A schema of these lengths and nothing else, its decoded length right."""
    total, result = 0, []
    for length in lengths:
        result.append(f'"data_offsets":[{total},{total + length}]')
        total += length
    return shortened("".join(f'"data_offsets":[{length}]' for length in lengths), "".join(result))()


def other_chunks():
    def scales():
        """Row scales that are the number of bytes of a text, and the text."""
        text = b"{}"
        content = struct.pack("<Q", len(text)) + text
        values = [v - 256 if v > 127 else v for v in content]
        spec = Spec([floats_tensor("a", "BF16", [10, 2], floats("BF16", 20, rng("lengths scales")), scale=470, row_dims=1, rows=values)])
        spec.scales_zstd = zstd_raw(text)
        return Made(assemble(spec, index=inner("scales", coding=2)))

    yield Case("h-lengths-scales", "A scales chunk of the coding ZSTD_LENGTHS that would make its scales", ["R-MSG-009", "R-IDX-009"], scales, "MALFORMED_INDEX")
    yield Case("h-lengths-tables", "A tables chunk of the coding ZSTD_LENGTHS", ["R-MSG-009", "R-IDX-010"],
               lambda: Made(assemble(weights(), index=inner("tables", coding=2))), "MALFORMED_INDEX")
    yield Case("h-lengths-layer-index", "A layer's index chunk of the coding ZSTD_LENGTHS", ["R-MSG-009", "R-MSG-004"],
               lambda: Made(assemble(layered(True, False), layer=inner("index", coding=2))), "MALFORMED_FRONT")
    yield Case("h-lengths-layer-scales", "A layer's scales chunk of the coding ZSTD_LENGTHS", ["R-MSG-009", "R-IDX-009"],
               lambda: Made(assemble(layered(True, False), layer_index=fields(scales={"coding": 2}))), "MALFORMED_INDEX")
    yield Case("h-lengths-opaque", "An opaque file with a schema chunk of the coding ZSTD_LENGTHS", ["R-MSG-004"], lambda: Made(assemble(
        opaque(), front=fields(schema={"stored_length": 0, "decoded_length": 8, "coding": 2}))), "MALFORMED_FRONT")


def checksums():
    def one(id, title, make, code="CHUNK_CHECKSUM", requirements=("R-IDX-013",), role="reader", recipe=False):
        return Case(f"h-one-checksum-{id}", title, list(requirements), make, code, role=role, recipe=recipe)

    def spoiled(spec=weights, **spoil):
        return lambda: Made(assemble(one_checksum(spec()), **spoil))

    together = lambda change: fields(block_crc32c=[change])
    yield one("wrong", "The checksum of all blocks is wrong", spoiled(index=together(7)))
    yield one("of-first", "One checksum, that of the first block", of_blocks(lambda blocks: blocks[0]))
    yield one("of-last", "One checksum, that of the last block", of_blocks(lambda blocks: blocks[-1]))
    yield one("reversed", "One checksum, of the blocks from the last on", of_blocks(lambda blocks: b"".join(blocks[::-1])))
    yield one("of-checksums", "One checksum, of the blocks' checksums", of_blocks(
        lambda blocks: b"".join(struct.pack("<I", wire.crc32c(block)) for block in blocks)))
    yield one("flip-last", "A bit of the last block flipped", flipped(-1))
    yield one("first", "The first block is bad and the checksum wrong: the checksum first",
              spoiled(blocks=one_block(lambda block: b"\x0f" + block[1:]), index=together(7)))
    yield one("right-bad-block", "A bad block below a right checksum", spoiled(blocks=one_block(lambda block: b"\x0f" + block[1:])), "MALFORMED_BLOCK",
              ["R-DIR-003"])
    yield one("tables-first", "A bad table and a wrong checksum: the table first", spoiled(tables=lambda b: b + b"\0", index=together(7)),
              "MALFORMED_TABLE", ["R-TAB-001"])
    yield one("65537", "One checksum of 65,537 stored bytes", lambda: Made(assemble(wide(65_537))), "LIMIT_EXCEEDED", ["R-LIM-018"])
    yield one("65537-wrong", "A wrong checksum of 65,537 stored bytes: the limit first", lambda: Made(assemble(wide(65_537), index=together(7))),
              "LIMIT_EXCEEDED", ["R-LIM-018"], recipe=True)
    yield one("limit-before-set", "One checksum of too many bytes and a bad table set: the limit first", lambda: Made(assemble(
        wide(65_537), index=fields(table_sets=[{"segment_ends": [1]}]))), "LIMIT_EXCEEDED", ["R-LIM-018", "R-IDX-006"], recipe=True)
    yield one("limit-after-entry", "One checksum of too many bytes and an unknown residual in the last tensor: the tensor first", lambda: Made(assemble(
        wide(65_537), index=entry(1, residual=9))), "UNKNOWN_ENCODING", ["R-IDX-002"], recipe=True)
    yield one("limit-tensors", "One checksum of 70,000 bytes, of many tensors of few", lambda: Made(assemble(wide(70_000, tensors=50))), "LIMIT_EXCEEDED",
              ["R-LIM-018"], recipe=True)
    yield one("huge", "One checksum and a block length of 2^32 - 1", spoiled(index=lambda m: (together(7)(m), entry(0, block_lengths=[(1 << 32) - 1])(m))),
              "BAD_LAYOUT", ["R-LAY-004"])
    yield one("no-blocks", "A checksum and no blocks", lambda: Made(assemble(Spec(opaque=b""), index=together(0))), "MALFORMED_INDEX", ["R-IDX-012"])
    for count in (0, 2, 4):
        yield Case(f"h-checksums-{count}-of-3", f"{count} checksums of three blocks", ["R-IDX-012"], lambda n=count: three(n), "MALFORMED_INDEX")
    yield one("layer-wrong", "The checksum of all blocks of a layer is wrong", lambda: Made(assemble(layered(False, True), layer_index=together(7))))
    yield one("file-wrong", "The checksum of all blocks of the file is wrong, that of its layer right",
              lambda: Made(assemble(layered(False, True), index=together(7))))
    yield one("layer-flip", "A bit flipped in the last block of a layer, of which the file needs the first tensor only", layer_flip)
    yield one("unused-layer", "A layer that the file does not need, its checksum wrong", unused, requirements=["R-IDX-013", "R-LYR-005"],
              role="strict-validator")
    yield one("layer-65537", "One checksum of 65,537 stored bytes of a layer", lambda: Made(assemble(wide_layer())), "LIMIT_EXCEEDED", ["R-LIM-018"])
    for count in (0, 2, 4):
        yield Case(f"h-checksums-layer-{count}-of-3", f"{count} checksums of a layer's three blocks", ["R-IDX-012"], lambda n=count: Made(assemble(
            layered(False, False), layer_index=fields(block_crc32c=[7] * n))), "MALFORMED_INDEX")


def of_blocks(covered):
    """One checksum, of the bytes that covered() makes of the stored blocks."""

    def make():
        kept = []
        return Made(assemble(one_checksum(weights()), blocks=lambda blocks: kept.extend(b for many in blocks for b in many),
                             index=lambda m: m.update(block_crc32c=[wire.crc32c(covered(kept))])))

    return make


def flipped(shift):
    def make():
        stored = assemble(one_checksum(Spec([u8("a", 20), u8("b", 20), u8("c", 21)])))
        data = bytearray(stored.data)
        data[stored.places["data_at"] + 3 * 21 + 1 + shift] ^= 4
        return Made(bytes(data))

    return make


def three(count):
    spec = Spec([u8("a", 4), u8("b", 5), u8("c", 6)])
    return Made(assemble(spec, index=fields(block_crc32c=[wire.crc32c(b"\0" + t.data) for t in [*spec.tensors, spec.tensors[0]]][:count])))


def layer_flip():
    stored = assemble(layered(False, True))
    data = bytearray(stored.data)
    data[stored.places["first_end"] - 1] ^= 4
    return Made(bytes(data))


def unused():
    spec = layered(False, True)
    spec.tensors = [Tensor(t.name, t.dtype, t.shape, t.data) for t in spec.tensors]
    return Made(assemble(spec, layer_index=fields(block_crc32c=[7])))


def wide_layer():
    layer = wide(65_537)
    spec = Spec([Tensor(t.name, t.dtype, t.shape, t.data) for t in layer.tensors], layer=Layer(layer.tensors))
    spec.layer.one_checksum = True
    return spec


def all_cases():
    for group in (frames, texts, other_chunks, checksums):
        yield from group()
