#!/usr/bin/env python3
"""Packs some members of a family within bounds, checks every element with numpy alone, and sets the bits beside the Gaussian bound.

usage: bounds.py LAUNCHER FAMILY-FOLDER SCRATCH-FOLDER [--base FOLDER] [--members 4] [--fit 64] [--bounds 0.01,0.03,0.1,0.3,1] [--poison]

LAUNCHER        the command weightspan
FAMILY-FOLDER   holds a folder for each member, each with a safetensors file
SCRATCH-FOLDER  stores go here; is deleted and made anew
--base          the folder of the model that they started from
--members       how many are packed, evenly spread
--fit           how many others the variances of the modes are measured on at most
--poison        pack copies with NaN, infinities, -0 and subnormal numbers put in

Checked: no finite element is farther from its original than EPS root mean squares of its tensor's difference from the base (of the
tensor itself without a base); others, and tensors that are not of floats, are kept bit for bit; what `inspect` states as the largest
and the relative Frobenius error is true. Exits with 1 if anything is not.

The bound is Shannon's for Gaussian components of the measured variances at the measured mean squared error of each tensor (reverse
water-filling, tensor by tensor, as the bound EPS is asked of each tensor by itself); three sets of components:
  plain  the tensor's elements, all of one variance
  lines  the same, the variance of each being its row's times its column's
  modes  the coefficients of the difference D in the eigenvectors of sum D D^T and sum D^T D, the variance of each likewise
Directions are those of half of the family's other members, variances those of the other half (both of the same are those of chance, too),
at the energy of the tensor in question. Tensors of one dimension are taken as `plain`.
Where the elements are of 16 bits a tensor's mean squared error counts as no less than the elements' own rounding, ulp^2/12: a cell as wide
as the elements' grid holds them exactly (the geometric mean over the elements is taken, which gives the mean of their rates).
`rest` is what of the stored bits is not blocks of tensors: header, index, tables, scales.
A uniform quantiser with an ideal entropy coder needs 0.2546 bit more than the bound at high rates. Needs numpy.
"""
import argparse
import glob
import json
import os
import shutil
import struct
import subprocess
import sys

import numpy as np

from weights import FLOATS, read, values

MANTISSA = {"F16": (10, -14), "BF16": (7, -126)}


def weights_of(folder):
    (path,) = glob.glob(folder + "/*.safetensors")
    return path


def difference(name, tensor, base):
    """From the base's tensor of that name and size, where there is one."""
    x = values(tensor)
    if name in base and base[name][0] in FLOATS and base[name][2].size == x.size:
        x = x - values(base[name]).reshape(x.shape)
    return x


def matrix(x):
    return x.reshape(x.shape[0], -1) if x.ndim > 1 else x.reshape(1, -1)


def filled(variances, error):
    """Bits a component at a mean squared error, by reverse water-filling."""
    v = np.sort(variances.ravel())
    sums = np.concatenate([[0], np.cumsum(v)])
    levels = (error * v.size - sums[:-1]) / np.arange(v.size, 0, -1)
    above = np.flatnonzero(levels <= v)
    if above.size == 0:
        return 0.0
    theta = max(levels[above[0]], 1e-300)
    return float(np.maximum(0, np.log2(np.maximum(v, 1e-300) / theta) / 2).mean())


def grid(tensor):
    """The mean squared error of rounding to a tensor's dtype, element by element; 0 for wide ones."""
    if tensor[0] not in MANTISSA:
        return None
    bits, least = MANTISSA[tensor[0]]
    x = np.abs(values(tensor)).ravel()
    exponent = np.maximum(np.floor(np.log2(np.maximum(x, 1e-300))), least)
    return np.exp2(2 * (exponent - bits)) / 12


class Family:
    """Directions that half of the other members have, and variances along them, and of rows and columns, of the other half."""

    def __init__(self, others, base):
        self.base = base
        sums = {}
        for key, d in self.matrices(others[::2]):
            a = sums.setdefault(key, [0, 0])
            a[0], a[1] = a[0] + d @ d.T, a[1] + d.T @ d
        self.directions = {key: (np.linalg.eigh(left)[1], np.linalg.eigh(right)[1]) for key, (left, right) in sums.items()}
        self.variances = {}
        for key, d in self.matrices(others[1::2]):
            u, v = self.directions.get(key, (None, None))
            for kind, x in ("lines", d), ("modes", d if u is None else u.T @ d @ v):
                a = self.variances.setdefault((kind, *key), [0, 0])
                a[0], a[1] = a[0] + (x**2).mean(1), a[1] + (x**2).mean(0)

    def matrices(self, paths):
        for path in paths:
            for name, tensor in read(path).items():
                if tensor[0] in FLOATS and len(tensor[1]) > 1:
                    d = matrix(difference(name, tensor, self.base))
                    if np.isfinite(d).all() and min(d.shape) > 1 and max(d.shape) <= 4096:
                        yield (name, d.shape), d

    def spectrum(self, kind, name, d):
        """Variances of the components of a tensor, of its own energy."""
        energy = (d**2).mean()
        rows, columns = self.variances.get((kind, name, d.shape), (0, 0))
        product = np.outer(rows, columns)
        return np.full(d.shape, energy) if kind == "plain" or not product.any() else product * (energy / product.mean())


def compare(original, decoded, base, family, eps, faults):
    """Checks a file; returns sums over its float tensors."""
    total = {"weights": 0, "error": 0.0, "energy": 0.0, "most": 0.0, "worst": 0.0, "exact": 0, "plain": 0.0, "lines": 0.0, "modes": 0.0}
    if list(original) != list(decoded):
        faults.append("other tensors")
        return total
    for name, tensor in original.items():
        near = decoded[name]
        same = np.array_equal(tensor[2], near[2])
        if tensor[:2] != near[:2] or not same and tensor[0] not in FLOATS:
            faults.append(f"{name} is of another kind or not kept")
            continue
        if tensor[0] not in FLOATS or tensor[2].size == 0:
            continue
        x, y = values(tensor), values(near)
        odd = ~np.isfinite(x).ravel()
        if not np.array_equal(tensor[2][odd], near[2][odd]):
            faults.append(f"{name}: elements that are no numbers are not kept")
        d = difference(name, tensor, base)
        total["weights"] += x.size
        if odd.any():
            total["exact"] += x.size
            if not same:
                faults.append(f"{name}: has no root mean square, but is not kept")
            continue
        e = np.abs(x - y)
        if not np.isfinite(e).all():
            faults.append(f"{name}: elements became no numbers")
        energy, error = (d**2).sum(), (e**2).sum()
        rms = np.sqrt(energy / x.size)
        if e.max() > eps * rms * (1 + 1e-9):
            faults.append(f"{name}: error {e.max() / rms:.6f} root mean squares, {eps} allowed")
        total["worst"] = max(total["worst"], e.max() / rms if rms > 0 else 0)
        total["most"] = max(total["most"], e.max())
        total["error"] += error
        total["energy"] += energy
        total["exact"] += x.size if same else 0
        if energy > 0:
            add_bounds(total, name, tensor, d, error / x.size, family)
    return total


def add_bounds(total, name, tensor, d, error, family):
    floor = grid(tensor)
    if floor is not None:
        error = np.exp(np.log(np.maximum(error, floor)).mean())
    # A tensor kept exactly though its grid is fine: the grid of F32 is its own floor.
    error = max(error, (d**2).mean() * 2.0**-48)
    for kind in "plain", "lines", "modes":
        total[kind] += filled(family.spectrum(kind, name, matrix(d)), error) * d.size


def run(launcher, *arguments):
    done = subprocess.run([launcher, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout


def pack(args, folders, fidelity):
    """Packs into a new store; returns it and what pack printed."""
    store = os.path.join(args.scratch, fidelity.replace(":", "-"))
    base = ["--base", args.base] if args.base else []
    printed = run(args.launcher, "pack", "--store", store, "--family", "members", "--fidelity", fidelity, "--json", *base, *folders)
    return store, json.loads(printed)


def record_of(args, store, folder):
    found = json.loads(run(args.launcher, "inspect", "--store", store, "members/" + os.path.basename(folder), "--json"))
    (record,) = [file for file in found["files"] if file["path"].endswith(".safetensors")]
    return record


def poisoned(folder, scratch):
    """A copy of a member with elements that are no numbers, and some odd ones, in some of its tensors."""
    copy = os.path.join(scratch, "poisoned", os.path.basename(folder))
    shutil.copytree(folder, copy)
    path = weights_of(copy)
    with open(path, "r+b") as f:
        data = bytearray(f.read())
        (n,) = struct.unpack("<Q", data[:8])
        bits = {"F32": ("<I", 23, 32), "F16": ("<H", 10, 16), "BF16": ("<H", 7, 16)}
        tensors = [t for k, t in json.loads(data[8 : 8 + n]).items() if k != "__metadata__" and t["dtype"] in bits]
        for index, tensor in enumerate(tensors):
            kind, mantissa, width = bits[tensor["dtype"]]
            inf = (1 << width - 1) - (1 << mantissa)
            odd = [[1 << width - 1, 3], [inf], [inf | 1 << width - 1, inf + 1], [inf | 1 << mantissa - 1, 1]]
            begin, end = tensor["data_offsets"]
            for place, value in enumerate(odd[index % 4] if index % 3 == 0 else []):
                if begin + (place + 1) * width // 8 <= end:
                    struct.pack_into(kind, data, 8 + n + begin + place * width // 8, value)
        f.seek(0)
        f.write(data)
    return copy


def measure(args, eps, folders, exact, base, family):
    store, packed = pack(args, folders, f"bounded:{eps}")
    sums, stored, rest, faults = {}, 0, 0, []
    for folder in folders:
        record = record_of(args, store, folder)
        stored += record["stored_bytes"]
        rest += record["stored_bytes"] - sum(tensor["stored_bytes"] for tensor in record["tensors"])
        out = os.path.join(args.scratch, "out")
        shutil.rmtree(out, ignore_errors=True)
        run(args.launcher, "unpack", "--store", store, "members/" + os.path.basename(folder), "--to", out)
        found = []
        total = compare(read(weights_of(folder)), read(weights_of(out)), base, family, eps, found)
        relative = np.sqrt(total["error"] / total["energy"])
        if record["max_abs_error"] != total["most"] or abs(record["relative_error"] - relative) > 1e-7 * relative:
            found.append(f"states {record['max_abs_error']}, {record['relative_error']}; measured {total['most']}, {relative}")
        faults += [os.path.basename(folder) + ": " + fault for fault in found]
        for key, value in total.items():
            sums[key] = max(sums.get(key, 0), value) if key in ("most", "worst") else sums.get(key, 0) + value
    n = sums["weights"]
    bits = 8 * stored / n
    print(f"{eps:5g} {sums['worst'] / eps:8.6f} {np.sqrt(sums['error'] / sums['energy']):9.6f} {bits:8.3f} {8 * rest / n:6.3f} {8 * exact / n:8.3f}"
          + "".join(f" {sums[k] / n:7.3f} {bits - sums[k] / n:+7.3f}" for k in ("plain", "lines", "modes"))
          + f" {100 * sums['exact'] / n:6.1f} {packed['shared_bytes']:8d} {len(faults):6d}", flush=True)
    for fault in faults[:8]:
        print("  FAULT " + fault)
    shutil.rmtree(store)
    return not faults


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("launcher")
    ap.add_argument("family")
    ap.add_argument("scratch")
    ap.add_argument("--base")
    ap.add_argument("--members", type=int, default=4)
    ap.add_argument("--fit", type=int, default=64)
    ap.add_argument("--bounds", default="0.01,0.03,0.1,0.3,1")
    ap.add_argument("--poison", action="store_true")
    args = ap.parse_args()
    shutil.rmtree(args.scratch, ignore_errors=True)
    os.makedirs(args.scratch)
    every = sorted(d for d in glob.glob(args.family + "/*") if glob.glob(d + "/*.safetensors"))
    count = min(args.members, len(every))
    picked = {(2 * i + 1) * len(every) // (2 * count) for i in range(count)}
    folders = [every[i] for i in sorted(picked)]
    others = [weights_of(d) for i, d in enumerate(every) if i not in picked][: args.fit]
    base = read(weights_of(args.base)) if args.base else {}
    family = Family(others, base)
    if args.poison:
        folders = [poisoned(folder, args.scratch) for folder in folders]
    store, packed = pack(args, folders, "exact")
    exact = sum(record_of(args, store, folder)["stored_bytes"] for folder in folders)
    shutil.rmtree(store)
    print(f"{len(folders)} members of {os.path.basename(args.family.rstrip('/'))}, {len(others)} others for the modes;"
          " bits a weight; worst is of the bound, frob of the difference")
    print("  eps    worst      frob   stored   rest    exact   plain    over   lines    over   modes    over exact%   shared faults")
    good = [measure(args, float(eps), folders, exact, base, family) for eps in args.bounds.split(",")]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
