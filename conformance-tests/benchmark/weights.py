"""Reads safetensors files with numpy alone."""
import json
import struct

import numpy as np

FLOATS = {"F64": ("<u8", "<f8"), "F32": ("<u4", "<f4"), "F16": ("<u2", "<f2"), "BF16": ("<u2", None)}


def read(path):
    """Tensors as (dtype, shape, bits), bits as unsigned integers or bytes."""
    with open(path, "rb") as f:
        data = f.read()
    (n,) = struct.unpack("<Q", data[:8])
    out = {}
    for name, info in json.loads(data[8 : 8 + n]).items():
        if name != "__metadata__":
            a, e = info["data_offsets"]
            raw = data[8 + n + a : 8 + n + e]
            out[name] = info["dtype"], tuple(info["shape"]), np.frombuffer(raw, FLOATS.get(info["dtype"], ("u1",))[0])
    return out


def values(tensor):
    dtype, shape, bits = tensor
    if dtype == "BF16":
        return (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64).reshape(shape)
    return bits.view(FLOATS[dtype][1]).astype(np.float64).reshape(shape)
