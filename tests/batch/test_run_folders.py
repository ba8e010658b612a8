"""Run folders: whole or not there, on a disk and elsewhere."""

import json
from pathlib import Path

import pytest
from featviz_helpers.batch.run_folders import RunFolders


def test_a_store_without_renames_writes_the_result_last(tmp_path):
    folders = RunFolders(f"memory://{tmp_path.name}")
    written = []
    put = folders.fs.put_file
    folders.fs.put_file = lambda source, target, **rest: (
        written.append(Path(target).name),
        put(source, target, **rest),
    )
    try:
        with folders.scratch_folder() as folder:
            (folder / "images").mkdir()
            (folder / "images" / "a.png").write_bytes(b"1234")
            (folder / "result.json").write_text(json.dumps({"run": "ab", "files": {"images/a.png": 4}}))
            assert folders.publish(folder, "runs/ab/ab")
    finally:
        del folders.fs.put_file
    assert written == ["a.png", "result.json"]
    assert not folder.exists()
    assert folders.result("runs/ab/ab")["run"] == "ab"
    assert folders.results(["runs/ab/ab", "runs/cd/cd"]) == {"runs/ab/ab": folders.result("runs/ab/ab")}
    folders.fs.pipe_file(folders.path("runs/ab/ab/images/a.png"), b"12")
    assert folders.result("runs/ab/ab") is None
    assert folders.results(["runs/ab/ab"]) == {}


def test_a_folder_that_somebody_works_on_is_not_tidied_away(tmp_path):
    folders = RunFolders(tmp_path)
    with folders.scratch_folder() as folder:
        (folder / "half").touch()
        (tmp_path / "unfinished" / "orphan").mkdir()
        folders.remove_unfinished()
        assert [path.name for path in (tmp_path / "unfinished").glob("*/")] == [folder.name]
        assert (folder / "half").exists()


@pytest.mark.parametrize("name", ["a::b", "a b", "#1", "50%20", "x[1]*", "{ä}"])
def test_a_folder_of_any_name_is_the_one_that_is_written_to(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for address in (name, tmp_path / name):
        folders = RunFolders(address)
        folders.write("request.json", "{}")
        assert folders.local == tmp_path / name
    assert [path.name for path in tmp_path.iterdir()] == [name]
