"""The table of a sweep."""

import json
import re

import fsspec
import pandas as pd
import pytest
from click.testing import CliRunner
from featviz_helpers.batch import failures, results_table
from featviz_helpers.batch.results import summary
from featviz_helpers.batch.run import execute_run
from featviz_helpers.cli.main import main

TWO_TABLES = """
import pandas as pd
table = pd.DataFrame({"run": [7], "v": [1]} if NUMBER == 1 else {"w": [1]})
table.to_parquet("results.parquet")
"""


@pytest.mark.slow
def test_columns_that_the_table_has_already_are_renamed(requests_of, tmp_path):
    requests = requests_of(TWO_TABLES)
    for request in requests:
        execute_run(request)
    table = results_table(tmp_path / "out")
    assert sorted(table["run"]) == sorted(request.run for request in requests)
    assert table["run_"].dropna().tolist() == [7]


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """A sweep of four runs, three of them damaged or odd."""
    folder = tmp_path / "out"
    (folder / "runs").mkdir(parents=True)
    (folder / "request.json").write_text("{}")
    for number in range(4):
        run = f"{number:02}" + "0" * 30
        place = folder / "runs" / run[:2] / run
        place.mkdir(parents=True)
        rows = pd.DataFrame({"v": [float(number)]})
        rows.to_parquet(place / "results.parquet")
        result = {
            "status": "ok", "run": run, "finished": "2026-01-01", "seconds": 1.0,
            "files": {"results.parquet": (place / "results.parquet").stat().st_size},
            "made_from": {"notebook": "n", "code": "c", "assets": {}},
            "parameters": {"KNOB": number if number % 2 else "auto"},
        }  # fmt: skip
        if number == 2:
            content = bytearray((place / "results.parquet").read_bytes())
            content[-20:] = bytes(20)
            (place / "results.parquet").write_bytes(content)
        if number == 3:
            del result["made_from"]
        (place / "result.json").write_text(json.dumps(result))
    return folder


def test_one_damaged_run_does_not_hide_the_others(sweep, tmp_path):
    table = results_table(sweep)
    assert table["v"].tolist() == [0.0, 1.0]
    assert sorted(name[5:7] for name in table.attrs["left_out"]) == ["02", "03"]
    for ending in ("parquet", "csv"):
        done = CliRunner().invoke(main, ["results", str(sweep), "--to", str(tmp_path / f"all.{ending}")])
        assert done.exit_code == 0, done.output
        assert done.stderr.count("is damaged and left out") == 2
    written = pd.read_parquet(tmp_path / "all.parquet")
    assert written["KNOB"].tolist() == ["auto", "1"], "a column of words and numbers is one of words"


def test_each_run_is_counted_once_however_many_rows_it_has(sweep):
    """A run of three rows, and one of none: no picture of it could be climbed."""
    for number, rows in ((0, {"v": [1.0, 2.0, 3.0], "image": ["a.png", "b.png", None]}), (1, {"v": []})):
        (place,) = (sweep / "runs" / f"{number:02}").iterdir()
        pd.DataFrame(rows).to_parquet(place / "results.parquet")
        result = json.loads((place / "result.json").read_text())
        result["files"] = {"results.parquet": (place / "results.parquet").stat().st_size}
        (place / "result.json").write_text(json.dumps(result | {"seconds": 10.0}))
    table = results_table(sweep)
    assert summary(table).startswith("2 finished runs, 3 rows, 20 s of work\n")
    assert table["image"].isna().tolist() == [False, False, True], "what is not there has no path"
    assert table["image"][0].endswith("/a.png")


def torn(folder, name):
    """Cut a file of a run in two."""
    path = next(folder.glob(f"*/{name}"))
    path.write_bytes(path.read_bytes()[:20])


def test_a_run_that_is_not_whole_is_left_out_with_its_reason(sweep):
    torn(sweep / "runs" / "00", "result.json")
    torn(sweep / "runs" / "01", "results.parquet")
    (sweep / "runs" / "04" / "lost").mkdir(parents=True)
    for address in (sweep, copied_to_memory(sweep)):
        left_out = {name[5:7]: reason for name, reason in results_table(address).attrs["left_out"].items()}
        assert left_out["00"].startswith("result.json: Unterminated string")
        assert re.fullmatch(r"results.parquet has 20 bytes of \d+", left_out["01"])
        assert left_out["03"] == "'made_from' is missing"
        # Where files come one by one, a folder without result.json may be on its way.
        assert left_out.get("04") == ("result.json is missing" if address == sweep else None)


def copied_to_memory(folder):
    """Copy a sweep to a store that is no disk, and return its address."""
    memory = fsspec.filesystem("memory")
    memory.put(str(folder), f"/{folder.parent.name}", recursive=True)
    return f"memory://{folder.parent.name}"


def test_a_damaged_attempt_is_left_out_of_the_failures(sweep):
    attempt = sweep / "failed" / "aa" / "1"
    attempt.mkdir(parents=True)
    (attempt / "result.json").write_text('{"files": {}}')
    table = failures(sweep)
    assert len(table) == 0
    assert table.attrs["left_out"] == {"failed/aa/1": "'run' is missing"}


def test_the_number_of_a_cell_is_whole_beside_a_failure_that_has_none(sweep):
    for run, error in (("aa", {"cell": 3}), ("bb", {"cell": None}), ("cc", {})):
        attempt = sweep / "failed" / run / "1"
        attempt.mkdir(parents=True)
        result = {"files": {}, "run": run, "error": {"name": "E", "message": "m"} | error}
        (attempt / "result.json").write_text(json.dumps(result))
    assert repr(failures(sweep)["cell"].tolist()) == "[3, <NA>, <NA>]"


def test_trouble_of_the_machine_is_no_damage_of_a_run(sweep, monkeypatch):
    def fail(*_, **__):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(pd, "read_parquet", fail)
    with pytest.raises(OSError, match="Too many open files"):
        results_table(sweep)
