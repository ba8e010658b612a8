"""Networks that a process keeps from one `load_model` to the next, if its environment says so."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

ENVIRONMENT = {"FEATVIZ_KEEP_MODELS": "1"}  # of a process that runs notebook after notebook
MOST_MODELS = 2


class ModelCache:
    """A loader that, in a process with ENVIRONMENT, loads a network once, with all that is compiled for it later.

    Args:
        load: loads a network from its name, its weights and the leave to download.
    """

    def __init__(self, load: Callable[[str | Path, str | Path | None, bool], Any]) -> None:
        self._load = load
        self._kept = lru_cache(maxsize=MOST_MODELS)(lambda name, weights, download, _: load(name, weights, download))

    def __call__(self, name: str | Path, weights: str | Path | None, download: bool) -> Any:
        """Return the network; a changed file is another network."""
        if not ENVIRONMENT.items() <= os.environ.items():
            return self._load(name, weights, download)
        files = [Path(text) for text in (name, weights) if text and Path(text).is_file()]
        return self._kept(name, weights, download, tuple(file.stat().st_mtime_ns for file in files))
