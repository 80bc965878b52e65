"""The corpus on disk: files, dependencies and a manifest of cases each for `valid` and `hostile`."""
import hashlib
import json
import os

from . import hostile, valid

HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORPUS = os.path.join(HERE, "corpus")
SINCE = "1"
GROUPS = {"valid": valid.all_cases, "hostile": hostile.all_cases}


def objects_of(made, files):
    """{digest: path under the corpus}: stored by content, so that an object with wrong bytes has a place too."""
    out = {}
    for digest, data in made.objects.items():
        path = f"objects/{hashlib.sha256(data).hexdigest()}"
        files[path] = data
        out[digest.hex()] = path
    return out


def describe(group, case, made, files):
    """The manifest's entry of a case; its files are put into `files`."""
    entry = {"id": case.id, "title": case.title, "requirement_ids": case.requirements, "level": case.level, "roles": [case.role]}
    if case.recipe:
        entry["input"] = {"recipe": case.id}
    else:
        path = f"{group}/{case.id}.wspan"
        files[path] = made.data
        entry["input"] = {"file": path}
    if made.objects:
        entry["objects"] = objects_of(made, files)
    if case.error:
        entry["expect"] = {"error": case.error}
        if case.also:
            entry["also_allowed"] = case.also
    else:
        entry["expect"] = {"sha256": hashlib.sha256(made.file).hexdigest(), "length": len(made.file)}
        if made.layer_file is not None:
            entry["expect"] |= {"layer_sha256": hashlib.sha256(made.layer_file).hexdigest(), "layer_length": len(made.layer_file)}
    entry["since"] = SINCE
    return entry


def generate():
    """The whole corpus as {path: bytes}."""
    files = {}
    for group, cases in GROUPS.items():
        entries, seen = [], set()
        for case in cases():
            assert case.id not in seen, f"the id {case.id} stands twice"
            seen.add(case.id)
            entries.append(describe(group, case, case.make(), files))
        lines = ",\n".join("  " + json.dumps(entry) for entry in entries)
        files[f"{group}/cases.json"] = f'{{"format": 1, "cases": [\n{lines}\n]}}\n'.encode()
    return files


def stored_files():
    out = {}
    for folder, _, names in os.walk(CORPUS):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                out[os.path.relpath(path, CORPUS).replace(os.sep, "/")] = file.read()
    return out


def write():
    files = generate()
    for path in sorted(set(stored_files()) - set(files)):
        os.remove(os.path.join(CORPUS, path))
    for path, data in files.items():
        whole = os.path.join(CORPUS, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "wb") as file:
            file.write(data)
    print(f"{len(files)} files, {sum(map(len, files.values()))} bytes")


def differences():
    """What the committed corpus and a fresh one do not have in common."""
    fresh, stored = generate(), stored_files()
    return sorted(path for path in fresh.keys() | stored.keys() if fresh.get(path) != stored.get(path))


def load():
    """The cases of both manifests, in order, each with its group."""
    out = []
    for group in GROUPS:
        with open(os.path.join(CORPUS, group, "cases.json"), encoding="utf-8") as file:
            for entry in json.load(file)["cases"]:
                out.append({**entry, "group": group})
    return out


def recipes(names):
    """{id: bytes} of the recipes named."""
    out = {}
    for cases in GROUPS.values():
        for case in cases():
            if case.recipe and case.id in names:
                out[case.id] = case.make().data
    return out


def materialise(folder):
    """Write every recipe's file into the folder, as ID.wspan."""
    os.makedirs(folder, exist_ok=True)
    names = {entry["id"] for entry in load() if "recipe" in entry["input"]}
    for name, data in recipes(names).items():
        with open(os.path.join(folder, name + ".wspan"), "wb") as file:
            file.write(data)
