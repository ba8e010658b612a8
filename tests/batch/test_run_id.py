"""The names of runs: what makes two runs the same, and what a worker finds changed since."""

import pytest
from featviz_helpers.assets import locate
from featviz_helpers.batch import run_id
from featviz_helpers.common.provenance import of_rooms
from support.notebooks import write_notebook


@pytest.fixture
def named():
    """A function that says what has changed since a run with these parameters was named."""

    def name(**parameters):
        _, made_from = run_id.of_run("n", of_rooms(), parameters)
        return lambda **environment: run_id.changes(parameters, made_from, environment)

    return name


def test_a_file_a_list_and_a_folder_are_looked_at_again(named, tmp_path):
    images = tmp_path / "images"
    (images / "0").mkdir(parents=True)
    linked = tmp_path / "elsewhere"
    linked.mkdir()
    (images / "1").symlink_to(linked)
    (linked / "back").symlink_to(images)  # round in a circle
    paths = [tmp_path / name for name in "abc"] + [images / "0" / "1.png", linked / "2.png"]
    for path in paths:
        path.write_text("old")
    one, two, three, picture, far = map(str, paths)
    changes = named(WEIGHTS=one, FILES=[two, three], IMAGES=str(images), STEPS=4, OUT=str(tmp_path / "made later"))
    (tmp_path / "made later").mkdir()
    assert changes() == ""
    for path, name in ((one, "WEIGHTS"), (three, "FILES"), (picture, "IMAGES"), (far, "IMAGES")):
        with open(path, "w") as file:
            file.write("new")  # of the same length
        assert f"{name} (" in changes()
        with open(path, "w") as file:
            file.write("old")
        assert changes() == "", "the same bytes again are the same run"
    paths[0].unlink()
    assert changes().startswith(f"WEIGHTS ({one}) changed after the sweep had started")


def test_weights_that_are_found_are_looked_for_where_the_notebook_will_find_them(named, tmp_path, monkeypatch):
    monkeypatch.setattr(locate, "user_folder", lambda: tmp_path / "own")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    file = tmp_path / "assets" / "weights" / locate.INCEPTION_FILES[0]
    file.parent.mkdir(parents=True)
    file.write_text("weights")
    monkeypatch.setenv("FEATVIZ_ASSETS", str(tmp_path / "assets"))
    changes = named(MODEL="inception_v3", WEIGHTS="")
    monkeypatch.delenv("FEATVIZ_ASSETS")  # a worker elsewhere: the notebook is given the folder
    assert changes(FEATVIZ_ASSETS=str(tmp_path / "assets")) == ""
    assert "MODEL (inception_v3) changed" in changes()


def test_other_code_is_said(tmp_path):
    assert "another version of featviz_helpers" in run_id.changes({}, {"code": "0", "assets": {}}, {})


def test_identity_is_code_and_parameters_and_files_and_nothing_else(tmp_path):
    plain = write_notebook(tmp_path, "98_a", "x = 1").read_text()
    prose = plain.replace("What is a?", "What is b?")
    other = plain.replace("x = 1", "x = 2")
    assert run_id.of_notebook(plain) == run_id.of_notebook(prose) != run_id.of_notebook(other)

    weights = tmp_path / "w.h5"
    weights.write_bytes(b"1")
    given = {"MODEL": str(weights), "STEPS": 4}
    name, made_from = run_id.of_run("n", "c", given)
    assert run_id.of_run("n", "c", dict(reversed(given.items())))[0] == name
    assert run_id.of_run("n", "c", given | {"STEPS": 5})[0] != name
    assert run_id.of_run("m", "c", given)[0] != name
    weights.write_bytes(b"2")
    assert run_id.of_run("n", "c", given)[0] != name
    assert set(made_from["assets"]) == {"MODEL"}
    moved = weights.rename(tmp_path / "elsewhere.h5")
    name = run_id.of_run("n", "c", given | {"MODEL": str(moved)})[0]
    moved.rename(weights)
    assert run_id.of_run("n", "c", given)[0] == name, "where a file lies does not matter"


def test_files_in_a_list_are_part_of_what_a_run_is(requests_of, tmp_path):
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    names = []
    for text in ("one", "two"):
        files[1].write_text(text)
        files[0].write_text("always")
        (request,) = requests_of(grid=f"{{FILES: [['{files[0]}', '{files[1]}']]}}", knobs="FILES: list[str] = []")
        names.append(request.run)
    assert names[0] != names[1]
