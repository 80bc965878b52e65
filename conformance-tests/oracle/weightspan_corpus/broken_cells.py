"""Broken readers of the residual `cells` (see selftest.py)."""
import numpy as np

from weightspan_oracle import cells, entries, residuals

from .broken_predictors import without

FOUND, HALVES = cells.contexts_and_sides, cells.half_widths


def unturned(y, predicted, scale, tensor):
    contexts, sides = FOUND(y, predicted, scale, tensor)
    return contexts, sides & False


def turned_by_value(y, predicted, scale, tensor):
    """Turned where y is below its element, whatever the sign."""
    contexts, sides = FOUND(y, predicted, scale, tensor)
    return contexts, np.where(y < 0, ~sides & (contexts != 127), sides)


def by_rounded(y, predicted, scale, tensor):
    """Contexts of the elements in place of the sums."""
    rounded = cells.elements_f32(predicted.astype("<u2").tobytes(), tensor.dtype)
    return FOUND(rounded, predicted, scale, tensor)[0], FOUND(y, predicted, scale, tensor)[1]


def whole_widths(y, tensor):
    """The cell's width in place of half of it."""
    return 2 * HALVES(y, tensor)


def from_middle(y, rounded, tensor):
    """The distance from the cell's middle."""
    return np.abs(y - rounded)


def first_context(y, predicted, scale, tensor):
    """Context 0 where y or its element is not finite."""
    contexts, sides = FOUND(y, predicted, scale, tensor)
    rounded = cells.elements_f32(predicted.astype("<u2").tobytes(), tensor.dtype)
    return np.where(np.isfinite(y) & np.isfinite(rounded), contexts, 0), sides


def one_off(symbols, sides):
    """One off."""
    return np.where(sides & (symbols > 0), 255 - symbols, symbols)


BROKEN = {
    "cells-unturned": ("turns nothing", "v-cells-bf16", [(cells, "contexts_and_sides", unturned)]),
    "cells-by-value": ("turns by value, not by magnitude", "v-cells-bf16", [(cells, "contexts_and_sides", turned_by_value)]),
    "cells-by-rounded": ("takes contexts of the elements", "v-cells-scale-420", [(cells, "contexts_and_sides", by_rounded)]),
    "cells-whole": ("takes the width of cells for its half", "v-cells-edges-bf16-440", [(cells, "half_widths", whole_widths)]),
    "cells-from-middle": ("takes the distance to the middle", "v-cells-edges-bf16-440", [(cells, "edges", from_middle)]),
    "cells-no-subnormals": ("has cells of subnormals that get narrower", "v-cells-subnormal-f16-300", [(cells, "LEAST", {"BF16": -160, "F16": -40})]),
    "cells-first-context": ("has context 0 for what is not finite", "v-cells-overflow-bf16", [(cells, "contexts_and_sides", first_context)]),
    "cells-one-off": ("turns symbols to one less", "v-cells-f16", [(residuals, "turned_symbols", one_off)]),
    "cells-any-layer": ("takes any layer", "h-cells-layer-modes", without(entries, "without factors")),
    "cells-any-dtype": ("takes any dtype", "h-cells-f32", without(entries, "residual 8 for")),
}
