"""Spoiled blocks of integers, which the residuals `coefficients`, `factors` and `bounded` have in common, and spoiled entries."""
import struct

from . import coder
from .build import Spec, assemble
from .cases import Case, Made
from .spoil import entry, one_block

STEPS = {"zero": 0.0, "negative": -1.0, "nan": float("nan"), "infinite": float("inf"), "minus-infinite": float("-inf"),
         "subnormal-negative": -(2.0 ** -149)}


def spoiled_of(make, keep=None, options=None, **spoil):
    """A maker of the record whose (Spec, dependencies) make() gives; keep: the dependencies that are at hand."""

    def spoilt():
        spec, stored = make(**(options or {}))
        return Made(assemble(spec, **spoil), stored if keep is None else [stored[n] for n in keep])

    return spoilt


def bad_steps(prefix, requirement, make):
    for name, step in STEPS.items():
        yield Case(f"{prefix}-step-{name}", f"A step of {step}", [requirement], spoiled_of(make, index=entry(0, step=step)), "MALFORMED_INDEX")
    minus_zero = entry(0, step=0.0, _more=b"\x85\x01" + struct.pack("<f", -0.0))
    yield Case(f"{prefix}-step-minus-zero", "A step of -0", [requirement], spoiled_of(make, index=minus_zero), "MALFORMED_INDEX")


def bad_blocks(prefix, requirement, make):
    """make(**options) gives (Spec, dependencies), of which the first tensor has one coded block; options are those of its plan."""

    def block(id, title, change, requirement=requirement):
        return Case(f"{prefix}-{id}", title, [requirement], spoiled_of(make, blocks=one_block(change)), "MALFORMED_BLOCK")

    def broken(id, title, requirement=requirement, **spoil):
        return Case(f"{prefix}-{id}", title, [requirement], spoiled_of(make, options={"broken": spoil}), "MALFORMED_BLOCK")

    for mode in (0, 2, 4, 15):
        yield block(f"mode-{mode}", f"Mode {mode}", lambda b, m=mode: bytes([m]) + b[1:])
    yield block("empty", "An empty block", b"")
    yield block("zero-long", "Mode 1 with a payload", b"\1\0")
    yield block("zero-high", "Mode 1 with h div 16 of 1", b"\x11")
    yield broken("lanes-6", "64 lanes", lanes_log=6)
    for name, length in (("head", 1), ("states", 4), ("states-only", 5)):
        yield block(f"cut-{name}", f"A coded block cut to {length} bytes", lambda b, n=length: b[:n], "R-RNS-001")
    yield broken("state", "A state below 2^16", "R-RNS-002", states=lambda x: [x[0] & 0xFFFF] + x[1:])
    yield broken("final", "A lane that ends above 2^17", "R-RNS-002", final=lambda x: [x[0] | 1 << 17] + x[1:])
    yield broken("word-left", "A word left over", "R-DIR-002", words=lambda w: w + [0])
    yield broken("raw-more", "A byte behind the raw bits", "R-DIR-002", raw=lambda r: r + b"\0")
    yield block("cut-last", "The last byte is missing", lambda b: b[:-1])
    yield Case(f"{prefix}-unused-bits", "Unused raw bits that are not zero", ["R-DIR-002"], lambda: unused_bits(make), "MALFORMED_BLOCK")
    for symbol in (248, 8, 255, 1):
        yield Case(f"{prefix}-symbol-{symbol}", f"Symbol {symbol}: a number of {abs(symbol - 128) // 4 + 2} bits", [requirement],
                   lambda s=symbol: one_symbol(make, s), "MALFORMED_BLOCK")
    yield Case(f"{prefix}-other-content", "A block of other numbers, its checksum right", ["R-DEC-006"], spoiled_of(make, blocks=one_block(b"\1")),
               "TENSOR_DIGEST")
    yield Case(f"{prefix}-block-checksum", "The CRC32C of a block is wrong", ["R-MSG-008"], spoiled_of(make, index=entry(0, block_crc32c=[7])),
               "CHUNK_CHECKSUM")


def unused_bits(make):
    """Escapes fill the lanes, so that raw bits stand behind the words; of their number one is found whose last byte has bits left."""
    for n in range(1, 12):
        good, bad = (spoiled_of(make, options={"escapes": set(range(n)), "lanes_log": 0, "broken": b})() for b in ({}, {"unused": 0xFF}))
        if good.data != bad.data:
            return bad
    raise AssertionError


def one_symbol(make, symbol):
    """A block in which every number has the symbol, with as many raw bits as its length asks for."""
    spec, stored = make()
    tensor, v = spec.tensors[0], abs(symbol - 128)
    plan, table = tensor.plan, coder.make_table({symbol: 3, 128: 1})

    def replaced(part, one, **options):
        fields, _ = plan(part, one, **options)
        part.tables.clear()
        part.table_sets.clear()
        count = numbers_of(options)
        block = coder.coded_block(0, [symbol] * count, [[(0, v // 4 - 1)]] * count, [table] * count)
        return {**fields, "table_set": part.add_table_set([table])}, [block]

    tensor.plan = replaced
    return Made(assemble(spec), stored)


def numbers_of(options):
    if "u" in options:
        return sum(len(one) for one in [*options["u"], *options["v"]])
    return sum(len(row) if isinstance(row, list) else 1 for row in options["q"])


def bad_dtypes(prefix, title, fields, sizes=(("F64", 8), ("F8_E4M3", 1), ("F8_E5M2", 1), ("I8", 1), ("C64", 8), ("I32", 4))):
    """Entries of dtypes that registry.md does not allow."""
    from .hostile_layer import dtype_of
    for dtype, size in sizes:
        yield Case(f"{prefix}-{dtype.lower().replace('_', '-')}", f"{title} of a tensor of {dtype}", ["R-IDX-003"],
                   lambda d=dtype, s=size: dtype_of(d, s, fields), "MALFORMED_INDEX")


def claimed(tensors, entries, blocks=(b"\1",), file_length=None, spec_of=None):
    """A record whose header claims tensors given as (name, dtype, shape) that have no bytes: it is refused before that shows.

    entries: the fields of each; blocks: those of the first."""
    from .build import BITS, Tensor, product
    out, at, text = [], 0, []
    for number, ((name, dtype, shape), fields) in enumerate(zip(tensors, entries)):
        length = product(shape) * BITS[dtype] // 8
        text.append(f'"{name}":{{"dtype":"{dtype}","shape":{list(shape)},"data_offsets":[{at},{at + length}]}}')
        at += length
        out.append(Tensor(name, dtype, shape, b"", lambda spec, t, f=fields, b=list(blocks) if number == 0 else []: (f, b)))
    header = "{" + ",".join(text) + "}"
    spec = Spec(out, json_header=header.encode(), **(spec_of or {}))
    spec.add_table_set([coder.make_table({128: 1})])
    return Made(assemble(spec, front=lambda m: m.update(file_length=8 + len(header) + at)), spec.dependencies)
