"""Grade a whole folder, go on where it was stopped, and write one table for a learning platform."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..common.checks import refusal
from ..common.errors import DAMAGE, printable
from ..common.files import cached_checksum, write_text
from ..common.progress import bar
from ..common.provenance import ROOMS, of_rooms
from .grading import QUESTIONS
from .keys import FILE
from .marks import Question
from .submissions import Place, Record
from .tables import read_table, safe
from .tables import write_csv as write_csv
from .variants import NOBODY, comparable, same_id

SHARED = ("picture", "words")  # of two students alike by copying, or where the same call drew the same channel


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
    code, records = f"{of_rooms(*ROOMS, 'classroom')} {cached_checksum(FILE)}", []
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
    """Return the records with a note wherever two hand-ins have the same text, the same pixels or the same student."""
    owners: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        for sign in _signs(record):
            owners.setdefault(sign, []).append(record)
    noted = []
    for record in records:
        same = {
            (what, _named(what, record, other))
            for what, value in _signs(record)
            for other in owners[what, value]
            if other is not record
        }
        words = [f"the same {what} as {other}" for what, other in sorted(same)]
        noted.append(replace(record, note="; ".join(filter(None, [record.note, *words]))))
    return noted


def _named(what: str, record: Record, other: Record) -> str:
    """Return whose an answer is as well, and that it need not be a copy where it need not."""
    name = other.student if other.student != record.student else other.name
    if what == "picture" and record.channel == other.channel:
        return f"{name}, who has channel {other.channel} too: the same call draws the same"
    return name


def _signs(record: Record) -> list[tuple[str, str]]:
    handed_in = [("student", comparable(record.student))] if record.prints else []
    return handed_in + [(question, record.prints[question]) for question in SHARED if record.prints.get(question)]


def table(records: list[Record], assignment: str, by_hand: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Return one row for each hand-in.

    Args:
        records: of one assignment.
        assignment: its name.
        by_hand: folder -> the points for the written answer, as from `points_by_hand`.

    Returns:
        Columns student, folder, total, one for each question with its points (empty for what is to be graded by hand
        still), feedback (a reason for each question), note, contained, seconds.
    """
    asked, typed = QUESTIONS[assignment], by_hand or {}
    rows = []
    for record in records:
        hand = typed.get(safe(record.name))
        points = {q.name: record.marks.get(q.name, (0.0, ""))[0] if q.judge else hand for q in asked}
        reasons = [f"{q.title}: {_of(record, q, hand)}" for q in asked if q.name in record.marks]
        rows.append(
            {
                "student": record.student,
                "folder": record.name,
                "total": round(record.total + (hand or 0.0), 1),
                **points,
            }
            | {"feedback": " | ".join(reasons), "note": record.note}
            | {"contained": record.contained, "seconds": record.seconds}
        )
    columns = ["student", "folder", "total", *(q.name for q in asked), "feedback", "note", "contained", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def _of(record: Record, question: Question, by_hand: float | None) -> str:
    points, reason = record.marks[question.name]
    if question.judge is not None:
        return f"{points:g} of {question.points}, {reason}"
    return reason if by_hand is None else f"{by_hand:g} of {question.points}"


def points_by_hand(path: Path, assignment: str, folders: Iterable[str]) -> dict[str, float]:
    """Return the points that a teacher has typed into an earlier table for the written answer: folder -> points.

    Args:
        path: from `write_csv`, perhaps saved by a spreadsheet, which may part columns by ";"; {} if there is none.
        assignment: its name.
        folders: of the hand-ins that there are.

    Raises:
        ValueError: something that is no number of points, points for a hand-in that is not there (the table is written
            anew, and they would be lost), or a table without its columns.
    """
    if not path.exists():
        return {}
    (question,) = (question for question in QUESTIONS[assignment] if question.judge is None)
    rows = read_table(path)
    if not {"folder", question.name} <= set(rows.columns):
        raise refusal(f"'{path}'", f"a table with the columns folder and {question.name}", list(rows.columns),
                      "Give it another name, and a new one is written.")  # fmt: skip
    found = {}
    for folder, typed in zip(rows["folder"], rows[question.name], strict=True):
        if not typed.strip():
            continue
        points = float(pd.to_numeric(typed.strip().replace(",", "."), errors="coerce"))
        if not 0 <= points <= question.points:
            raise refusal(f"{question.name} of '{folder}' in '{path}'", f"0 to {question.points} points", typed)
        found[folder] = points
    there = set(map(safe, folders))
    if lost := [folder for folder in found if folder not in there]:
        raise ValueError(
            f"'{path}' has points for the folder '{lost[0]}', which is not among the hand-ins, and they would be lost. "
            "Give the folder the name that it had (a spreadsheet makes 7 of 007), or take the points out."
        )
    return found


def write_texts(path: Path, records: Iterable[Record]) -> None:
    """Write all written answers into one text, to be read one after the other."""
    parts = []
    for record in records:
        lines = [printable(line) for line in record.text.splitlines()] or ["(nothing)"]
        words = f"{len(record.text.split())} words"
        parts.append(
            "\n".join([f"=== {printable(record.student)} | {printable(record.name)} | {words}", *lines, "", ""])
        )
    write_text(path, "\n".join(parts))


def write_claims(path: Path, records: Iterable[Record]) -> int:
    """Write a roster of what the hand-ins say of themselves, if one of them names another student than its folder does.

    Returns:
        How many do.
    """
    said = [record for record in records if record.claims and not same_id(record.claims, NOBODY)]
    strange = [record for record in said if not same_id(record.claims, record.student)]
    if strange:
        rows = [(record.name, record.claims) for record in said]
        write_csv(path, pd.DataFrame(rows, columns=["folder", "student"]))
    return len(strange)
