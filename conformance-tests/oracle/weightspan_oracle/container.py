"""The container up to MALFORMED_INDEX, in the order of work of spec.md section 9 (steps 1 to 11)."""
import struct

from . import entries, messages, safetensors_header, schema_text, zstd
from .crc32c import crc32c
from .errors import FormatError, require
from .registry import ROLE_BASE, ROLE_BASIS, ROLE_SIBLING
from .safetensors_header import Tensor, matrix

MAGIC = bytes.fromhex("8f5753500d0a1a0a")
END_MAGIC = bytes.fromhex("0a1a0a0d5053578f")
WITH_LAYER = 1
KNOWN_TO_READ = WITH_LAYER
MAX_FRONT, MAX_INDEX = 1 << 20, 1 << 28
MAX_DEPENDENCIES, MAX_EXTENSIONS = 64, 64
MAX_TABLES, MAX_TABLE_SETS, MAX_TABLE_BYTES = 1024, 1024, 1 << 20
MAX_SCALES, MAX_FILE = 1 << 28, 1 << 62
MAX_DIRECTIONS = 1 << 20
MAX_ONE_CHECKSUM = 65_536
SAFETENSORS, OPAQUE = 1, 2
RAW, ZSTD, ZSTD_LENGTHS = 0, 1, 2
CODINGS = (RAW, ZSTD)  # of chunks other than the schema's (R-MSG-009)
STRUCTURE, CHUNKS, FULL = 0, 1, 2


def align(offset):
    return (offset + 7) & ~7


class Container:
    """A container whose steps 1 to 11 hold. `data` is all of it; `level` as in R-ROL-001.

    `file` is the Part of the file's tensors, `layer` that of the layer's or None.
    """

    def __init__(self, data, level=FULL, name=None):
        self.data, self.level, self.name = data, level, name
        try:
            self.header()
            self.trailer()
            self.sections()
            self.parse_messages()
            self.places()
            self.read_schema()
            self.read_layer()
            self.file.check()
            if level == FULL:
                self.padding()
        except FormatError as error:
            error.container = error.container or name
            raise

    # steps 1 and 2

    def header(self):
        data = self.data
        require(len(data) >= 104, "TRUNCATED", f"{len(data)} bytes")
        (magic, version, kind, self.front_length, self.to_read, self.to_write, self.ignorable, self.first_end, self.front_crc,
         reserved, crc) = struct.unpack_from("<8sHHIQQQQIQI", data)
        require(magic == MAGIC, "BAD_MAGIC", "not a container", 0)
        require(version == 1, "UNSUPPORTED_VERSION", f"major version {version}", 8)
        self.check_crc(data[:60], crc, "HEADER_CHECKSUM", 0)
        require(kind == 1, "UNSUPPORTED_KIND", f"kind {kind}", 10)
        require(not self.to_read & ~KNOWN_TO_READ, "UNSUPPORTED_FEATURE", f"required_to_read {self.to_read:#x}", 16)
        require(reserved == 0, "RESERVED_NOT_ZERO", "reserved bytes of the header", 52)

    # step 3

    def trailer(self):
        at = len(self.data) - 40
        self.index_offset, length, self.index_length, self.index_crc, self.index_decoded, crc, magic = struct.unpack_from(
            "<QQIIII8s", self.data, at)
        require(magic == END_MAGIC, "TRUNCATED", "another end magic", at + 32)
        require(length == len(self.data), "TRUNCATED", f"{len(self.data)} bytes instead of {length}", at + 8)
        self.check_crc(self.data[at:at + 28], crc, "TRAILER_CHECKSUM", at)

    # steps 4 to 6

    def sections(self):
        data = self.data
        require(self.front_length <= MAX_FRONT, "LIMIT_EXCEEDED", f"a Front of {self.front_length} bytes", 12)
        require(self.index_length <= MAX_INDEX, "LIMIT_EXCEEDED", f"an Index of {self.index_length} bytes")
        require(self.index_decoded <= MAX_INDEX, "LIMIT_EXCEEDED", f"an Index of {self.index_decoded} bytes")
        self.front_end = 64 + self.front_length
        self.index_end = self.index_offset + self.index_length
        require(self.front_end <= self.first_end <= self.index_offset <= len(data) - 40, "BAD_LAYOUT", "sections out of order")
        require(self.index_offset % 8 == 0, "BAD_LAYOUT", "an INDEX that is not aligned")
        require(align(self.index_end) == len(data) - 40, "BAD_LAYOUT", "an INDEX that does not end at the trailer")
        self.check_crc(data[64:self.front_end], self.front_crc, "FRONT_CHECKSUM", 64)
        self.check_crc(data[self.index_offset:self.index_end], self.index_crc, "INDEX_CHECKSUM", self.index_offset)

    # step 7

    def parse_messages(self):
        self.front = front = messages.parse(messages.FRONT, self.data[64:self.front_end])
        self.file = Part(self, messages.parse(messages.INDEX, self.index_message()), in_layer=False)
        self.schema_chunk, self.dependencies = front["schema"], front["dependencies"]
        self.limits(self.claims())
        self.limits(self.file.claims())
        self.check_front()

    def limits(self, claims):
        for count, most, what in claims:
            require(count <= most, "LIMIT_EXCEEDED", f"{count} {what}")

    def index_message(self):
        stored = self.data[self.index_offset:self.index_end]
        if self.index_decoded == 0:
            return stored
        try:
            return zstd.decompress(stored, self.index_decoded)
        except zstd.ZstdError as error:
            raise FormatError("MALFORMED_MESSAGE", f"INDEX: {error}", self.index_offset) from error

    def claims(self):
        front = self.front
        yield len(self.dependencies), MAX_DEPENDENCIES, "dependencies"
        yield len(front["extensions"]), MAX_EXTENSIONS, "extensions"
        yield front["file_length"], MAX_FILE, "bytes of the file"
        if self.schema_chunk:
            yield self.schema_chunk["decoded_length"], safetensors_header.MAX_HEADER + 8, "bytes of the schema"
        if front["layer"] and front["layer"]["index"]:
            chunk = front["layer"]["index"]
            yield max(chunk["stored_length"], chunk["decoded_length"]), MAX_INDEX, "bytes of the layer's Index"

    def check_front(self):
        def front(condition, message):
            require(condition, "MALFORMED_FRONT", message, 64)

        front(self.front["layout"] in (SAFETENSORS, OPAQUE), "an unknown layout")
        front(len(self.front["file_sha256"]) == 32, "a file digest that is not 32 bytes")
        front((self.schema_chunk is not None) == (self.front["layout"] == SAFETENSORS), "the schema chunk against the layout")
        layer = self.front["layer"]
        front((layer is not None) == bool(self.to_read & WITH_LAYER), "the layer against the feature bit")
        if layer:
            front(layer["index"] is not None and self.front["layout"] == SAFETENSORS, "a layer without an Index or a schema")
            front(len(layer["file_sha256"]) == 32, "a digest of the layer that is not 32 bytes")
        near = self.front["approximation"]
        front(near is None or len(near["original_sha256"]) == 32, "a digest of the original that is not 32 bytes")
        for chunk, more in ((self.schema_chunk, (ZSTD_LENGTHS,)), (layer and layer["index"], ())):
            front(chunk is None or chunk["coding"] in CODINGS + more, "an unknown chunk coding")
            front(raw_agrees(chunk), "a RAW chunk with two lengths")
        for dependency in self.dependencies:
            front(len(dependency["object_sha256"]) == 32, "a digest that is not 32 bytes")
            front(len(dependency["file_sha256"]) == 32, "a digest that is not 32 bytes")
            front(dependency["role"] in (ROLE_BASE, ROLE_SIBLING, ROLE_BASIS), "an unknown role")
        objects = {dependency["object_sha256"] for dependency in self.dependencies}
        front(len(objects) == len(self.dependencies), "a dependency stands twice")

    # step 8

    def places(self):
        self.first = align(self.front_end)
        self.layer_at = self.first + (self.schema_chunk["stored_length"] if self.schema_chunk else 0)
        first_end = self.layer_at
        if self.front["layer"]:
            first_end += self.front["layer"]["index"]["stored_length"] + self.front["layer"]["data_length"]
        require(first_end == self.first_end, "BAD_LAYOUT", "first_part_length is not the end of FIRST", 40)
        end = self.file.place(align(first_end))
        require(align(end) == self.index_offset, "BAD_LAYOUT", "chunks and blocks do not fill DATA")

    # step 9

    def read_schema(self):
        if self.front["layout"] == OPAQUE:
            self.schema = b""
            length = self.front["file_length"]
            self.tensors = [Tensor("", "U8", [length], 0, length)]
        else:
            self.schema = self.chunk(self.schema_chunk, self.first)
            self.tensors = safetensors_header.parse(self.schema, self.front["file_length"])

    def chunk(self, chunk, at):
        """The decoded bytes of a chunk (R-MSG-007, R-MSG-008, R-MSG-010)."""
        stored = self.data[at:at + chunk["stored_length"]]
        if self.level >= CHUNKS:
            self.check_crc(stored, chunk["crc32c"], "CHUNK_CHECKSUM", at)
        if chunk["coding"] == RAW:
            return stored
        length = chunk["decoded_length"]
        try:
            if chunk["coding"] == ZSTD_LENGTHS:
                return schema_text.schema(zstd.decompress(stored, most=length), length, at)
            return zstd.decompress(stored, length)
        except zstd.ZstdError as error:
            raise FormatError("MALFORMED_CHUNK", str(error), at) from None

    def read_layer(self):
        self.layer = None
        layer = self.front["layer"]
        if layer:
            self.layer = Part(self, messages.parse(messages.INDEX, self.chunk(layer["index"], self.layer_at)), in_layer=True)
            self.limits(self.layer.claims())
            begin = self.layer_at + layer["index"]["stored_length"]
            require(self.layer.place(begin) == begin + layer["data_length"], "BAD_LAYOUT", "chunks and blocks do not fill the layer", begin)
            self.layer.check()

    # step 11

    def padding(self):
        ends = (self.front_end, self.first_end, self.file.end, self.index_end)
        for end in ends:
            require(not any(self.data[end:align(end)]), "NONZERO_PADDING", "padding", end)

    def check_crc(self, stored, crc, code, at, tensor=None):
        require(crc32c(stored) == crc, code, "wrong CRC32C", at, tensor)


class Part:
    """What one Index lists and where it is: the file's tensors in DATA, or the layer's in FIRST."""

    def __init__(self, container, index, in_layer):
        self.container, self.index, self.in_layer = container, index, in_layer
        self.tables_chunk, self.scales_chunk = index["tables"], index["scales"]

    def claims(self):
        index = self.index
        yield len(index["tensors"]), safetensors_header.MAX_TENSORS, "tensors"
        yield index["table_count"], MAX_TABLES, "tables"
        yield len(index["table_sets"]), MAX_TABLE_SETS, "table sets"
        yield sum(len(entry["left"]) + len(entry["right"]) for entry in index["tensors"]), MAX_DIRECTIONS, "Directions"
        if self.tables_chunk:
            yield max(self.tables_chunk["stored_length"], self.tables_chunk["decoded_length"]), MAX_TABLE_BYTES, "bytes of tables"
        if self.scales_chunk:
            yield self.scales_chunk["decoded_length"], MAX_SCALES, "bytes of scales"

    def place(self, at):
        """Lay out the chunks and blocks from `at` on: the end of the last."""
        self.tables_at = at
        at += self.tables_chunk["stored_length"] if self.tables_chunk else 0
        self.scales_at = at
        at += self.scales_chunk["stored_length"] if self.scales_chunk else 0
        self.blocks_at = []
        for entry in self.index["tensors"]:
            self.blocks_at.append(at)
            at += sum(entry["block_lengths"])
        self.end = at
        blocks = sum(len(entry["block_lengths"]) for entry in self.index["tensors"])
        require(max(blocks, len(self.index["block_crc32c"])) <= len(self.container.data), "BAD_LAYOUT", "more blocks than bytes")
        return at

    # step 10

    def check(self):
        self.tensors = self.container.tensors
        listed = self.index["tensors"]
        require(len(listed) == len(self.tensors), "MALFORMED_INDEX", f"{len(listed)} entries for {len(self.tensors)} tensors")
        digests, checksums = self.index["tensor_sha256"], self.index["block_crc32c"]
        wanted = 0 if self.in_layer else 32 * len(listed)
        require(len(digests) in (0, wanted), "MALFORMED_INDEX", f"{len(digests)} bytes of digests for {len(listed)} tensors")
        self.digests = [digests[at:at + 32] for at in range(0, len(digests), 32)]
        self.checksums, blocks = [], 0
        self.row_scales, self.column_scales = [], []
        for number, (entry, tensor) in enumerate(zip(listed, self.tensors)):
            entries.check(self, number)
            rows, columns = matrix(tensor.shape, entry["row_dims"])
            self.row_scales.append(rows if entry["has_row_scales"] else 0)
            self.column_scales.append(columns if entry["has_column_scales"] else 0)
            self.checksums.append(checksums[blocks:blocks + len(entry["block_lengths"])])
            blocks += len(entry["block_lengths"])
        self.one_checksum = len(checksums) == 1 and blocks > 1
        require(len(checksums) == blocks or self.one_checksum, "MALFORMED_INDEX", f"{len(checksums)} checksums of {blocks} blocks")
        if self.one_checksum:
            stored = sum(sum(entry["block_lengths"]) for entry in listed)
            require(stored <= MAX_ONE_CHECKSUM, "LIMIT_EXCEEDED", f"{stored} bytes of blocks with one checksum")
        self.together_checked = False
        self.check_table_sets()
        for chunk in (self.tables_chunk, self.scales_chunk):
            require(raw_agrees(chunk), "MALFORMED_INDEX", "a RAW chunk with two lengths")
        tables = self.tables_chunk
        require((tables is not None) == (self.index["table_count"] > 0), "MALFORMED_INDEX", "the tables chunk against table_count")
        require(tables is None or tables["coding"] == RAW, "MALFORMED_INDEX", "a tables chunk that is not RAW")
        scales = self.scales_chunk or {"coding": RAW, "decoded_length": 0}
        require(scales["coding"] in CODINGS, "MALFORMED_INDEX", "an unknown chunk coding")
        require(scales["decoded_length"] == sum(self.row_scales) + sum(self.column_scales), "MALFORMED_INDEX", "the number of scales")

    def check_together(self):
        """The one checksum of all blocks (R-IDX-013), once."""
        if self.one_checksum and not self.together_checked:
            first = self.scales_at + (self.scales_chunk["stored_length"] if self.scales_chunk else 0)
            self.container.check_crc(self.container.data[first:self.end], self.index["block_crc32c"][0], "CHUNK_CHECKSUM", first)
            self.together_checked = True

    def check_table_sets(self):
        for table_set in self.index["table_sets"]:
            ends = table_set["segment_ends"]
            ascending = all(a < b for a, b in zip(ends, ends[1:]))
            require(ends and ascending and ends[-1] == 128, "MALFORMED_INDEX", "segment_ends")
            require(table_set["first_table"] + len(ends) <= self.index["table_count"], "MALFORMED_INDEX", "a set past table_count")


def raw_agrees(chunk):
    return chunk is None or chunk["coding"] != RAW or chunk["stored_length"] == chunk["decoded_length"]
