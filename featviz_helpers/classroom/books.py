"""From the source notebook of an assignment to what students get: solutions cut out, nothing of the teacher's left.

In a source, the solution of a function stands between two marks, which are nbgrader's own. Its cell is tagged
`solution:QUESTION`, the cell that hands the answer in `answer:QUESTION`, and what only the teacher reads `teacher`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ..common.errors import damage_named
from .grading import QUESTIONS
from .variants import ASSIGNMENTS

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = "return None  # your code here"
REGION = re.compile(rf"^( *){BEGIN}\n(.*?)^ *{END}", re.MULTILINE | re.DOTALL)
HIDDEN = """

### BEGIN HIDDEN TESTS
from featviz_helpers.classroom.grading import points_in
points_in(sheet.path, "{question}")
### END HIDDEN TESTS"""
NBGRADER = {"schema_version": 3, "task": False}


def read_source(path: Path) -> NotebookNode:
    """Read the source of an assignment.

    Args:
        path: NAME.ipynb, NAME one of `ASSIGNMENTS`.

    Raises:
        ValueError: no notebook, another name, or a question of the assignment without its two cells.
    """
    if path.stem not in ASSIGNMENTS:
        raise ValueError(f"'{path}' must be called like an assignment: {', '.join(ASSIGNMENTS)}.")
    with damage_named(path):
        book = nbformat.read(path, as_version=4)
    handed_in = {question for cell in book.cells for question in tagged(cell, "answer")}
    if missing := [question.name for question in QUESTIONS[path.stem] if question.name not in handed_in]:
        raise ValueError(f"'{path}' must have a cell tagged answer:{missing[0]}, which hands that answer in.")
    return book


def tagged(cell: NotebookNode, kind: str) -> Iterator[str]:
    """Yield the questions that a cell is tagged for, as `solution:` or `answer:`."""
    for tag in cell.metadata.get("tags", []):
        if tag.startswith(f"{kind}:"):
            yield tag.partition(":")[2]


def solutions(book: NotebookNode) -> list[str]:
    """Return the solutions of a source, without their marks."""
    return [match[2] for cell in book.cells for match in REGION.finditer(cell.source)]


def open_book(source: NotebookNode) -> NotebookNode:
    """Return the student's notebook: functions to be filled in, without outputs, tags and teacher's cells."""
    book = nbformat.v4.new_notebook(metadata=nbformat.from_dict(dict(source.metadata)))
    for cell in source.cells:
        tags = cell.metadata.get("tags", [])
        if "teacher" in tags:
            continue
        kept = nbformat.from_dict({**cell, "metadata": {}})
        if cell.cell_type == "code":
            kept.outputs, kept.execution_count = [], None
            kept.source = REGION.sub(rf"\1{STUB}", cell.source)
        if "parameters" in tags:
            kept.metadata["tags"] = ["parameters"]
        book.cells.append(kept)
    return book


def with_solutions(source: NotebookNode, student: str) -> NotebookNode:
    """Return the notebook as a student would hand it in who wrote the solutions.

    Args:
        source: from `read_source`.
        student: id that stands in it.
    """
    book = nbformat.from_dict(source)
    for cell in book.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = f"STUDENT: str = {student!r}"
    return book


def nbgrader_book(source: NotebookNode, name: str) -> NotebookNode:
    """Return the source as nbgrader reads it: its metadata, solutions between marks, points in hidden tests.

    Args:
        source: from `read_source`.
        name: of the assignment.
    """
    points = {question.name: question.points for question in QUESTIONS[name]}
    by_hand = {question.name for question in QUESTIONS[name] if question.judge is None}
    book = nbformat.v4.new_notebook(metadata=nbformat.from_dict(dict(source.metadata)))
    for cell in source.cells:
        if "teacher" in cell.metadata.get("tags", []):
            continue
        kept = nbformat.from_dict({**cell, "metadata": {}})
        for question in tagged(cell, "solution"):
            kept.metadata["nbgrader"] = _cell(f"{question}-function", solution=True)
            if question in by_hand:
                kept.metadata["nbgrader"] = _cell(question, solution=True, grade=True, points=points[question])
        for question in tagged(cell, "answer"):
            if question not in by_hand:
                kept.source += HIDDEN.format(question=question)
                kept.metadata["nbgrader"] = _cell(question, grade=True, points=points[question])
        book.cells.append(kept)
    return book


def _cell(grade_id: str, solution: bool = False, grade: bool = False, points: int | None = None) -> dict:
    about = {**NBGRADER, "grade_id": grade_id, "solution": solution, "grade": grade, "locked": grade and not solution}
    return about if points is None else {**about, "points": points}
