"""Hostile notebooks are contained and named, and the machine is as it was."""

import dataclasses
import hashlib
import os
import shutil
import sys
from pathlib import Path

import featviz_helpers
import psutil
import pytest
from featviz_helpers.classroom.sandbox import _Keeper, run_notebook
from featviz_helpers.classroom.sandbox_commands import Limits, command

LIMITS = Limits(seconds=6, memory=1_000_000_000, processes=30, files=20_000_000, printed=2_000_000)
PACKAGE = Path(featviz_helpers.__file__).parent
bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


def fingerprint():
    files = sorted(PACKAGE.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


@bwrap
@pytest.mark.parametrize(
    ("cells", "contained"),
    [
        (["while True: pass"], "stopped after 6 s"),
        (["x = bytearray(10**10)"], "asked for more memory"),
        (["x = []\nwhile True: x.append(b'x' * 10**8)"], "of memory, at most 1.00GB"),
        (["while True: print('x' * 100_000)"], "printed 2.00MB"),
        (["with open('big', 'wb') as f:\n    for _ in range(1000): f.write(b'x' * 10**6)"], "wrote more than it may"),
        (["for n in range(1000): open(f'/tmp/{n}', 'wb').write(b'x' * 10**6)"], "wrote more than it may"),
        (["open('/dev/shm/a', 'wb').write(b'x' * 10**8)"], "wrote more than it may"),
        (["open('answers.npz', 'wb').write(b'x' * 10**7)"], "its answers have more than"),
        (["import shutil, featviz_helpers\nshutil.rmtree(featviz_helpers.__path__[0])"], "not its own"),
        (["import urllib.request\nurllib.request.urlopen('http://192.0.2.1', timeout=5)"], "asked for the network"),
        (["import os\nos._exit(0)"], "ended before its last cell"),
        (["import os\nos.kill(-1, 9)\nos._exit(0)"], "ended before its last cell"),
    ],
)
def test_what_is_hostile_is_contained_and_named(notebook, cells, contained):
    before, mine = fingerprint(), set(psutil.Process().children(recursive=True))
    outcome = run_notebook(notebook(*cells), "bwrap", LIMITS)
    assert contained in outcome.contained, outcome
    assert outcome.seconds < 20 and outcome.answers == b""
    assert fingerprint() == before
    assert set(psutil.Process().children(recursive=True)) <= mine


FORKS = """
import os, time
for n in range(400):
    try:
        if not os.fork():
            time.sleep(3)
            os._exit(0)
    except OSError:
        break
open("answers.npz", "w").write(str(n))
"""
BOMB = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"


@bwrap
def test_a_fork_bomb_is_held_by_the_system_and_ended_by_the_keeper(notebook):
    # First whether the system holds it where root grades: nothing else would, and it would take the machine. Of anybody
    # else the system counts also what runs outside, which may be more than so few.
    if os.geteuid() == 0:
        with pytest.MonkeyPatch.context() as blind:
            blind.setattr(_Keeper, "_excess", lambda *_: "")
            outcome = run_notebook(notebook(FORKS), "bwrap", dataclasses.replace(LIMITS, seconds=20, processes=2))
        assert 0 < int(outcome.answers) <= 100
    mine = set(psutil.Process().children(recursive=True))
    outcome = run_notebook(notebook(BOMB), "bwrap", LIMITS)
    assert "more than 30 processes" in outcome.contained and outcome.seconds < 20
    assert set(psutil.Process().children(recursive=True)) <= mine


@bwrap
def test_a_notebook_that_only_the_teacher_may_read_runs(notebook):
    path = notebook("open('answers.npz', 'wb').write(b'mine')")
    path.chmod(0o600)
    assert run_notebook(path, "bwrap", LIMITS).answers == b"mine"


@bwrap
def test_nothing_of_the_teachers_is_there(notebook, tmp_path):
    (tmp_path / "gradebook.csv").write_text("secret")
    looking = (
        f"import os, sys\nfound = [p for p in ({str(tmp_path / 'gradebook.csv')!r}, '/etc/passwd', {str(Path.home())!r}"
        " + '/.ssh') if os.path.exists(p)]\nassert found == [], found",
        "assert os.listdir('/given') == ['notebook.ipynb'] and not os.access('/given/notebook.ipynb', os.W_OK)",
        "import os\nassert not {'SECRET_OF_TEACHER'} & set(os.environ)\nopen('answers.npz', 'wb').write(b'mine')",
    )
    outcome = run_notebook(notebook(*looking), "bwrap", LIMITS)
    assert outcome.errors == [] and outcome.contained == "" and outcome.answers == b"mine"


@bwrap
def test_a_link_in_the_place_of_the_answers_leads_nowhere(notebook):
    outcome = run_notebook(notebook("import os\nos.symlink('/etc/shadow', 'answers.npz')"), "bwrap", LIMITS)
    assert outcome.answers == b""


@bwrap
def test_cells_go_on_after_one_that_failed(notebook):
    outcome = run_notebook(notebook("1 / 0", "open('answers.npz', 'wb').write(b'later')"), "bwrap", LIMITS)
    assert outcome.answers == b"later" and outcome.errors == ["cell 1: ZeroDivisionError: division by zero"]


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="util-linux is not installed")
def test_without_a_sandbox_there_are_limits_still(notebook, monkeypatch):
    monkeypatch.setenv("SECRET_OF_TEACHER", "1")
    cells = ["import os\nassert 'SECRET_OF_TEACHER' not in os.environ", "while True: pass"]
    outcome = run_notebook(notebook(*cells), "none", Limits(seconds=4))
    assert outcome.contained == "stopped after 4 s" and outcome.errors == []


def test_docker_is_given_the_same_limits(notebook, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/usr/bin/docker")
    words = command("docker", notebook("1"), LIMITS, "an-image", "a-name")
    text = " ".join(words)
    for wanted in ("--network none", "--read-only", "--cap-drop ALL", "--memory 1000000000", "--pids-limit 1500",
                   f"{PACKAGE}:/course/featviz_helpers:ro", "an-image sh -c"):  # fmt: skip
        assert wanted in text


@pytest.mark.parametrize(("kind", "says"), [("jail", "one of"), ("bwrap", "bwrap is not found")])
def test_a_sandbox_that_is_not_there_is_refused(notebook, monkeypatch, kind, says):
    monkeypatch.setattr(shutil, "which", lambda name, **_: None if name == "bwrap" else sys.executable)
    with pytest.raises(ValueError, match=says):
        run_notebook(notebook("1"), kind)
