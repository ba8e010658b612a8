"""A release: refused for a reason, else version, changelog, setup cell and tag agree; a dry run leaves no trace."""

import datetime
import os
import re
import shutil
import subprocess
import tomllib

import click
import nbformat
import pytest
from click.testing import CliRunner
from support.notebooks import whole_notebook

import release

DAY = datetime.date(2030, 1, 2)
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A door.\n\n## [0.1.0] - 2029-01-01\n\n- Walls.\n"
README = "# Mine\n\n<!-- notebooks:begin -->\n<!-- notebooks:end -->\n"
PYPROJECT = '[project]\nname = "x"\nversion = "0.1.0"\n[project.urls]\nRepository = "https://github.com/me/mine"\n'


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path, root, monkeypatch):
    """A small course under git, its notebooks stamped; nothing in it can be built."""
    for variable in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.setenv(variable, "A")
    for variable in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(variable, "a@example.org")
    folder = tmp_path / "checkout"
    (folder / "tools").mkdir(parents=True)
    shutil.copy(root / "tools" / "stamp.py", folder / "tools" / "stamp.py")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    (folder / "README.md").write_text(README)
    (folder / "CITATION.cff").write_text("version: 0.1.0\nrepository-code: x\n")
    (folder / ".gitignore").write_text("dist/\n__pycache__/\n")
    whole_notebook(folder / "notebooks", "00_start")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=folder, check=True)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "A course")
    return folder


@pytest.fixture
def without_building(monkeypatch):
    """Building needs a package index, so a file stands for the wheel; returns the wheels that were tried."""
    tried = []

    def build(root, dist):
        dist.mkdir()
        (dist / "x.whl").write_text((root / "pyproject.toml").read_text())
        return dist / "x.whl"

    monkeypatch.setattr(release, "build", build)
    monkeypatch.setattr(release, "try_out", lambda wheel, root, folder: tried.append(wheel.name))
    return tried


def command(checkout, *arguments):
    return CliRunner().invoke(release.main, ["--root", str(checkout), *arguments])


def test_an_author_of_this_checkout_alone_commits_a_release(checkout, without_building, monkeypatch):
    """The clone in which it is made did not know that author, and the commit failed after everything was built."""
    for variable in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        subprocess.run(["git", "config", name, value], cwd=checkout, check=True)
    assert command(checkout, "0.2.0").exit_code == 0
    assert git(checkout, "log", "-1", "--format=%an %ae") == "Ada ada@example.org"


@pytest.mark.parametrize("version", ["0.1.0", "0.0.9", "v0.2.0", "0.2.0.", "next"])
def test_only_a_later_version_is_released(checkout, version):
    with pytest.raises(click.BadParameter, match=r"later than 0\.1\.0"):
        release.check(checkout, version)


def test_only_a_clean_tree_is_released(checkout):
    (checkout / "notes.txt").write_text("x")
    with pytest.raises(click.ClickException, match=r"(?s)not clean.*notes\.txt"):
        release.check(checkout, "0.2.0")


def test_a_version_is_released_once(checkout):
    git(checkout, "tag", "v0.2.0")
    with pytest.raises(click.ClickException, match=r"v0\.2\.0 is there"):
        release.check(checkout, "0.2.0")
    release.check(checkout, "0.2.1")


def test_what_is_unreleased_moves_under_the_version(checkout):
    release.write_version(checkout, "0.2.0", DAY)
    assert (checkout / "CHANGELOG.md").read_text() == CHANGELOG.replace(
        "## [Unreleased]\n", "## [Unreleased]\n\n## [0.2.0] - 2030-01-02\n"
    )
    assert tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["version"] == "0.2.0"
    with pytest.raises(click.ClickException, match="nothing under"):
        release.write_version(checkout, "0.3.0", DAY)


@pytest.mark.slow
def test_a_dry_run_leaves_no_trace(checkout, without_building):
    before = git(checkout, "rev-parse", "HEAD")
    done = command(checkout, "0.2.0", "--dry-run")
    assert done.exit_code == 0, done.output
    assert without_building == ["x.whl"]
    assert (git(checkout, "rev-parse", "HEAD"), git(checkout, "status", "--porcelain")) == (before, "")
    assert git(checkout, "tag") == ""
    assert not (checkout / "dist").exists()


@pytest.mark.slow
def test_a_release_is_one_commit_with_an_annotated_tag(checkout, without_building):
    before = git(checkout, "rev-parse", "HEAD")
    done = command(checkout, "0.2.0")
    assert done.exit_code == 0, done.output
    assert git(checkout, "rev-parse", "HEAD~1") == before
    assert git(checkout, "cat-file", "-t", "v0.2.0") == "tag"
    assert git(checkout, "rev-parse", "v0.2.0^{commit}") == git(checkout, "rev-parse", "HEAD")
    assert git(checkout, "status", "--porcelain") == ""
    assert 'version = "0.2.0"' in (checkout / "dist" / "x.whl").read_text()
    assert (checkout / "CITATION.cff").read_text().startswith("version: 0.2.0\n")
    setup = nbformat.read(checkout / "notebooks" / "00_start.ipynb", as_version=4).cells[2].source
    assert "/me/mine/releases/download/v0.2.0/featviz_helpers-0.2.0-py3-none-any.whl" in setup


@pytest.mark.slow
def test_a_release_that_fails_leaves_no_trace(checkout, without_building, monkeypatch):
    def fail(wheel, root, folder):
        raise click.ClickException("notebook 00 failed")

    monkeypatch.setattr(release, "try_out", fail)
    done = command(checkout, "0.2.0")
    assert done.exit_code == 1
    assert "notebook 00 failed" in done.output
    assert (git(checkout, "status", "--porcelain"), git(checkout, "tag")) == ("", "")
    assert 'version = "0.1.0"' in (checkout / "pyproject.toml").read_text()


def test_the_setup_cells_install_this_version(root):
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        sources = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        files = re.findall(r"%pip install .*/v(\S+)/featviz_helpers-(\S+)-py3-none-any.whl$", "\n".join(sources), re.M)
        assert files == [(version, version)], path.name
