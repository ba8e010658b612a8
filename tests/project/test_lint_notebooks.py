"""The notebook linter: a whole notebook passes, and each rule notices the one thing that breaks it."""

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from support.notebooks import stdout, whole_notebook

from lint_notebooks import main, problems

# Where the cells of the whole notebook are.
TITLE, LEARN, SETUP, KNOBS, LOOK, PICTURE, TEXT, PRINT, EXERCISES, ONE, CHECK, TWO, _, ENDING, NAVIGATION = range(15)


def replace(cell, old, new):
    def change(book):
        assert old in book.cells[cell].source
        book.cells[cell].source = book.cells[cell].source.replace(old, new)

    return change


def tags(cell, value):
    return lambda book: book.cells[cell].metadata.update(tags=value)


def output(cell, *values):
    return lambda book: book.cells[cell].update(outputs=list(values))


def says(text):
    return output(PRINT, stdout(text))


def remove(cell):
    return lambda book: book.cells.pop(cell)


def many_cells(book):
    book.cells[TEXT:TEXT] = [new_code_cell("print(1)", outputs=[stdout("1\n")]) for _ in range(40)]
    recount(book)


def recount(book):
    for count, cell in enumerate((c for c in book.cells if c.cell_type == "code"), start=1):
        cell.execution_count = count


def strip(book):
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def swap_ending(book):
    book.cells[ENDING].source = "## References\n\nA."
    book.cells.insert(ENDING + 1, new_markdown_cell("## What you saw\n\nB."))


def long_cells(book):
    for cell in (PICTURE, PRINT, CHECK, SETUP):
        book.cells[cell].source = book.cells[cell].source + "\n" * 9 + "_ = 1"


BROKEN = [
    (replace(TITLE, "# 03 ", "# 04 "), "title"),
    (replace(TITLE, "# 03 L2", "## 03 L2"), "title"),
    (replace(TITLE, "do?", "do."), "question"),
    (replace(TITLE, "What", "It works. What"), "question"),
    (replace(TITLE, "\n\nWhat does l2 do?", ""), "question"),
    (replace(TITLE, "colab.research", "elsewhere"), "badges: no link to colab"),
    (replace(TITLE, "%2F03_l2", "%2F02_l2"), "badges: no link to mybinder"),
    (
        replace(LEARN, "You will learn", "Contents"),
        "You will learn: needs 3 to 5 bullets before the setup cell, has 0",
    ),
    (replace(LEARN, "- three\n", ""), "has 2"),
    (replace(LEARN, "- three", "- 3\n- 4\n- 5\n- 6"), "has 6"),
    (replace(LEARN, "You need", "Before"), "You need"),
    (replace(LEARN, "Time", "Long"), "Time"),
    (replace(LEARN, ", 10 s on a GPU", ""), "Time"),
    (replace(LEARN, "40 s", "a while"), "Time"),
    (tags(SETUP, []), "setup: needs one cell tagged `setup`, has 0"),
    (tags(PRINT, ["setup"]), "setup: needs one cell tagged `setup`, has 2"),
    (replace(SETUP, 'if "google.colab" in sys.modules:', "if True:"), "setup: the cell lacks 'if"),
    (
        replace(SETUP, "import featviz_helpers as fv", "import featviz_helpers"),
        "setup: the cell lacks 'import",
    ),
    (tags(KNOBS, []), "parameters: needs one code cell"),
    (replace(KNOBS, "64", "2 ** 6"), "parameters: parameters cell, line 1"),
    (lambda book: book.cells.insert(SETUP, book.cells.pop(KNOBS)), "parameters: must come after"),
    (many_cells, "code cells: 46, at most 40"),
    (replace(PRINT, "print(1.25)", "print(1.25)\n" + "_ = 1\n" * 25), "26 lines, at most 25"),
    (long_cells, "the median has"),
    (replace(PRINT, "print(1.25)", "print(1.25)\n" + "plt.plot(1)\n" * 4), "4 lines of matplotlib"),
    (replace(PRINT, "print(1.25)", "%%time\nprint(1.25)"), "%%time"),
    (replace(PICTURE, "fv.show(1)", "clear_output()"), "clear_output"),
    (replace(PICTURE, "fv.show(1)", "fv.show(1);"), "ends in ';'"),
    (
        lambda book: [book.cells[number].update(source="## A heading.") for number in (LOOK, TEXT)],
        "a picture without a sentence",
    ),
    (replace(EXERCISES, "## Exercises", "## Tasks"), "Exercises: no heading"),
    (replace(TWO, "### Exercise 2", "Then"), "Exercises: 1 headings"),
    (replace(CHECK, "fv.check.answer", "print"), "exercise 1 has no code cell"),
    (replace(ENDING, "## What you saw", "## Summary"), "What you saw: no heading"),
    (replace(ENDING, "## References", "## Sources"), "References: no heading"),
    (swap_ending, "must come in this order"),
    (remove(NAVIGATION), "navigation"),
    (replace(NAVIGATION, "#notebooks)", "#notebooks)\n\nBye."), "navigation"),
    (strip, "outputs: execution counts"),
    (lambda book: book.cells[PRINT].update(execution_count=9), "outputs: execution counts"),
    (output(PRINT), "prints, but has no stored output"),
    (output(CHECK), "prints, but has no stored output"),
    (output(PRINT, new_output("error", ename="KeyError", evalue="", traceback=[])), "stored error KeyError"),
    (output(PRINT, new_output("stream", name="stderr", text="W\n")), "stored stderr: 'W'"),
    (output(PRINT, new_output("display_data", {"image/svg+xml": "<svg/>"})), "SVG"),
    (says("saved to /home/me/x.png\n"), "an absolute path in its output: '/home/me/x.png'"),
    (says("C:\\Users\n"), "an absolute path"),
    (says("took 3.5 s\n"), "a timing in its output: '3.5 s'"),
    (says("took 12ms\n"), "a timing"),
    (says("<object at 0x7f0a12bc>\n"), "an address"),
    (says("TensorFlow 2.20.0\n"), "a version"),
    (says("on 2026-01-31\n"), "a date or a clock time"),
    (says("at 12:30:59\n"), "a date or a clock time"),
    (says("0.12345678\n"), "more than 6 decimals"),
    (
        output(PRINT, new_output("execute_result", {"text/plain": "/usr/lib/x"}, execution_count=4)),
        "an absolute path",
    ),
    (replace(TEXT, "A number", "Just a number"), "the text says 'Just'"),
    (replace(TEXT, "A number", "Simply, a number"), "the text says 'Simply'"),
    (lambda book: book.cells.insert(TEXT, new_code_cell("")), "is empty"),
    (
        lambda book: book.update(nbformat_minor=4) or [c.pop("id") for c in book.cells],
        "older than format 4.5",
    ),
]


def test_a_whole_notebook_has_no_problems(tmp_path):
    assert problems(whole_notebook(tmp_path)) == []


@pytest.mark.parametrize(("change", "expected"), BROKEN, ids=range(len(BROKEN)))
def test_each_rule_notices(tmp_path, change, expected):
    path = whole_notebook(tmp_path)
    book = nbformat.read(path, as_version=4)
    change(book)
    nbformat.write(book, path)
    found = problems(path)
    assert [problem for problem in found if expected in problem], found


@pytest.mark.parametrize(
    "text", ["loss 1.25, 3 steps\n", "1/2 and a/b/c\n", "7 minima, 3 samples\n", "<Figure size 640x480>"]
)
def test_harmless_output_is_left_alone(tmp_path, text):
    path = whole_notebook(tmp_path)
    book = nbformat.read(path, as_version=4)
    says(text)(book)
    nbformat.write(book, path)
    assert problems(path) == []


def test_caption_may_follow_the_picture(tmp_path):
    path = whole_notebook(tmp_path)
    book = nbformat.read(path, as_version=4)
    book.cells[LOOK].source = "## A section"
    book.cells[TEXT].source = "*The corner is red.*"
    nbformat.write(book, path)
    assert problems(path) == []


def test_too_large_too_broken_and_misnamed(tmp_path):
    path = whole_notebook(tmp_path)
    book = nbformat.read(path, as_version=4)
    book.cells[PICTURE].outputs[0].data["image/png"] = "A" * 3_000_000
    nbformat.write(book, path)
    assert any("at most 3" in problem for problem in problems(path))
    path.write_text("{")
    assert "cannot be read" in problems(path)[0]
    renamed = whole_notebook(tmp_path, "03_l2").rename(tmp_path / "03-l2.ipynb")
    assert any(problem.startswith("file name") for problem in problems(renamed))


def test_command_line_names_the_file_and_exits_1(tmp_path):
    path = whole_notebook(tmp_path)
    assert CliRunner().invoke(main, [str(path)]).exit_code == 0
    book = nbformat.read(path, as_version=4)
    book.cells[TEXT].source = "obviously"
    nbformat.write(book, path)
    result = CliRunner().invoke(main, [str(path)])
    assert result.exit_code == 1
    assert result.output.startswith("03_l2.ipynb: cell 7: the text says 'obviously'")
