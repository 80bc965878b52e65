"""Writing protobuf messages by hand, and CRC32C."""
import struct

from weightspan_oracle import messages


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(number, wire):
    return varint(number << 3 | wire)


def length_delimited(number, body):
    return tag(number, 2) + varint(len(body)) + body


def encode(fields, message):
    """The bytes of a message given as a dict; what is absent or zero is left out, `_more` holds bytes to append."""
    out = bytearray()
    for number, (name, kind) in fields.items():
        value = message.get(name)
        if value is None or (not isinstance(kind, dict) and value in (0, b"", "", [], False)):
            continue
        if isinstance(kind, list):
            if isinstance(kind[0], dict):
                for one in value:
                    out += length_delimited(number, encode(kind[0], one))
            else:
                out += length_delimited(number, b"".join(plain(kind[0], one) for one in value))
        elif isinstance(kind, dict):
            out += length_delimited(number, encode(kind, value))
        elif kind in ("bytes", "string"):
            out += length_delimited(number, value if kind == "bytes" else value.encode())
        else:
            out += tag(number, {"fixed32": 5, "float": 5, "double": 1}.get(kind, 0)) + plain(kind, value)
    return bytes(out) + message.get("_more", b"")


def plain(kind, value):
    if kind == "fixed32":
        return struct.pack("<I", value)
    if kind in ("float", "double"):
        return struct.pack("<f" if kind == "float" else "<d", value)
    if kind == "sint32":
        return varint(2 * value if value >= 0 else -2 * value - 1)
    return varint(int(value))


def front(message):
    return encode(messages.FRONT, message)


def index(message):
    return encode(messages.INDEX, message)


def byte_step(value):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value


STEPS = [byte_step(n) for n in range(256)]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ STEPS[crc & 255 ^ byte]
    return crc ^ 0xFFFFFFFF
