"""The valid cases of layers, of the predictors `modes` and `layer` and of the residual `coefficients`."""
from . import build, coder, valid
from .build import EQUAL, Layer, SELF, Spec, Tensor, assemble, delta_plan, equal_plan, float_plan, on_layer_plan, pack
from .cases import Case, Made, floats, floats_tensor, near, normal, rng, specials
from .coder import f32, f32_bits
from .directions import BASIS, Group, basis, group, listed, used
from .plans import coefficients_plan

MODES_IDS = ["R-MOD-001", "R-MOD-002", "R-MOD-003", "R-MOD-005"]


def modes_tensor(name, dtype, shape, dependencies, q, left=(), right=(), center=None, step=0.01, matrix_dims=1, roles=None, entry=None, **options):
    """A tensor as its coefficients give it; center: (dependency, tensor)."""
    (left_values, left_levels), (right_values, right_levels) = (
        used(dependencies, directions, side, matrix_dims, roles) for side, directions in (("left", left), ("right", right)))
    origin = dependencies[center[0]].spec.tensors[center[1]] if center else None
    step = f32(step)
    data = coder.modes(q, left_values, right_values, step, origin and origin.elements(), dtype, origin and origin.dtype)
    fields = {"matrix_dims": matrix_dims, "centred": center is not None, "step": step}
    for side, directions in (("left", left), ("right", right)):
        fields[side] = listed(directions)
    if center:
        fields |= {"dependency": center[0], "source_tensor": center[1]}
    return Tensor(name, dtype, shape, pack(dtype, data), coefficients_plan, q=q, levels=(left_levels, right_levels),
                  entry={**fields, **(entry or {})}, **options)


def coefficients(rows, columns, seed, size=40):
    """Coefficients that get smaller towards the last directions."""
    r = rng("coefficients " + seed)
    return [[int(normal(r, size / (1 + 0.4 * (a + b)))) for b in range(columns)] for a in range(rows)]


def exact(layer_tensors, tensors=None, dependencies=(), roles=None, layer=None, **options):
    """A record with a layer; without `tensors` its file is the layer's."""
    tensors = tensors or [Tensor(t.name, t.dtype, t.shape, t.data, on_layer_plan, residual=EQUAL) for t in layer_tensors]
    return Spec(tensors, dependencies=dependencies, roles=roles, layer=Layer(layer_tensors, **(layer or {})), **options)


def of_modes(dtype, shape, q, groups=(), left=(), right=(), center=None, center_dtype=None, beside=(), **options):
    """A record with one tensor of modes, whose file is the layer's. Dependency 0 is the center where there is one, then come the
    bases, one of each list of groups."""

    def make():
        stored = [valid.plain(center_dtype or dtype, center, shape)] if center else []
        roles = [1] * len(stored) + [BASIS] * len(groups)
        stored += [basis(*one) for one in groups]
        tensor = modes_tensor("w", dtype, shape, stored, q, left, right, (0, 0) if center else None, **options)
        return Made(assemble(exact([tensor], dependencies=stored, roles=roles)), stored)

    return make


def layered(dtype, scale=470, zstd=None, seed="layered"):
    """The usual record: a centred tensor of modes in the layer, made exact by delta; 4 left and 3 right directions."""

    def make():
        stored, layer = small_layer(dtype, seed)
        values = near(dtype, layer.elements(), rng(f"{seed} file"))
        tensor = floats_tensor("w", dtype, [6, 5], values, on_layer_plan, scale=scale, lanes_log=1, ends=(16, 24, 32, 128))
        return Made(assemble(exact([layer], [tensor], stored, [1, BASIS], {"zstd": zstd, "fields": {"relative_error": 0.25, "max_abs_error": 1e-3}})),
                    stored)

    return make


def small_layer(dtype="BF16", seed="layered", **options):
    stored = [valid.plain(dtype, floats(dtype, 30, rng(f"{seed} center")), [6, 5]),
              basis(group("I8", 5, 6, f"{seed} left"), group("I8", 4, 5, f"{seed} right"))]
    options = {"step": 0.003, "scale": 4, "lanes_log": 1, "ends": (4, 10, 128), **options}
    tensor = modes_tensor("w", dtype, [6, 5], stored, coefficients(4, 3, seed), [(1, 0, 4)], [(1, 3, 3)], (0, 0), **options)
    return stored, tensor


def modes_cases():
    for dtype, scale in (("F32", 470), ("F16", 40), ("BF16", 470)):
        yield Case(f"v-layer-{dtype.lower()}", f"A layer of modes around a center, {dtype}, and the file by delta on it",
                   ["R-LYR-001", "R-LYR-002", "R-LYR-003", "R-LYR-004", "R-LYR-005", "R-MOD-004", "R-COF-001", "R-COF-002", *MODES_IDS],
                   layered(dtype, scale))
    both = {"left": [(0, 0, 3)], "right": [(0, 3, 2)]}
    for name, sides, rows, columns in (("both", both, 3, 2), ("left", {"left": both["left"]}, 3, 4), ("right", {"right": both["right"]}, 6, 2)):
        for dtype in ("F32", "F16", "BF16"):
            yield Case(f"v-modes-{name}-{dtype.lower()}", f"Directions: {name}, no center, {dtype}", MODES_IDS,
                       of_modes(dtype, [6, 4], coefficients(rows, columns, name + dtype), [[group("I8", 3, 6, name), group("I8", 2, 4, name)]],
                                **sides))
    for dtype in ("F32", "F16", "BF16"):
        yield Case(f"v-modes-neither-{dtype.lower()}", f"No directions on either side: coefficients of the elements themselves, {dtype}",
                   ["R-MOD-003", "R-MOD-005"],
                   of_modes(dtype, [3, 4], coefficients(3, 4, "neither " + dtype), center=floats(dtype, 12, rng("neither"))))
    for dtype in ("BF16", "F32"):
        yield Case(f"v-modes-directions-{dtype.lower()}", f"Directions of {dtype}", ["R-MOD-001"],
                   of_modes("F32", [5, 7], coefficients(4, 3, dtype), [[group(dtype, 4, 5, dtype), group(dtype, 3, 7, dtype)]],
                            [(0, 0, 4)], [(0, 3, 3)]))
    large = floats("F32", 24 * 20, rng("sum"), 0.3)
    yield Case("v-modes-sums", "Sums of 20 terms that cancel: the order and each rounding show", ["R-MOD-005"],
               of_modes("F32", [24, 20], coefficients(20, 16, "sum", 3000), [[group("F32", 20, 24, "sum"), group("F32", 16, 20, "sum")]],
                        [(1, 0, 20)], [(1, 3, 16)], center=large, step=0.37, scale=9))
    yield Case("v-modes-two-bases", "Left directions of two bases and twice of one tensor, right ones of two tensors of a basis",
               ["R-MOD-001", "R-MOD-002"],
               of_modes("BF16", [6, 5], coefficients(7, 5, "two"),
                        [[group("I8", 3, 6, "two a"), group("F32", 4, 5, "two b")], [group("BF16", 2, 6, "two c"), group("I8", 2, 5, "two d")]],
                        [(0, 0, 2), (1, 0, 2), (0, 0, 3)], [(1, 3, 2), (0, 3, 3)], ends=(2, 5, 9, 128), scale=3))
    for own, other in (("F32", "BF16"), ("BF16", "F32")):
        values = floats(other, 30, rng("center " + own)) + specials(other)[:6]
        yield Case(f"v-modes-center-{other.lower()}-of-{own.lower()}", f"A {own} tensor around a center of {other}",
                   ["R-MOD-004", "R-MOD-006", "R-PRD-002"],
                   of_modes(own, [6, 6], coefficients(3, 2, own), [[group("I8", 3, 6, own), group("I8", 2, 6, other)]],
                            [(1, 0, 3)], [(1, 3, 2)], center=values, center_dtype=other))
    right_of = lambda n, **more: {"groups": [[group("I8", 2, n, f"dims {n}")]], "right": [(0, 0, 2)], **more}
    left_of = lambda n, **more: {"groups": [[group("I8", 2, n, f"dims {n}")]], "left": [(0, 0, 2)], **more}
    for name, shape, dims, sides, q in (
            ("vector-row", [9], 0, right_of(9), (1, 2)), ("vector-row-left", [9], 0, left_of(1), (2, 9)),
            ("vector-column", [9], 1, left_of(9), (2, 1)), ("vector-column-right", [9], 1, right_of(1), (9, 2)),
            ("four-0", [2, 3, 2, 2], 0, right_of(24), (1, 2)), ("four-1", [2, 3, 2, 2], 1, right_of(12), (2, 2)),
            ("four-2", [2, 3, 2, 2], 2, left_of(6), (2, 4)), ("four-4", [2, 3, 2, 2], 4, left_of(24), (2, 1)), ("scalar", [], 0, left_of(1), (2, 1))):
        yield Case(f"v-modes-dims-{name}", f"Shape {shape}, matrix_dims {dims}", ["R-MOD-003"],
                   of_modes("F32", shape, coefficients(*q, name), matrix_dims=dims, **sides))
    unused = Group("F32", [floats("F32", 4, rng("unused"), 0.5), [0x7FC00000] * 4, floats("F32", 4, rng("unused 2"), 0.5)],
                   [0x3F800000, 0x3F800000, 0x7F800000])
    yield Case("v-modes-unused-direction", "Directions behind those in use that are not finite", ["R-MOD-001"],
               of_modes("F32", [3, 4], coefficients(3, 1, "unused"), [[unused]], right=[(0, 0, 1)]))
    yield Case("v-modes-other-fields", "Fields of another predictor are ignored: dependency without a center, directions without modes",
               ["R-MOD-002", "R-MOD-003"], other_fields)
    yield Case("v-modes-in-data", "Modes in DATA, in a record without a layer", ["R-IDX-002", "R-IDX-003", "R-MOD-005"], in_data)


def other_fields():
    stored = [basis(group("I8", 2, 4, "other"))]
    tensor = modes_tensor("w", "F32", [3, 4], stored, coefficients(3, 2, "other"), right=[(0, 0, 2)], entry={"dependency": 77, "source_tensor": 88})
    entry = {"matrix_dims": 9, "centred": True, "left": [{"dependency": 5}], "step": -1.0, "dependency": 99}
    plain = Tensor("b", "U8", [3], b"abc", lambda spec, t: ({**entry, "residual": 2}, [b"\0abc"]))
    return Made(assemble(exact([tensor, plain], dependencies=stored, roles=[BASIS])), stored)


def in_data():
    stored, tensor = small_layer()
    return Made(assemble(Spec([tensor], dependencies=stored, roles=[1, BASIS])), stored)


def numbers():
    """Roundings, overflow and signs of zero."""
    one = [[0x3F800000]]
    big = f32_bits(f32(1e38))

    def line(dtype, center, d, step=1.0, center_dtype=None):
        """Elements center + step * d: one left direction of ones, d as right directions' values."""
        groups = [[Group("F32", one, [0x3F800000], [0]), Group("F32", [d], [0x3F800000], [0])]]
        first = 1 if center else 0
        return of_modes(dtype, [1, len(d)], [[1]], groups, [(first, 0, 1)], [(first, 3, 1)], center=center, center_dtype=center_dtype, step=step)

    def f32s(*values):
        return [f32_bits(f32(x)) for x in values]

    usual = floats("F32", 24, rng("numbers"))
    yield Case("v-modes-center-specials-f32", "A center with infinities, NaNs, subnormals and zeros, F32", ["R-MOD-006", "R-DEC-007"],
               line("F32", specials("F32"), usual[:len(specials("F32"))]))
    yield Case("v-modes-center-specials-bf16", "The same, BF16", ["R-MOD-006"], line("BF16", specials("BF16"), usual[:len(specials("BF16"))]))
    yield Case("v-modes-center-specials-f16", "The same, F16", ["R-MOD-006"], line("F16", specials("F16"), usual[:len(specials("F16"))]))
    nans = [0x7FFFFFFF, 0xFFFFFFFF, 0x7F800001, 0x7FC00000, 0x7F7FFFFF, 0x7F808000]
    yield Case("v-modes-center-nan-f32-of-bf16", "BF16 around an F32 center of NaNs: each rounded as R-PRD-005 says", ["R-MOD-006", "R-PRD-005"],
               line("BF16", nans, f32s(1, 1, 1, 1, 1, 1), center_dtype="F32"))
    yield Case("v-modes-center-nan-bf16-of-f32", "F32 around a BF16 center of NaNs and infinities", ["R-MOD-006", "R-PRD-004"],
               line("F32", [0x7FC1, 0xFF81, 0x7F80, 0xFF80, 0x3F80], f32s(1, 2, 3, 4, 5), center_dtype="BF16"))
    yield Case("v-modes-overflow", "y overflows, with and without a center's sign against it: the center's element", ["R-MOD-006"],
               line("F32", [big, big ^ 1 << 31, 0x7F7FFFFF, 0], f32s(3e38, -3e38, 3e38, 3e38), 2.0))
    yield Case("v-modes-overflow-none", "y overflows without a center: +0", ["R-MOD-006"], line("BF16", None, f32s(3e38, -3e38, 1, 2e38), 2.0))
    halves = (65504, 65519.9, 65520, -65520, 1e9, -1e9, 2.0 ** -24, 2.0 ** -25, 1.1 * 2 ** -25, -3 * 2.0 ** -25, 1 + 2.0 ** -11, 1 + 3 * 2.0 ** -11,
              -2.0 ** -30)
    yield Case("v-modes-f16-rounding", "F16: overflow to infinity, ties, subnormals", ["R-MOD-005"], line("F16", None, f32s(*halves)))
    ties = [0x3F808000, 0x3F818000, 0x3F808001, 0x7F7F8000, 0x7F7F7FFF, 0xFF7FFFFF, 0x00008000, 0x00018000, 0x80000001]
    yield Case("v-modes-bf16-rounding", "BF16: ties, overflow to infinity, subnormals", ["R-MOD-005"], line("BF16", None, ties))
    yield Case("v-modes-negative-zero", "-0 in the center becomes +0 where +0 is added, and stays where -0 is", ["R-MOD-005", "R-DEC-007"],
               line("F32", [0x80000000, 0x80000000, 0, 0x80000000], [0, 0x80000001, 0x80000001, 0x80000000], 0.25))
    yield Case("v-modes-zero-times-infinity", "A row of t that overflows, a left direction with a 0: NaN, so the center's element", ["R-MOD-006"],
               of_modes("F32", [2, 2], [[1000, 1], [1, 1]], [[Group("F32", [[0, 0x3F800000], [0x3F800000] * 2], [0x3F800000] * 2),
                                                            Group("F32", [f32s(3e38, 1), f32s(1, 1)], [0x3F800000] * 2)]],
                        [(1, 0, 2)], [(1, 3, 2)], center=f32s(1, 2, 3, 4)))
    yield Case("v-modes-subnormal", "A subnormal step, values that become subnormal on the way", ["R-MOD-005"],
               line("F32", None, f32s(1, 0.5, 3, -7, 1e10, 1e-20, 0.3), 2.0 ** -140))


def coefficient_cases():
    def one_row(values, **options):
        """A row of coefficients for as many right directions of length 3."""
        return of_modes("F32", [1, 3], [values], [[group("I8", len(values), 3, f"row {len(values)}", levels=options.pop("levels", None))]],
                        right=[(0, 0, len(values))], matrix_dims=1, **options)

    ends = [0, 1, -1, 3, -3, 4, -4, 7, 8, -8, 255, 256, -257, 65535, (1 << 24) + 1, -(1 << 24) - 3, (1 << 30) - 1, 1 << 30, (1 << 31) - 1,
            1 - (1 << 31), -(1 << 31)]
    yield Case("v-coefficients-range", "Every length of a coefficient, -2^31 by escape, more than 24 bits rounded to even",
               ["R-COF-001", "R-MOD-005"],
               one_row(ends, step=1e-9))
    powers = [s * ((1 << n) + d) for n in range(31) for d in (0, 1) for s in (1, -1) if (1 << n) + d < 1 << 31]
    yield Case("v-coefficients-powers", "Powers of two and their neighbours, four lanes", ["R-COF-001"], one_row(powers, step=1e-8, lanes_log=2))
    yield Case("v-coefficients-escapes", "Every coefficient escaped", ["R-COF-001"], one_row(ends, step=1e-9, escapes=range(len(ends))))
    tie = [(1 << 24) + 1, (1 << 24) + 2, (1 << 24) + 3, (1 << 25) + 2, (1 << 25) + 6, (1 << 31) - 65]
    yield Case("v-coefficients-ties", "Coefficients half way between two of binary32, the right side the identity", ["R-MOD-005"],
               of_modes("F32", [1, len(tie)], [tie], [[Group("F32", [[0x3F800000]], [0x3F800000])]], left=[(0, 0, 1)], step=1.0))
    for log in range(6):
        yield Case(f"v-coefficients-lanes-{1 << log}", f"{1 << log} lanes", ["R-COF-001", "R-RNS-002"],
                   of_modes("BF16", [5, 5], coefficients(4, 9, f"lanes {log}"), [[group("I8", 4, 5, "lanes"), group("I8", 9, 5, "lanes 2")]],
                            [(0, 0, 4)], [(0, 3, 9)], lanes_log=log, ends=(3, 128), scale=-2))
    yield Case("v-coefficients-zero", "Mode 1: every coefficient is 0, the center's -0 becomes +0", ["R-COF-001", "R-COF-002"],
               of_modes("BF16", [2, 3], [[0, 0]] * 2, [[group("I8", 2, 3, "zero")]], right=[(1, 0, 2)],
                        center=[0x8000, 0, 0x3F80, 0xBF80, 1, 0x7F80], modes=[1]))
    levels = [-128, -100, -64, -20, -1, 0, 1, 20, 64, 100, 127]
    for scale in (-65_536, -100, 0, 64, 65_536):
        yield Case(f"v-coefficients-contexts-{scale}", f"Contexts of levels from -128 to 127 on both sides, scale {scale}: 128 segments",
                   ["R-COF-001", "R-IDX-011"],
                   of_modes("F16", [3, 3], coefficients(11, 11, "contexts", 4),
                            [[group("I8", 11, 3, "c l", levels=levels), group("I8", 11, 3, "c r", levels=levels)]],
                            [(0, 0, 11)], [(0, 3, 11)], scale=scale, ends=tuple(range(1, 129)), lanes_log=3))
    for side in ("left", "right"):
        yield Case(f"v-coefficients-contexts-{side}", f"Contexts of the {side} levels alone: 0 on the identity", ["R-COF-001"],
                   of_modes("F32", [3, 3], coefficients(11 if side == "left" else 3, 3 if side == "left" else 11, side, 9),
                            [[group("I8", 11, 3, side, levels=levels)]], **{side: [(0, 0, 11)]}, scale=60, ends=tuple(range(1, 129))))

    def many(count, modes, **options):
        q = coefficients(300, 220, "many", 3000)
        if modes[1] == 1:
            q = [[q[a][b] if a * 220 + b < 65_536 else 0 for b in range(220)] for a in range(300)]
        return of_modes("F32", [4, 6], q, [[group("I8", 300, 4, "many", levels=[20 - n // 8 for n in range(300)]),
                                            group("I8", 220, 6, "many", levels=[20 - n // 6 for n in range(220)])]],
                        [(0, 0, 300)], [(0, 3, 220)], modes=modes, lanes_log=5, ends=(2, 6, 12, 20, 28, 128), **options)

    yield Case("v-coefficients-blocks", "66,000 coefficients: a full block and one of 464", ["R-COF-002", "R-IDX-012"], many(66_000, [3, 3]))
    yield Case("v-coefficients-blocks-zero", "66,000 coefficients, the second block of zeros", ["R-COF-002"], many(66_000, [3, 1]), recipe=True)


def layer_cases():
    yield Case("v-layer-zstd", "The layer's Index as a zstd frame", ["R-LYR-001", "R-MSG-007"], layered("BF16", zstd=build.zstd_raw))
    yield Case("v-layer-is-file", "A file that is its layer's: every tensor by layer and equal", ["R-LYR-003", "R-LYR-005"], is_file)
    yield Case("v-layer-apart", "Tensors of every other coding in a layer, and the file of each way above it",
               ["R-LYR-002", "R-LYR-003", "R-LYR-004", "R-SCL-001", "R-PRD-006", "R-IDX-005"], lambda: apart(None))
    yield Case("v-layer-apart-zstd", "The same, the layer's Index and scales as zstd frames, the schema too", ["R-LYR-004", "R-MSG-007"],
               lambda: apart(build.zstd_raw))
    yield Case("v-layer-no-tensors", "A layer of no tensors", ["R-LYR-001"], lambda: Made(assemble(Spec(json_header=b"{}", layer=Layer([])))))
    yield Case("v-layer-empty-tensors", "Tensors without elements in a record with a layer", ["R-LYR-003", "R-IDX-004"], empty_tensors)
    yield Case("v-layer-unused", "A layer that no tensor of the file is predicted by, of another content", ["R-LYR-005"], unused_layer)
    yield Case("v-layer-nan-errors", "A layer whose measures are NaN and infinity", ["R-LYR-001"], lambda: Made(assemble(exact(
        [Tensor("b", "U8", [2], b"ab")], layer={"fields": {"relative_error": float("nan"), "max_abs_error": float("inf")}}))))
    for n in range(8):
        yield Case(f"v-layer-alignment-{n}", f"FIRST ends {n} bytes further: the layer's chunks need no alignment",
                   ["R-LAY-001", "R-LAY-003", "R-LYR-004"],
                   lambda n=n: Made(assemble(exact([Tensor("b", "U8", [n], b"a" * n), Tensor("c", "U8", [3], b"xyz")]))))
    yield Case("v-layer-depth-4", "Depth 4: layer, modes, and a center of depth 2", ["R-DEC-005", "R-LIM-014"], lambda: deep(2))
    yield Case("v-layer-depth-4-basis", "Depth 4: the basis is the deepest of several sources", ["R-DEC-005"], lambda: deep_basis(2))
    yield Case("v-layer-base-of-record", "A record predicted by the file of one with a layer", ["R-PRD-003"], base_with_layer)


def is_file():
    stored, tensor = small_layer("F16")
    return Made(assemble(exact([tensor], dependencies=stored, roles=[1, BASIS])), stored)


def apart(zstd, **spoil):
    """Seven tensors: bytes, direct with row scales, delta and equal on a base, self, modes, and a second of bytes that the file holds anew."""
    stored, modes = small_layer()
    base = stored[0].spec.tensors[0]
    values = floats("BF16", 12, rng("apart"))
    others = near("BF16", base.elements(), rng("apart 2"))
    layer = [
        Tensor("a", "U8", [3], b"abc"),
        floats_tensor("b", "BF16", [3, 4], values, float_plan, scale=470, row_dims=1, rows=[1, -1, 2], columns=[0, 1, 0, 2]),
        floats_tensor("c", "BF16", [6, 5], others, delta_plan, base=stored[0], scale=470),
        Tensor("d", "BF16", [30], base.data, equal_plan), Tensor("e", "BF16", [12], pack("BF16", values), equal_plan, predictor=SELF,
                                                                 source=1), modes,
        Tensor("z", "I16", [2], b"wxyz")]
    delta = lambda t, seed, **more: floats_tensor(t.name, t.dtype, t.shape, near("BF16", t.elements(), rng(seed)), on_layer_plan, scale=470, **more)
    equal = lambda t: Tensor(t.name, t.dtype, t.shape, t.data, on_layer_plan, residual=EQUAL)
    tensors = [equal(layer[0]), delta(layer[1], "apart b", row_dims=2, rows=list(range(12))), equal(layer[2]),
               delta(layer[3], "apart d", modes=[3], lanes_log=2),
               equal(layer[4]), delta(modes, "apart w"), Tensor("z", "I16", [2], b"ZYXW")]
    spec = exact(layer, tensors, stored, [1, BASIS], {"zstd": zstd})
    if zstd:
        spec.schema_zstd = zstd(spec.schema)
        spec.layer.scales_zstd = zstd(bytes(n % 256 for n in [1, -1, 2, 0, 1, 0, 2]))
    return Made(assemble(spec, **spoil), stored)


def empty_tensors():
    layer = [Tensor("a", "F32", [0, 3], b""), floats_tensor("b", "BF16", [0], [], float_plan), Tensor("c", "U8", [2], b"ab")]
    tensors = [Tensor("a", "F32", [0, 3], b"", on_layer_plan, residual=EQUAL), floats_tensor("b", "BF16", [0], [], on_layer_plan),
               Tensor("c", "U8", [2], b"ab", on_layer_plan, residual=EQUAL)]
    return Made(assemble(exact(layer, tensors)))


def unused_layer():
    stored, tensor = small_layer()
    return Made(assemble(exact([tensor], [Tensor("w", "BF16", [6, 5], bytes(range(60)))], stored, [1, BASIS])), stored)


def deep(depth):
    """The file by layer and equal on a layer of modes around a center of the given depth."""
    stored = [*valid.chained(depth), basis(group("I8", 2, 20, "deep"))]
    dependencies = [stored[depth], stored[-1]]
    tensor = modes_tensor("w", "BF16", [20], dependencies, [[3, -5]], right=[(1, 0, 2)], center=(0, 0), matrix_dims=0)
    return Made(assemble(exact([tensor], dependencies=dependencies, roles=[1, BASIS])), stored)


def deep_basis(depth):
    """As deep(), the levels of the basis at the given depth and the center at 0."""
    one = list(group("I8", 2, 20, "deep basis").tensors("g"))
    levels = one.pop()
    chain = [Tensor(f"a{n}", "I8", [2], levels.data, **({"plan": equal_plan, "predictor": SELF, "source": n - 1} if n else {})) for n in range(depth)]
    levels = Tensor("levels", "I8", [2], levels.data, equal_plan, predictor=SELF, source=depth - 1)
    stored = [valid.plain("BF16", floats("BF16", 20, rng("deep basis"))), assemble(Spec([*chain, *one, levels]))]
    tensor = modes_tensor("w", "BF16", [20], stored, [[3, -5]], right=[(1, depth, 2)], center=(0, 0), matrix_dims=0)
    return Made(assemble(exact([tensor], dependencies=stored, roles=[1, BASIS])), stored)


def base_with_layer():
    stored, layer = small_layer()
    values = near("BF16", layer.elements(), rng("based on layer"))
    first = assemble(exact([layer], [floats_tensor("w", "BF16", [6, 5], values, on_layer_plan, scale=470)], stored, [1, BASIS]))
    second = floats_tensor("w", "BF16", [6, 5], near("BF16", values, rng("based on layer 2")), delta_plan, base=first, scale=470)
    return Made(assemble(Spec([second], dependencies=[first])), [*stored, first])


def all_cases():
    for cases in (modes_cases, numbers, coefficient_cases, layer_cases):
        yield from cases()
