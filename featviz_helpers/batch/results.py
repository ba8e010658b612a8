"""All results of a sweep as one tidy table, from the run folders that are there.

Schema 1. One row per row of a run's results.parquet (as experiment.ipynb writes it: one per picture), or one row per
run if the notebook wrote none:

| column | what |
|---|---|
| run | identity of the run; its folder is runs/<first two digits>/<run> |
| finished | time, UTC |
| run_seconds | wall-clock seconds of the whole run |
| notebook_hash, code_hash | of the notebook's code cells, of the library's modules |
| asset_<NAME> | hash of the file or folder that parameter NAME names |
| <NAME> | each parameter, in capitals as in the notebook; lists as JSON |
| others | columns of results.parquet; `image` is a path below the output |
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from ..common.errors import DAMAGE, damage
from ..common.files import replacing
from .result_file import RunResult
from .run_folders import REQUEST, RunFolders, run_name

ROWS = "results.parquet"


def finished_runs(folder: str | Path) -> dict[str, RunResult]:
    """Return the result.json of every whole run of a sweep: folder name below the output -> content.

    Args:
        folder: the output of the sweep, or an fsspec URL.

    Raises:
        FileNotFoundError: there is no sweep.
    """
    return _whole_runs(RunFolders(folder), "runs", {})


def _whole_runs(folders: RunFolders, under: str, left_out: dict[str, str]) -> dict[str, RunResult]:
    if folders.read(REQUEST) is None:
        raise FileNotFoundError(f"There are no results of a sweep in '{folders.address}'.")
    return folders.results(tqdm(list(folders.subfolders(under, 2)), unit="run", delay=3, leave=False), left_out)


@contextmanager
def _left_out(name: str, left_out: dict[str, str]) -> Iterator[None]:
    """Note a damaged run and its reason, and go on."""
    try:
        yield
    except DAMAGE as error:
        left_out[name] = " ".join(damage(error).split())[:200]


def results_table(folder: str | Path) -> pd.DataFrame:
    """Return all finished runs of a sweep as one table, see the head of this module.

    A damaged run is left out and named in `table.attrs["left_out"]`, folder name -> reason. The attribute "runs" counts
    the others, and "seconds" adds up their time: a run whose results.parquet has no rows has none in the table.

    Args:
        folder: the output of the sweep, or an fsspec URL.

    Raises:
        FileNotFoundError: there is no sweep.
    """
    folders, tables, left_out, seconds = RunFolders(folder), [], {}, 0.0
    for name, result in _whole_runs(folders, "runs", left_out).items():
        with _left_out(name, left_out):
            tables.append(_run_table(folders, name, result))
            seconds += result["seconds"]
    empty = pd.DataFrame(columns=["run", "finished", "run_seconds"])
    table = pd.concat(tables, ignore_index=True) if tables else empty
    table.attrs |= {"left_out": left_out, "runs": len(tables), "seconds": seconds}
    return table


def _run_table(folders: RunFolders, name: str, result: RunResult) -> pd.DataFrame:
    """Return the rows of one run, with what is known of the run in the first columns."""
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
        rows = pd.read_parquet(io.BytesIO(folders.fs.cat_file(folders.path(f"{name}/{ROWS}"))))
        if "image" in rows:
            rows["image"] = rows["image"].map(lambda image: f"{name}/{image}", na_action="ignore")
        rows = rows.rename(columns={column: f"{column}_" for column in about if column in rows})  # ours come first
    else:
        rows = pd.DataFrame(index=[0])
    return pd.concat([pd.DataFrame(about, index=rows.index), rows], axis=1)


def failures(folder: str | Path) -> pd.DataFrame:
    """Return the last attempt of every run that failed and is not finished: run, attempts, cell, error, notebook.

    A damaged attempt is left out and named in `table.attrs["left_out"]`, folder name -> reason.

    Args:
        folder: the output of the sweep, or an fsspec URL.

    Raises:
        FileNotFoundError: there is no sweep.
    """
    folders, left_out = RunFolders(folder), {}
    attempts: dict[str, list[tuple[int, dict]]] = {}
    for name, result in _whole_runs(folders, "failed", left_out).items():
        with _left_out(name, left_out):
            run, error = run_name(result["run"]), result["error"]
            cell = error.get("cell")
            row = {"cell": cell if isinstance(cell, int) else None, "error": f"{error['name']}: {error['message']}"}
            attempt = int(name.rsplit("/", 1)[1]), {"run": result["run"], **row, "notebook": f"{name}/run.ipynb"}
            attempts.setdefault(run, []).append(attempt)
    rows = []
    for run, tries in attempts.items():
        _, row = max(tries, key=lambda attempt: attempt[0])
        if folders.result(run) is None:
            rows.append(row | {"attempts": len(tries)})
    table = pd.DataFrame(rows, columns=["run", "attempts", "cell", "error", "notebook"]).astype({"cell": "Int64"})
    table.attrs["left_out"] = left_out
    return table


def summary(table: pd.DataFrame) -> str:
    """Return a table of `results_table` in a few lines: how much there is, and the mean of every measured column."""
    lines = [f"{table.attrs['runs']} finished runs, {len(table)} rows, {table.attrs['seconds']:.0f} s of work"]
    measured = [name for name in table.select_dtypes("number") if name.islower() and name != "run_seconds"]
    if measured:
        lines.append(table[measured].describe().loc[["mean", "min", "max"]].T.to_string(float_format="%.4g"))
    return "\n".join(lines)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as .parquet or .csv.

    Raises:
        ValueError: another ending.
    """
    if path.suffix not in (".parquet", ".csv"):
        raise ValueError(f"{path.name}: a table is written as .parquet or .csv")
    with replacing(path) as part:
        if path.suffix == ".csv":
            table.to_csv(part, index=False)
        else:
            _of_one_kind(table).to_parquet(part, index=False)


def _of_one_kind(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that parquet can hold: a column of numbers here and words there becomes one of words."""
    objects = [name for name in table if table[name].dtype == object]
    mixed = [name for name in objects if table[name].dropna().map(type).nunique() > 1]
    return table.assign(**{name: table[name].map(str, na_action="ignore") for name in mixed})
