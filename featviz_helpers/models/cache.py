"""Networks that a process keeps from one `load_model` to the next, if its environment says so."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

ENVIRONMENT = {"FEATVIZ_KEEP_MODELS": "1"}  # of a process that runs notebook after notebook
MOST_MODELS = 2
MOST_FUNCTIONS = 64  # of one network; each takes about 12 MB


class RecentFunctions(OrderedDict):
    """What was made of a network, by what it depends on: the least recently used is dropped when there are too many."""

    def __getitem__(self, key: Any) -> Any:
        self.move_to_end(key)
        return super().__getitem__(key)

    def __setitem__(self, key: Any, function: Any) -> None:
        super().__setitem__(key, function)
        if len(self) > MOST_FUNCTIONS:
            self.popitem(last=False)


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
