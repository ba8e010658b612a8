"""The names of runs: what a worker finds changed since they were given."""

import pytest
from featviz_helpers.assets import locate
from featviz_helpers.batch import run_id
from featviz_helpers.common.provenance import of_rooms


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
    paths = [tmp_path / name for name in "abc"] + [images / "0" / "1.png"]
    for path in paths:
        path.write_text("old")
    one, two, three, picture = map(str, paths)
    changes = named(WEIGHTS=one, FILES=[two, three], IMAGES=str(images), STEPS=4, OUT=str(tmp_path / "made later"))
    (tmp_path / "made later").mkdir()
    assert changes() == ""
    for path, text, name in ((one, "new", "WEIGHTS"), (three, "new", "FILES"), (picture, "longer", "IMAGES")):
        with open(path, "w") as file:
            file.write(text)
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
