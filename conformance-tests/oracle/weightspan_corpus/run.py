"""Runs a reader over the corpus: the oracle, or a command of another implementation."""
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile

from weightspan_oracle.errors import FormatError
from weightspan_oracle.reader import Objects, Record

from . import manifest


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


class Inputs:
    """The inputs of the cases; recipes are made once, when the first is asked for."""

    def __init__(self, recipes=None):
        self.made = None
        self.folder = recipes

    def data(self, case):
        if "file" in case["input"]:
            return read_file(os.path.join(manifest.CORPUS, case["input"]["file"]))
        name = case["input"]["recipe"]
        if self.folder and os.path.isfile(os.path.join(self.folder, name + ".wspan")):
            return read_file(os.path.join(self.folder, name + ".wspan"))
        if self.made is None:
            self.made = manifest.recipes({c["id"] for c in manifest.load() if "recipe" in c["input"]})
        return self.made[name]


def lay_out(case, folder):
    """The case's dependencies as files of the folder, named by digest."""
    for digest, path in case.get("objects", {}).items():
        shutil.copyfile(os.path.join(manifest.CORPUS, path), os.path.join(folder, digest))


def with_oracle(case, data, view="file"):
    """What the oracle makes of a case: ('sha256', digest, message) or ('error', code, message)."""
    with tempfile.TemporaryDirectory() as folder:
        lay_out(case, folder)
        try:
            file = Record(data, Objects(folder), name=case["id"]).read(view)
        except FormatError as error:
            return "error", error.code, str(error)
    return "sha256", hashlib.sha256(file).hexdigest(), f"{len(file)} bytes"


def with_command(command):
    """As with_oracle(), for a command with {record}, {objects}, {output} and perhaps {view} (`file` or `span`) in it."""

    def reader(case, data, view="file"):
        with tempfile.TemporaryDirectory() as folder:
            objects, record, output = (os.path.join(folder, name) for name in ("objects", "record.wspan", "output"))
            os.mkdir(objects)
            lay_out(case, objects)
            with open(record, "wb") as file:
                file.write(data)
            words = [w.format(record=record, objects=objects, output=output, view=view) for w in shlex.split(command)]
            done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
            if done.returncode == 0:
                return "sha256", hashlib.sha256(read_file(output)).hexdigest(), ""
            message = done.stdout.strip() or done.stderr.strip()
            return "error", (message.split() or ["(nothing)"])[0], message[:300]

    reader.views = ("file", "span") if "{view}" in command else ("file",)
    return reader


def problem_of(case, data, reader):
    """None, or what the reader makes wrong of a case: of its file, then of its layer's, where it has one."""
    views = getattr(reader, "views", ("file", "span"))
    problem = judge(case, reader(case, data))
    if not problem and "layer_sha256" in case["expect"] and "span" in views:
        expect = {"sha256": case["expect"]["layer_sha256"], "length": case["expect"]["layer_length"]}
        problem = judge({**case, "expect": expect}, reader(case, data, "span"))
        problem = problem and f"its layer: {problem}"
    return problem


def judge(case, result):
    """None, or what is wrong with the result."""
    kind, value, message = result
    expect = case["expect"]
    if "error" in expect:
        if kind == "error" and value in [expect["error"], *case.get("also_allowed", [])]:
            return None
        return f"expected {expect['error']}, got {message if kind == 'error' else 'a decoded file'}"
    if kind == "sha256" and value == expect["sha256"]:
        return None
    return f"expected {expect['length']} bytes, got {message}"


def run(reader=with_oracle, only=None, inputs=None, report=print):
    """Run the cases: the numbers of passed, failed and skipped ones."""
    inputs = inputs or Inputs()
    passed = failed = 0
    for case in manifest.load():
        if only and only not in case["id"]:
            continue
        try:
            problem = problem_of(case, inputs.data(case), reader)
        except Exception as error:  # a reader that falls over is a failure of the case, not of the run
            problem = f"{type(error).__name__}: {error}"
        if problem:
            failed += 1
            report(f"FAIL {case['id']}: {problem}")
        else:
            passed += 1
    return passed, failed, 0
