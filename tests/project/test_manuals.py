"""The Python of the manuals about networks and images of one's own does what they say."""

import re

import featviz_helpers as fv
import matplotlib.pyplot as plt
import pytest

pytestmark = pytest.mark.slow
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_your_own_network(root, capsys):
    (code,) = BLOCK.findall((root / "docs" / "own_network.md").read_text())
    names = {}
    exec(code, names)
    plt.close("all")
    assert names["result"].images.shape == (3, 128, 128, 3)
    assert names["backbone"].maps[-1] in capsys.readouterr().out


def test_your_own_images(root, tmp_path, monkeypatch):
    for place in range(12):
        folder = tmp_path / "photographs_of_mine" / ("towers", "flowers")[place % 2]
        folder.mkdir(parents=True, exist_ok=True)
        crop = fv.photograph(("china", "flower")[place % 2])[8 * place :, 8 * place :]
        fv.save_image(crop, folder / f"{place}.jpg")
    fv.save_image(fv.photograph("china"), tmp_path / "holiday.jpg")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec("\n".join(BLOCK.findall((root / "docs" / "own_images.md").read_text())), names)
    plt.close("all")
    assert names["square"].shape == (224, 224, 3)
    assert fv.load_image("square.png").shape == (224, 224, 3)
    assert set(names["data"].labels) == {"towers", "flowers"}
    assert len(names["found"].top("block5b_add", 3)) == 9
