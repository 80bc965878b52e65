"""Hostile cases of the residual `cells`."""
from . import coder, valid
from .build import CELLS, LAYER, Tensor, assemble, bytes_plan, on_layer_plan
from .cases import Case, Made, floats, floats_tensor, near, rng
from .plans import cells_plan, lowrank_tensor
from .spoil import entry, one_block
from .spoil_blocks import spoiled_of
from .valid_layer import exact, small_layer
from .valid_lowrank import factor


def small(dtype="BF16", layer_options=None, plan=cells_plan, **options):
    """One tensor by cells upon a layer of rank 2 and a base: (Spec, dependencies)."""
    stored = [valid.plain(dtype, floats(dtype, 30, rng("hostile cells")), [6, 5])]
    layer = lowrank_tensor("w", dtype, [6, 5], stored, factor(2, 6, "hostile cells"), factor(2, 5, "hostile cells v"), 1e-4, (0, 0))
    values = near(dtype, layer.elements(), rng("hostile cells file"))
    options = {"scale": 440, "lanes_log": 1, "ends": (64, 80, 96, 112, 128), **options}
    return exact([layer], [floats_tensor("w", dtype, [6, 5], values, plan, **options)], stored), stored


def by_delta(dtype):
    """The same by delta."""
    return lambda: small(dtype, plan=on_layer_plan, scale=470)


def indexes():
    def index(id, title, requirement, code="MALFORMED_INDEX", make=small, **values):
        return Case(f"h-cells-{id}", title, [requirement], spoiled_of(make, index=entry(0, **values)), code)

    for predictor in (0, 1, 2, 3, 4, 6, 7):
        yield index(f"combination-{predictor}-8", f"Predictor {predictor} with residual 8", "R-IDX-003", predictor=predictor)
    for dtype in ("F32",):
        yield index(dtype.lower(), f"Residual cells of a tensor of {dtype}", "R-IDX-003", make=by_delta(dtype), residual=CELLS)
    yield Case("h-cells-u8", "Residual cells of a tensor of U8", ["R-IDX-003"], lambda: of_bytes("U8"), "MALFORMED_INDEX")
    yield Case("h-cells-layer-bytes", "Cells upon a layer of bytes", ["R-CEL-001"], lambda: of_bytes("BF16"), "MALFORMED_INDEX")
    yield Case("h-cells-layer-modes", "Cells upon a layer of modes", ["R-CEL-001"], of_modes, "MALFORMED_INDEX")
    yield Case("h-cells-layer-modes-first", "Cells upon a layer of modes and a table set out of range: either way the same code", ["R-CEL-001"],
               lambda: of_modes(table_set=9), "MALFORMED_INDEX")
    yield Case("h-cells-in-layer", "Residual cells within a layer", ["R-LYR-003"],
               spoiled_of(small, layer_index=entry(0, predictor=LAYER, residual=CELLS)), "MALFORMED_INDEX")
    yield Case("h-cells-no-layer", "Residual cells in a record without a layer", ["R-LYR-003"], no_layer, "MALFORMED_INDEX")
    yield index("shift", "A shift with the residual cells", "R-IDX-008", shift=1)
    yield index("shift-huge", "A shift of 2^32 - 1", "R-IDX-008", shift=(1 << 32) - 1)
    yield index("scale", "Scale 65,537", "R-IDX-011", scale=65_537)
    yield index("table-set", "A table set out of range", "R-IDX-005", table_set=2)
    yield index("row-dims", "row_dims without scales", "R-IDX-007", row_dims=1)
    yield index("scales-missing", "Row scales that are not there", "R-IDX-009", row_dims=1, has_row_scales=True)
    more = lambda m: m["tensors"][0].update(block_lengths=m["tensors"][0]["block_lengths"] + [0], block_crc32c=m["tensors"][0]["block_crc32c"] + [0])
    yield Case("h-cells-blocks-more", "A block too many", ["R-IDX-004"], spoiled_of(small, index=more), "MALFORMED_INDEX")
    yield Case("h-cells-missing", "The base of the layer is not at hand", ["R-DEC-002"], spoiled_of(small, keep=()), "MISSING_DEPENDENCY")


def of_bytes(dtype):
    """A record that claims cells upon a tensor that the layer holds as bytes."""
    data = bytes(range(12))
    shape = [12] if dtype == "U8" else [6]
    layer = Tensor("w", dtype, shape, data, bytes_plan)
    claimed = lambda spec, tensor: ({"predictor": LAYER, "residual": CELLS, "table_set": spec.add_table_set([coder.make_table({128: 1})])}, [b"\1"])
    return Made(assemble(exact([layer], [Tensor("w", dtype, shape, data, claimed)])))


def of_modes(**values):
    stored, layer = small_layer()
    tensor = floats_tensor("w", "BF16", [6, 5], layer.elements(), on_layer_plan, scale=470)
    return Made(assemble(exact([layer], [tensor], stored, [1, 3]), index=entry(0, residual=CELLS, **values)), stored)


def no_layer():
    from .spoil import based, base
    stored = base()
    return Made(assemble(based(stored), index=entry(0, predictor=LAYER, residual=CELLS)), [stored])


def blocks():
    def block(id, title, change, requirement="R-DIR-003"):
        return Case(f"h-cells-{id}", title, [requirement, "R-CEL-002"], spoiled_of(small, blocks=one_block(change)), "MALFORMED_BLOCK")

    def broken(id, title, requirement, **spoil):
        return Case(f"h-cells-{id}", title, [requirement], spoiled_of(small, options={"broken": spoil}), "MALFORMED_BLOCK")

    for mode in (4, 15):
        yield block(f"mode-{mode}", f"Mode {mode}", lambda b, m=mode: bytes([m]) + b[1:])
    yield block("empty", "An empty block", b"")
    yield block("raw-short", "Mode 0 of 29 elements", b"\0" + bytes(58))
    yield block("predicted-long", "Mode 1 with a payload", b"\1\0")
    yield block("predicted-high", "Mode 1 with h div 16 of 1", b"\x11")
    yield block("constant-long", "Mode 2 of two elements", b"\2" + bytes(4))
    yield broken("lanes-6", "64 lanes", "R-DIR-003", lanes_log=6)
    for name, length in (("head", 1), ("states", 4)):
        yield block(f"cut-{name}", f"A coded block cut to {length} bytes", lambda b, n=length: b[:n], "R-RNS-001")
    yield broken("state", "A state below 2^16", "R-RNS-002", states=lambda x: [x[0] & 0xFFFF] + x[1:])
    yield broken("final", "A lane that ends above 2^17", "R-RNS-002", final=lambda x: [x[0] | 1 << 17] + x[1:])
    yield broken("word-left", "A word left over", "R-DIR-002", words=lambda w: w + [0])
    yield broken("raw-more", "A byte behind the raw bits", "R-DIR-002", raw=lambda r: r + b"\0")
    for symbol in (188, 68, 255, 1):
        yield Case(f"h-cells-symbol-{symbol}", f"Symbol {symbol}: a difference of more than 16 bits, turned or not", ["R-DEL-002"],
                   lambda s=symbol: one_symbol(s), "MALFORMED_BLOCK")
    yield Case("h-cells-unturned", "Symbols of which none is turned", ["R-CEL-002", "R-DEC-006"], spoiled_of(small, options={"turns": False}),
               "TENSOR_DIGEST")
    yield Case("h-cells-other-content", "Mode 1 where the file is not the layer, its checksum right", ["R-CEL-002", "R-DEC-006"],
               spoiled_of(small, blocks=one_block(b"\1")), "TENSOR_DIGEST")
    yield Case("h-cells-block-checksum", "The CRC32C of a block is wrong", ["R-MSG-008"], spoiled_of(small, index=entry(0, block_crc32c=[7])),
               "CHUNK_CHECKSUM")


def one_symbol(symbol):
    """A block in which every element has the symbol, with as many raw bits as its length asks for."""
    spec, stored = small()
    table = coder.make_table({symbol: 3, 128: 1})

    def replaced(part, tensor, **options):
        table_set = part.add_table_set([table])
        r = abs(symbol - 128) // 4 - 1
        block = coder.coded_block(0, [symbol] * 30, [[(0, r)]] * 30, [table] * 30)
        return {"predictor": LAYER, "residual": CELLS, "scale": 440, "table_set": table_set}, [block]

    spec.tensors[0].plan = replaced
    return Made(assemble(spec), stored)


def all_cases():
    for cases in (indexes, blocks):
        yield from cases()
