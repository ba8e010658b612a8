"""The three assignments: what students get has no solution in it, and each hand-in earns what it must."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from click.testing import CliRunner
from featviz_helpers.classroom import books, checking, course, gradescope
from featviz_helpers.classroom.given import given
from featviz_helpers.classroom.grading import QUESTIONS
from featviz_helpers.classroom.sheet import write_answers
from featviz_helpers.classroom.variants import ASSIGNMENTS, NOBODY, Variant
from featviz_helpers.cli.main import main
from IPython.core.inputtransformer2 import TransformerManager

FOLDER = Path(__file__).resolve().parents[2] / "assignments"


@pytest.fixture(params=ASSIGNMENTS)
def source(request):
    return books.read_source(FOLDER / f"{request.param}.ipynb")


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_source_has_the_cells_of_every_question_and_fits_the_eye(name):
    book = books.read_source(FOLDER / f"{name}.ipynb")
    asked = {question.name for question in QUESTIONS[name]}
    assert {q for cell in book.cells for q in books.tagged(cell, "answer")} == asked
    code = [cell.source for cell in book.cells if cell.cell_type == "code"]
    assert max(len(cell.splitlines()) for cell in code) <= 25 and len(code) <= 40
    assert all(not cell.outputs for cell in book.cells if cell.cell_type == "code")
    assert sum("<details>" in cell.source for cell in book.cells) >= 3, "hints"
    points = [question.points for question in QUESTIONS[name]]
    assert "**Points**: 100" in book.cells[0].source and sum(points) == 100
    assert len(books.solutions(book)) >= len(asked) - 1


def test_nothing_of_the_solution_is_in_what_students_get(source):
    book = books.open_book(source)
    assert course.leaks(book, source) == []
    text = nbformat.writes(book)
    assert "SOLUTION" not in text and "Rubric" not in text and text.count(books.STUB) == len(books.solutions(source))
    for cell in book.cells:
        assert set(cell.metadata) <= {"tags"}
        if cell.cell_type == "code":
            compile(TransformerManager().transform_cell(cell.source), "cell", "exec")


def test_no_two_cells_define_the_same_name_so_that_any_of_them_may_be_run_again(source):
    code = "\n".join(cell.source for cell in source.cells if cell.cell_type == "code")
    defined = re.findall(r"^def (\w+)", code, re.MULTILINE)
    assert len(defined) == len(set(defined))
    handed_in = dict(re.findall(r'hand_in\("(\w+)", (?:answer_)?(\w+)\(', code))
    assert all(name in (question, "stream", "words") for question, name in handed_in.items())
    assert f'STUDENT: str = "{NOBODY}"' in code


def test_a_leak_is_seen_wherever_it_hides(source):
    book = books.open_book(source)
    line = max(books.solutions(source)[0].splitlines(), key=len).strip()
    for leak in (line, f"# {line}", "### BEGIN HIDDEN TESTS", "For the teacher"):
        book.cells[3].source += f"\n{leak}"
        assert course.leaks(book, source)
        book = books.open_book(source)


def test_nbgraders_cells_have_the_points(source):
    name = next(n for n in ASSIGNMENTS if books.read_source(FOLDER / f"{n}.ipynb") == source)
    book = books.nbgrader_book(source, name)
    about = [cell.metadata.nbgrader for cell in book.cells if "nbgrader" in cell.metadata]
    assert sum(cell.points for cell in about if cell.grade) == 100
    assert len({cell.grade_id for cell in about}) == len(about)


@pytest.mark.slow
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_hand_in_earns_what_it_must(name):
    results = list(checking.check(FOLDER / f"{name}.ipynb"))
    assert len(results) >= 20
    assert [result for result in results if not result.right] == []


@pytest.mark.slow
def test_a_check_that_finds_something_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "check", lambda path: [checking.Result("the reference", (90, 90), 75.0)])
    done = CliRunner().invoke(main, ["class", "check", "dreams"])
    assert done.exit_code == 1 and "WRONG" in done.output and "1 hand-ins did not earn" in done.output


def test_a_source_that_is_no_longer_the_courses_is_named_and_kept(tmp_path):
    new = ["class", "new", str(tmp_path / "course")]
    CliRunner().invoke(main, new)
    own = tmp_path / "course" / "assignments" / "dreams.ipynb"
    own.write_text(own.read_text() + "\n")
    kept, said = own.read_bytes(), CliRunner().invoke(main, new).output
    assert f"{own} is not as the course has it now" in said and said.count("not as the course") == 1
    assert own.read_bytes() == kept


@pytest.mark.slow
def test_a_teachers_folder_is_set_up_and_released_for_nbgrader(tmp_path, monkeypatch):
    pytest.importorskip("nbgrader")
    monkeypatch.setenv("PATH", os.defpath)  # the environment is not activated
    folder = tmp_path / "course"
    done = CliRunner().invoke(main, ["class", "new", str(folder)])
    assert done.exit_code == 0, done.output
    (folder / "roster.csv").write_text("folder,student\nmine,ada\n")
    again = CliRunner().invoke(main, ["class", "new", str(folder)]).output
    assert "nothing was changed" in again and "not as the course has it" not in again
    assert (folder / "roster.csv").read_text().endswith("mine,ada\n")
    done = CliRunner().invoke(main, ["class", "release", "evaluation", "--course", str(folder)])
    assert done.exit_code == 0, done.output
    released = nbformat.read(folder / "release" / "evaluation" / "evaluation.ipynb", as_version=4)
    assert course.leaks(released, books.read_source(FOLDER / "evaluation.ipynb")) == []
    autograded(folder, released)


def autograded(folder, released):
    """Let nbgrader grade the untouched release and the solutions, and look at its own book."""
    source = books.read_source(FOLDER / "evaluation.ipynb")
    solved = iter(books.solutions(source))
    for student in ("ada", "bob"):
        book = nbformat.from_dict(released)
        if student == "bob":
            for cell in book.cells:
                cell.source = cell.source.replace(NOBODY, student)
                while books.STUB in cell.source:
                    cell.source = cell.source.replace(f"    {books.STUB}", next(solved).rstrip(), 1)
        place = folder / "submitted" / student / "evaluation"
        place.mkdir(parents=True)
        nbformat.write(book, place / "evaluation.ipynb")
    environment = {**os.environ, "PATH": course.search_path(), "TQDM_DISABLE": "1"}
    words = [course.program("nbgrader"), "autograde", "evaluation", f"--course-dir={folder}"]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as marks:
        scores = {name: marks.find_submission("evaluation", name).score for name in ("ada", "bob")}
    assert scores == {"ada": 0.0, "bob": 90.0}


@pytest.mark.slow
def test_gradescopes_zip_grades_by_itself(tmp_path):
    gradescope.write_zip(path := tmp_path / "autograder.zip", "evaluation")
    home = tmp_path / "autograder"
    with zipfile.ZipFile(path) as packed:
        assert packed.getinfo("run_autograder").external_attr >> 16 & 0o111
        assert "(3, 11)" in packed.read("setup.sh").decode()
        packed.extractall(home / "source")
    (home / "submission").mkdir()
    mail = "ada@example.org"
    pairs = given(Variant("evaluation", mail))["pairs"]
    answers = {"natural_ceiling": pairs.sum(axis=(1, 2)) / 72, "holm": np.zeros((5, 6))}
    write_answers(home / "submission" / "answers.npz", Variant("evaluation", mail), answers)
    (home / "submission_metadata.json").write_text(json.dumps({"users": [{"email": mail, "name": "Ada"}]}))
    code = (
        "import sys; from pathlib import Path; from featviz_helpers.classroom import gradescope as g;"
        "assert g.__file__.startswith(sys.argv[1]), g.__file__; g.grade_there('evaluation', Path(sys.argv[1]))"
    )
    words = [sys.executable, "-c", code, str(home)]
    environment = {**os.environ, "PYTHONPATH": "."}
    done = subprocess.run(words, cwd=home / "source", env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    tests = json.loads((home / "results" / "results.json").read_text())["tests"]
    assert sum(test["max_score"] for test in tests) == 90 and sum(test["score"] for test in tests) == 15.0


def test_a_notebook_that_is_killed_is_no_empty_release(tmp_path):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import os\nos.kill(os.getpid(), 9)")])
    with pytest.raises(ValueError, match="ended before its last cell, with status -9"):
        checking.run_book(book, tmp_path / "run")


def test_a_leak_of_a_line_with_a_backslash_is_seen(source):
    line = r'print("p of \n each of them")'
    cell = next(cell for cell in source.cells if books.END in cell.source)
    cell.source = cell.source.replace(f"    {books.END}", f"    {line}\n    {books.END}")
    book = books.open_book(source)
    assert course.leaks(book, source) == []
    book.cells[3].source += f"\n{line}"
    assert line in course.leaks(book, source)


def test_what_leaks_is_deleted_also_where_nbgrader_fails(tmp_path, monkeypatch):
    course.new(tmp_path, [FOLDER / "evaluation.ipynb"])
    book = nbformat.read(own := tmp_path / "assignments" / "evaluation.ipynb", as_version=4)
    book.cells.append(nbformat.v4.new_markdown_cell(max(books.solutions(book)[0].splitlines(), key=len).strip()))
    nbformat.write(book, own)
    monkeypatch.setattr(course, "program", lambda name: name)
    monkeypatch.setattr(course, "_generate", lambda *_: pytest.fail("a leak was seen before"))
    with pytest.raises(ValueError, match="must hold nothing of the solution"):
        course.release(tmp_path, "evaluation")
    assert not (tmp_path / "open" / "evaluation.ipynb").exists()
