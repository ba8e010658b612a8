"""Small notebooks for tests: no TensorFlow in them, so that a kernel starts and ends in a second."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

KNOBS = 'STEPS: int = 64\nRATE = 0.05\nCHANNELS = [0, 48]\nMODEL = "auto"\nSEED = 3'
PICTURE = "from PIL import Image\nImage.new('RGB', (40, 20), (200, 30, 30))"


def write_notebook(folder: Path, stem: str, *cells: str, knobs: str | None = KNOBS) -> Path:
    """A notebook of the given code cells, below a title, a question and a parameters cell."""
    number, _, words = stem.partition("_")
    book = new_notebook(cells=[new_markdown_cell(f"# {number} {words.capitalize()}\n\nWhat is {words}?")])
    if knobs is not None:
        book.cells.append(new_code_cell(knobs, metadata={"tags": ["parameters"]}))
    book.cells += [new_code_cell(source) for source in cells]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.ipynb"
    nbformat.write(book, path)
    return path


def whole_notebook(folder: Path, stem: str = "03_l2") -> Path:
    """A notebook with all of the course's anatomy and stored outputs, as the linter wants it."""
    number, _, words = stem.partition("_")
    links = (
        "[![Open in Colab](c.svg)]"
        f"(https://colab.research.google.com/github/a/b/blob/main/notebooks/{stem}.ipynb) "
        f"[![Open in Binder](b.svg)](https://mybinder.org/v2/gh/a/b/main?labpath=notebooks%2F{stem}.ipynb)"
    )
    picture = nbformat.v4.new_output("display_data", {"image/png": DOT, "text/plain": "<Figure size 640x480>"})
    exercise = "answer = None\nfv.check.answer(answer)"
    book = new_notebook(
        cells=[
            new_markdown_cell(f"# {number} {words.capitalize()}\n\nWhat does {words} do?\n\n{links}"),
            new_markdown_cell(
                "**You will learn**\n\n- one\n- two,\n  on two lines\n- three\n\n"
                "**You need** notebook 02.\n\n"
                "**Time**: about 40 s on 2 CPU cores, 10 s on a GPU."
            ),
            new_code_cell(
                'import sys\n\nif "google.colab" in sys.modules:\n    %pip install --quiet --no-deps x\n\n'
                "import featviz_helpers as fv",
                metadata={"tags": ["setup"]},
            ),
            new_code_cell(KNOBS, metadata={"tags": ["parameters"]}),
            new_markdown_cell("## A section\n\nLook at the corner: it is red."),
            new_code_cell("fv.show(1)", outputs=[picture]),
            new_markdown_cell("A number follows."),
            new_code_cell("print(1.25)", outputs=[stdout("1.25 of 3 in 7 steps, 1/2\n")]),
            new_markdown_cell("## Exercises"),
            new_markdown_cell("### Exercise 1\n\nHow many?"),
            new_code_cell(exercise, outputs=[stdout("not yet\n")]),
            new_markdown_cell("### Exercise 2\n\nWhich one?"),
            new_code_cell(exercise, outputs=[stdout("not yet\n")]),
            new_markdown_cell("## What you saw\n\nMuch.\n\n## References\n\nA. Author: Title, 2020."),
            new_markdown_cell("[← 02 X](02_x.ipynb) | [Contents](../README.md#notebooks)"),
        ]
    )
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.ipynb"
    nbformat.write(book, path)
    return path


def stdout(text: str) -> nbformat.NotebookNode:
    """What a print leaves."""
    return nbformat.v4.new_output("stream", name="stdout", text=text)


DOT = (  # one red pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGM4IScHAAK2AQU0pnWqAAAAAElFTkSuQmCC"
)
