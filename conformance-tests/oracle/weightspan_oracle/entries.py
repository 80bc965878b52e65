"""The requirements on one TensorEntry, in the order of step 10 of spec.md section 9."""
import math

from .errors import require
from .registry import (
    BALANCED, BASE, BLOCK, BOUNDED, BYTES, BYTES_BLOCK, CELL_DTYPES, CELLS, COEFFICIENTS, DELTA, DIRECT, EQUAL, FACTOR_LEFT, FACTOR_RIGHT, FACTORS,
    LAYER, LOWRANK, MAX_CORE, MAX_INNER, MAX_PRODUCTS, MODES, NONE, PREDICTORS, PRODUCT, ROUNDED_DTYPES, SELF, SIBLING)
from .safetensors_header import matrix


class Entry:
    """The entry and the tensor of a number, and how to refuse them."""

    def __init__(self, part, number):
        self.part, self.number = part, number
        self.fields, self.tensor = part.index["tensors"][number], part.tensors[number]

    def __getitem__(self, name):
        return self.fields[name]

    def require(self, condition, message, code="MALFORMED_INDEX"):
        require(condition, code, message, tensor=self.tensor.name)

    @property
    def matrix(self):
        return matrix(self.tensor.shape, self["matrix_dims"])


class Pair:
    """The two tensors of a pair (encodings/product.md, balanced.md), the numbers m, n and r, and k and l of a core."""

    def __init__(self, part, number):
        one = Entry(part, number)
        other = Entry(part, one["partner"])
        self.left, self.right = (one, other) if one["factor"] == FACTOR_LEFT else (other, one)
        self.holder, self.other = (one, other) if one.number < other.number else (other, one)
        (self.m, self.r), (self.right_rows, self.n) = self.left.matrix, self.right.matrix
        self.k, self.l = direction_counts(self.holder, self.m, self.n)


def check(part, number):
    entry = Entry(part, number)
    kinds(entry)
    references(entry)
    limits(entry)
    count = blocks(entry)
    entry.require(len(entry["block_lengths"]) == count, f"not {count} blocks")


def kinds(entry):
    """R-IDX-002, 003, 008, 011, 007."""
    predictor, residual, shift, dtype = entry["predictor"], entry["residual"], entry["shift"], entry.tensor.dtype
    entry.require(NONE <= predictor <= BALANCED and residual in PREDICTORS, f"predictor {predictor}, residual {residual}", "UNKNOWN_ENCODING")
    entry.require(predictor in PREDICTORS[residual], f"predictor {predictor} with residual {residual}")
    entry.require(residual not in (COEFFICIENTS, BOUNDED, FACTORS) or dtype in ROUNDED_DTYPES, f"residual {residual} for {dtype}")
    entry.require(residual != CELLS or dtype in CELL_DTYPES, f"residual {residual} for {dtype}")
    entry.require(residual in (EQUAL, BYTES) or entry.tensor.exponent, f"residual {residual} for {dtype}")
    entry.require(shift <= (entry.tensor.mantissa if residual in (DIRECT, DELTA) else 0), f"shift {shift}")
    entry.require(-65536 <= entry["scale"] <= 65536, f"scale {entry['scale']}")
    if entry["has_row_scales"] or entry["has_column_scales"]:
        entry.require(1 <= entry["row_dims"] <= len(entry.tensor.shape), f"row_dims {entry['row_dims']}")
    else:
        entry.require(entry["row_dims"] == 0, "row_dims without scales")


def references(entry):
    """R-IDX-005 and what stands with it."""
    part, predictor, residual = entry.part, entry["predictor"], entry["residual"]
    if predictor in (BASE, SIBLING) or (predictor in (MODES, LOWRANK) and entry["centred"]):
        entry.require(entry["dependency"] < len(part.container.dependencies), f"dependency {entry['dependency']}")
    if predictor == LAYER:
        entry.require(not part.in_layer and part.container.layer is not None, "predictor layer without a layer below it")
    if residual == CELLS:
        cells(entry)
    if predictor == BALANCED:
        paired(entry)
    if predictor in (MODES, LOWRANK):
        matrix_dims(entry)
    if predictor in (MODES, LOWRANK, BALANCED) or residual == BOUNDED:
        step(entry)
    if predictor in (MODES, BALANCED):
        directions(entry)
    if predictor == LOWRANK:
        entry.require(entry["rank"] > 0, "rank 0")
    if predictor == PRODUCT:
        product(entry)
    if residual in (DIRECT, DELTA, BOUNDED, FACTORS, CELLS) or (residual == COEFFICIENTS and holds_coefficients(entry)):
        entry.require(entry["table_set"] < len(part.index["table_sets"]), f"table_set {entry['table_set']}")
    if predictor == SELF:
        entry.require(entry["source_tensor"] < entry.number, f"source_tensor {entry['source_tensor']}")
        source = part.tensors[entry["source_tensor"]]
        entry.require(entry["dependency"] == 0, "a dependency with predictor self")
        entry.require((source.dtype, source.elements) == (entry.tensor.dtype, entry.tensor.elements), "a source that does not match")


def holds_coefficients(entry):
    return entry["predictor"] != PRODUCT or entry.number < entry["partner"]


def matrix_dims(entry):
    entry.require(entry["matrix_dims"] <= len(entry.tensor.shape), f"matrix_dims {entry['matrix_dims']}")
    entry.require(entry.tensor.elements > 0, "a matrix without elements")


def cells(entry):
    """R-CEL-001."""
    below = entry.part.container.layer.index["tensors"][entry.number]
    entry.require(below["predictor"] == LOWRANK, "cells upon a layer without factors")


def step(entry):
    """R-MOD-003, R-BND-002, R-PRO-002."""
    entry.require(math.isfinite(entry["step"]) and entry["step"] > 0, f"step {entry['step']}")


def directions(entry):
    """R-MOD-002."""
    for one in entry["left"] + entry["right"]:
        entry.require(one["dependency"] < len(entry.part.container.dependencies), f"dependency {one['dependency']} of directions")
        entry.require(one["count"] > 0, "no direction of some directions")


def product(entry):
    """R-PRO-001 and, in the tensor that holds the core, R-PRO-002."""
    pair = paired(entry)
    if pair.holder.number == entry.number:
        partner = pair.other
        step(entry)
        directions(entry)
        entry.require(not partner["left"] and not partner["right"] and not partner["block_lengths"], "a core beside another one's")


def paired(entry):
    """R-PRO-001, R-BAL-001: the pair."""
    part = entry.part
    entry.require(entry["factor"] in (FACTOR_LEFT, FACTOR_RIGHT), f"factor {entry['factor']}")
    entry.require(entry["partner"] < len(part.tensors) and entry["partner"] != entry.number, f"partner {entry['partner']}")
    partner = Entry(part, entry["partner"])
    entry.require(partner["predictor"] == entry["predictor"] and partner["partner"] == entry.number, "a partner with another one")
    entry.require(partner["factor"] == FACTOR_LEFT + FACTOR_RIGHT - entry["factor"], "a partner that is the same factor")
    matrix_dims(entry)
    matrix_dims(partner)
    pair = Pair(part, entry.number)
    entry.require(pair.r == pair.right_rows, f"{pair.r} columns and {pair.right_rows} rows")
    return pair


def limits(entry):
    """R-LIM-015, R-LIM-017, R-LRK-002, R-PRO-004 and R-BAL-003."""
    if entry["predictor"] in (MODES, BALANCED):
        rows, columns = entry.matrix
        left, right = direction_counts(entry, rows, columns)
        at_most(entry, left * max(columns, right), MAX_PRODUCTS, f"{left} left directions, {right} right ones, {columns} columns")
        if entry["predictor"] == BALANCED:
            inner = Pair(entry.part, entry.number).r
            at_most(entry, inner, MAX_INNER, f"{inner} columns of a left factor")
    elif entry["predictor"] == LOWRANK:
        at_most(entry, entry["rank"] * max(entry.matrix), MAX_PRODUCTS, f"rank {entry['rank']} of {entry.matrix}")
    elif entry["predictor"] == PRODUCT and holds_coefficients(entry):
        pair = Pair(entry.part, entry.number)
        message = f"{pair.k} left directions, {pair.l} right ones, rank {pair.r}"
        at_most(entry, max(pair.k * pair.l, pair.k * pair.r, pair.l * pair.r), MAX_CORE, message)
        at_most(entry, pair.k * pair.l * pair.r, MAX_PRODUCTS, message)


def at_most(entry, count, most, message):
    entry.require(count <= most, message, "LIMIT_EXCEEDED")


def blocks(entry):
    """The number of blocks (R-IDX-004, R-COF-002, R-LRK-003, R-PRO-002, R-PRO-003)."""
    residual = entry["residual"]
    if residual == EQUAL:
        return 0
    if residual == BYTES:
        return -(-entry.tensor.length // BYTES_BLOCK)
    if residual == FACTORS:
        return -(-entry["rank"] * sum(entry.matrix) // BLOCK)
    if residual != COEFFICIENTS:
        return -(-entry.tensor.elements // BLOCK)
    if entry["predictor"] != PRODUCT:
        k, l = direction_counts(entry, *entry.matrix)
        return -(-k * l // BLOCK)
    pair = Pair(entry.part, entry.number)
    return -(-pair.k * pair.l // BLOCK) if pair.holder.number == entry.number else 0


def direction_counts(entry, rows, columns):
    """k and l of modes.md."""
    left = sum(one["count"] for one in entry["left"]) if entry["left"] else rows
    right = sum(one["count"] for one in entry["right"]) if entry["right"] else columns
    return left, right
