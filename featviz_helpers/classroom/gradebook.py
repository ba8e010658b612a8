"""Grade a whole folder, go on where it was stopped, and write one table for a learning platform."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..common.errors import DAMAGE
from ..common.files import replacing, write_text
from ..common.progress import bar
from ..common.provenance import ROOMS, of_rooms
from .grading import QUESTIONS
from .submissions import Place, Record

SHARED = ("picture", "words")  # of two students alike by copying alone
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for one


def grade_all(
    places: Iterable[Place], folder: Path, grade: Callable[[Place], Record], settings: str, progress: bool = True
) -> list[Record]:
    """Grade hand-ins one by one; those that were graded before, by the same code, from the same files, stay.

    Args:
        places: where they lie.
        folder: for the records, one file for each hand-in, written when it is graded.
        grade: hand-in -> record.
        settings: what the grading depends on besides, such as the sandbox.
        progress: show a bar.
    """
    code, records = of_rooms(*ROOMS, "classroom"), []
    places = list(places)
    for place in bar(progress and len(places) > 1, iterable=places, desc="grading", unit="hand-in"):
        key = hashlib.sha256(f"{code}\n{settings}\n{place.digest()}".encode()).hexdigest()
        path = folder / f"{hashlib.sha256(place.name.encode()).hexdigest()[:20]}.json"
        record = _earlier(path, key)
        if record is None:
            record = grade(place)
            write_text(path, json.dumps({"key": key, "record": record.as_dict()}, indent=1))
        records.append(record)
    return with_copies(records)


def _earlier(path: Path, key: str) -> Record | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Record(**found["record"]) if found["key"] == key else None
    except DAMAGE:
        return None


def with_copies(records: list[Record]) -> list[Record]:
    """Return the records with a note wherever two students have the same text or the same pixels."""
    owners: dict[tuple[str, str], list[str]] = {}
    for record in records:
        for question in SHARED:
            if question in record.prints:
                owners.setdefault((question, record.prints[question]), []).append(record.student)
    noted = []
    for record in records:
        same = {
            (question, other)
            for question in SHARED
            for other in owners.get((question, record.prints.get(question, "")), [])
            if other != record.student
        }
        words = [f"the same {question} as {other}" for question, other in sorted(same)]
        noted.append(replace(record, note="; ".join(filter(None, [record.note, *words]))))
    return noted


def table(records: list[Record], assignment: str) -> pd.DataFrame:
    """Return one row for each hand-in.

    Args:
        records: of one assignment.
        assignment: its name.

    Returns:
        Columns student, folder, total (of what a program can grade), one for each question with its points (empty for
        what is graded by hand), feedback (a reason for each question), note, contained, seconds.
    """
    asked = QUESTIONS[assignment]
    rows = []
    for record in records:
        points = {q.name: record.marks.get(q.name, (0.0, ""))[0] if q.judge else None for q in asked}
        reasons = [f"{q.title}: {_of(record, q.name, q.points)}" for q in asked if q.name in record.marks]
        rows.append(
            {"student": record.student, "folder": record.name, "total": record.total, **points}
            | {"feedback": " | ".join(reasons), "note": record.note}
            | {"contained": record.contained, "seconds": record.seconds}
        )
    columns = ["student", "folder", "total", *(q.name for q in asked), "feedback", "note", "contained", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def _of(record: Record, name: str, most: int) -> str:
    points, reason = record.marks[name]
    return f"{points:g} of {most}, {reason}"


def write_csv(path: Path, marks: pd.DataFrame) -> None:
    """Write the table; no cell of it is a formula to a spreadsheet, whatever a student is called."""
    safe = marks.map(lambda cell: f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell)
    with replacing(path) as part:
        safe.to_csv(part, index=False)
