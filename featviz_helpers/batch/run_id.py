"""What makes two runs the same: the notebook's code, all parameters, the library's code, and the files they name."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from ..assets import locate as assets
from ..common import files as atomic
from .result_file import MadeFrom

DIGITS = 20  # of a SHA-256 in hexadecimal; enough for any number of runs to differ


def digest(value: Any) -> str:
    """Return the name of plain values: the first digits of a SHA-256 over their JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:DIGITS]


def of_notebook(text: str) -> str:
    """Return the hash of a notebook's code cells; its prose and its stored outputs change no result."""
    notebook = nbformat.reads(text, as_version=4)
    return digest([cell.source for cell in notebook.cells if cell.cell_type == "code"])


def of_assets(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return a hash for each parameter that names something on this machine, or a list of such things.

    A file is hashed whole. A folder is known by the names and lengths in it; one with a meta.json (a finished scan) by
    that. MODEL inception_v3 without WEIGHTS is the file that would be found.
    """
    found = {}
    for name, value in parameters.items():
        if name == "MODEL" and value == "inception_v3" and not parameters.get("WEIGHTS"):
            value = str(assets.find_inception() or value)
        if isinstance(value, list):
            if value and all(map(_is_there, value)):
                found[name] = digest([_of_path(Path(one).resolve()) for one in value])
        elif _is_there(value):
            found[name] = _of_path(Path(value).resolve())
    return found


def _is_there(value: Any) -> bool:
    """Say whether a value is the path of something; a plan has made paths absolute, and "shapes" is none."""
    return isinstance(value, str) and Path(value).is_absolute() and Path(value).exists()


@functools.cache
def _of_path(path: Path) -> str:
    if path.is_file():
        return atomic.checksum(path, "sha256")[:DIGITS]
    if (path / "meta.json").is_file():
        return atomic.checksum(path / "meta.json", "sha256")[:DIGITS]
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return digest([[file.relative_to(path).as_posix(), file.stat().st_size] for file in files])


def of_run(notebook: str, code: str, parameters: Mapping[str, Any]) -> tuple[str, MadeFrom]:
    """Return the name of a run, and what it was made from.

    Args:
        notebook: from `of_notebook`.
        code: from `of_library`.
        parameters: every one of them.
    """
    made_from: MadeFrom = {"notebook": notebook, "code": code, "assets": of_assets(parameters)}
    # Where a file lies does not matter, only what is in it.
    named = {name: value for name, value in parameters.items() if name not in made_from["assets"]}
    return digest({**made_from, "parameters": named}), made_from
