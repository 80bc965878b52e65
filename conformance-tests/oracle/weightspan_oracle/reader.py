"""Records: tensors out of their predictions and residuals, the original file out of its tensors (spec.md section 8)."""
import hashlib
import os

import numpy as np

from . import modes, rans, residuals
from .container import (
    BLOCK, BYTES, BYTES_BLOCK, CHUNKS, COEFFICIENTS, DELTA, EQUAL, FULL, LAYER, MODES, NONE, SAFETENSORS, SELF, Container,
    direction_counts, matrix, require)
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


class NoLayer(Exception):
    """The layer of a record without one was asked for."""

    def __str__(self):
        return f"{self.args[0]} has no layer"


class Record:
    """A record: the tensors of its file and, where it has one, of its layer."""

    def __init__(self, data, objects, level=FULL, name=None):
        self.container = Container(data, level, name)
        self.level, self.name = level, name
        self.file = Tensors(self, self.container.file, objects)
        self.layer = Tensors(self, self.container.layer, objects) if self.container.layer else None

    def read(self, view="file"):
        """The original file (R-DEC-001), or that of the layer; at level FULL the strict validator's checks are all made."""
        if view == "span" and self.layer is None:
            raise NoLayer(self.name)
        try:
            if view == "span":
                return self.read_layer()
            file = self.file.read()
            if self.level == FULL:
                digest = hashlib.sha256(file).digest()
                require(digest == self.container.front["file_sha256"], "FILE_DIGEST", "the file has another SHA-256")
                if self.layer:
                    self.read_layer()
            return file
        except FormatError as error:
            error.container = error.container or self.name
            raise

    def read_layer(self):
        """The file that the layer decodes to (R-LYR-005)."""
        file = self.layer.read()
        if self.level == FULL:
            digest = hashlib.sha256(file).digest()
            require(digest == self.container.front["layer"]["file_sha256"], "FILE_DIGEST", "the layer's file has another SHA-256")
        return file


class Tensors:
    """The tensors of a part of a record: decoded one by one, what is decoded kept."""

    def __init__(self, record, part, objects):
        self.record, self.part, self.objects = record, part, objects
        self.level, self.name = record.level, record.name
        self.decoded = {}
        self.depths = {}
        self.tables = None
        self.scales = None

    def read(self):
        """The schema and all tensors."""
        parts = [self.record.container.schema] + [self.tensor(n) for n in range(len(self.part.tensors))]
        if self.level == FULL:
            self.load_tables()
            self.load_scales()
        return b"".join(parts)

    def load_tables(self):
        if self.tables is None:
            self.tables = rans.read_tables(self.chunk(self.part.tables_chunk, self.part.tables_at), self.part.index["table_count"])

    def load_scales(self):
        if self.scales is None:
            self.scales = np.frombuffer(self.chunk(self.part.scales_chunk, self.part.scales_at), np.int8).astype(np.int64)

    def chunk(self, chunk, at):
        return self.record.container.chunk(chunk, at) if chunk else b""

    def sources(self, number):
        """The tensors that predict tensor `number`, each as (Tensors, its number); the center or only one first."""
        entry, tensor = self.part.index["tensors"][number], self.part.tensors[number]
        if entry["predictor"] == NONE:
            return []
        if entry["predictor"] == SELF:
            return [(self, entry["source_tensor"])]
        if entry["predictor"] == LAYER:
            return [(self.record.layer, number)]
        out = []
        if entry["predictor"] != MODES or entry["centred"]:
            out.append(self.source(entry, tensor))
        if entry["predictor"] == MODES:
            rows, columns = matrix(tensor.shape, entry["matrix_dims"])
            for side, length in (("left", rows), ("right", columns)):
                for directions in entry[side]:
                    out += self.direction_tensors(directions, length, tensor.name)
        return out

    def source(self, entry, tensor):
        """The tensor of a dependency that predicts a tensor or is its center."""
        source, place = self.of_dependency(entry["dependency"]), entry["source_tensor"]
        wrong(place < len(source.part.tensors), "no such source tensor", tensor.name)
        origin = source.part.tensors[place]
        allowed = [tensor.dtype]
        if entry["residual"] in (DELTA, COEFFICIENTS):
            allowed += {"F32": ["BF16"], "BF16": ["F32"]}.get(tensor.dtype, [])
        wrong(origin.elements == tensor.elements and origin.dtype in allowed, "a source that does not match", tensor.name)
        return source, place

    def of_dependency(self, dependency):
        return self.objects.container(self.record.container.dependencies[dependency], self.level, Record).file

    def direction_tensors(self, directions, length, name):
        """The directions, their scales and their levels (R-MOD-001)."""
        source, place = self.of_dependency(directions["dependency"]), directions["tensor"]
        wrong(place + 2 < len(source.part.tensors), "no such directions", name)
        vectors, scales, levels = source.part.tensors[place:place + 3]
        wrong(vectors.dtype in ("I8", "BF16", "F32") and len(vectors.shape) == 2, "directions of another dtype or shape", name)
        count = vectors.shape[0]
        wrong(vectors.shape[1] == length, "directions of another length", name)
        wrong((scales.dtype, scales.shape) == ("F32", [count]), "no scales of the directions", name)
        wrong((levels.dtype, levels.shape) == ("I8", [count]), "no levels of the directions", name)
        wrong(directions["count"] <= count, f"{directions['count']} of {count} directions", name)
        return [(source, place + n) for n in range(3)]

    def depth(self, number):
        """R-DEC-005."""
        if number not in self.depths:
            depth = max((1 + source.depth(place) for source, place in self.sources(number)), default=0)
            require(depth <= MAX_DEPTH, "LIMIT_EXCEEDED", f"depth {depth}", tensor=self.part.tensors[number].name)
            self.depths[number] = depth
        return self.depths[number]

    def tensor(self, number):
        """The bytes of a tensor."""
        if number not in self.decoded:
            tensor = self.part.tensors[number]
            entry = self.part.index["tensors"][number]
            try:
                data = self.decode(number, tensor, entry)
            except FormatError as error:
                error.tensor = error.tensor or tensor.name
                error.container = error.container or self.name
                raise
            if self.level == FULL and self.part.digests:
                require(hashlib.sha256(data).digest() == self.part.digests[number], "TENSOR_DIGEST", "another SHA-256", tensor=tensor.name)
            self.decoded[number] = data
        return self.decoded[number]

    def decode(self, number, tensor, entry):
        residual = entry["residual"]
        if residual == BYTES:
            lengths = block_sizes(tensor.length, BYTES_BLOCK)
            return b"".join(residuals.decode_bytes(s, n) for s, n in zip(self.blocks(number), lengths))
        if residual != EQUAL:
            self.load_tables()
            if entry["row_dims"] and residual != COEFFICIENTS:
                self.load_scales()
        self.depth(number)
        if residual == EQUAL:
            source, place = self.sources(number)[0]
            return source.tensor(place)
        if residual == COEFFICIENTS:
            return self.decode_modes(number, tensor, entry)
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
        """The bits of the elements that the source, or the center, predicts."""
        source, place = self.sources(number)[0]
        origin = source.part.tensors[place]
        elements = np.frombuffer(source.tensor(place), Coding(origin, 0).type).astype(np.uint64)
        return residuals.predict(elements, tensor.dtype, origin.dtype)

    def decode_modes(self, number, tensor, entry):
        """A tensor of predictor modes and residual coefficients."""
        center = center_bits = None
        if entry["centred"]:
            source, place = self.sources(number)[0]
            center = modes.elements_f32(source.tensor(place), source.part.tensors[place].dtype)
            center_bits = self.prediction(number, tensor)
        rows, columns = matrix(tensor.shape, entry["matrix_dims"])
        left_count, right_count = direction_counts(entry, rows, columns)
        left, left_levels = self.directions(entry["left"], rows, tensor.name)
        right, right_levels = self.directions(entry["right"], columns, tensor.name)
        table_of = self.table_of(entry)
        out, first = [], 0
        for stored, count in zip(self.blocks(number), block_sizes(left_count * right_count, BLOCK)):
            place = np.arange(first, first + count)
            levels = np.zeros(count, np.int64)
            levels += 0 if left_levels is None else left_levels[place // right_count]
            levels += 0 if right_levels is None else right_levels[place % right_count]
            out.append(modes.decode_coefficients(stored, np.clip(levels + entry["scale"], 0, 127), table_of))
            first += count
        d = modes.difference(np.concatenate(out).reshape(left_count, right_count), left, right)
        return modes.predicted(d, entry["step"], center, tensor.dtype, center_bits).astype(Coding(tensor, 0).type).tobytes()

    def directions(self, entries, length, name):
        """Values and levels of one side's directions, in order; (None, None): the identity."""
        if not entries:
            return None, None
        values, levels = [], []
        for directions in entries:
            tensors = self.direction_tensors(directions, length, name)
            vectors, scales, level_bytes = (source.tensor(place) for source, place in tensors)
            source, place = tensors[0]
            count = directions["count"]
            value = modes.direction_values(vectors, source.part.tensors[place].dtype, scales, count, length)
            wrong(np.isfinite(value).all(), "a direction that is not finite", name)
            values.append(value)
            levels.append(np.frombuffer(level_bytes, np.int8)[:count].astype(np.int64))
        return np.concatenate(values), np.concatenate(levels)

    def blocks(self, number):
        """The stored bytes of a tensor's blocks, their CRC32C checked."""
        c, part = self.record.container, self.part
        entry = part.index["tensors"][number]
        at = part.blocks_at[number]
        for length, crc in zip(entry["block_lengths"], part.checksums[number]):
            stored = c.data[at:at + length]
            if self.level >= CHUNKS:
                c.check_crc(stored, crc, "CHUNK_CHECKSUM", at)
            at += length
            yield stored

    def table_of(self, entry):
        table_set = self.part.index["table_sets"][entry["table_set"]]
        by_context, begin = [], 0
        for n, end in enumerate(table_set["segment_ends"]):
            by_context += [self.tables[table_set["first_table"] + n]] * (end - begin)
            begin = end
        return lambda contexts: [by_context[c] for c in contexts.tolist()]

    def scale(self, number, tensor, entry, elements):
        """S(i) (encodings/scales.md, R-SCL-001)."""
        c = self.part
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
