"""What the files and folders that parameters name hold, in one short hash each: other bytes are another question."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..common.files import cached_checksum
from ..common.provenance import gpus
from .locate import find_inception

DIGITS = 20  # of a SHA-256 in hexadecimal


def of_assets(parameters: Mapping[str, Any], folder: Path | None = None) -> dict[str, str]:
    """Return a hash for each parameter that names something on this machine, or a list of such things.

    A file is hashed whole, again whenever it may have changed. So is every file of a folder and of the folders linked
    in it; one with a meta.json (a finished scan) is known by that. MODEL inception_v3 without WEIGHTS is the file that
    would be found.

    Args:
        parameters: name -> value; paths are absolute.
        folder: assets folder in the place of that of FEATVIZ_ASSETS.
    """
    hashes = {}
    for name, value in parameters.items():
        if name == "MODEL" and not parameters.get("WEIGHTS") and _is_inception(value):
            value = str(find_inception(first=folder) or value)
        if isinstance(value, list):
            if value and all(map(_is_there, value)):
                hashes[name] = _digest([_of_path(Path(one).resolve()) for one in value])
        elif _is_there(value):
            hashes[name] = _of_path(Path(value).resolve())
    return hashes


def _is_inception(model: Any) -> bool:
    return model == "inception_v3" or (model == "auto" and bool(gpus()))  # what "auto" takes on a card


def _is_there(value: Any) -> bool:
    """Say whether a value is the path of something; a plan has made paths absolute, and "shapes" is none."""
    return isinstance(value, str) and Path(value).is_absolute() and Path(value).exists()


def _of_path(path: Path) -> str:
    if path.is_file():
        return cached_checksum(path)[:DIGITS]
    if (path / "meta.json").is_file():
        return cached_checksum(path / "meta.json")[:DIGITS]
    return _digest(sorted(f"{name} {cached_checksum(file)}" for name, file in _files(path)))


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:DIGITS]


def _files(folder: Path, prefix: str = "", above: frozenset[Path] = frozenset()) -> Iterator[tuple[str, Path]]:
    own = folder.resolve()
    if own in above:  # a link to a folder that holds it
        return
    for entry in os.scandir(folder):
        if entry.is_dir():
            yield from _files(Path(entry.path), f"{prefix}{entry.name}/", above | {own})
        elif entry.is_file():
            yield f"{prefix}{entry.name}", Path(entry.path)
