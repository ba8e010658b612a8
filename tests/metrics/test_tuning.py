"""Tuning curves: means over bins, and bins that do not cut what belongs together."""

import featviz_helpers as fv
import numpy as np
from support.networks import shapesnet


def test_tuning_curves_are_means_of_bins():
    curves = fv.metrics.tuning_curves(shapesnet(), "mixed0", 64, seed=2)
    drawn = fv.shapes.draw(64, 2)
    answers = shapesnet().activations(drawn.images, "mixed0").mean(axis=(1, 2))
    hue = drawn.key["hue_deg"].to_numpy(float)
    curve = curves["hue_deg"]
    for place, centre in enumerate(curve.centres):
        inside = np.abs((hue - centre + 180) % 360 - 180) < 15
        assert curve.counts[place] == inside.sum()
        if inside.sum() >= 4:
            np.testing.assert_allclose(curve.responses[place], answers[inside].mean(axis=0), rtol=1e-5, atol=1e-6)
        else:
            assert np.isnan(curve.responses[place]).all()


def test_a_class_lies_in_one_bin_and_not_in_two_halves():
    curves = fv.metrics.tuning_curves(shapesnet(), "mixed0", 640, seed=2)
    for name, centres in {"hue_deg": (0, 60, 120, 240), "orientation_deg": (0, 45, 90, 135)}.items():
        counts = curves[name].counts
        for centre in centres:
            place = int(np.flatnonzero(curves[name].centres == centre)[0])
            assert counts[place] > max(counts[place - 1], counts[(place + 1) % len(counts)]), (name, centre)
