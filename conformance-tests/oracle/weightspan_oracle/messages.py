"""The two protobuf messages, read off the wire by hand (spec.md section 6, record.proto).

A message becomes a dict with every field of its table present: numbers 0, bytes empty, lists empty and
messages None where the wire has none (proto3).
"""
import struct

from .errors import FormatError

VARINT, FIXED64, LENGTH, GROUP, END_GROUP, FIXED32 = 0, 1, 2, 3, 4, 5

# kinds of fixed size: wire type, bytes, format
FIXED = {"fixed32": (FIXED32, 4, "<I"), "float": (FIXED32, 4, "<f"), "double": (FIXED64, 8, "<d")}

CHUNK = {1: ("stored_length", "uint64"), 2: ("crc32c", "fixed32"), 3: ("decoded_length", "uint64"), 4: ("coding", "enum")}
DEPENDENCY = {1: ("object_sha256", "bytes"), 2: ("file_sha256", "bytes"), 3: ("role", "enum")}
WRITER = {1: ("name", "string"), 2: ("version", "string")}
EXTENSION = {1: ("key", "string"), 2: ("value", "bytes")}
TABLE_SET = {1: ("first_table", "uint32"), 2: ("segment_ends", ["uint32"])}
DIRECTIONS = {1: ("dependency", "uint32"), 2: ("tensor", "uint32"), 3: ("count", "uint32")}
TENSOR_ENTRY = {
    1: ("predictor", "uint32"), 2: ("dependency", "uint32"), 3: ("source_tensor", "uint32"), 4: ("residual", "uint32"),
    5: ("table_set", "uint32"), 6: ("scale", "sint32"), 7: ("row_dims", "uint32"), 8: ("has_row_scales", "bool"),
    9: ("has_column_scales", "bool"), 10: ("shift", "uint32"), 11: ("block_lengths", ["uint32"]), 12: ("matrix_dims", "uint32"),
    13: ("centred", "bool"), 14: ("left", [DIRECTIONS]), 15: ("right", [DIRECTIONS]), 16: ("step", "float"),
    17: ("rank", "uint32"), 18: ("factor", "enum"), 19: ("partner", "uint32"),
}
LAYER = {
    1: ("index", CHUNK), 2: ("data_length", "uint64"), 3: ("file_sha256", "bytes"), 4: ("relative_error", "double"), 5: ("max_abs_error", "double"),
}
APPROXIMATION = {1: ("original_sha256", "bytes"), 2: ("bound", "double"), 3: ("relative_error", "double"), 4: ("max_abs_error", "double")}
FRONT = {
    1: ("layout", "enum"), 2: ("file_length", "uint64"), 3: ("file_sha256", "bytes"), 4: ("schema", CHUNK),
    5: ("dependencies", [DEPENDENCY]), 6: ("writer", WRITER), 7: ("extensions", [EXTENSION]), 8: ("layer", LAYER),
    9: ("approximation", APPROXIMATION),
}
INDEX = {
    1: ("tensors", [TENSOR_ENTRY]), 2: ("tables", CHUNK), 3: ("table_count", "uint32"), 4: ("table_sets", [TABLE_SET]),
    5: ("scales", CHUNK), 6: ("tensor_sha256", "bytes"), 7: ("block_crc32c", ["fixed32"]),
}


def malformed(message):
    return FormatError("MALFORMED_MESSAGE", message)


def varint(data, at):
    """The varint at `at`, modulo 2^64, and the place behind it."""
    value = 0
    for n in range(10):
        if at >= len(data):
            raise malformed("a varint runs past its message")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << (7 * n)
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
    raise malformed("a varint of more than ten bytes")


def scalar(kind, value):
    """A varint's value as the field's type: 32-bit types keep the low 32 bits, as protobuf says."""
    if kind == "uint32":
        return value & 0xFFFFFFFF
    if kind == "sint32":
        value &= 0xFFFFFFFF
        return (value >> 1) ^ -(value & 1)
    if kind == "bool":
        return value != 0
    if kind == "enum":
        value &= 0xFFFFFFFF
        return value - (1 << 32) if value >> 31 else value
    return value


def wire_type(kind):
    if not isinstance(kind, dict) and kind in FIXED:
        return FIXED[kind][0]
    return LENGTH if kind in ("bytes", "string") or isinstance(kind, dict) else VARINT


def skip(data, at, field, wire, depth):
    """The place behind an unknown field's value."""
    if wire == VARINT:
        return varint(data, at)[1]
    if wire == LENGTH:
        length, at = varint(data, at)
        end = at + length
    elif wire in (FIXED32, FIXED64):
        end = at + (4 if wire == FIXED32 else 8)
    elif wire == GROUP and depth < 100:
        while True:
            tag, at = varint(data, at)
            tag &= 0xFFFFFFFF
            if tag >> 3 == 0:
                raise malformed("field number 0")
            if tag & 7 == END_GROUP:
                if tag >> 3 != field:
                    raise malformed("a group ends that did not begin")
                return at
            at = skip(data, at, tag >> 3, tag & 7, depth + 1)
    else:
        raise malformed(f"wire type {wire}")
    if end > len(data):
        raise malformed("a field runs past its message")
    return end


def read_value(kind, data, at, old):
    """One value of the kind's own wire type at `at`: the value and the place behind it."""
    if not isinstance(kind, dict) and kind in FIXED:
        _, size, form = FIXED[kind]
        if at + size > len(data):
            raise malformed("a field runs past its message")
        return struct.unpack_from(form, data, at)[0], at + size
    value, at = varint(data, at)
    if wire_type(kind) == VARINT:
        return scalar(kind, value), at
    end = at + value
    if end > len(data):
        raise malformed("a field runs past its message")
    body = data[at:end]
    if isinstance(kind, dict):
        return parse(kind, body, old), end
    if kind == "string":
        try:
            return body.decode("utf-8"), end
        except UnicodeDecodeError:
            raise malformed("a string that is not UTF-8") from None
    return body, end


def empty(fields):
    """A message of which the wire has nothing."""
    key = id(fields)
    if key not in EMPTY:
        zero = {"bytes": b"", "string": "", "bool": False}
        EMPTY[key] = (
            {name: None if isinstance(kind, dict) else zero.get(kind, 0) for name, kind in fields.values() if not isinstance(kind, list)},
            [name for name, kind in fields.values() if isinstance(kind, list)])
    single, repeated = EMPTY[key]
    message = dict(single)
    for name in repeated:
        message[name] = []
    return message


EMPTY = {}


def parse(fields, data, message=None):
    """The message in `data`, merged into `message` if that is given (R-MSG-001, R-MSG-002)."""
    message = empty(fields) if message is None else message
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        tag &= 0xFFFFFFFF
        field, wire = tag >> 3, tag & 7
        if field == 0:
            raise malformed("field number 0")
        name, kind = fields.get(field, (None, None))
        repeated = isinstance(kind, list)
        one = kind[0] if repeated else kind
        if name is not None and wire == wire_type(one):
            value, at = read_value(one, data, at, None if repeated else message[name])
            if repeated:
                message[name].append(value)
            else:
                message[name] = value
        elif repeated and wire == LENGTH:  # packed numbers
            length, at = varint(data, at)
            end = at + length
            if end > len(data):
                raise malformed("a field runs past its message")
            body, inner = data[at:end], 0
            while inner < len(body):
                value, inner = read_value(one, body, inner, None)
                message[name].append(value)
            at = end
        else:
            at = skip(data, at, field, wire, 0)
    return message
