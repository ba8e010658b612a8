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
    calm = fv.maximize(
        shapesnet(), fv.channel("mixed0", 3), size=48, steps=24, parameterization=fv.Fourier(), progress=False
    ).images[0]
    assert fv.high_frequency(calm[None])[0] <= 0.5 * fv.high_frequency(rough[None])[0]
    assert check.calm(calm, **asked) is True
    assert check.calm(rough, **asked) is False
    assert "100% of the share" in said(capsys)
    assert check.calm(np.zeros_like(rough), **asked) is False
    assert check.calm(rough[None], **asked) is False
    assert "one picture (H, W, 3)" in said(capsys)
    assert check.calm(None, **asked) is None
