"""Broken readers of schemas with lengths in place of offsets, and of one checksum for all blocks (see selftest.py)."""
import re

from weightspan_oracle import container, schema_text, zstd
from weightspan_oracle.container import Part

from .broken_sums import lenient

DECOMPRESS, CHECK, TOGETHER = zstd.decompress, Part.check, Part.check_together
PAIRS = re.compile(rb'"data_offsets":\[(?:(0|[1-9][0-9]{0,14})|([0-9]+),([0-9]+))\]')


def pairs_count(text, at=None):
    """The total goes on from the end of a pair."""
    total = 0

    def offsets(found):
        nonlocal total
        if found[1] is None:
            total = int(found[3])
            return found[0]
        begin = total
        total += int(found[1])
        return b'"data_offsets":[%d,%d]' % (begin, total)

    return PAIRS.sub(offsets, text)


def matching(digits):
    """A reader that takes such digits for a length."""
    return [(schema_text, "OFFSETS", re.compile(rb'"data_offsets":\[(' + digits + rb")\]"))]


def by_length(stored, expected=None, most=None):
    """A frame of as many bytes as the schema."""
    return DECOMPRESS(stored, most if expected is None else expected)


def of_first_block(self):
    """The one checksum as if it were the first block's."""
    CHECK(self)
    if self.one_checksum:
        self.one_checksum = False
        self.checksums = [[self.index["block_crc32c"][0]] * len(entry["block_lengths"]) for entry in self.index["tensors"]]


def file_only(self):
    """Checks the one checksum of the file's blocks, not of a layer's."""
    if not self.in_layer:
        TOGETHER(self)


def at_once(self):
    """Checks when the container is opened."""
    CHECK(self)
    TOGETHER(self)


BROKEN = {
    "lengths-pairs": ("lets pairs count", "v-lengths-pairs", [(schema_text, "header", pairs_count)]),
    "lengths-zeros": ("takes lengths with leading zeros", "h-lengths-leading-zero", matching(rb"[0-9]{1,15}")),
    "lengths-16": ("takes lengths of 16 digits", "h-lengths-16-digits", matching(rb"0|[1-9][0-9]{0,15}")),
    "lengths-14": ("takes lengths of up to 14 digits", "h-lengths-15-digits", matching(rb"0|[1-9][0-9]{0,13}")),
    "lengths-no-0": ("takes no length of 0", "v-lengths-zero", matching(rb"[1-9][0-9]{0,14}")),
    "lengths-spaces": ("takes spaces around a length", "h-lengths-space", [(schema_text, "OFFSETS", re.compile(rb'"data_offsets": *\[ *(0|[1-9][0-9]{0,14}) *\]'))]),
    "lengths-any-result": ("does not compare the schema's length", "h-lengths-longer", [(schema_text, "require", lenient(schema_text.require, "a schema of"))]),
    "lengths-full-frame": ("expects a frame of the schema's length", "v-lengths", [(zstd, "decompress", by_length)]),
    "lengths-window": ("takes any window", "h-lengths-zstd-window-9-mib", [(zstd, "check", lenient(zstd.check, "a window of"))]),
    "lengths-anywhere": ("takes the coding for other chunks", "h-lengths-scales", [(container, "CODINGS", (0, 1, 2))]),
    "one-unchecked": ("checks no checksum of all blocks", "h-one-checksum-wrong", [(Part, "check_together", lambda self: None)]),
    "one-of-first": ("takes the one checksum for each block's", "v-one-checksum", [(Part, "check", of_first_block)]),
    "one-file-only": ("does not check a layer's", "h-one-checksum-unused-layer", [(Part, "check_together", file_only)]),
    "one-at-once": ("checks before the tables", "h-one-checksum-tables-first", [(Part, "check", at_once)]),
    "one-65535": ("a limit one too low", "v-one-checksum-65536", [(container, "MAX_ONE_CHECKSUM", 65_535)]),
    "one-65537": ("a limit one too high", "h-one-checksum-65537", [(container, "MAX_ONE_CHECKSUM", 65_537)]),
    "one-any-count": ("takes any number of checksums", "h-checksums-4-of-3", [(container, "require", lenient(container.require, "checksums of"))]),
}
