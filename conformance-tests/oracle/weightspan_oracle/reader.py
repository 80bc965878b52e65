"""Records: tensors out of their predictions and residuals, the original file out of its tensors (spec.md section 8)."""
import hashlib
import os

import numpy as np

from . import balanced, bounded, cells, integers, lowrank, modes, product, rans, residuals
from .container import CHUNKS, FULL, SAFETENSORS, Container
from .entries import Pair, direction_counts
from .errors import FormatError, require
from .registry import BALANCED, BLOCK, BOUNDED, BYTES, BYTES_BLOCK, CELLS, DELTA, DIRECT, EQUAL, FACTOR_LEFT, FACTORS, NONE, PRODUCT
from .residuals import Coding
from .safetensors_header import matrix
from .sources import Sources, wrong


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


class Tensors(Sources):
    """The tensors of a part of a record: decoded one by one, what is decoded kept."""

    def __init__(self, record, part, objects):
        super().__init__(record, part, objects, Record)
        self.decoded = {}
        self.products = {}
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
            if entry["row_dims"] and residual in (DIRECT, DELTA, BOUNDED, CELLS):
                self.load_scales()
        self.depth(number)
        if residual == EQUAL:
            source, place = self.sources(number)[0]
            return source.tensor(place)
        if residual in (DIRECT, DELTA, CELLS):
            return self.decode_direct(number, tensor, entry)
        if residual == BOUNDED:
            bits = self.decode_bounded(number, tensor, entry)
        elif residual == FACTORS:
            bits = self.decode_lowrank(number, tensor, entry)
        elif entry["predictor"] == PRODUCT:
            bits = self.decode_product(number, tensor, entry)
        elif entry["predictor"] == BALANCED:
            bits = self.decode_balanced(number, tensor, entry)
        else:
            bits = self.decode_modes(number, tensor, entry)
        return bits.astype(Coding(tensor, 0).type).tobytes()

    def decode_direct(self, number, tensor, entry):
        """A tensor of residual direct, delta or cells."""
        predicted = self.prediction(number, tensor) if entry["residual"] != DIRECT else None
        y = self.record.layer.sums(number) if entry["residual"] == CELLS else None
        coding = Coding(tensor, entry["shift"])
        table_of = self.table_of(entry)
        out, first = [], 0
        for stored, count in zip(self.blocks(number), block_sizes(tensor.elements, BLOCK)):
            scale = self.scale(number, tensor, entry, np.arange(first, first + count))
            u = None if predicted is None else predicted[first:first + count]
            found = None if y is None else cells.contexts_and_sides(y[first:first + count], u, scale, tensor)
            out.append(residuals.decode_float(stored, count, coding, scale, table_of, u, found))
            first += count
        return b"".join(out)

    def prediction(self, number, tensor):
        """The bits of the elements that the source, or the center, predicts."""
        source, place = self.sources(number)[0]
        origin = source.part.tensors[place]
        elements = np.frombuffer(source.tensor(place), Coding(origin, 0).type).astype(np.uint64)
        return residuals.predict(elements, tensor.dtype, origin.dtype)

    def values_and_bits(self, number, tensor):
        """The elements of the source, or of the center, as binary32, and what they predict."""
        source, place = self.sources(number)[0]
        return modes.elements_f32(source.tensor(place), source.part.tensors[place].dtype), self.prediction(number, tensor)

    def decode_bounded(self, number, tensor, entry):
        p, bits = np.zeros(tensor.elements, np.float32), np.zeros(tensor.elements, np.uint64)
        if entry["predictor"] != NONE and tensor.elements:
            p, bits = self.values_and_bits(number, tensor)
        table_of = self.table_of(entry)
        out, first = [bits[:0]], 0
        for stored, count in zip(self.blocks(number), block_sizes(tensor.elements, BLOCK)):
            scale = self.scale(number, tensor, entry, np.arange(first, first + count))
            out.append(bounded.decode(stored, scale, table_of, tensor, entry["step"], p[first:first + count], bits[first:first + count]))
            first += count
        return np.concatenate(out)

    def numbers(self, number, count, contexts):
        """`count` integers, in blocks; contexts: a function of their places."""
        table_of = self.table_of(self.part.index["tensors"][number])
        out, first = [], 0
        for stored, size in zip(self.blocks(number), block_sizes(count, BLOCK)):
            out.append(integers.decode_whole(stored, contexts(np.arange(first, first + size)), table_of))
            first += size
        return np.concatenate(out)

    def decode_lowrank(self, number, tensor, entry):
        center, center_bits = self.values_and_bits(number, tensor) if entry["centred"] else (None, None)
        return modes.predicted(self.product_of(number, tensor, entry), entry["step"], center, tensor.dtype, center_bits)

    def product_of(self, number, tensor, entry):
        """d(i, j) of a tensor of lowrank."""
        rows, columns = matrix(tensor.shape, entry["matrix_dims"])
        numbers = self.numbers(number, entry["rank"] * (rows + columns), lambda places: lowrank.contexts(places, rows, columns))
        return lowrank.difference(numbers, entry["rank"], rows, columns)

    def sums(self, number):
        """y of a tensor of lowrank."""
        tensor, entry = self.part.tensors[number], self.part.index["tensors"][number]
        self.load_tables()
        self.depth(number)
        center = self.values_and_bits(number, tensor)[0] if entry["centred"] else None
        return modes.sums(self.product_of(number, tensor, entry), entry["step"], center)

    def decode_modes(self, number, tensor, entry):
        center, center_bits = self.values_and_bits(number, tensor) if entry["centred"] else (None, None)
        q, left, right = self.core(number, direction_counts(entry, *matrix(tensor.shape, entry["matrix_dims"])))
        d = modes.difference(q, left, right)
        return modes.predicted(d, entry["step"], center, tensor.dtype, center_bits)

    def decode_product(self, number, tensor, entry):
        """A factor of a pair, whose tensors are made together."""
        pair = Pair(self.part, number)
        holder = pair.holder.number
        if holder not in self.products:
            q, left, right = self.core(holder, (pair.k, pair.l))
            self.products[holder] = product.factors(q, pair.r, pair.holder["step"], left, right)
        one = self.products[holder][0 if entry["factor"] == FACTOR_LEFT else 1]
        return modes.rounded(product.narrowed(one).reshape(-1), tensor.dtype)

    def decode_balanced(self, number, tensor, entry):
        """A factor of a pair whose factors each have coefficients."""
        pair = Pair(self.part, number)
        left, right = (self.undivided(one) for one in (pair.left, pair.right))
        one = balanced.factors(left, right)[0 if entry["factor"] == FACTOR_LEFT else 1]
        return modes.rounded(product.narrowed(one).reshape(-1), tensor.dtype)

    def undivided(self, entry):
        """A factor before it is balanced, in binary32."""
        q, left, right = self.core(entry.number, direction_counts(entry, *entry.matrix))
        return modes.sums(modes.difference(q, left, right), entry["step"], None).reshape(entry.matrix)

    def core(self, number, shape):
        """The k x l coefficients and the values of the left and of the right directions."""
        sides = [self.directions(side) for side in self.sides(number)]
        (left, left_levels), (right, right_levels) = sides
        scale = self.part.index["tensors"][number]["scale"]

        def contexts(places):
            levels = np.full(len(places), scale, np.int64)
            levels += 0 if left_levels is None else left_levels[places // shape[1]]
            levels += 0 if right_levels is None else right_levels[places % shape[1]]
            return np.clip(levels, 0, 127)

        return self.numbers(number, shape[0] * shape[1], contexts).reshape(shape), left, right

    def directions(self, side):
        """Values and levels of one side's directions, in order; (None, None): the identity."""
        if not side.entries:
            return None, None
        values, levels = [], []
        for directions in side.entries:
            tensors = self.direction_tensors(directions, side)
            (source, place), count = tensors[0], directions["count"]
            vectors, *more = (source.tensor(place) for source, place in tensors)
            origin = source.part.tensors[place]
            if self.is_basis(directions):
                scales, level_bytes = more
                value = modes.direction_values(vectors, origin.dtype, scales, count, side.length)
                levels.append(np.frombuffer(level_bytes, np.int8)[:count].astype(np.int64))
            else:
                value = modes.plain_direction_values(vectors, origin.dtype, matrix(origin.shape, side.matrix_dims), count, side.name)
                levels.append(np.zeros(count, np.int64))
            wrong(np.isfinite(value).all(), "a direction that is not finite", side.tensor)
            values.append(value)
        return np.concatenate(values), np.concatenate(levels)

    def blocks(self, number):
        """The stored bytes of a tensor's blocks, their CRC32C checked, or that of all blocks (R-IDX-013)."""
        c, part = self.record.container, self.part
        entry = part.index["tensors"][number]
        at = part.blocks_at[number]
        for block, length in enumerate(entry["block_lengths"]):
            stored = c.data[at:at + length]
            if self.level >= CHUNKS and part.one_checksum:
                part.check_together()
            elif self.level >= CHUNKS:
                c.check_crc(stored, part.checksums[number][block], "CHUNK_CHECKSUM", at)
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
