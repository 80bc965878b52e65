"""Every requirement of format-spec has a valid and a hostile case, or a reason why not (allow-list)."""
import json
import os
import re

from . import manifest

SPEC = os.path.join(os.path.dirname(manifest.HERE), "format-spec")
ALLOW = os.path.join(manifest.HERE, "traceability.json")
ID = re.compile(r"^(?:\| )?(R-[A-Z]{3}-\d{3})(?::| \|)", re.MULTILINE)


def requirements():
    """The ids of the spec, each with the page that holds it."""
    out = {}
    for folder, _, names in os.walk(SPEC):
        for name in sorted(names):
            if name.endswith(".md"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    for found in ID.findall(file.read()):
                        out[found] = name
    return out


def problems():
    """What is missing, stale or unknown."""
    known = requirements()
    covered = {"valid": set(), "hostile": set()}
    out = []
    for case in manifest.load():
        covered[case["group"]] |= set(case["requirement_ids"])
        for requirement in case["requirement_ids"]:
            if requirement not in known:
                out.append(f"{case['id']} names {requirement}, which the spec does not have")
    with open(ALLOW, encoding="utf-8") as file:
        allowed = json.load(file)
    for requirement, reasons in allowed.items():
        if requirement not in known:
            out.append(f"the allow-list names {requirement}, which the spec does not have")
        for group in reasons:
            if group not in covered:
                out.append(f"the allow-list has {group!r} for {requirement}")
            elif requirement in covered[group]:
                out.append(f"the allow-list excuses {requirement} from a {group} case, and there is one")
    for requirement, page in sorted(known.items()):
        for group in covered:
            if requirement not in covered[group] and group not in allowed.get(requirement, {}):
                out.append(f"{requirement} ({page}) has no {group} case")
    return out
