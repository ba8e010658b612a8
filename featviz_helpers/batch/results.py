"""All results of a sweep as one tidy table, from the run folders that are there.

Schema 1. One row per row of a run's results.parquet (as experiment.ipynb writes it: one per picture), or one row per
run if the notebook wrote none:

| column | what |
|---|---|
| run | identity of the run; its folder is runs/<first two digits>/<run> |
| finished | time, UTC |
| run_seconds | wall-clock seconds of the whole run |
| notebook_hash, code_hash | of the notebook's code cells, of the library's modules |
| asset_<NAME> | hash of the file or folder that parameter NAME named |
| <NAME> | each parameter, in capitals as in the notebook; lists as JSON |
| others | columns of results.parquet; `image` is a path below the output |
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from .run_folders import Place

ROWS = "results.parquet"


def runs(folder: str | Path, under: str = "runs") -> dict[str, dict[str, Any]]:
    """Return the result.json of every whole run below an output: folder name -> content.

    Raises:
        FileNotFoundError: there is no sweep.
    """
    place = Place(folder)
    if place.read("asked.json") is None:
        raise FileNotFoundError(f"There are no results of a sweep in '{folder}'.")
    return place.results(tqdm(list(place.names(under, 2)), unit="run", delay=3, leave=False))


def table(folder: str | Path) -> pd.DataFrame:
    """Return all finished runs of an output as one table, see above.

    Raises:
        FileNotFoundError: there is no sweep.
    """
    place, parts = Place(folder), []
    for name, result in runs(folder).items():
        made_from = result["made_from"]
        about = {
            "run": result["run"],
            "finished": result["finished"],
            "run_seconds": result["seconds"],
            "notebook_hash": made_from["notebook"],
            "code_hash": made_from["code"],
            **{f"asset_{key}": value for key, value in made_from["assets"].items()},
            **{key: json.dumps(v) if isinstance(v, list | dict) else v for key, v in result["parameters"].items()},
        }
        if ROWS in result["files"]:
            rows = pd.read_parquet(io.BytesIO(place.fs.cat_file(place.path(f"{name}/{ROWS}"))))
            if "image" in rows:
                rows["image"] = [f"{name}/{image}" for image in rows["image"]]
            rows = rows.rename(columns={column: f"{column}_" for column in about if column in rows})  # ours come first
        else:
            rows = pd.DataFrame(index=[0])
        parts.append(pd.concat([pd.DataFrame(about, index=rows.index), rows], axis=1))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["run", "finished", "run_seconds"])


def failures(folder: str | Path) -> pd.DataFrame:
    """Return the last attempt of every run that failed and is not finished: run, attempts, cell, error, notebook."""
    place = Place(folder)
    attempts: dict[str, list[tuple[int, str, dict[str, Any]]]] = {}
    for name, result in runs(folder, "failed").items():
        attempts.setdefault(result["run"], []).append((int(name.rsplit("/", 1)[1]), name, result))
    rows = []
    for run, tries in attempts.items():
        _, name, result = max(tries, key=lambda entry: entry[0])
        if place.result(f"runs/{run[:2]}/{run}") is None:
            error = result["error"]
            told = f"{error['name']}: {error['message']}"
            rows.append({"run": run, "attempts": len(tries), "cell": error.get("cell"), "error": told,
                         "notebook": f"{name}/run.ipynb"})  # fmt: skip
    return pd.DataFrame(rows, columns=["run", "attempts", "cell", "error", "notebook"])


def summary(found: pd.DataFrame) -> str:
    """Return a table in a few lines: how much there is, and the mean of every measured column."""
    lines = [f"{found['run'].nunique()} finished runs, {len(found)} rows, {found['run_seconds'].sum():.0f} s of work"]
    measured = [name for name in found.select_dtypes("number") if name.islower() and name != "run_seconds"]
    if measured:
        lines.append(found[measured].describe().loc[["mean", "min", "max"]].T.to_string(float_format="%.4g"))
    return "\n".join(lines)


def write(found: pd.DataFrame, path: Path) -> None:
    """Write a table as .parquet or .csv.

    Raises:
        ValueError: another ending.
    """
    if path.suffix == ".parquet":
        found.to_parquet(path, index=False)
    elif path.suffix == ".csv":
        found.to_csv(path, index=False)
    else:
        raise ValueError(f"{path.name}: a table is written as .parquet or .csv")
