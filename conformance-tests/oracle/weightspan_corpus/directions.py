"""Directions to be: bases, and plain tensors seen as matrices (encodings/modes.md)."""
from .build import Spec, Tensor, assemble, pack, product
from .cases import floats, rng
from .coder import f32, f32_bits, f32_of, widened

BASIS = 3


class Group:
    """Directions to be: their elements as bits, scales as bits, levels."""

    def __init__(self, dtype, rows, scales=None, levels=None, length=None):
        self.dtype, self.rows = dtype, rows
        self.length = len(rows[0]) if length is None else length
        self.scales = scales or [f32_bits(f32(0.7 + 0.1 * n)) for n in range(len(rows))]
        self.levels = levels or [2 * len(rows) - 3 * n for n in range(len(rows))]

    def tensors(self, name):
        flat = [e for row in self.rows for e in row]
        yield Tensor(f"{name}.directions", self.dtype, [len(self.rows), self.length], pack(self.dtype, flat))
        yield Tensor(f"{name}.scales", "F32", [len(self.rows)], pack("F32", self.scales))
        yield Tensor(f"{name}.levels", "I8", [len(self.rows)], bytes(n % 256 for n in self.levels))


def group(dtype, count, length, seed, **options):
    r = rng("directions " + seed)
    if dtype == "I8":
        return Group(dtype, [[r.getrandbits(8) for _ in range(length)] for _ in range(count)],
                     [f32_bits(f32(0.01 + 0.002 * r.random())) for _ in range(count)], **options)
    return Group(dtype, [floats(dtype, length, r, 0.5) for _ in range(count)], **options)


def basis(*groups):
    """A stored basis; group n stands at the tensors 3 n to 3 n + 2."""
    return assemble(Spec([t for n, one in enumerate(groups) for t in one.tensors(f"g{n}")]))


def plain_values(tensor, count, side, matrix_dims):
    """The first rows of a plain tensor (side `right`) or columns (`left`)."""
    columns = product(tensor.shape[matrix_dims:])
    values = [widened(tensor.dtype, e) for e in tensor.elements()]
    if side == "right":
        return [values[n * columns:(n + 1) * columns] for n in range(count)]
    return [values[n::columns] for n in range(count)]


def used(dependencies, sides, side="right", matrix_dims=1, roles=None):
    """Values and levels of one side's directions given as (dependency, tensor, count); None for none. roles: BASIS each without."""
    if not sides:
        return None, None
    values, levels = [], []
    for dependency, place, count in sides:
        if roles and roles[dependency] != BASIS:
            values += plain_values(dependencies[dependency].spec.tensors[place], count, side, matrix_dims)
            levels += [0] * count
            continue
        vectors, scales, stored_levels = dependencies[dependency].spec.tensors[place:place + 3]
        elements, factors, length = vectors.elements(), scales.elements(), vectors.shape[1]
        for k in range(count):
            values.append([f32(widened(vectors.dtype, e) * f32_of(factors[k])) for e in elements[k * length:(k + 1) * length]])
            levels.append(int.from_bytes(stored_levels.data[k:k + 1], "little", signed=True))
    return values, levels


def listed(sides):
    """(dependency, tensor, count) as messages."""
    return [{"dependency": d, "tensor": t, "count": n} for d, t, n in sides]
