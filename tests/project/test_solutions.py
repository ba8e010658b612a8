"""The solutions for instructors: one for every exercise, none left over, each judged by its notebook's own check."""

import nbformat
import pytest
from click.testing import CliRunner
from featviz_helpers.runner import jobs as selection
from support.notebooks import write_notebook

import try_solutions

KNOWN = try_solutions.solutions(try_solutions.SOLUTIONS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", selection.discover(selection.CHECKOUT / "notebooks"), ids=lambda path: path.stem)
def test_every_exercise_has_a_solution_and_every_solution_an_exercise(path):
    book, number = nbformat.read(path, as_version=4), path.stem[:2]
    headings = {match[1] for cell in book.cells if (match := try_solutions.EXERCISE.search(cell.source))}
    assert headings == {heading for notebook, heading in KNOWN if notebook == number}
    assert {heading for heading, _ in try_solutions.with_solutions(book, number, KNOWN)} == headings


@pytest.mark.parametrize(("codes", "says"), [([], "no solution"), (["a = 1", "b = 2"], "fewer cells")])
def test_solutions_and_cells_have_to_match(tmp_path, codes, says):
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_markdown_cell("### Exercise 1"), nbformat.v4.new_code_cell("answer = None")]
    with pytest.raises(ValueError, match=says):
        try_solutions.with_solutions(book, "00", {("00", "Exercise 1"): codes})


@pytest.mark.slow
@pytest.mark.parametrize(("solution", "status"), [("answer = 4", 0), ("answer = 5", 1)])
def test_a_wrong_solution_is_noticed(tmp_path, monkeypatch, solution, status):
    path = write_notebook(tmp_path / "notebooks", "00_sums")
    book = nbformat.read(path, as_version=4)
    judge = "answer = None\nprint('Right: 4.' if answer == 4 else 'Not yet.')"
    book.cells += [nbformat.v4.new_markdown_cell("### Exercise 1 (easy)"), nbformat.v4.new_code_cell(judge)]
    nbformat.write(book, path)
    (tmp_path / "solutions.md").write_text(f"## 00 Sums\n\n### Exercise 1\n\n```python\n{solution}\n```\n")
    monkeypatch.setattr(try_solutions, "SOLUTIONS", tmp_path / "solutions.md")
    monkeypatch.setattr(selection, "CHECKOUT", tmp_path)
    result = CliRunner().invoke(try_solutions.main, ["00"])
    assert result.exit_code == status
    assert "00 Exercise 1: " in result.output
