"""Plans of the residuals that code integers: `coefficients`, `factors` and `bounded`; and the tensors that they make."""
import struct

from . import arithmetic, coder
from .build import (
    BALANCED, BASE, BLOCK, BOUNDED, COEFFICIENTS, FACTORS, LAYER, LOWRANK, MODES, NONE, PRODUCT, Tensor, float_plan, pack, product)
from .coder import f32
from .directions import listed, used

LEFT, RIGHT = 1, 2


def integer_blocks(spec, symbols, raws, contexts, lanes_log=0, modes=None, ends=(128,), broken=None, table_set=None):
    """The blocks of coded integers and their table set."""
    segments = [next(n for n, end in enumerate(ends) if context < end) for context in contexts]
    if table_set is None:
        counts = [{} for _ in ends]
        for symbol, segment in zip(symbols, segments):
            counts[segment][symbol] = counts[segment].get(symbol, 0) + 1
        table_set = spec.add_table_set([coder.make_table(c or {128: 1}) for c in counts], ends)
    first = spec.table_sets[table_set]["first_table"]
    tables = [spec.tables[first + n] for n in segments]
    blocks = []
    for n, at in enumerate(range(0, len(symbols), BLOCK)):
        end = min(at + BLOCK, len(symbols))
        if modes and modes[n] == 1:
            blocks.append(b"\1")
        else:
            blocks.append(coder.coded_block(lanes_log, symbols[at:end], raws[at:end], tables[at:end], **(broken or {})))
    return table_set, blocks


def clamped(context):
    return min(max(context, 0), 127)


def coefficients_plan(spec, tensor, q, levels=(None, None), scale=0, escapes=(), entry=None, **options):
    """Residual coefficients: q holds a list a left direction, `levels` those of the left and of the right directions."""
    flat = [(n, (levels[0][a] if levels[0] else 0) + (levels[1][b] if levels[1] else 0)) for a, row in enumerate(q) for b, n in enumerate(row)]
    coded = [coder.coefficient_symbol(n, i in escapes) for i, (n, _) in enumerate(flat)]
    table_set, blocks = integer_blocks(spec, *zip(*coded), [clamped(level + scale) for _, level in flat], **options)
    fields = {"predictor": MODES, "residual": COEFFICIENTS, "scale": scale, "table_set": table_set}
    return {**fields, **(entry or {})}, blocks


def factors_plan(spec, tensor, u, v, escapes=(), entry=None, **options):
    """Residual factors: u and v hold a list for every k."""
    numbers = [(n, min(2 * k, 126) + side) for k in range(len(u)) for side, many in enumerate((u[k], v[k])) for n in many]
    coded = [coder.coefficient_symbol(n, i in escapes) for i, (n, _) in enumerate(numbers)]
    table_set, blocks = integer_blocks(spec, *zip(*coded), [context for _, context in numbers], **options)
    return {"predictor": LOWRANK, "residual": FACTORS, "rank": len(u), "table_set": table_set, **(entry or {})}, blocks


def bounded_plan(spec, tensor, q, escapes=(), scale=0, row_dims=0, rows=None, columns=None, entry=None, **options):
    """Residual bounded: q holds numbers of steps, `escapes` the places of elements that are coded as they are."""
    many = product(tensor.shape[row_dims:])
    for scales in (rows, columns):
        if scales is not None:
            spec.scales += b"".join(struct.pack("b", s) for s in scales)
    elements, bits = tensor.elements(), 8 * len(tensor.data) // max(1, len(q))
    coded, contexts = [], []
    for i, n in enumerate(q):
        coded.append((0, [(elements[i], bits)]) if i in escapes else coder.coefficient_symbol(n))
        contexts.append(clamped(scale + (rows[i // many] if rows is not None else 0) + (columns[i % many] if columns is not None else 0)))
    symbols, raws = zip(*coded) if coded else ((), ())
    table_set, blocks = integer_blocks(spec, symbols, raws, contexts, **options)
    fields = {"residual": BOUNDED, "scale": scale, "row_dims": row_dims, "has_row_scales": rows is not None,
              "has_column_scales": columns is not None, "table_set": table_set}
    return {**fields, **(entry or {})}, blocks


def cells_plan(spec, tensor, turns=True, **options):
    """Residual cells upon the layer's tensor of lowrank; turns: False for one that turns nothing, which is wrong."""
    layer = next(t for t in spec.layer.tensors if t.name == tensor.name)

    def cell(i, p, scale):
        context, turned = arithmetic.cell(tensor.dtype, layer.sums[i], p, scale)
        return context, turned and turns

    return float_plan(spec, tensor, predicted=layer.elements(), entry={"predictor": LAYER}, cell=cell, **options)


# tensors, as what is coded gives them


def bounded_tensor(name, dtype, shape, q, step, p=None, predictor=None, dependency=0, source=0, whole=None, entry=None, **options):
    """p: the Tensor that predicts (of a dependency, or of the layer); whole: {place: bits} of the elements that are escaped."""
    step = f32(step)
    predictor = (NONE if p is None else BASE) if predictor is None else predictor
    data = arithmetic.bounded(q, step, p and p.elements(), p and p.dtype, dtype)
    for place, bits in (whole or {}).items():
        data[place] = bits
    fields = {"predictor": predictor, "step": step}
    if predictor not in (NONE, LAYER):
        fields |= {"dependency": dependency, "source_tensor": source}
    return Tensor(name, dtype, shape, pack(dtype, data), bounded_plan, q=q, escapes=set(whole or {}), entry={**fields, **(entry or {})}, **options)


def lowrank_tensor(name, dtype, shape, dependencies, u, v, step, center=None, matrix_dims=1, entry=None, **options):
    """u, v: the numbers of every k; center: (dependency, tensor)."""
    step = f32(step)
    origin = dependencies[center[0]].spec.tensors[center[1]] if center else None
    data = arithmetic.lowrank(u, v, step, origin and origin.elements(), origin and origin.dtype, dtype)
    fields = {"matrix_dims": matrix_dims, "centred": center is not None, "step": step}
    if center:
        fields |= {"dependency": center[0], "source_tensor": center[1]}
    tensor = Tensor(name, dtype, shape, pack(dtype, data), factors_plan, u=u, v=v, entry={**fields, **(entry or {})}, **options)
    tensor.sums = arithmetic.lowrank_sums(u, v, step, origin and origin.elements(), origin and origin.dtype)
    return tensor


def product_pair(shapes, q, step, rank, dependencies=(), left=(), right=(), dtypes=("BF16", "BF16"), dims=(1, 1), first=LEFT, places=(0, 1),
                 roles=None, names=("a", "b"), entry=None, other=None, **options):
    """The tensors of a pair in data order. shapes, dtypes, dims: of the left and of the right factor; first: the factor that holds
    the core; places: the numbers of the two tensors; entry, other: fields of the holder and of the other."""
    step = f32(step)
    matrix_dims = dims[first - 1]
    (left_values, left_levels), (right_values, right_levels) = (
        used(dependencies, directions, side, matrix_dims, roles) for side, directions in (("left", left), ("right", right)))
    factors = arithmetic.product(q, rank, step, left_values, right_values)
    data = [pack(dtype, arithmetic.factor_bits(rows, dtype)) for dtype, rows in zip(dtypes, factors)]
    fields = [{"predictor": PRODUCT, "factor": n + 1, "matrix_dims": dims[n]} for n in (0, 1)]
    order = (0, 1) if first == LEFT else (1, 0)
    holder = {**fields[order[0]], "partner": places[1], "left": listed(left), "right": listed(right), "step": step, **(entry or {})}
    beside = {**fields[order[1]], "residual": COEFFICIENTS, "partner": places[0], **(other or {})}
    one, two = order
    return [Tensor(names[0], dtypes[one], shapes[one], data[one], coefficients_plan, q=q, levels=(left_levels, right_levels), entry=holder, **options),
            Tensor(names[1], dtypes[two], shapes[two], data[two], lambda spec, tensor: (beside, []))]


def balanced_pair(shapes, qs, steps, dependencies=(), sides=((), (), (), ()), dtypes=("BF16", "BF16"), dims=(1, 1), first=LEFT, places=(0, 1), roles=None,
                  names=("a", "b"), entries=({}, {}), each=({}, {}), **options):
    """The tensors of a pair in data order. shapes, qs, steps, dtypes, dims, entries, each: of the left and of the right factor; sides:
    left and right directions of the left factor, then of the right one; entries: fields; each, options: of the plans."""
    values, fields, levels = [], [], []
    for n in (0, 1):
        directions = dict(zip(("left", "right"), sides[2 * n:2 * n + 2]))
        (left, left_levels), (right, right_levels) = (used(dependencies, one, side, dims[n], roles) for side, one in directions.items())
        columns = product(shapes[n][dims[n]:])
        flat = coder.modes_values(qs[n], left, right, f32(steps[n]))
        values.append([flat[at:at + columns] for at in range(0, len(flat), columns)])
        levels.append((left_levels, right_levels))
        fields.append({"predictor": BALANCED, "factor": n + 1, "matrix_dims": dims[n], "step": f32(steps[n]),
                       **{side: listed(one) for side, one in directions.items()}})
    factors = arithmetic.balanced(*values)
    order = (0, 1) if first == LEFT else (1, 0)
    return [Tensor(name, dtypes[n], shapes[n], pack(dtypes[n], arithmetic.factor_bits(factors[n], dtypes[n])), coefficients_plan, q=qs[n], levels=levels[n],
                   entry={**fields[n], "partner": partner, **entries[n]}, **{**options, **each[n]})
            for name, n, partner in zip(names, order, reversed(places))]
