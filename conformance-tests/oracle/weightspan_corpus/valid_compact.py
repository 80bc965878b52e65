"""The valid cases of schemas with lengths in place of offsets, and of one checksum for all blocks."""
from .build import LAYER, SELF, Layer, Spec, Tensor, assemble, bytes_plan, equal_plan, zstd_raw, zstd_rle
from .cases import Case, Made, floats, floats_tensor, rng
from .spoil import weights, zstd_block, zstd_frame

KEY = '"data_offsets":'


def member(name, length, offsets, key=KEY):
    return f'"{name}":{{"dtype":"U8","shape":[{length}],{key}{offsets}}}'


def u8(name, length, seed="compact"):
    r = rng(f"{seed} {name}")
    return Tensor(name, "U8", [length], bytes(r.getrandbits(8) for _ in range(length)))


def lengths_spec(text, json, tensors, frame=zstd_raw):
    spec = Spec(tensors, json_header=json.encode())
    spec.schema_lengths = frame(text.encode())
    return spec


def lengths(text, json, tensors, frame=zstd_raw):
    """A maker of the record whose schema chunk holds the text, which becomes the JSON header."""
    return lambda: Made(assemble(lengths_spec(text, json, tensors, frame)))


def schemas():
    def case(id, title, members, tensors, head="{", tail="}", frame=zstd_raw, requirements=("R-SCH-011",)):
        """members: (name, length, the offsets in the text, those in the header, perhaps another key)."""
        text = head + ",".join(member(name, length, short, *key) for name, length, short, _, *key in members) + tail
        json = head + ",".join(member(name, length, offsets, *key) for name, length, _, offsets, *key in members) + tail
        return Case(f"v-lengths{id}", title, requirements, lengths(text, json, tensors, frame))

    three = [("a", 3, "[3]", "[0,3]"), ("b", 12, "[12]", "[3,15]"), ("c", 1, "[1]", "[15,16]")]
    tensors = [u8("a", 3), u8("b", 12), u8("c", 1)]
    yield case("", "A schema of lengths", three, tensors, requirements=["R-SCH-011", "R-SCH-012", "R-MSG-009", "R-MSG-010"])
    yield case("-metadata", "Metadata before, with a key that looks like offsets in a string, and spaces behind", three, tensors,
               '{"__metadata__":{"format":"pt","data_offsets":"\\"data_offsets\\":[7]"},', "}   ")
    yield Case("v-lengths-none", "A schema without tensors", ["R-SCH-011", "R-MSG-010"], lengths("{}", "{}", []))
    yield case("-zero", "Lengths of 0 before, between and behind", [
        ("x", 0, "[0]", "[0,0]"), ("a", 3, "[3]", "[0,3]"), ("y", 0, "[0]", "[3,3]"), ("b", 10, "[10]", "[3,13]"), ("z", 0, "[0]", "[13,13]")],
        [u8("x", 0), u8("a", 3), u8("y", 0), u8("b", 10), u8("z", 0)])
    yield case("-pairs", "Pairs are copied, and do not count: a tensor in front that stands last, one whose length follows", [
        ("c", 5, "[7,12]", "[7,12]"), ("a", 3, "[3]", "[0,3]"), ("b", 4, "[4]", "[3,7]")], [u8("a", 3), u8("b", 4), u8("c", 5)])
    yield case("-pairs-between", "A pair between two lengths, which follow one another", [
        ("a", 3, "[3]", "[0,3]"), ("c", 5, "[7,12]", "[7,12]"), ("b", 4, "[4]", "[3,7]")], [u8("a", 3), u8("b", 4), u8("c", 5)])
    yield case("-pairs-only", "Nothing but pairs", [(name, length, offsets, offsets) for name, length, _, offsets in three], tensors)
    yield case("-spaces", "Pairs with spaces, and keys with a space or an escape, are copied", [
        ("d", 2, "[ 8,10]", "[ 8,10]"), ("e", 1, "[10,11]", "[10,11]", '"data_offsets": '), ("f", 1, "[11,12 ]", "[11,12 ]", '"data_offsets" :'),
        ("g", 1, "[12,13]", "[12,13]", '"data\\u005foffsets":'), ("a", 8, "[8]", "[0,8]")],
        [u8("a", 8), u8("d", 2), u8("e", 1), u8("f", 1), u8("g", 1)])
    names = ['\\"', "data_offsets", "\u00e4\U0001F9E0", "[3]"]
    yield case("-names", "Names with escapes, of the key, beyond ASCII, and like a length", [
        (name, 2, "[2]", f"[{2 * n},{2 * n + 2}]") for n, name in enumerate(names)], [u8(name, 2) for name in names])
    many = [(f"layer.{n}", 1 + n % 3, f"[{1 + n % 3}]", f"[{at(n)},{at(n + 1)}]") for n in range(90)]
    yield case("-90", "90 tensors", many, [u8(name, length) for name, length, *_ in many])
    window = lambda text: zstd_frame(0x80, window=bytes([13 << 3]), size=len(text).to_bytes(4, "little"), blocks=zstd_block(text))
    yield case("-window-8-mib", "A frame with a window of 8 MiB", three, tensors, frame=window, requirements=["R-MSG-010"])
    blocks = lambda text: zstd_raw(text, block=7)
    yield case("-blocks", "A frame of many blocks that cut keys and numbers apart", three, tensors, frame=blocks, requirements=["R-MSG-010"])
    yield Case("v-lengths-layer", "A schema of lengths before a layer", ["R-SCH-011"], lambda: Made(assemble(layered(True, False))))


def at(n):
    return sum(1 + i % 3 for i in range(n))


def layered(shortened, one_checksum):
    """A record with a layer of three blocks, its file by delta on it and by bytes."""
    values = floats("BF16", 30, rng("compact layer"))
    layer = [floats_tensor("w", "BF16", [30], values, scale=470), u8("a", 5), u8("b", 6, "compact rough")]
    exact = [Tensor("w", "BF16", [30], layer[0].data, equal_plan, predictor=LAYER), u8("a", 5, "exact"), u8("b", 6)]
    spec = Spec(exact, layer=Layer(layer))
    spec.one_checksum = spec.layer.one_checksum = one_checksum
    if shortened:
        json = spec.schema[8:]
        for length, offsets in ((60, "[0,60]"), (5, "[60,65]"), (6, "[65,71]")):
            assert offsets.encode() in json
            json = json.replace(offsets.encode(), b"[%d]" % length)
        spec.schema_lengths = zstd_raw(json)
    return spec


def one_checksum(spec):
    spec.one_checksum = True
    return spec


def wide(count, tensors=2):
    """Tensors of zeros whose raw blocks are `count` stored bytes together."""
    each = count // tensors - 1
    lengths_of = [each] * (tensors - 1) + [count - tensors - each * (tensors - 1)]
    return one_checksum(Spec([Tensor(f"t{n}", "U8", [length], bytes(length)) for n, length in enumerate(lengths_of)]))


def checksums():
    ids = ["R-IDX-012", "R-IDX-013"]
    yield Case("v-one-checksum", "One checksum of two blocks, a table and row scales before them", ids, lambda: Made(assemble(one_checksum(weights()))))
    yield Case("v-one-checksum-modes", "One checksum of a tensor's three blocks", ids, lambda: Made(assemble(one_checksum(
        Spec([floats_tensor("w", "F8_E4M3", [131_073], [0x38] * 131_073, modes=[2, 2, 0], scale=40)])))))
    yield Case("v-one-checksum-opaque", "One checksum of an opaque file's two blocks", ids, lambda: Made(assemble(one_checksum(Spec(
        [Tensor("", "U8", [1_048_577], b"\7" * 1_048_577, bytes_plan, frames=[zstd_rle(7, 1 << 20), zstd_rle(7, 1)])],
        opaque=b"\7" * 1_048_577)))))
    yield Case("v-one-checksum-index-zstd", "One checksum, INDEX is a zstd frame", ids, lambda: Made(assemble(one_checksum(weights()), index_zstd=zstd_raw)))
    yield Case("v-one-checksum-65536", "One checksum of 65,536 stored bytes", [*ids, "R-LIM-018"], lambda: Made(assemble(wide(65_536))))
    yield Case("v-one-checksum-layer", "A layer and a file with one checksum each", ids, lambda: Made(assemble(layered(False, True))))
    yield Case("v-one-checksum-of-layer", "A layer with one checksum, below a file with one for each block", ids, of_layer)
    yield Case("v-one-checksum-both", "One checksum each and a schema of lengths", [*ids, "R-SCH-011"], lambda: Made(assemble(layered(True, True))))
    yield Case("v-one-checksum-self", "One checksum of the blocks of the tensors that have any", ids, lambda: Made(assemble(one_checksum(Spec(
        [Tensor("e", "U8", [0], b""), u8("a", 4), Tensor("b", "U8", [4], u8("a", 4).data, equal_plan, predictor=SELF, source=1), u8("c", 9)])))))
    yield Case("v-checksums-each-65537", "A checksum for each block of 65,537 stored bytes", ["R-IDX-012", "R-LIM-018"], each)


def of_layer():
    spec = layered(False, True)
    spec.one_checksum = False
    return Made(assemble(spec))


def each():
    spec = wide(65_537)
    spec.one_checksum = False
    return Made(assemble(spec))


def all_cases():
    yield from schemas()
    yield from checksums()
