"""Prove, on this machine and without a network, that an assignment gives what it should."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat

from ..common.errors import printable
from .books import open_book, read_source, with_solutions
from .execute import DONE
from .grading import questions
from .reading import NAMES, read_answers
from .sandbox_commands import SETTINGS
from .sheet import write_answers
from .submissions import Place, Record, grade_place
from .trials import COMMON, FILES, OTHER, STUDENT, TRIALS, Answers, Trial
from .variants import Variant

SLACK = 0.06  # points are rounded to a tenth


class Result(NamedTuple):
    """One hand-in of a check.

    Attributes:
        name: what it was.
        wanted: points that it must earn: the fewest and the most.
        points: that it earned.
        note: why it was refused; "" if it was read.
    """

    name: str
    wanted: tuple[float, float]
    points: float
    note: str = ""

    @property
    def right(self) -> bool:
        """Whether the points are what they must be."""
        return self.wanted[0] - SLACK <= self.points <= self.wanted[1] + SLACK


def check(source: Path) -> Iterator[Result]:
    """Grade hand-ins whose points are known.

    Args:
        source: the source notebook of an assignment.

    Yields:
        A result for each, as soon as it is there: of the reference solution (the solutions run as a student's
        notebook), of the untouched release, of typical mistakes, and of attempts to cheat.

    Raises:
        ValueError: a cell of the solution or of the release failed.
    """
    variant = Variant(source.stem, STUDENT)
    most = float(sum(question.points for question in questions(variant) if question.judge))
    book = read_source(source)
    with tempfile.TemporaryDirectory() as folder:
        released = run_book(open_book(book), Path(folder) / "released")
        points = 0.0 if released is None else _grade(released, variant).total
        yield Result("the untouched release", (0, 0), points)
        reference = run_book(with_solutions(book, STUDENT), Path(folder) / "reference")
        if reference is None:
            raise ValueError(f"The solution of '{source}' must hand answers in; it wrote none.")
        right = read_answers(reference).answers
        for trial in (*COMMON, *TRIALS[source.stem]):
            yield _try(trial, variant, right, most, Path(folder))
        yield _foreign(variant, right, Path(folder))
        for name, write in FILES.items():
            write(path := Path(folder) / NAMES[0])
            record = _grade(path, variant)
            yield Result(name, (0, 0), record.total, record.note)


def run_book(book: nbformat.NotebookNode, folder: Path) -> Path | None:
    """Run a notebook of the teacher's own; returns its file of answers, None if it wrote none.

    Raises:
        ValueError: a cell failed, or the notebook ended before its last one.
    """
    folder.mkdir()
    nbformat.write(book, folder / "book.ipynb")
    package = str(Path(__file__).resolve().parent.parent.parent)
    done = subprocess.run(
        [sys.executable, "-m", "featviz_helpers.classroom.execute", "book.ipynb"],
        cwd=folder, capture_output=True, text=True, errors="replace",
        env={**os.environ, **SETTINGS, "PYTHONPATH": package},
    )  # fmt: skip
    if failed := [line for line in done.stderr.splitlines() if line.startswith("featviz cell")]:
        raise ValueError(f"A cell of the notebook failed: {failed[0]}")
    if DONE not in done.stderr:  # killed, as a rule because memory ran out
        last = printable((done.stderr.strip().splitlines() or ["it said nothing"])[-1])[:200]
        raise ValueError(f"The notebook ended before its last cell, with status {done.returncode}: {last}")
    path = folder / NAMES[0]
    return path if path.exists() else None


def _try(trial: Trial, variant: Variant, right: Answers, most: float, folder: Path) -> Result:
    write_answers(path := folder / NAMES[0], variant, trial.change(variant, right))
    fewest, largest = trial.lost
    record = _grade(path, variant)
    return Result(trial.name, (most - largest, most - fewest), record.total, record.note)


def _foreign(variant: Variant, right: Answers, folder: Path) -> Result:
    """Hand in another student's answers under one's own name: their numbers belong to other inputs."""
    write_answers(path := folder / NAMES[0], variant, right)
    own = Variant(variant.assignment, OTHER)
    write_answers(path, own, {name: answer for name, answer in read_answers(path).answers.items() if name != "words"})
    record = _grade(path, own)
    plain = [q.points for q in questions(variant) if q.judge]
    return Result("another student's answers, relabelled", (0, 0.35 * sum(plain)), record.total, record.note)


def _grade(path: Path, variant: Variant) -> Record:
    return grade_place(Place(variant.student, "hand-in", answers=path), variant.assignment)
