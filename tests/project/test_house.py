"""The package as a house: rooms that import downwards, small files and functions, a face that knows its names."""

import ast
import subprocess
import sys
from pathlib import Path

import featviz_helpers as fv
import pytest

PACKAGE = Path(fv.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))
OUTSIDE = {"__init__.py"}
FILE, FUNCTION, FACE = 250, 45, 61


def name(path):
    return str(path.relative_to(PACKAGE))


def body_lines(function):
    """Lines of a function, without its signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_imports_go_one_way(root):
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "2 kept, 0 broken" in done.stdout


def test_every_module_is_in_a_room():
    assert len(MODULES) > 80
    assert {name(path) for path in MODULES if path.parent == PACKAGE} == OUTSIDE
    assert {path.relative_to(PACKAGE).parts[0] for path in MODULES} - OUTSIDE == {room.name for room in ROOMS}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_says_in_one_sentence_what_it_is_for(room):
    docstring = ast.get_docstring(ast.parse((room / "__init__.py").read_text()))
    summary = docstring.partition("\n\n")[0]
    assert summary.endswith((".", "?"))
    assert ". " not in summary.replace("\n", " ")


def test_tests_are_in_the_same_rooms(root):
    folders = {path.parent.name for path in (root / "tests").glob("*/test_*.py")}
    assert folders - {room.name for room in ROOMS} <= {"fuzz", "notebooks", "project"}
    assert sorted((root / "tests").glob("test_*.py")) == []


def test_files_are_short():
    lengths = {name(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {path: lines for path, lines in lengths.items() if lines > FILE} == {}


def test_functions_are_short():
    functions = {
        f"{name(path)}: {node.name}": body_lines(node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(functions) > 300
    assert {function: lines for function, lines in functions.items() if lines > FUNCTION} == {}


def test_the_face_is_small_and_every_name_on_it_is_there():
    flat = set(fv.__all__) - {room.name for room in ROOMS}
    assert {"maximize", "channel", "load_model", "show"} <= flat
    assert len(flat) < FACE, sorted(flat)
    assert [name for name in fv.__all__ if getattr(fv, name, None) is None] == []


@pytest.mark.parametrize(
    ("wrong", "right"), [("maximise", "maximize"), ("chanel", "channel"), ("TotalVaration", "TotalVariation")]
)
def test_an_unknown_name_is_answered_with_the_nearest(wrong, right):
    with pytest.raises(AttributeError, match=rf"(?s){wrong}.*\b{right}\b"):
        getattr(fv, wrong)
