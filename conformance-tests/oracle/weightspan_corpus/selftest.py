"""The kit tests itself: readers broken on purpose, and the cases that catch each."""
import json
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from unittest import mock

import numpy as np

from weightspan_oracle import container, entries, modes, rans, reader, registry, residuals, safetensors_header, sources, zstd
from weightspan_oracle.container import Container

from . import broken_cells, broken_compact, broken_predictors, manifest
from . import run as runner
from .broken_sums import double_sums, fused_sums, lenient

BIG = 20_000


class Skip(Exception):
    """Raised in place of a FormatError by a broken reader: the record is taken to be fine from here on."""


def nothing(*args, **kwargs):
    return None


def canonical_nan(decode):
    """Decoded F16, BF16 and F32 blocks with one NaN for all."""

    def broken(stored, count, coding, *args):
        out = decode(stored, count, coding, *args)
        if coding.bits != 16:
            return out
        values = np.frombuffer(out, np.uint16).copy()
        man = coding.t + coding.shift
        exponents = (1 << 15) - (1 << man)
        values[(values & 0x7FFF) > exponents] = exponents | 1 << (man - 1)
        return values.tobytes()

    return broken


def positive_zero(decode):
    def broken(stored, count, coding, *args):
        out = np.frombuffer(decode(stored, count, coding, *args), coding.type).copy()
        out[out == out.dtype.type(1 << (coding.bits - 1))] = 0
        return out.tobytes()

    return broken


def truncating(u, own, source):
    """F32 to BF16 without rounding."""
    return u >> np.uint64(16) if (own, source) == ("BF16", "F32") else PREDICT(u, own, source)


def by_place(schema, length):
    """Tensors in the order of the header, whatever their offsets."""
    names = list(json.loads(bytes(schema[8:])))
    return sorted(PARSE(schema, length), key=lambda t: names.index(t.name))


PREDICT, PARSE = residuals.predict, safetensors_header.parse


def eight_byte_ints(bits=64):
    """Products that wrap at 2^64, as in a reader without overflow checks."""

    def tensor(name, entry):
        shape = entry["shape"]
        product = safetensors_header.DTYPES[entry["dtype"]][0]
        for dimension in shape:
            product = product * dimension % (1 << bits)
        begin, end = entry["data_offsets"]
        if product != 8 * (end - begin):
            raise safetensors_header.bad("size", name)
        return safetensors_header.Tensor(name, entry["dtype"], shape, begin, end)

    return tensor


def without_zeros(pairs, shape):
    """Sums that leave out every term with a 0 in front."""
    total = np.zeros(shape, np.float32)
    with np.errstate(all="ignore"):
        for one, other in pairs:
            total = np.where(one == 0, total, total + one * other)
    return total


def cut_coefficients(q):
    """Coefficients of more than 24 bits rounded towards zero."""
    drop = np.maximum(np.frexp(np.abs(q).astype(float))[1] - 24, 0)
    return (np.sign(q) * (np.abs(q) >> drop << drop)).astype(np.float32)


def any_number(d, step, center, dtype, center_bits):
    """Predictions that are rounded whatever they are."""
    with np.errstate(all="ignore"):
        y = np.float32(step) * d.reshape(-1) + (np.float32(0) if center is None else center)
    return modes.rounded(y, dtype)


def keeps_center(d, step, center, dtype, center_bits):
    """The center's element wherever nothing is added to it."""
    out = PREDICTED(d, step, center, dtype, center_bits)
    return out if center is None else np.where(d.reshape(-1) == 0, center_bits, out)


def saturated(y, dtype):
    """F16 without infinity."""
    return ROUNDED(np.clip(y, -65504, 65504).astype(np.float32) if dtype == "F16" else y, dtype)


def without_levels(self, *args):
    values, levels = DIRECTIONS(self, *args)
    return values, levels if levels is None else levels * 0


def center_for_layer(self, number):
    """The center of the layer's tensor in place of the tensor."""
    found = SOURCES(self, number)
    if self.part.index["tensors"][number]["predictor"] == registry.LAYER:
        return found[0][0].sources(number)[:1] or found
    return found


def file_for_layer(self, number):
    """The predictor self of a layer looks into the file."""
    own = self.part.in_layer and self.part.index["tensors"][number]["predictor"] == registry.SELF
    return [(self.record.file, place) if own else (source, place) for source, place in SOURCES(self, number)]


PREDICTED, ROUNDED, SUMMED = modes.predicted, modes.rounded, modes.summed
DIRECTIONS, SOURCES = reader.Tensors.directions, reader.Tensors.sources


# name: (what it does, a case that must catch it, patches as (object, attribute, value))
BROKEN = {
    "skips-crc": ("checks no CRC32C", "h-chunk-flip-block", [(Container, "check_crc", nothing)]),
    "ignores-unknown-bits": ("reads on where a required feature is unknown", "h-feature-47", [(container, "KNOWN_TO_READ", (1 << 64) - 1)]),
    "accepts-padding": ("does not look at padding", "h-padding-data", [(Container, "padding", nothing)]),
    "accepts-reserved": ("does not look at reserved fields", "h-reserved-high", [(container, "require", lenient(container.require, "RESERVED"))]),
    "dependencies-65": ("a limit one too high", "h-dependencies-65", [(container, "MAX_DEPENDENCIES", 65)]),
    "dependencies-63": ("a limit one too low", "v-dependencies-64", [(container, "MAX_DEPENDENCIES", 63)]),
    "name-4095": ("a limit one too low", "v-name-4096", [(safetensors_header, "MAX_NAME", 4095)]),
    "dimensions-33": ("a limit one too high", "h-dimensions-33", [(safetensors_header, "MAX_DIMS", 33)]),
    "depth-5": ("a limit one too high", "h-depth-5", [(sources, "MAX_DEPTH", 5)]),
    "depth-3": ("a limit one too low", "v-depth-4", [(sources, "MAX_DEPTH", 3)]),
    "duplicates": ("takes the last of two names", "h-twice-escaped", [(safetensors_header, "members", dict)]),
    "wrapping-products": ("multiplies dimensions modulo 2^64", "h-size-product-wraps", [(safetensors_header, "tensor", eight_byte_ints())]),
    "header-order": ("takes tensors in the header's order", "v-header-reordered", [(safetensors_header, "parse", by_place)]),
    "canonical-nan": ("has one NaN", "v-direct-bf16", [(residuals, "decode_float", canonical_nan(residuals.decode_float))]),
    "positive-zero": ("loses the sign of zero", "v-direct-f32", [(residuals, "decode_float", positive_zero(residuals.decode_float))]),
    "truncating": ("rounds F32 to BF16 by cutting", "v-delta-bf16-on-f32", [(residuals, "predict", truncating)]),
    "any-stream": ("takes any rANS stream", "h-rans-final-state", [(rans, "bad_block", Skip)]),
    "zstd-trailing": ("ignores bytes behind a frame", "h-block-zstd-trailing", [(zstd, "check", lenient(zstd.check, "behind the frame"))]),
    "zstd-window": ("takes any window", "h-block-zstd-window-9-mib", [(zstd, "check", lenient(zstd.check, "a window of"))]),
    "zstd-checksum": ("does not check a frame's content", "h-block-zstd-checksum", [(zstd, "check", lenient(zstd.check, "content checksum"))]),
    "no-digests": ("checks no SHA-256 of what it decoded", "h-file-digest", [(reader, "require", lenient(reader.require, "another SHA-256"))]),
    "any-dependency": ("takes any dependency", "h-source-range", [(reader, "wrong", nothing), (sources, "wrong", nothing)]),
    "bit-without-layer": ("does not compare the feature bit with the layer", "h-layer-bit-missing",
                          [(container, "require", lenient(container.require, "feature bit"))]),
    "layer-length": ("does not add up the layer", "h-layer-byte-more", [(container, "require", lenient(container.require, "do not fill the layer"))]),
    "layer-digest": ("does not check the layer's digest", "h-layer-file-digest", [(reader, "require", lenient(reader.require, "the layer's file"))]),
    "directions-limit": ("a limit one direction too high", "h-modes-limit", [(entries, "MAX_PRODUCTS", 8193 * 16_384)]),
    "any-direction": ("takes directions that are not finite", "h-basis-scale-nan-of-zeros", [(reader, "wrong", lenient(reader.wrong, "not finite"))]),
    "double-sums": ("adds in binary64", "v-modes-sums", [(modes, "summed", double_sums)]),
    "fused-sums": ("multiplies and adds in one", "v-modes-sums", [(modes, "summed", fused_sums)]),
    "descending-sums": ("adds from the last term on", "v-modes-sums", [(modes, "summed", lambda pairs, shape: SUMMED(list(pairs)[::-1], shape))]),
    "sums-without-zeros": ("leaves out terms that are not zero", "v-modes-zero-times-infinity", [(modes, "summed", without_zeros)]),
    "cut-coefficients": ("cuts coefficients to 24 bits", "v-coefficients-ties", [(modes, "coefficients_f32", cut_coefficients)]),
    "any-number": ("predicts infinities and NaNs", "v-modes-overflow", [(modes, "predicted", any_number)]),
    "keeps-center": ("adds no zeros", "v-modes-negative-zero", [(modes, "predicted", keeps_center)]),
    "saturated": ("has no infinity in F16", "v-modes-f16-rounding", [(modes, "rounded", saturated)]),
    "no-levels": ("takes no levels into a context", "v-coefficients-contexts-0", [(reader.Tensors, "directions", without_levels)]),
    "center-for-layer": ("predicts by the center in place of the layer", "v-layer-bf16", [(reader.Tensors, "sources", center_for_layer)]),
    "file-for-layer": ("predictor self of a layer looks into the file", "v-layer-apart", [(reader.Tensors, "sources", file_for_layer)]),
    "any-block": ("takes any block of a float coding", "h-raw-unused-bits", [(residuals, "bad", Skip)]),
}


def broken_reader(case, data, view="file"):
    try:
        return runner.with_oracle(case, data, view)
    except Skip as skip:
        return "sha256", "", f"nothing refused ({skip})"


def caught_by(patches, cases):
    """The ids of the cases that a reader with these patches fails."""
    out = []
    with ExitStack() as stack:
        for target, attribute, value in patches:
            stack.enter_context(mock.patch.object(target, attribute, value))
        for case, data in cases:
            try:
                problem = runner.problem_of(case, data, broken_reader)
            except Exception as error:
                problem = str(error)
            if problem:
                out.append(case["id"])
    return out


def about(case):
    """The second word of a case's id: what it is about."""
    return case["id"].split("-")[1]


def relevant(name, catcher, case):
    """Whether a case is about what a reader breaks."""
    return about(case) in (about({"id": catcher}), name.split("-")[0])


def cases_below(size, always=None):
    """The cases of fewer bytes, and the one of this id."""
    inputs = runner.Inputs()
    cases = [(case, inputs.data(case)) for case in manifest.load() if "file" in case["input"]]
    return [(case, data) for case, data in cases if len(data) < size or case["id"] == always]


def every_reader():
    return {**BROKEN, **broken_predictors.BROKEN, **broken_cells.BROKEN, **broken_compact.BROKEN, "sound": ("nothing wrong", None, [])}


def tried(name, everything):
    """The ids of the cases that catch the broken reader of this name; in a process of its own, which reads the corpus itself."""
    _, catcher, patches = every_reader()[name]
    cases = cases_below(BIG, catcher)
    if catcher and not everything:
        cases = [one for one in cases if relevant(name, catcher, one[0])]
    return caught_by(patches, cases)


def run_all(everything=False):
    """(name, title, catcher, ids of the cases that catch it) of each broken reader, and of one that isn't broken."""
    readers = every_reader()
    with ProcessPoolExecutor() as pool:
        found = {name: pool.submit(tried, name, everything) for name in sorted(readers, key=lambda name: name != "sound")}
        for name, (title, catcher, _) in readers.items():
            yield name, title, catcher, found[name].result()


def run(everything=False, report=print):
    """Try the broken readers, on the cases about what they break, or on every case: the numbers of passed, failed and skipped ones."""
    passed = failed = 0
    for name, title, catcher, caught in run_all(everything):
        report(f"{name} ({title}): caught by {len(caught)}: {', '.join(caught[:4])}{' ...' if len(caught) > 4 else ''}")
        if catcher in caught if catcher else not caught:
            passed += 1
        else:
            failed += 1
            report(f"FAIL {name}" + (f": {catcher} does not catch it" if catcher else ""))
    return passed, failed, 0
