"""A folder of hand-ins: whose they are, and what each of them earns."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from ..common.errors import printable
from .grading import grade, questions
from .marks import Mark
from .reading import NAMES, HandIn, Unreadable, read_answers
from .sandbox import Limits, run_notebook
from .tables import read_roster as read_roster
from .variants import NOBODY, Variant, composed, same_id

MOST_FILES = 400  # that are looked at in one hand-in
DEPTH = 3
ENDINGS = (".npz", ".json", ".ipynb")
CANVAS = re.compile(r"(.+?_\d{3,})_\d{3,}_.+")  # NAME_STUDENT_FILE_as-it-was-called: all files lie in one folder


@dataclass(frozen=True)
class Place:
    """Where one student's hand-in lies.

    Attributes:
        student: the id, from the roster or from the name of the folder or file.
        name: of the folder or file.
        answers, notebook: the files; None where there is none.
        links: names of links, which are not followed.
        others: names of files beside these, some of them.
    """

    student: str
    name: str
    answers: Path | None = None
    notebook: Path | None = None
    links: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def digest(self) -> str:
        """Return a hash of what was handed in, and of whose it is."""
        chosen = "" if self.answers is None else printable(self.answers.name)
        found = hashlib.sha256(f"{self.student}\n{self.name}\n{self.links}\n{chosen}\n{self.others}".encode())
        for path in (self.answers, self.notebook):
            found.update(b"-" if path is None else f"{path.stat().st_size} ".encode())
            if path is not None:
                with path.open("rb") as file:
                    found.update(hashlib.file_digest(file, "sha256").digest())
        return found.hexdigest()


@dataclass
class Record:
    """What became of one hand-in.

    Attributes:
        student, name: see `Place`.
        marks: question -> (points, reason).
        note: what concerns all of it: not read, somebody else's, not run.
        contained: what its program was stopped from; "" if it was not run.
        seconds: that grading took.
        prints: question -> a hash of the answer, to find copies.
        claims: the student that the answers name.
        channel: the student's, where answers were graded.
        text: the written answer, for whoever grades by hand.
    """

    student: str
    name: str
    marks: dict[str, tuple[float, str]] = field(default_factory=dict)
    note: str = ""
    contained: str = ""
    seconds: float = 0.0
    prints: dict[str, str] = field(default_factory=dict)
    claims: str = ""
    channel: int | None = None
    text: str = ""

    @property
    def total(self) -> float:
        """The sum of the points."""
        return round(sum(points for points, _ in self.marks.values()), 1)

    def as_dict(self) -> dict:
        """Return it as a table for a file."""
        return asdict(self)


def find_places(folder: Path, assignment: str, roster: Mapping[str, str] | None = None) -> list[Place]:
    """Return the hand-ins in a folder: a folder of its own for each student, or files that are called like the student.

    Args:
        folder: as a learning platform packs it, or nbgrader's submitted/; a folder of the assignment's name inside a
            student's is preferred. Canvas's files are put together by the student that their names begin with.
        assignment: its name.
        roster: name of folder or file -> student; without it the name is the id.
    """
    owners = {composed(name): student for name, student in (roster or {}).items()}
    places, loose = [], defaultdict(list)
    for path in sorted(path for path in Path(folder).iterdir() if not path.name.startswith(".")):
        if path.is_symlink():
            name = printable(path.name)
            places.append(Place(_student(owners, _owner(path), path.name), name, links=(name,)))
        elif path.is_dir():
            places.append(_place(path, _student(owners, path.name), assignment))
        elif path.suffix in ENDINGS and path.is_file():
            loose[_owner(path)].append(path)
    for owner, files in loose.items():
        student = _student(owners, owner, *(file.name for file in files))
        places.append(_chosen(student, owner, sorted(files, key=_unlike)))
    return sorted(places, key=lambda place: place.name)


def _student(owners: Mapping[str, str], *names: str) -> str:
    """Return whose a hand-in is that has these names: the first that the roster has, or else the first."""
    names = tuple(composed(printable(name)) for name in names)
    return printable(next((owners[name] for name in names if name in owners), names[0]))


def _owner(path: Path) -> str:
    canvas = CANVAS.fullmatch(path.name)
    return canvas[1] if canvas else path.stem.removesuffix("_answers")


def _place(path: Path, student: str, assignment: str) -> Place:
    files, links = _files(path)
    inside = [file for file in files if assignment in file.relative_to(path).parts[:-1]] or files
    # Any .json may lie in a student's folder.
    chosen = [file for file in inside if file.suffix != ".json" or "answers" in file.stem]
    return replace(_chosen(student, path.name, sorted(chosen, key=_unlike)), links=links)


def _chosen(student: str, name: str, files: list[Path]) -> Place:
    """Choose the answers and the notebook among a student's files, the likeliest first."""
    answers = next((file for file in files if file.suffix in (".npz", ".json")), None)
    book = next((file for file in files if file.suffix == ".ipynb"), None)
    others = (printable(file.name) for file in files if file not in (answers, book))
    return Place(student, printable(name), answers, book, others=tuple(others)[:5])


def _unlike(file: Path) -> int:
    """Return how unlike a file's name is to that of a file of answers: a browser makes "answers (1).npz" of it."""
    exact = file.name.endswith(NAMES)
    return 0 if exact else 1 if "answers" in file.stem and "_before_" not in file.stem else 2


def _files(folder: Path) -> tuple[list[Path], tuple[str, ...]]:
    """Return the files below a folder, the nearest first, and the names of links; links are not followed."""
    files: list[Path] = []
    links, level = [], [folder]
    for _ in range(DEPTH):
        entries = [Path(entry.path) for one in level for entry in sorted(os.scandir(one), key=lambda entry: entry.name)]
        entries = entries[:MOST_FILES]
        links += [entry.name for entry in entries if entry.is_symlink()]
        real = [entry for entry in entries if not entry.is_symlink() and not entry.name.startswith(".")]
        files += [entry for entry in real if entry.is_file()]
        level = [entry for entry in real if entry.is_dir()]
    return files[:MOST_FILES], tuple(map(printable, links[:5]))


def grade_place(place: Place, assignment: str, sandbox: str | None = None, limits: Limits | None = None,
                image: str = "featviz-course") -> Record:  # fmt: skip
    """Grade one hand-in; whatever is in it, there is a record of it.

    Args:
        place: from `find_places`.
        assignment: its name.
        sandbox: where a notebook without answers is run, see `sandbox.run_notebook`; None runs nothing.
        limits, image: of the sandbox.

    Raises:
        ValueError, OSError: the sandbox is not there, or does not start.
    """
    started, record = time.perf_counter(), Record(place.student, place.name)
    notes = [f"{', '.join(place.links)}: links are not followed"] if place.links else []
    try:
        variant = Variant(assignment, place.student)
        record.marks = {question.name: Mark(0.0, "not handed in") for question in questions(variant)}
        hand_in, about = _hand_in(place, record, sandbox, limits, image)
        notes += about
        if hand_in is not None:
            notes += _mark(record, hand_in, variant)
    except Unreadable as error:
        notes.append(str(error))
    except ValueError as error:
        if record.marks:
            raise
        notes.append(str(error))
    record.note, record.seconds = "; ".join(notes), round(time.perf_counter() - started, 3)
    return record


def _hand_in(
    place: Place, record: Record, sandbox: str | None, limits: Limits | None, image: str
) -> tuple[HandIn | None, list[str]]:
    if place.answers is not None:
        rest = [name for name in place.others if name.endswith(".npz")]
        about = [f"{place.answers.name} is read, and not {', '.join(rest)}"] if rest else []
        return read_answers(place.answers), about
    if place.notebook is None:
        found = f"; what is there: {', '.join(place.others)}" if place.others else ""
        return None, [f"no file of answers and no notebook{found}"]
    if sandbox is None:
        return None, ["a notebook without answers.npz; --sandbox runs it"]
    outcome = run_notebook(place.notebook, sandbox, limits, image)
    record.contained = outcome.contained
    if not outcome.answers:
        return None, ["its notebook wrote no answers", *outcome.errors]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAMES[0]
        path.write_bytes(outcome.answers)
        return read_answers(path), ["run from its notebook", *outcome.errors]


def _mark(record: Record, hand_in: HandIn, variant: Variant) -> list[str]:
    """Grade answers that are the student's own and to this assignment; returns notes."""
    if hand_in.assignment != variant.assignment:
        return [f"the answers are to the assignment '{hand_in.assignment}'"]
    record.claims = hand_in.student
    if same_id(hand_in.student, NOBODY):
        return ["no id was written into the notebook: its numbers are nobody's"]
    if not same_id(hand_in.student, variant.student):
        return [f"the answers are those of '{hand_in.student}', handed in by '{variant.student}'"]
    record.marks, record.channel = grade(variant, hand_in.answers), variant.channel
    record.prints = {name: _print(answer) for name, answer in hand_in.answers.items()}
    written = [hand_in.answers.get(question.name, "") for question in questions(variant) if question.judge is None]
    record.text = "\n\n".join(text for text in written if isinstance(text, str))
    return []


def _print(answer: np.ndarray | str) -> str:
    """Return a hash of an answer, the same in every kind of number; "" for a text of nothing."""
    if isinstance(answer, str):
        content = answer.strip().encode("utf-8", "surrogatepass")
    else:
        content = np.ascontiguousarray(answer, np.float64).tobytes()
    return hashlib.sha256(content).hexdigest()[:16] if content else ""
