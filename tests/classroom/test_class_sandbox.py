"""Hostile notebooks are contained and named, and the machine is as it was."""

import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import featviz_helpers
import psutil
import pytest
from featviz_helpers.classroom import sandbox
from featviz_helpers.classroom.sandbox import _Keeper, run_notebook
from featviz_helpers.classroom.sandbox_commands import Limits, command

LIMITS = Limits(seconds=6, memory=1_000_000_000, processes=30, files=20_000_000, printed=2_000_000)
PACKAGE = Path(featviz_helpers.__file__).parent
bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


def docker_is_ready():
    """Whether there is docker, and an image with what the course needs; the code in it is this checkout's."""
    look = ["docker", "image", "inspect", "featviz-course"]
    return shutil.which("docker") is not None and subprocess.run(look, capture_output=True).returncode == 0


docker = pytest.mark.skipif(not docker_is_ready(), reason="no docker, or no image featviz-course")
each_kind = pytest.mark.parametrize("kind", [pytest.param("bwrap", marks=bwrap), pytest.param("docker", marks=docker)])


def fingerprint():
    files = sorted(PACKAGE.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


@each_kind
@pytest.mark.parametrize(
    ("cells", "contained"),
    [
        pytest.param(["while True: pass"], "stopped after 6 s", marks=pytest.mark.slow),
        (["x = bytearray(10**10)"], "asked for more memory"),
        (["x = []\nwhile True: x.append(b'x' * 10**8)"], "memory"),
        (["while True: print('x' * 100_000)"], "printed 2.00MB"),
        (["with open('big', 'wb') as f:\n    for _ in range(1000): f.write(b'x' * 10**6)"], "wrote more than it may"),
        (["for n in range(1000): open(f'/tmp/{n}', 'wb').write(b'x' * 10**6)"], "wrote more than it may"),
        (["open('/dev/shm/a', 'wb').write(b'x' * 10**8)"], "wrote more than it may"),
        (["open('answers.npz', 'wb').write(b'x' * 10**7)"], "its answers have more than"),
        (["import shutil, featviz_helpers\nshutil.rmtree(featviz_helpers.__path__[0])"], "not its own"),
        (["import urllib.request\nurllib.request.urlopen('http://192.0.2.1', timeout=5)"], "asked for the network"),
        (["import os\nos._exit(0)"], "ended before its last cell"),
        (["import os\nos.system('kill -9 -1')\nos._exit(0)"], "ended before its last cell"),
    ],
)
def test_what_is_hostile_is_contained_and_named(notebook, kind, cells, contained):
    before, mine = fingerprint(), set(psutil.Process().children(recursive=True))
    outcome = run_notebook(notebook(*cells), kind, LIMITS)
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
    outcome = run_notebook(notebook(BOMB), "bwrap", dataclasses.replace(LIMITS, processes=10))
    assert "more than 10 processes" in outcome.contained and outcome.seconds < 20
    assert set(psutil.Process().children(recursive=True)) <= mine


@bwrap
@pytest.mark.slow
def test_a_keeper_that_was_kept_from_looking_still_names_the_processes(notebook, monkeypatch):
    monkeypatch.setattr(sandbox, "POLL", 3.0)
    many = "import os, time\nfor _ in range(15):\n    if not os.fork(): break\ntime.sleep(30)"
    outcome = run_notebook(notebook(many), "bwrap", dataclasses.replace(LIMITS, seconds=2, processes=10))
    assert outcome.contained == "stopped with more than 10 processes"


@bwrap
@pytest.mark.slow
def test_memory_that_processes_share_is_counted_once(notebook):
    children = (
        "import os, time\nshared = bytearray(3 * 10**8)\nmine = [os.fork() for _ in range(3)]",
        "if not all(mine):\n    time.sleep(3)\n    os._exit(0)",
        "for one in mine: os.waitpid(one, 0)\nopen('answers.npz', 'wb').write(b'mine')",
    )
    outcome = run_notebook(notebook("\n".join(children)), "bwrap", LIMITS)
    assert outcome.contained == "" and outcome.answers == b"mine"


@each_kind
def test_a_notebook_that_only_the_teacher_may_read_runs(notebook, kind):
    path = notebook("open('answers.npz', 'wb').write(b'mine')")
    path.chmod(0o600)
    assert run_notebook(path, kind, LIMITS).answers == b"mine"


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


@each_kind
def test_a_link_in_the_place_of_the_answers_leads_nowhere(notebook, kind):
    outcome = run_notebook(notebook("import os\nos.symlink('/etc/shadow', 'answers.npz')"), kind, LIMITS)
    assert outcome.answers == b""


@each_kind
def test_cells_go_on_after_one_that_failed(notebook, kind):
    outcome = run_notebook(notebook("1 / 0", "open('answers.npz', 'wb').write(b'later')"), kind, LIMITS)
    assert outcome.answers == b"later" and outcome.errors == ["cell 1: ZeroDivisionError: division by zero"]


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="util-linux is not installed")
@pytest.mark.slow
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
                   f'"source={PACKAGE}","target=/course/featviz_helpers",readonly', "an-image sh -c",
                   "--pull never", "--log-driver none"):  # fmt: skip
        assert wanted in text


DOCKER = """#!/bin/sh
echo "$*" >> {0}/calls
case $1 in
run) echo $$ > {0}/client; {1} ;;
inspect) echo {2} ;;
rm) while kill -0 $(cat {0}/client); do sleep 0.1; done ;;
esac
"""


@pytest.mark.parametrize(
    ("program", "contained"),
    [("while :; do echo 12345678; done >&2", "printed 1.00kB"), ("echo Killed >&2", "asked for more memory")],
)
def test_dockers_client_ends_before_its_container(notebook, tmp_path, monkeypatch, program, contained):
    """The other way round, docker waited for somebody to read what a hand-in printed, and grading for docker."""
    (tmp_path / "docker").write_text(DOCKER.format(tmp_path, program, "true"))
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    outcome = run_notebook(notebook("1"), "docker", dataclasses.replace(LIMITS, printed=1_000))
    assert contained in outcome.contained
    run, _, removed = (tmp_path / "calls").read_text().splitlines()
    name = run.split("--name ")[1].split()[0]
    assert removed == f"rm --force {name}" and " --rm " not in run


@pytest.mark.parametrize("says", ["sh: 1: python: not found", "No module named 'featviz_helpers'"])
def test_a_fault_of_the_teachers_machine_is_no_zero_for_the_student(notebook, tmp_path, monkeypatch, says):
    """An image without python gave every student 0 points, and the command ended as if all were well."""
    (tmp_path / "docker").write_text(DOCKER.format(tmp_path, f'echo "{says}" >&2', "false"))
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(OSError, match=f"The sandbox did not start: {says}"):
        run_notebook(notebook("1"), "docker", LIMITS)


@bwrap
def test_a_file_that_is_no_notebook_is_the_students_own_fault(tmp_path):
    (tmp_path / "notebook.ipynb").write_text("no JSON")
    assert "ended before its last cell" in run_notebook(tmp_path / "notebook.ipynb", "bwrap", LIMITS).contained


@pytest.mark.parametrize(("kind", "says"), [("jail", "one of"), ("bwrap", "bwrap is not found")])
def test_a_sandbox_that_is_not_there_is_refused(notebook, monkeypatch, kind, says):
    monkeypatch.setattr(shutil, "which", lambda name, **_: None if name == "bwrap" else sys.executable)
    with pytest.raises(ValueError, match=says):
        run_notebook(notebook("1"), kind)
