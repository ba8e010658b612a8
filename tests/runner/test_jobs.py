"""Which notebooks run, and with what: every mistake is refused before anything starts."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from featviz_helpers.cli.main import main
from featviz_helpers.runner import jobs
from support.notebooks import write_notebook


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-p", "STEP", "5"], "did you mean STEPS?"),
        (["2", "-p", "SEED", "5"], "no selected notebook has a parameter 'SEED'"),
        (["-p", "STEPS", "many"], "01_first.ipynb: STEPS takes int (default: 64), but was given 'many'"),
        (["-p", "STEPS", "2.5"], "STEPS takes int"),
        (["-p", "STEPS", "true"], "STEPS takes int"),
        (["-p", "RATE", "fast"], "RATE takes float"),
        (["-p", "CHANNELS", "5"], "write [5]"),
        (["-p", "CHANNELS", "[0, x]"], "CHANNELS takes list[int]"),
        (["-p", "CHANNELS", "[0"], "not valid YAML"),
        (["-p", "STEPS", "1", "-p", "STEPS", "2"], "twice"),
        (["7"], "no notebook '7'"),
        (["notebooks/03_none.ipynb"], "no notebook 'notebooks/03_none.ipynb'"),
        (["01_frist.ipynb"], "did you mean 01_first.ipynb"),
        (["--jobs", "0"], "jobs"),
        (["--jobs", "many"], "jobs"),
        (["-f", "none.yaml"], "none.yaml"),
        (["-f", "broken.yaml"], "cannot read the profile broken.yaml"),
        (["-f", "list.yaml"], "NAME: value"),
        (["-f", "unknown.yaml"], "no notebook has a parameter STEPZ"),
        (["-f", "nested.yaml"], "02_second.ipynb has no parameter SEED"),
        (["-f", "flat.yaml"], "2 is a notebook"),
        (["-f", "wrong.yaml"], "STEPS takes int"),
        (["-f", "twice.yaml"], "STEPS is already set in line 1"),
        (["-f", "twins.yaml"], "02_second and another key both stand for 02_second.ipynb"),
        (["-p", "STEPS", "1:30"], "STEPS takes int"),
        (["untagged.ipynb"], "untagged.ipynb: needs one code cell tagged `parameters`, has 0"),
        (["broken.ipynb"], "cannot read the notebook"),
        (["other/02_second.ipynb", "2"], "one name"),
        (["--out", "notebooks"], "holds the notebooks themselves"),
        (["--out", "broken.yaml/x"], "cannot write to"),
        (["--assets", "nowhere"], "nowhere"),
    ],
)
def test_refused_before_anything_starts(folder, arguments, says):
    Path("broken.yaml").write_text("STEPS: [1")
    Path("list.yaml").write_text("- STEPS")
    Path("unknown.yaml").write_text("STEPZ: 1")
    Path("nested.yaml").write_text("02:\n  SEED: 1")
    Path("flat.yaml").write_text("2: 5")
    Path("twice.yaml").write_text("STEPS: 1\nSTEPS: 2")
    Path("twins.yaml").write_text("02: {STEPS: 1}\n02_second: {STEPS: 2}")
    Path("wrong.yaml").write_text("STEPS: '5'")
    Path("broken.ipynb").write_text("{")
    write_notebook(Path(), "untagged", knobs=None)
    write_notebook(Path("other"), "02_second", "print(2)")
    result = CliRunner().invoke(main, ["run", *arguments])
    assert result.exit_code == 2, result.output
    assert says in result.output
    assert "Traceback" not in result.output
    assert not Path("build").exists(), "something was started"


CELL = (
    '{"cell_type": "code", "execution_count": null, "id": "a", "metadata": {"tags": %s}, "outputs": [], "source": %s}'
)
BOOK = '{"nbformat": %s, "nbformat_minor": 5, "metadata": {}, "cells": %s}'
TITLE = '{"cell_type": "markdown", "id": "t", "metadata": {}, "source": "# half \\ud800 of \\u001b[2J"}'
ODD = {
    "a future format": BOOK % (99, "[]"),
    "no list of cells": BOOK % (4, "null"),
    "no tags": BOOK % (4, f"[{CELL % ('null', '[]')}]"),
    "a number for source": BOOK % (4, f"[{CELL % ('[]', '5')}]"),
    "no object": "[1, 2]",
    "deep": "[" * 100_000 + "]" * 100_000,
    "parameters that are no code": BOOK
    % (4, '[{"cell_type": "markdown", "id": "a", "metadata": {"tags": ["parameters"]}, "source": "STEPS = 1"}]'),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_notebook_is_told_in_one_sentence(folder, name):
    Path("odd.ipynb").write_text(ODD[name])
    result = CliRunner().invoke(main, ["run", "odd.ipynb"])
    assert result.exit_code == 2, result.output
    message = result.output.rpartition("Error: ")[2]
    assert "odd.ipynb" in message and "Traceback" not in result.output and len(message) < 400
    assert not Path("build").exists()


CELLS = {
    "an empty choice": (
        "X: Literal[()] = 1",
        "odd.ipynb: parameters cell, line 1: `X: Literal[()] = 1` has",
    ),
    "a hundred thousand minus signs": (
        "X = " + "-" * 100_000 + "1",
        "nested too deep",
    ),
    "half of a character": (
        "X = '\\ud800'",
        "odd.ipynb: parameters cell, line 1: `X = '\\ud800'` holds half of",
    ),
    "a long line": (f"X = {[1] * 9999} + [1]", "is not a plain literal"),
}


@pytest.mark.parametrize("name", CELLS)
def test_an_odd_parameters_cell_is_told_in_one_sentence(folder, name):
    source, says = CELLS[name]
    write_notebook(Path(), "odd", "1", knobs=source)
    result = CliRunner().invoke(main, ["run", "--describe", "odd.ipynb"])
    message = result.output.rpartition("Error: ")[2]
    assert result.exit_code == 2 and says in message, result.exception
    assert len(message) < 500 and message.count("\n") == 1


def test_what_a_notebook_says_reaches_no_terminal_as_a_command(folder):
    """A title or a comment could set the terminal's title, move its cursor or hide what stands before it."""
    book = write_notebook(Path(), "odd", "1", knobs='A = "\\x9b31m"  # \x1b[31mred\x1b]0;title\x07')
    text = book.read_text(encoding="utf-8").replace('"cells": [', '"cells": [' + TITLE + ",", 1)
    book.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(main, ["run", "--describe", "odd.ipynb"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("half \\ud800 of") and "red\\x1b]0;title" in result.output
    assert all(line.isprintable() for line in result.output.splitlines())


def test_no_page_is_written_over_another(folder):
    """index.html is the page of contents; and some file systems do not tell 02_SECOND from 02_second."""
    write_notebook(Path("other"), "Index", "print(2)")
    write_notebook(Path("other"), "02_SECOND", "print(2)")
    for arguments, says in ((["other/Index.ipynb"], "rename it"), (["other/02_SECOND.ipynb", "2"], "one name")):
        result = CliRunner().invoke(main, ["run", *arguments])
        assert result.exit_code == 2 and says in result.output, result.output


def test_no_notebooks_at_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebooks").mkdir()
    result = CliRunner().invoke(main, ["run"])
    assert result.exit_code == 2
    assert "found no notebooks" in result.output


@pytest.mark.parametrize("name", ["2", "02", "02_second", "02_second.ipynb", "notebooks/02_second.ipynb"])
def test_a_notebook_has_many_names(folder, name):
    assert jobs.find(name).resolve() == folder / "notebooks" / "02_second.ipynb"


def test_a_number_may_not_stand_for_two(folder):
    write_notebook(Path("notebooks"), "02_twin", "print(1)")
    with pytest.raises(jobs.CourseError, match=r"02_second\.ipynb and 02_twin\.ipynb"):
        jobs.find("2")


def test_command_line_beats_notebook_beats_profile(folder):
    profile = {"STEPS": 1, "CHANNELS": [1], "02": {"STEPS": 2, "CHANNELS": [2]}}
    first, second = jobs.prepare_jobs(jobs.discover(), {"CHANNELS": "[3]"}, profile)
    assert (first.values["STEPS"], second.values["STEPS"]) == (1, 2)
    assert (first.values["CHANNELS"], second.values["CHANNELS"]) == ([3], [3])
    assert second.changed == {"STEPS": 2, "CHANNELS": [3]}


def test_a_profile_for_the_whole_course_serves_a_part_of_it(folder):
    profile = {"SEED": 1, "01": {"STEPS": 5}}
    (job,) = jobs.prepare_jobs([jobs.find("2")], {}, profile)
    assert job.changed == {}


@pytest.mark.parametrize("text", ["me.png", "./me.png", "sub/../me.png"])
def test_a_relative_path_reaches_the_notebook_as_an_absolute_one(folder, text):
    Path("me.png").touch()
    Path("sub").mkdir()
    book = write_notebook(Path("notebooks"), "03_photo", "print(PHOTO)", knobs='PHOTO: str = "china"  # or a path')
    for given, profile in [({"PHOTO": text}, {}), ({}, {"PHOTO": text})]:
        (job,) = jobs.prepare_jobs([book], given, profile)
        assert job.changed == {"PHOTO": str(folder / "me.png")}


def test_every_path_that_the_course_takes_is_declared(root):
    takes_path = {
        name
        for job in jobs.prepare_jobs(jobs.discover(root / "notebooks"))
        for name, parameter in job.parameters.items()
        if parameter.takes_path
    }
    assert takes_path == {"MODEL", "PHOTO", "DATA", "RESULTS"}


@pytest.mark.parametrize(
    ("cards", "cores", "gigabytes", "count"), [([], 2, 24, 2), ([], 16, 9, 4), ([], 2, 1, 1), (["H100"], 16, 64, 1)]
)
def test_a_notebook_runs_on_each_core_as_far_as_memory_goes(monkeypatch, cards, cores, gigabytes, count):
    monkeypatch.setattr(jobs, "gpus", lambda: cards)
    monkeypatch.setattr(jobs, "cpu_count", lambda: cores)
    monkeypatch.setattr(jobs, "free_memory", lambda: gigabytes * 10**9)
    assert jobs.processes() == count
