"""Small records to spoil, and the ways of spoiling that hostile.py uses."""
from . import build
from .build import SELF, Spec, Tensor, assemble, delta_plan, equal_plan, pack
from .cases import Made, floats, floats_tensor, near, rng


def opaque():
    return Spec(opaque=b"hostile\n")


def weights(**options):
    """Three tensors: BF16 direct with row scales and a table, U8 bytes, an alias of the first."""
    values = floats("BF16", 40, rng("hostile"))
    first = dict(scale=470, row_dims=1, rows=[1, 0, -1, 2], lanes_log=1)
    first.update(options)
    return Spec([floats_tensor("a", "BF16", [4, 10], values, **first), Tensor("b", "U8", [3], b"xyz"),
                 Tensor("c", "BF16", [40], pack("BF16", values), equal_plan, predictor=SELF, source=0)])


def small(dtype="BF16", count=30, **options):
    """One tensor, residual direct."""
    options = {"scale": 470, "lanes_log": 1, **options}
    return Spec([floats_tensor("w", dtype, [count], floats(dtype, count, rng("small")), **options)])


def base():
    return assemble(Spec([Tensor("w", "BF16", [30], pack("BF16", floats("BF16", 30, rng("small base"))))]))


def based(stored, **options):
    """One tensor, residual delta against `base()`."""
    options = {"scale": 470, "lanes_log": 1, **options}
    values = near("BF16", stored.spec.tensors[0].elements(), rng("based"))
    return Spec([floats_tensor("w", "BF16", [30], values, delta_plan, base=stored, **options)], dependencies=[stored])


def spoiled(spec, **spoil):
    """A maker of the record of `spec()` with what assemble() is told to spoil."""
    return lambda: Made(assemble(spec(), **spoil))


def spoiled_based(options=None, base_of=base, keep=True, **spoil):
    """As spoiled(), for a record with a base; keep=False: the base is not at hand."""

    def make():
        stored = base_of()
        return Made(assemble(based(stored, **(options or {})), **spoil), [stored] if keep else [])

    return make


def bytes_changed(spec, place, change=0x40, shift=0):
    """One byte changed in the stored record, no checksum made anew; place: a name of Stored.places or an offset."""

    def make():
        stored = assemble(spec())
        data = bytearray(stored.data)
        at = (stored.places[place] if isinstance(place, str) else place) + shift
        data[at] ^= change
        return Made(bytes(data))

    return make


def cut(spec, place, shift=0):
    """The record cut short; place as in bytes_changed()."""

    def make():
        stored = assemble(spec())
        return Made(stored.data[:(stored.places[place] if isinstance(place, str) else place) + shift])

    return make


def entry(number=0, **fields):
    """A spoiler of Index: fields of a TensorEntry."""
    return lambda index: index["tensors"][number].update(fields)


def fields(**values):
    """A spoiler of a message: its fields."""
    return lambda message: message.update(values)


def inner(name, **values):
    """A spoiler of a message: fields of the chunk `name`."""
    return lambda message: message[name].update(values)


def one_block(block, number=0):
    """A spoiler of blocks: the first block of tensor `number`, given or made from what it was."""

    def change(blocks):
        blocks[number][0] = block(blocks[number][0]) if callable(block) else block

    return change


def bytes_block(block, length=8):
    """An opaque record whose only block is as given; its digests are those of `length` zero bytes."""
    return lambda: Made(assemble(Spec(opaque=bytes(length)), blocks=one_block(block)))


def zstd_frame(descriptor, window=b"", dictionary=b"", size=b"", blocks=b"", magic=b"\x28\xb5\x2f\xfd"):
    return magic + bytes([descriptor]) + window + dictionary + size + blocks


def zstd_block(body, last=1, kind=0, size=None):
    return (last | kind << 1 | (len(body) if size is None else size) << 3).to_bytes(3, "little") + body


def schema(json, data=b"abcd"):
    """A record whose JSON header is as given; one U8 tensor in the Index."""
    return lambda: Made(assemble(Spec([Tensor("w", "U8", [len(data)], data)], json_header=json)))


def schema_bytes(stored):
    """A record whose schema chunk holds these bytes, RAW."""

    def make():
        spec = Spec([Tensor("w", "U8", [4], b"abcd")])
        return Made(assemble(spec, schema=stored, schema_chunk={"decoded_length": len(stored)}))

    return make


def schema_frame(frame, length=None):
    """A record whose schema chunk is this zstd frame."""

    def make():
        spec = Spec([Tensor("w", "U8", [4], b"abcd")])
        spec.schema_zstd = frame(spec.schema) if callable(frame) else frame
        return Made(assemble(spec, schema_chunk={"decoded_length": length} if length else None))

    return make
