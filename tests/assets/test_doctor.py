"""`featviz doctor`: the verdict, faults apart from what is only absent, and a card that TensorFlow does not use."""

import errno
import re
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from featviz_helpers.assets import doctor, locate, trials
from featviz_helpers.assets.trials import Trial
from featviz_helpers.cli.main import main
from featviz_helpers.common import cards, memory

CARD = "NVIDIA H200"


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine that has only what was installed; `tried` is what its trials give."""
    tried = SimpleNamespace(results=[Trial("TensorFlow", "2.20.0 computes on the processor (4 s)")], gpu=False)
    monkeypatch.setattr(trials, "try_all", lambda results: (tried.results, tried.gpu))
    for name in ("FEATVIZ_ASSETS", "FEATVIZ_MIRROR", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(locate, "user_folder", lambda: tmp_path / "own")
    monkeypatch.setattr(cards, "gpus", list)
    return tried


def examined(status=0):
    done = CliRunner().invoke(main, ["doctor"])
    assert done.exit_code == status, done.output + repr(done.exception)
    return done.output


def test_the_first_line_is_the_verdict(bare, tmp_path):
    first, *_ = examined().splitlines()
    assert first.startswith("Ready: every notebook runs here, on lite0.")
    assert first.endswith("featviz fetch inception_v3, then -p MODEL inception_v3")
    bare.gpu = True
    assert examined().startswith("Ready: every notebook runs here, on InceptionV3, fetched at its first use.\n")
    place = tmp_path / "own" / "weights" / locate.INCEPTION_FILES[0]
    place.parent.mkdir(parents=True)
    place.touch()
    assert "Not ready: 1 thing is wrong" in examined(status=1), "a file of no bytes is damaged"


def test_faults_are_told_apart_from_what_is_absent(bare, monkeypatch):
    monkeypatch.setattr(doctor, "versions", lambda names: {"featviz-helpers": "0.1.0", "numpy": "2", "keras": "3"})
    bare.results.append(Trial("port", "none is free", False))
    said = examined(status=1)
    assert said.startswith("Not ready: 2 things are wrong, see below")
    wrong, absent = (said.split(head)[1].split("\n\n")[0] for head in ("Wrong:\n", "no notebook needs it:\n"))
    assert re.findall(r"^(\S+) ", wrong, re.M) == ["papermill", "port"]
    assert absent.startswith("torch, torchvision, lpips ") and "make lpips" in absent
    assert "TensorFlow       2.20.0 computes" in said.split("Tried:\n")[1]


@pytest.mark.parametrize("installed", [True, False])
def test_a_card_that_tensorflow_does_not_see_is_said(bare, monkeypatch, installed):
    def version(name):
        if not installed:
            raise cards.PackageNotFoundError
        return "9.10"

    monkeypatch.setattr(cards, "gpus", lambda: [CARD])
    monkeypatch.setattr(cards, "version", version)
    second = examined().splitlines()[1]
    assert second.startswith(f"There is a card ({CARD}), but TensorFlow does not see it")
    assert second.endswith("look after the driver: nvidia-smi." if installed else "pip install 'featviz-helpers[gpu]'.")
    bare.gpu = True
    assert "There is a card" not in examined()


@pytest.mark.parametrize("visible", ["", "-1"])
def test_a_card_that_is_hidden_on_purpose_is_not_missed(monkeypatch, visible):
    monkeypatch.setattr(cards, "gpus", lambda: [CARD])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert cards.unused_card(seen=False) == ""


def test_a_tensorflow_that_cannot_be_imported_is_a_fault(monkeypatch):
    monkeypatch.setattr(trials, "TENSORFLOW", "raise ImportError('libfoo.so: cannot open')")
    trial, gpu = trials.tensorflow()
    assert not trial.ok and not gpu
    assert trial.found.startswith("ImportError: libfoo.so: cannot open; install it again")
    monkeypatch.setattr(trials, "TENSORFLOW", "import os; os.kill(os.getpid(), 4)")
    assert "ends with SIGILL: this processor lacks" in trials.tensorflow()[0].found


def test_a_folder_a_port_and_memory_are_tried(monkeypatch, tmp_path):
    assert trials.writable(tmp_path / "build" / "course").ok
    assert not (tmp_path / "build").exists(), "a report changes nothing"

    def refuse(**options):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(trials.tempfile, "TemporaryFile", refuse)
    assert trials.writable(tmp_path).found == f"cannot write to {tmp_path}: Read-only file system; " + (
        "work in a folder of your own"
    )
    assert trials.port().ok
    monkeypatch.setattr(socket.socket, "bind", lambda self, address: refuse())
    assert not trials.port().ok
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=10**9))
    assert not trials.memory().ok


@pytest.mark.slow
def test_the_trials_pass_on_this_machine(tmp_path):
    code = (
        "from pathlib import Path; from featviz_helpers.assets import trials\n"
        "results, gpu = trials.try_all(Path('out'))\nprint([(trial.name, trial.ok) for trial in results])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    names = ("TensorFlow", "kernel", "writing", "free memory", "port")
    assert done.stdout.strip() == str([(name, True) for name in names]), done.stderr
    assert done.stderr == ""
