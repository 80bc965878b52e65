"""The valid cases of the residual `bounded` and of `Front.approximation`."""
from . import valid
from .build import LAYER, SIBLING, Spec, assemble, on_layer_plan, sha
from .cases import Case, Made, floats, floats_tensor, near, normal, rng, specials
from .coder import f32, f32_bits
from .plans import bounded_tensor
from .valid_layer import exact, small_layer

IDS = ["R-BND-001", "R-BND-002"]
DTYPES = ("F32", "F16", "BF16")
ENDS = [0, 1, -1, 3, -3, 4, -4, 7, 8, -8, 255, 256, -257, 65535, (1 << 24) + 1, (1 << 24) + 3, -(1 << 24) - 3, (1 << 25) + 2, (1 << 25) + 6,
        (1 << 30) - 1, 1 << 30, (1 << 31) - 65, (1 << 31) - 1, 1 - (1 << 31)]


def steps(count, seed, size=5):
    r = rng("steps " + seed)
    return [int(normal(r, size)) for _ in range(count)]


def upon(dtype, shape, q, p=None, p_dtype=None, step=0.001, role=1, front=None, beside=(), **options):
    """A record of one tensor, q steps from the tensor of a plain record that holds p (bits), or from nothing."""

    def make():
        stored = [valid.plain(p_dtype or dtype, p, shape)] if p else []
        more = {"predictor": SIBLING} if role == 2 else {}
        tensor = bounded_tensor("w", dtype, shape, q, step, stored[0].spec.tensors[0] if p else None, **more, **options)
        return Made(assemble(Spec([tensor, *beside], dependencies=stored, roles=[role] * len(stored), front=front)), stored)

    return make


def sources():
    for dtype in DTYPES:
        p = floats(dtype, 60, rng("bounded " + dtype))
        q = steps(60, dtype)
        yield Case(f"v-bounded-none-{dtype.lower()}", f"Residual bounded without a prediction, {dtype}", IDS, upon(dtype, [6, 10], q))
        for name, role in (("base", 1), ("sibling", 2)):
            yield Case(f"v-bounded-{name}-{dtype.lower()}", f"Residual bounded, predictor {name}, {dtype}", [*IDS, "R-PRD-002", "R-PRD-003"],
                       upon(dtype, [6, 10], q, p, role=role, scale=60, ends=(59, 61, 128)))
        yield Case(f"v-bounded-layer-{dtype.lower()}", f"Residual bounded upon a layer of modes, {dtype}", [*IDS, "R-LYR-003"],
                   lambda d=dtype: upon_layer(d))
        yield Case(f"v-bounded-in-layer-{dtype.lower()}", f"A layer of bounded upon a base, {dtype}, and the file by delta on it",
                   [*IDS, "R-LYR-005"], lambda d=dtype: in_layer(d))
    for own, other in (("F32", "BF16"), ("BF16", "F32")):
        p = floats(other, 70, rng("bounded of " + own)) + specials(other)[:10]
        yield Case(f"v-bounded-{own.lower()}-of-{other.lower()}", f"A {own} tensor from a source of {other}: the sum before the conversion",
                   ["R-PRD-002", "R-PRD-004", "R-PRD-005", "R-BND-002"],
                   upon(own, [8, 10], steps(80, own + other), p, other, step=0.00037, ends=(30, 128)))
    yield Case("v-bounded-layer-equal", "A layer of bounded without a prediction; the file is the layer's", ["R-BND-001", "R-LYR-005"],
               lambda: Made(assemble(exact([bounded_tensor("w", "F16", [5, 5], steps(25, "equal"), 0.01)]))))
    yield Case("v-bounded-layer-bounded", "Bounded in the layer and, finer, upon it", ["R-BND-001", "R-LYR-003"], twice)
    for name, shape in (("scalar", []), ("four", [2, 3, 1, 4])):
        count = 24 if shape else 1
        yield Case(f"v-bounded-{name}", f"Shape {shape}", IDS, upon("F32", shape, steps(count, name), floats("F32", count, rng(name))))
    yield Case("v-bounded-depth-4", "Depth 4: bounded upon a chain of depth 3", ["R-DEC-005"], lambda: chained(3))
    yield Case("v-bounded-empty", "No elements: no blocks, with a prediction and without", ["R-IDX-004", "R-BND-002"], empty)
    fields = {"rank": 7, "factor": 9, "partner": 3, "matrix_dims": 40, "centred": True, "left": [{"dependency": 9}], "dependency": 5, "source_tensor": 6}
    yield Case("v-bounded-other-fields", "Fields of other predictors are ignored", ["R-BND-002"],
               upon("F32", [3], [1, 2, -3], entry=fields))


def upon_layer(dtype):
    stored, layer = small_layer(dtype)
    tensor = bounded_tensor("w", dtype, [6, 5], steps(30, "layer " + dtype), 0.0002, layer, LAYER, scale=3)
    return Made(assemble(exact([layer], [tensor], stored, [1, 3])), stored)


def in_layer(dtype):
    stored = [valid.plain(dtype, floats(dtype, 30, rng("in layer " + dtype)), [6, 5])]
    layer = bounded_tensor("w", dtype, [6, 5], steps(30, "in layer " + dtype), 0.002, stored[0].spec.tensors[0], row_dims=1, rows=[0, 5, 1, 2, 3, 4])
    tensor = floats_tensor("w", dtype, [6, 5], near(dtype, layer.elements(), rng("on layer " + dtype)), on_layer_plan, scale=470)
    return Made(assemble(exact([layer], [tensor], stored, [1])), stored)


def twice():
    layer = bounded_tensor("w", "BF16", [30], steps(30, "twice"), 0.01)
    return Made(assemble(exact([layer], [bounded_tensor("w", "BF16", [30], steps(30, "twice 2"), 0.0005, layer, LAYER)])))


def chained(depth):
    stored = valid.chained(depth, "F16")
    tensor = bounded_tensor("w", "F16", [20], steps(20, "chained"), 0.001, stored[-1].spec.tensors[0])
    return Made(assemble(Spec([tensor], dependencies=[stored[-1]])), stored)


def empty():
    stored = [valid.plain("F32", [], [0, 3])]
    tensors = [bounded_tensor("a", "F32", [0, 3], [], 1.0, stored[0].spec.tensors[0]), bounded_tensor("b", "F16", [2, 0], [], 1.0)]
    return Made(assemble(Spec(tensors, dependencies=stored)), stored)


def numbers():
    """Roundings, overflow and signs of zero."""
    for dtype in DTYPES:
        p = specials(dtype)
        q = [n % 5 - 2 for n in range(len(p))]
        yield Case(f"v-bounded-specials-{dtype.lower()}", f"A source with infinities, NaNs, subnormals and zeros, {dtype}", ["R-BND-001", "R-DEC-007"],
                   upon(dtype, [len(p)], q, p, step=0.5))
        yield Case(f"v-bounded-zero-{dtype.lower()}", f"Mode 1: every number of steps is 0, -0 becomes +0, what is not finite stays, {dtype}",
                   ["R-BND-001", "R-DEC-007"], upon(dtype, [len(p)], [0] * len(p), p, modes=[1]))
        yield Case(f"v-bounded-zeros-coded-{dtype.lower()}", f"The same zeros in mode 3, {dtype}", ["R-BND-001"],
                   upon(dtype, [len(p)], [0] * len(p), p))
        whole = dict(enumerate(specials(dtype)))
        yield Case(f"v-bounded-escapes-{dtype.lower()}", f"Every element escaped, zeros, infinities and NaNs of both signs, {dtype}",
                   ["R-BND-001", "R-DEC-007"], upon(dtype, [len(p)], [0] * len(p), floats(dtype, len(p), rng("escaped")), whole=whole, lanes_log=1))
    yield Case("v-bounded-escapes-some", "Some elements escaped, among coded ones", ["R-BND-001"],
               upon("BF16", [40], steps(40, "some"), floats("BF16", 40, rng("some")), whole={3: 0x7FC1, 17: 0x8000, 39: 0xFF80}, lanes_log=2))
    nans = [0x7FFFFFFF, 0xFFFFFFFF, 0x7F800001, 0x7FC00000, 0x7F7FFFFF, 0x7F808000, 0x7F800000]
    yield Case("v-bounded-nan-bf16-of-f32", "BF16 from F32 NaNs: each rounded as R-PRD-005 says", ["R-PRD-005"],
               upon("BF16", [7], [0, 1, -1, 2, 1, 0, 3], nans, "F32", step=1.0))
    yield Case("v-bounded-nan-f32-of-bf16", "F32 from BF16 NaNs and infinities", ["R-PRD-004"],
               upon("F32", [5], [1, 2, 3, -4, 5], [0x7FC1, 0xFF81, 0x7F80, 0xFF80, 0x3F80], "BF16", step=1.0))
    big = f32_bits(f32(1e38))
    yield Case("v-bounded-overflow", "y overflows: the predicted element", ["R-BND-002"],
               upon("F32", [4], [3, -3, 2, 1], [big, big ^ 1 << 31, 0x7F7FFFFF, 0], step=1e38))
    yield Case("v-bounded-overflow-product", "The product overflows while the sum would not: the predicted element", ["R-BND-002"],
               upon("F32", [2], [4, 3], [f32_bits(f32(-2e38)), f32_bits(f32(-2e38))], step=1e38))
    yield Case("v-bounded-overflow-none", "y overflows without a prediction: +0", ["R-BND-002"], upon("BF16", [4], [4, -4, 1, 3], step=1e38))
    yield Case("v-bounded-overflow-converted", "A finite y above the largest of BF16 and of F16 rounds to infinity", ["R-BND-002"], lambda: Made(
        assemble(Spec([bounded_tensor("a", "BF16", [2], [1, -1], f32(3.4e38)), bounded_tensor("b", "F16", [3], [65504, 65519, -65520], 1.0)]))))
    halves = [(1 << 11) + 1, (1 << 11) + 3, -(1 << 12) - 2, 2047, (1 << 12) + 6]
    yield Case("v-bounded-f16-rounding", "F16: ties and subnormals", ["R-BND-002"], lambda: Made(assemble(Spec(
        [bounded_tensor("a", "F16", [5], halves, 1.0), bounded_tensor("b", "F16", [6], [1, 2, 3, -1, -3, 5], 2.0 ** -26)]))))
    yield Case("v-bounded-bf16-rounding", "BF16: ties", ["R-BND-002"], upon("BF16", [6], [257, 259, -257, 514, 515, 1027], step=1.0))
    large = floats("F32", 200, rng("bounded order"), 0.3)
    yield Case("v-bounded-order", "The product and the sum are each rounded: neither fused nor in binary64", ["R-BND-002"],
               upon("F32", [200], steps(200, "order", 3000), large, step=0.37e-4))
    yield Case("v-bounded-subnormal", "A subnormal step", ["R-BND-002"],
               upon("F32", [6], [1, -1, 3, 1 << 20, -77, 0], [0, 1, 0x80000001, 0x00400000, 77, 0x80000000], step=2.0 ** -149))
    yield Case("v-bounded-step-largest", "The largest step", ["R-BND-002"], upon("F32", [4], [1, -1, 0, 2], step=3.4028234663852886e38))


def blocks():
    yield Case("v-bounded-range", "Every length of a number of steps, more than 24 bits rounded to even", ["R-BND-001"],
               upon("F32", [len(ENDS)], ENDS, step=1.0))
    powers = [s * ((1 << n) + d) for n in range(31) for d in (0, 1) for s in (1, -1) if (1 << n) + d < 1 << 31]
    yield Case("v-bounded-powers", "Powers of two and their neighbours, four lanes", ["R-BND-001"],
               upon("F32", [len(powers)], powers, floats("F32", len(powers), rng("powers")), step=1e-8, lanes_log=2))
    for log in range(6):
        yield Case(f"v-bounded-lanes-{1 << log}", f"{1 << log} lanes", ["R-BND-001", "R-RNS-002"],
                   upon("F16", [37], steps(37, f"lanes {log}", 40), scale=2, lanes_log=log, ends=(3, 128)))
    fine = tuple(range(1, 129))
    for name, extra in valid.scales_of((6, 10)).items():
        yield Case(f"v-bounded-scales-{name}", f"Contexts of scales: {name}, 128 segments", ["R-SCL-001", "R-BND-001", "R-IDX-007"],
                   upon("BF16", [2, 3, 10], steps(60, name), floats("BF16", 60, rng(name)), scale=30, row_dims=2, ends=fine, **extra))
    for scale in (-65_536, -60, 0, 100, 65_536):
        yield Case(f"v-bounded-contexts-{scale}", f"Contexts below 0 and above 127, scale {scale}", ["R-BND-001", "R-IDX-011"],
                   upon("F32", [5, 6], steps(30, f"contexts {scale}"), scale=scale, row_dims=1, rows=[-128, -3, 0, 30, 127],
                        columns=[-128, -20, -1, 0, 40, 127], ends=fine))
    yield Case("v-bounded-two", "Two tensors with scales of their own, the second's with a source", ["R-SCL-001", "R-BND-001"], two)
    many = [int(normal(rng(f"many {n % 97}"), 6)) for n in range(65_540)]
    yield Case("v-bounded-blocks", "A full block of 65,536 and one of four, with column scales", ["R-IDX-004", "R-IDX-012", "R-BND-001"],
               upon("BF16", [65_540], many, lanes_log=5, row_dims=1, rows=[n // 6554 for n in range(65_540)], ends=(2, 5, 8, 128)), recipe=True)
    yield Case("v-bounded-blocks-zero", "A full block of zeros and one of four", ["R-IDX-004", "R-BND-001"],
               upon("F16", [65_540], [0] * 65_536 + [1, -2, 3, 0], modes=[1, 3]))


def two():
    stored = [valid.plain("F32", floats("F32", 12, rng("two")), [3, 4])]
    tensors = [bounded_tensor("a", "F16", [3, 4], steps(12, "two a"), 0.01, row_dims=1, rows=[1, 40, 3], ends=tuple(range(1, 129))),
               bounded_tensor("b", "BF16", [3, 4], steps(12, "two b"), 0.001, stored[0].spec.tensors[0], row_dims=1, rows=[9, 8, 7],
                              columns=[0, 10, 20, 30], ends=tuple(range(1, 129)))]
    return Made(assemble(Spec(tensors, dependencies=stored)), stored)


def approximations():
    near_it = {"original_sha256": sha(b"the original"), "bound": 0.05, "relative_error": 0.0125, "max_abs_error": 0.001}
    yield Case("v-approximation", "A file that is near the one that was encoded", ["R-MSG-003", "R-DEC-001"],
               upon("BF16", [20], steps(20, "approximation"), floats("BF16", 20, rng("approximation")), front={"approximation": near_it}))
    odd = {"original_sha256": bytes(32), "bound": float("nan"), "relative_error": float("-inf"), "max_abs_error": -1.0}
    yield Case("v-approximation-odd-numbers", "Measures that are NaN, infinite and negative, of an opaque file", ["R-MSG-003"],
               lambda: Made(assemble(Spec(opaque=b"abc", front={"approximation": odd}))))

    def merged(encoded):
        digest = b"\x4a\x22\x0a\x20" + bytes(range(32))
        return b"\x4a\x04\x0a\x02\x01\x02" + encoded + digest + b"\x4a\x09\x11" + bytes(8)

    yield Case("v-approximation-merged", "An Approximation in three parts: the last digest counts", ["R-MSG-001", "R-MSG-003"],
               lambda: Made(assemble(Spec(opaque=b"abc"), front_bytes=merged)))


def all_cases():
    for cases in (sources, numbers, blocks, approximations):
        yield from cases()
