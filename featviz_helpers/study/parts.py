"""The parts of a study on disk: what is finished is kept, so that a study that was stopped goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..common.arrays import read_arrays
from ..common.errors import damage_named
from ..common.files import replacing
from ..common.provenance import of_rooms


@dataclass(frozen=True)
class Part:
    """The cells of one method for one of the two tables, "study" or "trial"."""

    table: str
    method: str
    values: Sequence[float]
    channels: Sequence[int]
    seeds: Sequence[int]

    @property
    def name(self) -> str:
        """Of the part's files."""
        return f"{self.table}-{self.method}".replace(" ", "_")

    @property
    def keeps_pictures(self) -> bool:
        """Whether figures or controls need the pictures themselves."""
        return self.table == "study" or self.method == "none"


class PartFiles:
    """One table per finished part, in a folder.

    Args:
        folder: made when the first part is finished.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, name: str) -> bool:
        """Return whether a part is finished."""
        return self._path(name).is_file()

    def keep(self, part: Part, rows: pd.DataFrame, images: np.ndarray) -> None:
        """Write the pictures that are needed later, and then the table, which says that the part is finished."""
        path = self._path(part.name)
        if part.keeps_pictures:
            with replacing(path.with_suffix(".npz")) as temporary, temporary.open("wb") as file:
                np.savez(file, images=images.astype(np.float16))
        self._write(part.name, rows)

    def read(self, name: str, log: Callable[[str], None]) -> pd.DataFrame:
        """Return the table of a finished part, and tell its number of pictures and seconds.

        Raises:
            ValueError: it is damaged.
        """
        with damage_named(self._path(name)):
            table = pd.read_parquet(self._path(name))
            seconds = table["seconds"].sum()
        log(f"{name.replace('-', ', ').replace('_', ' ')}: {len(table)} pictures, {seconds:.0f} s")
        return table

    def finished(self, name: str, make: Callable[[], pd.DataFrame], log: Callable[[str], None]) -> pd.DataFrame:
        """Return a table that is no part of a method, after making it if it is not there yet."""
        if not self.has(name):
            began = time.perf_counter()
            table = make()
            self._write(name, table.assign(seconds=(time.perf_counter() - began) / len(table)))
        return self.read(name, log)

    def pictures(self, part: Part) -> np.ndarray:
        """Return the pictures of a finished part that keeps them.

        Raises:
            ValueError: they are damaged.
        """
        path = self._path(part.name).with_suffix(".npz")
        with damage_named(path):
            return read_arrays(path)["images"].astype(np.float32)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def _write(self, name: str, rows: pd.DataFrame) -> None:
        with replacing(self._path(name)) as temporary:
            rows.assign(code=of_rooms()).to_parquet(temporary, index=False)
