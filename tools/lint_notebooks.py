"""Check that a notebook has the anatomy of the course, and stored outputs that can be compared.

The rules, from top to bottom:

 1. The file is `NN_name.ipynb`, format 4.5, at most 3 MB; the first cell is markdown and begins with `#
    NN Title`.
 2. The next paragraph is the question that the notebook answers: one sentence that ends in "?".
 3. Below it the Colab and Binder badges (`make stamp` writes them).
 4. Before the setup cell, in markdown: "You will learn" with 3 to 5 bullets (`- `), "You need", and one line
    with "Time" that gives a number of s or min for CPU, and for GPU the same or "not measured" ("**Time**:
    40 s on 2 CPU cores, 10 s on a GPU").
 5. One code cell tagged `setup` (the guarded %pip line, then `import featviz_helpers as fv`), and after it
    one tagged `parameters` that holds plain literals only.
 6. At most 40 code cells, of at most 25 lines, the median without the setup cell at most 8; at most 3 lines of
    matplotlib in a cell; no `%%time`, no `clear_output`, no line that ends in ";" (nbval trips over them).
 7. A cell with a picture has a caption: the markdown cell right before or right after it holds a sentence, not
    only a heading.
 8. `## Exercises` with 2 to 4 `### Exercise N`, each with a code cell that calls `fv.check.`; then
    `## What you saw`; then `## References`; the last line of the last cell is the navigation (`make stamp`).
 9. Outputs as `make notebooks` leaves them: each code cell has a count, 1..n in order; a cell that prints or
    calls `fv.check.` has an output, and so has at least half of all cells after the parameters.
10. No error, no stderr and no SVG among the outputs, and in their text no absolute path, timing, address,
    version, date, clock time, or number with more than 6 decimals.
11. No "simply", "just" or "obviously" in the text.

`python tools/lint_notebooks.py [FILE]...` prints the problems (default: all of notebooks/) and exits 1 if
there are any.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import click
import nbformat
from featviz_helpers.runner.jobs import discover
from featviz_helpers.runner.parameters import ParameterError, read_parameters

MOST_BYTES = 3_000_000
SMUGGLED = {
    "an absolute path": r"(?<![\w:/.<])/(?:[\w.-]+/)+[\w.-]+|\b[A-Z]:\\",
    "a timing": r"(?<![\w.])\d+(?:\.\d+)? ?(?:ms|s|sec|seconds|min|minutes)\b",
    "an address": r"\b0x[0-9a-fA-F]{6,}",
    "a version": r"(?<![\w.])\d+\.\d+\.\d+(?![\w.])",
    "a date or a clock time": r"\b\d{4}-\d\d-\d\d\b|\b\d\d:\d\d:\d\d\b",
    "a number with more than 6 decimals": r"\d\.\d{7,}",
}
UNHELPFUL = re.compile(r"\b(simply|just|obviously)\b", re.IGNORECASE)
SENTENCE = re.compile(r"^(?!#).*\w.*[.!?:)*]\s*$", re.MULTILINE)
PLUMBING = re.compile(r"\bplt\.|\bmatplotlib\b")
TIME = re.compile(r"^.*\bTime\b.*$", re.MULTILINE)


def problems(path: Path) -> list[str]:
    """What is wrong with a notebook, one line each; empty if nothing is.

    Args:
        path: the notebook.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        return [f"cannot be read: {str(error).splitlines()[0]}"]
    found = [f"is {path.stat().st_size / 1e6:.1f} MB, at most 3"] if path.stat().st_size > MOST_BYTES else []
    if notebook.nbformat_minor < 5:
        found.append("is older than format 4.5 and has no cell ids")
    for rule in (_opening, _tagged_cells, _code, _captions, _ending, _outputs, _words):
        found += rule(path.name, notebook.cells)
    return found


def _opening(name: str, cells: list) -> Iterator[str]:
    number = name[:2]
    first = cells[0].source if cells and cells[0].cell_type == "markdown" else ""
    if not re.fullmatch(r"\d\d_\w+\.ipynb", name):
        yield "file name: must be NN_name.ipynb"
    if not re.match(rf"# {number} \S", first):
        yield f"title: the first cell must be markdown and begin with `# {number} Title`"
    paragraphs = [part for part in re.split(r"\n\s*\n", first) if part.strip()]
    question = paragraphs[1] if len(paragraphs) > 1 else ""
    if not question.endswith("?") or re.search(r"[.?!]\s", question):
        yield "question: below the title must stand one sentence that ends in '?'"
    for host in ("colab.research.google.com/github/", "mybinder.org/v2/"):
        if not re.search(rf"\({'https://'}{re.escape(host)}\S*{re.escape(name)}\)", first):
            yield f"badges: no link to {host.split('/')[0]} in the first cell; run `make stamp`"
    setup = next((i for i, cell in enumerate(cells) if "setup" in cell.metadata.get("tags", [])), len(cells))
    text = "\n\n".join(cell.source for cell in cells[:setup] if cell.cell_type == "markdown")
    learn = re.search(r"You will learn.*\n+((?:- .*\n?(?: +\S.*\n?)*)*)", text)
    bullets = len(re.findall(r"^- ", learn[1], re.MULTILINE)) if learn else 0
    if not 3 <= bullets <= 5:
        yield f"You will learn: needs 3 to 5 bullets before the setup cell, has {bullets}"
    if "You need" not in text:
        yield "You need: missing before the setup cell"
    amount = r"\d+(?:\.\d+)? ?(?:s|min)\b"
    times = [
        re.findall(amount + "|not measured", line) for line in TIME.findall(text) if "CPU" in line and "GPU" in line
    ]
    if not any(len(found) >= 2 and found[0] != "not measured" for found in times):
        yield "Time: needs one line with the time on CPU and on GPU before the setup cell"


def _tagged_cells(name: str, cells: list) -> Iterator[str]:
    place = {
        tag: [i for i, c in enumerate(cells) if tag in c.metadata.get("tags", [])] for tag in ("setup", "parameters")
    }
    if len(place["setup"]) != 1:
        yield f"setup: needs one cell tagged `setup`, has {len(place['setup'])}"
    else:
        source = cells[place["setup"][0]].source
        for line in (
            'if "google.colab" in sys.modules:\n    %pip install ',
            "\nimport featviz_helpers as fv",
        ):
            if line not in source:
                yield f"setup: the cell lacks {line.strip()!r}"
    try:
        read_parameters({"cells": cells})
    except ParameterError as error:
        yield f"parameters: {error}"
    if place["setup"] and place["parameters"] and place["setup"][0] > place["parameters"][0]:
        yield "parameters: must come after the setup cell"


def _code(name: str, cells: list) -> Iterator[str]:
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    lengths = [len(source.splitlines()) for source in code]
    if len(code) > 40:
        yield f"code cells: {len(code)}, at most 40"
    # `make stamp` writes the setup cell, and it grows with what Colab lacks.
    written = [cell for cell in cells if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", [])]
    own = [len(cell.source.splitlines()) for cell in written]
    if own and statistics.median(own) > 8:
        yield f"code cells: the median has {statistics.median(own):g} lines, at most 8"
    for number, (source, length) in enumerate(zip(code, lengths, strict=True), start=1):
        lines = source.splitlines()
        if not source.strip():
            yield f"code cell {number}: is empty"
        if length > 25:
            yield f"code cell {number}: {length} lines, at most 25"
        if (plumbing := sum(bool(PLUMBING.search(line)) for line in lines)) > 3:
            yield f"code cell {number}: {plumbing} lines of matplotlib, at most 3; use a helper"
        if "clear_output" in source or any(line.startswith("%%time") or line.rstrip().endswith(";") for line in lines):
            yield f"code cell {number}: has %%time, clear_output or a line that ends in ';'"


def _captions(name: str, cells: list) -> Iterator[str]:
    for number, (index, cell) in enumerate(_code_cells(cells), start=1):
        beside = [
            c.source
            for c in (*cells[max(index - 1, 0) : index], *cells[index + 1 : index + 2])
            if c.cell_type == "markdown"
        ]
        if any(_is_picture(output) for output in cell.outputs) and not any(SENTENCE.search(text) for text in beside):
            yield f"code cell {number}: a picture without a sentence beside it"


def _ending(name: str, cells: list) -> Iterator[str]:
    places = {}
    for heading in ("Exercises", "What you saw", "References"):
        places[heading] = next((i for i, c in enumerate(cells) if _has_heading(c, rf"## {heading}\s*$")), None)
        if places[heading] is None:
            yield f"{heading}: no heading `## {heading}`"
    order = [place for place in places.values() if place is not None]
    if order != sorted(order):
        yield "ending: Exercises, What you saw and References must come in this order"
    if places["Exercises"] is not None:
        part = cells[places["Exercises"] : places["What you saw"]]
        starts = [i for i, cell in enumerate(part) if _has_heading(cell, r"### Exercise \d")]
        if not 2 <= len(starts) <= 4:
            yield f"Exercises: {len(starts)} headings `### Exercise N`, needs 2 to 4, a cell each"
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(part)], strict=True), start=1):
            if not any(c.cell_type == "code" and "fv.check." in c.source for c in part[start:end]):
                yield f"Exercises: exercise {number} has no code cell that calls fv.check."
    last = cells[-1].source.rstrip().splitlines()[-1:] if cells and cells[-1].cell_type == "markdown" else []
    if not any("[Contents](../README.md" in line for line in last):
        yield "navigation: not the last line of the last cell; run `make stamp`"


def _outputs(name: str, cells: list) -> Iterator[str]:
    code = [cell for _, cell in _code_cells(cells) if cell.source.strip()]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        yield "outputs: execution counts are not 1..n in order; run `make notebooks`"
    tags = [cell.metadata.get("tags", []) for cell in code]
    after = code[next((i + 1 for i, t in enumerate(tags) if "parameters" in t), 0) :]
    if 2 * sum(bool(cell.outputs) for cell in after) < len(after):
        yield "outputs: fewer than half of the cells after the parameters have one; run `make notebooks`"
    for number, (_, cell) in enumerate(_code_cells(cells), start=1):
        where = f"code cell {number}"
        if not cell.outputs and re.search(r"^(print\(|fv\.check\.)", cell.source, re.MULTILINE):
            yield f"{where}: prints, but has no stored output; run `make notebooks`"
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"{where}: stored error {output.ename}"
            if output.get("name") == "stderr":
                yield f"{where}: stored stderr: {output.text.strip()[:60]!r}"
            if "image/svg+xml" in output.get("data", {}):
                yield f"{where}: an SVG picture; use PNG, since nbval compares SVG letter by letter"
            data = output.get("data", {})
            text = "\n".join((output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")))
            for what, pattern in SMUGGLED.items():
                if match := re.search(pattern, text):
                    yield f"{where}: {what} in its output: {match[0]!r}"


def _words(name: str, cells: list) -> Iterator[str]:
    for number, cell in enumerate(cells, start=1):
        if cell.cell_type == "markdown" and (match := UNHELPFUL.search(cell.source)):
            yield f"cell {number}: the text says {match[0]!r}"


def _code_cells(cells: list) -> list[tuple[int, nbformat.NotebookNode]]:
    return [(index, cell) for index, cell in enumerate(cells) if cell.cell_type == "code"]


def _is_picture(output: nbformat.NotebookNode) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def _has_heading(cell: nbformat.NotebookNode, pattern: str) -> bool:
    return cell.cell_type == "markdown" and bool(re.search(rf"^{pattern}", cell.source, re.MULTILINE))


@click.command()
@click.argument("paths", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(paths: tuple[Path, ...]) -> None:
    """Name the problems of notebooks (default: all of notebooks/)."""
    found = [f"{path.name}: {problem}" for path in paths or discover() for problem in problems(path)]
    click.echo("\n".join(found), nl=bool(found))
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
