"""A run that takes up an earlier one: what is left alone, and what is not."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from featviz_helpers.assets import fingerprints
from featviz_helpers.cli.main import main
from featviz_helpers.runner import earlier
from support.notebooks import PICTURE, write_notebook
from support.sweeps import wait_for

FEATVIZ = [sys.executable, "-c", "from featviz_helpers.cli.main import main; main()"]

HEAD = {"code": "c0de", "versions": {"python": "3.12"}}


def entry(name, **changes):
    return {
        "name": name, "sha256": "ab", "parameters": {"STEPS": 4, "LAYERS": ["mixed1"]}, "assets": {}, "status": "ok",
        "files": [f"{name}.ipynb", f"{name}.html"],
    } | changes  # fmt: skip


@pytest.fixture
def out(tmp_path):
    """A folder in which 00 was finished and 01 was not."""
    for name in ("00.ipynb", "00.html"):
        (tmp_path / name).write_text("{}")
    record = HEAD | {"notebooks": [entry("00"), entry("01", status="interrupted", files=[])]}
    (tmp_path / "run.json").write_text(json.dumps(record))
    return tmp_path


def request(**changes):
    new = [entry(name, status="waiting", files=[]) | changes for name in ("00", "01")]
    return HEAD | {"notebooks": new}


def test_what_is_finished_and_would_come_out_the_same_stays(out):
    found = earlier.finished(out, request(parameters={"STEPS": 4, "LAYERS": ("mixed1",)}))
    assert found == {"00": entry("00")}


@pytest.mark.parametrize(("cards", "hashed"), [([], []), (["H200"], ["MODEL"])])
def test_weights_that_auto_takes_on_a_card_are_hashed(tmp_path, monkeypatch, cards, hashed):
    weights = tmp_path / "weights.h5"
    weights.write_bytes(b"weights")
    monkeypatch.setattr(fingerprints, "gpus", lambda: cards)
    monkeypatch.setattr(fingerprints, "find_inception", lambda first: weights)
    assert list(fingerprints.of_assets({"MODEL": "auto", "LAYER": "auto"})) == hashed


def test_a_network_that_a_card_would_choose_is_another_one(out):
    record = json.loads((out / "run.json").read_text())
    record["notebooks"] = [entry("00", parameters={"MODEL": "auto"})]
    (out / "run.json").write_text(json.dumps(record | {"hardware": {"gpus": []}}))
    now = request(parameters={"MODEL": "auto"})
    assert "00" in earlier.finished(out, now | {"hardware": {"gpus": []}})
    assert earlier.finished(out, now | {"hardware": {"gpus": ["H200"]}}) == {}


@pytest.mark.parametrize(
    "other",
    [
        request(sha256="cd"),
        request(parameters={"STEPS": 5, "LAYERS": ["mixed1"]}),
        request(assets={"PHOTO": "1f"}),
        request() | {"code": "other"},
        request() | {"versions": {"python": "3.13"}},
    ],
)
def test_what_would_come_out_otherwise_runs_again(out, other):
    assert earlier.finished(out, other) == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"notebooks": 3}', '{"notebooks": [{}]}'])
def test_a_damaged_record_holds_nothing(out, text):
    (out / "run.json").write_text(text)
    assert earlier.finished(out, request()) == {}


def test_a_page_that_is_gone_is_made_again(out):
    (out / "00.html").unlink()
    assert earlier.finished(out, request()) == {}


@pytest.mark.slow
def test_an_interrupted_run_is_taken_up(folder):
    """The record of a machine that went down says that 02 is running; nobody is left to say otherwise."""
    write_notebook(Path("notebooks"), "01_first", PICTURE)
    assert CliRunner().invoke(main, ["run", "--out", "out"]).exit_code == 0
    record = json.loads(Path("out/run.json").read_text())
    record["status"] = record["notebooks"][1]["status"] = "running"
    Path("out/run.json").write_text(json.dumps(record))
    first, second = (Path(f"out/{name}.html").stat().st_mtime_ns for name in ("01_first", "02_second"))
    done = CliRunner().invoke(main, ["run", "--out", "out", "--resume"])
    assert done.exit_code == 0, done.output
    assert Path("out/01_first.html").stat().st_mtime_ns == first
    assert Path("out/02_second.html").stat().st_mtime_ns > second
    again = json.loads(Path("out/run.json").read_text())
    assert again["status"] == "ok" and [one["status"] for one in again["notebooks"]] == ["ok", "ok"]
    assert again["notebooks"][0]["duration"] == record["notebooks"][0]["duration"]
    assert "data:image/jpeg" in Path("out/index.html").read_text(), "the small picture of the page that stayed"


@pytest.mark.slow
def test_a_file_with_other_bytes_is_another_question(folder):
    write_notebook(Path("notebooks"), "03_file", "print(open(PHOTO).read())", knobs='PHOTO: str = ""')
    for text, options in (("one", []), ("two", ["--resume"])):
        Path("me.txt").write_text(text)
        done = CliRunner().invoke(main, ["run", "03", "-p", "PHOTO", "me.txt", "--out", "out", *options])
        assert done.exit_code == 0, done.output
        assert f"{text}\\n" in Path("out/03_file.ipynb").read_text()
    assert json.loads(Path("out/run.json").read_text())["notebooks"][0]["assets"].keys() == {"PHOTO"}


WRITES = """
import os, pathlib, time
folder = pathlib.Path("parts")
folder.mkdir(exist_ok=True)
(folder / str(os.getpid())).touch()
while pathlib.Path("../../../slow").exists():
    time.sleep(0.1)
"""


@pytest.mark.slow
def test_what_an_interrupted_notebook_wrote_does_not_mix_with_what_it_writes_now(folder):
    """The files of both attempts lay side by side."""
    write_notebook(Path("notebooks"), "01_first", "open('mine.txt', 'w').close()")
    write_notebook(Path("notebooks"), "02_second", WRITES)
    files, kept = Path("out/files"), Path("kept")
    (files / "02_second").mkdir(parents=True)
    (files / "02_second" / "before").touch()
    Path("slow").touch()
    with subprocess.Popen(
        [*FEATVIZ, "run", "--out", "out", "--jobs", "1"], start_new_session=True, stderr=subprocess.DEVNULL
    ) as process:
        wait_for(lambda: list(files.glob("02_second/parts/*")), process)
        os.killpg(process.pid, signal.SIGKILL)
    (interrupted,) = files.glob("02_second/parts/*")
    assert (files / "02_second" / "before").exists(), "no run had left that there"
    (files / "99_other").mkdir()
    written = (files / "01_first" / "mine.txt").stat().st_mtime_ns
    Path("slow").unlink()
    wait_for(lambda: not psutil.pid_exists(int(interrupted.name)))  # the kernel is in a process group of its own
    assert CliRunner().invoke(main, ["run", "--out", "out", "--resume"]).exit_code == 0
    (again,) = files.glob("02_second/parts/*")
    assert again != interrupted and [path.name for path in (files / "02_second").iterdir()] == ["parts"]
    assert (files / "01_first" / "mine.txt").stat().st_mtime_ns == written and (files / "99_other").is_dir()

    (files / "02_second").rename(kept)
    (files / "02_second").symlink_to(kept.resolve())
    assert CliRunner().invoke(main, ["run", "2", "--out", "out"]).exit_code == 0
    assert not (files / "02_second").is_symlink() and list(kept.rglob("parts/*")), "a link's target is not ours"


@pytest.mark.slow
def test_what_a_notebook_wrote_before_another_one_ran_does_not_mix_with_what_it_writes_now(folder):
    write_notebook(Path("notebooks"), "01_first", "open(f'{N}.txt', 'w').close()", knobs="N: int = 1")
    for arguments in (["1"], ["2"], ["1", "-p", "N", "2"]):
        done = CliRunner().invoke(main, ["run", *arguments, "--out", "out"])
        assert done.exit_code == 0, done.output
    assert [path.name for path in Path("out/files/01_first").iterdir()] == ["2.txt"]


@pytest.mark.parametrize("before", [None, "01", 5, [5, ["00"], "02"]])
def test_a_list_of_earlier_notebooks_may_be_damaged(out, before):
    record = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps(record | {"earlier": before}))
    assert earlier.names(out) == {"00", "01", *(["02"] if isinstance(before, list) else [])}
