"""What makes two runs the same: the notebook's code, all parameters, the library's code, and the files they name."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from ..assets.fingerprints import of_assets
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
