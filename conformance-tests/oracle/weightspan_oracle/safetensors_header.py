"""The schema: a safetensors file's first bytes, and the tensors that they describe (spec.md section 7, registry.md)."""
import json

from .errors import FormatError

MAX_HEADER = 100_000_000
MAX_TENSORS = 1 << 20
MAX_DIMS = 32
MAX_NAME = 4096
LAST = (1 << 63) - 1

# dtype: bits, exponent bits, mantissa bits; no exponent bits: no float coding
DTYPES = {
    "F64": (64, 11, 52), "F32": (32, 8, 23), "F16": (16, 5, 10), "BF16": (16, 8, 7),
    "F8_E4M3": (8, 4, 3), "F8_E4M3FNUZ": (8, 4, 3), "F8_E5M2": (8, 5, 2), "F8_E5M2FNUZ": (8, 5, 2),
    "F8_E8M0": (8, 0, 0), "F6_E2M3": (6, 0, 0), "F6_E3M2": (6, 0, 0), "F4": (4, 0, 0), "C64": (64, 0, 0),
    "I64": (64, 0, 0), "U64": (64, 0, 0), "I32": (32, 0, 0), "U32": (32, 0, 0), "I16": (16, 0, 0), "U16": (16, 0, 0),
    "I8": (8, 0, 0), "U8": (8, 0, 0), "BOOL": (8, 0, 0),
}


class Tensor:
    """A tensor of the original file; its bytes are [begin, end) of the part behind the schema."""

    def __init__(self, name, dtype, shape, begin, end):
        self.name, self.dtype, self.shape, self.begin, self.end = name, dtype, shape, begin, end
        self.bits, self.exponent, self.mantissa = DTYPES[dtype]
        self.elements = 1
        for dimension in shape:
            self.elements *= dimension
        self.length = end - begin


def bad(message, tensor=None, code="MALFORMED_SCHEMA"):
    return FormatError(code, message, tensor=tensor)


def is_count(value):
    return type(value) is int and value >= 0


def members(pairs):
    out = {}
    for name, value in pairs:
        if name in out:
            raise bad(f"{name[:100]!r} stands twice", code="DUPLICATE_NAME")  # R-SCH-003
        if any("\ud800" <= c <= "\udfff" for text in (name, value) if isinstance(text, str) for c in text):
            raise bad("an unpaired surrogate")  # R-SCH-002
        out[name] = value
    return out


def no_constant(text):
    raise bad(f"{text} is not JSON")


def integer(text):
    if text.startswith("-") or len(text) > 40:
        raise bad(f"a number {text[:40]}")
    return int(text)


def parse(schema, file_length):
    """The tensors in data order (R-SCH-001 to R-SCH-009)."""
    if len(schema) < 8 or int.from_bytes(schema[:8], "little") != len(schema) - 8:
        raise bad("the schema's length is not what its first eight bytes say")
    if len(schema) - 8 > MAX_HEADER:
        raise bad("the JSON header's length", code="LIMIT_EXCEEDED")
    if schema[8:9] != b"{":
        raise bad("the JSON header does not begin with an object")
    try:
        text = bytes(schema[8:]).decode("utf-8").rstrip(" ")
        header = json.JSONDecoder(
            object_pairs_hook=members, parse_constant=no_constant, parse_int=integer).decode(text)
    except (ValueError, RecursionError) as error:
        raise bad(f"the header is not UTF-8 JSON: {error}") from None
    if not text.endswith("}"):
        raise bad("something other than spaces follows the object")
    tensors = []
    for name, entry in header.items():
        if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME:
            raise bad("a name above 4,096 bytes", name[:40], "LIMIT_EXCEEDED")
        if name == "__metadata__":
            if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
                raise bad("__metadata__ is not an object of strings")
        else:
            tensors.append(tensor(name, entry))
    if len(tensors) > MAX_TENSORS:
        raise bad(f"{len(tensors)} tensors", code="LIMIT_EXCEEDED")
    tensors.sort(key=lambda t: (t.begin, t.end))  # stable: then by place in the header (R-SCH-009)
    place = 0
    for t in tensors:
        if t.begin != place:
            raise bad(f"its bytes begin at {t.begin} instead of {place}", t.name)
        place = t.end
    if place != file_length - len(schema):
        raise bad(f"the tensors end at {place} instead of {file_length - len(schema)}")
    return tensors


def tensor(name, entry):
    if not isinstance(entry, dict) or sorted(entry) != ["data_offsets", "dtype", "shape"]:
        raise bad("not dtype, shape and data_offsets", name)
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise bad("a dtype that the registry does not list", name)
    if not isinstance(shape, list) or not all(map(is_count, shape)):
        raise bad("a shape that is not an array of non-negative integers", name)
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(is_count, offsets)):
        raise bad("data_offsets that are not two non-negative integers", name)
    if len(shape) > MAX_DIMS:
        raise bad(f"{len(shape)} dimensions", name, "LIMIT_EXCEEDED")
    bits = 1
    for factor in [*shape, DTYPES[dtype][0]]:
        bits *= factor
        if factor > LAST or bits > LAST:
            raise bad("its size overflows", name)
    begin, end = offsets
    if bits % 8 or begin > end or bits != 8 * (end - begin):
        raise bad(f"{bits} bits in the bytes [{begin}, {end})", name)
    return Tensor(name, dtype, shape, begin, end)


def matrix(shape, row_dims):
    """Rows and columns of a tensor whose first `row_dims` dimensions form the rows (encodings/scales.md, encodings/modes.md)."""
    rows = columns = 1
    for n, dimension in enumerate(shape):
        if n < row_dims:
            rows *= dimension
        else:
            columns *= dimension
    return rows, columns
