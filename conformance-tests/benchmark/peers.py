#!/usr/bin/env python3
"""The representations of other subspace tools, made anew from their descriptions, beside what HeldOutBenchmark has written.

usage: peers.py FAMILY-FOLDER [--every 5] [--base BASE.safetensors] [--components 1,2,4,8,16,32,64] [--tools DIRECTORY] [--measured N] OUT-FOLDER...

FAMILY-FOLDER  holds a folder for each member, each with a safetensors file; every so manieth member is held out, as HeldOutBenchmark does
OUT-FOLDER     of a run of HeldOutBenchmark on the same family with the same EVERY
--base         what the members started from; a family without one differs from nothing (models) or is of adapters
--measured     of the members that are held out only the first N are measured
--tools        a folder with vit_accuracy.py: accuracy is measured and made equal, else the relative error

All are fitted to the members that are not held out, and measured on those that are:
  vlora K      (vLoRA; the model axis of the paper) per tensor, flattened: the fitted members' mean and K principal directions; K scalars
  eigenlora K  (EigenLoRA) per factor of an adapter the columns of A^T, or of B, of all fitted members side by side, centred, K eigenvectors;
               K r loadings. The mean is neither stored nor added back
  bitdelta     (BitDelta) per matrix the signs of the difference and their mean magnitude; the other tensors are kept. Without a base the
               difference is that from the fitted members' mean
  rounded      the tensors in 16 bits
Scalars, directions, means and what is kept take 2 bytes a number (binary16; of what is kept no error is counted), and no container, names or
digests are counted; `ours` is whole records, `numbers` of them blocks, tables and scales alone. Tensors that are not of one shape
wherever they are (heads) are kept by all peers. `basis` is what is stored once, `in all` a member's bytes with its share of the basis at the family's
size. `error` is the relative Frobenius error of what is added to the base: of the products B A of adapters, of differences from the base,
of the elements themselves without one; `factors` that of the factors as they are stored, which mean nothing by themselves.
`ours at equal`: bytes of ours at the same accuracy or error, by interpolating the logarithm of bytes; `below`: fewer, the fewest bytes that
were measured are better. Needs numpy.
"""
import argparse
import csv
import glob
import importlib.util
import json
import os

import numpy as np

import weights
from weights import values

NAMES = (("lora_A", "lora_B"), ("lora_down", "lora_up"), ("lora.down", "lora.up"))


def read(path):
    """The float tensors of a file."""
    return {name: values(t).astype(np.float32) for name, t in weights.read(path).items() if t[0] in ("F32", "F16", "BF16")}


def half(x):
    return x.astype(np.float16).astype(np.float64)


def pairs(tensors):
    """Names of the right and the left factor of each pair of an adapter."""
    found = []
    for name in tensors:
        for right, left in NAMES:
            other = name.replace(right, left)
            if right in name and other in tensors:
                found.append((name, other))
    return found


def principal(rows, count, centred):
    """The mean of some rows and their first principal directions, as they are stored."""
    mean = rows.mean(0)
    d = rows - mean
    gram = d.T @ d if d.shape[0] > d.shape[1] else d @ d.T
    size, vectors = np.linalg.eigh(gram)
    keep = size.argsort()[::-1][: min(count, (size > size.max() * 1e-12).sum())]
    v = vectors[:, keep] if d.shape[0] > d.shape[1] else d.T @ (vectors[:, keep] / np.sqrt(np.maximum(size[keep], 1e-300)))
    return half(mean) if centred else 0, half(v)


class Peer:
    """A representation: what is stored once, and for a member its bytes and what it decodes to."""

    basis = 0

    def decode(self, member):
        """Bytes, and the tensors."""
        out, total = {}, 0
        for name, x in member.items():
            out[name], stored = self.tensor(name, x)
            total += stored
        return total, out

    def tensor(self, name, x):
        return half(x), 2 * x.size


class Vlora(Peer):
    def __init__(self, slots, count):
        self.slots = {name: principal(rows, count, True) for name, rows in slots.items()}
        self.basis = 2 * sum(mean.size + v.size for mean, v in self.slots.values())

    def tensor(self, name, x):
        if name not in self.slots:
            return x, 2 * x.size
        mean, v = self.slots[name]
        c = half((x.ravel() - mean) @ v)
        return (mean + v @ c).reshape(x.shape), 2 * c.size


class Eigenlora(Peer):
    def __init__(self, fitted, slots, count):
        found = {pair: None for m in fitted for pair in pairs(m)}
        self.lefts = {left for _, left in found}
        self.slots = {}
        for name in {name for pair in found for name in pair} & set(slots):
            columns = [m[name].T if name in self.lefts else m[name] for m in fitted if name in m]
            self.slots[name] = principal(np.concatenate(columns).astype(np.float64), count, False)[1]
        self.basis = 2 * sum(v.size for v in self.slots.values())

    def tensor(self, name, x):
        if name not in self.slots:
            return x, 2 * x.size
        v = self.slots[name]
        loadings = half((x.T if name in self.lefts else x) @ v)
        y = loadings @ v.T
        return (y.T if name in self.lefts else y), 2 * loadings.size


class Bitdelta(Peer):
    def __init__(self, slots, base):
        self.center = {name: half(rows.mean(0)) for name, rows in slots.items()} if base is None else base
        self.basis = 2 * sum(x.size for x in self.center.values()) if base is None else 0

    def tensor(self, name, x):
        if name not in self.center or self.center[name].size != x.size or x.ndim < 2 or min(x.shape[0], x[0].size) == 1:
            return x, 2 * x.size
        center = self.center[name].reshape(x.shape)
        d = x - center
        return center + np.where(d < 0, -1, 1) * half(np.abs(d).mean()), -(-x.size // 8) + 2


class Judge:
    """Errors and accuracies over the members that are held out."""

    def __init__(self, held, base, tools):
        self.held, self.base, self.vit = held, base, None
        if tools:
            spec = importlib.util.spec_from_file_location("vit_accuracy", os.path.join(tools, "vit_accuracy.py"))
            self.vit = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(self.vit)

    def accuracy(self, folder, tensors):
        with open(os.path.join(folder, "task.json")) as f:
            task = json.load(f)
        found = pairs(tensors)
        if found:
            model = dict(self.base)
            factors = {name for pair in found for name in pair}
            for name, x in tensors.items():
                if name not in factors:
                    model[name.removeprefix("base_model.model.")] = x
            for right, left in found:
                slot = right.removeprefix("base_model.model.").replace(".lora_A.weight", ".weight")
                model[slot] = model[slot] + 2.0 * (tensors[left] @ tensors[right])
            tensors = model
        return self.vit.accuracy({name: np.asarray(x, np.float32) for name, x in tensors.items()}, task)

    def __call__(self, decode):
        """The mean accuracy (0 without tools), the error, that of the factors, and bytes a member."""
        sums, accuracies, stored = np.zeros(4), [], []
        for folder, member in self.held.items():
            count, near = decode(folder, member)
            stored.append(count)
            found = pairs(member)
            factors = {name for pair in found for name in pair}
            for right, left in found:
                product = member[left].astype(np.float64) @ member[right]
                sums[:2] += ((near[left] @ near[right] - product) ** 2).sum(), (product**2).sum()
            for name, x in member.items():
                e = ((near[name] - x.astype(np.float64)) ** 2).sum()
                if name in factors:
                    sums[2:] += e, (x.astype(np.float64) ** 2).sum()
                elif not found:
                    center = self.base.get(name) if self.base else None
                    d = x.astype(np.float64) - (center.reshape(x.shape) if center is not None and center.size == x.size else 0)
                    sums[:2] += e, (d**2).sum()
            accuracies.append(self.accuracy(folder, near) if self.vit else 0)
        error = np.sqrt(sums[0] / sums[1])
        return float(np.mean(accuracies)), error, np.sqrt(sums[2] / sums[3]) if sums[3] else error, np.mean(stored, axis=0)


def ours(judge, folder, members):
    """Rows of what HeldOutBenchmark has written."""
    basis = os.path.getsize(os.path.join(folder, "basis.wspan"))
    for step in sorted(glob.glob(folder + "/*/bytes.csv"), key=lambda p: os.path.getsize(p) and os.path.dirname(p)):
        with open(step) as f:
            stored = {row["model"]: (int(row["record"]), int(row["numbers"])) for row in csv.DictReader(f)}

        def decode(member, tensors):
            name = os.path.basename(member)
            return stored[name], read(os.path.join(os.path.dirname(step), name + ".safetensors"))

        label = f"ours {os.path.basename(os.path.dirname(step))}"
        accuracy, error, factors, (record, numbers) = judge(decode)
        yield label, record, numbers, basis, record + basis / members, error, factors, accuracy


def at_equal(quality, rows, column):
    """Bytes, numbers and bytes in all of ours at some quality, by the fewest bytes of its rows."""
    sign = 1 if column == "accuracy" else -1
    at = {"accuracy": 7, "error": 5}[column]
    best = []
    for point in sorted((row[1], row[2], row[4], sign * row[at]) for row in rows):
        if not best or point[3] > best[-1][3]:
            best.append(point)
    if not best or sign * quality > best[-1][3]:
        return "not reached"
    if sign * quality < best[0][3]:
        return "below " + " ".join(f"{best[0][i]:7.0f}" for i in range(3))
    return "      " + " ".join(f"{np.exp(np.interp(sign * quality, [p[3] for p in best], np.log([p[i] for p in best]))):7.0f}" for i in range(3))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("family")
    ap.add_argument("out", nargs="*")
    ap.add_argument("--every", type=int, default=5)
    ap.add_argument("--base")
    ap.add_argument("--components", default="1,2,4,8,16,32,64")
    ap.add_argument("--tools")
    ap.add_argument("--measured", type=int)
    args = ap.parse_intermixed_args()
    paths = sorted(glob.glob(args.family + "/*/*.safetensors"))
    held = {os.path.dirname(p): read(p) for i, p in enumerate(paths) if i % args.every == 0}
    measured = dict(list(held.items())[: args.measured])
    fitted = [read(p) for i, p in enumerate(paths) if i % args.every != 0]
    base = read(args.base) if args.base else None
    slots = {}
    for name in {name: None for m in fitted for name in m}:
        shapes = {m[name].shape for m in [*fitted, *held.values()] if name in m}
        if len(shapes) == 1:
            slots[name] = np.stack([m[name].ravel() for m in fitted if name in m]).astype(np.float64)
    judge = Judge(measured, base, args.tools)
    column = "accuracy" if args.tools else "error"
    rows = [row for folder in args.out for row in ours(judge, folder, len(paths))]
    peers = [("original", None), ("rounded", Peer())]
    counts = [int(k) for k in args.components.split(",")]
    peers += [(f"vlora {k}", Vlora(slots, k)) for k in counts if k < len(fitted)]
    is_adapter = bool(pairs(fitted[0]))
    if is_adapter:
        peers += [(f"eigenlora {k}", Eigenlora(fitted, slots, k)) for k in counts]
    else:
        peers.append(("bitdelta", Bitdelta(slots, base)))
    print(f"{len(fitted)} members fitted, {len(held)} held out, {len(measured)} measured; {sum(x.size for x in fitted[0].values())} weights each")
    print("representation         bytes numbers    basis   in all   error factors accuracy  ours at equal " + column + ": bytes, numbers, in all")

    def show(label, stored, numbers, basis, whole, error, factors, accuracy, equal=""):
        print(f"{label:20s} {stored:7.0f} {numbers:7.0f} {basis:8.0f} {whole:8.0f} {error:7.4f} {factors:7.4f} {accuracy:8.4f}  {equal}", flush=True)

    for row in sorted(rows, key=lambda row: row[1]):
        show(*row)
    for label, peer in peers:
        decode = (lambda f, m: (0, m)) if peer is None else (lambda f, m: peer.decode(m))
        accuracy, error, factors, stored = judge(decode)
        basis = peer.basis if peer else 0
        equal = at_equal(accuracy if args.tools else error, rows, column) if peer else ""
        show(label, stored, stored, basis, stored + basis / len(paths), error, factors, accuracy, equal)


if __name__ == "__main__":
    main()
