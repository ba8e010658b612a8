"""Hand-ins as students and others make them."""

import nbformat
import pytest
from featviz_helpers.classroom.sheet import write_answers
from featviz_helpers.classroom.variants import Variant


@pytest.fixture
def hand_in(tmp_path):
    """A function that writes a student's folder with answers in it, and returns the folder of all."""

    def write(student, answers, assignment="evaluation", folder=None, claims=None):
        path = tmp_path / "submitted" / (folder or student) / "answers.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_answers(path, Variant(assignment, claims or student), answers)
        return tmp_path / "submitted"

    return write


@pytest.fixture
def notebook(tmp_path):
    """A function that writes a notebook of some cells."""

    def write(*cells):
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        nbformat.write(book, path := tmp_path / "book.ipynb")
        return path

    return write
