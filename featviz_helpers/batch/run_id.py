"""What makes two runs the same: the notebook's code, all parameters, the library's code, and the files they name."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat

from ..assets.locate import find_inception
from ..common.files import cached_checksum
from ..common.provenance import of_rooms
from .result_file import MadeFrom

DIGITS = 20  # of a SHA-256 in hexadecimal; enough for any number of runs to differ


def digest(value: Any) -> str:
    """Return the name of plain values: the first digits of a SHA-256 over their JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:DIGITS]


def of_notebook(text: str) -> str:
    """Return the hash of a notebook's code cells; its prose and its stored outputs change no result."""
    notebook = nbformat.reads(text, as_version=4)
    return digest([cell.source for cell in notebook.cells if cell.cell_type == "code"])


def of_run(notebook: str, code: str, parameters: Mapping[str, Any]) -> tuple[str, MadeFrom]:
    """Return the name of a run, and what it was made from.

    Args:
        notebook: from `of_notebook`.
        code: from `provenance.of_rooms`.
        parameters: every one of them.
    """
    made_from: MadeFrom = {"notebook": notebook, "code": code, "assets": of_assets(parameters)}
    # Where a file lies does not matter, only what is in it.
    named = {name: value for name, value in parameters.items() if name not in made_from["assets"]}
    return digest({**made_from, "parameters": named}), made_from


def of_assets(parameters: Mapping[str, Any], folder: Path | None = None) -> dict[str, str]:
    """Return a hash for each parameter that names something on this machine, or a list of such things.

    A file is hashed whole, again whenever it may have changed. A folder is known by the names and lengths in it; one
    with a meta.json (a finished scan) by that. MODEL inception_v3 without WEIGHTS is the file that would be found.

    Args:
        parameters: name -> value.
        folder: assets folder in the place of that of FEATVIZ_ASSETS.
    """
    hashes = {}
    for name, value in parameters.items():
        if name == "MODEL" and value == "inception_v3" and not parameters.get("WEIGHTS"):
            value = str(find_inception(first=folder) or value)
        if isinstance(value, list):
            if value and all(map(_is_there, value)):
                hashes[name] = digest([_of_path(Path(one).resolve()) for one in value])
        elif _is_there(value):
            hashes[name] = _of_path(Path(value).resolve())
    return hashes


def changes(parameters: Mapping[str, Any], made_from: MadeFrom, environment: Mapping[str, str]) -> str:
    """Say what is no longer what a run was named after, here and now; "" when all is.

    A worker asks before it executes a notebook and after: a file or a module that changes during a sweep must not give
    its results the name of the old content. Names are given when a sweep starts, so starting it again is the remedy.

    Args:
        parameters: all of the run's.
        made_from: from `of_run`.
        environment: variables that the notebook is given.
    """
    if made_from["code"] != of_rooms():
        return f"{socket.gethostname()} has another version of featviz_helpers than the one that was planned"
    assets = environment.get("FEATVIZ_ASSETS") or os.environ.get("FEATVIZ_ASSETS")
    hashes = of_assets(parameters, Path(assets) if assets else None)
    names = [name for name, planned in made_from["assets"].items() if hashes.get(name) != planned]
    if not names:
        return ""
    shown = ", ".join(f"{name} ({parameters[name]})" for name in names)
    return (
        f"{shown} changed after the sweep had started, or differs on {socket.gethostname()}. "
        "Start the sweep again: the runs that this concerns get names of their own"
    )


def _is_there(value: Any) -> bool:
    """Say whether a value is the path of something; a plan has made paths absolute, and "shapes" is none."""
    return isinstance(value, str) and Path(value).is_absolute() and Path(value).exists()


def _of_path(path: Path) -> str:
    if path.is_file():
        return cached_checksum(path)[:DIGITS]
    if (path / "meta.json").is_file():
        return cached_checksum(path / "meta.json")[:DIGITS]
    return digest(sorted(_files(str(path), "")))


def _files(folder: str, prefix: str) -> Iterator[tuple[str, int]]:
    """Yield the name and the length of every file below a folder; there may be ten thousand: each is looked at once."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path, f"{prefix}{entry.name}/")
        elif entry.is_file():
            yield f"{prefix}{entry.name}", entry.stat().st_size
