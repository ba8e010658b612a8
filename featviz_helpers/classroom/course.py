"""A teacher's folder: the sources, what is given to students in two forms, and a check that nothing leaks into them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import nbformat

from ..common.errors import printable
from ..common.files import write_text
from .books import BEGIN, END, HIDDEN, STUB, nbgrader_book, open_book, read_source, solutions

SOURCES, OPEN, ROSTER, SETTINGS = "assignments", "open", "roster.csv", "nbgrader_config.py"
CONFIG = f"""\
c = get_config()
c.CourseDirectory.course_id = "feature_visualisation"
c.ClearSolutions.code_stub = {{"python": "{STUB}"}}
c.ExecutePreprocessor.timeout = 600
"""
TELLING = 16  # characters: a shorter line of a solution may stand in a text by chance
SECRETS = (BEGIN, END, "HIDDEN TESTS", "points_in(", "For the teacher", "Rubric")


def new(folder: Path, sources: Iterable[Path]) -> list[Path]:
    """Set up a teacher's folder; what is there already stays.

    Args:
        folder: to be made.
        sources: the source notebooks of the assignments.

    Returns:
        The files that were written.
    """
    wanted = {folder / SOURCES / path.name: path.read_text(encoding="utf-8") for path in sources}
    wanted |= {folder / ROSTER: "folder,student\n", folder / SETTINGS: CONFIG}
    written = [path for path in wanted if not path.exists()]
    for path in written:
        write_text(path, wanted[path])
    (folder / "submitted").mkdir(exist_ok=True)
    return written


def changed(folder: Path, sources: Iterable[Path]) -> list[Path]:
    """Return the sources in a teacher's folder that are not as the course has them now: adapted there, or older."""
    pairs = ((folder / SOURCES / path.name, path) for path in sources)
    return [own for own, path in pairs if own.read_bytes() != path.read_bytes()]


def release(folder: Path, name: str) -> list[Path]:
    """Write what students get: `open/NAME.ipynb`, and nbgrader's `release/NAME/NAME.ipynb` where that is installed.

    Args:
        folder: from `new`.
        name: of the assignment.

    Returns:
        The files that were written, and that may be given away.

    Raises:
        ValueError: a part of a solution, or of what is the teacher's, is left in one of them; it is deleted.
        OSError: nbgrader failed.
    """
    source = read_source(folder / SOURCES / f"{name}.ipynb")
    path = folder / OPEN / f"{name}.ipynb"
    write_text(path, nbformat.writes(open_book(source)) + "\n")
    _refuse_leaks([path], source)
    written = [path]
    if nbgrader := program("nbgrader"):
        write_text(folder / "source" / name / f"{name}.ipynb", nbformat.writes(nbgrader_book(source, name)) + "\n")
        generated = _generate(nbgrader, folder, name)
        _refuse_leaks(generated, source)
        written += generated
    return written


def _refuse_leaks(written: list[Path], source: nbformat.NotebookNode) -> None:
    for path in written:
        if found := leaks(nbformat.read(path, as_version=4), source):
            path.unlink()
            raise ValueError(f"'{path}' must hold nothing of the solution, and has {found[0]!r}; it is deleted.")


def leaks(book: nbformat.NotebookNode, source: nbformat.NotebookNode) -> list[str]:
    """Return what of the solutions, of hidden tests and of the teacher's cells is left in a notebook.

    Args:
        book: for students.
        source: that it was made from.
    """
    text = nbformat.writes(book)
    told = [cell.source for cell in source.cells if "teacher" in cell.metadata.get("tags", [])]
    lines = [line.strip() for part in (*solutions(source), *told) for line in part.splitlines()]
    hidden = [line for line in HIDDEN.splitlines() if "{" not in line and len(line) > TELLING]
    secret = [*SECRETS, *hidden, *(line for line in lines if len(line) >= TELLING)]
    escaped = text.replace('\\"', '"').replace("\\\\", "\\")
    return [line for line in secret if line in escaped]


def program(name: str) -> str | None:
    """Return the path of a program, looked for beside this Python first: an environment need not be activated."""
    return shutil.which(name, path=search_path())


def search_path() -> str:
    """Return PATH with this environment's own programs first: nbgrader starts others of them by name."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _generate(nbgrader: str, folder: Path, name: str) -> list[Path]:
    words = [nbgrader, "generate_assignment", name, "--create", "--force", f"--course-dir={folder.resolve()}"]
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, "PATH": search_path()}, capture_output=True, text=True
    )  # fmt: skip
    path = folder / "release" / name / f"{name}.ipynb"
    if done.returncode or not path.exists():
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise OSError(f"nbgrader generate_assignment {name} failed: {printable(last)[:200]}")
    return [path]
