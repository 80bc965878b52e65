"""What a case is, and values to fill tensors with."""
import random
import struct

from . import build
from .coder import FLOATS


class Case:
    """One entry of a manifest. `make` gives the record (a build.Stored or bytes) and the objects that it depends on."""

    def __init__(self, id, title, requirements, make, error=None, also=(), role="reader", recipe=False, level="REQUIRED"):
        self.id, self.title, self.requirements, self.make = id, title, list(requirements), make
        self.error, self.also, self.role, self.recipe, self.level = error, list(also), role, recipe, level


class Made:
    """A case's record, its dependencies as {digest: bytes}, and what it decodes to (None: refused)."""

    def __init__(self, stored, objects=(), file=None):
        self.data = stored if isinstance(stored, bytes) else stored.data
        self.objects = {o.digest: o.data for o in objects}
        self.file = file if file is not None or isinstance(stored, bytes) else stored.file
        self.layer_file = None if isinstance(stored, bytes) else stored.layer_file


def rng(seed):
    return random.Random("weightspan " + seed)


def normal(r, sigma=0.02):
    """About normal; made of random() alone, which Python keeps the same for ever."""
    return sigma * (sum(r.random() for _ in range(12)) - 6)


def bf16_of(f32):
    """F32 bits rounded to BF16 (R-PRD-005)."""
    return ((f32 + 0x7FFF + (f32 >> 16 & 1)) % (1 << 32)) >> 16


def float_bits(dtype, value, r):
    """A pattern of the dtype near the value (F8: some pattern of usual size)."""
    if dtype == "F64":
        return struct.unpack("<Q", struct.pack("<d", value))[0]
    if dtype == "F16":
        return struct.unpack("<H", struct.pack("<e", value))[0]
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    if dtype == "F32":
        return bits
    if dtype == "BF16":
        return bf16_of(bits)
    exponent = 8 - FLOATS[dtype][1] - 1
    middle = 1 << (exponent - 1)
    e = max(0, min((1 << exponent) - 1, (bits >> 23 & 255) - 127 + 6 + middle))
    return r.getrandbits(1) << 7 | e << FLOATS[dtype][1] | r.getrandbits(FLOATS[dtype][1])


def floats(dtype, count, r, sigma=0.02):
    return [float_bits(dtype, normal(r, sigma), r) for _ in range(count)]


def near(dtype, base, r, spread=3):
    """Patterns close to the base's, some of them equal, a few far off."""
    bits = FLOATS[dtype][0]
    out = []
    for u in base:
        step = r.choice([0, 0, 1, -1, 2, -2, spread, -spread, 17 * spread])
        out.append((u + step) % (1 << bits) if r.random() > 0.01 else r.getrandbits(bits))
    return out


def specials(dtype):
    """Zeros, subnormals, the ends of every range, infinities and NaNs with payloads, both signs (R-DEC-007)."""
    bits, mantissa = FLOATS[dtype]
    top = 1 << (bits - 1)
    one = 1 << mantissa
    most = top - 1
    exponents = most >> mantissa << mantissa
    positive = {0, 1, one - 1, one, one + 1, most, most - 1, exponents, exponents - 1, exponents + 1 & most,
                exponents | one >> 1, exponents >> 1}
    return sorted(positive) + sorted(p | top for p in positive)


def floats_tensor(name, dtype, shape, values, plan=build.float_plan, **options):
    return build.Tensor(name, dtype, shape, build.pack(dtype, values), plan, **options)
