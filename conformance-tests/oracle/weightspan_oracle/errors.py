"""The closed list of error codes (spec.md section 9)."""

CODES = (
    "TRUNCATED", "BAD_MAGIC", "UNSUPPORTED_VERSION", "HEADER_CHECKSUM", "UNSUPPORTED_KIND", "UNSUPPORTED_FEATURE",
    "RESERVED_NOT_ZERO", "TRAILER_CHECKSUM", "LIMIT_EXCEEDED", "BAD_LAYOUT", "FRONT_CHECKSUM", "INDEX_CHECKSUM",
    "MALFORMED_MESSAGE", "MALFORMED_FRONT", "CHUNK_CHECKSUM", "MALFORMED_CHUNK", "DUPLICATE_NAME",
    "MALFORMED_SCHEMA", "UNKNOWN_ENCODING", "MALFORMED_INDEX", "NONZERO_PADDING", "MALFORMED_TABLE",
    "MISSING_DEPENDENCY", "WRONG_DEPENDENCY", "MALFORMED_BLOCK", "TENSOR_DIGEST", "FILE_DIGEST",
)


class FormatError(Exception):
    """Bytes that the spec says to refuse (R-ROL-004, R-ERR-001)."""

    def __init__(self, code, message, offset=None, tensor=None):
        assert code in CODES, code
        super().__init__(message)
        self.code = code
        self.message = message
        self.container = None
        self.offset = offset
        self.tensor = tensor

    def __str__(self):
        where = [self.container] if self.container else []
        if self.offset is not None:
            where.append(f"offset {self.offset}")
        if self.tensor is not None:
            where.append(f"tensor {self.tensor!r}")
        return f"{self.code} {self.message}" + (f" ({', '.join(where)})" if where else "")


def require(condition, code, message, offset=None, tensor=None):
    if not condition:
        raise FormatError(code, message, offset, tensor)
