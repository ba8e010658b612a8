"""One writer for a folder, among all users and machines that share it."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from featviz_helpers.cli.main import main
from featviz_helpers.common.locks import HOLDER, LOCK, exclusive
from featviz_helpers.study import report
from support.notebooks import write_notebook

# Where the tests run as root, the other one is another user in earnest; elsewhere somebody with another home.
OTHER = """
import os, sys
from featviz_helpers.common.locks import exclusive
if os.getuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
with exclusive(sys.argv[1], "visit"):
    print("held", flush=True)
    sys.stdin.read()
"""


def other(folder, tmp_path):
    home = {name: str(tmp_path / "elsewhere") for name in ("HOME", "XDG_CACHE_HOME")}
    return subprocess.Popen(
        [sys.executable, "-c", OTHER, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | home | {"LOGNAME": "ada"},
    )  # fmt: skip


@contextlib.contextmanager
def visited(folder, tmp_path):
    """Let somebody else write to a folder."""
    with other(folder, tmp_path) as process:
        try:
            assert process.stdout.readline() == "held\n", process.stderr.read()
            yield process
        finally:
            process.stdin.close()


@pytest.fixture
def shared():
    """A folder that everybody may write to, in one that everybody may enter."""
    with tempfile.TemporaryDirectory() as outer:
        folder = Path(outer) / "shared"
        folder.mkdir()
        os.chmod(outer, 0o755)
        os.chmod(folder, 0o777)
        yield folder


def test_a_folder_has_one_writer_and_another_folder_its_own(tmp_path):
    with exclusive(tmp_path / "a", "study"), exclusive(tmp_path / "b", "study"):
        for same in (tmp_path / "a", tmp_path / "b" / ".." / "a"):
            with pytest.raises(ValueError, match=r"Another study is writing to '.*a' \(.*Wait"), exclusive(same, "run"):
                raise AssertionError
    with exclusive(tmp_path / "a", "study"):
        pass
    assert [path.name for path in (tmp_path / "a").iterdir()] == [LOCK], "who held it is gone, the empty lock stays"


@pytest.mark.parametrize("command", ["exemplars", "run", "sweep", "study"])
def test_somebody_elses_writer_is_seen_and_named(shared, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    notebook = write_notebook(Path("notebooks"), "01_first", "print(1)", knobs="NUMBER: int = 0")
    Path("plan.yaml").write_text(f"notebook: {notebook}\ngrid: {{NUMBER: [1]}}\noutput: {shared}\n")
    words = {
        "exemplars": ["mixed0", "--model", "shapesnet", "--data", "shapes", "--count", "20", "--k", "1"],
        "run": ["01"],
        "sweep": ["plan.yaml", "--workers", "1"],
    }
    with visited(shared, tmp_path) as process:
        since = json.loads((shared / HOLDER).read_text())["since"]
        if command == "study":
            with pytest.raises(ValueError, match="Another visit is writing") as caught:
                report.write(SimpleNamespace(out=shared))
            said = str(caught.value)
        else:
            refused = CliRunner().invoke(main, [command, *words[command], "--out", str(shared)])
            assert refused.exit_code == 2, refused.output
            said = refused.output.splitlines()[-1]
        names = {path.name for path in shared.iterdir()}
    about = f"(ada on {os.uname().nodename}, process {process.pid}, since {since})"
    assert said.removeprefix("Error: ").startswith(f"Another visit is writing to '{shared}' {about}. Wait for it,")
    assert names == {LOCK, HOLDER}, "nothing of the second one"


def test_the_lock_of_a_shared_folder_can_be_taken_by_its_next_user(shared, tmp_path):
    with exclusive(shared, "scan"):
        process = other(shared, tmp_path)
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 1 and f"Another scan is writing to '{shared}'" in said
    with visited(shared, tmp_path), pytest.raises(ValueError, match="Another visit"), exclusive(shared, "scan"):
        raise AssertionError
    assert (shared / LOCK).stat().st_mode & 0o777 == 0o666
    with exclusive(tmp_path / "own", "scan"):
        assert (tmp_path / "own" / LOCK).stat().st_mode & 0o022 == (tmp_path / "own").stat().st_mode & 0o022


@pytest.mark.parametrize("there", [True, False])
def test_a_link_in_place_of_the_lock_is_left_alone(tmp_path, there):
    victim, folder = tmp_path / "victim", tmp_path / "out"
    folder.mkdir()
    if there:
        victim.write_text("mine")
    for name in (LOCK, HOLDER):
        (folder / name).symlink_to(victim)
    with pytest.raises(OSError, match=r"is a link, and a lock is no link\. Delete it"), exclusive(folder, "scan"):
        raise AssertionError
    (folder / LOCK).unlink()
    with exclusive(folder, "scan"):
        assert not (folder / HOLDER).is_symlink()
    assert (victim.read_text() if there else victim.exists()) == ("mine" if there else False)


def test_a_folder_that_cannot_be_locked_is_told(shared, tmp_path):
    os.chmod(shared, 0o555)
    said = other(shared, tmp_path).communicate(timeout=60)[1].splitlines()[-1]
    assert said.startswith(f"PermissionError: Cannot write to '{shared}': Permission denied. Choose a folder that you")
    folder = tmp_path / "out"
    (folder / LOCK).mkdir(parents=True)
    with pytest.raises(OSError, match=rf"'{folder}/{LOCK}' is there and cannot be opened"), exclusive(folder, "scan"):
        raise AssertionError


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '{"writer": 3}', '{"writer": ["a"]}', "\x00", "PIPE", None])
def test_who_holds_a_lock_may_be_unknown(tmp_path, text):
    with exclusive(tmp_path, "scan"):
        (tmp_path / HOLDER).unlink()
        if text == "PIPE":
            os.mkfifo(tmp_path / HOLDER)
        elif text is not None:
            (tmp_path / HOLDER).write_text(text)
        timer = threading.Timer(20, os._exit, [1])  # a pipe that is read never ends
        timer.start()
        with pytest.raises(ValueError, match=rf"Another run is writing to '{tmp_path}'\. "), exclusive(tmp_path, "run"):
            raise AssertionError
        timer.cancel()


def test_what_the_holder_wrote_is_safe_on_a_terminal(tmp_path):
    with exclusive(tmp_path, "scan"):
        holder = json.loads((tmp_path / HOLDER).read_text())
        (tmp_path / HOLDER).write_text(json.dumps(holder | {"user": "\x1b]0;you\x07\nme"}))
        with pytest.raises(ValueError, match="Another scan") as caught, exclusive(tmp_path, "scan"):
            raise AssertionError
    assert str(caught.value).isprintable()
