"""Seeded mutants of the valid records, checksums made anew, and what the oracle says of each.

Two readers that follow the spec agree on every mutant. The list holds one line a mutant: its name, then the SHA-256 of the decoded
file or the codes that the spec permits.
"""
import hashlib
import os
import random
from contextlib import ExitStack
from unittest import mock

from weightspan_oracle import schema_text, zstd
from weightspan_oracle.errors import FormatError
from weightspan_oracle.reader import Objects, Record

from . import build, valid, valid_balanced, valid_bounded, valid_cells, valid_compact, valid_directions, valid_layer, valid_lowrank, valid_product

MAKERS = (valid, valid_layer, valid_bounded, valid_lowrank, valid_cells, valid_product, valid_balanced, valid_directions, valid_compact)

NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 16, 23, 52, 64, 127, 128, 255, 1024, 65_535, 65_536, 65_537, (1 << 31) - 1, 1 << 31, (1 << 32) - 1]
TOKENS = [b"0", b"1", b"9", b"-", b'"', b"{", b"}", b",", b":", b"[", b"]", b" ", b"\\", b"\\u0041", b"\\ud800", b".5", b"e3", b"null",
          b'"x":1,', b"\xc3", b"\xff", b"\t", b"\0", b"99999999999999999999", b"F16", b"U8"]
SCHEMA_CODES = ("MALFORMED_SCHEMA", "LIMIT_EXCEEDED", "DUPLICATE_NAME")


class Mutator:
    """Spoils one record in one place."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.kinds = [self.front, self.index, self.blocks, self.blocks, self.tables, self.scales, self.schema, self.entries, self.entries, self.header]
        self.in_layer = [self.index, self.blocks, self.blocks, self.tables, self.scales, self.entries, self.entries, self.entries]

    def spoil(self, spec):
        """What assemble() is told; of a record with a layer, mostly its layer's part."""
        if spec.layer and self.random.random() < 0.7:
            return {"layer_" + name: change for name, change in self.random.choice(self.in_layer)(spec).items()}
        return self.random.choice(self.kinds)(spec)

    def flip(self, data):
        data = bytearray(data)
        for _ in range(self.random.choice([1, 1, 1, 2, 3])):
            if data:
                at, how = self.random.randrange(len(data)), self.random.random()
                if how < 0.5:
                    data[at] ^= 1 << self.random.randrange(8)
                elif how < 0.8:
                    data[at] = self.random.choice([0, 1, 127, 128, 255, self.random.randrange(256)])
                elif how < 0.9:
                    del data[at]
                else:
                    data.insert(at, self.random.randrange(256))
        return bytes(data)

    def front(self, spec):
        return {"front_bytes": self.flip}

    def index(self, spec):
        return {"index_bytes": self.flip}

    def tables(self, spec):
        return {"tables": self.flip}

    def scales(self, spec):
        return {"scales": self.flip}

    def blocks(self, spec):
        def change(blocks):
            places = [(t, b) for t, many in enumerate(blocks) for b in range(len(many))]
            if places:
                t, b = self.random.choice(places)
                blocks[t][b] = self.flip(blocks[t][b])

        return {"blocks": change}

    def schema(self, spec):
        return self.with_schema(spec, self.flip)

    def header(self, spec):
        def tokens(schema):
            text = bytearray(schema[8:])
            for _ in range(self.random.choice([1, 1, 2, 3])):
                at, token = self.random.randrange(len(text) + 1), self.random.choice(TOKENS)
                text[at:at + self.random.randrange(2)] = token
            return len(text).to_bytes(8, "little") + bytes(text)

        return self.with_schema(spec, tokens)

    def with_schema(self, spec, change):
        if spec.opaque or spec.schema_zstd:
            return self.front(spec)
        if spec.schema_lengths:
            return self.with_text(spec, change)
        stored = change(spec.schema)
        return {"schema": stored, "schema_chunk": {"decoded_length": len(stored)}}

    def with_text(self, spec, change):
        """Of a schema of lengths its text is changed, and decoded_length made anew, if that can be."""
        text = change(bytes(8) + zstd.decompress(spec.schema_lengths, most=1 << 20))[8:]
        try:
            length = 8 + len(schema_text.header(text))
        except FormatError:
            length = len(spec.schema)
        return {"schema": build.zstd_raw(text), "schema_chunk": {"decoded_length": length + self.random.choice([0, 0, 0, 0, 0, 1, -1])}}

    def entries(self, spec):
        """Fields of Index with other values."""
        r = self.random

        def change(index):
            entry = r.choice(index["tensors"]) if index["tensors"] else {}
            name = r.choice(["predictor", "residual", "dependency", "source_tensor", "table_set", "row_dims", "shift", "scale", "has_row_scales",
                             "has_column_scales", "matrix_dims", "centred", "step", "rank", "factor", "partner", "left", "right", "left", "right",
                             "table_count", "table_sets", "tables", "scales", "block_crc32c", "checksums", "again", "order"])
            value = r.choice(NUMBERS)
            if name in ("predictor", "residual"):
                entry[name] = r.randrange(10)
            elif name in ("left", "right"):
                sides = [dict(one) for one in entry.get(name, [])]
                if sides and r.random() < 0.7:
                    r.choice(sides)[r.choice(["dependency", "tensor", "count", "count"])] = r.choice([0, 1, 2, 3, value])
                else:
                    sides = r.choice([[], sides + sides[:1], [{"count": 1}], [{"dependency": 1, "tensor": 3, "count": 1}]])
                entry[name] = sides
            elif name in ("rank", "factor", "partner"):
                entry[name] = r.choice([0, 1, 2, 3, value])
            elif name == "step":
                entry[name] = r.choice([0.0, -1.0, float("nan"), float("inf"), 2.0 ** -149, 1.0, 2.0 ** 127])
            elif name.startswith("has_") or name == "centred":
                entry[name] = not entry.get(name)
            elif name == "scale":
                entry[name] = r.choice([1, -1]) * min(value, (1 << 31) - 1)
            elif name == "table_count":
                index[name] = value
            elif name == "table_sets" and index[name]:
                ends = sorted(r.randrange(131) for _ in range(r.randrange(4))) + [128]
                r.choice(index[name]).update(r.choice([{"first_table": value}, {"segment_ends": ends}]))
            elif name in ("tables", "scales") and name in index:
                index[name][r.choice(["coding", "decoded_length", "crc32c"])] = value
            elif name == "block_crc32c":
                entry[name] = entry.get(name, [])[:-1]
            elif name == "checksums":
                index["block_crc32c"] = [value] * r.choice([0, 1, 1, 2, 3])
            elif name == "again" and entry:
                index["tensors"].append(dict(entry))
            elif name == "order":
                r.shuffle(index["tensors"])
            elif name in ("dependency", "source_tensor", "table_set", "row_dims", "shift", "matrix_dims"):
                entry[name] = value

        return {"index": change}


def mutant(case, mutator):
    """The case made again, the record itself (the last one put together) spoiled."""
    calls = []
    whole = build.assemble

    def counting(spec, **spoil):
        calls.append(spec)
        return whole(spec, **spoil)

    def patched(function):
        with ExitStack() as stack:
            for module in MAKERS:
                stack.enter_context(mock.patch.object(module, "assemble", function))
            return case.make()

    patched(counting)
    last = len(calls)
    calls.clear()

    def spoiling(spec, **spoil):
        calls.append(spec)
        return whole(spec, **{**spoil, **(mutator.spoil(spec) if len(calls) == last else {})})

    return patched(spoiling)


def judged(data, objects):
    """What a reader may answer."""
    try:
        return [hashlib.sha256(Record(data, Objects(objects)).read()).hexdigest()]
    except FormatError as error:
        # a header that violates several requirements may be refused with the code of any (spec.md section 9)
        return [error.code, *(c for c in SCHEMA_CODES if c != error.code)] if error.code in SCHEMA_CODES else [error.code]


def write(folder, seed, count):
    """Write `count` mutants, their dependencies and `list.txt`."""
    mutator = Mutator(f"weightspan mutants {seed}")
    slow = ("v-zstd", "v-tables", "v-dependencies", "v-opaque-two", "v-direct-full", "v-direct-modes", "v-delta-full", "v-coefficients-blocks",
            "v-bounded-blocks")
    open_answer = ("v-equal-empty", "v-bounded-empty")  # a reader may leave its dependency alone
    cases = [case for case in valid.all_cases() if not case.recipe and not case.id.startswith(slow + open_answer)]
    lines = []
    for number in range(count):
        made = mutant(mutator.random.choice(cases), mutator)
        objects = os.path.join(folder, f"{number}.objects")
        os.makedirs(objects, exist_ok=True)
        for digest, data in made.objects.items():
            with open(os.path.join(objects, digest.hex()), "wb") as file:
                file.write(data)
        with open(os.path.join(folder, f"{number}.wspan"), "wb") as file:
            file.write(made.data)
        lines.append(f"{number} {' '.join(judged(made.data, objects))}\n")
    with open(os.path.join(folder, "list.txt"), "w", encoding="ascii") as file:
        file.writelines(lines)
