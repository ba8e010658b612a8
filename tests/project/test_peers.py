"""The comparison with other libraries: its ratios and tables, on reports made by hand. No library is installed here."""

import copy
import json
import sys

import click
import pytest
import tensorflow as tf

from benchmarks import peers
from benchmarks.peers import peer_tables as tables

SETTING = {
    "images": 4,
    "size_px": 224,
    "steps": 11,
    "rounds": 3,
    "channels_in_a_row": 3,
    "row_steps": 2,
    "cores": 2,
    "load": 0.1,
}


def library(calls, one_step, row, together):
    part = {"first_s": 9.0, "before": 0.25, "after": 3.5, "calls_s": calls, "one_step_s": one_step}
    return {
        "refused": "",
        "apart": 2e-7,
        "python": "3.11.7",
        "versions": {"a-package": "1.2"},
        "differences": {"image": "pixels of some kind"},
        "plain": part,
        "transforms": copy.deepcopy(part),
        "row_s": row,
        "together_s": together,
    }


@pytest.fixture
def report():
    """Ours takes 0.1 s a step and nothing else; the other one 0.2 s a step and 1 s a call; the second round is slow."""
    return {
        "setting": dict(SETTING),
        "bare": {"folded": [0.99, 3.96, 0.99], "unfolded": [1.32, 5.28, 1.32]},
        "libraries": {
            peers.OURS: library([1.1, 4.4, 1.1], [0.1, 0.4, 0.1], [2.0, 0.1, 0.1], 0.5),
            "other": library([3.2, 12.8, 3.2], [1.2, 4.8, 1.2], [1.1, 1.1, 1.1], 3.0),
        },
        "traces_in_a_row": 1,
    }


def cells(table):
    """Return the rows of a markdown table: first cell -> the others."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {row[0]: row[1:] for row in rows if not row[0].startswith("-")}


def test_medians_shrug_off_a_slow_round_and_ratios_are_paired(report):
    parts = report["libraries"]
    ours = parts[peers.OURS]["plain"]["calls_s"]
    line = tables.summary(parts["other"]["plain"]["calls_s"], parts["other"]["plain"]["one_step_s"], ours, SETTING)
    assert line["ms"] == pytest.approx(1000 * 3.2 / 44) and line["ratio"] == pytest.approx(3.2 / 1.1)
    assert line["loop_ms"] == pytest.approx(1000 * 0.2 / 4) and line["call_s"] == pytest.approx(1.0)
    uneven = tables.summary([1.0, 8.0, 3.0], [], [1.0, 4.0, 1.0], SETTING)
    assert uneven["ratio"] == pytest.approx(2.0) and uneven["least_ms"] == pytest.approx(1000 * 1.0 / 44)
    assert uneven["loop_ms"] is None and uneven["call_s"] is None


def test_the_table_of_calls(report):
    rows = cells(tables.loop_table(report, "plain"))
    assert rows[peers.OURS] == ["25.0", "25.0", "1.00", "25.0", "0.00", "9.0", "0.25 → 3.50"]
    assert rows["other"] == ["72.7", "72.7", "2.91", "50.0", "1.00", "9.0", "0.25 → 3.50"]
    assert rows["bare network, folded"][:3] == ["22.5", "22.5", "0.90"]
    assert rows["bare network, unfolded"][2] == "1.20"
    assert "bare network, folded" not in cells(tables.loop_table(report, "transforms"))


def test_the_table_of_channels_in_a_row(report):
    rows = cells(tables.row_table(report))
    assert rows[peers.OURS] == ["2.2", "1.00", "0.10", "0.5"]
    assert rows["other"] == ["3.3", "1.50", "1.10", "3.0"]


def test_every_line_of_a_table_is_as_long_as_the_others(report):
    for table in (tables.loop_table(report, "plain"), tables.row_table(report)):
        assert len({len(line) for line in table.splitlines()}) == 1
        assert table.splitlines()[1].startswith("| ---") and table.splitlines()[1].endswith("-: |")


def test_what_is_refused_has_no_numbers_and_says_why(report):
    refused = {key: report["libraries"]["other"][key] for key in ("apart", "python", "versions", "differences")}
    report["libraries"]["other"] = refused | {"refused": "its activation does not rise"}
    for table in (tables.loop_table(report, "plain"), tables.row_table(report)):
        first, *others = cells(table)["other"]
        assert first == "not timed" and set(others) == {""}
    assert "NOT TIMED: its activation does not rise" in tables.text(report)


def test_the_text_says_what_is_equal_and_what_is_not(report):
    text = tables.text(json.loads(json.dumps(report)))
    for words in ("Equal: weights", "pixels of some kind", "a-package 1.2", "With transforms", "3 channels, 2 steps"):
        assert words in text
    del report["traces_in_a_row"]
    assert "2 steps each" not in tables.text(report)


class Answers:
    """A worker that has nothing behind it."""

    def __init__(self, apart=0.0, after=2.0):
        self.ready = {"apart": apart, "versions": {}, "python": "", "differences": {}}
        self.after, self.tasks = after, []

    def ask(self, task, **arguments):
        self.tasks.append((task, arguments))
        return {"before": 1.0, "after": self.after} if task == "check" else {"seconds": 0.5}


@pytest.mark.parametrize("after", [1.0, 0.5, float("nan")])
def test_a_library_that_does_not_climb_is_refused(after):
    entry = peers.first_calls(Answers(after=after), [48], 4)
    assert "does not rise" in entry["refused"]


@pytest.mark.parametrize("apart", [0.1, float("nan")])
def test_another_network_is_refused_before_any_call(apart):
    worker = Answers(apart=apart)
    assert "answers otherwise" in peers.first_calls(worker, [48], 4)["refused"] and worker.tasks == []


def test_the_first_call_is_the_first_and_the_check_has_enough_steps():
    worker = Answers()
    entry = peers.first_calls(worker, [48], 4)
    assert entry["refused"] == "" and entry["plain"]["first_s"] == 0.5 and entry["plain"]["after"] == 2.0
    assert [(task, a["steps"], a["transforms"]) for task, a in worker.tasks] == [
        ("maximize", 4, False),
        ("check", peers.CHECK_STEPS, False),
        ("maximize", 4, True),
        ("check", peers.CHECK_STEPS, True),
    ]


def test_channels_are_different_and_in_range():
    for count in (1, 4, 5, 64, peers.UNITS):
        channels = peers.spread(count)
        assert len(set(channels)) == len(channels) == count and set(channels) <= set(range(peers.UNITS))
    assert peers.spread(4) == [48, 62, 73, 91]


def test_a_worker_answers_line_by_line_and_its_end_is_told(tmp_path):
    script = tmp_path / "echo.py"
    script.write_text(
        "import sys, json\n"
        "print(json.dumps({'ready': 1}), flush=True)\n"
        "task = json.loads(sys.stdin.readline())\n"
        "print(json.dumps(task), flush=True)\n"
        "sys.exit('out of paint')\n"
    )
    with peers.Worker("echo", [sys.executable, str(script)], {}, tmp_path / "log") as worker:
        assert worker.ready == {"ready": 1}
        assert worker.ask("draw", steps=3) == {"task": "draw", "steps": 3}
        with pytest.raises(click.ClickException, match=r"(?s)echo stopped.*out of paint"):
            worker.ask("draw", steps=3)


def test_tensorflow_without_cuda_has_a_version_too():
    from protocol import installed  # the folder is found once `peers` was imported

    assert installed("tensorflow") == tf.__version__
