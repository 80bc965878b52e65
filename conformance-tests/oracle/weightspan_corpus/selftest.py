"""The kit tests itself: readers broken on purpose, and the cases that catch each."""
import json
from contextlib import ExitStack
from unittest import mock

import numpy as np

from weightspan_oracle import container, rans, reader, residuals, safetensors_header, zstd
from weightspan_oracle.container import Container

from . import manifest
from . import run as runner

BIG = 20_000


class Skip(Exception):
    """Raised in place of a FormatError by a broken reader: the record is taken to be fine from here on."""


def nothing(*args, **kwargs):
    return None


def lenient(checks, *texts):
    """A check() or require() that lets the messages with these texts pass."""

    def check(condition, *args, **kwargs):
        if not any(text in str(arg) for arg in args for text in texts):
            checks(condition, *args, **kwargs)

    return check


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
    "depth-5": ("a limit one too high", "h-depth-5", [(reader, "MAX_DEPTH", 5)]),
    "depth-3": ("a limit one too low", "v-depth-4", [(reader, "MAX_DEPTH", 3)]),
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
    "any-dependency": ("takes any dependency", "h-source-range", [(reader, "wrong", nothing)]),
    "any-block": ("takes any block of a float coding", "h-raw-unused-bits", [(residuals, "bad", Skip)]),
}


def broken_reader(case, data):
    try:
        return runner.with_oracle(case, data)
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
                problem = runner.judge(case, broken_reader(case, data))
            except Exception as error:
                problem = str(error)
            if problem:
                out.append(case["id"])
    return out


def run_all():
    inputs = runner.Inputs()
    cases = [(case, inputs.data(case)) for case in manifest.load() if "file" in case["input"]]
    cases = [(case, data) for case, data in cases if len(data) < BIG]
    for name, (title, catcher, patches) in BROKEN.items():
        yield name, title, catcher, caught_by(patches, cases)
    yield "sound", "nothing wrong", None, caught_by([], cases)


def run(report=print):
    passed = failed = 0
    for name, title, catcher, caught in run_all():
        report(f"{name} ({title}): caught by {len(caught)}: {', '.join(caught[:4])}{' ...' if len(caught) > 4 else ''}")
        if catcher in caught if catcher else not caught:
            passed += 1
        else:
            failed += 1
            report(f"FAIL {name}" + (f": {catcher} does not catch it" if catcher else ""))
    return passed, failed, 0
