"""Finished studies: those that come with the course, and any other in its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..common.checks import file_name
from ..common.errors import damage_named, nearest
from . import verdict
from .controls import JUDGED_CONTROLS
from .specificity import CLOSENESS, INDEX, JUDGES
from .tables import Tables

RECORD = "provenance.json"  # written last: a study without it is not finished
BUNDLED = Path(str(files("featviz_helpers"))) / "study" / "results"
TWINS = BUNDLED / "twins.parquet"
STEP = 2.0**-13  # of a score, about 1/10,000: a difference that matters is ten times larger
GRADES = ("orientation", "frequency", "hue", "class", "grade")


@dataclass(frozen=True)
class FinishedStudy:
    """What a study found, and where it came from.

    Attributes:
        tables: all numbers.
        record: what provenance.json says: plan, network, images, judges, versions, date.
    """

    tables: Tables
    record: dict[str, Any]

    @property
    def labels(self) -> dict[str, str]:
        """The judges: what their columns begin with -> their names."""
        return dict(zip(self.tables.judges, self.record["judges"], strict=True))

    def __str__(self) -> str:
        exemplars, trial = self.record["exemplars"], self.tables.trial
        return (
            f"{exemplars['backbone']}, {', '.join(exemplars['layers'])}: {trial['method'].nunique()} methods on "
            f"{self.tables.study['channel'].nunique()} + {trial['channel'].nunique()} channels, {exemplars['images']} "
            f"images, judged by {' and '.join(self.record['judges'])}; "
            f"{datetime.fromisoformat(self.record['started']):%d %B %Y}"
        )


def read(where: str | Path) -> FinishedStudy:
    """Read a finished study.

    Args:
        where: the network of a study that comes with the course, such as "inception_v3"; or what `featviz study --out`
            wrote.

    Raises:
        FileNotFoundError: there is no finished study.
        ValueError: it is damaged.
    """
    file_name("The study", where)
    folder = BUNDLED / where if str(where) in bundled() else Path(where)
    if not (folder / RECORD).is_file():
        raise FileNotFoundError(
            f"There is no finished study in '{where}': {RECORD} is missing. Of those that come with the course, "
            f"{nearest(str(where), bundled())}."
        )
    with damage_named(folder):
        return FinishedStudy(Tables.load(folder), json.loads((folder / RECORD).read_text(encoding="utf-8")))


def bundled() -> list[str]:
    """Return the networks whose studies come with the course."""
    return sorted(path.parent.name for path in BUNDLED.glob(f"*/{RECORD}"))


def twins() -> pd.DataFrame:
    """Return what every method's pictures of all channels of both ShapesNets are like, and of four of other networks.

    Returns:
        One row per model, method and channel: activation, share (of high frequencies), robustness (to shifts of up to
        8 pixels), and on the ShapesNets orientation, frequency, hue, class and grade, 0 to 1.
    """
    return pd.read_parquet(TWINS)


def essence(tables: Tables) -> Tables:
    """Return what the answers of a study rest on, in a fifth of the room.

    The verdict on it is that on all tables. Left out are the controls' single pictures, and the matrices of values that
    neither half of the channels chose.
    """
    closeness = [f"{judge}{name}" for judge in JUDGES for name in CLOSENESS if name not in ("other_distance", "rank")]
    distances = [f"{judge}exemplar_distance" for judge in JUDGES]
    controls = tables.controls[["control", "method", "value", "channel", *_there(tables.controls, closeness)]]
    scores = _there(tables.trial, [*closeness, "activation", "activation_percentile", *GRADES])
    on_the_way = _there(tables.snapshots, ["channel", "seed", "step", "activation", *distances])
    kept = {
        "study": tables.study[[*INDEX, *_there(tables.study, [*distances, "activation", *GRADES])]],
        "trial": tables.trial[[*INDEX, *scores]],
        "controls": _mean(controls, ["control", "method", "value", "channel"]),
        "snapshots": tables.snapshots[on_the_way],
        "distances": _matrices(tables),
    }
    return Tables(**{name: _short(table) for name, table in kept.items()})


def _matrices(tables: Tables) -> pd.DataFrame:
    """Return the matrices of all chosen values, and one of means for each control that is the same in all seeds."""
    keys = ["method", "value"]
    chosen = pd.concat([verdict.chosen_pictures(tables, by)[keys] for by in tables.judges]).drop_duplicates()
    rows = tables.distances.merge(chosen)
    same = rows["method"].isin(JUDGED_CONTROLS)
    climbed = rows[~same & rows["seed"].isin(tables.trial["seed"].unique())]
    return pd.concat([climbed, _mean(rows[same], ["table", *keys, "channel"])], ignore_index=True)


def _mean(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the means over seeds, under the number of the first."""
    means = rows.groupby(keys, sort=False).mean(numeric_only=True)
    return means.drop(columns="seed", errors="ignore").reset_index().assign(seed=0)


def _there(table: pd.DataFrame, names: list[str]) -> list[str]:
    return [name for name in names if name in table]


def _short(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose scores are rounded to the next `STEP`.

    Values stay what they are, and so do ranks: a permutation test must see which of them are equal.
    """
    exact = ["value", *(f"{judge}auc" for judge in JUDGES)]
    scores = table.select_dtypes("floating").columns.difference(exact)
    return table.assign(**(STEP * (table[scores] / STEP).round()).astype(np.float32))
