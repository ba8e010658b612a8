"""`make notebooks`: stores what came out, and never a failure or a giant."""

import nbformat
import pytest
from click.testing import CliRunner
from support.notebooks import write_notebook

from make_notebooks import main, remake


@pytest.mark.slow
def test_stores_outputs_in_place_and_again_the_same(tmp_path):
    path = write_notebook(tmp_path, "00_good", "print(STEPS)")
    assert remake(path).startswith("00_good.ipynb: ")
    first = path.read_bytes()
    assert nbformat.read(path, as_version=4).cells[-1].outputs[0].text == "64\n"
    remake(path)
    assert path.read_bytes() == first


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("raise KeyError('lost')", "KeyError"),
        ("import os\nos._exit(1)", "kernel died"),
        ("print(('x' * 999 + '\\n') * 3000)", "3.0 MB"),
    ],
)
def test_leaves_the_file_alone_when_it_cannot_be_stored(tmp_path, source, says):
    path = write_notebook(tmp_path, "00_bad", source)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="not stored") as caught:
        remake(path)
    assert says in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.slow
def test_one_failure_stops_no_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_notebook(tmp_path / "notebooks", "00_bad", "1 / 0")
    good = write_notebook(tmp_path / "notebooks", "01_good", "print(1)")
    result = CliRunner().invoke(main)
    assert result.exit_code == 1
    assert "00_bad.ipynb: not stored" in result.output
    assert nbformat.read(good, as_version=4).cells[-1].outputs
    assert CliRunner().invoke(main, ["9"]).exit_code == 2


@pytest.mark.slow
def test_of_a_widget_its_picture_is_stored(tmp_path):
    source = (
        "import ipywidgets\nfrom IPython.display import display\nwidget = ipywidgets.IntSlider()\n"
        "view = {'version_major': 2, 'version_minor': 0, 'model_id': widget.model_id}\n"
        "display({'application/vnd.jupyter.widget-view+json': view, 'text/plain': 'a slider'}, raw=True)"
    )
    path = write_notebook(tmp_path, "00_widget", source)
    remake(path)
    first = path.read_bytes()
    book = nbformat.read(path, as_version=4)
    assert book.cells[-1].outputs[0].data == {"text/plain": "a slider"}
    assert "widgets" not in book.metadata
    remake(path)
    assert path.read_bytes() == first
