"""zstd frames made once by the reference compressor (zstd 1.5.4) from contents that Python makes again.

`python3 -m weightspan_corpus.frames` writes them anew; the corpus only reads them.
"""
import json
import os
import subprocess

from .cases import rng

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "frames")
FRAMES = {
    "random": "raw literals, content checksum",
    "skewed": "Huffman literals in four streams, no sequences to speak of",
    "json": "level 19: sequences with predefined and repeated tables",
    "text": "level 3: FSE tables, repeated offsets, several blocks",
    "text-fast": "level -5",
    "mixed": "level 9: compressible and random parts, raw and RLE blocks",
    "window": "a frame header with window descriptor, four-byte content size",
}
OPTIONS = {"random": "-1", "skewed": "--fast=1", "json": "-19 --no-check", "text": "-3", "text-fast": "--fast=5",
           "mixed": "-9 --no-check", "window": "-1 --zstd=wlog=17"}


def frame_content(name):
    r = rng("frame " + name)
    if name == "random":
        return bytes(r.getrandbits(8) for _ in range(300))
    if name == "skewed":
        return bytes(min(255, int(r.random() ** 3 * 64)) for _ in range(6000))
    if name == "json":
        return json.dumps({f"model.layers.{i}.{n}.weight": {"dtype": "BF16", "shape": [512, 512 + i % 3], "data_offsets": [i, i + 1]}
                           for i in range(40) for n in ("q_proj", "k_proj", "mlp.up")}).encode()
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "of", "the", "a", "weights", "span", "\n"]
    if name == "mixed":
        return b"".join(bytes(50_000) if n % 3 == 0 else bytes(r.getrandbits(8) for _ in range(2000)) if n % 3 == 1 else
                        " ".join(words[int(r.random() * 11)] for _ in range(400)).encode() for n in range(9))
    count = {"text": 40_000, "text-fast": 3000, "window": 30_000}[name]
    return " ".join(words[int(r.random() ** 2 * 11)] for _ in range(count)).encode()


def frame_bytes(name):
    with open(os.path.join(FOLDER, name + ".zst"), "rb") as file:
        return file.read()


def main():
    for name in FRAMES:
        path = os.path.join(FOLDER, name)
        with open(path, "wb") as file:
            file.write(frame_content(name))
        subprocess.run(["zstd", "-q", "-f", "--rm", *OPTIONS[name].split(), path, "-o", path + ".zst"], check=True)


if __name__ == "__main__":
    main()
