"""The schema out of the text of the chunk coding ZSTD_LENGTHS (spec.md, R-SCH-011 and R-SCH-012)."""
import re

from .errors import require

OFFSETS = re.compile(rb'"data_offsets":\[(0|[1-9][0-9]{0,14})\]')
MAX_TOTAL = 1 << 62


def header(text, at=None):
    """The JSON header: a length becomes two offsets, the total before and after it."""
    total = 0

    def offsets(found):
        nonlocal total
        begin = total
        total += int(found[1])
        require(total <= MAX_TOTAL, "MALFORMED_CHUNK", f"tensors of {total} bytes", at)
        return b'"data_offsets":[%d,%d]' % (begin, total)

    return OFFSETS.sub(offsets, text)


def schema(text, length, at=None):
    """The schema of `length` bytes."""
    json = header(text, at)
    out = len(json).to_bytes(8, "little") + json
    require(len(out) == length, "MALFORMED_CHUNK", f"a schema of {len(out)} bytes, not {length}", at)
    return out
