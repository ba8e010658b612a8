"""Run notebooks with the solutions of docs/instructor/solutions.md in the place of `None`, and read the checks.

A solution is the code block below `### Exercise N` in the section of its notebook. Exit status 1 if a check did not say
"Right", or an exercise has no solution.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import nbformat
from featviz_helpers.runner import jobs as selection

from make_notebooks import execute

SOLUTIONS = Path(__file__).resolve().parent.parent / "docs" / "instructor" / "solutions.md"
EXERCISE = re.compile(r"^### (Exercise \d+)")


def solutions(text: str) -> dict[tuple[str, str], str]:
    """Return (number of the notebook, heading of the exercise) -> code.

    Args:
        text: of solutions.md.
    """
    found = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        for part in re.split(r"^(?=### )", section, flags=re.MULTILINE)[1:]:
            code = re.search(r"^```python\n(.*?)^```", part, flags=re.MULTILINE | re.DOTALL)
            found[section[:2], EXERCISE.match(part)[1]] = code[1].rstrip()
    return found


def with_solutions(book: nbformat.NotebookNode, number: str, known: dict[tuple[str, str], str]) -> dict[str, int]:
    """Put the solutions into a notebook; return heading of the exercise -> index of its cell.

    Raises:
        KeyError: an exercise has no solution.
    """
    places, heading = {}, None
    for index, cell in enumerate(book.cells):
        if cell.cell_type == "markdown" and (match := EXERCISE.match(cell.source)):
            heading = match[1]
        elif cell.cell_type == "code" and heading and " = None" in cell.source:
            lines = cell.source.split("\n")
            place = next(i for i, line in enumerate(lines) if " = None" in line)
            cell.source = "\n".join([*lines[:place], known[number, heading], *lines[place + 1 :]])
            places[heading], heading = index, None
    return places


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
        done = execute(book)
        for heading, index in places.items():
            said = "".join(output.get("text", "") for output in done.cells[index].outputs).strip()
            wrong += not said.startswith("Right")
            click.echo(f"{number} {heading}: {said}")
    if wrong:
        raise click.ClickException(f"{wrong} solutions were not right")


if __name__ == "__main__":
    main()
