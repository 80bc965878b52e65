"""Records: tensors out of their predictions and residuals, the original file out of its tensors (spec.md section 8)."""
import hashlib
import os

import numpy as np

from . import rans, residuals
from .container import (
    BLOCK, BYTES, BYTES_BLOCK, CHUNKS, DELTA, EQUAL, FULL, NONE, SAFETENSORS, SELF, Container, require)
from .errors import FormatError
from .residuals import Coding

MAX_DEPTH = 4


class Objects:
    """Stored objects by their digest: the files of a folder, named by the SHA-256 of their bytes in hex."""

    def __init__(self, folder=None):
        self.folder = folder
        self.open = {}

    def container(self, dependency, level, readers):
        """The record that a dependency names (R-DEC-002 to R-DEC-004)."""
        digest = dependency["object_sha256"].hex()
        path = os.path.join(self.folder, digest) if self.folder else None
        if path is None or not os.path.isfile(path):
            raise FormatError("MISSING_DEPENDENCY", digest)
        if digest not in self.open:
            with open(path, "rb") as file:
                data = file.read()
            wrong(hashlib.sha256(data).hexdigest() == digest, f"the object {digest} has another SHA-256")
            self.open[digest] = readers(data, self, level, digest)
        record = self.open[digest]
        wrong(record.container.front["file_sha256"] == dependency["file_sha256"], f"{digest} is of another file")
        wrong(record.container.front["layout"] == SAFETENSORS, f"{digest} is no safetensors file")
        return record


def wrong(condition, message, tensor=None):
    require(condition, "WRONG_DEPENDENCY", message, tensor=tensor)


class Record:
    """A record that decodes tensor by tensor, keeping what it decoded."""

    def __init__(self, data, objects, level=FULL, name=None):
        self.container = Container(data, level, name)
        self.data, self.objects, self.level, self.name = data, objects, level, name
        self.decoded = {}
        self.depths = {}
        self.tables = None
        self.scales = None

    def read(self):
        """The original file (R-DEC-001); at level FULL the strict validator's checks are all made."""
        try:
            parts = [self.container.schema] + [self.tensor(n) for n in range(len(self.container.tensors))]
            if self.level == FULL:
                self.load_tables()
                self.load_scales()
            file = b"".join(parts)
            if self.level == FULL:
                digest = hashlib.sha256(file).digest()
                require(digest == self.container.front["file_sha256"], "FILE_DIGEST", "the file has another SHA-256")
            return file
        except FormatError as error:
            error.container = error.container or self.name
            raise

    def load_tables(self):
        if self.tables is None:
            c = self.container
            chunk = c.chunk(c.tables_chunk, c.tables_at) if c.tables_chunk else b""
            self.tables = rans.read_tables(chunk, c.index["table_count"])

    def load_scales(self):
        if self.scales is None:
            c = self.container
            chunk = c.chunk(c.scales_chunk, c.scales_at) if c.scales_chunk else b""
            self.scales = np.frombuffer(chunk, np.int8).astype(np.int64)

    def source(self, number):
        """The record and tensor number that predict tensor `number`, or None."""
        entry = self.container.index["tensors"][number]
        if entry["predictor"] == NONE:
            return None
        if entry["predictor"] == SELF:
            return self, entry["source_tensor"]
        dependency = self.container.dependencies[entry["dependency"]]
        record = self.objects.container(dependency, self.level, type(self))
        tensor = self.container.tensors[number]
        wrong(entry["source_tensor"] < len(record.container.tensors), "no such source tensor", tensor.name)
        source = record.container.tensors[entry["source_tensor"]]
        allowed = [tensor.dtype]
        if entry["residual"] == DELTA:
            allowed += {"F32": ["BF16"], "BF16": ["F32"]}.get(tensor.dtype, [])
        wrong(source.elements == tensor.elements and source.dtype in allowed, "a source that does not match", tensor.name)
        return record, entry["source_tensor"]

    def depth(self, number):
        """R-DEC-005."""
        if number not in self.depths:
            source = self.source(number)
            depth = 1 + source[0].depth(source[1]) if source else 0
            require(depth <= MAX_DEPTH, "LIMIT_EXCEEDED", f"depth {depth}", tensor=self.container.tensors[number].name)
            self.depths[number] = depth
        return self.depths[number]

    def tensor(self, number):
        """The bytes of a tensor."""
        if number not in self.decoded:
            tensor = self.container.tensors[number]
            entry = self.container.index["tensors"][number]
            try:
                data = self.decode(number, tensor, entry)
            except FormatError as error:
                error.tensor = error.tensor or tensor.name
                error.container = error.container or self.name
                raise
            if self.level == FULL:
                require(hashlib.sha256(data).digest() == self.container.digests[number], "TENSOR_DIGEST", "another SHA-256", tensor=tensor.name)
            self.decoded[number] = data
        return self.decoded[number]

    def decode(self, number, tensor, entry):
        residual = entry["residual"]
        if residual == BYTES:
            lengths = block_sizes(tensor.length, BYTES_BLOCK)
            return b"".join(residuals.decode_bytes(s, n) for s, n in zip(self.blocks(number), lengths))
        if residual != EQUAL:
            self.load_tables()
            if entry["row_dims"]:
                self.load_scales()
        self.depth(number)
        if residual == EQUAL:
            record, source = self.source(number)
            return record.tensor(source)
        predicted = self.prediction(number, tensor) if residual == DELTA else None
        coding = Coding(tensor, entry["shift"])
        table_of = self.table_of(entry)
        out, first = [], 0
        for stored, count in zip(self.blocks(number), block_sizes(tensor.elements, BLOCK)):
            scale = self.scale(number, tensor, entry, np.arange(first, first + count))
            u = None if predicted is None else predicted[first:first + count]
            out.append(residuals.decode_float(stored, count, coding, scale, table_of, u))
            first += count
        return b"".join(out)

    def prediction(self, number, tensor):
        record, source = self.source(number)
        origin = record.container.tensors[source]
        elements = np.frombuffer(record.tensor(source), Coding(origin, 0).type).astype(np.uint64)
        return residuals.predict(elements, tensor.dtype, origin.dtype)

    def blocks(self, number):
        """The stored bytes of a tensor's blocks, their CRC32C checked."""
        c = self.container
        entry = c.index["tensors"][number]
        at = c.blocks_at[number]
        for length, crc in zip(entry["block_lengths"], c.checksums[number]):
            stored = self.data[at:at + length]
            if self.level >= CHUNKS:
                c.check_crc(stored, crc, "CHUNK_CHECKSUM", at)
            at += length
            yield stored

    def table_of(self, entry):
        table_set = self.container.index["table_sets"][entry["table_set"]]
        by_context, begin = [], 0
        for n, end in enumerate(table_set["segment_ends"]):
            by_context += [self.tables[table_set["first_table"] + n]] * (end - begin)
            begin = end
        return lambda contexts: [by_context[c] for c in contexts.tolist()]

    def scale(self, number, tensor, entry, elements):
        """S(i) (encodings/scales.md, R-SCL-001)."""
        c = self.container
        scale = np.full(len(elements), entry["scale"], np.int64)
        at = sum(c.row_scales[:number]) + sum(c.column_scales[:number])
        columns = 1
        for dimension in tensor.shape[entry["row_dims"]:]:
            columns *= dimension
        if entry["has_row_scales"]:
            scale += self.scales[at:][elements // columns]
        if entry["has_column_scales"]:
            scale += self.scales[at + c.row_scales[number]:][elements % columns]
        return scale


def block_sizes(count, most):
    return [min(most, count - first) for first in range(0, count, most)]
