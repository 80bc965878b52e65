#!/usr/bin/env python3
"""Accuracy of vit-fmnist models that HeldOutBenchmark has written, beside that of the originals.

usage: held_out_accuracy.py FAMILY-FOLDER OUT-FOLDER/STEP [BASE.safetensors]

With BASE the models are LoRA adapters on it. Needs numpy, and vit_accuracy.py of the folder with the families.
"""
import glob
import importlib.util
import json
import os
import sys

import numpy as np


def main():
    family, views = sys.argv[1:3]
    tools = os.path.join(os.path.dirname(os.path.abspath(family.rstrip("/"))), "../../tools/vit_accuracy.py")
    spec = importlib.util.spec_from_file_location("vit_accuracy", os.path.normpath(tools))
    vit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(vit)
    base = vit.read(sys.argv[3]) if len(sys.argv) > 3 else None

    def accuracy(path, task):
        tensors = vit.read(path)
        if base is None:
            return vit.accuracy(tensors, task)
        model = dict(base)
        for name, a in tensors.items():
            slot = name.removeprefix("base_model.model.")
            if slot.endswith(".lora_A.weight"):
                b = tensors[name.replace("lora_A", "lora_B")]
                slot = slot.replace(".lora_A.weight", ".weight")
                model[slot] = model[slot] + 2.0 * (b @ a)
            elif "lora_" not in slot:
                model[slot] = a
        return vit.accuracy(model, task)

    originals, decoded = [], []
    for view in sorted(glob.glob(views + "/*.safetensors")):
        member = os.path.join(family, os.path.basename(view).removesuffix(".safetensors"))
        with open(member + "/task.json") as f:
            task = json.load(f)
        (original,) = glob.glob(member + "/*.safetensors")
        originals.append(accuracy(original, task))
        decoded.append(accuracy(view, task))
    print(f"{len(decoded)} models: originals {np.mean(originals):.4f}, decoded {np.mean(decoded):.4f}")


if __name__ == "__main__":
    main()
