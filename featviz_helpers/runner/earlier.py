"""An earlier run in the same folder: which of its notebooks are finished, and need not run again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from . import pages

SAME = ("sha256", "parameters", "assets")  # of a notebook's entry
SAME_RUN = ("code", "versions")  # of the whole record


def finished(out: Path, report: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the entries of notebooks that an earlier run finished, and that would come out the same today.

    Args:
        out: the folder of both runs.
        report: the record of the run that begins; its notebook, values, code and versions must be those of the earlier
            one. A folder without a record, or with a damaged one, holds nothing that is finished.
    """
    earlier = _record(out)
    entries = _entries(earlier)
    if any(earlier.get(key) != report[key] for key in SAME_RUN):
        return {}
    now = json.loads(json.dumps(report["notebooks"]))  # a tuple among the values is a list in the file
    if _has_card(earlier) != _has_card(report):  # MODEL "auto" is another network there
        now = [new for new in now if "auto" not in new["parameters"].values()]
    return {new["name"]: old for new in now if (old := entries.get(new["name"])) and _same(out, new, old)}


def names(out: Path) -> set[str]:
    """Return the notebooks that any earlier run into a folder had, whatever became of them.

    A run.json holds its own run's, and as "earlier" those of the runs before, whose records it took the place of.
    """
    record = _record(out)
    before = record.get("earlier")
    listed = before if isinstance(before, list) else []
    return {*_entries(record), *(name for name in listed if isinstance(name, str))}


def _record(out: Path) -> dict[str, Any]:
    """Return what run.json of an earlier run holds; nothing where there is none, or a damaged one."""
    try:
        record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _entries(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    try:
        return {entry["name"]: entry for entry in record["notebooks"]}
    except (KeyError, TypeError):
        return {}


def _has_card(record: Mapping[str, Any]) -> bool:
    return bool(record.get("hardware", {}).get("gpus"))


def _same(out: Path, new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    files = old.get("files") or [""]
    return (
        old.get("status") == "ok"
        and all(old.get(key) == new[key] for key in SAME)
        and all((out / name).is_file() for name in files)
    )


def thumbnails(out: Path, entries: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return name -> small picture, as `pages.index` takes them, of notebooks that were written before."""
    found = {}
    for name, entry in entries.items():
        if f"{name}.ipynb" in entry["files"] and (out / f"{name}.ipynb").is_file():
            found[name] = pages.thumbnail(nbformat.read(out / f"{name}.ipynb", as_version=4))
    return found
