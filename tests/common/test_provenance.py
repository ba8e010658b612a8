"""What a record says, and which changes of the package make other results of it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from featviz_helpers.common import provenance

CODE = '''"""A module."""
LIMIT = 3  # units


def climb(steps: int = 2) -> float:
    """Climb."""
    return steps * 0.5
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two rooms, in which a change can be made."""
    for path, text in {
        "ascent/climb.py": CODE,
        "cli/main.py": CODE,
        "models/load.py": CODE,
        "models/empty.py": "",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "models" / "weights").mkdir()
    (tmp_path / "models" / "weights" / "net.h5").write_bytes(b"weights")
    (tmp_path / "models" / "weights" / "net.md").write_text("How it was trained.")
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    monkeypatch.setattr(provenance, "ROOMS", ("ascent", "models"))
    return tmp_path


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("ascent/climb.py", "0.5", "0.6"),
        ("ascent/climb.py", "steps: int = 2", "steps: int = 3"),
        ("models/load.py", "LIMIT = 3", "LIMIT = None"),
        ("models/weights/net.h5", "weights", "Weights"),
    ],
)
def test_what_can_change_a_result_is_another_version(package, file, old, new):
    before = provenance.of_rooms()
    text = (package / file).read_text()
    assert old in text
    (package / file).write_text(text.replace(old, new))
    assert provenance.of_rooms() != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("ascent/climb.py", "A module.", "A module, explained."),
        ("ascent/climb.py", '    """Climb."""\n', ""),
        ("ascent/climb.py", "# units", "# in units"),
        ("ascent/climb.py", "steps * 0.5", "(\n        steps * 0.5\n    )"),
        ("models/weights/net.md", "trained", "made"),
        ("cli/main.py", "0.5", "0.6"),
    ],
)
def test_what_changes_no_result_is_the_same_version(package, file, old, new):
    before = provenance.of_rooms()
    text = (package / file).read_text()
    assert old in text
    (package / file).write_text(text.replace(old, new))
    assert provenance.of_rooms() == before


def test_a_file_that_comes_goes_or_moves_is_another_version(package):
    seen = {provenance.of_rooms()}
    (package / "models" / "more.py").write_text("")
    seen.add(provenance.of_rooms())
    (package / "models" / "more.py").rename(package / "models" / "other.py")
    seen.add(provenance.of_rooms())
    assert len(seen) == 3


def test_rooms_are_named_one_by_one_and_exist(package):
    assert provenance.of_rooms("models") != provenance.of_rooms("ascent") != provenance.of_rooms()
    with pytest.raises(ValueError, match="no room 'attic'"):
        provenance.of_rooms("attic")


def test_every_room_counts_or_is_known_to_change_no_number():
    rooms = {path.parent.name for path in provenance.PACKAGE.glob("*/__init__.py")}
    assert rooms == {*provenance.ROOMS, "assets", "batch", "check", "classroom", "cli", "explorer", "plots", "runner"}


def test_the_real_rooms_are_there_and_their_weights_count(tmp_path, monkeypatch):
    before = provenance.of_rooms()
    for room in provenance.ROOMS:
        shutil.copytree(provenance.PACKAGE / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    assert provenance.of_rooms() == before, "where the package lies does not matter"
    weights = next((tmp_path / "models" / "weights").rglob("*.h5"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    assert provenance.of_rooms() != before


def test_the_record_names_commit_versions_and_hardware(tmp_path):
    def git(*arguments):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=tmp_path, check=True)

    assert provenance.commit(tmp_path) is None
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    head = provenance.opening(tmp_path, ["featviz"])
    assert len(head["git"]["commit"]) == 40 and head["git"]["changed_since"] is False
    (tmp_path / "new").touch()
    assert provenance.commit(tmp_path)["changed_since"] is True
    assert head["versions"].keys() >= {"python", "featviz-helpers", "keras", "numpy"}
    assert head["hardware"]["cpu_count"] >= 1 and provenance.versions(["no-such-package"]) == {}


def test_without_a_graphics_card_none_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.gpus() == [] and provenance.commit(Path()) is None
