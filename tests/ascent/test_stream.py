"""An ascent in slices is the ascent in one go, and its settings can change on the way."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.ascent.step import trace_counts
from featviz_helpers.ascent.stream import Stream
from support.networks import shapesnet

SETTINGS = {
    "penalties": [fv.L2(1e-3), fv.TotalVariation(1e-4)],
    "transforms": [fv.Jitter(2), fv.standard()],
    "optimizer": fv.Adam(0.02),
}


def stream(**changed):
    options = {"size": 64, "seed": 3, "parameterization": fv.Fourier()} | changed
    return Stream(shapesnet(), fv.channel("mixed1", 5), **options)


def test_slices_add_up_to_the_same_picture():
    taken = stream()
    for steps in (1, 3, 8):
        taken.take(steps, **SETTINGS)
    whole = fv.maximize(
        shapesnet(), fv.channel("mixed1", 5), **SETTINGS, steps=12, size=64, seed=3,
        parameterization=fv.Fourier(), progress=False,
    )  # fmt: skip
    np.testing.assert_array_equal(taken.image, whole.images[0])
    assert taken.activation == pytest.approx(float(whole.activations[0]))
    assert taken.done == 12


def test_other_numbers_change_the_picture_and_trace_nothing():
    calm, plain = stream(), stream()
    for one in (calm, plain):
        one.take(6, **SETTINGS)
    before = trace_counts(shapesnet())
    calm.take(20, **SETTINGS | {"penalties": [fv.L2(0.0), fv.TotalVariation(0.1)]})
    plain.take(20, **SETTINGS | {"penalties": [fv.L2(0.0), fv.TotalVariation(0.0)]})
    assert trace_counts(shapesnet()) == before
    rough, smooth = (np.abs(np.diff(one.image, axis=0)).mean() for one in (plain, calm))
    assert smooth < 0.8 * rough


def test_what_cannot_be_climbed_is_said_and_leaves_the_picture():
    taken = stream()
    first = taken.take(2)
    with pytest.raises(ValueError, match="steps must be a whole number from 1 to 64"):
        taken.take(65)
    with pytest.raises(ValueError, match="one image, and this asks for 2"):
        taken.take(2, penalties=[fv.L2([0.1, 0.2])])
    with pytest.raises(ValueError, match="began with, Adam; got GradientAscent"):
        taken.take(2, optimizer=fv.GradientAscent())
    assert taken.image is first
    assert taken.done == 2
    with pytest.raises(fv.common.errors.DeadStart):
        Stream(shapesnet(), fv.channel("mixed1", 5) * 0.0, size=64).take(8)
