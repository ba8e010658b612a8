"""The checks of notebook 16 let the right answers pass, and say what is wrong with others."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers import check
from support.networks import shapesnet

NINE = [["cat", "cat", "moon"], ["cat", "moon", "grass"]]


@pytest.fixture(scope="module")
def rough():
    return fv.maximize(shapesnet(), fv.channel("mixed0", 3), size=48, steps=24, progress=False).images[0]


def said(capsys):
    return capsys.readouterr().out


def test_a_channel_of_many_kinds(capsys):
    assert check.many_kinds(1, NINE, 3) is True
    assert "3 kinds: cat, grass, moon" in said(capsys)
    assert check.many_kinds(0, NINE, 3) is False
    assert "2 kinds: cat, moon; wanted: 3 or more" in said(capsys)
    assert check.many_kinds(2, NINE, 3) is False
    assert "the channels are 0 to 1, not 2" in said(capsys)
    assert check.many_kinds(None, NINE, 3) is None
    assert check.many_kinds("twelve", NINE, 3) is False


def test_a_calm_picture_has_little_grain_and_still_drives_the_channel(capsys, rough):
    asked = {"backbone": shapesnet(), "layer": "mixed0", "channel": 3, "than": rough, "keep": 0.3}
    assert check.calm(np.nan * rough, **asked) is False
    assert "in [-1, 1] is wanted" in said(capsys)
    calm = 0.7 * rough
    fine = [fv.spectra.halves(picture[None])[1].var() for picture in (calm, rough)]
    assert fine[0] <= 0.5 * fine[1]
    assert check.calm(calm, **asked) is True
    assert check.calm(rough, **asked) is False
    assert "100% of the fine energy" in said(capsys)
    assert check.calm(np.zeros_like(rough), **asked) is False
    assert check.calm(rough[None], **asked) is False
    assert "one picture (H, W, 3)" in said(capsys)
    assert check.calm(None, **asked) is None


def test_a_coarse_pattern_laid_over_a_rough_picture_makes_it_no_calmer(capsys, rough):
    faint = (0.3 * rough).astype(np.float32)
    waves = 0.6 * np.cos(np.linspace(0, 4 * np.pi, 48, dtype=np.float32))[:, None, None]
    assert fv.high_frequency((faint + waves)[None])[0] <= 0.5 * fv.high_frequency(faint[None])[0]
    assert check.calm(faint + waves, shapesnet(), "mixed0", 3, than=faint, keep=-100) is False
    assert "% of the fine energy" in said(capsys)


def test_a_channel_that_looks_elsewhere(capsys):
    image, disc = fv.photograph("flower", 64), [(0.5, 0.5, 0.3)]
    maps = shapesnet().activations(image[None], "mixed0")[0]
    rows = (np.arange(len(maps)) + 0.5) / len(maps)
    inside = (np.hypot(rows[:, None] - 0.5, rows - 0.5) <= 0.3)[1:-1, 1:-1]
    ring = np.ones(maps.shape[:2], bool)
    ring[1:-1, 1:-1] = False
    out, within = maps[1:-1, 1:-1][~inside].max(axis=0), maps[1:-1, 1:-1][inside].max(axis=0)
    asked = {"backbone": shapesnet(), "layer": "mixed0", "image": image, "discs": disc, "times": 1.5}
    for number in range(maps.shape[-1]):
        right = bool(out[number] > 0 and out[number] >= 1.5 * within[number])
        assert check.looks_elsewhere(number, **asked) is right
    said_right = (out > 0) & (out >= 1.5 * within)
    assert said_right.any()
    only_border = ~said_right & (maps[ring].max(axis=0) >= 1.5 * within)
    assert only_border.any()
    assert "outside and" in said(capsys)
    assert check.looks_elsewhere(maps.shape[-1], **asked) is False
    assert check.looks_elsewhere(None, **asked) is None
