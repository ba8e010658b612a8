"""Octaves: sizes, what is carried from one to the next, and images with octaves of their own."""

import io
import re
from contextlib import redirect_stderr

import featviz_helpers as fv
import numpy as np
import pytest
from support.networks import shapesnet

LAYER = "mixed1"


@pytest.mark.slow
def test_octaves_grow_and_give_back_the_detail():
    photo = fv.photograph("china", 96)
    result = fv.maximize(
        shapesnet(),
        fv.layer(LAYER),
        start=photo,
        steps=2,
        octaves=fv.Octaves(3, 1.4),
        optimizer=fv.GradientAscent(1e-4),
    )
    assert result.history["objective"].shape == (6, 1)
    # Steps this small leave the photograph as it was, if what the small sizes lost has come back.
    assert np.abs(result.images[0] - photo).mean() < 0.01
    lost = fv.maximize(
        shapesnet(),
        fv.layer(LAYER),
        start=photo,
        steps=2,
        octaves=fv.Octaves(3, 1.4, detail=False),
        optimizer=fv.GradientAscent(1e-4),
    )
    assert np.abs(lost.images[0] - photo).mean() > 0.03


def test_sizes_are_a_geometric_ladder_that_ends_at_the_full_size():
    assert fv.Octaves(3, 1.4).sizes(96, 96) == [(49, 49), (69, 69), (96, 96)]
    assert fv.Octaves(1, 1.4).sizes(50, 70) == [(50, 70)]
    assert fv.Octaves([1, 2], [1.4, 2.0]).sizes(40, 60, image=1) == [(20, 30), (40, 60)]


@pytest.mark.slow
@pytest.mark.parametrize("parameterization", [fv.Pixels(), fv.Fourier(), fv.MACO()], ids=lambda p: type(p).__name__)
def test_a_new_octave_starts_from_the_enlarged_one_before(parameterization):
    """With steps too small to see, the last octave still is the first, enlarged."""
    result = fv.maximize(
        shapesnet(), fv.channel(LAYER, 3), size=64, steps=1, octaves=fv.Octaves(2, 1.5), snapshots=[0, 2],
        parameterization=parameterization, optimizer=fv.GradientAscent(1e-6),
    )  # fmt: skip
    assert result.snapshots[0].shape == result.images.shape  # the first octave, brought to the full size
    if isinstance(parameterization, fv.MACO):  # enlarged, the magnitudes are too soft; the phases carry the picture
        pair = np.corrcoef(result.snapshots[0].ravel(), result.images.ravel())
        assert pair[0, 1] > 0.9
    else:
        np.testing.assert_allclose(result.images, result.snapshots[0], atol=0.01)


@pytest.mark.slow
def test_each_image_can_have_octaves_of_its_own():
    scales, counts = [1.0, 1.4, 1.4, 1.2], [2, 2, 2, 3]
    options = {"size": 64, "steps": 3, "seed": [0, 0, 1, 0], "optimizer": fv.GradientAscent(0.02)}
    mixed = fv.maximize(shapesnet(), fv.channel(LAYER, [3, 5, 8, 3]), octaves=fv.Octaves(counts, scales), **options)
    assert mixed.labels == ["mixed1:3", "mixed1:5", "mixed1:8", "mixed1:3"]
    assert mixed.history["objective"].shape == (9, 4)
    np.testing.assert_array_equal(np.isnan(mixed.history["objective"]).sum(axis=0), [3, 3, 3, 0])
    for i, channel in enumerate([3, 5, 8, 3]):
        own = {**options, "seed": options["seed"][i], "octaves": fv.Octaves(counts[i], scales[i])}
        alone = fv.maximize(shapesnet(), fv.channel(LAYER, channel), **own)
        # Not bit for bit: convolutions round differently at another batch size.
        assert np.abs(alone.images[0] - mixed.images[i]).mean() < 0.02
        np.testing.assert_allclose(alone.activations[0], mixed.activations[i], rtol=0.05)


@pytest.mark.slow
def test_the_bar_tells_which_octave_is_running(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "0")
    shown = io.StringIO()
    with redirect_stderr(shown):
        fv.maximize(shapesnet(), fv.channel(LAYER, 3), size=64, steps=2, octaves=fv.Octaves(3, 1.2))
    said = re.findall(r"octave (\d) of 3, (\d+) x", shown.getvalue())
    assert {number for number, _ in said} == {"1", "2", "3"} and ("3", "64") in said


@pytest.mark.slow
def test_octaves_of_large_pictures_run_tile_by_tile():
    result = fv.maximize(
        shapesnet(),
        fv.channel(LAYER, 3),
        size=160,
        steps=2,
        tile=64,
        octaves=fv.Octaves(2, 1.5),
        transforms=[fv.Jitter(8)],
    )
    assert result.images.shape == (1, 160, 160, 3) and result.activations[0] > result.history["objective"][0, 0]


def test_a_snapshot_in_a_later_octave_is_kept():
    made = fv.maximize(
        shapesnet(), fv.channel(LAYER, 3), size=64, steps=6, octaves=fv.Octaves(2, 1.4), snapshots=(3, 8, 12)
    )
    assert sorted(made.snapshots) == [3, 8, 12]
    np.testing.assert_array_equal(made.snapshots[12], made.images)
    assert made.snapshots[8].shape == made.images.shape and np.abs(made.snapshots[8] - made.images).mean() > 0
