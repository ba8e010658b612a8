"""Tables that a teacher opens in a spreadsheet: none of their cells is a formula, and what was saved is read again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd

from ..common.errors import damage_named
from ..common.files import replacing
from .variants import composed, student_id

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for one


def write_csv(path: Path, marks: pd.DataFrame) -> None:
    """Write the table; no cell of it is a formula to a spreadsheet, whatever a student is called."""
    with replacing(path) as part:
        marks.map(safe).to_csv(part, index=False)


def safe(cell: Any) -> Any:
    """Return a cell with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def as_written(cell: str) -> str:
    """Return a cell without the apostrophe of `safe`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of texts, perhaps saved by a spreadsheet, which may part columns by ";" and write no UTF-8.

    Raises:
        ValueError: it is no table.
    """
    with damage_named(path):
        content = path.read_bytes()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", "replace")  # a spreadsheet's, on Windows
        if not text.strip():
            return pd.DataFrame()
        head = text.splitlines()[0]
        sep = ";" if head.count(";") > head.count(",") else ","
        return pd.read_csv(io.StringIO(text), sep=sep, dtype=str, keep_default_na=False).fillna("")


def read_roster(path: Path) -> dict[str, str]:
    """Read which folder or file is whose: a CSV file with the columns folder and student.

    Raises:
        ValueError: other columns, an odd id, or a folder that is there twice.
    """
    table = read_table(path)
    if table.empty and table.columns.empty:
        return {}
    if not {"folder", "student"} <= set(table.columns):
        raise ValueError(f"'{path}' must have the columns folder and student; got {', '.join(table.columns)}.")
    rows = [row for row in zip(table["folder"], table["student"], strict=True) if any(map(str.strip, row))]
    found = {composed(as_written(folder)): student_id(as_written(student)) for folder, student in rows}
    if len(found) < len(rows):
        raise ValueError(f"'{path}' must name each folder once; it has {len(rows)} rows and {len(found)} folders.")
    return found
