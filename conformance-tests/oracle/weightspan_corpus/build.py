"""Records put together from tensors and plans; every field can be spoiled on the way, checksums still right."""
import hashlib
import json
import struct

from . import coder, wire

MAGIC = bytes.fromhex("8f5753500d0a1a0a")
END_MAGIC = bytes.fromhex("0a1a0a0d5053578f")
NONE, BASE, SIBLING, SELF, MODES, LAYER, LOWRANK, PRODUCT, BALANCED = range(9)
EQUAL, BYTES, DIRECT, DELTA, COEFFICIENTS, BOUNDED, FACTORS, CELLS = range(1, 9)
BLOCK, BYTES_BLOCK = 65_536, 1 << 20
BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C64": 64, "I64": 64, "U64": 64, "I32": 32, "U32": 32, "I16": 16, "U16": 16,
        "I8": 8, "U8": 8, "BOOL": 8, "F8_E8M0": 8, **{name: bits for name, (bits, _) in coder.FLOATS.items()}}


def sha(data):
    return hashlib.sha256(data).digest()


def pad(data, fill=b"\0"):
    return data + fill * (-len(data) % 8)


def product(shape):
    out = 1
    for dimension in shape:
        out *= dimension
    return out


class Tensor:
    """A tensor of the original file and the plan of its coding."""

    def __init__(self, name, dtype, shape, data, plan=None, **options):
        self.name, self.dtype, self.shape, self.data = name, dtype, list(shape), bytes(data)
        self.plan = plan or bytes_plan
        self.options = options

    def elements(self):
        """Elements as unsigned integers (dtypes of whole bytes)."""
        size = BITS[self.dtype] // 8
        return [int.from_bytes(self.data[n:n + size], "little") for n in range(0, len(self.data), size)]


def pack(dtype, values):
    size = BITS[dtype] // 8
    return b"".join(v.to_bytes(size, "little") for v in values)


def header_json(tensors, metadata=None):
    """The usual header: members in data order."""
    out, at = {}, 0
    if metadata is not None:
        out["__metadata__"] = metadata
    for t in tensors:
        out[t.name] = {"dtype": t.dtype, "shape": t.shape, "data_offsets": [at, at + len(t.data)]}
        at += len(t.data)
    return json.dumps(out, separators=(",", ":")).encode()


class Part:
    """Tensors in data order and what one Index says of them."""

    def __init__(self, tensors, index=None):
        self.tensors = list(tensors)
        self.index_extra = index or {}
        self.tables, self.table_sets, self.scales = [], [], b""
        self.scales_zstd = None
        self.one_checksum = False  # of all blocks together

    def add_table_set(self, tables, ends=(128,)):
        self.table_sets.append({"first_table": len(self.tables), "segment_ends": list(ends)})
        self.tables += tables
        return len(self.table_sets) - 1

    def coded(self, digests, index=None, blocks=None, tables=None, scales=None):
        """The message Index as a dict, and the chunks and blocks that it lists; the spoilers are those of `assemble`."""
        entries, stored_blocks = [], []
        for tensor in self.tensors:
            fields, tensor_blocks = tensor.plan(self, tensor, **tensor.options)
            entries.append({**({"sha256": sha(tensor.data)} if digests else {}), **fields})
            stored_blocks.append(tensor_blocks)
        if blocks:
            blocks(stored_blocks)
        for entry, tensor_blocks in zip(entries, stored_blocks):
            entry["block_lengths"] = [len(b) for b in tensor_blocks]
            entry["block_crc32c"] = [wire.crc32c(b) for b in tensor_blocks]
        table_bytes = coder.tables_chunk(self.tables)
        table_bytes = tables(table_bytes) if tables else table_bytes
        scale_bytes = self.scales if self.scales_zstd is None else self.scales_zstd
        scale_bytes = scales(scale_bytes) if scales else scale_bytes
        message = {"tensors": entries, "table_count": len(self.tables), "table_sets": self.table_sets, **self.index_extra}
        if table_bytes:
            message["tables"] = chunk(table_bytes, len(table_bytes))
        if scale_bytes:
            message["scales"] = chunk(scale_bytes, len(self.scales), int(self.scales_zstd is not None))
        if index:
            index(message)
        # Spoilers find a tensor's digest and checksums in its entry.
        listed = message["tensors"]
        message.setdefault("tensor_sha256", b"".join(entry.get("sha256", b"") for entry in listed))
        if self.one_checksum:
            message.setdefault("block_crc32c", [wire.crc32c(b"".join(b"".join(bs) for bs in stored_blocks))])
        message.setdefault("block_crc32c", [crc for entry in listed for crc in entry.get("block_crc32c", [])])
        return message, table_bytes + scale_bytes + b"".join(b"".join(bs) for bs in stored_blocks)


class Layer(Part):
    """The layer of a record to be; `zstd` turns its Index into a zstd frame, `fields` are more of the message Layer."""

    def __init__(self, tensors, index=None, zstd=None, fields=None):
        super().__init__(tensors, index)
        self.zstd, self.fields = zstd, fields or {}


class Spec(Part):
    """A record to be: an opaque file, or tensors in data order with their JSON header, and perhaps a Layer.

    `dependencies` are Stored records; `schema_zstd` is a zstd frame of the schema, `schema_lengths` one of its text with lengths (coding
    ZSTD_LENGTHS). What `spoil` holds replaces what would have been written: see `assemble`.
    """

    def __init__(self, tensors=(), opaque=None, json_header=None, metadata=None, dependencies=(), schema_zstd=None,
                 roles=None, front=None, index=None, layer=None):
        super().__init__(tensors, index)
        self.opaque = opaque is not None
        self.schema = None
        if not self.opaque:
            text = header_json(self.tensors, metadata) if json_header is None else json_header
            self.schema = struct.pack("<Q", len(text)) + text
        self.schema_zstd, self.schema_lengths = schema_zstd, None
        self.file = opaque if self.opaque else self.schema + b"".join(t.data for t in self.tensors)
        if self.opaque and not self.tensors:
            self.tensors = [Tensor("", "U8", [len(opaque)], opaque)]
        self.dependencies = list(dependencies)
        self.roles = roles or [1] * len(self.dependencies)
        self.front_extra = front or {}
        self.layer = layer

    def schema_chunk(self):
        """The schema chunk's bytes and coding."""
        if self.schema_lengths is not None:
            return self.schema_lengths, 2
        return (self.schema, 0) if self.schema_zstd is None else (self.schema_zstd, 1)

    @property
    def layer_file(self):
        """What the layer decodes to."""
        return self.schema + b"".join(t.data for t in self.layer.tensors) if self.layer else None


class Stored:
    """The bytes of a record and where its parts are."""

    def __init__(self, data, spec, **places):
        self.data, self.spec = data, spec
        self.digest = sha(data)
        self.places = places

    @property
    def file(self):
        return self.spec.file

    @property
    def layer_file(self):
        return self.spec.layer_file


def chunk(stored, decoded_length, coding=0):
    return {"stored_length": len(stored), "crc32c": wire.crc32c(stored), "decoded_length": decoded_length, "coding": coding}


def zstd_raw(data, checksum=b"", block=128 << 10):
    """A zstd frame of raw blocks."""
    out = bytearray(b"\x28\xb5\x2f\xfd")
    out.append(0xA0 | (4 if checksum else 0))  # single segment, content size of 4 bytes
    out += struct.pack("<I", len(data))
    at = 0
    while True:
        piece = data[at:at + block]
        at += block
        last = at >= len(data)
        out += (len(piece) << 3 | last).to_bytes(3, "little") + piece
        if last:
            return bytes(out) + checksum


def zstd_rle(byte, count):
    """A zstd frame of RLE blocks: count times the byte."""
    out = bytearray(b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", count))
    while count:
        run = min(count, 128 << 10)
        count -= run
        out += (run << 3 | 2 | (count == 0)).to_bytes(3, "little") + bytes([byte])
    return bytes(out)


# plans: each gives (entry fields, stored blocks) and may add tables and scales to the spec


def bytes_plan(spec, tensor, mode=0, frames=None):
    """Residual bytes: raw blocks, or the given zstd frames."""
    pieces = [tensor.data[n:n + BYTES_BLOCK] for n in range(0, len(tensor.data), BYTES_BLOCK)]
    if frames:
        return {"residual": BYTES}, [b"\1" + f for f in frames]
    return {"residual": BYTES}, [bytes([mode]) + (zstd_raw(p) if mode else p) for p in pieces]


def blocks_plan(spec, tensor, entry, blocks):
    """What the caller gives."""
    return entry, blocks


def equal_plan(spec, tensor, predictor=BASE, dependency=0, source=0):
    return {"residual": EQUAL, "predictor": predictor, "dependency": dependency, "source_tensor": source}, []


def float_plan(spec, tensor, predicted=None, entry=None, shift=0, scale=0, row_dims=0, rows=None, columns=None, lanes_log=0,
               modes=None, escapes=(), ends=(128,), broken=None, table_set=None, cell=None):
    """Residual direct, or delta where `predicted` holds the predicted elements (in the tensor's own dtype), or cells where
    `cell(i, p, scale)` gives the context of an element and whether it is turned."""
    coding = coder.Coding(tensor.dtype, shift)
    elements = tensor.elements()
    many = product(tensor.shape[row_dims:])
    for i_scales in (rows, columns):
        if i_scales is not None:
            spec.scales += b"".join(struct.pack("b", s) for s in i_scales)

    def scale_of(i):
        return scale + (rows[i // many] if rows is not None else 0) + (columns[i % many] if columns is not None else 0)

    symbols, raws, contexts = [], [], []
    for i, u in enumerate(elements):
        c = u >> shift
        if predicted is None:
            contexts.append(0)
            symbol, raw = coder.direct_symbol(coding, c, scale_of(i), i in escapes)
        else:
            p = coding.prediction(predicted[i])
            contexts.append(coder.context(coding, p, scale_of(i)))
            symbol, raw = coder.delta_symbol(coding, c, p, i in escapes)
            if cell:
                contexts[-1], turned = cell(i, p, scale_of(i))
                symbol = 256 - symbol if turned and symbol else symbol
        symbols.append(symbol)
        raws.append(raw)
    segments = [next(n for n, end in enumerate(ends) if context < end) for context in contexts]
    if table_set is None:
        counts = [{} for _ in ends]
        for symbol, segment in zip(symbols, segments):
            counts[segment][symbol] = counts[segment].get(symbol, 0) + 1
        tables = [coder.make_table(c or {128: 1}) for c in counts]
        table_set = spec.add_table_set(tables, ends)
    first = spec.table_sets[table_set]["first_table"]
    tables = [spec.tables[first + n] for n in segments]
    size = coding.bits // 8
    blocks = []
    for n, at in enumerate(range(0, len(elements), BLOCK)):
        mode = modes[n] if modes else 3
        end = min(at + BLOCK, len(elements))
        if mode == 0:
            blocks.append(b"\0" + tensor.data[at * size:end * size])
        elif mode == 1:
            blocks.append(b"\1")
        elif mode == 2:
            blocks.append(b"\2" + tensor.data[at * size:(at + 1) * size])
        else:
            blocks.append(coder.coded_block(lanes_log, symbols[at:end], raws[at:end], tables[at:end], **(broken or {})))
    fields = {"residual": DIRECT if predicted is None else CELLS if cell else DELTA, "shift": shift, "scale": scale, "row_dims": row_dims,
              "has_row_scales": rows is not None, "has_column_scales": columns is not None, "table_set": table_set}
    return {**fields, **(entry or {})}, blocks


def on_layer_plan(spec, tensor, residual=DELTA, **options):
    """Predictor layer, with the residual delta or equal."""
    if residual == EQUAL:
        return {"residual": EQUAL, "predictor": LAYER}, []
    layer = next(t for t in spec.layer.tensors if t.name == tensor.name)
    return float_plan(spec, tensor, predicted=layer.elements(), entry={"predictor": LAYER}, **options)


def delta_plan(spec, tensor, base=None, source=0, dependency=0, predictor=BASE, convert=None, **options):
    """Residual delta against tensor `source` of the stored record `base`."""
    predicted = base.spec.tensors[source].elements()
    if convert:
        predicted = [convert(u) for u in predicted]
    entry = {"predictor": predictor, "dependency": dependency, "source_tensor": source}
    return float_plan(spec, tensor, predicted=predicted, entry=entry, **options)


def assemble(spec, header=None, trailer=None, front=None, index=None, front_bytes=None, index_bytes=None, schema=None,
             blocks=None, tables=None, scales=None, gap=None, padding=b"\0", data_end=b"", schema_chunk=None,
             first_end=b"", index_zstd=None, layer=None, layer_index=None, layer_blocks=None, layer_tables=None, layer_scales=None,
             layer_index_bytes=None):
    """The bytes of the record.

    header, trailer: dicts of fields to replace (checksums are made last unless they are replaced themselves);
    front, index, blocks, tables, scales: functions of the message dict, the list of stored blocks per tensor, the chunk's
    bytes, run before checksums and lengths are made; front_bytes, index_bytes: functions of the encoded message;
    padding: the byte that pads, or four of them, one a section; gap: bytes between DATA's end and its padding
    (without being listed anywhere); schema: the schema chunk's stored bytes; schema_chunk: fields of it to replace;
    index_zstd: turns the encoded Index into a zstd frame; layer: a function of the message Layer; layer_index, layer_blocks,
    layer_tables, layer_scales, layer_index_bytes: as those without `layer_`, of the layer.
    """
    index_message, data = spec.coded(True, index, blocks, tables, scales)
    schema_bytes, schema_coding = (b"", 0) if spec.opaque else spec.schema_chunk()
    schema_bytes = schema_bytes if schema is None else schema
    front_message = {
        "layout": 2 if spec.opaque else 1, "file_length": len(spec.file), "file_sha256": sha(spec.file),
        "dependencies": [{"object_sha256": d.digest, "file_sha256": sha(d.file), "role": r}
                         for d, r in zip(spec.dependencies, spec.roles)],
        **spec.front_extra,
    }
    if not spec.opaque:
        front_message["schema"] = {**chunk(schema_bytes, len(spec.schema), schema_coding), **(schema_chunk or {})}
    layer_data = b""
    if spec.layer:
        listed, layer_data = spec.layer.coded(False, layer_index, layer_blocks, layer_tables, layer_scales)
        encoded = wire.index(listed)
        encoded = layer_index_bytes(encoded) if layer_index_bytes else encoded
        stored = spec.layer.zstd(encoded) if spec.layer.zstd else encoded
        front_message["layer"] = {"index": chunk(stored, len(encoded), int(spec.layer.zstd is not None)), "data_length": len(layer_data),
                                  "file_sha256": sha(spec.layer_file), **spec.layer.fields}
        if layer:
            layer(front_message["layer"])
        layer_data = stored + layer_data
    if front:
        front(front_message)
    front_encoded, index_encoded = wire.front(front_message), wire.index(index_message)
    front_encoded = front_bytes(front_encoded) if front_bytes else front_encoded
    index_encoded = index_bytes(index_encoded) if index_bytes else index_encoded
    index_decoded = len(index_encoded) if index_zstd else 0
    index_encoded = index_zstd(index_encoded) if index_zstd else index_encoded

    fills = [padding[n:n + 1] or padding[:1] for n in range(4)] if len(padding) > 1 else [padding] * 4
    head = 64 + len(front_encoded)
    body = front_encoded + fills[0] * (-head % 8)
    first = schema_bytes + layer_data + first_end
    first_length = 64 + len(body) + len(first)
    body += first + fills[1] * (-first_length % 8)
    data_at = 64 + len(body)
    data += data_end
    data += fills[2] * (-len(data) % 8) + (gap or b"")
    index_at = data_at + len(data)
    body += data + index_encoded + fills[3] * (-len(index_encoded) % 8)
    total = 64 + len(body) + 40
    fields = {"magic": MAGIC, "version": 1, "kind": 1, "front_length": len(front_encoded), "to_read": int(spec.layer is not None), "to_write": 0,
              "ignorable": 0, "first_end": first_length, "front_crc": wire.crc32c(front_encoded), "reserved": 0, **(header or {})}
    start = struct.pack("<8sHHIQQQQIQ", *(fields[k] for k in (
        "magic", "version", "kind", "front_length", "to_read", "to_write", "ignorable", "first_end", "front_crc", "reserved")))
    start += struct.pack("<I", fields.get("crc", wire.crc32c(start)))
    fields = {"index_offset": index_at, "length": total, "index_length": len(index_encoded),
              "index_crc": wire.crc32c(index_encoded), "index_decoded": index_decoded, "magic": END_MAGIC, **(trailer or {})}
    end = struct.pack("<QQIII", *(fields[k] for k in ("index_offset", "length", "index_length", "index_crc", "index_decoded")))
    end += struct.pack("<I", fields.get("crc", wire.crc32c(end))) + fields["magic"]
    return Stored(start + body + end, spec, front=64, front_end=head, first=64 + len(pad(front_encoded)), first_end=first_length,
                  layer=64 + len(pad(front_encoded)) + len(schema_bytes), data_at=data_at, index=index_at,
                  index_end=index_at + len(index_encoded), trailer=total - 40, length=total)
