"""Run notebooks with the solutions of docs/instructor/solutions.md in the place of `None`, and read the checks.

A solution is the code below `### Exercise N` in the section of its notebook, one block for each `None` of the exercise.
Exit status 1 if a check did not say "Right"; an exercise without a solution is an error.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import nbformat
from featviz_helpers.runner import jobs as selection
from nbclient.exceptions import CellExecutionError

from make_notebooks import execute

SOLUTIONS = Path(__file__).resolve().parent.parent / "docs" / "instructor" / "solutions.md"
EXERCISE = re.compile(r"^### (Exercise \d+)", re.MULTILINE)


def solutions(text: str) -> dict[tuple[str, str], list[str]]:
    """Return (number of the notebook, heading of the exercise) -> code for each of its cells.

    Args:
        text: of solutions.md.
    """
    found = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        for part in re.split(r"^(?=### )", section, flags=re.MULTILINE)[1:]:
            blocks = re.findall(r"^```python\n(.*?)^```", part, flags=re.MULTILINE | re.DOTALL)
            found[section[:2], EXERCISE.match(part)[1]] = [code.rstrip() for code in blocks]
    return found


def with_solutions(
    book: nbformat.NotebookNode, number: str, known: dict[tuple[str, str], list[str]]
) -> list[tuple[str, int]]:
    """Put the solutions into a notebook; return heading of the exercise and index of the cell, for each `None`.

    Raises:
        ValueError: an exercise has no solution, or more than it has cells.
    """
    places, heading, left = [], "", []
    for index, cell in enumerate(book.cells):
        if cell.cell_type == "markdown" and (match := EXERCISE.search(cell.source)):
            _check_none_left(number, heading, left)
            heading, left = match[1], list(known.get((number, match[1]), []))
        elif cell.cell_type == "code" and heading and " = None" in cell.source:
            if not left:
                raise ValueError(f"{number} {heading} has a cell for which there is no solution in {SOLUTIONS.name}.")
            lines = cell.source.split("\n")
            place = next(i for i, line in enumerate(lines) if " = None" in line)
            cell.source = "\n".join([*lines[:place], left.pop(0), *lines[place + 1 :]])
            places.append((heading, index))
    _check_none_left(number, heading, left)
    return places


def _check_none_left(number: str, heading: str, left: list[str]) -> None:
    if left:
        raise ValueError(f"{number} {heading} has fewer cells than solutions in {SOLUTIONS.name}.")


@click.command(help=__doc__)
@click.argument("numbers", nargs=-1, metavar="NN...")
def main(numbers: tuple[str, ...]) -> None:
    known, wrong = solutions(SOLUTIONS.read_text(encoding="utf-8")), 0
    for path in selection.discover(selection.CHECKOUT / "notebooks"):
        number = path.stem[:2]
        if numbers and number not in numbers:
            continue
        book = nbformat.read(path, as_version=4)
        places = with_solutions(book, number, known)
        try:
            done = execute(book)
        except CellExecutionError as error:  # the others are tried all the same
            wrong += 1
            click.echo(f"{number} fails: {error.ename}: {error.evalue}")
            continue
        for heading, index in places:
            said = "".join(output.get("text", "") for output in done.cells[index].outputs).strip()
            wrong += "Right: " not in said
            click.echo(f"{number} {heading}: {said}")
    if wrong:
        raise click.ClickException(f"{wrong} solutions were not right")


if __name__ == "__main__":
    main()
